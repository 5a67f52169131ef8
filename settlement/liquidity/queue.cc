#include <algorithm>
#include <numeric>

#include "settlement/core/check.h"
#include "settlement/liquidity/engine_state.h"

namespace causeway::liquidity {

void Engine::State::SetState(PaymentId payment, PaymentState to) {
  flags[payment] = static_cast<std::uint8_t>((flags[payment] & kPriorityMask) |
                                             (static_cast<int>(to) << kStateShift));
}

void Engine::State::SetPriority(PaymentId payment, Priority to) {
  flags[payment] =
      static_cast<std::uint8_t>((flags[payment] & ~kPriorityMask) | static_cast<int>(to));
}

PaymentId Engine::State::Front(BankIndex bank) const {
  for (int c = 0; c < classes; ++c) {
    if (Ends(bank, c).head != kNoPayment) return Ends(bank, c).head;
  }
  return kNoPayment;
}

PaymentId Engine::State::Back(BankIndex bank) const {
  for (int c = classes; c-- > 0;) {
    if (Ends(bank, c).tail != kNoPayment) return Ends(bank, c).tail;
  }
  return kNoPayment;
}

PaymentId Engine::State::After(PaymentId payment) const {
  if (nodes[payment].next != kNoPayment) return nodes[payment].next;
  for (int c = ClassOf(payment) + 1; c < classes; ++c) {
    const PaymentId head = Ends(nodes[payment].sender, c).head;
    if (head != kNoPayment) return head;
  }
  return kNoPayment;
}

PaymentId Engine::State::Before(PaymentId payment) const {
  if (nodes[payment].previous != kNoPayment) return nodes[payment].previous;
  for (int c = ClassOf(payment); c-- > 0;) {
    const PaymentId tail = Ends(nodes[payment].sender, c).tail;
    if (tail != kNoPayment) return tail;
  }
  return kNoPayment;
}

// Whether a new payment of that priority would have to wait for others of its bank.
bool Engine::State::HasAhead(BankIndex bank, Priority priority) const {
  const BankState& state = banks[bank];
  if (state.queued_count == 0) return false;
  if (rules.discipline == Discipline::kFifoBypass) return false;
  if (rules.discipline != Discipline::kPriority) return true;
  const int own = static_cast<int>(priority);
  const bool passes_own = rules.normal_bypass && priority == Priority::kNormal;
  for (int c = 0; c < own + (passes_own ? 0 : 1); ++c) {
    if (Ends(bank, c).head != kNoPayment) return true;
  }
  return false;
}

// Whether the discipline would let the queued payment settle next, if it were covered.
bool Engine::State::Leads(PaymentId payment) const {
  const PaymentId front = Front(nodes[payment].sender);
  return front == payment || (MayPass(payment) && MayPass(front));
}

void Engine::State::Enqueue(PaymentId payment) {
  Link(payment, /*at_front=*/false);
  CountQueued(payment);
  if (MayPass(payment)) IndexForBypass(payment);
}

// All of it but its place in the sender's queue.
void Engine::State::CountQueued(PaymentId payment) {
  const Node& node = nodes[payment];
  SetState(payment, PaymentState::kQueued);
  BankState& sender = banks[node.sender];
  ++sender.queued_count;
  sender.queued.out[static_cast<std::size_t>(PriorityOf(payment))] += node.amount;
  banks[node.receiver].queued.in += node.amount;
  ++queued_count;
  queued_value += node.amount;
  if (queued_count == 1) oldest_queued_hint = payment;
  oldest_queued_hint = std::min(oldest_queued_hint, payment);
  if (keeps_pairs) LinkPair(payment);
}

void Engine::State::Load(const std::vector<WaitingPayment>& waiting) {
  CW_CHECK(nodes.empty(), "an engine is loaded once, before anything is submitted");
  for (const WaitingPayment& each : waiting) {
    const PaymentId payment = Add(each.order, each.submitted);
    const Node& node = nodes[payment];
    CW_CHECK(node.sender < banks.size() && node.receiver < banks.size() &&
                 node.sender != node.receiver && node.amount > 0 &&
                 node.amount <= kTotalMinorMax - queued_value && each.submitted <= now,
             "what waits is sound");
    if (!settled_parts.empty()) settled_parts[payment] = each.settled.minor();
    CW_CHECK(LinkOf(payment) == 0 || Join(payment, each.order.link), "a link is of two payments");
    CountQueued(payment);
  }
  std::vector<PaymentId> by_place(waiting.size());
  std::iota(by_place.begin(), by_place.end(), PaymentId{0});
  std::sort(by_place.begin(), by_place.end(), [&](PaymentId left, PaymentId right) {
    return waiting[left].place < waiting[right].place;
  });
  for (const PaymentId payment : by_place) Link(payment, /*at_front=*/false);
  for (BankIndex bank = 0; bypasses && bank < banks.size(); ++bank) RebuildBypass(bank);
}

void Engine::State::Dequeue(PaymentId payment) {
  const Node& node = nodes[payment];
  if (MayPass(payment)) bypass[node.sender].Remove(bypass_slots[payment]);
  if (keeps_pairs) UnlinkPair(payment);
  Unlink(payment);
  BankState& sender = banks[node.sender];
  --sender.queued_count;
  sender.queued.out[static_cast<std::size_t>(PriorityOf(payment))] -= node.amount;
  banks[node.receiver].queued.in -= node.amount;
  --queued_count;
  queued_value -= node.amount;
}

void Engine::State::Link(PaymentId payment, bool at_front) {
  Node& node = nodes[payment];
  QueueEnds& queue = Ends(node.sender, ClassOf(payment));
  node.previous = at_front ? kNoPayment : queue.tail;
  node.next = at_front ? queue.head : kNoPayment;
  (node.previous == kNoPayment ? queue.head : nodes[node.previous].next) = payment;
  (node.next == kNoPayment ? queue.tail : nodes[node.next].previous) = payment;
}

void Engine::State::Unlink(PaymentId payment) {
  Node& node = nodes[payment];
  QueueEnds& queue = Ends(node.sender, ClassOf(payment));
  (node.previous == kNoPayment ? queue.head : nodes[node.previous].next) = node.next;
  (node.next == kNoPayment ? queue.tail : nodes[node.next].previous) = node.previous;
}

void Engine::State::LinkPair(PaymentId payment) {
  Node& node = nodes[payment];
  PairIndex::Pair& pair = pairs[pairs.FindOrAdd(node.sender, node.receiver)];
  node.pair_previous = pair.tail;
  node.pair_next = kNoPayment;
  (pair.tail == kNoPayment ? pair.head : nodes[pair.tail].pair_next) = payment;
  pair.tail = payment;
  pair.value += node.amount;
}

void Engine::State::UnlinkPair(PaymentId payment) {
  const Node& node = nodes[payment];
  PairIndex::Pair& pair = pairs[pairs.Find(node.sender, node.receiver)];
  (node.pair_previous == kNoPayment ? pair.head : nodes[node.pair_previous].pair_next) =
      node.pair_next;
  (node.pair_next == kNoPayment ? pair.tail : nodes[node.pair_next].pair_previous) =
      node.pair_previous;
  pair.value -= node.amount;
}

// A part of a queued payment has settled: the rest keeps its place.
void Engine::State::Reduce(PaymentId payment, std::int64_t by) {
  Node& node = nodes[payment];
  node.amount -= by;
  settled_parts[payment] += by;
  banks[node.sender].queued.out[static_cast<std::size_t>(PriorityOf(payment))] -= by;
  banks[node.receiver].queued.in -= by;
  queued_value -= by;
  if (keeps_pairs) pairs[pairs.Find(node.sender, node.receiver)].value -= by;
  if (MayPass(payment)) bypass[node.sender].Change(bypass_slots[payment], BypassValue(payment));
}

// The least funds with which something of the payment could settle.
std::int64_t Engine::State::BypassValue(PaymentId payment) const {
  if (LinkOf(payment) != 0) return PairNeeds(payment);
  const std::int64_t amount = nodes[payment].amount;
  const std::int64_t part_min = rules.splitting.part_min.minor();
  if (part_min == 0 || amount + settled_parts[payment] < rules.splitting.threshold.minor()) {
    return amount;
  }
  return std::min(amount, part_min);
}

bool Engine::State::MayPass(PaymentId payment) const {
  return bypasses && (classes == 1 || PriorityOf(payment) == Priority::kNormal);
}

// To be called when the payment is already linked.
void Engine::State::IndexForBypass(PaymentId payment) {
  const Node& node = nodes[payment];
  BypassIndex& index = bypass[node.sender];
  if (!index.HasRoom() || node.next != kNoPayment) {
    RebuildBypass(node.sender);
  } else {
    bypass_slots[payment] = index.Append(payment, BypassValue(payment));
  }
}

void Engine::State::RebuildBypass(BankIndex bank) {
  BypassIndex& index = bypass[bank];
  const PaymentId head = Ends(bank, classes - 1).head;
  std::uint32_t live = 0;
  for (PaymentId payment = head; payment != kNoPayment; payment = nodes[payment].next) ++live;
  index.Reset(live);
  for (PaymentId payment = head; payment != kNoPayment; payment = nodes[payment].next) {
    bypass_slots[payment] = index.Append(payment, BypassValue(payment));
  }
}

std::vector<PaymentId> Engine::State::AllQueued() {
  std::vector<PaymentId> all;
  if (queued_count == 0) return all;
  while (!IsQueued(oldest_queued_hint)) ++oldest_queued_hint;
  all.reserve(queued_count);
  for (PaymentId payment = oldest_queued_hint; all.size() < queued_count; ++payment) {
    if (IsQueued(payment)) all.push_back(payment);
  }
  return all;
}

}  // namespace causeway::liquidity
