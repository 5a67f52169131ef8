#include "scenarios/report/run_page.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "fmt/format.h"
#include "scenarios/report/ledger_indicators.h"
#include "scenarios/report/settlement_queue_report.h"
#include "scenarios/study_page/study_page.h"
#include "scenarios/text/text.h"

namespace causeway::sim {
namespace {

std::string YesNo(bool yes) { return yes ? "yes" : "NO"; }

std::string Seconds(double seconds) {
  if (seconds >= 3600) return fmt::format("{:.2f} h", seconds / 3600);
  if (seconds >= 60) return fmt::format("{:.2f} min", seconds / 60);
  if (seconds >= 1) return fmt::format("{:.2f} s", seconds);
  return fmt::format("{:.3f} ms", seconds * 1000);
}

std::string Money(const core::Currency& currency, core::Amount amount) {
  return text::Grouped(core::FormatAmount(amount, currency.minor_digits()));
}

std::string ValueText(const Plan& plan, const std::optional<core::Amount>& amount) {
  if (!amount || !plan.value_currency) return "";
  return fmt::format("{} {}", plan.value_currency->code(), Money(*plan.value_currency, *amount));
}

// In the unit of the figures. Exact where there are amounts; `transfers` counts where there are
// none.
std::string SettledText(const Plan& plan, const RunFigures& figures, const Summary& summary,
                        double transfers) {
  std::string sum = fmt::format("{:.0f}", transfers);
  if (figures.HasValues() && plan.value_currency && summary.settled_value) {
    return fmt::format("{} {}", Money(*plan.value_currency, *summary.settled_value), figures.unit);
  }
  if (figures.HasValues() && plan.ledgers.size() == 1) {
    sum =
        core::FormatAmount(summary.currencies[0].settled, plan.ledgers[0].currency.minor_digits());
  }
  return fmt::format("{} {}", text::Grouped(sum), figures.unit);
}

page::Verdict VerdictOf(bool good) { return good ? page::Verdict::kGood : page::Verdict::kBad; }

std::vector<page::Fact> FactsOf(const Plan& plan, const RunResult& result, const Summary& summary) {
  std::vector<page::Fact> facts = {
      {"expectations",
       summary.expectations_met ? fmt::format("all {} met", summary.expectations.size())
                                : "NOT MET",
       VerdictOf(summary.expectations_met)},
      {"transactions settled", text::Grouped(fmt::format("{}", summary.settled))},
      {"rejected", text::Grouped(fmt::format("{}", summary.rejected))}};
  if (summary.settled_value)
    facts.push_back({"value settled", ValueText(plan, summary.settled_value)});
  facts.push_back({"money conserved", YesNo(summary.conserved), VerdictOf(summary.conserved)});
  facts.push_back({"all or none", YesNo(summary.all_or_none), VerdictOf(summary.all_or_none)});
  facts.push_back(
      {"observer",
       !result.observer.ran       ? "did not run"
       : result.observer.verified ? "verified every log"
                                  : "NOT VERIFIED",
       result.observer.ran ? VerdictOf(result.observer.verified) : page::Verdict::kNone});
  return facts;
}

page::Table CurrencyTable(const Plan& plan, const Summary& summary) {
  page::Table table{.title = "Money by currency",
                    .columns = {{"currency"},
                                {"legs", true},
                                {"settled", true},
                                {"issued", true},
                                {"redeemed", true},
                                {"in circulation", true},
                                {"conserved"}},
                    .rows = {},
                    .note =
                        "Conserved: issued - redeemed = in circulation by the ledger = the sum "
                        "of all balances."};
  for (const CurrencySummary& each : summary.currencies) {
    const core::Currency currency = plan.ledgers[each.ledger].currency;
    table.rows.push_back({currency.ToString(), fmt::format("{}", each.settled_legs),
                          Money(currency, each.settled), Money(currency, each.issued),
                          Money(currency, each.redeemed), Money(currency, each.in_circulation),
                          YesNo(each.conserved)});
  }
  return table;
}

page::Table LedgerQueueTable(const Plan& plan, const RunResult& result) {
  page::Table table{.title = "Queues of the ledgers",
                    .columns = {{"currency"},
                                {"most waiting", true},
                                {"their value", true},
                                {"gridlocks", true},
                                {"in gridlock", true},
                                {"deadlocks", true},
                                {"in deadlock", true},
                                {"undecided", true}},
                    .rows = {},
                    .note =
                        "Gridlock: some payments that wait could settle together. Deadlock: none "
                        "could, only money helps. As the queue stood after each batch."};
  const auto seconds = [](core::Duration duration) {
    return Seconds(static_cast<double>(duration.micros()) / 1'000'000);
  };
  for (const LedgerQueueResult& queue : result.ledger_queues) {
    const core::Currency currency = plan.ledgers[queue.ledger].currency;
    table.rows.push_back({currency.ToString(), fmt::format("{}", queue.waiting_max),
                          Money(currency, queue.waiting_value_max),
                          fmt::format("{}", queue.gridlocks), seconds(queue.in_gridlock),
                          fmt::format("{}", queue.deadlocks), seconds(queue.in_deadlock),
                          seconds(queue.undecided)});
  }
  return table;
}

page::Table SettledByTable(const Plan& plan, const RunResult& result) {
  page::Table table{.title = "How payments settled",
                    .columns = {{"currency"},
                                {"by"},
                                {"payments", true},
                                {"parts before", true},
                                {"value", true}},
                    .rows = {},
                    .note =
                        "At once: covered when they came. Alone: covered later. Else with others, "
                        "by the algorithm that their entries name; -entry: when one of them came. "
                        "Parts before: parts of payments that settled before the rest."};
  for (const LedgerQueueResult& queue : result.ledger_queues) {
    const core::Currency currency = plan.ledgers[queue.ledger].currency;
    for (const auto& [by, settled] : queue.settled) {
      table.rows.push_back({currency.ToString(), by, fmt::format("{}", settled.count),
                            fmt::format("{}", settled.parts), Money(currency, settled.value)});
    }
  }
  return table;
}

page::Table PoolTable(const Plan& plan, const RunResult& result) {
  page::Table table{.title = "Pools at the end",
                    .columns = {{"venue"},
                                {"pair"},
                                {"base", true},
                                {"quote", true},
                                {"price scale at the beginning", true},
                                {"price scale", true},
                                {"average of dealt prices", true}},
                    .rows = {},
                    .note = "Prices are units of the quote currency for one of the base currency."};
  for (const PoolResult& of : result.pools) {
    const PlannedVenue& venue = plan.bridge->venues[of.venue];
    const auto& pool = std::get<PlannedPool>(venue.what);
    const core::Currency base = plan.ledgers[pool.base_ledger].currency;
    const core::Currency quote = plan.ledgers[pool.quote_ledger].currency;
    const auto* curve = std::get_if<PlannedHybridCurve>(&pool.curve);
    const auto rate = [](const std::optional<core::Rate>& value) {
      return value ? value->ToString() : std::string("none");
    };
    table.rows.push_back({venue.name, base.ToString() + "/" + quote.ToString(),
                          Money(base, of.base), Money(quote, of.quote),
                          curve != nullptr ? curve->price_scale.ToString() : "none",
                          rate(of.price_scale), rate(of.price_average)});
  }
  return table;
}

page::Table InvariantTable(const Plan& plan, const RunResult& result, const Summary& summary) {
  page::Table table{
      .title = "Invariants and expectations",
      .columns = {{"what"}, {"holds"}, {"found"}},
      .rows = {},
      .note = plan.modelled_signatures ? "Signatures are modelled: they prove nothing." : ""};
  table.rows.push_back({"money is conserved in every currency", YesNo(summary.conserved), ""});
  table.rows.push_back({"every settlement is all or none", YesNo(summary.all_or_none), ""});
  for (const std::string& breach : result.all_or_none_breaches) {
    table.rows.push_back({"every settlement is all or none", "NO", breach});
  }
  for (const std::string& breach : result.other_breaches) {
    table.rows.push_back({"other invariants", "NO", breach});
  }
  for (const std::string& alert : result.observer.alerts) {
    table.rows.push_back({"observer", "ALERT", alert});
  }
  for (const ExpectationResult& expectation : summary.expectations) {
    table.rows.push_back(
        {"expected: " + expectation.expected, YesNo(expectation.met), expectation.actual});
  }
  return table;
}

page::Table RootTable(const Plan& plan, const RunResult& result) {
  page::Table table{.title = "State roots",
                    .columns = {{"log"}, {"entries", true}, {"state root", false}},
                    .rows = {},
                    .note =
                        "Of each ledger the SHA-256 of its state at the end, of the decision "
                        "log the root of its Merkle tree. The same scenario and seed give the "
                        "same roots."};
  for (const LedgerResult& ledger : result.ledgers) {
    table.rows.push_back({plan.ledgers[ledger.ledger].origin.ToString(),
                          fmt::format("{}", ledger.log_size), ledger.state_root});
  }
  if (plan.bridge) {
    table.rows.push_back({plan.bridge->decision_log.ToString(), fmt::format("{}", result.decisions),
                          result.decision_log_root});
  }
  return table;
}

page::Section Reproduction(const Plan& plan, const RunResult& result, std::string_view source,
                           std::string_view flags) {
  page::Section section{.heading = "Reproduce", .content = {}};
  section.content.push_back(page::Table{
      .title = "",
      .columns = {{"what"}, {"value"}},
      .rows = {{"program", fmt::format("causeway-sim {}", CAUSEWAY_VERSION)},
               {"scenario", plan.name},
               {"SHA-256 of the file", plan.source_sha256},
               {"seed", fmt::format("{}", plan.seed)},
               {"mechanism", std::string(MechanismName(plan.mechanism.kind))},
               {"signatures", plan.modelled_signatures ? "modelled" : "ed25519-sha256"}},
      .note = ""});
  section.content.push_back(page::Text{
      result.mode == "live"
          ? "The run was live, against real processes: its times are those of that day. A "
            "simulated "
            "run of the file ends with the same balances."
          : "Save the scenario below as scenario.txtpb; this command makes the same report to the "
            "byte:",
      false});
  section.content.push_back(page::Text{
      fmt::format("causeway-sim run scenario.txtpb --seed {}{} --out report", plan.seed, flags),
      true});
  if (!source.empty()) section.content.push_back(page::Text{std::string(source), true});
  return section;
}

std::string Share(double part, double whole) {
  return whole > 0 ? fmt::format("{:.2f}%", 100 * part / whole) : "none";
}

}  // namespace

page::Table IndicatorsOf(const Plan& plan, const RunResult& result, const Summary& summary,
                         const RunFigures& figures) {
  page::Table table{.title = "",
                    .columns = {{"indicator"}, {"value", true}, {"what it is"}},
                    .rows = {},
                    .note = ""};
  const auto add = [&table](std::string name, std::string value, std::string what) {
    table.rows.push_back({std::move(name), std::move(value), std::move(what)});
  };
  double all = 0;
  double settled = 0;
  double by_settlement = 0;
  for (const Transfer& transfer : figures.transfers) {
    all += transfer.value;
    if (!transfer.settled) continue;
    settled += transfer.value;
    if (transfer.of_settlement) by_settlement += transfer.value;
  }
  const DelayFigures delays = DelaysOf(figures, Kinds::kAll);
  const auto within_hour = std::upper_bound(delays.seconds.begin(), delays.seconds.end(), 3600.0);
  std::uint64_t retried = 0;
  for (const ActionResult& action : result.actions) retried += action.attempts > 1 ? 1 : 0;
  add("payments settled", text::Grouped(fmt::format("{}", summary.payments_settled)), "one-way");
  add("settlements settled", text::Grouped(fmt::format("{}", summary.settlements_settled)),
      "swaps and PvP, each counted once");
  add("settlements aborted", text::Grouped(fmt::format("{}", summary.settlements_aborted)),
      "without effect in any currency");
  add("tried again", text::Grouped(fmt::format("{}", retried)),
      "transactions that took more than one attempt");
  add("value settled", SettledText(plan, figures, summary, settled),
      "payments and all legs of settlements");
  add("share of value settled", Share(settled, all), "of the value of all that was tried");
  add("PvP share", Share(by_settlement, settled), "of the value settled: legs of settlements");
  if (summary.settled_value && summary.issued_value && summary.issued_value->IsPositive()) {
    add("turnover ratio",
        fmt::format("{:.3f}", static_cast<double>(summary.settled_value->minor()) /
                                  static_cast<double>(summary.issued_value->minor())),
        "value settled / value issued");
  }
  add("delay", delays.of_time_to_close ? fmt::format("{:.6f}", *delays.of_time_to_close) : "none",
      "sum of value x queue time / sum of value x time to close: 0 when all settle at once, 1 when "
      "nothing does; what did not settle waits to the close");
  add("delay, mean", Seconds(delays.mean_s), "from due to settled, of what settled, as all below");
  add("delay, weighted by value", Seconds(delays.mean_by_value_s),
      "sum of value x delay / sum of value");
  add("delay, median", Seconds(delays.Percentile(50)), "");
  add("delay, 95th percentile", Seconds(delays.Percentile(95)), "nearest rank");
  add("delay, 99th percentile", Seconds(delays.Percentile(99)), "nearest rank");
  add("delay, longest", Seconds(delays.Percentile(100)), "");
  add("within one hour",
      Share(static_cast<double>(within_hour - delays.seconds.begin()),
            static_cast<double>(figures.transactions.size())),
      "of all transactions; the G20 target for cross-border payments is 75% by end 2027");
  add("Herfindahl index of payers", fmt::format("{:.4f}", HerfindahlOfPayers(figures)),
      "sum of squared shares in the value settled");
  add("business days", fmt::format("{}", plan.days.size()), "");
  return table;
}

namespace {

// What studies show of one currency, of each ledger.
page::Section LedgerSection(const std::vector<study::Part>& parts, bool live) {
  page::Section section{"Indicators by ledger", {}};
  if (live) {
    section.content.push_back(page::Text{
        "The run was live: its times are put on the scenario's calendar. What happened while an "
        "action was under way counts from when that action was due, and at the latest when the "
        "next one was; so delays are what the processes took, or for what waited in a queue the "
        "time until the action that let it settle.",
        false});
  }
  for (const study::Part& part : parts) {
    section.content.push_back(study::IndicatorTableOf(part.input, part.indicators, part.currency));
    std::string suffix = "-" + part.currency;
    std::transform(suffix.begin(), suffix.end(), suffix.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    for (page::Plot plot : {study::CumulativeValuePlot(part.input, part.result),
                            study::LiquidityInUsePlot(part.input, part.result)}) {
      plot.id = (plot.id == "liquidity" ? "liquidity-in-use" : plot.id) + suffix;
      plot.title += ", " + part.currency;
      section.content.push_back(std::move(plot));
    }
  }
  return section;
}

}  // namespace

page::Page RunPage(const Plan& plan, const RunResult& result, const Summary& summary,
                   std::string_view source) {
  return RunPage(plan, result, summary, LedgerParts(plan, result), source);
}

page::Page RunPage(const Plan& plan, const RunResult& result, const Summary& summary,
                   const std::vector<study::Part>& parts, std::string_view source,
                   std::string_view flags) {
  const RunFigures figures = FiguresOf(plan, result);
  page::Page page;
  page.title = plan.name;
  page.subtitle = fmt::format("{}{}{} run, seed {}, {} business day{} {} to {}", plan.description,
                              plan.description.empty() ? "" : " · ", result.mode, plan.seed,
                              plan.days.size(), plan.days.size() == 1 ? "" : "s",
                              plan.days.front().ToString(), plan.days.back().ToString());
  page.facts = FactsOf(plan, result, summary);
  page.sections.push_back(
      {"Flows",
       {NetworkPlotOf(plan, figures), CorridorPlotOf(plan, figures), ValuePlotOf(plan, figures)}});
  page.sections.push_back({"Queue and liquidity",
                           {QueueLengthPlotOf(figures), QueueValuePlotOf(figures),
                            LiquidityPlotOf(plan, result, figures)}});
  if (!result.ledger_queues.empty()) {
    page.sections.back().content.emplace_back(LedgerQueueTable(plan, result));
    page.sections.back().content.emplace_back(SettledByTable(plan, result));
  }
  if (result.settlement_queue) {
    page.sections.push_back(SettlementQueueSection(plan, *result.settlement_queue, figures));
  }
  page.sections.push_back({"Delay", {DelayPlotOf(figures)}});
  page.sections.push_back(
      {"Indicators", {IndicatorsOf(plan, result, summary, figures), CurrencyTable(plan, summary)}});
  if (!result.pools.empty()) {
    page.sections.back().content.emplace_back(PoolTable(plan, result));
  }
  page.sections.push_back(LedgerSection(parts, result.mode == "live"));
  page.sections.push_back(
      {"Invariants", {InvariantTable(plan, result, summary), RootTable(plan, result)}});
  page.sections.push_back(Reproduction(plan, result, source, flags));
  return page;
}

absl::Status WriteRunPage(const Plan& plan, const RunResult& result, const Summary& summary,
                          const std::vector<study::Part>& parts, std::string_view source,
                          std::string_view flags, const std::string& directory) {
  const std::filesystem::path path = std::filesystem::path(directory) / "report.html";
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << page::RenderPage(RunPage(plan, result, summary, parts, source, flags));
  file.close();
  if (file.fail()) return absl::UnavailableError(fmt::format("cannot write {}", path.string()));
  return absl::OkStatus();
}

}  // namespace causeway::sim
