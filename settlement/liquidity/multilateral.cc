#include <algorithm>
#include <utility>

#include "settlement/core/check.h"
#include "settlement/liquidity/engine_state.h"
#include "settlement/liquidity/exact.h"

namespace causeway::liquidity {

// Bech and Soramaki (2001). Starts with everything that waits; a bank that does not meet its
// conditions drops the last payment that it still has in the set; that may bring down its payee,
// and so on until all banks meet theirs. Each payment is dropped at most once.
//
// Why the order in which banks drop does not matter: let S be any set of first payments of each
// queue that meets all conditions. As long as the current set contains S, a bank that has exactly
// its payments of S in the set receives at least what it does in S, so it meets its conditions
// (more inflow never hurts them) and drops nothing. A bank that drops therefore has more than its
// payments of S, and what is left still contains S. So the result contains every such S: it is the
// largest, and unique. Holding limits break the argument, as more inflow can hurt them.
bool Engine::State::FindLargestPrefixes() {
  last_kept.assign(banks.size(), kNoPayment);
  if (rules.links_settle_together) return FindLargestLinkedPrefixes();
  if (OnlyFundsBind()) return FindLargestCoveredPrefixes();
  std::vector<BankIndex> short_banks;
  for (BankIndex bank = 0; bank < banks.size(); ++bank) {
    flows[bank] = banks[bank].queued;
    if (banks[bank].limited) limits[bank].ClearTrial();
    if (banks[bank].queued_count > 0) last_kept[bank] = Back(bank);
  }
  if (!limits.empty()) CountAllTrials();
  for (BankIndex bank = 0; bank < banks.size(); ++bank) {
    if (last_kept[bank] == kNoPayment) continue;
    banks[bank].listed = true;
    short_banks.push_back(bank);
  }
  DropUntilPayersFit(short_banks);
  const bool any_holding_limit = AnyHoldingLimit();
  while (any_holding_limit && DropForHoldingLimits(short_banks)) DropUntilPayersFit(short_banks);
  bool any = false;
  for (BankIndex bank = 0; bank < banks.size(); ++bank) {
    flows[bank] = Flows();
    any = any || last_kept[bank] != kNoPayment;
  }
  return any;
}

// Whether nothing but a bank's funds stands in the way of its payments.
bool Engine::State::OnlyFundsBind() const {
  return rules.release == Release::kFunds && limits.empty() &&
         std::all_of(banks.begin(), banks.end(), [](const BankState& bank) {
           return bank.reserved_urgent == 0 && bank.reserved_high == 0 &&
                  bank.holding_limit == kUnlimited;
         });
}

// The same where only funds bind: what each bank would have left is all that there is to count.
// Most runs over long queues are of this kind, and drop nearly everything, so that the time of one
// drop is the time of the run.
bool Engine::State::FindLargestCoveredPrefixes() {
  std::vector<std::int64_t> left(banks.size());
  std::vector<BankIndex> short_banks;
  for (BankIndex bank = 0; bank < banks.size(); ++bank) {
    const BankState& state = banks[bank];
    left[bank] = state.Funds() + state.queued.in - state.queued.Out();
    if (state.queued_count > 0) last_kept[bank] = Back(bank);
    if (left[bank] < 0) short_banks.push_back(bank);
  }
  // In rounds, as DropUntilPayersFit. A bank stands in one list as long as it is short: then it has
  // payments in the set, since its funds are not below zero.
  std::vector<BankIndex> next_round;
  while (!short_banks.empty()) {
    for (const BankIndex bank : short_banks) {
      const Node& node = nodes[last_kept[bank]];
      left[bank] += node.amount;
      std::int64_t& payee = left[node.receiver];
      const bool was_short = payee < 0;
      payee -= node.amount;
      if (payee < 0 && !was_short) next_round.push_back(node.receiver);
      last_kept[bank] = Before(last_kept[bank]);
      if (left[bank] >= 0) continue;
      __builtin_prefetch(&nodes[last_kept[bank]]);
      next_round.push_back(bank);
    }
    short_banks.swap(next_round);
    next_round.clear();
  }
  return std::any_of(last_kept.begin(), last_kept.end(),
                     [](PaymentId payment) { return payment != kNoPayment; });
}

void Engine::State::CountAllTrials() {
  for (BankIndex bank = 0; bank < banks.size(); ++bank) {
    for (PaymentId payment = Front(bank); payment != kNoPayment; payment = After(payment)) {
      const Node& node = nodes[payment];
      if (!Binds(PriorityOf(payment))) continue;
      if (banks[bank].limited) limits[bank].TryPaying(node.receiver, node.amount);
      if (banks[node.receiver].limited) limits[node.receiver].TryReceiving(bank, node.amount);
    }
  }
}

// Takes the last payment of `bank` that is in the set out of it. Returns its payee.
BankIndex Engine::State::DropLast(BankIndex bank) {
  const PaymentId last = last_kept[bank];
  const Node& node = nodes[last];
  const Priority priority = PriorityOf(last);
  flows[bank].out[static_cast<std::size_t>(priority)] -= node.amount;
  flows[node.receiver].in -= node.amount;
  if (Binds(priority)) {
    if (banks[bank].limited) limits[bank].TryPaying(node.receiver, -node.amount);
    if (banks[node.receiver].limited) limits[node.receiver].TryReceiving(bank, -node.amount);
  }
  last_kept[bank] = Before(last);
  return node.receiver;
}

// In rounds, one payment of each short bank at a time. Payments of one queue lie far apart in a
// long day's memory; while the other banks take their turns, the next one of this bank is fetched.
void Engine::State::DropUntilPayersFit(std::vector<BankIndex>& short_banks) {
  std::vector<BankIndex> next_round;
  const auto list = [&](BankIndex bank) {
    if (banks[bank].listed || last_kept[bank] == kNoPayment) return;
    banks[bank].listed = true;
    next_round.push_back(bank);
  };
  while (!short_banks.empty()) {
    for (const BankIndex bank : short_banks) {
      banks[bank].listed = false;
      if (last_kept[bank] == kNoPayment || PayerFits(bank)) continue;
      const BankIndex payee = DropLast(bank);
      list(payee);
      if (last_kept[bank] == kNoPayment) continue;
      __builtin_prefetch(&nodes[last_kept[bank]]);
      __builtin_prefetch(&flags[last_kept[bank]]);
      list(bank);
    }
    short_banks.swap(next_round);
    next_round.clear();
  }
}

// The conditions of a bank that it can meet by paying less.
bool Engine::State::PayerFits(BankIndex bank) {
  BankState& state = banks[bank];
  const std::int64_t holding_limit = std::exchange(state.holding_limit, kUnlimited);
  const bool fits = Fits(bank, flows[bank]);
  state.holding_limit = holding_limit;
  return fits;
}

bool Engine::State::AnyHoldingLimit() const {
  return std::any_of(banks.begin(), banks.end(),
                     [](const BankState& bank) { return bank.holding_limit != kUnlimited; });
}

// The last arrived payment to a bank that is in the set.
PaymentId Engine::State::LatestKeptTo(BankIndex payee) const {
  PaymentId latest = kNoPayment;
  for (BankIndex bank = 0; bank < banks.size(); ++bank) {
    for (PaymentId p = last_kept[bank]; p != kNoPayment; p = Before(p)) {
      if (nodes[p].receiver != payee) continue;
      if (latest == kNoPayment || p > latest) latest = p;
    }
  }
  CW_CHECK(latest != kNoPayment, "a bank that would hold too much receives something");
  return latest;
}

// Where a bank would come to hold too much, the last arrived payment to it leaves the set, with
// what stands behind it in its queue. One bank at a time; false when there is none.
bool Engine::State::DropForHoldingLimits(std::vector<BankIndex>& short_banks) {
  for (BankIndex payee = 0; payee < banks.size(); ++payee) {
    if (FundsFit(banks[payee], flows[payee])) continue;
    const PaymentId latest = LatestKeptTo(payee);
    if (rules.links_settle_together) {
      DropWithPartners(latest, short_banks);
      return true;
    }
    const BankIndex payer = nodes[latest].sender;
    while (true) {
      const PaymentId dropped = last_kept[payer];
      const BankIndex dropped_payee = DropLast(payer);
      if (!banks[dropped_payee].listed && last_kept[dropped_payee] != kNoPayment) {
        banks[dropped_payee].listed = true;
        short_banks.push_back(dropped_payee);
      }
      if (dropped == latest) return true;
    }
  }
  return false;
}

std::vector<PaymentId> Engine::State::KeptPayments() const {
  std::vector<PaymentId> kept;
  for (BankIndex bank = 0; bank < banks.size(); ++bank) {
    if (last_kept[bank] == kNoPayment) continue;
    for (PaymentId payment = Front(bank);; payment = After(payment)) {
      kept.push_back(payment);
      if (payment == last_kept[bank]) break;
    }
  }
  return kept;
}

Settled Engine::State::RunBechSoramaki(SetCause why, Effects& effects) {
  Settled settled;
  if (!FindLargestPrefixes()) return settled;
  std::vector<PaymentId> set = KeptPayments();
  CW_CHECK(TrySet(set, why, effects, settled), "what was found fits");
  return settled;
}

Settled Engine::State::RunAllOrNothing(Effects& effects) {
  // The sums of the queues tell most failures without a look at the payments.
  Settled settled;
  for (BankState& bank : banks) {
    if (bank.Funds() + bank.queued.in < bank.queued.Out()) return settled;
  }
  std::vector<PaymentId> set = AllQueued();
  TrySet(set, {Cause::kMultilateralRun, Algorithm::kAllOrNothing}, effects, settled);
  return settled;
}

Settled Engine::State::RunExact(const Optimisation& optimisation, Effects& effects) {
  // Of the payments that have waited longest, those whose forerunners in their queues are among
  // them, so that a set of them is a set of the whole queue.
  const Order order = QueueOrder();
  std::vector<PaymentId> candidates;
  for (const PaymentId payment : AllQueued()) {
    if (candidates.size() == optimisation.exact_payments_max) break;
    const PaymentId before = order == Order::kFree ? kNoPayment : Before(payment);
    const bool leads =
        before == kNoPayment || std::binary_search(candidates.begin(), candidates.end(), before);
    if (leads) candidates.push_back(payment);
  }
  const Selection best = SolveExactly(AsProblem(candidates));
  std::vector<PaymentId> set;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (best[i]) set.push_back(candidates[i]);
  }
  Settled settled;
  if (set.empty()) return settled;
  CW_CHECK(TrySet(set, {Cause::kMultilateralRun, Algorithm::kExact}, effects, settled),
           "the best set fits");
  return settled;
}

}  // namespace causeway::liquidity
