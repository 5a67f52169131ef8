#include "settlement/liquidity/types.h"

namespace causeway::liquidity {

std::string_view Name(Priority priority) {
  switch (priority) {
    case Priority::kUrgent:
      return "urgent";
    case Priority::kHigh:
      return "high";
    case Priority::kNormal:
      return "normal";
  }
  return "unknown";
}

std::string_view Name(Discipline discipline) {
  switch (discipline) {
    case Discipline::kImmediate:
      return "immediate";
    case Discipline::kFifo:
      return "fifo";
    case Discipline::kFifoBypass:
      return "fifo-bypass";
    case Discipline::kPriority:
      return "priority";
    case Discipline::kDeferred:
      return "deferred";
  }
  return "unknown";
}

std::string_view Name(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kNone:
      return "none";
    case Algorithm::kBilateral:
      return "bilateral";
    case Algorithm::kBilateralSingle:
      return "bilateral-single";
    case Algorithm::kBechSoramaki:
      return "bech-soramaki";
    case Algorithm::kGreedy:
      return "greedy";
    case Algorithm::kCycle:
      return "cycle";
    case Algorithm::kAllOrNothing:
      return "all-or-nothing";
    case Algorithm::kPartial:
      return "partial";
    case Algorithm::kMultiple:
      return "multiple";
    case Algorithm::kExact:
      return "exact";
    case Algorithm::kDiagnose:
      return "diagnose";
  }
  return "unknown";
}

std::string_view Name(Cause cause) {
  switch (cause) {
    case Cause::kNone:
      return "none";
    case Cause::kImmediate:
      return "immediate";
    case Cause::kQueueRelease:
      return "queue-release";
    case Cause::kBilateralEntry:
      return "bilateral-entry";
    case Cause::kBilateralQueue:
      return "bilateral-queue";
    case Cause::kMultilateralRun:
      return "multilateral-run";
    case Cause::kCycle:
      return "cycle";
  }
  return "unknown";
}

std::string_view Name(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNone:
      return "none";
    case Refusal::kUnknownBank:
      return "unknown-bank";
    case Refusal::kSameBank:
      return "same-bank";
    case Refusal::kAmountNotPositive:
      return "amount-not-positive";
    case Refusal::kTotalTooLarge:
      return "total-too-large";
    case Refusal::kTooManyPayments:
      return "too-many-payments";
    case Refusal::kUncovered:
      return "uncovered";
    case Refusal::kSenderLimit:
      return "sender-limit";
    case Refusal::kHoldingLimit:
      return "holding-limit";
    case Refusal::kClosed:
      return "closed";
    case Refusal::kUnknownPayment:
      return "unknown-payment";
    case Refusal::kNotQueued:
      return "not-queued";
    case Refusal::kInvalidChange:
      return "invalid-change";
    case Refusal::kLinkComplete:
      return "link-complete";
  }
  return "unknown";
}

std::string_view Name(QueueState state) {
  switch (state) {
    case QueueState::kEmpty:
      return "empty";
    case QueueState::kGridlock:
      return "gridlock";
    case QueueState::kDeadlock:
      return "deadlock";
    case QueueState::kUndecided:
      return "undecided";
  }
  return "unknown";
}

}  // namespace causeway::liquidity
