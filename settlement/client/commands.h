// Making and signing instructions.
//
//   core::Command command = MakeCommand(AddressOf(info.genesis), "BANKA"_party, id, valid_until,
//                                       core::Pay{.uetr = *NewUetr(), .debtor = mine, ...});
//   absl::StatusOr<core::Envelope> envelope = SignCommand(command, *signer);
//
// Any thread.
#ifndef CAUSEWAY_SETTLEMENT_CLIENT_COMMANDS_H_
#define CAUSEWAY_SETTLEMENT_CLIENT_COMMANDS_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "settlement/core/command.h"
#include "settlement/core/envelope.h"
#include "settlement/core/ids.h"
#include "settlement/core/suite.h"
#include "settlement/core/time.h"

namespace causeway::client {

// What every instruction names, so that it is void anywhere else.
struct LedgerAddress {
  core::LedgerOrigin ledger;
  core::Hash256 genesis_hash;
};
LedgerAddress AddressOf(const core::Genesis& genesis);

// `id` is empty for a PayBatch, whose payments have their own.
core::Command MakeCommand(const LedgerAddress& ledger, const core::ParticipantId& party,
                          const core::InstructionId& id, core::LedgerTime valid_until,
                          core::Action action);

// Encodes and signs. InvalidArgument (or ResourceExhausted for too large a batch) when the ledger
// would refuse the payload as malformed, naming the field; else as core::SignEnvelope.
absl::StatusOr<core::Envelope> SignCommand(const core::Command& command,
                                           std::span<const core::Signer* const> signers);
absl::StatusOr<core::Envelope> SignCommand(const core::Command& command,
                                           const core::Signer& signer);

// Signs terms exactly as they came. Check them first: quote_check.h.
absl::StatusOr<core::Envelope> SignTerms(std::string_view terms,
                                         std::span<const core::Signer* const> signers);

// `size` bytes from the system's random generator; Unavailable when it has none to give.
absl::StatusOr<std::string> RandomBytes(std::size_t size);
// A random version 4 UETR.
absl::StatusOr<core::Uetr> NewUetr();
// "<prefix>-<20 random capital letters and digits>": unique without memory. `prefix` has 1 to 14
// characters that an instruction id may begin with.
absl::StatusOr<core::InstructionId> NewInstructionId(std::string_view prefix);

}  // namespace causeway::client

#endif  // CAUSEWAY_SETTLEMENT_CLIENT_COMMANDS_H_
