#include "scenarios/sweep/scenario_runs.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <utility>
#include <variant>

#include "fmt/format.h"
#include "scenarios/report/ledger_indicators.h"
#include "scenarios/report/run_page.h"
#include "scenarios/report/settlement_queue_report.h"
#include "scenarios/report/summary.h"
#include "scenarios/simulator/simulator.h"
#include "scenarios/spec/scenario_file.h"
#include "scenarios/sweep/field_path.h"
#include "scenarios/sweep/study_runs.h"
#include "settlement/core/hash.h"

namespace causeway::sim {
namespace {

// Twelve digits: sums of many decimals are good to about so many.
std::string Decimal(double number) { return fmt::format("{:.12g}", number); }

std::string Ratio(double part, double whole) {
  return whole > 0 ? Decimal(part / whole) : std::string();
}

// Of the settlement queue: empty fields where the run has none, so that a table may hold several
// mechanisms.
Indicators QueueIndicatorsOf(const Plan& plan, const RunResult& result) {
  const bool there = result.settlement_queue.has_value();
  const SettlementQueueResult queue = there ? *result.settlement_queue : SettlementQueueResult();
  const SettlementQueueTotals totals = TotalOf(plan, queue);
  const auto count = [&](std::uint64_t value) {
    return there ? fmt::format("{}", value) : std::string();
  };
  const auto value = [&](const std::optional<core::Amount>& amount) {
    if (!there || !amount) return std::string();
    return plan.value_currency ? core::FormatAmount(*amount, plan.value_currency->minor_digits())
                               : fmt::format("{}", amount->minor());
  };
  const auto minor = [](const std::optional<core::Amount>& amount) {
    return amount ? static_cast<double>(amount->minor()) : 0.0;
  };
  const double one_by_one = minor(totals.needed_one_by_one);
  return {
      {"settled_together", count(queue.settled_together)},
      {"value_settled_together", value(queue.settled_together_value)},
      {"sets", count(queue.sets)},
      {"waited", count(queue.waited)},
      {"returned", count(queue.returned)},
      {"withdrawn", count(queue.withdrawn)},
      {"runs_in_gridlock", count(totals.gridlocks)},
      {"runs_in_deadlock", count(totals.deadlocks)},
      {"runs_undecided", count(totals.undecided)},
      {"needed_one_by_one", value(totals.needed_one_by_one)},
      {"needed_as_settled", value(totals.needed_as_settled)},
      {"needed_together", value(totals.needed_together)},
      {"needed_saved", Ratio(one_by_one - minor(totals.needed_as_settled), one_by_one)},
      {"share_of_optimum", Ratio(minor(totals.found_value), minor(totals.exact_value))},
  };
}

// Of one date, all ledgers together, in the unit of RunFigures.
struct DateSums {
  double lower = 0;
  double upper = 0;
  double liquidity = 0;
  double settled = 0;
  double settled_by_offsetting = 0;
  double linked_settled = 0;
  double linked_together = 0;
};

// Nothing where amounts of several currencies have no common unit.
std::optional<double> ValueOf(const Plan& plan, LedgerIndex ledger, std::int64_t minor) {
  core::Currency currency = plan.ledgers[ledger].currency;
  core::Amount amount = core::Amount::FromMinor(minor);
  if (const std::optional<core::Amount> value = plan.ValueOf(currency, amount)) {
    currency = *plan.value_currency;
    amount = *value;
  } else if (plan.ledgers.size() > 1) {
    return std::nullopt;
  }
  return static_cast<double>(amount.minor()) / std::pow(10.0, currency.minor_digits());
}

// False where a ledger's amounts have no value.
bool AddDates(const Plan& plan, const study::Part& part, LedgerIndex ledger,
              std::map<std::string, DateSums>& dates) {
  bool has_values = true;
  const auto add = [&](double& sum, std::int64_t minor) {
    const std::optional<double> value = ValueOf(plan, ledger, minor);
    has_values = has_values && value.has_value();
    sum += value.value_or(0);
  };
  for (std::size_t d = 0; d < part.indicators.days.size(); ++d) {
    const study::DayIndicators& day = part.indicators.days[d];
    DateSums& sums = dates[part.input.days[d]];
    add(sums.lower, day.lower_bound);
    add(sums.upper, day.upper_bound);
    add(sums.liquidity, day.liquidity);
    add(sums.settled, day.settled.value);
    for (const study::CountAndValue* with_others :
         {&day.settled_bilaterally, &day.settled_multilaterally, &day.settled_in_cycles}) {
      add(sums.settled_by_offsetting, with_others->value);
    }
  }
  for (study::PaymentIndex i = 0; i < part.input.payments.size(); ++i) {
    const study::Payment& payment = part.input.payments[i];
    if (part.input.links[i] == 0) continue;
    if (part.result.payments[i].status != study::Status::kSettled) continue;
    DateSums& sums =
        dates[part.input.days[static_cast<std::size_t>(payment.due / study::kDaySpanUs)]];
    const study::LinkOutcome& link = part.result.links[part.input.links[i]];
    add(sums.linked_settled, payment.amount);
    if (!link.open && link.first == link.last) add(sums.linked_together, payment.amount);
  }
  return has_values;
}

// The mean of the dates that have it.
template <typename Of>
std::string MeanOf(const std::map<std::string, DateSums>& dates, const Of& of) {
  double sum = 0;
  int count = 0;
  for (const auto& [date, sums] : dates) {
    const std::optional<double> value = of(sums);
    if (!value) continue;
    sum += *value;
    ++count;
  }
  return count == 0 ? std::string() : Decimal(sum / count);
}

// The indicators of the ledgers (docs/indicators.md): what can be said of all together, by date and
// at the reference rates, and then those of each with its currency before the name.
Indicators LedgerIndicatorsOf(const Plan& plan, const RunResult& result) {
  const std::vector<study::Part> parts = LedgerParts(plan, result);
  std::map<std::string, DateSums> dates;
  bool has_values = true;
  std::size_t gridlocks = 0;
  std::size_t deadlocks = 0;
  for (std::size_t ledger = 0; ledger < parts.size(); ++ledger) {
    has_values =
        AddDates(plan, parts[ledger], static_cast<LedgerIndex>(ledger), dates) && has_values;
    for (const study::DayIndicators& day : parts[ledger].indicators.days) {
      for (const study::Episode& episode : day.episodes)
        ++(episode.gridlock ? gridlocks : deadlocks);
    }
  }
  if (!has_values) dates.clear();
  const auto sum = [&](double DateSums::*of) {
    double all = 0;
    for (const auto& [date, sums] : dates) all += sums.*of;
    return has_values ? Decimal(all) : std::string();
  };
  const auto share = [](double part, double whole) {
    return whole > 0 ? std::optional(part / whole) : std::nullopt;
  };
  const auto usage = [](const DateSums& of) -> std::optional<double> {
    if (of.upper > of.lower) return (of.liquidity - of.lower) / (of.upper - of.lower);
    return of.liquidity == of.lower ? std::optional(0.0) : std::nullopt;
  };
  const auto episodes = [&](std::size_t count) {
    return result.ledger_queues.empty() ? std::string() : fmt::format("{}", count);
  };
  Indicators all = {
      {"liquidity_value", sum(&DateSums::liquidity)},
      {"lower_bound", sum(&DateSums::lower)},
      {"upper_bound", sum(&DateSums::upper)},
      {"usage", MeanOf(dates, usage)},
      {"offset_share",
       MeanOf(dates, [&](auto of) { return share(of.settled_by_offsetting, of.settled); })},
      {"pvp_share",
       MeanOf(dates, [&](auto of) { return share(of.linked_together, of.linked_settled); })},
      {"gridlocks", episodes(gridlocks)},
      {"deadlocks", episodes(deadlocks)},
  };
  for (const study::Part& part : parts) {
    for (auto& [name, value] : IndicatorsOfStudy(part.input, part.indicators)) {
      all.emplace_back(part.currency + "." + name, std::move(value));
    }
  }
  return all;
}

}  // namespace

Indicators IndicatorsOfRun(const Plan& plan, const RunResult& result) {
  const Summary summary = Summarise(plan, result);
  const RunFigures figures = FiguresOf(plan, result);
  const DelayFigures delays = DelaysOf(figures, Kinds::kAll);
  double submitted = 0;
  double settled = 0;
  double by_settlement = 0;
  for (const Transfer& transfer : figures.transfers) {
    submitted += transfer.value;
    if (!transfer.settled) continue;
    settled += transfer.value;
    if (transfer.of_settlement) by_settlement += transfer.value;
  }
  const double liquidity = PeakLiquidity(plan, result, figures);
  const auto within_hour = std::upper_bound(delays.seconds.begin(), delays.seconds.end(), 3600.0);
  const auto count = [](auto value) { return fmt::format("{}", value); };
  const auto delay = [&](double seconds) {
    return delays.seconds.empty() ? std::string() : Decimal(seconds);
  };
  Indicators indicators = {
      {"submitted", count(figures.transactions.size())},
      {"settled", count(summary.settled)},
      {"rejected", count(summary.rejected)},
      {"aborted", count(summary.settlements_aborted)},
      {"value_submitted", Decimal(submitted)},
      {"value_settled", Decimal(settled)},
      {"share_settled", Ratio(settled, submitted)},
      {"settlement_share", Ratio(by_settlement, settled)},
      {"liquidity", figures.HasValues() ? Decimal(liquidity) : ""},
      {"turnover", figures.HasValues() ? Ratio(settled, liquidity) : ""},
      {"delay_mean_s", delay(delays.mean_s)},
      {"delay_by_value_s", delay(delays.mean_by_value_s)},
      {"delay_median_s", delay(delays.Percentile(50))},
      {"delay_p95_s", delay(delays.Percentile(95))},
      {"delay_p99_s", delay(delays.Percentile(99))},
      {"delay_max_s", delay(delays.Percentile(100))},
      {"delay", delays.of_time_to_close ? Decimal(*delays.of_time_to_close) : ""},
      {"within_hour", Ratio(static_cast<double>(within_hour - delays.seconds.begin()),
                            static_cast<double>(figures.transactions.size()))},
      {"herfindahl", Decimal(HerfindahlOfPayers(figures))},
      {"breaches", count(summary.breaches)},
      {"expectations_met", count(summary.expectations_met ? 1 : 0)},
  };
  for (auto& each : QueueIndicatorsOf(plan, result)) indicators.push_back(std::move(each));
  for (auto& each : LedgerIndicatorsOf(plan, result)) indicators.push_back(std::move(each));
  return indicators;
}

absl::StatusOr<ScenarioRuns> ScenarioRuns::Load(const std::string& path) {
  ScenarioRuns runs;
  absl::StatusOr<Plan> plan = LoadScenario(path);
  if (!plan.ok()) return plan.status();
  runs.plan_ = *std::move(plan);
  runs.directory_ = std::filesystem::path(path).parent_path().string();
  std::ifstream file(path, std::ios::binary);
  runs.text_ = {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!google::protobuf::TextFormat::ParseFromString(runs.text_, &runs.scenario_)) {
    return absl::UnavailableError(fmt::format("{} changed while it was read", path));
  }
  return runs;
}

std::string ScenarioRuns::digest() const {
  if (plan_.payments_from.empty()) return plan_.source_sha256;
  std::string all = plan_.source_sha256;
  for (const PlannedPaymentsSource& source : plan_.payments_from) all += source.sha256;
  return core::Sha256(all).ToHex();
}

absl::StatusOr<Plan> ScenarioRuns::PlanOf(const Run& run) const {
  causeway::v1::Scenario scenario = scenario_;
  for (const auto& [path, value] : run.point) {
    if (path == "seed") {
      return absl::InvalidArgumentError("seed: seeds are swept by --seeds and --first-seed");
    }
    const absl::Status set = SetField(scenario, path, value);
    if (!set.ok()) return set;
  }
  std::variant<Plan, std::vector<Finding>> compiled =
      CompileScenario(scenario, {.seed = run.seed, .directory = directory_});
  if (Plan* plan = std::get_if<Plan>(&compiled)) return std::move(*plan);
  return absl::InvalidArgumentError(
      fmt::format("with {}: {}", Describe(run.point),
                  std::get<std::vector<Finding>>(compiled).front().message));
}

absl::Status ScenarioRuns::Check(const std::vector<Point>& points) const {
  for (const Point& point : points) {
    const absl::StatusOr<Plan> plan = PlanOf({.point = point, .seed = plan_.seed});
    if (!plan.ok()) return plan.status();
  }
  return absl::OkStatus();
}

absl::StatusOr<Indicators> ScenarioRuns::Make(const Run& run) const {
  const absl::StatusOr<Plan> plan = PlanOf(run);
  if (!plan.ok()) return plan.status();
  const absl::StatusOr<RunResult> result =
      RunSimulation(*plan, {.observe = false, .measure = true});
  if (!result.ok()) return result.status();
  return IndicatorsOfRun(*plan, *result);
}

}  // namespace causeway::sim
