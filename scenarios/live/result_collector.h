// Reads from a corridor what came out of a run: balances and logs from the ledgers, decisions from
// the bridge, and what the observer found.
#ifndef CAUSEWAY_SCENARIOS_LIVE_RESULT_COLLECTOR_H_
#define CAUSEWAY_SCENARIOS_LIVE_RESULT_COLLECTOR_H_

#include <chrono>
#include <vector>

#include "absl/status/statusor.h"
#include "scenarios/live/request_sender.h"
#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"

namespace causeway::sim {

// How long the observer may take to verify what the ledgers have, once they are quiet.
inline constexpr std::chrono::milliseconds kObserverWaitMax{60'000};
inline constexpr std::chrono::milliseconds kObserverPollInterval{20};

// To be called when no action is under way. `actions` by action index. An error means that
// something could not be read; DeadlineExceeded that the observer did not come to the end.
absl::StatusOr<RunResult> CollectResult(const Plan& plan, CorridorClients& clients,
                                        std::vector<ActionResult> actions);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_LIVE_RESULT_COLLECTOR_H_
