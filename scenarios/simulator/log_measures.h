// What a live run's logs tell of it, measured as in virtual time.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_LOG_MEASURES_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_LOG_MEASURES_H_

#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"

namespace causeway::sim {

// Fills in `bookings` and `ledger_queues` of a live run from the batches in its `logs`, which it
// executes again; times are those of the ledgers, on the wall clock. Of a log that does not verify,
// which the run's observer has told, only what comes before.
void MeasureLogs(const Plan& plan, RunResult& result);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_LOG_MEASURES_H_
