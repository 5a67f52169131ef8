// Names of kinds as a command line has them, and back.
#ifndef CAUSEWAY_WALLET_CLI_NAMES_H_
#define CAUSEWAY_WALLET_CLI_NAMES_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "settlement/core/command.h"

namespace causeway::wallet {

std::string_view PurposeName(core::AccountPurpose purpose);
// The reverse of core::ActionKindName, core::RoleName, PurposeName ...; InvalidArgument lists what
// there is.
absl::StatusOr<core::ActionKind> ParseActionKind(std::string_view name);
// The help of a --kind that may be left out.
std::string KindHelp();
absl::StatusOr<core::Role> ParseRole(std::string_view name);
absl::StatusOr<core::AccountPurpose> ParsePurpose(std::string_view name);
// normal, high or urgent.
absl::StatusOr<core::PaymentPriority> ParsePriority(std::string_view name);

}  // namespace causeway::wallet

#endif  // CAUSEWAY_WALLET_CLI_NAMES_H_
