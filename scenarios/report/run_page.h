// The report of a run as a page (report.html): network map, flows, queue and liquidity over time,
// delays, indicators, invariants, state roots and the scenario itself. docs/formats/report.md
// describes it. A function of plan, result and the scenario's text, as the other files are.
#ifndef CAUSEWAY_SCENARIOS_REPORT_RUN_PAGE_H_
#define CAUSEWAY_SCENARIOS_REPORT_RUN_PAGE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "scenarios/page/page.h"
#include "scenarios/page/timeline.h"
#include "scenarios/report/summary.h"
#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"
#include "scenarios/study/parts.h"

namespace causeway::sim {

// `parts` are the run's LedgerParts. `source` is the text of the scenario file; empty: the page has
// none. `flags` is what the command has besides file, seed and folder to run it so, each word after
// a space.
page::Page RunPage(const Plan& plan, const RunResult& result, const Summary& summary,
                   const std::vector<study::Part>& parts, std::string_view source,
                   std::string_view flags = {});
page::Page RunPage(const Plan& plan, const RunResult& result, const Summary& summary,
                   std::string_view source);

// Writes it as report.html into `directory`, which is there. The system's reason when that fails.
absl::Status WriteRunPage(const Plan& plan, const RunResult& result, const Summary& summary,
                          const std::vector<study::Part>& parts, std::string_view source,
                          std::string_view flags, const std::string& directory);

// What the plots and indicators of a run are made of: one transfer for each leg of a payment or
// settlement, settled or not.
struct Transfer {
  // The one participant who paid and was paid; kSomeProvider for a provider that the plan leaves
  // open.
  ParticipantIndex from = 0;
  ParticipantIndex to = 0;
  LedgerIndex ledger = 0;
  double value = 0;  // in RunFigures::unit
  bool settled = false;
  bool of_settlement = false;  // a leg of a swap or PvP settlement
};
inline constexpr ParticipantIndex kSomeProvider = 0xffffffff;

// A payment or settlement.
struct Transaction {
  std::int64_t due_us = 0;
  std::int64_t ended_us = 0;  // the end of the run when it has none
  // When the first of its ledgers closes after it was due, or when it settled if that is later; the
  // end of the run when none closes, and of a live run, whose times are not those of the calendar.
  std::int64_t closes_us = 0;
  double value = 0;  // all its legs
  bool settled = false;
  bool is_settlement = false;
};

struct RunFigures {
  // What values are in: "USD"; with neither reference rates nor one single currency, "transfers",
  // and each has the value 1.
  std::string unit;
  std::vector<Transfer> transfers;        // by action
  std::vector<Transaction> transactions;  // by action
  std::int64_t begin_us = 0;              // of the first action and the last end
  std::int64_t end_us = 0;

  bool HasValues() const { return unit != kNoValues; }
  static constexpr std::string_view kNoValues = "transfers";
};
// The provider who quotes a pair, when it can be no other; else kSomeProvider.
ParticipantIndex ProviderOf(const Plan& plan, const SwapOnQuote& swap);
// RunFigures::unit of the runs of a plan.
std::string ValueUnitOf(const Plan& plan);
RunFigures FiguresOf(const Plan& plan, const RunResult& result);

// Issues and redemptions of a ledger, in RunFigures::unit; without values in units of its currency.
std::vector<page::Change> MoneyChangesOf(const Plan& plan, const RunResult& result,
                                         const RunFigures& figures, LedgerIndex ledger);
// The most money of all ledgers together that was in circulation at one time.
double PeakLiquidity(const Plan& plan, const RunResult& result, const RunFigures& figures);
// The sum of the squares of the payers' shares in the value settled: 1/n for n equal payers, 1 for
// a single one, 0 when nothing settled.
double HerfindahlOfPayers(const RunFigures& figures);

// Settlement delay is from when a payment or settlement was due to when its participant had the
// last reply. What did not settle has none: seconds and means are of what settled, and the less
// settles the less they tell. `of_time_to_close` has both.
struct DelayFigures {
  std::vector<double> seconds;  // ascending
  double mean_s = 0;
  double mean_by_value_s = 0;  // weighted by value
  // Sum of value x delay / sum of value x time to close, over all; what did not settle is delayed
  // to the close. From 0 (all settled at once) to 1 (nothing did); nothing without value or time.
  std::optional<double> of_time_to_close;
  double Percentile(double percent) const;  // nearest rank; 0 without any
};
enum class Kinds { kAll, kPayments, kSettlements };
DelayFigures DelaysOf(const RunFigures& figures, Kinds kinds);

// Plots, each for itself.
page::Plot NetworkPlotOf(const Plan& plan, const RunFigures& figures);
page::Plot CorridorPlotOf(const Plan& plan, const RunFigures& figures);
page::Plot ValuePlotOf(const Plan& plan, const RunFigures& figures);
page::Plot QueueLengthPlotOf(const RunFigures& figures);
page::Plot QueueValuePlotOf(const RunFigures& figures);
page::Plot LiquidityPlotOf(const Plan& plan, const RunResult& result, const RunFigures& figures);
page::Plot DelayPlotOf(const RunFigures& figures);

page::Table IndicatorsOf(const Plan& plan, const RunResult& result, const Summary& summary,
                         const RunFigures& figures);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_REPORT_RUN_PAGE_H_
