// What a settlement queue came to, in report.json and on the page. docs/liquidity.md defines the
// figures. Pure.
#ifndef CAUSEWAY_SCENARIOS_REPORT_SETTLEMENT_QUEUE_REPORT_H_
#define CAUSEWAY_SCENARIOS_REPORT_SETTLEMENT_QUEUE_REPORT_H_

#include <cstdint>
#include <optional>

#include "nlohmann/json_fwd.hpp"
#include "scenarios/page/page.h"
#include "scenarios/report/run_page.h"
#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"

namespace causeway::sim {

struct SettlementQueueTotals {
  std::uint64_t gridlocks = 0;  // runs
  std::uint64_t deadlocks = 0;
  std::uint64_t undecided = 0;
  // Over the runs whose queue was solved exactly.
  std::uint64_t runs_solved = 0;
  core::Amount found_value;
  core::Amount exact_value;
  // Over all currencies, in the value currency; nothing without reference rates for all.
  std::optional<core::Amount> needed_one_by_one;
  std::optional<core::Amount> needed_as_settled;
  std::optional<core::Amount> needed_together;
};
SettlementQueueTotals TotalOf(const Plan& plan, const SettlementQueueResult& queue);

// "settlement_queue" of report.json; null for a run without one.
nlohmann::ordered_json SettlementQueueJson(const Plan& plan, const RunResult& result);

// For a run with one.
page::Section SettlementQueueSection(const Plan& plan, const SettlementQueueResult& queue,
                                     const RunFigures& figures);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_REPORT_SETTLEMENT_QUEUE_REPORT_H_
