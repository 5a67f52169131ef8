// What a settlement queue came to, for reports (docs/liquidity.md). Pure.
#ifndef CAUSEWAY_SCENARIOS_MECHANISMS_SETTLEMENT_QUEUE_FIGURES_H_
#define CAUSEWAY_SCENARIOS_MECHANISMS_SETTLEMENT_QUEUE_FIGURES_H_

#include "scenarios/mechanisms/settlement_queue.h"
#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"

namespace causeway::sim {

// Solves the queue of every run that is short enough exactly.
SettlementQueueResult FiguresOf(const Plan& plan, const SettlementQueue& queue);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_MECHANISMS_SETTLEMENT_QUEUE_FIGURES_H_
