#include "scenarios/report/settlement_queue_report.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "scenarios/page/timeline.h"
#include "scenarios/text/text.h"
#include "settlement/core/amount.h"

namespace causeway::sim {
namespace {

using QueueJsonValue = nlohmann::ordered_json;

// Runs in the page's table; report.json has them all.
constexpr std::size_t kQueueRunsShownMax = 200;

using Needed = core::Amount SettlementQueueCurrency::*;

std::optional<core::Amount> NeededInAll(const Plan& plan, const SettlementQueueResult& queue,
                                        Needed which) {
  std::optional<core::Amount> sum = core::Amount::Zero();
  for (const SettlementQueueCurrency& currency : queue.currencies) {
    const auto value = plan.ValueOf(plan.ledgers[currency.ledger].currency, currency.*which);
    sum = sum && value ? core::CheckedAdd(*sum, *value) : std::nullopt;
  }
  return sum;
}

// Runs and trades sum up to what the queue takes, many times over: past 64 bits it is no figure.
void AddUp(core::Amount& sum, core::Amount more) {
  sum = core::CheckedAdd(sum, more).value_or(core::Amount::Max());
}

QueueJsonValue OrNull(const std::optional<core::Amount>& amount) {
  return amount ? QueueJsonValue(amount->minor()) : QueueJsonValue(nullptr);
}

QueueJsonValue QueueRunsJson(const SettlementQueueResult& queue) {
  QueueJsonValue runs = QueueJsonValue::array();
  for (const SettlementQueueRun& run : queue.runs) {
    runs.push_back({{"time", run.at.ToString()},
                    {"state", SettlementQueueStateName(run.state)},
                    {"waiting", run.waiting},
                    {"waiting_value", run.waiting_value.minor()},
                    {"found", run.found},
                    {"found_value", run.found_value.minor()},
                    {"exact_value", OrNull(run.exact_value)},
                    {"selections", run.selections},
                    {"settled", run.settled},
                    {"settled_value", run.settled_value.minor()}});
  }
  return runs;
}

std::string QueueMoney(core::Currency currency, core::Amount amount) {
  return text::Grouped(core::FormatAmount(amount, currency.minor_digits()));
}

// A value of trades: in the value currency, or a number of trades.
std::string TradesWorth(const Plan& plan, core::Amount value) {
  return plan.value_currency ? QueueMoney(*plan.value_currency, value)
                             : fmt::format("{}", value.minor());
}

double QueueMajor(core::Currency currency, core::Amount amount) {
  double major = static_cast<double>(amount.minor());
  for (int digits = currency.minor_digits(); digits > 0; --digits) major /= 10;
  return major;
}

double WorthOf(const Plan& plan, core::Amount value) {
  return plan.value_currency ? QueueMajor(*plan.value_currency, value)
                             : static_cast<double>(value.minor());
}

page::Table QueueTable(const Plan& plan, const SettlementQueueResult& queue,
                       const SettlementQueueTotals& totals) {
  page::Table table{.title = "",
                    .columns = {{"figure"}, {"trades", true}, {"value", true}, {"what it is"}},
                    .rows = {},
                    .note = ""};
  const auto row = [&](std::string name, std::string count, std::string value, std::string what) {
    table.rows.push_back({std::move(name), std::move(count), std::move(value), std::move(what)});
  };
  const auto number = [](std::uint64_t count) { return fmt::format("{}", count); };
  row("settled alone", number(queue.settled_alone), TradesWorth(plan, queue.settled_alone_value),
      "one coordinated settlement each");
  row("settled together", number(queue.settled_together),
      TradesWorth(plan, queue.settled_together_value),
      fmt::format("in {} sets, each as one settlement of its net positions", queue.sets));
  row("waited", number(queue.waited), "", "at any time, for money or for those before them");
  row("returned", number(queue.returned), "", "still waited when their time was over");
  row("withdrawn", number(queue.withdrawn), "", "by their parties, before they settled");
  row("runs in gridlock", number(totals.gridlocks), "", "some that waited could settle together");
  row("runs in deadlock", number(totals.deadlocks), "", "none could: only money helps");
  row("runs undecided", number(totals.undecided), "", "none was found among too many to look at");
  row("selected, where solved", "", TradesWorth(plan, totals.found_value),
      fmt::format("over {} runs with at most {} trades", totals.runs_solved,
                  plan.mechanism.settlement_queue.exact_max));
  row("exact optimum there", "", TradesWorth(plan, totals.exact_value),
      "the most value, in the order that the selection keeps");
  return table;
}

page::Table LiquidityTable(const Plan& plan, const SettlementQueueResult& queue) {
  page::Table table{.title = "Liquidity needed for what settled",
                    .columns = {{"currency"},
                                {"settled", true},
                                {"one by one", true},
                                {"as settled", true},
                                {"saved", true},
                                {"all at once", true}},
                    .rows = {},
                    .note =
                        "What all accounts together must have held at the beginning: each trade "
                        "by itself when it came; in the sets and the order in which they settled; "
                        "and all in one set, which is the least."};
  for (const SettlementQueueCurrency& each : queue.currencies) {
    const core::Currency currency = plan.ledgers[each.ledger].currency;
    const auto saved = core::CheckedSub(each.needed_one_by_one, each.needed_as_settled);
    table.rows.push_back(
        {currency.ToString(), QueueMoney(currency, each.settled),
         QueueMoney(currency, each.needed_one_by_one), QueueMoney(currency, each.needed_as_settled),
         saved ? QueueMoney(currency, *saved) : "", QueueMoney(currency, each.needed_together)});
  }
  return table;
}

page::Table RunsTable(const Plan& plan, const SettlementQueueResult& queue) {
  page::Table table{.title = "Runs that found trades waiting",
                    .columns = {{"time"},
                                {"state"},
                                {"waiting", true},
                                {"value", true},
                                {"found", true},
                                {"value", true},
                                {"exact optimum", true},
                                {"selections", true},
                                {"settled", true},
                                {"value", true}},
                    .rows = {},
                    .note = ""};
  for (const SettlementQueueRun& run : queue.runs) {
    if (table.rows.size() == kQueueRunsShownMax) break;
    table.rows.push_back({run.at.ToString(), std::string(SettlementQueueStateName(run.state)),
                          fmt::format("{}", run.waiting), TradesWorth(plan, run.waiting_value),
                          fmt::format("{}", run.found), TradesWorth(plan, run.found_value),
                          run.exact_value ? TradesWorth(plan, *run.exact_value) : "",
                          fmt::format("{}", run.selections), fmt::format("{}", run.settled),
                          TradesWorth(plan, run.settled_value)});
  }
  if (queue.runs.size() > kQueueRunsShownMax) {
    table.note = fmt::format("The first {} of {}; report.json has all.", kQueueRunsShownMax,
                             queue.runs.size());
  }
  return table;
}

page::Plot WaitingPlot(const Plan& plan, const SettlementQueueResult& queue,
                       const RunFigures& figures) {
  std::vector<page::Change> changes;
  double before = 0;
  for (const SettlementQueueResult::Level& level : queue.levels) {
    const double value = WorthOf(plan, level.value);
    changes.push_back({level.at.micros(), value - before});
    before = value;
  }
  page::XyPlot plot{.x = {.name = "time", .unit = "UTC", .scale = page::Scale::kTime},
                    .y = {.name = "value waiting",
                          .unit = plan.value_currency ? plan.value_currency->ToString() : "trades"},
                    .series = {}};
  plot.series.push_back(page::Timeline("value waiting for liquidity", std::move(changes),
                                       figures.begin_us, figures.end_us));
  return {.id = "settlement-queue",
          .title = "Settlement queue over time",
          .caption =
              "Value of the trades that wait for liquidity, both legs; those that are being tried "
              "do not count. Where changes are many, the highest in each interval.",
          .what = std::move(plot)};
}

// In one unit where there are rates for all, so that currencies can stand beside one another.
page::Plot NeedPlot(const Plan& plan, const SettlementQueueResult& queue, bool by_rates) {
  page::BarPlot plot{
      .value = {.name = "liquidity",
                .unit = by_rates ? plan.value_currency->ToString() : "of each currency"},
      .category = "currency"};
  for (const SettlementQueueCurrency& each : queue.currencies) {
    plot.categories.push_back(plan.ledgers[each.ledger].currency.ToString());
  }
  plot.parts = {"needed as settled", "saved"};
  plot.values.resize(plot.parts.size());
  for (const SettlementQueueCurrency& each : queue.currencies) {
    const core::Currency currency = plan.ledgers[each.ledger].currency;
    const auto shown = [&](core::Amount amount) {
      return by_rates ? QueueMajor(*plan.value_currency,
                                   plan.ValueOf(currency, amount).value_or(core::Amount::Max()))
                      : QueueMajor(currency, amount);
    };
    const double as_settled = shown(each.needed_as_settled);
    plot.values[0].push_back(as_settled);
    plot.values[1].push_back(std::max(0.0, shown(each.needed_one_by_one) - as_settled));
  }
  return {.id = "settlement-queue-liquidity",
          .title = "Liquidity needed and saved",
          .caption =
              "What accounts must have held to settle what settled: as it settled, and how much "
              "more it takes to settle each trade by itself when it came.",
          .what = std::move(plot)};
}

}  // namespace

SettlementQueueTotals TotalOf(const Plan& plan, const SettlementQueueResult& queue) {
  SettlementQueueTotals totals;
  for (const SettlementQueueRun& run : queue.runs) {
    switch (run.state) {
      case SettlementQueueState::kGridlock:
        ++totals.gridlocks;
        break;
      case SettlementQueueState::kDeadlock:
        ++totals.deadlocks;
        break;
      case SettlementQueueState::kUndecided:
        ++totals.undecided;
        break;
    }
    if (!run.exact_value) continue;
    ++totals.runs_solved;
    AddUp(totals.found_value, run.found_value);
    AddUp(totals.exact_value, *run.exact_value);
  }
  totals.needed_one_by_one = NeededInAll(plan, queue, &SettlementQueueCurrency::needed_one_by_one);
  totals.needed_as_settled = NeededInAll(plan, queue, &SettlementQueueCurrency::needed_as_settled);
  totals.needed_together = NeededInAll(plan, queue, &SettlementQueueCurrency::needed_together);
  return totals;
}

QueueJsonValue SettlementQueueJson(const Plan& plan, const RunResult& result) {
  if (!result.settlement_queue) return nullptr;
  const SettlementQueueResult& queue = *result.settlement_queue;
  const SettlementQueueTotals totals = TotalOf(plan, queue);
  QueueJsonValue currencies = QueueJsonValue::object();
  for (const SettlementQueueCurrency& each : queue.currencies) {
    currencies[plan.ledgers[each.ledger].currency.ToString()] = {
        {"settled", each.settled.minor()},
        {"needed_one_by_one", each.needed_one_by_one.minor()},
        {"needed_as_settled", each.needed_as_settled.minor()},
        {"needed_together", each.needed_together.minor()}};
  }
  return {
      {"selection", SettlementSelectionName(plan.mechanism.settlement_queue.selection)},
      {"settled_alone", queue.settled_alone},
      {"settled_alone_value", queue.settled_alone_value.minor()},
      {"settled_together", queue.settled_together},
      {"settled_together_value", queue.settled_together_value.minor()},
      {"sets", queue.sets},
      {"waited", queue.waited},
      {"returned", queue.returned},
      {"withdrawn", queue.withdrawn},
      {"gridlocks", totals.gridlocks},
      {"deadlocks", totals.deadlocks},
      {"undecided", totals.undecided},
      {"runs_solved", totals.runs_solved},
      {"runs_solved_found_value", totals.found_value.minor()},
      {"runs_solved_exact_value", totals.exact_value.minor()},
      {"needed_one_by_one", OrNull(totals.needed_one_by_one)},
      {"needed_as_settled", OrNull(totals.needed_as_settled)},
      {"needed_together", OrNull(totals.needed_together)},
      {"currencies", currencies},
      {"runs", QueueRunsJson(queue)},
  };
}

page::Section SettlementQueueSection(const Plan& plan, const SettlementQueueResult& queue,
                                     const RunFigures& figures) {
  const SettlementQueueTotals totals = TotalOf(plan, queue);
  page::Section section{.heading = "Settlement queue", .content = {}};
  section.content.emplace_back(WaitingPlot(plan, queue, figures));
  section.content.emplace_back(NeedPlot(plan, queue, totals.needed_as_settled.has_value()));
  section.content.emplace_back(QueueTable(plan, queue, totals));
  section.content.emplace_back(LiquidityTable(plan, queue));
  if (!queue.runs.empty()) section.content.emplace_back(RunsTable(plan, queue));
  return section;
}

}  // namespace causeway::sim
