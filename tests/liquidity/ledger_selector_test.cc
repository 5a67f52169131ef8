// A ledger's queue by the engine's rules, against an engine that lives along.
#include "settlement/liquidity/ledger_selector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "settlement/liquidity/engine.h"
#include "tests/liquidity/ledger_with_selector.h"

namespace causeway::core {
namespace {

// Whether what the rules' algorithms settle depends on payments that are long gone: pairs of banks
// are looked at in the order in which they first dealt with one another.
bool LooksAtPairsInTurn(const QueueRules& rules) {
  const bool free = rules.discipline == QueueDiscipline::kFifoBypass ||
                    rules.discipline == QueueDiscipline::kDeferred;
  return std::any_of(rules.optimisations.begin(), rules.optimisations.end(),
                     [&](const QueueRun& run) {
                       return run.algorithm == QueueAlgorithm::kMultiple ||
                              (free && (run.algorithm == QueueAlgorithm::kBilateral ||
                                        run.algorithm == QueueAlgorithm::kCycle));
                     });
}

// An engine that is told everything as it happens, while the ledger loads one anew for each batch.
// Where pairs are looked at in turn, it is told anew before each step: all that waits is submitted
// to it in the order of arrival, or where some of it may have settled in parts put into its queue.
// Its optimisations run when the rules say, by a calculation of its own. Payments are named by the
// order in which they were ever submitted.
class LivingEngine {
 public:
  LivingEngine(const QueueRules& rules, const std::vector<std::int64_t>& balances, LedgerTime start)
      : rules_(rules), window_start_(start) {
    std::vector<liquidity::BankTerms> banks;
    for (const std::int64_t balance : balances) {
      banks.emplace_back().balance = Amount::FromMinor(balance);
    }
    Begin(banks, start);
    for (const QueueRun& run : rules.optimisations) next_.push_back(start + run.first);
  }

  // To be called before each step.
  void BeginStep(LedgerTime now) {
    effects_.clear();
    engine_->AdvanceTo(engine_->now(), effects_);
    if (LooksAtPairsInTurn(rules_)) SubmitAnew(now);
    ExpectTrue(effects_.empty());
  }
  void Submit(LedgerTime now, const liquidity::PaymentOrder& order) {
    names_.push_back(submitted_++);
    engine_->Submit(now, order, effects_);
  }
  void Cancel(LedgerTime now, std::size_t name) {
    const auto payment = Find(name);
    if (payment.has_value()) engine_->Cancel(now, *payment, effects_);
  }
  // Nothing when it does not wait.
  std::optional<liquidity::Priority> PriorityOf(std::size_t name) const {
    const auto payment = Find(name);
    if (!payment.has_value()) return std::nullopt;
    return engine_->Payment(*payment).order.priority;
  }
  void Reprioritise(LedgerTime now, std::size_t name, liquidity::Priority priority) {
    engine_->Reprioritise(now, *Find(name), priority, effects_);
  }
  void ChangeBalance(LedgerTime now, std::size_t bank, std::int64_t minor) {
    engine_->ChangeBalance(now, static_cast<liquidity::BankIndex>(bank), Amount::FromMinor(minor),
                           effects_);
  }
  void RunDue(LedgerTime now) {
    engine_->AdvanceTo(now, effects_);
    std::vector<bool> due;
    for (std::size_t i = 0; i < next_.size(); ++i) {
      due.push_back(now >= next_[i]);
      const Duration every = rules_.optimisations[i].every;
      while (every > Duration::Zero() && now >= next_[i]) next_[i] = next_[i] + every;
    }
    engine_->RunChosen(due, effects_);
    engine_->CheckInvariants();
  }

  const liquidity::Engine& engine() const { return *engine_; }
  const liquidity::Engine::Effects& effects() const { return effects_; }
  std::size_t NameOf(liquidity::PaymentId payment) const { return names_[payment]; }

 private:
  static void ExpectTrue(bool holds) { EXPECT_TRUE(holds); }

  void Begin(const std::vector<liquidity::BankTerms>& banks, LedgerTime start) {
    auto engine = liquidity::Engine::Create(liquidity::EngineRulesOf(rules_), banks, {}, start);
    ASSERT_TRUE(engine.ok()) << engine.status();
    engine_.emplace(*std::move(engine));
  }

  std::optional<liquidity::PaymentId> Find(std::size_t name) const {
    for (liquidity::PaymentId payment = 0; payment < names_.size(); ++payment) {
      if (names_[payment] != name) continue;
      if (engine_->Payment(payment).state != liquidity::PaymentState::kQueued) break;
      return payment;
    }
    return std::nullopt;
  }

  void SubmitAnew(LedgerTime now) {
    const bool rolls = now - window_start_ >= rules_.receipt_window;
    while (rules_.receipt_window > Duration::Zero() &&
           now - window_start_ >= rules_.receipt_window) {
      window_start_ = window_start_ + rules_.receipt_window;
    }
    const liquidity::Problem problem = engine_->QueueAsProblem();
    std::vector<liquidity::BankTerms> banks;
    for (const liquidity::ProblemBank& bank : problem.banks) {
      liquidity::BankTerms& terms = banks.emplace_back();
      if (!rolls) terms.receipts = bank.receipts_left.value_or(Amount::Zero());
    }
    std::vector<std::vector<std::size_t>> queues;
    for (liquidity::BankIndex bank = 0; bank < engine_->banks(); ++bank) {
      std::vector<std::size_t>& queue = queues.emplace_back();
      for (auto p = engine_->QueueFront(bank); p != liquidity::kNoPayment;
           p = engine_->QueueNext(p)) {
        queue.push_back(names_[p]);
      }
    }
    std::vector<std::size_t> names;
    for (const liquidity::ProblemPayment& payment : problem.payments) {
      names.push_back(names_[payment.id]);
    }
    names_ = names;
    if (rules_.splitting != QueueSplitting{}) return LoadAnew(now, problem, queues, banks);
    Begin(banks, now);
    liquidity::Engine::Effects none;
    for (const liquidity::ProblemPayment& payment : problem.payments) {
      engine_->Submit(now, {payment.sender, payment.receiver, payment.amount, payment.priority},
                      none);
    }
    for (const std::vector<std::size_t>& queue : queues) {
      for (const std::size_t name : queue) engine_->MoveToEnd(now, *Find(name), none);
    }
    // Only now the money: what comes to stand first may block what was submitted before it.
    for (liquidity::BankIndex bank = 0; bank < engine_->banks(); ++bank) {
      engine_->ChangeBalance(now, bank, problem.banks[bank].funds, none);
    }
    ExpectTrue(engine_->queued_count() == problem.payments.size());
  }

  void LoadAnew(LedgerTime now, const liquidity::Problem& problem,
                const std::vector<std::vector<std::size_t>>& queues,
                std::vector<liquidity::BankTerms> banks) {
    std::vector<liquidity::WaitingPayment> waiting;
    for (std::size_t i = 0; i < problem.payments.size(); ++i) {
      const liquidity::ProblemPayment& payment = problem.payments[i];
      const Amount whole = engine_->Payment(payment.id).order.amount;
      const std::vector<std::size_t>& queue = queues[payment.sender];
      const auto place = std::find(queue.begin(), queue.end(), names_[i]) - queue.begin();
      waiting.push_back(
          {.order = {payment.sender, payment.receiver, payment.amount, payment.priority},
           .settled = Amount::FromMinor(whole.minor() - payment.amount.minor()),
           .submitted = now,
           .place = static_cast<std::uint64_t>(place)});
    }
    for (liquidity::BankIndex bank = 0; bank < banks.size(); ++bank) {
      banks[bank].balance = problem.banks[bank].funds;
    }
    Begin(banks, now);
    engine_->Load(waiting);
  }

  const QueueRules rules_;
  std::optional<liquidity::Engine> engine_;
  std::vector<LedgerTime> next_;
  LedgerTime window_start_;
  std::vector<std::size_t> names_;  // of the engine's payments
  std::size_t submitted_ = 0;
  liquidity::Engine::Effects effects_;
};

// Of a payment or a part: alone or by which algorithm, as an entry says it. What does not settle
// whole when it comes has waited on a ledger, if only until the end of its batch.
std::string SettledBy(const liquidity::Effect& effect, Amount whole) {
  if (effect.set == 0) {
    const bool at_once = effect.cause == liquidity::Cause::kImmediate && effect.amount == whole;
    return at_once ? "at-once" : "alone";
  }
  return std::string(liquidity::Name(effect.algorithm)) +
         (effect.cause == liquidity::Cause::kBilateralEntry ? "-entry" : "");
}
std::string SettledBy(const Entry& entry) {
  if (entry.cause == Cause::kCommand) return "at-once";
  if (entry.cause == Cause::kRelease) return "alone";
  return entry.rejection.rule.substr(0, entry.rejection.rule.find('/'));
}

class LedgerSelectorTest : public LedgerWithSelector {
 protected:
  // One drawn day. Counts in `seen` by what payments settled.
  void LiveADay(std::uint64_t seed, std::map<std::string, int>& seen) {
    RandomStream random(seed, "selector");
    std::vector<std::int64_t> balances(3 + random.Uniform(3));
    for (std::int64_t& balance : balances) balance = random.UniformInRange(0, 15);
    StartLedger(balances);
    QueueRules rules = DrawQueueRules(random);
    const bool in_turn = LooksAtPairsInTurn(rules);
    // What is submitted anew has not waited, and is offset as anything new.
    for (QueueRun& run : rules.optimisations)
      run.wait_min = in_turn ? Duration::Zero() : run.wait_min;
    // An engine offsets a payment right after its first parts, a ledger when what these brought to
    // others has been released.
    if (in_turn || rules.splitting != QueueSplitting{}) {
      rules.entry_offset = QueueEntryOffset::kNone;
      rules.entry_counter_payments_max = 0;
    }
    ExpectAccepted(ByCentralBank(SetQueueRules{rules}));
    LivingEngine living(rules, balances, now_);
    living.RunDue(now_);
    payers_.clear();
    for (int step = 0; step < 60 && !HasFailure(); ++step) {
      now_ = now_ + Duration::FromSeconds(static_cast<std::int64_t>(random.Uniform(4)));
      living.BeginStep(now_);
      const BatchResult batch = TakeAStep(rules, balances.size(), random, living);
      living.RunDue(now_);
      ExpectSame(batch, living, seen);
    }
  }

  BatchResult TakeAStep(const QueueRules& rules, std::size_t banks, RandomStream& random,
                        LivingEngine& living) {
    const std::uint64_t what = random.Uniform(20);
    const std::size_t bank = random.Uniform(banks);
    const auto priority = static_cast<PaymentPriority>(random.Uniform(3));
    if (what < 17 || payers_.empty()) {
      const std::size_t to = (bank + 1 + random.Uniform(banks - 1)) % banks;
      const std::int64_t minor = random.UniformInRange(1, 20);
      payers_.push_back(bank);
      living.Submit(now_, {.sender = static_cast<liquidity::BankIndex>(bank),
                           .receiver = static_cast<liquidity::BankIndex>(to),
                           .amount = Amount::FromMinor(minor),
                           .priority = liquidity::PriorityOf(priority)});
      return Pays(bank, to, minor, NameOf(payers_.size() - 1), priority);
    }
    const std::size_t chosen = random.Uniform(payers_.size());
    const std::string payer = BankName(payers_[chosen]);
    const InstructionKey key = KeyOfPayment(payers_[chosen], NameOf(chosen));
    if (what == 17) {
      living.Cancel(now_, chosen);
      return Apply({Admitted(MakeCommand(payer, Cancel{key}), {payer})});
    }
    const auto had = living.PriorityOf(chosen);
    if (what == 18 && rules.discipline == QueueDiscipline::kPriority && had.has_value() &&
        *had != liquidity::PriorityOf(priority)) {
      living.Reprioritise(now_, chosen, liquidity::PriorityOf(priority));
      return Apply({Admitted(MakeCommand(payer, Reprioritise{key, priority}), {payer})});
    }
    const std::int64_t minor = random.UniformInRange(1, 10);
    living.ChangeBalance(now_, bank, minor);
    return Apply({Admitted(MakeCommand("CENTRAL", Issue{AccountOf(bank), Hkd(minor), "R"}),
                           {"central-1", "central-2"})});
  }

  static std::string NameOf(std::size_t payment) { return "P-" + std::to_string(payment); }

  void ExpectSame(const BatchResult& batch, const LivingEngine& living,
                  std::map<std::string, int>& seen) {
    // Of each payment what settled of it, in this order: how much, by what, and whether that is
    // all.
    using Settled = std::tuple<std::int64_t, std::string, bool>;
    std::map<std::string, std::vector<Settled>> by_ledger;
    for (const Entry& entry : batch.entries) {
      if (entry.instruction.kind != ActionKind::kPay || entry.postings.empty()) continue;
      by_ledger[std::string(entry.instruction.id.text())].emplace_back(
          entry.postings.at(1).amount.minor(), SettledBy(entry),
          entry.status == InstructionStatus::kSettled);
      ++seen[SettledBy(entry)];
      if (IsPart(entry)) ++seen["part"];
    }
    std::map<std::string, std::vector<Settled>> by_engine;
    for (const liquidity::Effect& effect : living.effects()) {
      const bool whole = effect.kind == liquidity::EffectKind::kSettled;
      if (!whole && effect.kind != liquidity::EffectKind::kPartSettled) continue;
      const Amount amount = living.engine().Payment(effect.payment).order.amount;
      by_engine[NameOf(living.NameOf(effect.payment))].emplace_back(
          effect.amount.minor(), SettledBy(effect, amount), whole);
    }
    EXPECT_EQ(by_ledger, by_engine);
    EXPECT_EQ(ledger_->queue().size(), living.engine().queued_count());
    EXPECT_EQ(ledger_->queue().value(), living.engine().queued_value());
    for (liquidity::BankIndex bank = 0; bank < living.engine().banks(); ++bank) {
      EXPECT_EQ(BalanceOf(bank), living.engine().Balance(bank).minor()) << bank;
    }
  }

  std::vector<std::size_t> payers_;  // of each payment
};

TEST_F(LedgerSelectorTest, SettlesWhatAnEngineThatLivesAlongSettles) {
  std::map<std::string, int> seen;
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    LiveADay(seed, seen);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
  for (const char* by : {"at-once", "alone", "bilateral", "bilateral-single", "bech-soramaki",
                         "greedy", "cycle", "all-or-nothing", "partial", "multiple", "exact",
                         "bilateral-entry", "bilateral-single-entry", "part"}) {
    EXPECT_GT(seen[by], 20) << by;
  }
}

}  // namespace
}  // namespace causeway::core
