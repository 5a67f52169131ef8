#include "scenarios/live/corridor_runner.h"

#include <signal.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <variant>

#include "fmt/format.h"
#include "scenarios/live/corridor_description.h"
#include "scenarios/live/live_session.h"
#include "settlement/core/outcome.h"
#include "settlement/rpc/server.h"

namespace causeway::sim {
namespace {

// Between two looks at whether all processes still run.
constexpr std::chrono::milliseconds kLookInterval{500};

// Whether a signal to stop came within the interval; they are blocked.
bool StopSignalCame() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  timespec interval{};
  interval.tv_nsec = std::chrono::nanoseconds(kLookInterval).count();
  return sigtimedwait(&signals, nullptr, &interval) > 0;
}

bool BelongsToSetUp(const PlannedAction& action) {
  if (IsTransaction(action.what)) return false;
  const auto* phase = std::get_if<ChangeDayPhase>(&action.what);
  return phase == nullptr || phase->phase == core::DayPhase::kOpen;
}

}  // namespace

absl::Status RunCorridor(const Plan& plan, const CorridorOptions& options) {
  rpc::BlockStopSignals();
  absl::StatusOr<std::unique_ptr<LiveSession>> session =
      LiveSession::Start(plan, options.bin_dir, options.work_dir);
  if (!session.ok()) return session.status();
  for (const PlannedAction& action : plan.actions) {
    if (!BelongsToSetUp(action)) break;
    const absl::StatusOr<ActionResult> result = (*session)->Perform(action);
    if (!result.ok()) return result.status();
    if (result->status != ActionStatus::kSettled) {
      return absl::FailedPreconditionError(
          fmt::format("{} ({}) was {}: {}", action.id, KindName(action.what),
                      ActionStatusName(result->status), core::Describe(result->rejection)));
    }
  }
  const absl::StatusOr<std::string> file = DescribeCorridor(plan, (*session)->corridor());
  if (!file.ok()) return file.status();
  fmt::print("{}\n", *file);
  std::fflush(stdout);
  // A person, or a test, may have ended one on purpose: the others go on.
  while (!StopSignalCame()) {
    for (const std::string& ended : (*session)->corridor().TakeEnded()) {
      fmt::print(stderr, "{}\n", ended);
    }
  }
  return (*session)->Stop();
}

}  // namespace causeway::sim
