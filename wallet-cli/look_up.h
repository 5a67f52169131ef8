// What a ledger knows of an instruction: how it stands and, where the ledger shows it, what it
// says.
#ifndef CAUSEWAY_WALLET_CLI_LOOK_UP_H_
#define CAUSEWAY_WALLET_CLI_LOOK_UP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/client/views.h"
#include "settlement/core/command.h"
#include "settlement/core/entry.h"
#include "wallet-cli/context.h"
#include "wallet-cli/instruct.h"
#include "wallet-cli/render.h"

namespace causeway::wallet {

struct KnownInstruction {
  client::InstructionView view;
  std::optional<core::Command> command;  // that instructed it, if the ledger shows it
  std::vector<core::Posting> postings;   // of the entry that made its status
};
// What it says, or why the ledger does not tell. The receipt that shows it is verified.
absl::StatusOr<KnownInstruction> LookUp(const Ledger& ledger, const core::InstructionKey& key);

// Its accounts, amount and references; null where the ledger shows neither command nor postings.
Json ContentJson(const KnownInstruction& known);
// The same of the entry at a leaf, which is the instruction's.
absl::StatusOr<Json> ContentAt(const Ledger& ledger, std::uint64_t entry_index,
                               const core::InstructionKey& key);
// InstructionJson with that as `instructs`.
Json KnownJson(const KnownInstruction& known, core::Currency currency);

// The instructions with the id and party of `flags`: those of all kinds unless `flags` has one.
// There is one or more; else an error.
absl::StatusOr<std::vector<core::InstructionKey>> FindKeys(const Context& context,
                                                           const Ledger& ledger,
                                                           const ReferenceFlags& flags);

// What an approval, a refusal or a cancellation names.
std::optional<core::InstructionKey> NamedBy(const core::Command& command);
// Whether whoever signs it must see what it names: an approval or a refusal.
bool MustBeSeen(const core::Command& command);
// What is named, as the ledger knows it, for somebody who is to sign. FailedPrecondition when it
// does not await approval, or names another RTGS transfer than the approval does.
absl::StatusOr<Json> CheckNamed(const Ledger& ledger, const core::Command& command);

// "pay INV-1 of BANKA settled on 2022-08-15: 150.00 HKD from HKD21BANKA to HKD37BANKB".
std::string Told(const KnownInstruction& known);

// The error for an id that was used before with other bytes: what became of the first, and whether
// it was the same, so that nobody pays twice by trying again under a new id.
absl::Status ReusedId(const Ledger& ledger, const core::InstructionKey& key,
                      const core::Command& command, const absl::Status& refused);

}  // namespace causeway::wallet

#endif  // CAUSEWAY_WALLET_CLI_LOOK_UP_H_
