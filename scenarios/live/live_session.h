// A corridor that runs, and everybody in it: starts the processes for a plan and performs its
// actions. What live_runner.h and corridor_runner.h are made of. Not synchronised.
#ifndef CAUSEWAY_SCENARIOS_LIVE_LIVE_SESSION_H_
#define CAUSEWAY_SCENARIOS_LIVE_LIVE_SESSION_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scenarios/live/corridor.h"
#include "scenarios/live/request_sender.h"
#include "scenarios/spec/actor.h"
#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"

namespace causeway::sim {

class LiveSession {
 public:
  // Returns when every process serves. The plan must outlive the session. FailedPrecondition when
  // `work_dir` has content or the plan's calendar begins in the future, where ledger time cannot
  // follow it.
  static absl::StatusOr<std::unique_ptr<LiveSession>> Start(const Plan& plan,
                                                            const std::string& bin_dir,
                                                            const std::string& work_dir);

  // To its end. An error when its outcome stayed unknown; then also names the action.
  absl::StatusOr<ActionResult> Perform(const PlannedAction& action);

  // Closes the connections, then stops the processes: Corridor::Stop. Nothing else may follow.
  absl::Status Stop();

  Corridor& corridor() { return *corridor_; }
  CorridorClients& clients() { return *clients_; }

 private:
  explicit LiveSession(const Plan& plan) : plan_(plan) {}

  const Plan& plan_;
  std::unique_ptr<KeyRing> keys_;
  std::unique_ptr<Corridor> corridor_;
  std::unique_ptr<CorridorClients> clients_;
  std::unique_ptr<RequestSender> sender_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_LIVE_LIVE_SESSION_H_
