#include "scenarios/study/banks.h"

#include <iterator>
#include <map>
#include <numeric>
#include <string_view>
#include <utility>

namespace causeway::study {

Ownership::Ownership(const Input& input) {
  using Key = std::pair<std::string_view, std::uint32_t>;  // owner and currency
  std::map<Key, std::uint32_t> places;
  for (AccountIndex i = 0; i < input.accounts.size(); ++i) {
    const Account& account = input.accounts[i];
    std::uint32_t place = static_cast<std::uint32_t>(all_.size());
    if (!account.owner.empty()) {
      place = places.try_emplace({account.owner, account.currency}, place).first->second;
    }
    if (place == all_.size()) {
      all_.push_back({account.owner.empty() ? account.id : account.owner, {}});
    }
    all_[place].accounts.push_back(i);
    of_.push_back(place);
  }
  for (auto bank = places.begin(); bank != places.end();) {
    const auto next = places.upper_bound({bank->first.first, ~std::uint32_t{0}});
    const bool in_several = std::distance(bank, next) > 1;
    for (; bank != next; ++bank) {
      if (in_several) all_[bank->second].owner += "." + input.currencies[bank->first.second];
    }
  }
}

Input ByBank(const Input& input, const Ownership& banks) {
  Input by_bank;
  by_bank.days = input.days;
  by_bank.accounts.resize(banks.size());
  by_bank.payments = input.payments;
  for (Payment& payment : by_bank.payments) {
    payment.sender = banks.Of(payment.sender);
    payment.recipient = banks.Of(payment.recipient);
  }
  by_bank.settle_by = input.settle_by;
  by_bank.customers = input.customers;
  for (CustomerLine& line : by_bank.customers) line.account = banks.Of(line.account);
  by_bank.sender_customers = input.sender_customers;
  by_bank.recipient_customers = input.recipient_customers;
  return by_bank;
}

std::vector<AccountDay> ByBank(const std::vector<AccountDay>& days, const Ownership& banks) {
  std::size_t accounts = 0;
  for (std::size_t bank = 0; bank < banks.size(); ++bank) accounts += banks[bank].accounts.size();
  std::vector<AccountDay> sums;
  for (std::size_t first = 0; first + accounts <= days.size(); first += accounts) {
    for (std::size_t bank = 0; bank < banks.size(); ++bank) {
      AccountDay& sum = sums.emplace_back();
      for (const AccountIndex account : banks[bank].accounts) {
        const AccountDay& day = days[first + account];
        sum.opening += day.opening;
        sum.closing += day.closing;
        sum.credit_limit += day.credit_limit;
        sum.collateral_credit += day.collateral_credit;
        sum.peak_credit += day.peak_credit;
        sum.credit_charge += day.credit_charge;
        sum.added += day.added;
      }
    }
  }
  return sums;
}

std::vector<std::int64_t> SplitByWeight(std::int64_t whole,
                                        const std::vector<std::int64_t>& weights) {
  const auto all = std::accumulate(weights.begin(), weights.end(), __int128{0});
  std::vector<std::int64_t> parts(weights.size(), 0);
  if (all == 0) {
    parts.front() = whole;
    return parts;
  }
  __int128 weight = 0;
  std::int64_t given = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weight += weights[i];
    const auto until = static_cast<std::int64_t>(whole * weight / all);
    parts[i] = until - given;
    given = until;
  }
  return parts;
}

}  // namespace causeway::study
