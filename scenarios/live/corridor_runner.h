// Runs a scenario's network without its traffic: for other programs to use, as banks would.
#ifndef CAUSEWAY_SCENARIOS_LIVE_CORRIDOR_RUNNER_H_
#define CAUSEWAY_SCENARIOS_LIVE_CORRIDOR_RUNNER_H_

#include <string>

#include "absl/status/status.h"
#include "scenarios/spec/plan.h"

namespace causeway::sim {

struct CorridorOptions {
  // As in LiveOptions.
  std::string bin_dir;
  std::string work_dir;
};

// Starts the processes of the plan and performs what comes before its first transaction and its
// first cut-off: participants, accounts, opening of the first day, opening balances. The bridge of
// a plan with the mechanism settlement_queue serves one. Then writes <work_dir>/corridor.json
// (corridor_description.h) and waits for SIGTERM or SIGINT, which end the processes. Call before
// any thread is started, because it blocks these signals.
//
// FailedPrecondition when one of those actions did not settle; else errors as RunLive.
absl::Status RunCorridor(const Plan& plan, const CorridorOptions& options);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_LIVE_CORRIDOR_RUNNER_H_
