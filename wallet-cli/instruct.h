// From a command line to a signed instruction and its outcome: what all instructing commands share.
#ifndef CAUSEWAY_WALLET_CLI_INSTRUCT_H_
#define CAUSEWAY_WALLET_CLI_INSTRUCT_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/command.h"
#include "wallet-cli/context.h"

namespace CLI {
class App;
}  // namespace CLI

namespace causeway::wallet {

inline constexpr int kValidMinutesMax = 7 * 24 * 60;

struct InstructionFlags {
  std::string id;  // empty: a new one
  int valid_minutes = 60;
  std::string out_file;  // empty: submit; else write the envelope there and send nothing
};
void AddInstructionFlags(CLI::App& command, InstructionFlags& flags);

// The action that the flags ask for, once the ledger (its currency, its business date) is known.
using MakeAction = std::function<absl::StatusOr<core::Action>(const Ledger&)>;

// Connects, makes the instruction for --participant, signs it with every --key, and submits it or
// writes it to a file. A new id begins with `id_prefix`; of an issue, or an approval of one, it is
// made of the RTGS transfer, and FailedPrecondition when that was used before. A rejection is an
// error.
absl::StatusOr<Json> Instruct(Context& context, const InstructionFlags& flags,
                              std::string_view id_prefix, const MakeAction& make);

// Submits until the outcome is known; `command` is what the envelope says.
absl::StatusOr<Json> SubmitEnvelope(const Context& context, const Ledger& ledger,
                                    const core::Envelope& envelope, const core::Command& command);

// "150.00 HKD" in one word or two, or "150.00" alone. InvalidArgument names `flag`.
absl::StatusOr<core::Money> ParseMoney(std::string_view flag, const std::vector<std::string>& words,
                                       core::Currency currency);
// InvalidArgument names `flag`.
absl::StatusOr<core::AccountAddress> ParseAddress(std::string_view flag, std::string_view text);

// Flags that name an earlier instruction.
struct ReferenceFlags {
  std::string id;
  std::string party;  // empty: --participant
  std::string kind;
};
absl::StatusOr<core::InstructionKey> ParseReference(const Context& context,
                                                    const ReferenceFlags& flags);

}  // namespace causeway::wallet

#endif  // CAUSEWAY_WALLET_CLI_INSTRUCT_H_
