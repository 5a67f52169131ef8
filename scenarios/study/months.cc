// BCBS 248 over all days of a study, of each bank.
#include <algorithm>
#include <functional>
#include <numeric>

#include "scenarios/study/account_indicators.h"

namespace causeway::study {
namespace {

using Int128 = __int128;

std::int64_t AverageOf(const std::vector<std::int64_t>& values) {
  Int128 sum = 0;
  for (const std::int64_t value : values) sum += value;
  const auto count = static_cast<Int128>(values.size());
  Int128 average = sum / count;
  const Int128 twice = sum % count * 2;
  if (twice > count || (twice == count && average % 2 != 0)) ++average;
  return static_cast<std::int64_t>(average);
}

// What `values` come to in the three places in which `of` is first by that order; of equals the
// earlier ones.
template <typename Compare>
ThreeAndAverage OnThree(const std::vector<std::int64_t>& of, Compare better,
                        const std::vector<std::int64_t>& values) {
  ThreeAndAverage result;
  if (values.empty()) return result;
  std::vector<std::size_t> places(of.size());
  std::iota(places.begin(), places.end(), 0);
  std::stable_sort(places.begin(), places.end(),
                   [&](std::size_t a, std::size_t b) { return better(of[a], of[b]); });
  places.resize(std::min<std::size_t>(3, places.size()));
  for (const std::size_t place : places) result.three.push_back(values[place]);
  result.average = AverageOf(values);
  return result;
}

template <typename Compare>
ThreeAndAverage ThreeOf(std::vector<std::int64_t> values, Compare better) {
  ThreeAndAverage result;
  if (values.empty()) return result;
  result.average = AverageOf(values);
  std::sort(values.begin(), values.end(), better);
  values.resize(std::min<std::size_t>(3, values.size()));
  result.three = std::move(values);
  return result;
}

// The lines that a bank gives its customers, each with what the others tell of it.
struct Lines {
  std::vector<std::int64_t> amounts;
  std::vector<std::int64_t> secured;    // the amount, or zero
  std::vector<std::int64_t> committed;  // the same
  std::vector<std::int64_t> peaks;      // the most that was drawn, of all days
};

std::vector<Lines> LinesOf(const Input& input, const std::vector<CustomerUse>& uses) {
  std::vector<Lines> of_banks(input.accounts.size());
  const std::size_t customers = input.customers.size();
  for (std::size_t i = 0; i < customers; ++i) {
    const CustomerLine& line = input.customers[i];
    Lines& lines = of_banks[line.account];
    lines.amounts.push_back(line.credit_line);
    lines.secured.push_back(line.secured ? line.credit_line : 0);
    lines.committed.push_back(line.committed ? line.credit_line : 0);
    std::int64_t peak = 0;
    for (std::size_t day = 0; day < input.days.size(); ++day) {
      peak = std::max(peak, uses[day * customers + i].peak);
    }
    lines.peaks.push_back(peak);
  }
  return of_banks;
}

AccountMonth MonthOf(const std::vector<const AccountIndicators*>& days, const Lines& lines) {
  using Of = const AccountIndicators&;
  const auto over_days = [&](auto value_of) {
    std::vector<std::int64_t> values;
    for (const AccountIndicators* day : days) values.push_back(value_of(*day));
    return values;
  };
  const std::greater<> larger;
  const std::less<> smaller;
  const auto largest = [&](auto value_of) { return ThreeOf(over_days(value_of), larger); };
  const auto smallest = [&](auto value_of) { return ThreeOf(over_days(value_of), smaller); };
  AccountMonth month;
  month.usage = largest([](Of a) { return a.usage; });
  month.largest_inflow = largest([](Of a) { return a.largest_inflow; });
  month.available = smallest([](Of a) { return a.available; });
  const std::vector<std::int64_t> available = over_days([](Of a) { return a.available; });
  const auto of_available = [&](auto value_of) {
    return OnThree(available, smaller, over_days(value_of));
  };
  month.available_balance = of_available([](Of a) { return a.available_balance; });
  month.available_collateral = of_available([](Of a) { return a.available_collateral; });
  month.available_credit = of_available([](Of a) { return a.available_credit; });
  month.submitted = largest([](Of a) { return a.submitted; });
  month.sent = largest([](Of a) { return a.sent; });
  month.received = largest([](Of a) { return a.received; });
  month.for_customers = largest([](Of a) { return a.for_customers.value; });
  month.customer_usage = largest([](Of a) { return a.customer_usage; });
  month.time_specific = largest([](Of a) { return a.time_specific.value; });
  month.time_specific_missed = largest([](Of a) { return a.time_specific_missed.value; });
  month.customer_lines = ThreeOf(lines.amounts, larger);
  month.customer_lines_secured = OnThree(lines.amounts, larger, lines.secured);
  month.customer_lines_committed = OnThree(lines.amounts, larger, lines.committed);
  month.customer_lines_peak_use = OnThree(lines.amounts, larger, lines.peaks);
  month.customer_lines_use = largest([](Of a) { return a.customer_lines_use; });
  month.own_stress_usage = largest([](Of a) { return a.own_stress_usage; });
  month.own_stress_available = smallest([](Of a) { return a.own_stress_available; });
  month.counterparty_stress_usage = largest([](Of a) { return a.counterparty_stress_usage; });
  month.customer_stress_usage = largest([](Of a) { return a.customer_stress_usage; });
  month.market_stress_available = smallest([](Of a) { return a.market_stress_available; });
  for (std::size_t hour = 0; hour < kHoursMax; ++hour) {
    std::vector<std::int64_t> shares;
    for (const AccountIndicators* day : days) {
      if (day->throughput[hour]) shares.push_back(*day->throughput[hour]);
    }
    month.throughput[hour] = ThreeOf(std::move(shares), larger);
  }
  return month;
}

}  // namespace

std::vector<AccountMonth> MonthsOf(const Input& by_bank,
                                   const std::vector<AccountIndicators>& bank_days,
                                   const std::vector<CustomerUse>& uses) {
  const std::size_t banks = by_bank.accounts.size();
  const std::vector<Lines> lines = LinesOf(by_bank, uses);
  std::vector<AccountMonth> months(banks);
  std::vector<const AccountIndicators*> days(by_bank.days.size());
  for (std::size_t bank = 0; bank < banks; ++bank) {
    for (std::size_t day = 0; day < days.size(); ++day) days[day] = &bank_days[day * banks + bank];
    months[bank] = MonthOf(days, lines[bank]);
  }
  return months;
}

}  // namespace causeway::study
