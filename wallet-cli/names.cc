#include "wallet-cli/names.h"

#include <fmt/format.h>

#include <array>
#include <string>

#include "settlement/core/quote.h"

namespace causeway::wallet {
namespace {

constexpr std::array<std::string_view, 7> kPurposeNames = {
    "none", "settlement", "wallet", "issuer-liability", "rtgs-backing", "credit", "fees"};

// The value whose name is `name`, among those from `first` to `last`.
template <typename Enum, typename NameOf>
absl::StatusOr<Enum> ParseName(std::string_view what, std::string_view name, Enum last,
                               NameOf name_of, int first = 1) {
  std::string known;
  for (int number = first; number <= static_cast<int>(last); ++number) {
    const auto value = static_cast<Enum>(number);
    if (name_of(value) == name) return value;
    known += (known.empty() ? "" : ", ") + std::string(name_of(value));
  }
  return absl::InvalidArgumentError(
      fmt::format("{} {}: must be one of {}", what, core::Quoted(name), known));
}

}  // namespace

std::string_view PurposeName(core::AccountPurpose purpose) {
  const auto number = static_cast<std::size_t>(purpose);
  return number < kPurposeNames.size() ? kPurposeNames[number] : "unknown";
}

absl::StatusOr<core::ActionKind> ParseActionKind(std::string_view name) {
  return ParseName("kind of instruction", name, core::kActionKindLast, core::ActionKindName);
}

std::string KindHelp() {
  std::string known;
  for (int number = 1; number <= static_cast<int>(core::kActionKindLast); ++number) {
    known += (known.empty() ? "" : ", ") +
             std::string(core::ActionKindName(static_cast<core::ActionKind>(number)));
  }
  return "Kind of instruction, all if left out: " + known;
}

absl::StatusOr<core::Role> ParseRole(std::string_view name) {
  return ParseName("role", name, core::Role::kObserver, core::RoleName);
}

absl::StatusOr<core::AccountPurpose> ParsePurpose(std::string_view name) {
  return ParseName("purpose of the account", name, core::AccountPurpose::kFees, PurposeName);
}

absl::StatusOr<core::PaymentPriority> ParsePriority(std::string_view name) {
  return ParseName("priority", name, core::PaymentPriority::kUrgent, core::PaymentPriorityName, 0);
}

}  // namespace causeway::wallet
