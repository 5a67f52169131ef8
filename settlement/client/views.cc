#include "settlement/client/views.h"

namespace causeway::client {

bool IsTerminal(core::InstructionStatus status) {
  switch (status) {
    case core::InstructionStatus::kSettled:
    case core::InstructionStatus::kRejected:
    case core::InstructionStatus::kCancelled:
    case core::InstructionStatus::kExpired:
    case core::InstructionStatus::kAborted:
      return true;
    case core::InstructionStatus::kNone:
    case core::InstructionStatus::kAwaitingApproval:
    case core::InstructionStatus::kWarehoused:
    case core::InstructionStatus::kQueued:
    case core::InstructionStatus::kPrepared:
      return false;
  }
  return false;
}

}  // namespace causeway::client
