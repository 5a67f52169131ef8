// What a mechanism for PvP came to in a run: outcomes, delay, liquidity, risk. docs/mechanisms.md
// defines the figures. Pure.
#ifndef CAUSEWAY_SCENARIOS_REPORT_MECHANISM_REPORT_H_
#define CAUSEWAY_SCENARIOS_REPORT_MECHANISM_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "nlohmann/json_fwd.hpp"
#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"

namespace causeway::sim {

// Of the PvP actions of a run.
struct TradeSummary {
  std::uint64_t trades = 0;
  std::uint64_t settled = 0;
  std::uint64_t returned = 0;   // rejected or aborted: the parties keep what they had
  std::uint64_t half_done = 0;  // one party has both sides
  std::uint64_t uncertain = 0;  // nobody knows, or the run ended first
  // Both legs of those that settled; nothing without reference rates.
  std::optional<core::Amount> settled_value;
  // From the time that a trade was due to the time that its parties knew that it had settled;
  // nearest rank. Zero when none settled.
  core::Duration delay_median;
  core::Duration delay_p99;
  core::Duration delay_max;
};
TradeSummary SummariseTrades(const Plan& plan, const RunResult& result);

// Sums over all currencies, in the value currency; nothing without reference rates for all.
struct MechanismTotals {
  core::Amount liquidity_needed;
  std::int64_t locked_value_seconds = 0;
  core::Amount locked_at_end;
};
std::optional<MechanismTotals> TotalOf(const Plan& plan, const MechanismResult& mechanism);

// What the options that hash time-locks gave away are worth together, each as a European option at
// the money of Black and Scholes without interest: value * (2 N(s sqrt(t) / 2) - 1), with the
// plan's volatility s and the time t until it expires, in years of 365 days. In minor units of the
// value currency, rounded.
std::int64_t OptionsWorth(const Plan& plan, const MechanismResult& mechanism);
// Value times seconds that they were held.
std::int64_t OptionValueSeconds(const MechanismResult& mechanism);

// "mechanism_figures" of report.json.
nlohmann::ordered_json MechanismJson(const Plan& plan, const RunResult& result);

// A table in Markdown: the head, and a line for one run. `faults` names what went wrong in it.
std::string MechanismTableHead(const Plan& plan);
std::string MechanismTableRow(const Plan& plan, const RunResult& result, const std::string& faults);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_REPORT_MECHANISM_REPORT_H_
