#include <algorithm>

#include "settlement/core/check.h"
#include "settlement/liquidity/engine_state.h"
#include "settlement/liquidity/usable.h"

namespace causeway::liquidity {

// Receipts count within their window only.
void Engine::State::RollWindow(BankState& bank) const {
  if (rules.release != Release::kReceiptReactive) return;
  const std::int64_t window = (now - start).micros() / rules.receipt_window.micros();
  if (bank.window == window) return;
  bank.window = window;
  bank.receipts = 0;
}

std::int64_t Engine::State::UsableFunds(BankState& bank, Priority priority) const {
  RollWindow(bank);
  return UsableOf<std::int64_t>(rules.release,
                                {.funds = bank.Funds(),
                                 .reserved_urgent = bank.reserved_urgent,
                                 .reserved_high = bank.reserved_high,
                                 .release_threshold = bank.release_threshold,
                                 .receipts = bank.receipts},
                                priority);
}

std::int64_t Engine::State::LimitRoom(const Node& node, Priority priority) const {
  if (!banks[node.sender].limited || !Binds(priority)) return kUnlimited;
  return limits[node.sender].Room(node.receiver);
}

std::int64_t Engine::State::HoldingRoom(const BankState& bank) const {
  return bank.holding_limit == kUnlimited ? kUnlimited : bank.holding_limit - bank.balance;
}

// How much of a payment between these banks could settle now, alone.
std::int64_t Engine::State::Usable(const Node& node, Priority priority) {
  std::int64_t usable = UsableFunds(banks[node.sender], priority);
  usable = std::min(usable, LimitRoom(node, priority));
  return std::min(usable, HoldingRoom(banks[node.receiver]));
}

Refusal Engine::State::WhyNot(const Node& node, Priority priority) {
  if (node.amount > UsableFunds(banks[node.sender], priority)) return Refusal::kUncovered;
  if (node.amount > LimitRoom(node, priority)) return Refusal::kSenderLimit;
  if (node.amount > HoldingRoom(banks[node.receiver])) return Refusal::kHoldingLimit;
  return Refusal::kNone;
}

// The conditions of a set, as problem.h states them.
bool Engine::State::FundsFit(BankState& bank, const Flows& flow) const {
  const std::int64_t growth = flow.in - flow.Out();
  const std::int64_t after = bank.Funds() + growth;
  if (after < 0) return false;
  if (growth > HoldingRoom(bank) && growth > 0) return false;
  if (flow.out[1] + flow.out[2] == 0) return true;
  const std::int64_t urgent = std::max<std::int64_t>(0, bank.reserved_urgent - flow.out[0]);
  if (after < urgent) return false;
  if (flow.out[2] == 0) return true;
  const std::int64_t high = std::max<std::int64_t>(0, bank.reserved_high - flow.out[1]);
  switch (rules.release) {
    case Release::kFunds:
      return after >= urgent + high;
    case Release::kBalanceReactive:
      return after >= urgent + high + bank.release_threshold;
    case Release::kReceiptReactive:
      RollWindow(bank);
      return after >= urgent + high && flow.out[2] <= bank.receipts + flow.in;
  }
  return false;
}

bool Engine::State::Fits(BankIndex bank, const Flows& flow) {
  return FundsFit(banks[bank], flow) && (!banks[bank].limited || limits[bank].TrialFits());
}

void Engine::State::ChangeBankBalance(BankState& bank, std::int64_t change) {
  if (bank.balance < 0) {
    const auto drawn = static_cast<std::uint64_t>(-bank.balance);
    const auto micros = static_cast<std::uint64_t>(now.micros() - bank.drawn_since);
    bank.drawn += absl::uint128(drawn) * micros;
  }
  bank.drawn_since = now.micros();
  bank.balance += change;
  bank.lowest = std::min(bank.lowest, bank.balance);
  CW_CHECK(bank.balance >= -bank.credit_line, "no bank draws more than its credit line");
}

void Engine::State::Count(BankState& bank, const Flows& flow) {
  ChangeBankBalance(bank, flow.in - flow.Out());
  bank.reserved_urgent -= std::min(bank.reserved_urgent, flow.out[0]);
  bank.reserved_high -= std::min(bank.reserved_high, flow.out[1]);
  if (rules.release == Release::kReceiptReactive) {
    RollWindow(bank);
    bank.receipts += flow.in - flow.out[2];
  }
}

void Engine::State::CountLimits(const Node& node, std::int64_t amount, Priority priority) {
  if (!Binds(priority)) return;
  if (banks[node.sender].limited) limits[node.sender].CountPaid(node.receiver, amount);
  if (banks[node.receiver].limited) limits[node.receiver].CountReceived(node.sender, amount);
}

void Engine::State::BookOne(Node& node, Priority priority, std::int64_t amount) {
  Flows paid;
  paid.out[static_cast<std::size_t>(priority)] = amount;
  Flows received;
  received.in = amount;
  Count(banks[node.sender], paid);
  Count(banks[node.receiver], received);
  CountLimits(node, amount, priority);
  MakeDue(node.receiver);
  WakeSendersTo(node.sender);
}

// A bank that may not hold more has room again when it pays: any bank may have waited for that.
void Engine::State::WakeSendersTo(BankIndex payee) {
  if (banks[payee].holding_limit == kUnlimited || banks[payee].queued.in == 0) return;
  for (BankIndex bank = 0; bank < banks.size(); ++bank) MakeDue(bank);
}

// Adds a payment to the flows of its banks and to the trials of their limits, or takes it back.
void Engine::State::CountFlow(PaymentId payment, bool back) {
  const Node& node = nodes[payment];
  const Priority priority = PriorityOf(payment);
  const std::int64_t amount = back ? -node.amount : node.amount;
  for (const BankIndex bank : {node.sender, node.receiver}) {
    if (banks[bank].listed) continue;
    banks[bank].listed = true;
    touched.push_back(bank);
    if (banks[bank].limited) limits[bank].ClearTrial();
  }
  flows[node.sender].out[static_cast<std::size_t>(priority)] += amount;
  flows[node.receiver].in += amount;
  if (!Binds(priority)) return;
  if (banks[node.sender].limited) limits[node.sender].TryPaying(node.receiver, amount);
  if (banks[node.receiver].limited) limits[node.receiver].TryReceiving(node.sender, amount);
}

void Engine::State::ClearFlows() {
  for (const BankIndex bank : touched) {
    flows[bank] = Flows();
    banks[bank].listed = false;
  }
  touched.clear();
}

bool Engine::State::TouchedFit() {
  return std::all_of(touched.begin(), touched.end(),
                     [&](BankIndex bank) { return Fits(bank, flows[bank]); });
}

bool Engine::State::TrySet(std::vector<PaymentId>& set, SetCause why, Effects& effects,
                           Settled& settled) {
  if (set.empty() || !KeepsLinksWhole(set)) return false;
  std::sort(set.begin(), set.end());
  CW_CHECK(touched.empty(), "one test at a time");
  for (const PaymentId payment : set) CountFlow(payment);
  const bool fits = TouchedFit();
  if (fits) {
    for (const PaymentId payment : set) settled.value += nodes[payment].amount;
    settled.count += static_cast<std::uint32_t>(set.size());
    BookSet(set, why, effects);
  }
  ClearFlows();
  return fits;
}

// One booking of all: every bank's balance goes from what it was to what it will be.
void Engine::State::BookSet(const std::vector<PaymentId>& set, SetCause why, Effects& effects) {
  std::int64_t made = 0;
  for (const BankIndex bank : touched) {
    Count(banks[bank], flows[bank]);
    made += flows[bank].in - flows[bank].Out();
  }
  CW_CHECK(made == 0, "a set moves money and makes none");
  ++sets;
  for (const PaymentId payment : set) {
    const Node& node = nodes[payment];
    CountLimits(node, node.amount, PriorityOf(payment));
    Dequeue(payment);
    SetState(payment, PaymentState::kSettled);
    effects.push_back(Effect{.time = now,
                             .amount = core::Amount::FromMinor(node.amount),
                             .payment = payment,
                             .set = sets,
                             .kind = EffectKind::kSettled,
                             .cause = why.cause,
                             .algorithm = why.algorithm,
                             .algorithm_version = kAlgorithmVersion});
  }
  for (const BankIndex bank : touched) MakeDue(bank);
  for (const BankIndex bank : touched) WakeSendersTo(bank);
}

}  // namespace causeway::liquidity
