// Payments that wait for funds in a ledger.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "settlement/core/prng.h"
#include "tests/core/ledger_fixture.h"

namespace causeway::core {
namespace {

class LedgerQueueTest : public LedgerFixture {
 protected:
  // ALPHA has 1,000.00; BETA and GAMMA have nothing.
  void SetUp() override {
    LedgerFixture::SetUp();
    ExpectAccepted(ByCentralBank(RegisterParticipant{.participant = Party("GAMMA"),
                                                     .role = Role::kCommercialBank,
                                                     .country = ParseOrDie<Country>("HK"),
                                                     .keys = {KeyNamed("GAMMA").public_key()}}));
    ExpectAccepted(ByCentralBank(OpenAccount{.address = Address("GAMMA"),
                                             .owner = Party("GAMMA"),
                                             .purpose = AccountPurpose::kSettlement}));
  }
  void SetRules(QueueDiscipline discipline,
                QueueOptimisation optimisation = QueueOptimisation::kNone,
                Duration every = Duration::Zero(), std::uint32_t queued_max = 1000) {
    ExpectAccepted(ByCentralBank(SetQueueRules{{discipline, optimisation, every, queued_max}}));
  }
  ItemResult Pays(const std::string& from, const std::string& to, std::int64_t minor,
                  std::string_view id, PaymentPriority priority = PaymentPriority::kNormal) {
    Pay pay = PayOf(from, to, minor);
    pay.priority = priority;
    return By(from, pay, id);
  }
  InstructionKey Key(std::string_view party, std::string_view id) const {
    return {Party(party), ActionKind::kPay, Id(id)};
  }
  std::string StatusOf(std::string_view party, std::string_view id) const {
    return std::string(InstructionStatusName(KnownState(Key(party, id)).status));
  }
  static std::string StatusOf(const ItemResult& result) {
    return std::string(InstructionStatusName(result.instructions.at(0).status));
  }
};

TEST_F(LedgerQueueTest, WithoutRulesWhatIsNotCoveredIsRejected) {
  ExpectRejected(Pays("BETA", "ALPHA", 1, "P-1"), Outcome::kInsufficientFunds);
  EXPECT_TRUE(ledger_->queue().empty());
}

TEST_F(LedgerQueueTest, APaymentWaitsForFundsAndSettlesWhenTheyCome) {
  SetRules(QueueDiscipline::kFifo);
  EXPECT_EQ(StatusOf(Pays("BETA", "GAMMA", 700, "P-1")), "queued");
  EXPECT_EQ(ledger_->queue().value().minor(), 700);
  EXPECT_EQ(StatusOf(Pays("ALPHA", "BETA", 699, "A-1")), "settled");
  EXPECT_EQ(StatusOf("BETA", "P-1"), "queued");
  EXPECT_EQ(StatusOf(Pays("ALPHA", "BETA", 1, "A-2")), "settled");
  EXPECT_EQ(StatusOf("BETA", "P-1"), "settled");
  EXPECT_EQ(Available("GAMMA"), 700);
  EXPECT_EQ(Available("BETA"), 0);
  EXPECT_TRUE(ledger_->queue().empty());
}

TEST_F(LedgerQueueTest, APaymentThatWouldWaitWouldNotSettle) {
  SetRules(QueueDiscipline::kFifo);
  const auto asked = [&](const char* from, const char* to) {
    return ledger_
        ->WouldSettle(now_, Admitted(MakeCommand(from, PayOf(from, to, 700)), {std::string(from)}))
        .outcome;
  };
  EXPECT_EQ(asked("ALPHA", "BETA"), Outcome::kAccepted);
  EXPECT_EQ(asked("BETA", "GAMMA"), Outcome::kInsufficientFunds);
  EXPECT_TRUE(ledger_->queue().empty());
}

TEST_F(LedgerQueueTest, TheEntryThatReleasesNamesItsCauseAndThePaymentsOwnPayload) {
  SetRules(QueueDiscipline::kFifo);
  const ItemResult queued = Pays("BETA", "GAMMA", 700, "P-1");
  const BatchResult batch =
      Apply({Admitted(MakeCommand("ALPHA", PayOf("ALPHA", "BETA", 900)), {"ALPHA"})});
  ASSERT_EQ(batch.entries.size(), 2u);
  const Entry& released = batch.entries[1];
  EXPECT_EQ(released.instruction, Key("BETA", "P-1"));
  EXPECT_EQ(released.cause, Cause::kRelease);
  EXPECT_EQ(released.payload_hash, queued.instructions.at(0).payload_hash);
  EXPECT_EQ(released.postings.size(), 2u);
  EXPECT_EQ(DecodeEntry(EncodeEntry(released)).value(), released);
}

TEST_F(LedgerQueueTest, ReleasesCascadeWithinOneBatch) {
  SetRules(QueueDiscipline::kFifo);
  Pays("GAMMA", "ALPHA", 500, "G-1");
  Pays("BETA", "GAMMA", 500, "B-1");
  Pays("ALPHA", "BETA", 500, "A-1");
  EXPECT_EQ(StatusOf("BETA", "B-1"), "settled");
  EXPECT_EQ(StatusOf("GAMMA", "G-1"), "settled");
  EXPECT_EQ(Available("ALPHA"), 100'000);
}

TEST_F(LedgerQueueTest, FifoLetsNothingPassAndBypassDoes) {
  SetRules(QueueDiscipline::kFifo);
  Pays("ALPHA", "BETA", 100'001, "BIG");
  EXPECT_EQ(StatusOf(Pays("ALPHA", "BETA", 1, "SMALL")), "queued");
  ExpectAccepted(By("ALPHA", Cancel{Key("ALPHA", "BIG")}));
  EXPECT_EQ(StatusOf("ALPHA", "BIG"), "cancelled");
  EXPECT_EQ(StatusOf("ALPHA", "SMALL"), "settled");
  SetRules(QueueDiscipline::kFifoBypass);
  Pays("ALPHA", "BETA", 100'001, "BIG-2");
  EXPECT_EQ(StatusOf(Pays("ALPHA", "BETA", 1, "SMALL-2")), "settled");
}

TEST_F(LedgerQueueTest, UrgentPaymentsGoFirstAndAChangeOfPriorityMovesOne) {
  SetRules(QueueDiscipline::kPriority);
  Pays("BETA", "GAMMA", 10, "NORMAL");
  Pays("BETA", "GAMMA", 10, "HIGH", PaymentPriority::kHigh);
  Pays("BETA", "GAMMA", 10, "LATE");
  ExpectAccepted(By("BETA", Reprioritise{Key("BETA", "LATE"), PaymentPriority::kUrgent}));
  Pays("ALPHA", "BETA", 10, "A-1");
  EXPECT_EQ(StatusOf("BETA", "LATE"), "settled");
  EXPECT_EQ(StatusOf("BETA", "HIGH"), "queued");
  EXPECT_EQ(StatusOf(Pays("BETA", "GAMMA", 10, "U-2", PaymentPriority::kUrgent)), "queued");
  Pays("ALPHA", "BETA", 10, "A-2");
  EXPECT_EQ(StatusOf("BETA", "U-2"), "settled");
  Pays("ALPHA", "BETA", 10, "A-3");
  EXPECT_EQ(StatusOf("BETA", "HIGH"), "settled");
  EXPECT_EQ(StatusOf("BETA", "NORMAL"), "queued");
}

TEST_F(LedgerQueueTest, ARingThatNobodyCanBeginSettlesByOffsetting) {
  SetRules(QueueDiscipline::kFifo, QueueOptimisation::kBechSoramaki);
  By("ALPHA", PayOf("ALPHA", "BETA", 100'000));  // ALPHA has nothing now, BETA all
  By("BETA", Redeem{Address("BETA"), Hkd(100'000)});
  EXPECT_EQ(StatusOf(Pays("ALPHA", "BETA", 300, "A")), "queued");
  EXPECT_EQ(StatusOf(Pays("BETA", "GAMMA", 300, "B")), "queued");
  const BatchResult batch =
      Apply({Admitted(MakeCommand("GAMMA", PayOf("GAMMA", "ALPHA", 300), "C"), {"GAMMA"})});
  // Whoever closed the ring is told at once that it settled.
  EXPECT_EQ(StatusOf(batch.results.at(0)), "settled");
  ASSERT_EQ(batch.entries.size(), 4u);
  for (std::size_t i = 1; i < batch.entries.size(); ++i) {
    EXPECT_EQ(batch.entries[i].cause, Cause::kOptimisation);
    EXPECT_EQ(batch.entries[i].rejection.rule, "bech-soramaki/1");
    EXPECT_EQ(batch.entries[i].status, InstructionStatus::kSettled);
  }
  for (const char* bank : {"ALPHA", "BETA", "GAMMA"}) EXPECT_EQ(Available(bank), 0) << bank;
}

TEST_F(LedgerQueueTest, OptimisationKeepsItsIntervalUnlessAsked) {
  SetRules(QueueDiscipline::kFifo, QueueOptimisation::kBechSoramaki, Duration::FromMinutes(2));
  Pays("BETA", "GAMMA", 5, "B-0");  // the interval begins with the first one
  ExpectAccepted(By("BETA", Cancel{Key("BETA", "B-0")}));
  Pays("BETA", "GAMMA", 5, "B");
  Pays("GAMMA", "BETA", 5, "C");
  EXPECT_EQ(StatusOf("BETA", "B"), "queued");
  ExpectRejected(By("BETA", OptimiseQueue{}), Outcome::kNotAuthorised);
  ExpectAccepted(ByCentralBank(OptimiseQueue{}));
  EXPECT_EQ(StatusOf("BETA", "B"), "settled");
  Pays("BETA", "GAMMA", 5, "B-2");
  Pays("GAMMA", "BETA", 5, "C-2");
  EXPECT_EQ(StatusOf("BETA", "B-2"), "queued");
  now_ = now_ + Duration::FromMinutes(2);
  Pays("ALPHA", "GAMMA", 1, "A");
  EXPECT_EQ(StatusOf("BETA", "B-2"), "settled");
}

TEST_F(LedgerQueueTest, WhatWaitsWhenTheDayClosesExpires) {
  SetRules(QueueDiscipline::kFifo);
  Pays("BETA", "GAMMA", 5, "B");
  ExpectAccepted(ByCentralBank(SetDayPhase{genesis_.business_date, DayPhase::kCutOff}));
  EXPECT_EQ(StatusOf("BETA", "B"), "queued");
  ExpectAccepted(ByCentralBank(SetDayPhase{genesis_.business_date, DayPhase::kClosed}));
  EXPECT_EQ(StatusOf("BETA", "B"), "expired");
  EXPECT_TRUE(ledger_->queue().empty());
}

TEST_F(LedgerQueueTest, AnIdThatWaitsIsKnown) {
  SetRules(QueueDiscipline::kFifo);
  const Command command = MakeCommand("BETA", PayOf("BETA", "GAMMA", 5), "B");
  ApplyOne(Admitted(command, {"BETA"}, "bytes"));
  const ItemResult again = ApplyOne(Admitted(command, {"BETA"}, "bytes"));
  EXPECT_FALSE(again.sequenced);
  EXPECT_EQ(StatusOf(again), "queued");
  ExpectRefused(ApplyOne(Admitted(command, {"BETA"}, "others")), Outcome::kInstructionIdReused);
  EXPECT_EQ(ledger_->queue().size(), 1u);
}

TEST_F(LedgerQueueTest, AFrozenAccountsPaymentsStayAndOthersGoOn) {
  SetRules(QueueDiscipline::kFifo, QueueOptimisation::kBechSoramaki);
  Pays("BETA", "GAMMA", 5, "B");
  ExpectAccepted(ByCentralBank(SetFreeze{Address("BETA"), true, "order"}));
  Pays("ALPHA", "BETA", 5, "A");
  EXPECT_EQ(StatusOf("BETA", "B"), "queued");
  ExpectAccepted(ByCentralBank(SetFreeze{Address("BETA"), false, "order"}));
  EXPECT_EQ(StatusOf("BETA", "B"), "settled");
}

TEST_F(LedgerQueueTest, RulesChangeOnlyWhileNothingWaitsAndAreChecked) {
  const auto set = [&](QueueRules rules) { return ByCentralBank(SetQueueRules{rules}); };
  const QueueRules good{.discipline = QueueDiscipline::kFifo, .queued_max = 1};
  QueueRules bad = good;
  bad.queued_max = 0;
  ExpectRejected(set(bad), Outcome::kInvalidField);
  bad.queued_max = kQueuedMax + 1;
  ExpectRejected(set(bad), Outcome::kInvalidField);
  bad = good;
  bad.optimise_every = Duration::FromMicros(-1);
  ExpectRejected(set(bad), Outcome::kInvalidField);
  ExpectRejected(set({.queued_max = 1}), Outcome::kInvalidField);
  ExpectRejected(By("ALPHA", SetQueueRules{good}), Outcome::kNotAuthorised);
  ExpectAccepted(set(good));
  Pays("BETA", "GAMMA", 5, "B");
  ExpectRejected(Pays("BETA", "GAMMA", 5, "B-2"), Outcome::kLimitExceeded);
  ExpectRejected(set({}), Outcome::kWrongInstructionState);
  ExpectRejected(ByCentralBank(CloseAccount{Address("GAMMA")}), Outcome::kAccountNotEmpty);
  ExpectAccepted(By("BETA", Cancel{Key("BETA", "B")}));
  ExpectAccepted(set({}));
}

TEST_F(LedgerQueueTest, OnlyItsPartyMovesOrCancelsAPayment) {
  SetRules(QueueDiscipline::kPriority);
  Pays("BETA", "GAMMA", 5, "B");
  ExpectRejected(By("ALPHA", Cancel{Key("BETA", "B")}), Outcome::kNotAuthorised);
  ExpectRejected(By("ALPHA", Reprioritise{Key("BETA", "B"), PaymentPriority::kHigh}),
                 Outcome::kNotAuthorised);
  ExpectRejected(By("BETA", Reprioritise{Key("BETA", "C"), PaymentPriority::kHigh}),
                 Outcome::kWrongInstructionState);
}

// One payment of an empty account could take all the room, until the day closed.
TEST_F(LedgerQueueTest, OneOwnerGetsAnEighthOfTheQueueAndTheCentralBankMayClearIt) {
  SetRules(QueueDiscipline::kFifo, QueueOptimisation::kNone, Duration::Zero(), 16);
  Pays("BETA", "GAMMA", 5, "B-1");
  Pays("BETA", "GAMMA", 5, "B-2");
  ExpectRejected(Pays("BETA", "GAMMA", 5, "B-3"), Outcome::kLimitExceeded);
  EXPECT_EQ(StatusOf(Pays("GAMMA", "BETA", 5, "G-1")), "queued");
  ExpectRejected(Pays("GAMMA", "BETA", kQueuedValueMax, "G-2"), Outcome::kLimitExceeded);
  ExpectAccepted(ByCentralBank(Cancel{Key("BETA", "B-1")}));
  EXPECT_EQ(StatusOf("BETA", "B-1"), "cancelled");
  EXPECT_EQ(StatusOf(Pays("BETA", "GAMMA", 5, "B-4")), "queued");
}

TEST_F(LedgerQueueTest, WhoCancelsInTheSameBatchIsToldOfIt) {
  SetRules(QueueDiscipline::kFifo);
  const BatchResult batch =
      Apply({Admitted(MakeCommand("BETA", PayOf("BETA", "GAMMA", 5), "B"), {"BETA"}),
             Admitted(MakeCommand("BETA", Cancel{Key("BETA", "B")}), {"BETA"})});
  EXPECT_EQ(StatusOf(batch.results.at(0)), "cancelled");
}

// Only the phase that the batch ended with used to count.
TEST_F(LedgerQueueTest, ADayThatClosesAndTheNextThatOpensInOneBatchEndTheQueue) {
  SetRules(QueueDiscipline::kFifo);
  Pays("BETA", "GAMMA", 5, "B");
  const auto next = BusinessDate::FromDays(genesis_.business_date.days() + 1);
  ASSERT_TRUE(next.has_value());
  std::vector<AdmittedItem> items;
  for (const SetDayPhase& phase : {SetDayPhase{genesis_.business_date, DayPhase::kCutOff},
                                   SetDayPhase{genesis_.business_date, DayPhase::kClosed},
                                   SetDayPhase{*next, DayPhase::kOpen}}) {
    items.push_back(Admitted(MakeCommand("CENTRAL", phase), {"central-1", "central-2"}));
  }
  for (const ItemResult& result : Apply(std::move(items)).results) ExpectAccepted(result);
  EXPECT_EQ(ledger_->phase(), DayPhase::kOpen);
  EXPECT_EQ(StatusOf("BETA", "B"), "expired");
}

TEST_F(LedgerQueueTest, BypassPassesNoMoreThanSixtyFour) {
  SetRules(QueueDiscipline::kFifoBypass);
  for (int i = 0; i < 66; ++i) Pays("BETA", "GAMMA", 100, "BIG-" + std::to_string(i));
  EXPECT_EQ(StatusOf(Pays("BETA", "GAMMA", 1, "SMALL")), "queued");
  Pays("ALPHA", "BETA", 1, "A");
  EXPECT_EQ(StatusOf("BETA", "SMALL"), "queued");
  for (int i = 0; i < 2; ++i) {
    ExpectAccepted(By("BETA", Cancel{Key("BETA", "BIG-" + std::to_string(i))}));
  }
  EXPECT_EQ(StatusOf("BETA", "SMALL"), "settled");
}

// Whatever waits, settles and expires: money is conserved (Apply recounts it), a restored ledger is
// the same ledger and goes on as the other.
TEST_F(LedgerQueueTest, ASnapshotKeepsTheQueueWhateverIsInIt) {
  const QueueDiscipline disciplines[] = {QueueDiscipline::kFifo, QueueDiscipline::kFifoBypass,
                                         QueueDiscipline::kPriority};
  const char* banks[] = {"ALPHA", "BETA", "GAMMA"};
  std::map<std::string, int> seen;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    RandomStream random(seed, "queue");
    if (seed > 0) {
      const auto next = BusinessDate::FromDays(ledger_->date().days() + 1);
      ASSERT_TRUE(next.has_value());
      ExpectAccepted(ByCentralBank(SetDayPhase{*next, DayPhase::kOpen}));
    }
    SetRules(disciplines[seed % 3],
             seed % 2 == 0 ? QueueOptimisation::kBechSoramaki : QueueOptimisation::kNone,
             Duration::FromSeconds(10));
    std::unique_ptr<Ledger> twin;
    for (int step = 0; step < 120; ++step) {
      now_ = now_ + Duration::FromSeconds(1);
      const auto from = static_cast<std::size_t>(random.Uniform(3));
      const auto to = (from + 1 + static_cast<std::size_t>(random.Uniform(2))) % 3;
      const auto minor = random.UniformInRange(1, 60'000);
      const auto priority = static_cast<PaymentPriority>(random.Uniform(3));
      Pay pay = PayOf(banks[from], banks[to], minor);
      pay.priority = priority;
      const std::string id = "R-" + std::to_string(seed) + "-" + std::to_string(step);
      const std::vector<AdmittedItem> items = {
          Admitted(MakeCommand(banks[from], pay, id), {banks[from]})};
      const BatchResult result = Apply(items);
      for (const Entry& entry : result.entries) {
        ++seen[std::string(InstructionStatusName(entry.status)) + " " +
               std::to_string(static_cast<int>(entry.cause))];
      }
      if (twin != nullptr) {
        const BatchResult same = twin->ApplyBatch(now_, items);
        ASSERT_EQ(same.entries, result.entries);
        ASSERT_EQ(twin->StateRoot(), ledger_->StateRoot());
      }
      if (step == 60) {
        ledger_->StartSnapshot();
        auto restored = Ledger::Restore(genesis_, nullptr, [&]() -> absl::StatusOr<std::string> {
          return ledger_->NextSnapshotPart();
        });
        ASSERT_TRUE(restored.ok()) << restored.status();
        twin = *std::move(restored);
        ledger_->AbandonSnapshot();
        ASSERT_EQ(twin->StateRoot(), ledger_->StateRoot());
      }
    }
    ExpectAccepted(ByCentralBank(SetDayPhase{ledger_->date(), DayPhase::kCutOff}));
    ExpectAccepted(ByCentralBank(SetDayPhase{ledger_->date(), DayPhase::kClosed}));
    ASSERT_TRUE(ledger_->queue().empty());
    now_ = now_ + Duration::FromHours(12);
  }
  EXPECT_GT(seen["settled 1"], 100);
  EXPECT_GT(seen["queued 1"], 100);
  EXPECT_GT(seen["settled 4"], 50) << "released";
  EXPECT_GT(seen["settled 5"], 20) << "offset";
}

}  // namespace
}  // namespace causeway::core
