#include <algorithm>

#include "settlement/core/check.h"
#include "settlement/liquidity/engine_state.h"
#include "settlement/liquidity/exact.h"

namespace causeway::liquidity {

Order Engine::State::QueueOrder() const {
  switch (rules.discipline) {
    case Discipline::kImmediate:
    case Discipline::kFifo:
      return Order::kKept;
    case Discipline::kPriority:
      return rules.normal_bypass ? Order::kNormalFree : Order::kKept;
    case Discipline::kFifoBypass:
    case Discipline::kDeferred:
      return Order::kFree;
  }
  return Order::kFree;
}

Problem Engine::State::AsProblem(const std::vector<PaymentId>& of) const {
  Problem problem;
  problem.order = QueueOrder();
  problem.limits_bind_normal_only = rules.limits_bind_normal_only;
  const auto amount = [](std::int64_t minor) { return core::Amount::FromMinor(minor); };
  for (BankIndex i = 0; i < banks.size(); ++i) {
    BankState bank = banks[i];
    RollWindow(bank);
    ProblemBank& out = problem.banks.emplace_back();
    out.funds = amount(bank.Funds());
    out.reserved_urgent = amount(bank.reserved_urgent);
    out.reserved_high = amount(bank.reserved_high);
    if (rules.release == Release::kBalanceReactive) {
      out.kept_from_normal = amount(bank.release_threshold);
    }
    if (rules.release == Release::kReceiptReactive) out.receipts_left = amount(bank.receipts);
    if (bank.holding_limit != kUnlimited) out.room_to_hold = amount(HoldingRoom(bank));
    if (!bank.limited) continue;
    if (limits[i].multilateral().active) {
      out.multilateral_room = amount(limits[i].multilateral().Room());
    }
    for (const SenderLimits::Position& position : limits[i].bilateral()) {
      if (!position.active) continue;
      problem.bilateral_rooms.push_back({i, position.counterparty, amount(position.Room())});
    }
  }
  const std::vector<std::uint64_t> places = PlacesOf(of);
  for (std::size_t i = 0; i < of.size(); ++i) {
    const Node& node = nodes[of[i]];
    problem.payments.push_back({of[i], node.sender, node.receiver, amount(node.amount),
                                PriorityOf(of[i]), places[i], LinkOf(of[i])});
  }
  return problem;
}

// The places of payments in their senders' queues. The payments are in the order of arrival. Queues
// are read no further than to the last of them.
std::vector<std::uint64_t> Engine::State::PlacesOf(const std::vector<PaymentId>& of) const {
  std::vector<std::uint32_t> sought(banks.size(), 0);
  for (const PaymentId payment : of) ++sought[nodes[payment].sender];
  std::vector<std::uint64_t> places(of.size(), 0);
  for (BankIndex bank = 0; bank < banks.size(); ++bank) {
    std::uint64_t place = 0;
    for (PaymentId p = Front(bank); p != kNoPayment && sought[bank] > 0; p = After(p), ++place) {
      const auto found = std::lower_bound(of.begin(), of.end(), p);
      if (found == of.end() || *found != p) continue;
      places[static_cast<std::size_t>(found - of.begin())] = place;
      --sought[bank];
    }
  }
  return places;
}

QueueState Engine::State::Diagnose(std::uint32_t exact_payments_max) {
  if (queued_count == 0) return QueueState::kEmpty;
  if (FindLargestPrefixes()) return QueueState::kGridlock;
  if (QueueOrder() == Order::kKept && !AnyHoldingLimit()) return QueueState::kDeadlock;
  if (NoneCanEverFit()) return QueueState::kDeadlock;
  if (queued_count > std::min(exact_payments_max, kExactPaymentsMax)) return QueueState::kUndecided;
  return AnyFeasible(AsProblem(AllQueued())) ? QueueState::kGridlock : QueueState::kDeadlock;
}

// A payment of more than its payer has and could receive from all payments that are not yet
// excluded so is in no set that fits, and neither is what it would have funded. True when that
// excludes all of them; false says nothing.
bool Engine::State::NoneCanEverFit() {
  std::vector<std::vector<PaymentId>> smallest_first(banks.size());
  for (const PaymentId payment : AllQueued()) {
    smallest_first[nodes[payment].sender].push_back(payment);
  }
  std::vector<std::int64_t> most(banks.size());  // that the bank could pay
  std::vector<BankIndex> work;
  std::vector<bool> listed(banks.size(), true);
  for (BankIndex bank = 0; bank < banks.size(); ++bank) {
    most[bank] = banks[bank].Funds() + banks[bank].queued.in;
    work.push_back(bank);
    std::sort(
        smallest_first[bank].begin(), smallest_first[bank].end(),
        [&](PaymentId left, PaymentId right) { return nodes[left].amount < nodes[right].amount; });
  }
  std::size_t left = queued_count;
  for (std::size_t next = 0; next < work.size(); ++next) {
    const BankIndex bank = work[next];
    listed[bank] = false;
    std::vector<PaymentId>& possible = smallest_first[bank];
    while (!possible.empty() && nodes[possible.back()].amount > most[bank]) {
      const Node& node = nodes[possible.back()];
      possible.pop_back();
      --left;
      most[node.receiver] -= node.amount;
      if (listed[node.receiver]) continue;
      listed[node.receiver] = true;
      work.push_back(node.receiver);
    }
  }
  return left == 0;
}

void Engine::State::CheckInvariants() const {
  std::vector<Flows> sums(banks.size());
  std::vector<std::uint32_t> counts(banks.size(), 0);
  std::vector<std::int64_t> pair_values(pairs.size(), 0);
  std::uint32_t all = 0;
  for (PaymentId payment = 0; payment < nodes.size(); ++payment) {
    if (!IsQueued(payment)) continue;
    const Node& node = nodes[payment];
    ++all;
    ++counts[node.sender];
    CW_CHECK(node.amount > 0, "what waits has a value");
    sums[node.sender].out[static_cast<std::size_t>(PriorityOf(payment))] += node.amount;
    sums[node.receiver].in += node.amount;
    if (keeps_pairs) pair_values[pairs.Find(node.sender, node.receiver)] += node.amount;
  }
  CW_CHECK(all == queued_count, "all that waits is counted");
  std::int64_t balances = 0;
  std::int64_t value = 0;
  for (BankIndex bank = 0; bank < banks.size(); ++bank) {
    const BankState& state = banks[bank];
    CW_CHECK(state.balance >= -state.credit_line, "no bank draws more than its credit line");
    CW_CHECK(state.queued.in == sums[bank].in && state.queued.out == sums[bank].out,
             "the sums of a queue are those of its payments");
    CW_CHECK(!state.listed && !state.due, "no work is left over");
    balances += state.balance;
    value += state.queued.Out();
    std::uint32_t linked = 0;
    PaymentId before = kNoPayment;
    for (PaymentId p = Front(bank); p != kNoPayment; before = p, p = After(p)) {
      CW_CHECK(IsQueued(p) && nodes[p].sender == bank && Before(p) == before, "links agree");
      ++linked;
    }
    CW_CHECK(linked == state.queued_count && linked == counts[bank] && Back(bank) == before,
             "each payment that waits is in its queue once");
  }
  CW_CHECK(balances == total_balance, "money is neither made nor lost");
  CW_CHECK(value == queued_value, "the value that waits is that of the payments");
  for (std::uint32_t pair = 0; pair < pairs.size(); ++pair) {
    CW_CHECK(pair_values[pair] == pairs[pair].value, "the value of a pair is that of its payments");
  }
}

}  // namespace causeway::liquidity
