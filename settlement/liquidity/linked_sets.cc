// The sets that algorithms look for where payments are linked: whenever one of a link is taken, so
// is its partner, wherever that stands.
#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "settlement/core/check.h"
#include "settlement/liquidity/engine_state.h"

namespace causeway::liquidity {
namespace {

// Payments to which a ring is completed by others, about: a ring that needs more is given up.
constexpr std::size_t kCompletedRingMax = 256;

// Of some of the payments that wait, each bank's in an order: the largest set that takes of each
// bank's the first so many, holds links whole and meets all conditions of payers. As
// FindLargestLinkedPrefixes, which has the proof, but time and memory are linear in those payments.
class LargestAmong {
 public:
  // Each bank's payments in its order.
  LargestAmong(Engine::State& state, std::vector<PaymentId> payments)
      : state_(state), payments_(std::move(payments)) {
    std::stable_sort(payments_.begin(), payments_.end(), [&](PaymentId left, PaymentId right) {
      return state_.nodes[left].sender < state_.nodes[right].sender;
    });
    for (std::uint32_t i = 0; i < payments_.size(); ++i) {
      places_[payments_[i]] = i;
      const BankIndex bank = state_.nodes[payments_[i]].sender;
      if (queues_.empty() || queues_.back().bank != bank) {
        queue_of_[bank] = queues_.size();
        queues_.push_back({.bank = bank, .begin = i, .end = i});
      }
      ++queues_.back().end;
    }
  }

  std::vector<PaymentId> Find() {
    for (const PaymentId payment : payments_) state_.CountFlow(payment);
    for (const PaymentId payment : payments_) {
      if (state_.LinkOf(payment) == 0) continue;
      if (!places_.contains(state_.PartnerOf(payment))) Drop(payment);
    }
    work_.resize(queues_.size());
    std::iota(work_.begin(), work_.end(), std::size_t{0});
    for (Queue& queue : queues_) queue.listed = true;
    for (std::size_t next = 0; next < work_.size(); ++next) {
      Queue& queue = queues_[work_[next]];
      queue.listed = false;
      while (queue.end > queue.begin && !state_.PayerFits(queue.bank)) {
        Drop(payments_[queue.end - 1]);
      }
    }
    state_.ClearFlows();
    std::vector<PaymentId> kept;
    for (const Queue& queue : queues_) {
      kept.insert(kept.end(), payments_.begin() + queue.begin, payments_.begin() + queue.end);
    }
    return kept;
  }

 private:
  struct Queue {
    BankIndex bank = 0;
    std::uint32_t begin = 0;  // in payments_
    std::uint32_t end = 0;    // of what is in the set
    bool listed = false;
  };

  // With what stands behind it, their partners, and so on.
  void Drop(PaymentId payment) {
    std::vector<PaymentId> to_drop = {payment};
    while (!to_drop.empty()) {
      const std::uint32_t place = places_.at(to_drop.back());
      Queue& queue = queues_[queue_of_.at(state_.nodes[to_drop.back()].sender)];
      to_drop.pop_back();
      while (queue.end > place) {
        const PaymentId last = payments_[--queue.end];
        state_.CountFlow(last, /*back=*/true);
        List(state_.nodes[last].receiver);
        if (state_.LinkOf(last) == 0) continue;
        const PaymentId partner = state_.PartnerOf(last);
        if (places_.contains(partner)) to_drop.push_back(partner);
      }
    }
  }

  void List(BankIndex payee) {
    const auto found = queue_of_.find(payee);
    if (found == queue_of_.end() || queues_[found->second].listed) return;
    queues_[found->second].listed = true;
    work_.push_back(found->second);
  }

  Engine::State& state_;
  std::vector<PaymentId> payments_;                       // bank by bank
  std::vector<Queue> queues_;                             // by bank
  std::vector<std::size_t> work_;                         // places in queues_
  absl::flat_hash_map<PaymentId, std::uint32_t> places_;  // in payments_; looked up only
  absl::flat_hash_map<BankIndex, std::size_t> queue_of_;  // in queues_; looked up only
};

bool Holds(const std::vector<PaymentId>& set, PaymentId payment) {
  return std::find(set.begin(), set.end(), payment) != set.end();
}

}  // namespace

// The payments between two banks and their partners, each bank's in one order. With the order kept:
// of every queue what stands before the first payment of any other kind. Else: all, as they
// arrived.
std::vector<PaymentId> Engine::State::BetweenWithPartners(BankIndex one, BankIndex other,
                                                          bool order_kept) const {
  const auto is_between = [&](PaymentId payment) {
    const Node& node = nodes[payment];
    return (node.sender == one && node.receiver == other) ||
           (node.sender == other && node.receiver == one);
  };
  std::vector<PaymentId> found;
  if (!order_kept) {
    for (const std::uint32_t pair : {pairs.Find(one, other), pairs.Find(other, one)}) {
      if (pair == PairIndex::kNoPair) continue;
      for (const PaymentId payment : PairPayments(pair)) AddWhole(payment, found);
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
  }
  const auto belongs = [&](PaymentId payment) {
    if (!IsWhole(payment)) return false;
    return is_between(payment) || (LinkOf(payment) != 0 && is_between(PartnerOf(payment)));
  };
  std::vector<BankIndex> senders = {one, other};
  for (std::size_t next = 0; next < senders.size(); ++next) {
    for (PaymentId p = Front(senders[next]); p != kNoPayment && belongs(p); p = After(p)) {
      found.push_back(p);
      if (next >= 2 || LinkOf(p) == 0) continue;
      const BankIndex sender = nodes[PartnerOf(p)].sender;
      if (std::find(senders.begin(), senders.end(), sender) == senders.end()) {
        senders.push_back(sender);
      }
    }
  }
  return found;
}

// As SettleBetween: two banks that pay each other, and whoever pays the partners of what they pay.
bool Engine::State::SettleLinkedBetween(BankIndex one, BankIndex other, bool order_kept,
                                        SetCause why, Effects& effects, Settled& settled) {
  std::vector<PaymentId> between = BetweenWithPartners(one, other, order_kept);
  const auto pays = [&](BankIndex sender, BankIndex receiver) {
    return std::any_of(between.begin(), between.end(), [&](PaymentId payment) {
      return nodes[payment].sender == sender && nodes[payment].receiver == receiver;
    });
  };
  if (!pays(one, other) || !pays(other, one)) return false;
  std::vector<PaymentId> set = LargestAmong(*this, std::move(between)).Find();
  return TrySet(set, why, effects, settled);
}

// The same between the banks of the head of a bank's queue, and of its partner.
bool Engine::State::SettleLinkedHeads(BankIndex bank, SetCause why, Effects& effects,
                                      Settled& settled) {
  std::vector<PaymentId> heads;
  if (!AddWhole(Front(bank), heads)) return false;
  bool any = false;
  for (const PaymentId head : heads) {
    any = SettleLinkedBetween(nodes[head].sender, nodes[head].receiver, /*order_kept=*/true, why,
                              effects, settled) ||
          any;
  }
  return any;
}

// Of a payment that came: itself, and if it completes a link, its partner.
void Engine::State::OffsetLinkedAtEntry(PaymentId payment, bool heads, std::uint32_t counters_max,
                                        SetCause why, Effects& effects, Settled& settled) {
  std::vector<PaymentId> whole;
  if (!AddWhole(payment, whole)) return;
  std::sort(whole.begin(), whole.end(), std::greater<>());
  if (!KeepsOrder({whole.rbegin(), whole.rend()})) return;
  for (const PaymentId each : whole) {
    if (OffsetLinked(each, heads, counters_max, why, effects, settled)) return;
  }
}

// As OffsetAgainst: the payment with its partner, and each counter-payment with its own. With the
// order kept, what is added must stand next in its queues by the time that all of it is covered.
bool Engine::State::OffsetLinked(PaymentId payment, bool order_kept, std::uint32_t counters_max,
                                 SetCause why, Effects& effects, Settled& settled) {
  const BankIndex payer = nodes[payment].sender;
  const BankIndex payee = nodes[payment].receiver;
  std::vector<PaymentId> set;
  if (!AddWhole(payment, set)) return false;
  PaymentId counter = kNoPayment;
  if (order_kept) {
    counter = Front(payee);
  } else if (const std::uint32_t pair = pairs.Find(payee, payer); pair != PairIndex::kNoPair) {
    counter = pairs[pair].head;
  }
  for (const PaymentId each : set) CountFlow(each);
  const auto in_order = [&] {
    std::vector<PaymentId> sorted(set);
    std::sort(sorted.begin(), sorted.end());
    return KeepsOrder(sorted);
  };
  bool found = false;
  for (std::uint32_t looked_at = 0; counter != kNoPayment && looked_at < counters_max && !found;
       counter = order_kept ? After(counter) : nodes[counter].pair_next) {
    if (Holds(set, counter)) continue;
    if (nodes[counter].receiver != payer) break;
    ++looked_at;
    const std::size_t before = set.size();
    if (!AddWhole(counter, set)) {
      if (order_kept) break;
      continue;
    }
    for (std::size_t i = before; i < set.size(); ++i) CountFlow(set[i]);
    if (order_kept) {
      found = TouchedFit() && in_order();
      continue;
    }
    const bool covered = std::all_of(set.begin() + static_cast<std::ptrdiff_t>(before), set.end(),
                                     [&](PaymentId each) { return PayerFits(nodes[each].sender); });
    if (covered) {
      found = TouchedFit();
      continue;
    }
    for (std::size_t i = before; i < set.size(); ++i) CountFlow(set[i], /*back=*/true);
    set.resize(before);
  }
  ClearFlows();
  if (!found) return false;
  CW_CHECK(TrySet(set, why, effects, settled), "what was found fits");
  return true;
}

// The oldest payment between two banks that lacks no partner and is not in a set. Each payment that
// is looked at takes one of `looks`.
PaymentId Engine::State::OldestWhole(std::uint32_t pair, const std::vector<PaymentId>& other_than,
                                     std::uint32_t& looks) const {
  for (PaymentId p = pairs[pair].head; p != kNoPayment && looks > 0; p = nodes[p].pair_next) {
    --looks;
    if (IsWhole(p) && !Holds(other_than, p)) return p;
  }
  return kNoPayment;
}

// A way for money from the payee of a payment back to its payer, by at most so many payments: the
// heads of queues, which leave one way at most; where order is free, the oldest payments of pairs
// that are not in a set, and the fewest. Empty when there is none.
std::vector<PaymentId> Engine::State::PathBack(PaymentId payment, std::size_t payments_max,
                                               const std::vector<PaymentId>& other_than,
                                               std::uint32_t& looks) const {
  const BankIndex target = nodes[payment].sender;
  struct Step {
    PaymentId payment;
    std::size_t before;  // the step from which it goes on
    std::size_t length;
  };
  std::vector<Step> steps = {{payment, 0, 0}};
  std::vector<BankIndex> reached = {nodes[payment].receiver};
  for (std::size_t next = 0; next < steps.size(); ++next) {
    const BankIndex bank = nodes[steps[next].payment].receiver;
    if (bank == target && next > 0) {
      std::vector<PaymentId> path;
      for (std::size_t at = next; at != 0; at = steps[at].before) path.push_back(steps[at].payment);
      return path;
    }
    if (steps[next].length == payments_max) continue;
    const auto go_on_by = [&](PaymentId way) {
      if (way == kNoPayment) return;
      const BankIndex to = nodes[way].receiver;
      if (std::find(reached.begin(), reached.end(), to) != reached.end()) return;
      reached.push_back(to);
      steps.push_back({way, next, steps[next].length + 1});
    };
    if (QueueOrder() != Order::kFree) {
      const PaymentId front = Front(bank);
      if (front != kNoPayment && IsWhole(front)) go_on_by(front);
      continue;
    }
    for (std::uint32_t pair = pairs.FirstOfSender(bank); pair != PairIndex::kNoPair;
         pair = pairs[pair].next_of_sender) {
      if (looks == 0) return {};
      go_on_by(OldestWhole(pair, other_than, looks));
    }
  }
  return {};
}

// Settles a ring of payments, if it fits. Where payments are linked: with their partners; each of
// those whose payer is short with a way back for its money, and the partners of that, and so on: in
// several currencies, a ring in one comes with rings in others.
bool Engine::State::TryRing(const std::vector<PaymentId>& ring, std::uint32_t banks_max,
                            std::uint32_t& looks, Effects& effects, Settled& settled) {
  const SetCause why = {Cause::kCycle, Algorithm::kCycle};
  std::vector<PaymentId> set;
  std::vector<PaymentId> in_rings = ring;  // those that have a way back in the set
  std::vector<PaymentId> to_add = ring;
  while (!to_add.empty() && set.size() <= kCompletedRingMax) {
    for (const PaymentId payment : to_add) {
      if (!Holds(set, payment) && !AddWhole(payment, set)) return false;
    }
    to_add.clear();
    std::vector<PaymentId> open;
    for (const PaymentId payment : set) CountFlow(payment);
    for (const PaymentId payment : set) {
      if (!Holds(in_rings, payment) && !PayerFits(nodes[payment].sender)) open.push_back(payment);
    }
    ClearFlows();
    for (const PaymentId payment : open) {
      const std::vector<PaymentId> back = PathBack(payment, banks_max - 1, set, looks);
      if (back.empty()) return false;
      to_add.insert(to_add.end(), back.begin(), back.end());
      in_rings.push_back(payment);
      in_rings.insert(in_rings.end(), back.begin(), back.end());
    }
  }
  std::sort(set.begin(), set.end());
  return KeepsOrder(set) && TrySet(set, why, effects, settled);
}

}  // namespace causeway::liquidity
