#include "scenarios/live/corridor_runner.h"

#include <cstdio>
#include <memory>
#include <variant>

#include "fmt/format.h"
#include "scenarios/live/corridor_description.h"
#include "scenarios/live/live_session.h"
#include "settlement/core/outcome.h"
#include "settlement/rpc/server.h"

namespace causeway::sim {
namespace {

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
  rpc::WaitForStopSignal();
  return (*session)->Stop();
}

}  // namespace causeway::sim
