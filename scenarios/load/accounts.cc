#include "scenarios/load/accounts.h"

#include <algorithm>
#include <charconv>

#include "fmt/format.h"

namespace causeway::load {

absl::StatusOr<std::vector<LoadAccount>> ParseAccounts(std::string_view text) {
  std::vector<LoadAccount> accounts;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view content = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (content.ends_with('\r')) content.remove_suffix(1);
    if (content.empty() || content.front() == '#') continue;
    const std::size_t space = std::min(content.find(' '), content.size());
    LoadAccount account;
    const auto [rest, error] =
        std::from_chars(content.data(), content.data() + space, account.ref.number);
    if (error != std::errc() || rest != content.data() + space || space == content.size()) {
      return absl::InvalidArgumentError(
          fmt::format("line {}: \"{}\" is no account; must be its number, a space and its address",
                      line, content));
    }
    const auto address = core::AccountAddress::Parse(content.substr(space + 1));
    if (!address.ok()) {
      return absl::InvalidArgumentError(
          fmt::format("line {}: {}", line, std::string(address.status().message())));
    }
    account.address = *address;
    account.ref.check = core::AccountCheckOf(*address);
    accounts.push_back(account);
  }
  return accounts;
}

std::string FormatAccounts(const std::vector<LoadAccount>& accounts) {
  std::string text = "# number and address of each account\n";
  text.reserve(text.size() + accounts.size() * 24);
  for (const LoadAccount& account : accounts) {
    text += fmt::format("{} {}\n", account.ref.number, account.address.text());
  }
  return text;
}

}  // namespace causeway::load
