#include <algorithm>

#include "settlement/liquidity/engine_state.h"

// Changes of terms and of what waits. Each ends with a retry of what it may have made room for.
namespace causeway::liquidity {

// kNone when the payment waits and may be moved or cancelled.
Refusal Engine::State::WhyFixed(PaymentId payment) const {
  if (closed) return Refusal::kClosed;
  if (payment >= nodes.size()) return Refusal::kUnknownPayment;
  return IsQueued(payment) ? Refusal::kNone : Refusal::kNotQueued;
}

Refusal Engine::State::WhyNoChange(BankIndex bank, bool values_fit) const {
  if (closed) return Refusal::kClosed;
  if (bank >= banks.size()) return Refusal::kUnknownBank;
  return values_fit ? Refusal::kNone : Refusal::kInvalidChange;
}

// Takes a payment out of the order of its queue and puts it at an end of it, with a priority.
void Engine::State::Move(PaymentId payment, Priority priority, bool to_front) {
  const Node& node = nodes[payment];
  if (MayPass(payment)) bypass[node.sender].Remove(bypass_slots[payment]);
  Unlink(payment);
  Flows& queued = banks[node.sender].queued;
  queued.out[static_cast<std::size_t>(PriorityOf(payment))] -= node.amount;
  SetPriority(payment, priority);
  queued.out[static_cast<std::size_t>(priority)] += node.amount;
  Link(payment, to_front);
  if (MayPass(payment)) IndexForBypass(payment);
}

Refusal Engine::Cancel(core::LedgerTime time, PaymentId payment, Effects& effects) {
  State& state = *state_;
  state.Advance(time, effects);
  const Refusal refusal = state.WhyFixed(payment);
  if (refusal != Refusal::kNone) return refusal;
  state.Dequeue(payment);
  state.SetState(payment, PaymentState::kCancelled);
  state.Tell(EffectKind::kCancelled, payment, state.nodes[payment].amount, effects);
  state.MakeDue(state.nodes[payment].sender);
  state.Retry(effects);
  return Refusal::kNone;
}

Refusal Engine::Reprioritise(core::LedgerTime time, PaymentId payment, Priority priority,
                             Effects& effects) {
  State& state = *state_;
  state.Advance(time, effects);
  const Refusal refusal = state.WhyFixed(payment);
  if (refusal != Refusal::kNone) return refusal;
  if (state.PriorityOf(payment) == priority) return Refusal::kNone;
  if (state.classes == 1) {
    Flows& queued = state.banks[state.nodes[payment].sender].queued;
    queued.out[static_cast<std::size_t>(state.PriorityOf(payment))] -= state.nodes[payment].amount;
    queued.out[static_cast<std::size_t>(priority)] += state.nodes[payment].amount;
    state.SetPriority(payment, priority);
  } else {
    state.Move(payment, priority, /*to_front=*/false);
  }
  state.MakeDue(state.nodes[payment].sender);
  state.Retry(effects);
  return Refusal::kNone;
}

Refusal Engine::MoveToFront(core::LedgerTime time, PaymentId payment, Effects& effects) {
  State& state = *state_;
  state.Advance(time, effects);
  const Refusal refusal = state.WhyFixed(payment);
  if (refusal != Refusal::kNone) return refusal;
  state.Move(payment, state.PriorityOf(payment), /*to_front=*/true);
  state.MakeDue(state.nodes[payment].sender);
  state.Retry(effects);
  return Refusal::kNone;
}

Refusal Engine::MoveToEnd(core::LedgerTime time, PaymentId payment, Effects& effects) {
  State& state = *state_;
  state.Advance(time, effects);
  const Refusal refusal = state.WhyFixed(payment);
  if (refusal != Refusal::kNone) return refusal;
  state.Move(payment, state.PriorityOf(payment), /*to_front=*/false);
  state.MakeDue(state.nodes[payment].sender);
  state.Retry(effects);
  return Refusal::kNone;
}

Refusal Engine::ChangeBalance(core::LedgerTime time, BankIndex bank, core::Amount change,
                              Effects& effects) {
  State& state = *state_;
  state.Advance(time, effects);
  const bool fits = change.minor() >= -kTotalMinorMax && change.minor() <= kTotalMinorMax;
  const Refusal refusal = state.WhyNoChange(bank, fits);
  if (refusal != Refusal::kNone) return refusal;
  BankState& changed = state.banks[bank];
  if (changed.Funds() + change.minor() < 0) return Refusal::kUncovered;
  if (state.total_funds + change.minor() > kTotalMinorMax) return Refusal::kTotalTooLarge;
  state.ChangeBankBalance(changed, change.minor());
  state.total_balance += change.minor();
  state.total_funds += change.minor();
  state.MakeDue(bank);
  state.WakeSendersTo(bank);
  state.Retry(effects);
  return Refusal::kNone;
}

Refusal Engine::SetCredit(core::LedgerTime time, BankIndex bank, core::Amount collateral,
                          std::uint32_t haircut_basis_points, core::Amount uncollateralised,
                          Effects& effects) {
  State& state = *state_;
  state.Advance(time, effects);
  const bool fits = IsBounded(collateral) && IsBounded(uncollateralised) &&
                    haircut_basis_points <= kHaircutBasisPointsMax;
  const Refusal refusal = state.WhyNoChange(bank, fits);
  if (refusal != Refusal::kNone) return refusal;
  BankState& changed = state.banks[bank];
  const std::int64_t line = CreditLineOf(collateral, haircut_basis_points, uncollateralised);
  if (changed.balance < -line) return Refusal::kUncovered;
  const std::int64_t total = state.total_funds - changed.credit_line + line;
  if (total > kTotalMinorMax) return Refusal::kTotalTooLarge;
  state.total_funds = total;
  changed.credit_line = line;
  state.MakeDue(bank);
  state.Retry(effects);
  return Refusal::kNone;
}

Refusal Engine::SetReservations(core::LedgerTime time, BankIndex bank, core::Amount urgent,
                                core::Amount high, Effects& effects) {
  State& state = *state_;
  state.Advance(time, effects);
  const Refusal refusal = state.WhyNoChange(bank, IsBounded(urgent) && IsBounded(high));
  if (refusal != Refusal::kNone) return refusal;
  state.banks[bank].reserved_urgent = urgent.minor();
  state.banks[bank].reserved_high = high.minor();
  state.MakeDue(bank);
  state.Retry(effects);
  return Refusal::kNone;
}

Refusal Engine::SetReleaseThreshold(core::LedgerTime time, BankIndex bank, core::Amount threshold,
                                    Effects& effects) {
  State& state = *state_;
  state.Advance(time, effects);
  const Refusal refusal = state.WhyNoChange(bank, IsBounded(threshold));
  if (refusal != Refusal::kNone) return refusal;
  state.banks[bank].release_threshold = threshold.minor();
  state.MakeDue(bank);
  state.Retry(effects);
  return Refusal::kNone;
}

Refusal Engine::SetHoldingLimit(core::LedgerTime time, BankIndex bank,
                                std::optional<core::Amount> limit, Effects& effects) {
  State& state = *state_;
  state.Advance(time, effects);
  const Refusal refusal = state.WhyNoChange(bank, !limit.has_value() || IsBounded(*limit));
  if (refusal != Refusal::kNone) return refusal;
  // While any limit stands there may be more room; then without one.
  if (limit.has_value()) state.banks[bank].holding_limit = limit->minor();
  state.WakeSendersTo(bank);
  if (!limit.has_value()) state.banks[bank].holding_limit = kUnlimited;
  state.Retry(effects);
  return Refusal::kNone;
}

SenderLimits& Engine::State::LimitsOf(BankIndex bank) {
  if (limits.empty()) limits.resize(banks.size());
  return limits[bank];
}

Refusal Engine::SetBilateralLimit(core::LedgerTime time, BankIndex sender, BankIndex receiver,
                                  std::optional<core::Amount> limit, Effects& effects) {
  State& state = *state_;
  state.Advance(time, effects);
  const Refusal refusal = state.WhyNoChange(sender, !limit.has_value() || IsBounded(*limit));
  if (refusal != Refusal::kNone) return refusal;
  if (receiver >= state.banks.size()) return Refusal::kUnknownBank;
  if (receiver == sender) return Refusal::kSameBank;
  SenderLimits& limits = state.LimitsOf(sender);
  limits.SetBilateral(receiver, limit.has_value() ? std::optional(limit->minor()) : std::nullopt);
  state.banks[sender].limited = !limits.empty();
  state.MakeDue(sender);
  state.Retry(effects);
  return Refusal::kNone;
}

Refusal Engine::SetMultilateralLimit(core::LedgerTime time, BankIndex bank,
                                     std::optional<core::Amount> limit, Effects& effects) {
  State& state = *state_;
  state.Advance(time, effects);
  const Refusal refusal = state.WhyNoChange(bank, !limit.has_value() || IsBounded(*limit));
  if (refusal != Refusal::kNone) return refusal;
  SenderLimits& limits = state.LimitsOf(bank);
  limits.SetMultilateral(limit.has_value() ? std::optional(limit->minor()) : std::nullopt);
  state.banks[bank].limited = !limits.empty();
  state.MakeDue(bank);
  state.Retry(effects);
  return Refusal::kNone;
}

}  // namespace causeway::liquidity
