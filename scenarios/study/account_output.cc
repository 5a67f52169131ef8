#include "scenarios/study/account_output.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "scenarios/study/banks.h"
#include "scenarios/study/output_text.h"
#include "scenarios/text/text.h"

namespace causeway::study {
namespace {

// One line for each day and each of `names`, which `of` has in this order day by day.
void WriteDays(const Input& input, const RunResult& result, std::string_view head,
               const std::vector<std::string>& names, const std::vector<AccountIndicators>& all,
               std::ostream& out) {
  LineWriter lines(out);
  const std::size_t shown = HoursShown(result);
  std::string hours;
  for (std::size_t hour = 1; hour <= shown; ++hour) hours += fmt::format(",by_{:02}00", hour);
  lines.Line(
      "day,{},sent_count,sent,received_count,received,lower_bound,upper_bound,usage,"
      "largest_inflow,available,submitted,time_specific,time_specific_missed,for_customers,"
      "customer_usage,customer_lines,customer_lines_use,delay,own_stress_usage,own_stress_"
      "available,counterparty_stress_usage,"
      "customer_stress_usage,market_stress_available{}",
      head, hours);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const AccountIndicators& of = all[i];
    const auto money = [&](std::int64_t value) { return Money(value, input.minor_digits); };
    std::string throughput;
    for (std::size_t hour = 0; hour < shown; ++hour) throughput += "," + Share(of.throughput[hour]);
    lines.Line("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}{}",
               input.days[i / names.size()], names[i % names.size()], of.sent_count, money(of.sent),
               of.received_count, money(of.received), money(of.bounds.lower),
               money(of.bounds.upper), money(of.usage), money(of.largest_inflow),
               money(of.available), money(of.submitted), money(of.time_specific.value),
               money(of.time_specific_missed.value), money(of.for_customers.value),
               money(of.customer_usage), money(of.customer_lines), money(of.customer_lines_use),
               Share(of.mean_delay), money(of.own_stress_usage), money(of.own_stress_available),
               money(of.counterparty_stress_usage), money(of.customer_stress_usage),
               money(of.market_stress_available), throughput);
  }
}

// Of a bank with one account its id; else nothing.
std::string OnlyAccountOf(const Input& input, const Bank& bank) {
  return bank.accounts.size() == 1 ? text::CsvField(input.accounts[bank.accounts.front()].id)
                                   : std::string();
}

// A line of months.csv. `digits` are those of its values.
void WriteMonthLine(LineWriter& lines, std::string_view bank, std::string_view name,
                    const ThreeAndAverage& tool, int digits) {
  const auto place = [&](std::size_t at) {
    return at < tool.three.size() ? Money(tool.three[at], digits) : std::string();
  };
  lines.Line("{},{},{},{},{},{}", bank, name, place(0), place(1), place(2),
             tool.three.empty() ? std::string() : Money(tool.average, digits));
}

}  // namespace

void WriteAccountsCsv(const Input& input, const RunResult& result, const Indicators& indicators,
                      std::ostream& out) {
  std::vector<std::string> names;
  for (const Account& account : input.accounts) {
    names.push_back(text::CsvField(account.id) + "," + text::CsvField(account.owner));
  }
  WriteDays(input, result, "account,owner", names, indicators.accounts, out);
}

void WriteBanksCsv(const Input& input, const RunResult& result, const Indicators& indicators,
                   std::ostream& out) {
  const Ownership banks(input);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < banks.size(); ++i) {
    names.push_back(fmt::format("{},{}", text::CsvField(banks[i].owner), banks[i].accounts.size()));
  }
  WriteDays(input, result, "owner,accounts", names, indicators.OfBanks(), out);
}

void WriteMonthsCsv(const Input& input, const RunResult& result, const Indicators& indicators,
                    std::ostream& out) {
  LineWriter lines(out);
  lines.Line("account,owner,tool,first,second,third,average");
  const auto first_hour = static_cast<std::size_t>(result.opens / kHourUs);
  const auto hours = static_cast<std::size_t>((result.closes + kHourUs - 1) / kHourUs);
  const Ownership banks(input);
  for (std::size_t i = 0; i < indicators.months.size(); ++i) {
    const std::string bank = OnlyAccountOf(input, banks[i]) + "," + text::CsvField(banks[i].owner);
    const AccountMonth& month = indicators.months[i];
    const std::array<std::pair<std::string_view, const ThreeAndAverage*>, 23> tools = {
        {{"usage", &month.usage},
         {"largest_inflow", &month.largest_inflow},
         {"available", &month.available},
         {"available_balance", &month.available_balance},
         {"available_collateral", &month.available_collateral},
         {"available_credit", &month.available_credit},
         {"submitted", &month.submitted},
         {"sent", &month.sent},
         {"received", &month.received},
         {"time_specific", &month.time_specific},
         {"time_specific_missed", &month.time_specific_missed},
         {"for_customers", &month.for_customers},
         {"customer_usage", &month.customer_usage},
         {"customer_lines", &month.customer_lines},
         {"customer_lines_use", &month.customer_lines_use},
         {"customer_lines_secured", &month.customer_lines_secured},
         {"customer_lines_committed", &month.customer_lines_committed},
         {"customer_lines_peak_use", &month.customer_lines_peak_use},
         {"own_stress_usage", &month.own_stress_usage},
         {"own_stress_available", &month.own_stress_available},
         {"counterparty_stress_usage", &month.counterparty_stress_usage},
         {"customer_stress_usage", &month.customer_stress_usage},
         {"market_stress_available", &month.market_stress_available}}};
    for (const auto& [name, tool] : tools) {
      WriteMonthLine(lines, bank, name, *tool, input.minor_digits);
    }
    for (std::size_t hour = first_hour; hour < hours; ++hour) {
      WriteMonthLine(lines, bank, fmt::format("by_{:02}00", hour + 1), month.throughput[hour], 6);
    }
  }
}

void WriteTargetsCsv(const Input& input, const RunResult& result, const Indicators& indicators,
                     std::ostream& out) {
  const Ownership banks(input);
  LineWriter lines(out);
  lines.Line("day,account,by,target,settled_share,met");
  struct Mean {
    std::int64_t sum = 0;
    std::int64_t days = 0;
  };
  const std::size_t targets = result.targets.size();
  std::vector<Mean> means((banks.size() + 1) * targets);  // all banks together first
  const auto write = [&](const std::string& day, std::size_t place, std::size_t target,
                         std::int64_t share) {
    const ThroughputTarget& of = result.targets[target];
    std::string name = place == 0 ? std::string() : OnlyAccountOf(input, banks[place - 1]);
    if (place > 0 && name.empty()) name = text::CsvField(banks[place - 1].owner);
    lines.Line("{},{},{},{},{},{}", day, name, TimeOfDay(of.by), Money(of.millionths, 6),
               Money(share, 6), share >= of.millionths ? "yes" : "no");
  };
  for (const TargetOutcome& outcome : indicators.targets) {
    const std::size_t place = outcome.bank == kNone ? 0 : outcome.bank + std::size_t{1};
    write(input.days[outcome.day], place, outcome.target, *outcome.share);
    Mean& mean = means[place * targets + outcome.target];
    mean.sum += *outcome.share;
    ++mean.days;
  }
  for (std::size_t i = 0; i < means.size(); ++i) {
    if (means[i].days == 0) continue;
    write("mean", i / targets, i % targets, means[i].sum / means[i].days);
  }
}

}  // namespace causeway::study
