// Runs a plan against real processes that it starts on loopback: a node per ledger, the bridge, an
// observer, each with TLS from an ephemeral certificate authority and its own journal on disk.
#ifndef CAUSEWAY_SCENARIOS_LIVE_LIVE_RUNNER_H_
#define CAUSEWAY_SCENARIOS_LIVE_LIVE_RUNNER_H_

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"

namespace causeway::sim {

// Kill one process (SIGKILL) just before an action starts, or while it is under way, and start it
// again at the same address.
struct KillSpec {
  ActionIndex before = 0;
  std::string process;                 // a ledger's origin, "bridge" or "observer"
  std::chrono::milliseconds after{0};  // from the action's start
  std::chrono::milliseconds down{0};   // until it is started again
};

struct LiveOptions {
  // Where causeway-node, causeway-bridge and causeway-observer lie.
  std::string bin_dir;
  // Keys, certificates, journals and logs of the processes go here. Created; must be empty or not
  // exist.
  std::string work_dir;
  // Leave the processes running after the run until this process gets SIGTERM or SIGINT; where
  // they answer and what they know then stands in <work_dir>/corridor.json (corridor_runner.h).
  bool keep_running = false;
  std::vector<KillSpec> kills;
  // Called after each action ended, from the calling thread; may be empty.
  std::function<void(std::size_t done, std::size_t all)> on_progress;
};

// Does every action of the plan in the order of PlannedAction::after, the virtual calendar
// compressed (business dates are the plan's, ledger time is the wall clock), then waits until the
// observer has verified every log to its end, and stops the processes. Requests whose reply was
// lost are sent again as they are.
//
// The result is as a simulated run's, with mode "live", the observer's findings and the traces of
// all logs. An error means that the run could not be made or finished (a program missing, a process
// that does not come up, a time-out) and names the log file that says more; a broken invariant or a
// rejection is a result, not an error.
absl::StatusOr<RunResult> RunLive(const Plan& plan, const LiveOptions& options);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_LIVE_LIVE_RUNNER_H_
