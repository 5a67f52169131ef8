#include "scenarios/live/live_runner.h"

#include <memory>
#include <utility>

#include "fmt/format.h"
#include "scenarios/live/corridor_description.h"
#include "scenarios/live/live_session.h"
#include "scenarios/live/result_collector.h"
#include "settlement/rpc/server.h"

namespace causeway::sim {
namespace {

absl::Status CheckKill(const Plan& plan, const KillSpec& kill) {
  if (kill.before >= plan.actions.size()) {
    return absl::InvalidArgumentError(
        fmt::format("kill before action {}: the plan has {}", kill.before, plan.actions.size()));
  }
  std::string known;
  if (plan.bridge) known = kBridgeProcess;
  if (plan.bridge && kill.process == kBridgeProcess) return absl::OkStatus();
  if (plan.bridge) {
    for (std::size_t i = plan.ledgers.size(); i < plan.bridge->witnesses.size(); ++i) {
      if (kill.process == WitnessProcess(i)) return absl::OkStatus();
      known += ", " + WitnessProcess(i);
    }
  }
  if (kill.process == kObserverProcess) return absl::OkStatus();
  for (const PlannedLedger& ledger : plan.ledgers) {
    if (kill.process == ledger.origin.text()) return absl::OkStatus();
    known += fmt::format("{}{}", known.empty() ? "" : ", ", ledger.origin.text());
  }
  return absl::InvalidArgumentError(
      fmt::format("kill: no process {}; there are: {}, {}", kill.process, known, kObserverProcess));
}

absl::StatusOr<std::vector<ActionResult>> PerformAll(const Plan& plan, const LiveOptions& options,
                                                     LiveSession& session) {
  std::vector<ActionResult> results;
  results.reserve(plan.actions.size());
  for (const PlannedAction& action : plan.actions) {
    for (const KillSpec& kill : options.kills) {
      if (kill.before != action.index) continue;
      session.corridor().KillAndRestart(kill.process, kill.after, kill.down);
    }
    absl::StatusOr<ActionResult> result = session.Perform(action);
    if (!result.ok()) return result.status();
    results.push_back(*std::move(result));
    if (options.on_progress) options.on_progress(results.size(), plan.actions.size());
  }
  return results;
}

absl::Status KeepRunning(const Plan& plan, const Corridor& corridor) {
  const absl::StatusOr<std::string> file = DescribeCorridor(plan, corridor);
  if (!file.ok()) return file.status();
  fmt::print(stderr, "the processes are running, see {}; SIGTERM or SIGINT ends them\n", *file);
  rpc::WaitForStopSignal();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RunResult> RunLive(const Plan& plan, const LiveOptions& options) {
  for (const KillSpec& kill : options.kills) {
    if (absl::Status status = CheckKill(plan, kill); !status.ok()) return status;
  }
  if (options.keep_running) rpc::BlockStopSignals();
  absl::StatusOr<std::unique_ptr<LiveSession>> session =
      LiveSession::Start(plan, options.bin_dir, options.work_dir);
  if (!session.ok()) return session.status();
  absl::StatusOr<std::vector<ActionResult>> actions = PerformAll(plan, options, **session);
  if (!actions.ok()) return actions.status();
  if (absl::Status status = (*session)->corridor().WaitForRestarts(); !status.ok()) return status;
  absl::StatusOr<RunResult> result =
      CollectResult(plan, (*session)->clients(), *std::move(actions));
  if (!result.ok()) return result.status();
  if (options.keep_running) {
    if (absl::Status status = KeepRunning(plan, (*session)->corridor()); !status.ok()) {
      return status;
    }
  }
  if (absl::Status status = (*session)->Stop(); !status.ok()) return status;
  return result;
}

}  // namespace causeway::sim
