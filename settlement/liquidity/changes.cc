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

namespace {

// Changes a payment that waits: `apply` does it. Then its payer's queue is tried again.
template <typename Apply>
Refusal ChangePayment(Engine::State& state, core::LedgerTime time, PaymentId payment,
                      Engine::Effects& effects, Apply apply) {
  state.Advance(time, effects);
  const Refusal refusal = state.WhyFixed(payment);
  if (refusal != Refusal::kNone) return refusal;
  apply();
  state.MakeDue(state.nodes[payment].sender);
  state.Retry(effects);
  return Refusal::kNone;
}

// Changes a bank's terms: `apply` does it, or says why not and has changed nothing. Then its queue,
// and whatever else `apply` made due, is tried again.
template <typename Apply>
Refusal ChangeBank(Engine::State& state, core::LedgerTime time, BankIndex bank, bool values_fit,
                   Engine::Effects& effects, Apply apply) {
  state.Advance(time, effects);
  Refusal refusal = state.WhyNoChange(bank, values_fit);
  if (refusal == Refusal::kNone) refusal = apply(state.banks[bank]);
  if (refusal != Refusal::kNone) return refusal;
  state.MakeDue(bank);
  state.Retry(effects);
  return Refusal::kNone;
}

std::optional<std::int64_t> MinorOf(const std::optional<core::Amount>& amount) {
  return amount.has_value() ? std::optional(amount->minor()) : std::nullopt;
}

}  // namespace

Refusal Engine::Cancel(core::LedgerTime time, PaymentId payment, Effects& effects) {
  State& state = *state_;
  return ChangePayment(state, time, payment, effects, [&] {
    state.Dequeue(payment);
    state.SetState(payment, PaymentState::kCancelled);
    state.Tell(EffectKind::kCancelled, payment, state.nodes[payment].amount, effects);
  });
}

Refusal Engine::Reprioritise(core::LedgerTime time, PaymentId payment, Priority priority,
                             Effects& effects) {
  State& state = *state_;
  return ChangePayment(state, time, payment, effects, [&] {
    if (state.PriorityOf(payment) == priority) return;
    if (state.classes > 1) return state.Move(payment, priority, /*to_front=*/false);
    const std::int64_t amount = state.nodes[payment].amount;
    Flows& queued = state.banks[state.nodes[payment].sender].queued;
    queued.out[static_cast<std::size_t>(state.PriorityOf(payment))] -= amount;
    queued.out[static_cast<std::size_t>(priority)] += amount;
    state.SetPriority(payment, priority);
  });
}

Refusal Engine::MoveToFront(core::LedgerTime time, PaymentId payment, Effects& effects) {
  State& state = *state_;
  return ChangePayment(state, time, payment, effects,
                       [&] { state.Move(payment, state.PriorityOf(payment), /*to_front=*/true); });
}

Refusal Engine::MoveToEnd(core::LedgerTime time, PaymentId payment, Effects& effects) {
  State& state = *state_;
  return ChangePayment(state, time, payment, effects,
                       [&] { state.Move(payment, state.PriorityOf(payment), /*to_front=*/false); });
}

Refusal Engine::ChangeBalance(core::LedgerTime time, BankIndex bank, core::Amount change,
                              Effects& effects) {
  State& state = *state_;
  const std::int64_t by = change.minor();
  const bool fits = by >= -kTotalMinorMax && by <= kTotalMinorMax;
  return ChangeBank(state, time, bank, fits, effects, [&](BankState& changed) {
    if (changed.Funds() + by < 0) return Refusal::kUncovered;
    if (state.total_funds + by > kTotalMinorMax) return Refusal::kTotalTooLarge;
    state.ChangeBankBalance(changed, by);
    state.total_balance += by;
    state.total_funds += by;
    state.MakeDue(bank);
    state.WakeSendersTo(bank);
    return Refusal::kNone;
  });
}

Refusal Engine::SetCredit(core::LedgerTime time, BankIndex bank, core::Amount collateral,
                          std::uint32_t haircut_basis_points, core::Amount uncollateralised,
                          Effects& effects) {
  State& state = *state_;
  const bool fits = IsBounded(collateral) && IsBounded(uncollateralised) &&
                    haircut_basis_points <= kHaircutBasisPointsMax;
  return ChangeBank(state, time, bank, fits, effects, [&](BankState& changed) {
    const std::int64_t line = CreditLineOf(collateral, haircut_basis_points, uncollateralised);
    if (changed.balance < -line) return Refusal::kUncovered;
    const std::int64_t total = state.total_funds - changed.credit_line + line;
    if (total > kTotalMinorMax) return Refusal::kTotalTooLarge;
    state.total_funds = total;
    changed.credit_line = line;
    return Refusal::kNone;
  });
}

Refusal Engine::SetReservations(core::LedgerTime time, BankIndex bank, core::Amount urgent,
                                core::Amount high, Effects& effects) {
  return ChangeBank(*state_, time, bank, IsBounded(urgent) && IsBounded(high), effects,
                    [&](BankState& changed) {
                      changed.reserved_urgent = urgent.minor();
                      changed.reserved_high = high.minor();
                      return Refusal::kNone;
                    });
}

Refusal Engine::SetReleaseThreshold(core::LedgerTime time, BankIndex bank, core::Amount threshold,
                                    Effects& effects) {
  return ChangeBank(*state_, time, bank, IsBounded(threshold), effects, [&](BankState& changed) {
    changed.release_threshold = threshold.minor();
    return Refusal::kNone;
  });
}

Refusal Engine::SetHoldingLimit(core::LedgerTime time, BankIndex bank,
                                std::optional<core::Amount> limit, Effects& effects) {
  State& state = *state_;
  return ChangeBank(state, time, bank, IsBoundedIfAny(limit), effects, [&](BankState& changed) {
    // While any limit stands there may be more room; then without one.
    if (limit.has_value()) changed.holding_limit = limit->minor();
    state.WakeSendersTo(bank);
    if (!limit.has_value()) changed.holding_limit = kUnlimited;
    return Refusal::kNone;
  });
}

SenderLimits& Engine::State::LimitsOf(BankIndex bank) {
  if (limits.empty()) limits.resize(banks.size());
  return limits[bank];
}

Refusal Engine::SetBilateralLimit(core::LedgerTime time, BankIndex sender, BankIndex receiver,
                                  std::optional<core::Amount> limit, Effects& effects) {
  State& state = *state_;
  return ChangeBank(state, time, sender, IsBoundedIfAny(limit), effects, [&](BankState& changed) {
    if (receiver >= state.banks.size()) return Refusal::kUnknownBank;
    if (receiver == sender) return Refusal::kSameBank;
    SenderLimits& limits = state.LimitsOf(sender);
    limits.SetBilateral(receiver, MinorOf(limit));
    changed.limited = !limits.empty();
    return Refusal::kNone;
  });
}

Refusal Engine::SetMultilateralLimit(core::LedgerTime time, BankIndex bank,
                                     std::optional<core::Amount> limit, Effects& effects) {
  State& state = *state_;
  return ChangeBank(state, time, bank, IsBoundedIfAny(limit), effects, [&](BankState& changed) {
    SenderLimits& limits = state.LimitsOf(bank);
    limits.SetMultilateral(MinorOf(limit));
    changed.limited = !limits.empty();
    return Refusal::kNone;
  });
}

}  // namespace causeway::liquidity
