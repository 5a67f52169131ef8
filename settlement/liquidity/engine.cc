#include "settlement/liquidity/engine.h"

#include <algorithm>
#include <utility>

#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "fmt/format.h"
#include "settlement/core/check.h"
#include "settlement/liquidity/engine_state.h"

namespace causeway::liquidity {
namespace {

constexpr std::int64_t kMicrosPerDay = 86'400'000'000;
constexpr std::int64_t kPpm = 1'000'000;

// Of a position; of the smallest number, something that is out of bounds too.
core::Amount Magnitude(core::Amount amount) {
  return amount.IsNegative() ? core::CheckedNegate(amount).value_or(amount) : amount;
}

absl::Status CheckTerms(const BankTerms& terms, std::size_t index) {
  const auto wrong = [&](std::string_view what) {
    return absl::InvalidArgumentError(fmt::format("banks[{}]: {}", index, what));
  };
  const bool amounts_fit =
      IsBounded(terms.collateral) && IsBounded(terms.uncollateralised_credit) &&
      IsBounded(terms.reserved_urgent) && IsBounded(terms.reserved_high) &&
      IsBounded(terms.release_threshold) && IsBoundedIfAny(terms.multilateral_limit) &&
      IsBoundedIfAny(terms.holding_limit) && IsBounded(terms.receipts) &&
      IsBounded(Magnitude(terms.multilateral_position));
  if (!amounts_fit) {
    return wrong(fmt::format("amounts must lie between 0 and {} minor units", kTotalMinorMax));
  }
  if (terms.haircut_basis_points > kHaircutBasisPointsMax) {
    return wrong(fmt::format("haircut_basis_points: must be at most {}", kHaircutBasisPointsMax));
  }
  const std::int64_t credit_line =
      CreditLineOf(terms.collateral, terms.haircut_basis_points, terms.uncollateralised_credit);
  if (terms.balance.minor() < -credit_line || terms.balance.minor() > kTotalMinorMax) {
    return wrong("balance: must be at least minus the credit line, and within bounds");
  }
  return absl::OkStatus();
}

bool AnyAlgorithmNeedsPairs(const Rules& rules) {
  const bool order_free =
      rules.discipline == Discipline::kFifoBypass || rules.discipline == Discipline::kDeferred;
  return rules.entry_offset == EntryOffset::kSingle ||
         std::any_of(rules.optimisations.begin(), rules.optimisations.end(),
                     [&](const Optimisation& optimisation) {
                       switch (optimisation.algorithm) {
                         case Algorithm::kBilateralSingle:
                         case Algorithm::kMultiple:
                           return true;
                         case Algorithm::kBilateral:
                         case Algorithm::kCycle:
                           return order_free;
                         default:
                           return false;
                       }
                     });
}

}  // namespace

Engine::State::State(const Rules& rules_in, const std::vector<BankTerms>& terms,
                     core::LedgerTime start_in)
    : rules(rules_in),
      classes(rules.discipline == Discipline::kPriority ? kPriorities : 1),
      keeps_pairs(AnyAlgorithmNeedsPairs(rules)),
      bypasses(rules.discipline == Discipline::kFifoBypass || rules.normal_bypass),
      start(start_in),
      now(start_in),
      banks(terms.size()),
      ends(terms.size() * static_cast<std::size_t>(classes)),
      bypass(bypasses ? terms.size() : 0),
      pairs(keeps_pairs ? static_cast<std::uint32_t>(terms.size()) : 0),
      next_runs(rules.optimisations.size(), core::LedgerTime::Max()),
      flows(terms.size()) {
  for (std::size_t i = 0; i < terms.size(); ++i) {
    BankState& bank = banks[i];
    bank.balance = bank.lowest = terms[i].balance.minor();
    bank.credit_line = CreditLineOf(terms[i].collateral, terms[i].haircut_basis_points,
                                    terms[i].uncollateralised_credit);
    bank.reserved_urgent = terms[i].reserved_urgent.minor();
    bank.reserved_high = terms[i].reserved_high.minor();
    bank.release_threshold = terms[i].release_threshold.minor();
    if (terms[i].holding_limit.has_value()) bank.holding_limit = terms[i].holding_limit->minor();
    bank.receipts = terms[i].receipts.minor();
    bank.window = 0;
    bank.drawn_since = now.micros();
    total_balance += bank.balance;
    total_funds += bank.Funds();
  }
  for (std::size_t i = 0; i < next_runs.size(); ++i) {
    const Optimisation& optimisation = rules.optimisations[i];
    if (optimisation.every > core::Duration::Zero()) {
      next_runs[i] = std::max(optimisation.first, start);
    }
  }
  FindNextDue();
}

absl::StatusOr<Engine> Engine::Create(const Rules& rules, const std::vector<BankTerms>& banks,
                                      const std::vector<BilateralLimit>& limits,
                                      core::LedgerTime start) {
  const absl::Status rules_checked = CheckRules(rules);
  if (!rules_checked.ok()) return rules_checked;
  if (banks.empty() || banks.size() > kBanksMax) {
    return absl::InvalidArgumentError(fmt::format("banks: 1 to {} must be given", kBanksMax));
  }
  absl::int128 total = 0;
  for (std::size_t i = 0; i < banks.size(); ++i) {
    const absl::Status checked = CheckTerms(banks[i], i);
    if (!checked.ok()) return checked;
    total += absl::int128(banks[i].balance.minor()) +
             CreditLineOf(banks[i].collateral, banks[i].haircut_basis_points,
                          banks[i].uncollateralised_credit);
  }
  if (total > kTotalMinorMax) {
    return absl::InvalidArgumentError(
        fmt::format("banks: together have more than {} minor units", kTotalMinorMax));
  }
  Engine engine(std::make_unique<State>(rules, banks, start));
  Effects none;
  for (BankIndex i = 0; i < banks.size(); ++i) {
    if (banks[i].multilateral_limit.has_value()) {
      engine.SetMultilateralLimit(start, i, banks[i].multilateral_limit, none);
      engine.state_->LimitsOf(i).CountPaidToOthers(banks[i].multilateral_position.minor());
    }
  }
  for (std::size_t i = 0; i < limits.size(); ++i) {
    const Refusal refusal = engine.SetBilateralLimit(start, limits[i].sender, limits[i].receiver,
                                                     limits[i].limit, none);
    if (refusal != Refusal::kNone) {
      return absl::InvalidArgumentError(fmt::format("limits[{}]: {}", i, Name(refusal)));
    }
    if (!IsBounded(Magnitude(limits[i].position))) {
      return absl::InvalidArgumentError(fmt::format("limits[{}]: position", i));
    }
    engine.state_->LimitsOf(limits[i].sender)
        .CountPaid(limits[i].receiver, limits[i].position.minor());
  }
  return engine;
}

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;

void Engine::ReservePayments(std::uint32_t payments) {
  state_->nodes.reserve(payments);
  state_->flags.reserve(payments);
  state_->submitted.reserve(payments);
  if (state_->rules.splitting.part_min.IsPositive()) state_->settled_parts.reserve(payments);
  if (state_->bypasses) state_->bypass_slots.reserve(payments);
  if (state_->rules.links_settle_together) state_->payment_links.reserve(payments);
}

namespace {

Refusal WhyMalformed(const Engine::State& state, const PaymentOrder& order) {
  if (state.closed) return Refusal::kClosed;
  if (order.sender >= state.banks.size() || order.receiver >= state.banks.size()) {
    return Refusal::kUnknownBank;
  }
  if (order.sender == order.receiver) return Refusal::kSameBank;
  if (!order.amount.IsPositive()) return Refusal::kAmountNotPositive;
  if (order.amount.minor() > kTotalMinorMax - state.queued_value) return Refusal::kTotalTooLarge;
  return Refusal::kNone;
}

}  // namespace

// A payment that neither waits nor has settled.
PaymentId Engine::State::Add(const PaymentOrder& order, core::LedgerTime when) {
  CW_CHECK(nodes.size() < kPaymentsMax, "payments are numbered up to kPaymentsMax");
  const auto payment = static_cast<PaymentId>(nodes.size());
  nodes.push_back(
      Node{.amount = order.amount.minor(), .sender = order.sender, .receiver = order.receiver});
  flags.push_back(0);
  SetPriority(payment, order.priority);
  SetState(payment, PaymentState::kRejected);
  submitted.push_back(when);
  if (rules.splitting.part_min.IsPositive()) settled_parts.push_back(0);
  if (bypasses) bypass_slots.push_back(BypassIndex::kNoSlot);
  if (rules.links_settle_together) payment_links.push_back(order.link);
  return payment;
}

void Engine::Load(const std::vector<WaitingPayment>& waiting) { state_->Load(waiting); }

void Engine::ReleaseAll(Effects& effects) {
  for (BankIndex bank = 0; bank < banks(); ++bank) {
    state_->MakeDue(bank);
    state_->Retry(effects);
  }
}

void Engine::OffsetAtEntry(PaymentId payment, Effects& effects) {
  CW_CHECK(payment < payments() && state_->IsQueued(payment), "a payment that waits");
  state_->OffsetAtEntry(payment, effects);
  state_->Retry(effects);
}

void Engine::RunChosen(const std::vector<bool>& chosen, Effects& effects) {
  CW_CHECK(chosen.size() == state_->rules.optimisations.size(), "one choice for each");
  state_->RunChosen(chosen, effects);
}

PaymentId Engine::Submit(core::LedgerTime time, const PaymentOrder& order, Effects& effects) {
  State& state = *state_;
  state.Advance(time, effects);
  const PaymentId payment = state.Add(order, state.now);
  Refusal refusal = WhyMalformed(state, order);
  const bool linked = state.LinkOf(payment) != 0;
  if (refusal == Refusal::kNone && linked && !state.Join(payment, order.link)) {
    refusal = Refusal::kLinkComplete;
  }
  if (refusal == Refusal::kNone) {
    const bool tested = !linked && state.rules.discipline != Discipline::kDeferred &&
                        !state.HasAhead(order.sender, order.priority);
    if (tested && state.TrySettle(payment, Cause::kImmediate, effects)) {
      state.Retry(effects);
      return payment;
    }
    if (state.rules.discipline == Discipline::kImmediate) {
      refusal = state.WhyNot(state.nodes[payment], order.priority);
    } else if (state.queued_count >= state.rules.queue_max) {
      refusal = Refusal::kTooManyPayments;
    }
  }
  const std::int64_t unsettled = state.nodes[payment].amount;
  if (refusal != Refusal::kNone) {
    state.Tell(EffectKind::kRejected, payment, unsettled, effects, refusal);
  } else {
    state.Enqueue(payment);
    if (state.rules.tell_queued) state.Tell(EffectKind::kQueued, payment, unsettled, effects);
    const bool tried = linked && state.rules.discipline != Discipline::kDeferred;
    if (!tried || !state.TryPair(payment, effects)) state.OffsetAtEntry(payment, effects);
  }
  state.Retry(effects);
  return payment;
}

void Engine::AdvanceTo(core::LedgerTime time, Effects& effects) { state_->Advance(time, effects); }

std::uint32_t Engine::RunOptimisation(core::LedgerTime time, std::uint32_t index,
                                      Effects& effects) {
  state_->Advance(time, effects);
  if (index >= state_->rules.optimisations.size() || state_->closed) return 0;
  return state_->Run(index, effects).count;
}

void Engine::Close(core::LedgerTime time, Effects& effects) {
  State& state = *state_;
  state.Advance(time, effects);
  if (state.closed) return;
  for (const PaymentId payment : state.AllQueued()) {
    state.Dequeue(payment);
    state.SetState(payment, PaymentState::kExpired);
    state.Tell(EffectKind::kExpired, payment, state.nodes[payment].amount, effects);
  }
  state.closed = true;
}

QueueState Engine::Diagnose(std::uint32_t exact_payments_max) const {
  return state_->Diagnose(exact_payments_max);
}

Problem Engine::QueueAsProblem() const { return state_->AsProblem(state_->AllQueued()); }

core::LedgerTime Engine::now() const { return state_->now; }
std::uint32_t Engine::banks() const { return static_cast<std::uint32_t>(state_->banks.size()); }
std::uint32_t Engine::payments() const { return static_cast<std::uint32_t>(state_->nodes.size()); }
std::uint32_t Engine::queued_count() const { return state_->queued_count; }
core::Amount Engine::queued_value() const { return core::Amount::FromMinor(state_->queued_value); }

core::Amount Engine::Balance(BankIndex bank) const {
  CW_CHECK(bank < banks(), "a bank of this engine");
  return core::Amount::FromMinor(state_->banks[bank].balance);
}

BankView Engine::Bank(BankIndex bank) const {
  CW_CHECK(bank < banks(), "a bank of this engine");
  BankState state = state_->banks[bank];
  state_->ChangeBankBalance(state, 0);  // of the copy: draws up what is drawn until now
  const auto amount = [](std::int64_t minor) { return core::Amount::FromMinor(minor); };
  BankView view;
  view.balance = amount(state.balance);
  view.credit_line = amount(state.credit_line);
  view.reserved_urgent = amount(state.reserved_urgent);
  view.reserved_high = amount(state.reserved_high);
  view.queued_count = state.queued_count;
  view.queued_out = amount(state.queued.Out());
  view.queued_in = amount(state.queued.in);
  view.peak_credit = amount(std::max<std::int64_t>(0, -state.lowest));
  view.lowest_balance = amount(state.lowest);
  // Funds within 2^60 for 2^47 microseconds (four years) at a price within 2^20 fit 128 bits.
  const absl::uint128 per_day = absl::uint128(kPpm) * kMicrosPerDay;
  const auto price = static_cast<std::uint64_t>(state_->rules.credit_price_ppm_per_day);
  const absl::uint128 dividend = state.drawn * price;
  absl::uint128 charge = dividend / per_day;
  const absl::uint128 twice_rest = 2 * (dividend % per_day);
  if (twice_rest > per_day || (twice_rest == per_day && charge % 2 == 1)) ++charge;
  view.credit_charge = amount(static_cast<std::int64_t>(absl::Uint128Low64(charge)));
  return view;
}

PaymentView Engine::Payment(PaymentId payment) const {
  CW_CHECK(payment < payments(), "a payment of this engine");
  const Node& node = state_->nodes[payment];
  const std::int64_t parts = state_->settled_parts.empty() ? 0 : state_->settled_parts[payment];
  PaymentView view;
  view.order = {node.sender, node.receiver, core::Amount::FromMinor(node.amount + parts),
                state_->PriorityOf(payment)};
  view.submitted = state_->submitted[payment];
  view.state = state_->StateOf(payment);
  if (view.state == PaymentState::kQueued) {
    view.unsettled = core::Amount::FromMinor(node.amount);
  }
  return view;
}

PaymentId Engine::QueueFront(BankIndex bank) const {
  CW_CHECK(bank < banks(), "a bank of this engine");
  return state_->Front(bank);
}

PaymentId Engine::QueueNext(PaymentId payment) const {
  CW_CHECK(payment < payments() && state_->IsQueued(payment), "a payment that waits");
  return state_->After(payment);
}

void Engine::CheckInvariants() const { state_->CheckInvariants(); }

}  // namespace causeway::liquidity
