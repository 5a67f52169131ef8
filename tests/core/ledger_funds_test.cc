#include <gtest/gtest.h>

#include "settlement/core/envelope.h"
#include "settlement/core/prng.h"
#include "tests/core/ledger_fixture.h"

namespace causeway::core {
namespace {

using LedgerFundsTest = LedgerFixture;

TEST_F(LedgerFundsTest, PaymentMovesAvailableAndBalancesItsPostings) {
  const BatchResult result =
      Apply({Admitted(MakeCommand("ALPHA", PayOf("ALPHA", "BETA", 2'500)), {"ALPHA"})});
  EXPECT_EQ(Available("ALPHA"), 97'500);
  EXPECT_EQ(Available("BETA"), 2'500);
  ASSERT_EQ(result.entries.size(), 1u);
  ASSERT_EQ(result.entries[0].postings.size(), 2u);
  EXPECT_EQ(result.entries[0].postings[0].amount.minor(), -2'500);
  EXPECT_EQ(result.entries[0].postings[1].balance_after.minor(), 2'500);
  EXPECT_EQ(result.entries[0].index, result.header.first_index + 1);
}

TEST_F(LedgerFundsTest, IssueGrowsTheLiabilityByWhatCirculates) {
  EXPECT_EQ(ledger_->issued().minor(), 100'000);
  EXPECT_EQ(Available("LIABILITY"), -100'000);
}

// The documents and the decoder promise 140 characters. The ledger counted bytes, and so took 46
// Chinese characters at most.
TEST_F(LedgerFundsTest, TextsForPeopleAreLimitedInCharactersNotInBytes) {
  std::string basis;
  for (int i = 0; i < 140; ++i) basis += i % 2 == 0 ? "\u51bb" : "\U0001f9fe";
  ExpectAccepted(ByCentralBank(SetFreeze{Address("ALPHA"), true, basis}));
  ExpectAccepted(By("ALPHA", RequestIssue{Address("ALPHA"), Hkd(500), basis}, "R-1"));
  const InstructionKey request{Party("ALPHA"), ActionKind::kRequestIssue, Id("R-1")};
  ExpectRejected(ByCentralBank(Refuse{request, basis + "."}), Outcome::kInvalidField);
  ExpectAccepted(ByCentralBank(Refuse{request, basis}));
  ExpectRejected(ByCentralBank(SetFreeze{Address("ALPHA"), false, basis + "\u51bb"}),
                 Outcome::kInvalidField);
}

TEST_F(LedgerFundsTest, InsufficientFundsIsRecordedWithBothFiguresAndMovesNothing) {
  const ItemResult result = By("BETA", PayOf("BETA", "ALPHA", 1), "P-1");
  ExpectRejected(result, Outcome::kInsufficientFunds);
  EXPECT_EQ(result.instructions[0].rejection.actual, 0);
  EXPECT_EQ(result.instructions[0].rejection.required, 1);
  EXPECT_TRUE(result.sequenced);
  EXPECT_EQ(Available("ALPHA"), 100'000);
}

TEST_F(LedgerFundsTest, SameBytesAgainGetTheStatusAndOtherBytesAreRefused) {
  const Command command = MakeCommand("ALPHA", PayOf("ALPHA", "BETA", 100), "P-1");
  const ItemResult first = ApplyOne(Admitted(command, {"ALPHA"}, "bytes"));
  const ItemResult again = ApplyOne(Admitted(command, {"ALPHA"}, "bytes"));
  EXPECT_TRUE(first.sequenced);
  EXPECT_FALSE(again.sequenced);
  ASSERT_EQ(again.instructions.size(), 1u);
  EXPECT_EQ(again.instructions[0].entry_index, first.instructions[0].entry_index);
  ExpectRefused(ApplyOne(Admitted(command, {"ALPHA"}, "other bytes")),
                Outcome::kInstructionIdReused);
  EXPECT_EQ(Available("BETA"), 100);
}

TEST_F(LedgerFundsTest, RepeatIsAnsweredAfterItsValidUntilToo) {
  const Command command = MakeCommand("ALPHA", PayOf("ALPHA", "BETA", 100), "P-1");
  ApplyOne(Admitted(command, {"ALPHA"}, "bytes"));
  now_ = now_ + Duration::FromHours(48);
  ExpectAccepted(ApplyOne(Admitted(command, {"ALPHA"}, "bytes")));
  Command late = MakeCommand("ALPHA", PayOf("ALPHA", "BETA", 100), "P-2");
  late.valid_until = now_ - Duration::FromSeconds(1);
  ExpectRefused(ApplyOne(Admitted(late, {"ALPHA"})), Outcome::kPastValidUntil);
}

TEST_F(LedgerFundsTest, InsufficientFundsStaysRejectedWhenTheSameBytesComeBackFunded) {
  const Command command = MakeCommand("BETA", PayOf("BETA", "ALPHA", 50), "P-1");
  ExpectRejected(ApplyOne(Admitted(command, {"BETA"}, "bytes")), Outcome::kInsufficientFunds);
  By("ALPHA", PayOf("ALPHA", "BETA", 100));
  ExpectRejected(ApplyOne(Admitted(command, {"BETA"}, "bytes")), Outcome::kInsufficientFunds);
  EXPECT_EQ(Available("BETA"), 100);
}

TEST_F(LedgerFundsTest, EachBadPaymentHasItsOwnRejection) {
  ExpectRejected(By("ALPHA", PayOf("ALPHA", "BETA", 0)), Outcome::kAmountNotPositive);
  ExpectRejected(By("ALPHA", PayOf("ALPHA", "BETA", -5)), Outcome::kAmountNotPositive);
  ExpectRejected(By("ALPHA", PayOf("ALPHA", "ALPHA", 5)), Outcome::kSameAccount);
  ExpectRejected(By("ALPHA", PayOf("ALPHA", "NOBODY", 5)), Outcome::kUnknownAccount);
  ExpectRejected(By("BETA", PayOf("ALPHA", "BETA", 5)), Outcome::kNotAccountOwner);
  ExpectRejected(By("ALPHA", PayOf("ALPHA", "LIABILITY", 5)), Outcome::kWrongAccountPurpose);
  Pay euros = PayOf("ALPHA", "BETA", 5);
  euros.amount.currency = ParseOrDie<Currency>("EUR");
  ExpectRejected(By("ALPHA", euros), Outcome::kWrongCurrency);
  EXPECT_EQ(Available("ALPHA"), 100'000);
}

TEST_F(LedgerFundsTest, AskingWhetherAPaymentWouldSettleChangesNothing) {
  const AdmittedItem good =
      Admitted(MakeCommand("ALPHA", PayOf("ALPHA", "BETA", 100), "P-1"), {"ALPHA"}, "bytes");
  const Hash256 before = ledger_->StateRoot();
  EXPECT_EQ(ledger_->WouldSettle(now_, good).outcome, Outcome::kAccepted);
  const Rejection poor = ledger_->WouldSettle(
      now_, Admitted(MakeCommand("BETA", PayOf("BETA", "ALPHA", 7)), {"BETA"}));
  EXPECT_EQ(poor.outcome, Outcome::kInsufficientFunds);
  EXPECT_EQ(poor.required, 7);
  EXPECT_EQ(ledger_->StateRoot(), before);
  ExpectAccepted(ApplyOne(good));
  EXPECT_EQ(ledger_->WouldSettle(now_, good).outcome, Outcome::kInstructionIdReused);
}

TEST_F(LedgerFundsTest, PaymentThatComesTooLateOrUnsignedWouldNotSettle) {
  const Command command = MakeCommand("ALPHA", PayOf("ALPHA", "BETA", 100));
  EXPECT_EQ(ledger_->WouldSettle(now_, Admitted(command, {"BETA"})).outcome,
            Outcome::kNotSignedByParty);
  EXPECT_EQ(
      ledger_->WouldSettle(now_ + Duration::FromHours(2), Admitted(command, {"ALPHA"})).outcome,
      Outcome::kPastValidUntil);
}

TEST_F(LedgerFundsTest, FrozenAccountReceivesAndDoesNotPay) {
  ExpectAccepted(ByCentralBank(SetFreeze{Address("ALPHA"), true, "order 7"}));
  ExpectRejected(By("ALPHA", PayOf("ALPHA", "BETA", 5)), Outcome::kAccountFrozen);
  ExpectAccepted(ByCentralBank(Issue{Address("ALPHA"), Hkd(1), "RTGS-2"}));
  ExpectAccepted(ByCentralBank(SetFreeze{Address("ALPHA"), false, "order 8"}));
  ExpectAccepted(By("ALPHA", PayOf("ALPHA", "BETA", 5)));
}

TEST_F(LedgerFundsTest, ClosedAccountTakesNothing) {
  ExpectRejected(By("ALPHA", CloseAccount{Address("ALPHA")}), Outcome::kAccountNotEmpty);
  ExpectAccepted(By("BETA", CloseAccount{Address("BETA")}));
  ExpectRejected(By("ALPHA", PayOf("ALPHA", "BETA", 5)), Outcome::kAccountClosed);
}

TEST_F(LedgerFundsTest, IssueNeedsTwoDistinctApproversAndTheCentralBank) {
  const Issue issue{Address("BETA"), Hkd(10), "RTGS-2"};
  const ItemResult one = ApplyOne(Admitted(MakeCommand("CENTRAL", issue), {"central-1"}));
  ExpectRejected(one, Outcome::kApprovalsMissing);
  EXPECT_EQ(one.instructions[0].rejection.actual, 1);
  EXPECT_EQ(one.instructions[0].rejection.required, 2);
  ExpectRejected(By("ALPHA", issue), Outcome::kNotAuthorised);
  EXPECT_EQ(Available("BETA"), 0);
}

TEST_F(LedgerFundsTest, IssueThatWouldLeaveTheRangeIsRejected) {
  ExpectRejected(ByCentralBank(Issue{Address("ALPHA"), Hkd(Amount::Max().minor()), "RTGS-2"}),
                 Outcome::kAmountOverflow);
  // Each account would have room, the liability of both has not.
  ExpectAccepted(
      ByCentralBank(Issue{Address("BETA"), Hkd(Amount::Max().minor() - 100'000), "RTGS-3"}));
  ExpectRejected(ByCentralBank(Issue{Address("ALPHA"), Hkd(1'000), "RTGS-4"}),
                 Outcome::kAmountOverflow);
}

TEST_F(LedgerFundsTest, RedemptionHoldsUntilApprovedAndShrinksTheLiability) {
  const ItemResult asked = By("ALPHA", Redeem{Address("ALPHA"), Hkd(40'000)}, "R-1");
  EXPECT_EQ(asked.instructions[0].status, InstructionStatus::kAwaitingApproval);
  EXPECT_EQ(Held("ALPHA"), 40'000);
  EXPECT_EQ(ledger_->issued().minor(), 100'000);
  const InstructionKey key{Party("ALPHA"), ActionKind::kRedeem, Id("R-1")};
  ExpectAccepted(ByCentralBank(Approve{key, "PAYOUT-1"}));
  EXPECT_EQ(Held("ALPHA"), 0);
  EXPECT_EQ(ledger_->issued().minor(), 60'000);
  EXPECT_EQ(KnownState(key).status, InstructionStatus::kSettled);
  ExpectRejected(ByCentralBank(Approve{key, "PAYOUT-2"}), Outcome::kWrongInstructionState);
}

TEST_F(LedgerFundsTest, RefusedAndCancelledRedemptionsReleaseTheHold) {
  By("ALPHA", Redeem{Address("ALPHA"), Hkd(1'000)}, "R-1");
  By("ALPHA", Redeem{Address("ALPHA"), Hkd(2'000)}, "R-2");
  const InstructionKey first{Party("ALPHA"), ActionKind::kRedeem, Id("R-1")};
  const InstructionKey second{Party("ALPHA"), ActionKind::kRedeem, Id("R-2")};
  ExpectAccepted(ByCentralBank(Refuse{first, "no payout account"}));
  ExpectRejected(By("BETA", Cancel{second}), Outcome::kNotAuthorised);
  ExpectAccepted(By("ALPHA", Cancel{second}));
  EXPECT_EQ(KnownState(first).status, InstructionStatus::kRejected);
  EXPECT_EQ(KnownState(first).rejection.outcome, Outcome::kRefusedByApprovers);
  EXPECT_EQ(KnownState(second).status, InstructionStatus::kCancelled);
  EXPECT_EQ(Available("ALPHA"), 100'000);
  EXPECT_EQ(Held("ALPHA"), 0);
}

TEST_F(LedgerFundsTest, RequestedIssueArrivesWithTheApproval) {
  By("BETA", RequestIssue{Address("BETA"), Hkd(500), "RTGS-9"}, "Q-1");
  EXPECT_EQ(Available("BETA"), 0);
  ExpectAccepted(
      ByCentralBank(Approve{{Party("BETA"), ActionKind::kRequestIssue, Id("Q-1")}, "RTGS-9"}));
  EXPECT_EQ(Available("BETA"), 500);
}

TEST_F(LedgerFundsTest, HoldingLimitRejectsWithRuleAndFigures) {
  ExpectAccepted(ByCentralBank(SetLimits{Address("BETA"), Amount::FromMinor(300), Amount::Zero()}));
  ExpectAccepted(By("ALPHA", PayOf("ALPHA", "BETA", 300)));
  const ItemResult result = By("ALPHA", PayOf("ALPHA", "BETA", 1));
  ExpectRejected(result, Outcome::kLimitExceeded);
  EXPECT_EQ(result.instructions[0].rejection.actual, 301);
  EXPECT_EQ(result.instructions[0].rejection.required, 300);
  EXPECT_NE(result.instructions[0].rejection.rule.find("version"), std::string::npos);
}

TEST_F(LedgerFundsTest, CreditLineBoundsHowFarAvailableFalls) {
  ExpectAccepted(ByCentralBank(SetLimits{Address("BETA"), Amount::Zero(), Amount::FromMinor(200)}));
  ExpectAccepted(By("BETA", PayOf("BETA", "ALPHA", 150)));
  EXPECT_EQ(Available("BETA"), -150);
  ExpectRejected(By("BETA", PayOf("BETA", "ALPHA", 51)), Outcome::kInsufficientFunds);
  ExpectRejected(ByCentralBank(SetLimits{Address("BETA"), Amount::Zero(), Amount::FromMinor(149)}),
                 Outcome::kLimitExceeded);
}

TEST_F(LedgerFundsTest, BatchGivesEachPaymentItsOwnOutcomeAndEntry) {
  PayBatch batch;
  for (int i = 0; i < 4; ++i) {
    Pay pay = PayOf("ALPHA", i == 2 ? "NOBODY" : "BETA", 10 + i);
    pay.id = Id("B-" + std::to_string(i == 3 ? 0 : i));  // the last one repeats an id
    batch.payments.push_back(pay);
  }
  const AdmittedItem item = Admitted(MakeCommand("ALPHA", batch), {"ALPHA"}, "batch bytes");
  const BatchResult result = Apply({item});
  ASSERT_EQ(result.results[0].instructions.size(), 4u);
  EXPECT_EQ(result.results[0].instructions[0].status, InstructionStatus::kSettled);
  EXPECT_EQ(result.results[0].instructions[2].rejection.outcome, Outcome::kUnknownAccount);
  EXPECT_EQ(result.results[0].instructions[3].rejection.outcome, Outcome::kInstructionIdReused);
  EXPECT_EQ(result.entries.size(), 3u);
  EXPECT_EQ(Available("BETA"), 21);
  const ItemResult again = ApplyOne(item);
  EXPECT_FALSE(again.sequenced);
  EXPECT_EQ(again.instructions[1].entry_index, result.results[0].instructions[1].entry_index);
}

// The clock that admission reads may have stepped back by the time of the batch, and observers only
// have the batch's.
TEST_F(LedgerFundsTest, ValidUntilIsJudgedByTheBatchsTimeOnBothSides) {
  Command command = MakeCommand("ALPHA", PayOf("ALPHA", "BETA", 5));
  command.valid_until = now_ + kValidUntilAheadMax + Duration::FromMicros(1);
  ExpectRefused(ApplyOne(Admitted(command, {"ALPHA"})), Outcome::kValidUntilTooFar);
}

TEST_F(LedgerFundsTest, BatchWhoseFirstIdWasTakenIsAnsweredAfterItsValidUntilToo) {
  By("ALPHA", PayOf("ALPHA", "BETA", 1), "B-0");
  PayBatch batch;
  for (int i = 0; i < 2; ++i) {
    batch.payments.push_back(PayOf("ALPHA", "BETA", 10));
    batch.payments.back().id = Id("B-" + std::to_string(i));
  }
  const Command command = MakeCommand("ALPHA", batch);
  const Envelope envelope = *SignEnvelope(kCommandPayloadType, "batch", KeyNamed("ALPHA"));
  const OpenSslSignatureVerifier verifier;
  const auto submit = [&] {
    return ApplyOne(std::get<AdmittedItem>(ledger_->Admit(envelope, command, verifier)));
  };
  EXPECT_EQ(submit().instructions.at(1).status, InstructionStatus::kSettled);
  now_ = now_ + Duration::FromHours(48);
  EXPECT_EQ(submit().instructions.at(1).status, InstructionStatus::kSettled);
  EXPECT_EQ(Available("BETA"), 11);
}

TEST_F(LedgerFundsTest, ReturnCitesASettledPayment) {
  By("ALPHA", PayOf("ALPHA", "BETA", 500), "P-1");
  Pay back = PayOf("BETA", "ALPHA", 500);
  back.cites = {Party("ALPHA"), ActionKind::kPay, Id("P-9")};
  ExpectRejected(By("BETA", back), Outcome::kWrongInstructionState);
  back.cites.id = Id("P-1");
  const BatchResult result = Apply({Admitted(MakeCommand("BETA", back), {"BETA"})});
  EXPECT_EQ(result.entries.at(0).postings.at(0).code, TransactionCode::kReturn);
}

TEST_F(LedgerFundsTest, OverrideReachesFrozenFundsAndNeverAHold) {
  By("ALPHA", Redeem{Address("ALPHA"), Hkd(99'000)}, "R-1");
  ByCentralBank(SetFreeze{Address("ALPHA"), true, "order 7"});
  const auto order = [&](std::int64_t minor_units) {
    return OperatorOverride{Address("ALPHA"), Address("BETA"), Hkd(minor_units), "judgment 12"};
  };
  // Only with what is held would there be enough; then not even with it.
  const ItemResult held = ByCentralBank(order(1'001));
  ExpectRejected(held, Outcome::kFundsHeld);
  EXPECT_EQ(held.instructions[0].rejection.actual, 1'000);
  EXPECT_EQ(held.instructions[0].rejection.required, 1'001);
  ExpectRejected(ByCentralBank(order(100'000)), Outcome::kFundsHeld);
  ExpectRejected(ByCentralBank(order(100'001)), Outcome::kInsufficientFunds);
  ExpectAccepted(ByCentralBank(order(1'000)));
  EXPECT_EQ(Held("ALPHA"), 99'000);
  EXPECT_EQ(Available("BETA"), 1'000);
}

TEST_F(LedgerFundsTest, UetrMayRecurAndFindsEveryInstruction) {
  By("ALPHA", PayOf("ALPHA", "BETA", 500), "P-1");
  By("BETA", PayOf("BETA", "ALPHA", 200), "P-1");
  const auto page = *ledger_->FindByUetr(SomeUetr(7), 0, 100);
  ASSERT_EQ(page.found.size(), 2u);
  EXPECT_EQ(page.found[0].instruction->key.party, Party("ALPHA"));
  EXPECT_EQ(page.next_leaf, InstructionIndex::kNoLeaf);
}

TEST_F(LedgerFundsTest, PagesOfAUetrMissNothingAndRepeatNothing) {
  std::vector<std::uint64_t> leaves;
  const auto note = [&](const ItemResult& result) {
    leaves.push_back(result.instructions[0].entry_index);
  };
  for (int i = 0; i < 5; ++i) {
    note(By("ALPHA", PayOf("ALPHA", "BETA", 1), "P-" + std::to_string(i)));
  }
  for (std::size_t count = 1; count <= 6; ++count) {
    std::vector<std::uint64_t> found;
    std::uint64_t from = 0;
    do {
      const auto page = *ledger_->FindByUetr(SomeUetr(7), from, count);
      ASSERT_LE(page.found.size(), count);
      for (const auto& hit : page.found) found.push_back(hit.leaf);
      from = page.next_leaf;
    } while (from != InstructionIndex::kNoLeaf);
    EXPECT_EQ(found, leaves) << count;
  }
}

// Random traffic of every kind conserves money (ApplyBatch and the fixture check it after each
// batch) and never touches what a rejected instruction names.
TEST_F(LedgerFundsTest, RandomTrafficConservesMoney) {
  RandomStream random(42, "ledger-funds");
  const std::vector<std::string> banks = {"ALPHA", "BETA"};
  for (int round = 0; round < 2'000; ++round) {
    const std::size_t from = random.Uniform(2);
    const auto amount = static_cast<std::int64_t>(random.Uniform(60'000));
    switch (random.Uniform(4)) {
      case 0:
        By(banks[from], PayOf(banks[from], banks[1 - from], amount));
        break;
      case 1:
        ByCentralBank(Issue{Address(banks[from]), Hkd(amount), "RTGS"});
        break;
      case 2:
        By(banks[from], Redeem{Address(banks[from]), Hkd(amount)}, "R-" + std::to_string(round));
        break;
      default: {
        const InstructionKey key{Party(banks[from]), ActionKind::kRedeem,
                                 Id("R-" + std::to_string(random.Uniform(round + 1u)))};
        if (random.Uniform(2) == 0) {
          ByCentralBank(Approve{key, "PAYOUT"});
        } else {
          ByCentralBank(Refuse{key, "no"});
        }
      }
    }
  }
  std::int64_t circulating = 0;
  for (const std::string& bank : banks) circulating += Available(bank) + Held(bank);
  EXPECT_EQ(circulating, ledger_->issued().minor());
}

}  // namespace
}  // namespace causeway::core
