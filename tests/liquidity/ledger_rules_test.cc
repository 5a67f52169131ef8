// What a ledger does with the rules that a selector carries out, whatever they are.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "settlement/core/bulk.h"
#include "settlement/core/payment_queue.h"
#include "tests/liquidity/ledger_with_selector.h"

namespace causeway::core {
namespace {

class LedgerRulesTest : public LedgerWithSelector {
 protected:
  void SetRules(const QueueRules& rules) { ExpectAccepted(ByCentralBank(SetQueueRules{rules})); }
  // Of the entries by which payments settled with others, in order.
  static std::vector<std::string> RulesNamed(const BatchResult& batch) {
    std::vector<std::string> rules;
    for (const Entry& entry : batch.entries) {
      if (entry.cause == Cause::kOptimisation) rules.push_back(entry.rejection.rule);
    }
    return rules;
  }
  static QueueRules Fifo(std::vector<QueueRun> runs) {
    QueueRules rules{.discipline = QueueDiscipline::kFifo, .queued_max = 100};
    rules.release = QueueRelease::kFunds;
    rules.optimisations = std::move(runs);
    return rules;
  }
  void Wait(std::int64_t seconds) { now_ = now_ + Duration::FromSeconds(seconds); }
};

TEST_F(LedgerRulesTest, TheSequenceOfTarget2RunsTheNextOnlyWhenTheOneBeforeSettledNothing) {
  StartLedger({0, 0, 0});
  const Duration every = Duration::FromSeconds(60);
  SetRules(Fifo({{.algorithm = QueueAlgorithm::kAllOrNothing, .every = every},
                 {.algorithm = QueueAlgorithm::kPartial,
                  .every = every,
                  .only_if_previous_settled_nothing = true},
                 {.algorithm = QueueAlgorithm::kMultiple,
                  .every = every,
                  .only_if_previous_settled_nothing = true}}));
  Wait(1);
  Pays(0, 1, 5, "A");
  Pays(1, 0, 5, "B");
  EXPECT_EQ(StatusOf(0, "A"), "queued") << "nothing is due";
  Wait(60);
  const BatchResult all = Pays(2, 0, 9, "C");
  EXPECT_EQ(RulesNamed(all), (std::vector<std::string>{"partial/1 #1", "partial/1 #1"}))
      << "C has no counter-payment, so not all settle";
  Wait(60);
  ExpectAccepted(
      ApplyOne(Admitted(MakeCommand(BankName(2), Cancel{KeyOfPayment(2, "C")}), {BankName(2)})));
  Pays(0, 1, 5, "D");
  Wait(60);
  const BatchResult second = Pays(1, 0, 5, "E");
  EXPECT_EQ(RulesNamed(second),
            (std::vector<std::string>{"all-or-nothing/1 #1", "all-or-nothing/1 #1"}));
}

TEST_F(LedgerRulesTest, EachSetOfABatchHasANumber) {
  StartLedger({0, 0, 0, 0});
  SetRules(Fifo({{.algorithm = QueueAlgorithm::kCycle,
                  .first = Duration::FromSeconds(10),
                  .cycle_banks_max = 3}}));
  Pays(0, 1, 5, "A");
  Pays(1, 0, 5, "B");
  Pays(2, 3, 7, "C");
  Wait(10);
  EXPECT_EQ(RulesNamed(Pays(3, 2, 7, "D")),
            (std::vector<std::string>{"cycle/1 #1", "cycle/1 #1", "cycle/1 #2", "cycle/1 #2"}));
}

TEST_F(LedgerRulesTest, ANewPaymentIsOffsetAgainstTheHeadOfThePayeesQueue) {
  StartLedger({0, 2});
  QueueRules rules = Fifo({});
  rules.entry_offset = QueueEntryOffset::kHeads;
  rules.entry_counter_payments_max = 10;
  SetRules(rules);
  Pays(0, 1, 5, "A");
  EXPECT_EQ(RulesNamed(Pays(1, 0, 6, "B")),
            (std::vector<std::string>{"bilateral-entry/1 #1", "bilateral-entry/1 #1"}));
  EXPECT_EQ(BalanceOf(0), 1);
}

TEST_F(LedgerRulesTest, ImmediateSettlementRejectsWhatIsNotCovered) {
  StartLedger({10, 0});
  SetRules({.discipline = QueueDiscipline::kImmediate});
  ExpectRejected(ApplyOne(PaymentItem(0, 1, 11, "A")), Outcome::kInsufficientFunds);
  EXPECT_EQ(InstructionStatusName(ApplyOne(PaymentItem(0, 1, 10, "B")).instructions[0].status),
            "settled");
}

TEST_F(LedgerRulesTest, DeferredPaymentsWaitForARunThoughTheyAreCovered) {
  StartLedger({10, 0});
  QueueRules rules = Fifo({{.algorithm = QueueAlgorithm::kAllOrNothing,
                            .first = Duration::FromSeconds(60),
                            .every = Duration::FromSeconds(60)}});
  rules.discipline = QueueDiscipline::kDeferred;
  SetRules(rules);
  Pays(0, 1, 4, "A");
  EXPECT_EQ(StatusOf(0, "A"), "queued");
  Wait(60);
  Pays(1, 0, 1, "B");
  EXPECT_EQ(StatusOf(0, "A"), "settled");
  EXPECT_EQ(StatusOf(1, "B"), "settled");
}

TEST_F(LedgerRulesTest, NormalPaymentsPassNormalOnesAndNoUrgentOne) {
  StartLedger({10, 0});
  QueueRules rules = Fifo({});
  rules.discipline = QueueDiscipline::kPriority;
  rules.normal_bypass = true;
  SetRules(rules);
  Pays(0, 1, 11, "A");
  Pays(0, 1, 3, "B");
  EXPECT_EQ(StatusOf(0, "B"), "settled");
  Pays(0, 1, 11, "C", PaymentPriority::kUrgent);
  Pays(0, 1, 3, "D");
  EXPECT_EQ(StatusOf(0, "D"), "queued");
}

TEST_F(LedgerRulesTest, ReceiptReactiveReleaseSpendsWhatCameInTheWindow) {
  StartLedger({10, 10});
  QueueRules rules = Fifo({});
  rules.release = QueueRelease::kReceiptReactive;
  rules.receipt_window = Duration::FromSeconds(60);
  SetRules(rules);
  Pays(0, 1, 4, "A");
  EXPECT_EQ(StatusOf(0, "A"), "queued") << "it has money, and received none";
  Pays(1, 0, 5, "B", PaymentPriority::kHigh);
  EXPECT_EQ(StatusOf(1, "B"), "settled");
  EXPECT_EQ(StatusOf(0, "A"), "settled");
  Pays(0, 1, 2, "C");
  EXPECT_EQ(StatusOf(0, "C"), "queued") << "one is left of the five";
  Wait(61);
  Pays(0, 1, 1, "D");
  EXPECT_EQ(StatusOf(0, "D"), "queued") << "a new window";
}

TEST_F(LedgerRulesTest, PaymentsOfABulkAreReceiptsToo) {
  StartLedger({10, 10});
  QueueRules rules = Fifo({});
  rules.release = QueueRelease::kReceiptReactive;
  rules.receipt_window = Duration::FromHours(24);
  SetRules(rules);
  Pays(0, 1, 4, "A");
  BulkPayment payment;
  payment.debtor = {ledger_->FindAccount(AccountOf(1))->number, AccountCheckOf(AccountOf(1))};
  payment.creditor = {ledger_->FindAccount(AccountOf(0))->number, AccountCheckOf(AccountOf(0))};
  payment.amount = Amount::FromMinor(5);
  payment.id.fill(1);
  payment.uetr = SomeUetr(1);
  const Bulk bulk{.ledger = genesis_.ledger,
                  .genesis_hash = genesis_.hash,
                  .party = Party(BankName(1)),
                  .id = payment.id,
                  .valid_until = now_ + Duration::FromHours(1),
                  .payments = {payment}};
  Apply({{.body = bulk,
          .payload_hash = Sha256(EncodeBulk(bulk)),
          .signers = {KeyNamed(BankName(1)).key_id()}}});
  EXPECT_EQ(StatusOf(0, "A"), "settled");
  EXPECT_EQ(BalanceOf(0), 11);
}

TEST_F(LedgerRulesTest, ReceiptsAreForgottenWhenTheDayOpens) {
  StartLedger({10, 10});
  QueueRules rules = Fifo({});
  rules.release = QueueRelease::kReceiptReactive;
  rules.receipt_window = Duration::FromHours(24);
  SetRules(rules);
  Pays(1, 0, 5, "A", PaymentPriority::kUrgent);
  ExpectAccepted(ByCentralBank(SetDayPhase{ledger_->date(), DayPhase::kCutOff}));
  ExpectAccepted(ByCentralBank(SetDayPhase{ledger_->date(), DayPhase::kClosed}));
  const auto next = BusinessDate::FromDays(ledger_->date().days() + 1);
  ExpectAccepted(ByCentralBank(SetDayPhase{*next, DayPhase::kOpen}));
  Pays(0, 1, 1, "B");
  EXPECT_EQ(StatusOf(0, "B"), "queued");
}

TEST_F(LedgerRulesTest, TheEndOfTheDayRunsEveryOptimisationAndEndsTheQueue) {
  StartLedger({0, 0});
  SetRules(Fifo({{.algorithm = QueueAlgorithm::kBilateral, .first = Duration::FromHours(20)}}));
  Pays(0, 1, 5, "A");
  Pays(1, 0, 5, "B");
  Pays(1, 0, 1, "C");
  ExpectAccepted(ByCentralBank(SetDayPhase{ledger_->date(), DayPhase::kCutOff}));
  ExpectAccepted(ByCentralBank(SetDayPhase{ledger_->date(), DayPhase::kClosed}));
  EXPECT_EQ(StatusOf(0, "A"), "settled");
  EXPECT_EQ(StatusOf(1, "C"), "expired");
}

TEST_F(LedgerRulesTest, TheCentralBankMayAskForAllRunsNow) {
  StartLedger({0, 0});
  SetRules(Fifo({{.algorithm = QueueAlgorithm::kGreedy, .first = Duration::FromHours(20)}}));
  Pays(0, 1, 5, "A");
  Pays(1, 0, 5, "B");
  ExpectAccepted(ByCentralBank(OptimiseQueue{}));
  EXPECT_EQ(StatusOf(1, "B"), "settled");
}

// An account that holds more than it may by now still pays, and is not brought down by the engine's
// taking less of it into account than it has.
TEST_F(LedgerRulesTest, AnAccountBeyondItsHoldingLimitPaysAndReceivesNothingOnBalance) {
  StartLedger({100, 0});
  SetRules(Fifo({{.algorithm = QueueAlgorithm::kBechSoramaki}}));
  Pays(1, 0, 8, "A");
  ExpectAccepted(ByCentralBank(SetLimits{AccountOf(0), Amount::FromMinor(50), Amount::Zero()}));
  Pays(0, 1, 10, "B");
  EXPECT_EQ(StatusOf(0, "B"), "settled");
  EXPECT_EQ(StatusOf(1, "A"), "queued");
}

TEST_F(LedgerRulesTest, WithoutASelectorRulesThatNeedOneAreRejected) {
  StartLedger({10}, nullptr);
  ExpectRejected(ByCentralBank(SetQueueRules{Fifo({})}), Outcome::kInvalidField);
  ExpectAccepted(
      ByCentralBank(SetQueueRules{{.discipline = QueueDiscipline::kFifo, .queued_max = 10}}));
}

TEST_F(LedgerRulesTest, WithoutASelectorNoSnapshotWithSuchRulesIsRestored) {
  StartLedger({10});
  SetRules(Fifo({}));
  ledger_->StartSnapshot();
  const auto restored = Ledger::Restore(genesis_, nullptr, [&]() -> absl::StatusOr<std::string> {
    return ledger_->NextSnapshotPart();
  });
  EXPECT_EQ(restored.status().message(), "snapshot: queue: its rules need a selector");
}

TEST_F(LedgerRulesTest, AWrongSelectorStopsTheLedger) {
  const auto serve = [&](std::vector<SelectedPayment> answer) {
    const FixedSelector selector(std::move(answer));
    StartLedger({4, 0}, &selector);
    SetRules(Fifo({{.algorithm = QueueAlgorithm::kGreedy}}));
    Pays(0, 1, 5, "A");
  };
  const Amount five = Amount::FromMinor(5);
  EXPECT_DEATH(serve({{.payment = 0, .amount = five}}), "what settles alone is covered");
  EXPECT_DEATH(serve({{.payment = 0, .amount = five, .set = 1}}), "below minus the credit line");
  EXPECT_DEATH(serve({{.payment = 1, .amount = five}}), "names what waits");
  EXPECT_DEATH(serve({{.payment = 0, .amount = Amount::FromMinor(4)}}), "settles whole");
}

// Any message: sound ones run, and of the others the field is named.
QueueRules AnyRules(RandomStream& random) {
  QueueRules rules = DrawQueueRules(random);
  const std::uint64_t faults = random.Uniform(3);
  for (std::uint64_t i = 0; i < faults; ++i) {
    const auto few = static_cast<std::uint32_t>(random.Uniform(4));
    const auto micros = Duration::FromMicros(random.UniformInRange(-5, 90'000'000'000));
    QueueRun run;
    if (!rules.optimisations.empty()) run = rules.optimisations.front();
    switch (random.Uniform(18)) {
      case 0:
        rules.discipline = static_cast<QueueDiscipline>(random.Uniform(6));
        break;
      case 1:
        rules.normal_bypass = !rules.normal_bypass;
        break;
      case 2:
        rules.release = static_cast<QueueRelease>(few);
        break;
      case 3:
        rules.receipt_window = micros;
        break;
      case 4:
        rules.entry_offset = static_cast<QueueEntryOffset>(random.Uniform(3));
        break;
      case 5:
        rules.entry_counter_payments_max = few * 50;
        break;
      case 6:
        rules.queued_max = few;
        break;
      case 7:
        rules.optimise_every = micros;
        break;
      case 8:
        rules.optimisation = QueueOptimisation::kBechSoramaki;
        break;
      case 9:
        run.algorithm = static_cast<QueueAlgorithm>(random.Uniform(10));
        break;
      case 10:
        run.every = micros;
        break;
      case 11:
        run.first = micros;
        break;
      case 12:
        run.wait_min = micros;
        break;
      case 13:
        run.cycle_banks_max = few * 6;
        break;
      case 14:
        run.exact_payments_max = few * 7;
        break;
      case 15:
        rules.splitting.part_min = Amount::FromMinor(random.UniformInRange(-1, 3));
        break;
      case 16:
        rules.splitting.part_max = Amount::FromMinor(random.UniformInRange(-1, 9));
        break;
      default:
        run.only_if_previous_settled_nothing = true;
        run.counter_payments_max = few * 40;
        break;
    }
    rules.optimisations.push_back(run);
    if (random.Bernoulli(1, 40)) rules.optimisations.resize(17, run);
  }
  return rules;
}

TEST_F(LedgerRulesTest, AnyRulesAreRefusedByFieldOrRun) {
  const std::vector<std::string> fields = {"rules",          "discipline",
                                           "queued_max",     "optimise_every",
                                           "optimisation",   "normal_bypass",
                                           "receipt_window", "entry_offset",
                                           "optimisations",  "entry_counter_payments_max",
                                           "splitting"};
  std::map<std::string, int> refused;
  int ran = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    RandomStream random(seed, "any-rules");
    if (seed % 500 == 0) StartLedger({20, 20, 20});
    const ItemResult result = ByCentralBank(SetQueueRules{AnyRules(random)});
    ASSERT_EQ(result.instructions.size(), 1u);
    const InstructionState& state = result.instructions[0];
    if (state.status == InstructionStatus::kRejected) {
      ASSERT_EQ(state.rejection.outcome, Outcome::kInvalidField);
      const std::string& rule = state.rejection.rule;
      const std::string field = rule.substr(0, rule.find_first_of(":[."));
      ASSERT_NE(std::find(fields.begin(), fields.end(), field), fields.end()) << rule;
      ++refused[field];
      continue;
    }
    ++ran;
    for (int i = 0; i < 12; ++i) {
      const std::size_t from = random.Uniform(3);
      const std::string id = std::to_string(seed) + "-" + std::to_string(i);
      Pays(from, (from + 1) % 3, random.UniformInRange(1, 40), id);
      Wait(static_cast<std::int64_t>(random.Uniform(30)));
    }
    // Rules change only while nothing waits.
    while (!ledger_->queue().empty()) {
      const InstructionKey key = ledger_->queue().accounts().begin()->second.begin()->second.key;
      ExpectAccepted(ByCentralBank(Cancel{key}));
    }
  }
  EXPECT_GT(ran, 500);
  EXPECT_GT(refused.size(), 7u);
  EXPECT_GT(refused["splitting"], 20);
}

// Days with everything at once: several payments in a batch, limits on what accounts may hold,
// credit lines, frozen accounts, issues. Whatever the rules, no account is ever below minus its
// credit line, a ledger that was restored from a snapshot goes on as the one it was made of, and
// one that executes the same log comes to the same root.
TEST_F(LedgerRulesTest, RandomDaysKeepEveryAccountCoveredAndReplayAlike) {
  int restored_days = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    RandomStream random(seed, "rules-day");
    StartLedger({20, 10, 0, 0});
    const QueueRules rules = DrawQueueRules(random);
    SetRules(rules);
    std::unique_ptr<Ledger> twin;
    for (int step = 0; step < 40; ++step) {
      Wait(static_cast<std::int64_t>(random.Uniform(10)));
      std::vector<AdmittedItem> items;
      const std::size_t bank = random.Uniform(4);
      const auto amount = [&] { return Amount::FromMinor(random.UniformInRange(0, 30)); };
      const auto central = [&](Action action) {
        items.push_back(
            Admitted(MakeCommand("CENTRAL", std::move(action)), {"central-1", "central-2"}));
      };
      switch (random.Uniform(12)) {
        case 0: {
          const Amount holding_limit = amount();
          central(SetLimits{AccountOf(bank), holding_limit, amount()});
          break;
        }
        case 1:
          central(SetFreeze{AccountOf(bank), random.Bernoulli(1, 3), "order"});
          break;
        case 2:
          central(Issue{AccountOf(bank), Hkd(5), "R"});
          break;
        default:
          break;
      }
      const std::uint64_t payments = random.Uniform(5);
      for (std::uint64_t i = 0; i < payments; ++i) {
        const std::size_t from = random.Uniform(4);
        const std::size_t to = (from + 1 + random.Uniform(3)) % 4;
        const std::int64_t minor = random.UniformInRange(1, 25);
        const auto priority = static_cast<PaymentPriority>(random.Uniform(3));
        items.push_back(
            PaymentItem(from, to, minor, std::to_string(step) + "-" + std::to_string(i), priority));
      }
      const BatchResult result = Apply(items);
      for (std::size_t i = 0; i < 4; ++i) {
        const AccountState& account = *ledger_->FindAccount(AccountOf(i));
        ASSERT_GE(account.available.minor() + account.credit_line.minor(), 0) << "seed " << seed;
      }
      if (twin != nullptr) {
        ASSERT_EQ(twin->ApplyBatch(now_, items).entries, result.entries) << "seed " << seed;
        ASSERT_EQ(twin->StateRoot(), ledger_->StateRoot()) << "seed " << seed;
      }
      if (step == 20) {
        restored_days += ledger_->queue().empty() ? 0 : 1;
        twin = Restored();
        ASSERT_NE(twin, nullptr);
        ASSERT_EQ(twin->StateRoot(), ledger_->StateRoot());
      }
    }
  }
  EXPECT_GT(restored_days, 200);
}

}  // namespace
}  // namespace causeway::core
