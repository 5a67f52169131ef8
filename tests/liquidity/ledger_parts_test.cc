// Payments that settle in parts on a ledger.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "settlement/core/bytes.h"
#include "settlement/core/payment_queue.h"
#include "tests/liquidity/ledger_with_selector.h"

namespace causeway::core {
namespace {

class LedgerPartsTest : public LedgerWithSelector {
 protected:
  static QueueRules Splitting(std::int64_t part_min, std::int64_t part_max = 0,
                              std::int64_t threshold = 0) {
    QueueRules rules{.discipline = QueueDiscipline::kFifo, .queued_max = 100};
    rules.splitting = {Amount::FromMinor(threshold), Amount::FromMinor(part_min),
                       Amount::FromMinor(part_max)};
    return rules;
  }
  void SetRules(const QueueRules& rules) { ExpectAccepted(ByCentralBank(SetQueueRules{rules})); }
  BatchResult Issues(std::size_t bank, std::int64_t minor) {
    return Apply({Admitted(MakeCommand("CENTRAL", Issue{AccountOf(bank), Hkd(minor), "R"}),
                           {"central-1", "central-2"})});
  }
  InstructionState State(std::size_t from, std::string_view id) const {
    return KnownState(KeyOfPayment(from, id));
  }
  // "queued 40/100", or without figures "queued".
  static std::string Told(const InstructionState& state) {
    std::string told(InstructionStatusName(state.status));
    const std::optional<SettledParts> parts = SettledPartsOf(state.rejection);
    if (!parts.has_value()) return told;
    return told + " " + std::to_string(parts->settled.minor()) + "/" +
           std::to_string(parts->amount.minor());
  }
  std::string Told(std::size_t from, std::string_view id) const { return Told(State(from, id)); }
  // What the parts and last parts of the batch moved, in order.
  static std::vector<std::int64_t> Moved(const BatchResult& batch) {
    std::vector<std::int64_t> moved;
    for (const Entry& entry : batch.entries) {
      if (entry.cause != Cause::kRelease && entry.cause != Cause::kOptimisation) continue;
      moved.push_back(entry.postings.at(1).amount.minor());
    }
    return moved;
  }
  void CloseDay() {
    ExpectAccepted(ByCentralBank(SetDayPhase{ledger_->date(), DayPhase::kCutOff}));
    ExpectAccepted(ByCentralBank(SetDayPhase{ledger_->date(), DayPhase::kClosed}));
  }
  void Wait(std::int64_t seconds) { now_ = now_ + Duration::FromSeconds(seconds); }
};

TEST_F(LedgerPartsTest, APartSettlesByAnEntryThatSaysHowFarThePaymentHasCome) {
  StartLedger({40, 0});
  SetRules(Splitting(10));
  const BatchResult batch = Pays(0, 1, 100, "A");
  ASSERT_EQ(batch.entries.size(), 2u);
  EXPECT_EQ(batch.entries[0].status, InstructionStatus::kQueued);
  EXPECT_FALSE(IsPart(batch.entries[0]));
  const Entry& part = batch.entries[1];
  EXPECT_TRUE(IsPart(part));
  EXPECT_EQ(part.instruction, KeyOfPayment(0, "A"));
  EXPECT_EQ(part.cause, Cause::kRelease);
  EXPECT_EQ(part.uetr, SomeUetr(7));
  EXPECT_EQ(part.payload_hash, batch.entries[0].payload_hash);
  EXPECT_EQ(SettledPartsOf(part.rejection),
            (SettledParts{Amount::FromMinor(40), Amount::FromMinor(100)}));
  ASSERT_EQ(part.postings.size(), 2u);
  EXPECT_EQ(part.postings[0].amount.minor(), -40);
  EXPECT_EQ(part.postings[0].code, TransactionCode::kPayment);
  EXPECT_EQ(part.postings[1].balance_after.minor(), 40);
  EXPECT_EQ(DecodeEntry(EncodeEntry(part)).value(), part);
  EXPECT_EQ(Told(batch.results.at(0).instructions.at(0)), "queued 40/100")
      << "who asked is told where it stands after the batch";
  EXPECT_EQ(ledger_->queue().value().minor(), 60);
}

TEST_F(LedgerPartsTest, TheRestSettlesInFurtherPartsAndThePaymentEndsOnce) {
  StartLedger({40, 0});
  SetRules(Splitting(10));
  Pays(0, 1, 100, "A");
  EXPECT_EQ(Moved(Issues(0, 25)), (std::vector<std::int64_t>{25}));
  EXPECT_EQ(Told(0, "A"), "queued 65/100");
  const BatchResult last = Issues(0, 50);
  EXPECT_EQ(Moved(last), (std::vector<std::int64_t>{35}));
  EXPECT_EQ(last.entries[1].status, InstructionStatus::kSettled);
  EXPECT_EQ(Told(0, "A"), "settled 100/100");
  EXPECT_EQ(BalanceOf(0), 15);
  EXPECT_EQ(BalanceOf(1), 100);
  EXPECT_TRUE(ledger_->queue().empty());
  EXPECT_TRUE(ledger_->queue().value().IsZero());
}

TEST_F(LedgerPartsTest, APaymentThatSettlesWholeHasNoFigures) {
  StartLedger({100, 0});
  SetRules(Splitting(10));
  Pays(0, 1, 60, "A");
  EXPECT_EQ(Told(0, "A"), "settled");
  Pays(0, 1, 60, "B");
  Issues(0, 20);
  EXPECT_EQ(Told(0, "B"), "settled 60/60") << "of this one 40 had settled before";
}

TEST_F(LedgerPartsTest, BetweenPartsThePaymentKeepsItsPlaceItsTimeAndItsEntry) {
  StartLedger({40, 0});
  SetRules(Splitting(10));
  const BatchResult batch = Pays(0, 1, 100, "A");
  const LedgerTime submitted = now_;
  Wait(60);
  Pays(0, 1, 5, "B");
  Issues(0, 20);
  const QueuedPayment& waiting = *ledger_->queue().Find(KeyOfPayment(0, "A"));
  EXPECT_EQ(waiting.arrived, batch.entries[0].index);
  EXPECT_EQ(waiting.since, batch.entries[0].index);
  EXPECT_EQ(waiting.submitted, submitted);
  EXPECT_EQ(waiting.amount.minor(), 40);
  EXPECT_EQ(waiting.settled.minor(), 60);
  EXPECT_EQ(State(0, "A").entry_index, batch.entries[0].index);
  EXPECT_EQ(State(0, "A").time, submitted);
  EXPECT_EQ(Told(0, "B"), "queued") << "the rest of A stands before it";
}

TEST_F(LedgerPartsTest, CancellingEndsTheRestOnly) {
  StartLedger({40, 0});
  SetRules(Splitting(10));
  Pays(0, 1, 100, "A");
  const BatchResult batch =
      Apply({Admitted(MakeCommand(BankName(0), Cancel{KeyOfPayment(0, "A")}), {BankName(0)})});
  EXPECT_EQ(Told(0, "A"), "cancelled 40/100");
  EXPECT_TRUE(batch.entries[1].postings.empty());
  EXPECT_EQ(BalanceOf(1), 40);
  EXPECT_TRUE(ledger_->queue().empty());
  Issues(0, 100);
  EXPECT_EQ(BalanceOf(0), 100) << "nothing of it settles any more";
}

TEST_F(LedgerPartsTest, TheEndOfTheDayEndsTheRestOnly) {
  StartLedger({40, 0});
  SetRules(Splitting(10));
  Pays(0, 1, 100, "A");
  CloseDay();
  EXPECT_EQ(Told(0, "A"), "expired 40/100");
  EXPECT_EQ(BalanceOf(1), 40);
  EXPECT_TRUE(ledger_->queue().empty());
}

TEST_F(LedgerPartsTest, TheSameBytesAgainAnswerHowFarItCame) {
  StartLedger({40, 0});
  SetRules(Splitting(10));
  const AdmittedItem item = PaymentItem(0, 1, 100, "A");
  Apply({item});
  const ItemResult again = ApplyOne(item);
  EXPECT_FALSE(again.sequenced);
  EXPECT_EQ(Told(again.instructions.at(0)), "queued 40/100");
  EXPECT_EQ(BalanceOf(1), 40);
  ExpectRefused(ApplyOne(PaymentItem(0, 1, 100, "A")), Outcome::kInstructionIdReused);
  Issues(0, 60);
  EXPECT_EQ(Told(ApplyOne(item).instructions.at(0)), "settled 100/100");
  EXPECT_EQ(BalanceOf(1), 100);
}

TEST_F(LedgerPartsTest, OneUetrIsOnePaymentWhateverItsParts) {
  StartLedger({40, 0});
  SetRules(Splitting(10));
  Pays(0, 1, 100, "A");
  Issues(0, 20);
  auto page = ledger_->FindByUetr(SomeUetr(7), 0, 10);
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->found.size(), 1u);
  EXPECT_EQ(Told(*page->found[0].instruction), "queued 60/100");
  Issues(0, 40);
  page = ledger_->FindByUetr(SomeUetr(7), 0, 10);
  ASSERT_EQ(page->found.size(), 1u);
  EXPECT_EQ(Told(*page->found[0].instruction), "settled 100/100");
}

TEST_F(LedgerPartsTest, NoPartIsLargerThanTheLargestHoweverAmpleTheFunds) {
  StartLedger({100, 0});
  SetRules(Splitting(5, 10));
  EXPECT_EQ(Moved(Pays(0, 1, 25, "A")), (std::vector<std::int64_t>{10, 10, 5}));
  EXPECT_EQ(Told(0, "A"), "settled 25/25");
  const BatchResult whole = Pays(0, 1, 10, "B");
  ASSERT_EQ(whole.entries.size(), 1u);
  EXPECT_EQ(whole.entries[0].cause, Cause::kCommand);
}

TEST_F(LedgerPartsTest, NoPartButTheLastIsSmallerThanTheSmallest) {
  StartLedger({9, 0});
  SetRules(Splitting(10));
  Pays(0, 1, 24, "A");
  EXPECT_EQ(Told(0, "A"), "queued");
  Issues(0, 11);
  EXPECT_EQ(Told(0, "A"), "queued 20/24");
  Issues(0, 3);
  EXPECT_EQ(Told(0, "A"), "queued 20/24") << "3 is neither the rest nor a part";
  Issues(0, 1);
  EXPECT_EQ(Told(0, "A"), "settled 24/24");
}

TEST_F(LedgerPartsTest, TheThresholdIsHeldAgainstTheWholePayment) {
  StartLedger({40, 0});
  SetRules(Splitting(1, 0, 100));
  Pays(0, 1, 100, "A");
  EXPECT_EQ(Told(0, "A"), "queued 40/100");
  Issues(0, 1);
  EXPECT_EQ(Told(0, "A"), "queued 41/100") << "what waits is below the threshold by now";
  Issues(0, 59);
  Issues(0, 40);
  Pays(0, 1, 99, "B");
  EXPECT_EQ(Told(0, "B"), "queued");
}

TEST_F(LedgerPartsTest, WhatGoesRoundSettlesAllOfBothQueuesPartByPart) {
  StartLedger({4, 0});
  SetRules(Splitting(4, 4));
  Pays(0, 1, 10, "A");
  EXPECT_EQ(Told(0, "A"), "queued 4/10");
  EXPECT_EQ(Moved(Pays(1, 0, 10, "B")), (std::vector<std::int64_t>{4, 4, 4, 2, 2}));
  EXPECT_EQ(Told(0, "A"), "settled 10/10");
  EXPECT_EQ(Told(1, "B"), "settled 10/10");
  EXPECT_EQ(BalanceOf(0), 4);
}

TEST_F(LedgerPartsTest, ASetTakesWhatIsLeftOfAPaymentThatSettledInParts) {
  StartLedger({4, 0, 0});
  QueueRules rules = Splitting(4);
  rules.optimisations.push_back({.algorithm = QueueAlgorithm::kCycle, .cycle_banks_max = 3});
  SetRules(rules);
  Pays(0, 2, 12, "A");
  EXPECT_EQ(Told(0, "A"), "queued 4/12");
  Apply({PaymentItem(2, 1, 3, "X"), PaymentItem(1, 0, 8, "B")});
  EXPECT_EQ(Told(0, "A"), "queued 4/12");
  const BatchResult batch = Pays(2, 1, 8, "C");
  EXPECT_EQ(Told(0, "A"), "settled 12/12");
  bool in_set = false;
  for (const Entry& entry : batch.entries) {
    if (entry.instruction != KeyOfPayment(0, "A")) continue;
    in_set = in_set ||
             (entry.cause == Cause::kOptimisation && SettledPartsOf(entry.rejection).has_value());
  }
  EXPECT_TRUE(in_set);
}

TEST_F(LedgerPartsTest, EachUnitCountsOnceAgainstASenderLimit) {
  StartLedger({200, 0});
  SetRules(Splitting(10));
  ExpectAccepted(
      By(BankName(0), SetSenderLimit{AccountOf(0), AccountOf(1), Amount::FromMinor(50)}));
  Pays(0, 1, 100, "A");
  EXPECT_EQ(Told(0, "A"), "queued 50/100");
  Pays(1, 0, 20, "B");
  EXPECT_EQ(Told(0, "A"), "queued 70/100");
  const AccountTerms& terms = *ledger_->FindTerms(*ledger_->FindAccount(AccountOf(0)));
  EXPECT_EQ(terms.bilateral.at(0).position, 50);
  ExpectAccepted(
      By(BankName(0), SetSenderLimit{AccountOf(0), AccountOf(1), Amount::FromMinor(500)}));
  EXPECT_EQ(Told(0, "A"), "settled 100/100");
  EXPECT_EQ(ledger_->FindTerms(*ledger_->FindAccount(AccountOf(0)))->bilateral.at(0).position, 80);
}

TEST_F(LedgerPartsTest, APartLeavesWhatIsReservedAndUsesItsOwnReservationUp) {
  StartLedger({100, 0});
  SetRules(Splitting(10));
  ExpectAccepted(
      By(BankName(0), SetReservations{AccountOf(0), Amount::FromMinor(60), Amount::FromMinor(20)}));
  Pays(0, 1, 50, "A");
  EXPECT_EQ(Told(0, "A"), "queued 20/50");
  ExpectAccepted(
      ApplyOne(Admitted(MakeCommand(BankName(0), Cancel{KeyOfPayment(0, "A")}), {BankName(0)})));
  Pays(0, 1, 90, "U", PaymentPriority::kUrgent);
  EXPECT_EQ(Told(0, "U"), "queued 80/90");
  const AccountTerms* terms = ledger_->FindTerms(*ledger_->FindAccount(AccountOf(0)));
  EXPECT_TRUE(terms->reserved_urgent.IsZero());
}

TEST_F(LedgerPartsTest, PartsGoOutOfWhatCameInTheWindow) {
  StartLedger({100, 100});
  QueueRules rules = Splitting(1);
  rules.release = QueueRelease::kReceiptReactive;
  rules.receipt_window = Duration::FromHours(1);
  SetRules(rules);
  Pays(0, 1, 50, "A");
  EXPECT_EQ(Told(0, "A"), "queued");
  Pays(1, 0, 30, "B", PaymentPriority::kUrgent);
  EXPECT_EQ(Told(0, "A"), "queued 30/50");
  EXPECT_EQ(BalanceOf(0), 100);
}

TEST_F(LedgerPartsTest, AHoldingLimitLetsInNoMoreThanItAllows) {
  StartLedger({40, 60});
  SetRules(Splitting(10));
  Pays(0, 1, 100, "A");
  EXPECT_EQ(Told(0, "A"), "queued 40/100");
  ExpectAccepted(ByCentralBank(SetLimits{AccountOf(1), Amount::FromMinor(125), Amount::Zero()}));
  Issues(0, 60);
  EXPECT_EQ(Told(0, "A"), "queued 65/100");
  EXPECT_EQ(BalanceOf(1), 125);
}

TEST_F(LedgerPartsTest, AnotherPriorityMovesTheRest) {
  StartLedger({40, 0});
  QueueRules rules = Splitting(10);
  rules.discipline = QueueDiscipline::kPriority;
  SetRules(rules);
  Pays(0, 1, 100, "A");
  Pays(0, 1, 5, "B");
  ExpectAccepted(By(BankName(0), Reprioritise{KeyOfPayment(0, "B"), PaymentPriority::kHigh}));
  ExpectAccepted(By(BankName(0), Reprioritise{KeyOfPayment(0, "A"), PaymentPriority::kHigh}));
  Issues(0, 15);
  EXPECT_EQ(Told(0, "B"), "settled") << "it was moved first";
  EXPECT_EQ(Told(0, "A"), "queued 50/100");
}

TEST_F(LedgerPartsTest, OnlyAPaymentThatSettledAsAWholeIsReturned) {
  StartLedger({40, 0});
  SetRules(Splitting(10));
  Pays(0, 1, 100, "A");
  const auto returns = [&](std::string_view id) {
    Pay pay{.uetr = SomeUetr(8),
            .debtor = AccountOf(1),
            .creditor = AccountOf(0),
            .amount = Hkd(1),
            .cites = KeyOfPayment(0, "A")};
    return ApplyOne(Admitted(MakeCommand(BankName(1), pay, id), {BankName(1)}));
  };
  ExpectRejected(returns("R-1"), Outcome::kWrongInstructionState);
  Issues(0, 60);
  EXPECT_EQ(InstructionStatusName(returns("R-2").instructions.at(0).status), "settled");
}

// What goes round in parts of one minor unit would keep a batch for ever.
TEST_F(LedgerPartsTest, ABatchSettlesNoMoreThanSoManyParts) {
  StartLedger({1, 0});
  SetRules(Splitting(1, 1));
  Pays(0, 1, 20'000, "A");
  std::int64_t moved = 1;
  BatchResult batch = Pays(1, 0, 20'000, "B");
  int batches = 0;
  while (!ledger_->queue().empty() && ++batches < 20) {
    std::int64_t in_batch = 0;
    for (const Entry& entry : batch.entries) in_batch += IsPart(entry) ? 1 : 0;
    EXPECT_LE(in_batch, std::int64_t{kSelectorPartsMax});
    moved += static_cast<std::int64_t>(Moved(batch).size());
    EXPECT_EQ(ledger_->queue().value().minor(), 40'000 - moved);
    batch = Issues(1, 1);
    EXPECT_EQ(BalanceOf(0) + BalanceOf(1), 1 + batches);
  }
  EXPECT_TRUE(ledger_->queue().empty());
  EXPECT_GT(batches, 3);
  EXPECT_EQ(Told(0, "A"), "settled 20000/20000");
  EXPECT_EQ(Told(1, "B"), "settled 20000/20000");
}

TEST_F(LedgerPartsTest, ASnapshotBetweenPartsGoesOnAsTheLedgerDoes) {
  StartLedger({40, 0});
  QueueRules rules = Splitting(10, 30, 50);
  rules.limits_bind_all = true;
  SetRules(rules);
  Pays(0, 1, 100, "A");
  Wait(60);
  Pays(0, 1, 5, "B");
  const std::unique_ptr<Ledger> twin = Restored();
  ASSERT_NE(twin, nullptr);
  EXPECT_EQ(twin->StateRoot(), ledger_->StateRoot());
  EXPECT_EQ(twin->queue().rules(), rules);
  const QueuedPayment& here = *ledger_->queue().Find(KeyOfPayment(0, "A"));
  const QueuedPayment& there = *twin->queue().Find(KeyOfPayment(0, "A"));
  EXPECT_EQ(there.amount, here.amount);
  EXPECT_EQ(there.settled, here.settled);
  EXPECT_EQ(there.arrived, here.arrived);
  EXPECT_EQ(there.submitted, here.submitted);
  const AdmittedItem item = Admitted(MakeCommand("CENTRAL", Issue{AccountOf(0), Hkd(200), "R"}),
                                     {"central-1", "central-2"});
  const BatchResult batch = Apply({item});
  EXPECT_EQ(Moved(batch), (std::vector<std::int64_t>{30, 30, 5}));
  EXPECT_EQ(twin->ApplyBatch(now_, std::vector<AdmittedItem>{item}).entries, batch.entries);
  EXPECT_EQ(twin->StateRoot(), ledger_->StateRoot());
}

TEST_F(LedgerPartsTest, TheStateRootTellsHowMuchHadSettled) {
  StartLedger({40, 0});
  SetRules(Splitting(10));
  Pays(0, 1, 100, "A");
  std::vector<std::string> parts;
  ledger_->StartSnapshot();
  for (std::string part = ledger_->NextSnapshotPart(); !part.empty();
       part = ledger_->NextSnapshotPart()) {
    parts.push_back(std::move(part));
  }
  const auto restored = [&] {
    std::size_t next = 0;
    return Ledger::Restore(genesis_, &liquidity::LedgerSelector(),
                           [&]() -> absl::StatusOr<std::string> { return parts.at(next++); });
  };
  ASSERT_EQ(restored().value()->StateRoot(), ledger_->StateRoot());
  // The state of the payment says 40 of 100: more or less than 60 waiting is no such payment.
  constexpr std::size_t kBehindAmount = 8 + 1 + 1;  // place, code, priority
  for (std::string& part : parts) {
    if (part.front() != 3) continue;  // what is not final
    ++part[part.size() - kBehindAmount - 1];
  }
  EXPECT_EQ(restored().status().message(),
            "snapshot: queued: what has settled of it is not what does not wait");
}

TEST_F(LedgerPartsTest, RulesWithoutThemAreWrittenAsBefore) {
  const auto written = [](const QueueRules& rules) {
    PaymentQueue queue;
    queue.SetRules(rules);
    Writer writer;
    queue.WriteSelected(writer);
    return std::string(writer.bytes());
  };
  QueueRules rules{.discipline = QueueDiscipline::kFifo, .queued_max = 100};
  rules.release = QueueRelease::kFunds;
  const std::string before = written(rules);
  EXPECT_EQ(static_cast<std::uint8_t>(before[0]), PaymentQueue::kSelectedRules);
  EXPECT_EQ(before.size(), 1u + 1 + 4 + 1 + 1 + 8 + 1 + 4 + 4 + 8 + 4);
  rules.limits_bind_all = true;
  const std::string with = written(rules);
  EXPECT_EQ(static_cast<std::uint8_t>(with[0]), PaymentQueue::kSelectedRulesWithParts);
  EXPECT_EQ(with.size(), before.size() + 3 * 8 + 1);
  EXPECT_EQ(with.substr(1 + 3 * 8 + 1), before.substr(1));
}

TEST_F(LedgerPartsTest, RulesOfPartsAreRefusedByField) {
  const auto wrong = [](std::int64_t threshold, std::int64_t part_min, std::int64_t part_max,
                        QueueDiscipline discipline = QueueDiscipline::kFifo) {
    QueueRules rules = Splitting(part_min, part_max, threshold);
    rules.discipline = discipline;
    if (discipline == QueueDiscipline::kImmediate) rules.queued_max = 0;
    return WhyInvalid(rules);
  };
  EXPECT_EQ(wrong(0, 1, 0), "");
  EXPECT_EQ(wrong(100, 10, 10), "");
  EXPECT_EQ(wrong(-1, 1, 0), "splitting.threshold: not below 0");
  EXPECT_EQ(wrong(100, 0, 0), "splitting.part_min: at least one minor unit");
  EXPECT_EQ(wrong(0, -1, 0), "splitting.part_min: at least one minor unit");
  EXPECT_EQ(wrong(0, 10, 9), "splitting.part_max: at least part_min, or unset");
  EXPECT_EQ(wrong(0, 10, -9), "splitting.part_max: at least part_min, or unset");
  for (const auto discipline : {QueueDiscipline::kImmediate, QueueDiscipline::kDeferred}) {
    EXPECT_EQ(wrong(0, 1, 0, discipline),
              "splitting: needs a discipline by which payments wait and settle alone");
  }
}

TEST_F(LedgerPartsTest, LimitsMayBindAllPriorities) {
  StartLedger({100, 0});
  QueueRules rules{.discipline = QueueDiscipline::kFifo, .queued_max = 100};
  rules.limits_bind_all = true;
  SetRules(rules);
  ExpectAccepted(
      By(BankName(0), SetSenderLimit{AccountOf(0), AccountOf(1), Amount::FromMinor(50)}));
  Pays(0, 1, 60, "U", PaymentPriority::kUrgent);
  EXPECT_EQ(Told(0, "U"), "queued");
  ExpectAccepted(By(BankName(0), SetSenderLimit{AccountOf(0), AccountOf(1), {}}));
  EXPECT_EQ(Told(0, "U"), "settled");
}

TEST_F(LedgerPartsTest, AWrongPartStopsTheLedger) {
  const auto serve = [&](std::vector<SelectedPayment> answer, std::int64_t threshold = 0) {
    const FixedSelector selector(std::move(answer));
    StartLedger({70, 0}, &selector);
    QueueRules rules = Splitting(10, 40, threshold);
    rules.optimisations.push_back({.algorithm = QueueAlgorithm::kGreedy});  // asks it every time
    SetRules(rules);
    Pays(0, 1, 100, "A");
  };
  const auto part = [](std::int64_t minor, std::uint32_t set = 0) {
    return SelectedPayment{.payment = 0, .amount = Amount::FromMinor(minor), .set = set};
  };
  serve({part(40), part(20), part(10)});
  EXPECT_EQ(Told(0, "A"), "queued 70/100");
  EXPECT_DEATH(serve({part(101)}), "no more than what waits of it settles");
  EXPECT_DEATH(serve({part(40), part(61)}), "no more than what waits of it settles");
  EXPECT_DEATH(serve({part(9)}), "no part but the last is too small");
  EXPECT_DEATH(serve({part(0)}), "no part but the last is too small");
  EXPECT_DEATH(serve({part(41)}), "no part is too large");
  EXPECT_DEATH(serve({part(41, 1)}), "no part is too large");
  EXPECT_DEATH(serve({part(100)}), "no part is too large");
  EXPECT_DEATH(serve({part(100, 1)}), "below minus the credit line");
  EXPECT_DEATH(serve({part(40), part(40)}), "what settles alone is covered");
  EXPECT_DEATH(serve({part(40)}, 101), "may not be split settles whole");
}

// A set may hold a part if a selector says so: then its entry says which set, and the rest waits.
TEST_F(LedgerPartsTest, APartMayBelongToASet) {
  const FixedSelector selector({{.payment = 0,
                                 .amount = Amount::FromMinor(40),
                                 .set = 1,
                                 .algorithm = QueueAlgorithm::kGreedy,
                                 .algorithm_version = 1}});
  StartLedger({70, 0}, &selector);
  SetRules(Splitting(10));
  const BatchResult batch = Pays(0, 1, 100, "A");
  ASSERT_EQ(batch.entries.size(), 2u);
  EXPECT_TRUE(IsPart(batch.entries[1]));
  EXPECT_EQ(batch.entries[1].cause, Cause::kOptimisation);
  EXPECT_EQ(batch.entries[1].rejection.rule, "greedy/1 #1");
  EXPECT_EQ(Told(0, "A"), "queued 40/100");
}

}  // namespace
}  // namespace causeway::core
