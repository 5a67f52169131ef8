// The accounts of a load: numbers for bulks, addresses for single payments. Kept in a text file,
// because asking a ledger for a million of them takes longer than reading one.
#ifndef CAUSEWAY_SCENARIOS_LOAD_ACCOUNTS_H_
#define CAUSEWAY_SCENARIOS_LOAD_ACCOUNTS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/bulk.h"
#include "settlement/core/ids.h"

namespace causeway::load {

struct LoadAccount {
  core::AccountAddress address;
  core::AccountRef ref;

  friend bool operator==(const LoadAccount&, const LoadAccount&) = default;
};

// "<number> <address>" a line; empty lines and those that begin with '#' are skipped. The check of
// an account follows from its address. InvalidArgument names the line.
absl::StatusOr<std::vector<LoadAccount>> ParseAccounts(std::string_view text);
std::string FormatAccounts(const std::vector<LoadAccount>& accounts);

}  // namespace causeway::load

#endif  // CAUSEWAY_SCENARIOS_LOAD_ACCOUNTS_H_
