#include "scenarios/study_page/study_page.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "fmt/format.h"
#include "scenarios/text/text.h"
#include "settlement/core/amount.h"

namespace causeway::study {
namespace {

constexpr std::size_t kDaysShown = 7;
// A plot of queue times begins here: shorter ones would all be one line.
constexpr TimeUs kLeastShown_us = 1'000'000;

std::string Count(std::uint64_t count) { return text::Grouped(fmt::format("{}", count)); }

// 0.123456 of millionths.
std::string Ratio(const Millionths& ratio) {
  return ratio ? core::FormatAmount(core::Amount::FromMinor(*ratio), 6) : "not defined";
}

std::string Span(TimeUs time_us) {
  return fmt::format("{}:{:02}:{:02}", time_us / kHourUs, time_us / kMinuteUs % 60,
                     time_us / 1'000'000 % 60);
}

class IndicatorTable {
 public:
  IndicatorTable(const Input& input, const Indicators& indicators)
      : input_(input), indicators_(indicators) {
    shown_ = std::min(kDaysShown, indicators.days.size());
    table_.columns = {{"indicator"}};
    for (std::size_t day = 0; day < shown_; ++day) {
      table_.columns.push_back({"day " + input.days[day], true});
    }
    if (shown_ < indicators.days.size()) {
      table_.note = fmt::format("The first {} of {} days; indicators.csv has all.", shown_,
                                indicators.days.size());
    }
  }

  page::Table Make() && {
    using Day = const DayIndicators&;
    const auto both = [this](const CountAndValue& each) {
      return fmt::format("{} / {}", Count(each.count), Money(each.value));
    };
    Add("submitted, count / value", [&](Day day) { return both(day.submitted); });
    Add("settled", [&](Day day) { return both(day.settled); });
    Add("unsettled at the close", [&](Day day) { return both(day.unsettled); });
    Add("rejected", [&](Day day) { return both(day.rejected); });
    Add("settled at entry", [&](Day day) { return both(day.settled_immediately); });
    Add("settled from the queue", [&](Day day) { return both(day.settled_from_queue); });
    Add("settled bilaterally", [&](Day day) { return both(day.settled_bilaterally); });
    Add("settled multilaterally", [&](Day day) { return both(day.settled_multilaterally); });
    Add("settled in cycles", [&](Day day) { return both(day.settled_in_cycles); });
    Add("offset share", [](Day day) { return Ratio(day.offset_share); });
    Add("delay (value-weighted, of time to close)", [](Day day) { return Ratio(day.delay); });
    Add("mean queue time", [](Day day) {
      return day.mean_delay_us ? Span(*day.mean_delay_us) : std::string("not defined");
    });
    Add("mean queue time of urgent payments", [](Day day) {
      return day.urgent_mean_delay_us ? Span(*day.urgent_mean_delay_us)
                                      : std::string("not defined");
    });
    Add("longest queue time", [](Day day) { return Span(day.longest_delay_us); });
    Add("lower bound of liquidity", [&](Day day) { return Money(day.lower_bound); });
    Add("upper bound of liquidity", [&](Day day) { return Money(day.upper_bound); });
    Add("liquidity", [&](Day day) { return Money(day.liquidity); });
    Add("liquidity used", [&](Day day) { return Money(day.liquidity_used); });
    Add("usage (L - LB) / (UB - LB)", [](Day day) { return Ratio(day.usage); });
    Add("saved of the upper bound", [](Day day) { return Ratio(day.liquidity_saved); });
    Add("price of drawn credit", [&](Day day) { return Money(day.credit_charge); });
    Add("turnover", [](Day day) { return Ratio(day.turnover); });
    Add("longest queue, payments", [](Day day) { return Count(day.queue_peak_count); });
    Add("largest queue, value", [&](Day day) { return Money(day.queue_peak_value); });
    Add("time in gridlock", [](Day day) { return Span(day.gridlock_us); });
    Add("longest gridlock", [](Day day) { return Span(day.longest_gridlock_us); });
    Add("time in deadlock", [](Day day) { return Span(day.deadlock_us); });
    Add("longest deadlock", [](Day day) { return Span(day.longest_deadlock_us); });
    Add("throughput targets missed by banks", [](Day day) { return Count(day.target_breaches); });
    Add("Herfindahl index of senders", [](Day day) { return Ratio(day.herfindahl); });
    Add("settled within an hour, by value", [](Day day) { return Ratio(day.one_hour_value); });
    Add("PvP share", [](Day day) { return Ratio(day.pvp_share); });
    Add("peak principal at risk", [&](Day day) { return Money(day.principal_at_risk_peak); });
    return std::move(table_);
  }

 private:
  std::string Money(std::int64_t minor) const {
    return text::Grouped(core::FormatAmount(core::Amount::FromMinor(minor), input_.minor_digits));
  }
  template <typename Cell>
  void Add(std::string name, const Cell& cell) {
    std::vector<std::string> row = {std::move(name)};
    for (std::size_t day = 0; day < shown_; ++day) row.push_back(cell(indicators_.days[day]));
    table_.rows.push_back(std::move(row));
  }

  const Input& input_;
  const Indicators& indicators_;
  std::size_t shown_ = 0;
  page::Table table_;
};

// What must hold of every result.
struct Invariants {
  bool conserved = true;  // no day makes or loses money
  bool covered = true;    // no account ends a day below what its credit allows
  bool counted = true;    // every payment has one end
};
Invariants InvariantsOf(const Input& input, const RunResult& result, const Indicators& indicators) {
  Invariants holds;
  const std::size_t accounts = input.accounts.size();
  std::uint64_t payments = 0;
  for (std::size_t day = 0; day < input.days.size(); ++day) {
    __int128 difference = 0;
    for (std::size_t account = 0; account < accounts; ++account) {
      const AccountDay& each = result.account_days[day * accounts + account];
      difference += static_cast<__int128>(each.closing) - each.opening - each.added;
      holds.covered = holds.covered && each.closing >= -each.credit_limit;
    }
    holds.conserved = holds.conserved && difference == 0;
    const DayIndicators& of = indicators.days[day];
    payments += of.settled.count + of.unsettled.count + of.rejected.count + of.late.count;
  }
  holds.counted = payments == input.payments.size();
  return holds;
}

// Where a day stands on the curve of delay over liquidity; empty where that is not defined.
std::string PointOfTheCurve(const Indicators& indicators) {
  if (indicators.days.size() != 1) return "";
  const DayIndicators& day = indicators.days.front();
  if (!day.usage || !day.delay) return "";
  return fmt::format(
      "This day is one point of the liquidity-delay curve: a delay of {} on liquidity at {} of the "
      "way from its lower to its upper bound. \"causeway-sim sweep\" of the same payments with "
      "\"--set liquidity=0,0.1,0.2,0.4,0.8\" draws the curve.",
      Ratio(day.delay), Ratio(day.usage));
}

page::Section Reproduction(const PageDescription& description) {
  page::Table facts{.title = "", .columns = {{"what"}, {"value"}}, .rows = {}, .note = ""};
  facts.rows.push_back({"program", fmt::format("causeway-sim {}", CAUSEWAY_VERSION)});
  for (const auto& [name, value] : description.facts) facts.rows.push_back({name, value});
  page::Section again{"Reproduce", {facts}};
  if (!description.command.empty()) {
    again.content.push_back(page::Text{description.command, true});
  }
  if (!description.text.empty()) again.content.push_back(page::Text{description.text, true});
  return again;
}

page::Table InvariantTable(const Invariants& holds) {
  const auto word = [](bool good) { return std::string(good ? "yes" : "NO"); };
  return {.title = "",
          .columns = {{"what"}, {"holds"}},
          .rows = {{"no day makes or loses money", word(holds.conserved)},
                   {"no account ends a day below its credit limit", word(holds.covered)},
                   {"every payment settled, was refused, came late or waits", word(holds.counted)}},
          .note = ""};
}

}  // namespace

page::Table IndicatorTableOf(const Input& input, const Indicators& indicators, std::string title) {
  page::Table table = IndicatorTable(input, indicators).Make();
  table.title = std::move(title);
  return table;
}

page::Page StudyPage(const Input& input, const RunResult& result, const Indicators& indicators,
                     const PageDescription& description) {
  page::Page page{
      .title = input.name, .subtitle = description.subtitle, .facts = {}, .sections = {}};
  CountAndValue settled;
  for (const DayIndicators& day : indicators.days) settled.count += day.settled.count;
  TimeUs longest_us = 0;
  for (std::size_t i = 0; i < result.payments.size(); ++i) {
    const PaymentResult& of = result.payments[i];
    if (of.status != Status::kSettled) continue;
    longest_us = std::max(longest_us, of.settled - input.payments[i].due);
  }
  const Invariants holds = InvariantsOf(input, result, indicators);
  const bool good = holds.conserved && holds.covered && holds.counted;
  page.facts = {{"payments", Count(input.payments.size())},
                {"settled", Count(settled.count)},
                {"accounts", Count(input.accounts.size())},
                {"days", Count(input.days.size())},
                {"invariants", good ? "all hold" : "BROKEN",
                 good ? page::Verdict::kGood : page::Verdict::kBad}};
  if (indicators.days.size() == 1) {
    page.facts.push_back({"delay", Ratio(indicators.days[0].delay)});
    const Millionths usage = indicators.days[0].usage;
    page.facts.push_back(
        {"liquidity usage",
         Ratio(usage) + (usage.value_or(0) < 0 ? ": less than the lower bound" : "")});
  }
  page.sections.push_back({"Flows",
                           {FlowNetworkPlot(input, indicators), LargestFlowsPlot(input, indicators),
                            CumulativeValuePlot(input, result)}});
  page.sections.push_back(
      {"Queue and liquidity",
       {QueueSamplesPlot(input, result, false), QueueSamplesPlot(input, result, true),
        LiquidityInUsePlot(input, result)}});
  page.sections.push_back({"Delay", {}});
  if (settled.count > 0 && longest_us < kLeastShown_us) {
    page.sections.back().content.push_back(
        page::Text{fmt::format("All {} payments that settled did so within a second of their due "
                               "times.",
                               Count(settled.count)),
                   false});
  } else {
    page.sections.back().content.push_back(QueueTimePlot(input, result));
  }
  if (const std::string point = PointOfTheCurve(indicators); !point.empty()) {
    page.sections.back().content.push_back(page::Text{point, false});
  }
  page.sections.push_back({"Indicators", {IndicatorTableOf(input, indicators, "")}});
  page.sections.push_back({"Invariants", {InvariantTable(holds)}});
  page.sections.push_back(Reproduction(description));
  return page;
}

page::Page StudyPageOf(const std::vector<Part>& parts, const PageDescription& description) {
  page::Page page{.title = parts.front().input.name,
                  .subtitle = description.subtitle,
                  .facts = {},
                  .sections = {}};
  std::uint64_t payments = 0;
  std::uint64_t settled = 0;
  std::size_t accounts = 0;
  bool good = true;
  page::Section indicators{"Indicators", {}};
  page::Section invariants{"Invariants", {}};
  for (const Part& part : parts) {
    payments += part.input.payments.size();
    accounts += part.input.accounts.size();
    for (const DayIndicators& day : part.indicators.days) settled += day.settled.count;
    const Invariants holds = InvariantsOf(part.input, part.result, part.indicators);
    good = good && holds.conserved && holds.covered && holds.counted;
    indicators.content.push_back(IndicatorTableOf(part.input, part.indicators, part.currency));
    page::Table table = InvariantTable(holds);
    table.title = part.currency;
    invariants.content.push_back(std::move(table));
  }
  page.facts = {{"payments", Count(payments)},
                {"settled", Count(settled)},
                {"accounts", Count(accounts)},
                {"currencies", Count(parts.size())},
                {"days", Count(parts.front().input.days.size())},
                {"invariants", good ? "all hold" : "BROKEN",
                 good ? page::Verdict::kGood : page::Verdict::kBad}};
  page.sections.push_back({"Delay", {QueueTimePlotOf(parts)}});
  page.sections.push_back(std::move(indicators));
  page.sections.push_back(std::move(invariants));
  page.sections.push_back(Reproduction(description));
  return page;
}

absl::Status WriteStudyPage(const std::vector<Part>& parts, const PageDescription& description,
                            const std::string& directory) {
  const std::filesystem::path folder(directory);
  const auto write = [](const std::filesystem::path& path, const page::Page& page) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << page::RenderPage(page);
    file.close();
    if (file.fail()) return absl::UnavailableError(fmt::format("cannot write {}", path.string()));
    return absl::OkStatus();
  };
  if (parts.size() > 1) {
    absl::Status written = write(folder / "report.html", StudyPageOf(parts, description));
    for (const Part& part : parts) {
      PageDescription own = description;
      own.subtitle = part.currency;
      if (!written.ok()) return written;
      written = write(folder / part.currency / "report.html",
                      StudyPage(part.input, part.result, part.indicators, own));
    }
    return written;
  }
  const Part& only = parts.front();
  return write(folder / "report.html",
               StudyPage(only.input, only.result, only.indicators, description));
}

}  // namespace causeway::study
