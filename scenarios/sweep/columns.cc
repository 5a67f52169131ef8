#include "scenarios/sweep/columns.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>

namespace causeway::sim {
namespace {

constexpr std::array<std::string_view, 9> kShares = {
    "delay",       "share_settled", "offset_share",     "pvp_share",       "settlement_share",
    "within_hour", "herfindahl",    "expectations_met", "share_of_optimum"};
constexpr std::array<std::string_view, 14> kAmounts = {
    "value_submitted",   "value_settled",    "value_unsettled", "value_settled_together",
    "liquidity",         "liquidity_value",  "liquidity_used",  "lower_bound",
    "upper_bound",       "queue_peak_value", "credit_charge",   "needed_one_by_one",
    "needed_as_settled", "needed_together"};

std::string_view WithoutCurrency(std::string_view name) {
  const std::string_view currency = CurrencyOfColumn(name);
  return currency.empty() ? name : name.substr(currency.size() + 1);
}

template <std::size_t kCount>
bool IsOneOf(const std::array<std::string_view, kCount>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), WithoutCurrency(name)) != names.end();
}

}  // namespace

std::string_view CurrencyOfColumn(std::string_view name) {
  const std::size_t point = name.find('.');
  if (point == std::string_view::npos) return {};
  const std::string_view before = name.substr(0, point);
  const bool is_code = std::all_of(before.begin(), before.end(), [](char each) {
    return std::isalnum(static_cast<unsigned char>(each)) != 0;
  });
  return is_code ? before : std::string_view();
}

bool IsShareColumn(std::string_view name) { return IsOneOf(kShares, name); }
bool IsAmountColumn(std::string_view name) { return IsOneOf(kAmounts, name); }
bool IsNeverNegative(std::string_view name) {
  return IsShareColumn(name) || IsAmountColumn(name) || WithoutCurrency(name).ends_with("_s");
}

}  // namespace causeway::sim
