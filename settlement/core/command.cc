#include "settlement/core/command.h"

#include <type_traits>

namespace causeway::core {

std::string_view ActionKindName(ActionKind kind) {
  switch (kind) {
    case ActionKind::kNone:
      return "none";
    case ActionKind::kPay:
      return "pay";
    case ActionKind::kRequestIssue:
      return "request-issue";
    case ActionKind::kIssue:
      return "issue";
    case ActionKind::kRedeem:
      return "redeem";
    case ActionKind::kApprove:
      return "approve";
    case ActionKind::kRefuse:
      return "refuse";
    case ActionKind::kCancel:
      return "cancel";
    case ActionKind::kRegisterParticipant:
      return "register-participant";
    case ActionKind::kUpdateKeys:
      return "update-keys";
    case ActionKind::kOpenAccount:
      return "open-account";
    case ActionKind::kCloseAccount:
      return "close-account";
    case ActionKind::kSetFreeze:
      return "set-freeze";
    case ActionKind::kSetLimits:
      return "set-limits";
    case ActionKind::kSetDayPhase:
      return "set-day-phase";
    case ActionKind::kSetSettlementPolicy:
      return "set-settlement-policy";
    case ActionKind::kOperatorOverride:
      return "operator-override";
    case ActionKind::kSettlementLeg:
      return "settlement-leg";
    case ActionKind::kPrepare:
      return "prepare";
    case ActionKind::kComplete:
      return "complete";
    case ActionKind::kPayBulk:
      return "pay-bulk";
    case ActionKind::kOrderAbort:
      return "order-abort";
    case ActionKind::kLockFunds:
      return "lock-funds";
    case ActionKind::kClaimLock:
      return "claim-lock";
    case ActionKind::kRefundLock:
      return "refund-lock";
    case ActionKind::kSetQueueRules:
      return "set-queue-rules";
    case ActionKind::kReprioritise:
      return "reprioritise";
    case ActionKind::kOptimiseQueue:
      return "optimise-queue";
    case ActionKind::kSetReservations:
      return "set-reservations";
    case ActionKind::kSetReleaseThreshold:
      return "set-release-threshold";
    case ActionKind::kSetSenderLimit:
      return "set-sender-limit";
    case ActionKind::kSetCredit:
      return "set-credit";
    case ActionKind::kSetCreditPrice:
      return "set-credit-price";
    case ActionKind::kCreditCharge:
      return "credit-charge";
  }
  return "unknown";
}

std::string_view InstructionStatusName(InstructionStatus status) {
  switch (status) {
    case InstructionStatus::kNone:
      return "none";
    case InstructionStatus::kAwaitingApproval:
      return "awaiting-approval";
    case InstructionStatus::kWarehoused:
      return "warehoused";
    case InstructionStatus::kQueued:
      return "queued";
    case InstructionStatus::kPrepared:
      return "prepared";
    case InstructionStatus::kSettled:
      return "settled";
    case InstructionStatus::kRejected:
      return "rejected";
    case InstructionStatus::kCancelled:
      return "cancelled";
    case InstructionStatus::kExpired:
      return "expired";
    case InstructionStatus::kAborted:
      return "aborted";
  }
  return "unknown";
}

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kNone:
      return "none";
    case Role::kCentralBank:
      return "central-bank";
    case Role::kCommercialBank:
      return "commercial-bank";
    case Role::kFxProvider:
      return "fx-provider";
    case Role::kBridge:
      return "bridge";
    case Role::kObserver:
      return "observer";
  }
  return "unknown";
}

std::string_view PaymentPriorityName(PaymentPriority priority) {
  switch (priority) {
    case PaymentPriority::kNormal:
      return "normal";
    case PaymentPriority::kHigh:
      return "high";
    case PaymentPriority::kUrgent:
      return "urgent";
  }
  return "unknown";
}

std::string_view QueueDisciplineName(QueueDiscipline discipline) {
  switch (discipline) {
    case QueueDiscipline::kNone:
      return "none";
    case QueueDiscipline::kFifo:
      return "fifo";
    case QueueDiscipline::kFifoBypass:
      return "fifo-bypass";
    case QueueDiscipline::kPriority:
      return "priority";
    case QueueDiscipline::kImmediate:
      return "immediate";
    case QueueDiscipline::kDeferred:
      return "deferred";
  }
  return "unknown";
}

std::string_view QueueOptimisationName(QueueOptimisation algorithm) {
  switch (algorithm) {
    case QueueOptimisation::kNone:
      return "none";
    case QueueOptimisation::kBechSoramaki:
      return "bech-soramaki";
  }
  return "unknown";
}

std::string_view QueueAlgorithmName(QueueAlgorithm algorithm) {
  switch (algorithm) {
    case QueueAlgorithm::kNone:
      return "none";
    case QueueAlgorithm::kBilateral:
      return "bilateral";
    case QueueAlgorithm::kBilateralSingle:
      return "bilateral-single";
    case QueueAlgorithm::kBechSoramaki:
      return "bech-soramaki";
    case QueueAlgorithm::kGreedy:
      return "greedy";
    case QueueAlgorithm::kCycle:
      return "cycle";
    case QueueAlgorithm::kAllOrNothing:
      return "all-or-nothing";
    case QueueAlgorithm::kPartial:
      return "partial";
    case QueueAlgorithm::kMultiple:
      return "multiple";
    case QueueAlgorithm::kExact:
      return "exact";
  }
  return "unknown";
}

std::string_view QueueReleaseName(QueueRelease release) {
  switch (release) {
    case QueueRelease::kNone:
      return "none";
    case QueueRelease::kFunds:
      return "funds";
    case QueueRelease::kReceiptReactive:
      return "receipt-reactive";
    case QueueRelease::kBalanceReactive:
      return "balance-reactive";
  }
  return "unknown";
}

std::string_view QueueEntryOffsetName(QueueEntryOffset offset) {
  switch (offset) {
    case QueueEntryOffset::kNone:
      return "none";
    case QueueEntryOffset::kHeads:
      return "heads";
    case QueueEntryOffset::kSingle:
      return "single";
  }
  return "unknown";
}

bool QueueRules::NeedSelector() const {
  return discipline == QueueDiscipline::kImmediate || discipline == QueueDiscipline::kDeferred ||
         normal_bypass || release != QueueRelease::kNone || receipt_window != Duration::Zero() ||
         entry_offset != QueueEntryOffset::kNone || entry_counter_payments_max != 0 ||
         !optimisations.empty() || splitting != QueueSplitting{} || limits_bind_all;
}

std::string_view DayPhaseName(DayPhase phase) {
  switch (phase) {
    case DayPhase::kNone:
      return "none";
    case DayPhase::kOpen:
      return "open";
    case DayPhase::kCutOff:
      return "cut-off";
    case DayPhase::kClosed:
      return "closed";
  }
  return "unknown";
}

const PolicyLedger* SettlementPolicy::Find(const LedgerOrigin& ledger) const {
  for (const PolicyLedger& entry : ledgers) {
    if (entry.ledger == ledger) return &entry;
  }
  return nullptr;
}

namespace {

struct KindVisitor {
  ActionKind operator()(const Pay&) const { return ActionKind::kPay; }
  ActionKind operator()(const PayBatch&) const { return ActionKind::kPay; }
  ActionKind operator()(const RequestIssue&) const { return ActionKind::kRequestIssue; }
  ActionKind operator()(const Issue&) const { return ActionKind::kIssue; }
  ActionKind operator()(const Redeem&) const { return ActionKind::kRedeem; }
  ActionKind operator()(const Approve&) const { return ActionKind::kApprove; }
  ActionKind operator()(const Refuse&) const { return ActionKind::kRefuse; }
  ActionKind operator()(const Cancel&) const { return ActionKind::kCancel; }
  ActionKind operator()(const RegisterParticipant&) const {
    return ActionKind::kRegisterParticipant;
  }
  ActionKind operator()(const UpdateKeys&) const { return ActionKind::kUpdateKeys; }
  ActionKind operator()(const OpenAccount&) const { return ActionKind::kOpenAccount; }
  ActionKind operator()(const CloseAccount&) const { return ActionKind::kCloseAccount; }
  ActionKind operator()(const SetFreeze&) const { return ActionKind::kSetFreeze; }
  ActionKind operator()(const SetLimits&) const { return ActionKind::kSetLimits; }
  ActionKind operator()(const SetDayPhase&) const { return ActionKind::kSetDayPhase; }
  ActionKind operator()(const SetSettlementPolicy&) const {
    return ActionKind::kSetSettlementPolicy;
  }
  ActionKind operator()(const OperatorOverride&) const { return ActionKind::kOperatorOverride; }
  ActionKind operator()(const OrderAbort&) const { return ActionKind::kOrderAbort; }
  ActionKind operator()(const LockFunds&) const { return ActionKind::kLockFunds; }
  ActionKind operator()(const ClaimLock&) const { return ActionKind::kClaimLock; }
  ActionKind operator()(const RefundLock&) const { return ActionKind::kRefundLock; }
  ActionKind operator()(const SetQueueRules&) const { return ActionKind::kSetQueueRules; }
  ActionKind operator()(const Reprioritise&) const { return ActionKind::kReprioritise; }
  ActionKind operator()(const OptimiseQueue&) const { return ActionKind::kOptimiseQueue; }
  ActionKind operator()(const SetReservations&) const { return ActionKind::kSetReservations; }
  ActionKind operator()(const SetReleaseThreshold&) const {
    return ActionKind::kSetReleaseThreshold;
  }
  ActionKind operator()(const SetSenderLimit&) const { return ActionKind::kSetSenderLimit; }
  ActionKind operator()(const SetCredit&) const { return ActionKind::kSetCredit; }
  ActionKind operator()(const SetCreditPrice&) const { return ActionKind::kSetCreditPrice; }
};

}  // namespace

ActionKind KindOf(const Action& action) { return std::visit(KindVisitor{}, action); }

}  // namespace causeway::core
