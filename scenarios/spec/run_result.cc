#include "scenarios/spec/run_result.h"

namespace causeway::sim {

std::string_view ActionStatusName(ActionStatus status) {
  switch (status) {
    case ActionStatus::kPending:
      return "pending";
    case ActionStatus::kSettled:
      return "settled";
    case ActionStatus::kRejected:
      return "rejected";
    case ActionStatus::kAborted:
      return "aborted";
    case ActionStatus::kSkipped:
      return "skipped";
    case ActionStatus::kVanished:
      return "vanished";
    case ActionStatus::kHalfDone:
      return "half-done";
    case ActionStatus::kQueued:
      return "queued";
    case ActionStatus::kExpired:
      return "expired";
    case ActionStatus::kWithheld:
      return "withheld";
  }
  return "unknown";
}

void FollowQueued(core::InstructionStatus status, core::LedgerTime time,
                  const std::optional<core::SettledParts>& parts, ActionResult& action) {
  action.ended = time;
  if (status == core::InstructionStatus::kSettled) {
    action.status = ActionStatus::kSettled;
  } else if (parts.has_value()) {
    action.settled_in_parts = parts->settled;
  }
  if (status == core::InstructionStatus::kExpired) action.status = ActionStatus::kExpired;
}

std::string_view SettlementQueueStateName(SettlementQueueState state) {
  switch (state) {
    case SettlementQueueState::kGridlock:
      return "gridlock";
    case SettlementQueueState::kDeadlock:
      return "deadlock";
    case SettlementQueueState::kUndecided:
      return "undecided";
  }
  return "unknown";
}

}  // namespace causeway::sim
