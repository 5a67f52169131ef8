#include <algorithm>

#include "settlement/liquidity/engine_state.h"

namespace causeway::liquidity {

void Engine::State::Tell(EffectKind kind, PaymentId payment, std::int64_t amount, Effects& effects,
                         Refusal refusal) {
  effects.push_back(Effect{.time = now,
                           .amount = core::Amount::FromMinor(amount),
                           .payment = payment,
                           .kind = kind,
                           .refusal = refusal});
}

// What of the payment could settle now: all, a part, or nothing.
std::int64_t Engine::State::PartOf(PaymentId payment) {
  const Node& node = nodes[payment];
  const std::int64_t usable = Usable(node, PriorityOf(payment));
  const Splitting& splitting = rules.splitting;
  const bool may_split = splitting.part_min.IsPositive() &&
                         node.amount + settled_parts[payment] >= splitting.threshold.minor();
  if (!may_split) return node.amount <= usable ? node.amount : 0;
  std::int64_t part = std::min(node.amount, usable);
  if (splitting.part_max.IsPositive()) part = std::min(part, splitting.part_max.minor());
  const bool may_be = part >= splitting.part_min.minor() && parts < rules.parts_max;
  return part == node.amount || may_be ? part : 0;
}

// Settles the payment alone, in parts where it may, as far as it is covered. True when all of it
// has settled. It may wait or not yet.
bool Engine::State::TrySettle(PaymentId payment, Cause cause, Effects& effects) {
  Node& node = nodes[payment];
  const bool waits = IsQueued(payment);
  while (true) {
    const std::int64_t part = PartOf(payment);
    if (part == 0) return false;
    const bool whole = part == node.amount;
    if (!whole) ++parts;
    if (whole && waits) {
      Dequeue(payment);
    } else if (!whole && waits) {
      Reduce(payment, part);
    } else if (!whole) {
      node.amount -= part;
      settled_parts[payment] += part;
    }
    BookOne(node, PriorityOf(payment), part);
    effects.push_back(Effect{.time = now,
                             .amount = core::Amount::FromMinor(part),
                             .payment = payment,
                             .kind = whole ? EffectKind::kSettled : EffectKind::kPartSettled,
                             .cause = cause});
    if (!whole) continue;
    SetState(payment, PaymentState::kSettled);
    return true;
  }
}

void Engine::State::MakeDue(BankIndex bank) {
  BankState& state = banks[bank];
  if (state.due || state.queued_count == 0 || rules.discipline == Discipline::kDeferred) return;
  state.due = true;
  due.push_back(bank);
}

void Engine::State::Retry(Effects& effects) {
  while (due_next < due.size()) {
    const BankIndex bank = due[due_next++];
    banks[bank].due = false;
    Release(bank, effects);
  }
  due.clear();
  due_next = 0;
}

void Engine::State::Release(BankIndex bank, Effects& effects) {
  while (true) {
    const PaymentId front = Front(bank);
    if (front == kNoPayment) return;
    if (MayPass(front)) {
      ReleaseBypassing(bank, effects);
      return;
    }
    const bool settled = LinkOf(front) != 0 ? TryPair(front, effects)
                                            : TrySettle(front, Cause::kQueueRelease, effects);
    if (!settled) return;
  }
}

// Once through the queue: what one payment takes never makes room for an earlier one.
void Engine::State::ReleaseBypassing(BankIndex bank, Effects& effects) {
  // The most urgent ones may use most; what is found is then tested for itself.
  Priority widest = Priority::kNormal;
  if (classes == 1 && banks[bank].queued.out[1] > 0) widest = Priority::kHigh;
  if (classes == 1 && banks[bank].queued.out[0] > 0) widest = Priority::kUrgent;
  const BypassIndex& index = bypass[bank];
  std::uint32_t slot = 0;
  while (true) {
    slot = index.Find(slot, UsableFunds(banks[bank], widest));
    if (slot == BypassIndex::kNoSlot) return;
    const PaymentId payment = index.At(slot);
    if (LinkOf(payment) != 0) {
      TryPair(payment, effects);
    } else {
      TrySettle(payment, Cause::kQueueRelease, effects);
    }
    ++slot;
  }
}

}  // namespace causeway::liquidity
