#include <algorithm>

#include "settlement/core/check.h"
#include "settlement/liquidity/engine_state.h"

namespace causeway::liquidity {

Settled Engine::State::OffsetAtEntry(PaymentId payment, Effects& effects) {
  Settled settled;
  if (rules.entry_offset == EntryOffset::kNone) return settled;
  if (!rules.links_settle_together && !Leads(payment)) return settled;
  const bool heads = rules.entry_offset == EntryOffset::kHeads;
  const SetCause why = {Cause::kBilateralEntry,
                        heads ? Algorithm::kBilateral : Algorithm::kBilateralSingle};
  const std::uint32_t counters_max = rules.entry_counter_payments_max;
  if (rules.links_settle_together) {
    OffsetLinkedAtEntry(payment, heads, counters_max, why, effects, settled);
  } else {
    OffsetAgainst(payment, heads, counters_max, why, effects, settled);
  }
  return settled;
}

// Looks for the payee's payments to the payer with which the payment can settle, adding one after
// another. With the order kept: from the head of the payee's queue, and no further than the first
// one to somebody else. Else: in the order of arrival, and one that the payee could not cover is
// passed over, but counts as looked at.
bool Engine::State::OffsetAgainst(PaymentId payment, bool order_kept, std::uint32_t counters_max,
                                  SetCause why, Effects& effects, Settled& settled) {
  const BankIndex payer = nodes[payment].sender;
  const BankIndex payee = nodes[payment].receiver;
  PaymentId counter = kNoPayment;
  if (order_kept) {
    counter = Front(payee);
  } else if (const std::uint32_t pair = pairs.Find(payee, payer); pair != PairIndex::kNoPair) {
    counter = pairs[pair].head;
  }
  if (counter == kNoPayment) return false;
  std::vector<PaymentId> set = {payment};
  bool found = false;
  CountFlow(payment);
  for (std::uint32_t looked_at = 0; looked_at < counters_max && !found; ++looked_at) {
    if (counter == kNoPayment || nodes[counter].receiver != payer) break;
    CountFlow(counter);
    const bool payee_covers = PayerFits(payee);
    if (payee_covers) {
      set.push_back(counter);
      found = TouchedFit();
    } else if (order_kept) {
      break;
    } else {
      CountFlow(counter, /*back=*/true);
    }
    counter = order_kept ? After(counter) : nodes[counter].pair_next;
  }
  ClearFlows();
  if (!found) return false;
  CW_CHECK(TrySet(set, why, effects, settled), "what was found fits");
  return true;
}

// Settles the most of two lists of payments, of one bank to another and back, that keeps the order
// of each: drops the last of the bank that does not meet its conditions. As with all banks, which
// bank drops first does not matter.
bool Engine::State::SettleBetween(std::vector<PaymentId>& one, std::vector<PaymentId>& other,
                                  SetCause why, Effects& effects, Settled& settled) {
  if (one.empty() || other.empty()) return false;
  const BankIndex first = nodes[one.front()].sender;
  const BankIndex second = nodes[other.front()].sender;
  for (const PaymentId payment : one) CountFlow(payment);
  for (const PaymentId payment : other) CountFlow(payment);
  const auto drop = [&](std::vector<PaymentId>& of) {
    CountFlow(of.back(), /*back=*/true);
    of.pop_back();
  };
  while (true) {
    if (!one.empty() && !PayerFits(first)) {
      drop(one);
    } else if (!other.empty() && !PayerFits(second)) {
      drop(other);
    } else {
      break;
    }
  }
  ClearFlows();
  std::vector<PaymentId> set = one;
  set.insert(set.end(), other.begin(), other.end());
  return TrySet(set, why, effects, settled);
}

// The payments to `payee` that stand at the head of the bank's queue.
std::vector<PaymentId> Engine::State::LeadingTo(BankIndex bank, BankIndex payee) const {
  std::vector<PaymentId> leading;
  for (PaymentId payment = Front(bank); payment != kNoPayment; payment = After(payment)) {
    if (nodes[payment].receiver != payee) break;
    leading.push_back(payment);
  }
  return leading;
}

std::vector<PaymentId> Engine::State::PairPayments(std::uint32_t pair) const {
  std::vector<PaymentId> payments;
  for (PaymentId payment = pairs[pair].head; payment != kNoPayment;
       payment = nodes[payment].pair_next) {
    payments.push_back(payment);
  }
  return payments;
}

Settled Engine::State::RunBilateral(Effects& effects) {
  const SetCause why = {Cause::kBilateralQueue, Algorithm::kBilateral};
  const bool order_kept = QueueOrder() != Order::kFree;
  Settled settled;
  bool again = true;
  while (again) {
    again = false;
    for (BankIndex bank = 0; order_kept && bank < banks.size(); ++bank) {
      const PaymentId front = Front(bank);
      if (front == kNoPayment) continue;
      if (rules.links_settle_together) {
        again = SettleLinkedHeads(bank, why, effects, settled) || again;
        continue;
      }
      const BankIndex other = nodes[front].receiver;
      if (other < bank) continue;  // seen from the other side
      std::vector<PaymentId> there = LeadingTo(bank, other);
      std::vector<PaymentId> back = LeadingTo(other, bank);
      again = SettleBetween(there, back, why, effects, settled) || again;
    }
    for (std::uint32_t pair = 0; !order_kept && pair < pairs.size(); ++pair) {
      const std::uint32_t reverse = pairs[pair].reverse;
      if (reverse == PairIndex::kNoPair || reverse < pair) continue;
      if (rules.links_settle_together) {
        again = SettleLinkedBetween(pairs[pair].sender, pairs[pair].receiver, /*order_kept=*/false,
                                    why, effects, settled) ||
                again;
        continue;
      }
      std::vector<PaymentId> there = PairPayments(pair);
      std::vector<PaymentId> back = PairPayments(reverse);
      again = SettleBetween(there, back, why, effects, settled) || again;
    }
    Retry(effects);
  }
  return settled;
}

Settled Engine::State::RunBilateralSingle(const Optimisation& optimisation, Effects& effects) {
  const SetCause why = {Cause::kBilateralQueue, Algorithm::kBilateralSingle};
  Settled settled;
  for (const PaymentId payment : AllQueued()) {
    if (!IsQueued(payment)) continue;
    bool moved = LinkOf(payment) != 0
                     ? TryPair(payment, effects)
                     : Leads(payment) && TrySettle(payment, Cause::kQueueRelease, effects);
    if (!moved && now - submitted[payment] >= optimisation.wait_min) {
      const std::uint32_t counters_max = optimisation.counter_payments_max;
      moved =
          rules.links_settle_together
              ? OffsetLinked(payment, /*order_kept=*/false, counters_max, why, effects, settled)
              : OffsetAgainst(payment, /*order_kept=*/false, counters_max, why, effects, settled);
    }
    if (moved) Retry(effects);
  }
  return settled;
}

// TARGET2's third algorithm: pairs of banks, those first whose payments to each other differ least
// in value; then all banks, for the positions that no pair could bring into balance.
Settled Engine::State::RunMultiple(Effects& effects) {
  struct Candidate {
    std::int64_t difference;
    std::uint32_t pair;
    bool operator<(const Candidate& other) const {
      return difference != other.difference ? difference < other.difference : pair < other.pair;
    }
  };
  std::vector<Candidate> candidates;
  for (std::uint32_t pair = 0; pair < pairs.size(); ++pair) {
    const std::uint32_t reverse = pairs[pair].reverse;
    if (reverse == PairIndex::kNoPair || reverse < pair) continue;
    if (pairs[pair].head == kNoPayment || pairs[reverse].head == kNoPayment) continue;
    const std::int64_t difference = pairs[pair].value - pairs[reverse].value;
    candidates.push_back({difference < 0 ? -difference : difference, pair});
  }
  std::sort(candidates.begin(), candidates.end());
  const SetCause by_pair = {Cause::kBilateralQueue, Algorithm::kMultiple};
  Settled settled;
  for (const Candidate& candidate : candidates) {
    if (rules.links_settle_together) {
      const PairIndex::Pair& pair = pairs[candidate.pair];
      SettleLinkedBetween(pair.sender, pair.receiver, /*order_kept=*/false, by_pair, effects,
                          settled);
      continue;
    }
    std::vector<PaymentId> there = PairPayments(candidate.pair);
    std::vector<PaymentId> back = PairPayments(pairs[candidate.pair].reverse);
    SettleBetween(there, back, by_pair, effects, settled);
  }
  Retry(effects);
  settled.Add(RunBechSoramaki({Cause::kMultilateralRun, Algorithm::kMultiple}, effects));
  return settled;
}

}  // namespace causeway::liquidity
