#include "settlement/liquidity/ledger_selector.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/numeric/int128.h"
#include "settlement/core/check.h"
#include "settlement/liquidity/engine.h"
#include "settlement/liquidity/usable.h"

namespace causeway::liquidity {
namespace {

using core::QueueProblem;
using core::QueueRules;
using core::SelectedPayment;
using core::SelectorAccount;

Discipline EngineDisciplineOf(core::QueueDiscipline discipline) {
  switch (discipline) {
    case core::QueueDiscipline::kFifo:
      return Discipline::kFifo;
    case core::QueueDiscipline::kFifoBypass:
      return Discipline::kFifoBypass;
    case core::QueueDiscipline::kPriority:
      return Discipline::kPriority;
    case core::QueueDiscipline::kDeferred:
      return Discipline::kDeferred;
    case core::QueueDiscipline::kNone:
    case core::QueueDiscipline::kImmediate:
      break;
  }
  return Discipline::kImmediate;
}

Release EngineReleaseOf(core::QueueRelease release) {
  switch (release) {
    case core::QueueRelease::kReceiptReactive:
      return Release::kReceiptReactive;
    case core::QueueRelease::kBalanceReactive:
      return Release::kBalanceReactive;
    case core::QueueRelease::kNone:
    case core::QueueRelease::kFunds:
      break;
  }
  return Release::kFunds;
}

EntryOffset EngineEntryOffsetOf(core::QueueEntryOffset offset) {
  switch (offset) {
    case core::QueueEntryOffset::kHeads:
      return EntryOffset::kHeads;
    case core::QueueEntryOffset::kSingle:
      return EntryOffset::kSingle;
    case core::QueueEntryOffset::kNone:
      break;
  }
  return EntryOffset::kNone;
}

Algorithm EngineAlgorithmOf(core::QueueAlgorithm algorithm) {
  switch (algorithm) {
    case core::QueueAlgorithm::kBilateral:
      return Algorithm::kBilateral;
    case core::QueueAlgorithm::kBilateralSingle:
      return Algorithm::kBilateralSingle;
    case core::QueueAlgorithm::kBechSoramaki:
      return Algorithm::kBechSoramaki;
    case core::QueueAlgorithm::kGreedy:
      return Algorithm::kGreedy;
    case core::QueueAlgorithm::kCycle:
      return Algorithm::kCycle;
    case core::QueueAlgorithm::kAllOrNothing:
      return Algorithm::kAllOrNothing;
    case core::QueueAlgorithm::kPartial:
      return Algorithm::kPartial;
    case core::QueueAlgorithm::kMultiple:
      return Algorithm::kMultiple;
    case core::QueueAlgorithm::kExact:
      return Algorithm::kExact;
    case core::QueueAlgorithm::kNone:
      break;
  }
  return Algorithm::kNone;
}

core::QueueAlgorithm LedgerAlgorithmOf(Algorithm algorithm) {
  for (int i = 0; i <= static_cast<int>(core::QueueAlgorithm::kExact); ++i) {
    const auto candidate = static_cast<core::QueueAlgorithm>(i);
    if (EngineAlgorithmOf(candidate) == algorithm) return candidate;
  }
  CW_CHECK(false, "what an engine of a ledger's rules runs is an algorithm of the ledger's");
  return core::QueueAlgorithm::kNone;
}

// An engine that holds a ledger's queue, and what its numbers mean. Accounts may have more than an
// engine adds up: each is given what could count at most, which is what it has waiting and what is
// kept from that.
class LoadedQueue {
 public:
  LoadedQueue(const QueueRules& rules, const QueueProblem& problem) : problem_(problem) {
    TakeAccounts();
    std::vector<WaitingPayment> waiting;
    for (std::uint32_t i = 0; i < problem.payments.size(); ++i) {
      const core::SelectorPayment& payment = problem.payments[i];
      if (left_out_[payment.debtor]) continue;
      waiting.push_back({.order = {.sender = payment.debtor,
                                   .receiver = payment.creditor,
                                   .amount = payment.amount,
                                   .priority = PriorityOf(payment.priority)},
                         .settled = payment.settled,
                         .submitted = std::min(payment.submitted, problem.now),
                         .place = payment.place});
      payment_of_.push_back(i);
    }
    absl::StatusOr<Engine> engine =
        Engine::Create(EngineRulesOf(rules), banks_, Limits(), problem.now);
    CW_CHECK(engine.ok(), "a ledger's queue is within the engine's bounds");
    engine->Load(waiting);
    engine_.emplace(*std::move(engine));
  }

  Engine& engine() { return *engine_; }
  std::uint32_t count() const { return static_cast<std::uint32_t>(payment_of_.size()); }
  // The position among the problem's payments.
  std::uint32_t PositionOf(PaymentId payment) const { return payment_of_[payment]; }
  bool IsWaiting(PaymentId payment) const {
    return engine_->Payment(payment).state == PaymentState::kQueued;
  }

 private:
  static core::Amount Bounded(absl::int128 minor, absl::int128 most) {
    return core::Amount::FromMinor(static_cast<std::int64_t>(std::clamp(minor, -most, most)));
  }

  void TakeAccounts() {
    const std::size_t count = problem_.accounts.size();
    std::vector<absl::int128> out(count);
    std::vector<absl::int128> in(count);
    for (const core::SelectorPayment& payment : problem_.payments) {
      out[payment.debtor] += payment.amount.minor();
      in[payment.creditor] += payment.amount.minor();
    }
    left_out_.resize(count);
    absl::int128 kept_of_all = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const SelectorAccount& account = problem_.accounts[i];
      absl::int128 kept = absl::int128(account.reserved_urgent.minor()) +
                          account.reserved_high.minor() + account.release_threshold.minor();
      // Of those that keep more than can be added up, nothing settles; theirs is left out.
      left_out_[i] = account.funds < 0 || kept_of_all + kept > core::kSelectorValueMax;
      BankTerms& bank = banks_.emplace_back();
      if (!left_out_[i]) {
        kept_of_all += kept;
        bank.balance = core::Amount::FromMinor(
            static_cast<std::int64_t>(std::min(account.funds, out[i] + kept)));
        bank.reserved_urgent = account.reserved_urgent;
        bank.reserved_high = account.reserved_high;
        bank.release_threshold = account.release_threshold;
        bank.receipts = core::Amount::FromMinor(static_cast<std::int64_t>(
            std::clamp(absl::int128(account.receipts.minor()), absl::int128(0), out[i])));
      }
      if (account.room.has_value() && *account.room < in[i]) {
        // Where it holds more than it may already, the limit may lie below zero here: then nothing
        // that waits brings it below its limit, as nothing brings it below zero.
        bank.holding_limit = Bounded(
            std::max<absl::int128>(0, bank.balance.minor() + *account.room), kTotalMinorMax);
      }
      if (account.multilateral_limit.has_value()) {
        std::tie(bank.multilateral_limit, bank.multilateral_position) =
            LimitOf(*account.multilateral_limit, account.multilateral_position);
      }
    }
  }

  // With the same room, in numbers that an engine takes.
  static std::pair<core::Amount, core::Amount> LimitOf(core::Amount limit, core::Amount position) {
    const absl::int128 room = absl::int128(limit.minor()) - position.minor();
    return {Bounded(std::max<absl::int128>(room, 0), kTotalMinorMax),
            Bounded(std::max<absl::int128>(-room, 0), kTotalMinorMax)};
  }

  std::vector<BilateralLimit> Limits() const {
    std::vector<BilateralLimit> limits;
    for (const core::SelectorLimit& each : problem_.limits) {
      const auto [limit, position] = LimitOf(each.limit, each.position);
      limits.push_back({each.sender, each.receiver, limit, position});
    }
    return limits;
  }

  const QueueProblem& problem_;
  std::vector<BankTerms> banks_;
  std::vector<bool> left_out_;  // by account
  std::vector<std::uint32_t> payment_of_;
  std::optional<Engine> engine_;
};

class EngineSelector : public core::QueueSelector {
 public:
  absl::Status CheckRules(const QueueRules& rules) const override {
    return liquidity::CheckRules(EngineRulesOf(rules));
  }

  absl::int128 UsableAlone(const QueueRules& rules, const SelectorAccount& account,
                           core::PaymentPriority priority,
                           std::optional<absl::int128> limit_room) const override {
    const absl::int128 usable =
        UsableOf<absl::int128>(EngineReleaseOf(rules.release),
                               {.funds = account.funds,
                                .reserved_urgent = account.reserved_urgent.minor(),
                                .reserved_high = account.reserved_high.minor(),
                                .release_threshold = account.release_threshold.minor(),
                                .receipts = account.receipts.minor()},
                               PriorityOf(priority));
    const bool bound = rules.limits_bind_all || priority == core::PaymentPriority::kNormal;
    return limit_room.has_value() && bound ? std::min(usable, *limit_room) : usable;
  }

  std::vector<SelectedPayment> Select(const QueueRules& rules,
                                      const QueueProblem& problem) const override {
    std::vector<SelectedPayment> selected;
    if (problem.payments.empty()) return selected;
    LoadedQueue queue(rules, problem);
    Engine::Effects effects;
    queue.engine().ReleaseAll(effects);
    for (PaymentId payment = 0; payment < queue.count(); ++payment) {
      const bool is_new = problem.payments[queue.PositionOf(payment)].is_new;
      if (is_new && queue.IsWaiting(payment)) queue.engine().OffsetAtEntry(payment, effects);
    }
    queue.engine().RunChosen(problem.runs, effects);
    for (const Effect& effect : effects) {
      if (effect.kind != EffectKind::kSettled && effect.kind != EffectKind::kPartSettled) continue;
      selected.push_back({.payment = queue.PositionOf(effect.payment),
                          .amount = effect.amount,
                          .set = effect.set,
                          .at_entry = effect.cause == Cause::kBilateralEntry,
                          .algorithm = LedgerAlgorithmOf(effect.algorithm),
                          .algorithm_version = effect.algorithm_version});
    }
    return selected;
  }
};

}  // namespace

const core::QueueSelector& LedgerSelector() {
  static const EngineSelector selector;
  return selector;
}

Priority PriorityOf(core::PaymentPriority priority) {
  switch (priority) {
    case core::PaymentPriority::kUrgent:
      return Priority::kUrgent;
    case core::PaymentPriority::kHigh:
      return Priority::kHigh;
    case core::PaymentPriority::kNormal:
      break;
  }
  return Priority::kNormal;
}

Rules EngineRulesOf(const QueueRules& rules) {
  Rules engine;
  engine.discipline = EngineDisciplineOf(rules.discipline);
  engine.normal_bypass = rules.normal_bypass;
  engine.release = EngineReleaseOf(rules.release);
  if (engine.release == Release::kReceiptReactive) engine.receipt_window = rules.receipt_window;
  engine.entry_offset = EngineEntryOffsetOf(rules.entry_offset);
  if (engine.entry_offset != EntryOffset::kNone) {
    engine.entry_counter_payments_max = rules.entry_counter_payments_max;
  }
  engine.splitting = {rules.splitting.threshold, rules.splitting.part_min,
                      rules.splitting.part_max};
  engine.parts_max = core::kSelectorPartsMax;
  engine.limits_bind_normal_only = !rules.limits_bind_all;
  for (const core::QueueRun& run : rules.optimisations) {
    Optimisation& optimisation = engine.optimisations.emplace_back();
    optimisation.algorithm = EngineAlgorithmOf(run.algorithm);
    optimisation.only_if_previous_settled_nothing = run.only_if_previous_settled_nothing;
    optimisation.wait_min = run.wait_min;
    if (run.algorithm == core::QueueAlgorithm::kBilateralSingle) {
      optimisation.counter_payments_max = run.counter_payments_max;
    }
    if (run.algorithm == core::QueueAlgorithm::kCycle) {
      optimisation.cycle_banks_max = run.cycle_banks_max;
    }
    if (run.algorithm == core::QueueAlgorithm::kExact) {
      optimisation.exact_payments_max = run.exact_payments_max;
    }
  }
  return engine;
}

QueueState DiagnoseLedgerQueue(const QueueRules& rules, const QueueProblem& problem) {
  if (problem.payments.empty()) return QueueState::kEmpty;
  LoadedQueue queue(rules, problem);
  Engine::Effects effects;
  queue.engine().ReleaseAll(effects);
  // What settles alone, in parts too.
  if (!effects.empty()) return QueueState::kGridlock;
  return queue.engine().Diagnose();
}

}  // namespace causeway::liquidity
