// Liquidity terms of accounts on a ledger: reservations, thresholds, limits, collateral and the
// price of credit.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "settlement/core/prng.h"
#include "tests/core/settlement_fixture.h"

namespace causeway::core {
namespace {

class LedgerTermsTest : public SettlementFixture {
 protected:
  // ALPHA has 1,000.00; BETA and GAMMA have nothing.
  void SetUp() override {
    SettlementFixture::SetUp();
    ExpectAccepted(ByCentralBank(RegisterParticipant{.participant = Party("GAMMA"),
                                                     .role = Role::kCommercialBank,
                                                     .country = ParseOrDie<Country>("HK"),
                                                     .keys = {KeyNamed("GAMMA").public_key()}}));
    ExpectAccepted(ByCentralBank(OpenAccount{.address = Address("GAMMA"),
                                             .owner = Party("GAMMA"),
                                             .purpose = AccountPurpose::kSettlement}));
  }

  static Amount Minor(std::int64_t minor) { return Amount::FromMinor(minor); }
  ItemResult Reserves(const std::string& bank, std::int64_t urgent, std::int64_t high) {
    return By(bank, SetReservations{Address(bank), Minor(urgent), Minor(high)});
  }
  ItemResult Limits(const std::string& bank, std::string_view to, std::int64_t limit) {
    return By(bank, SetSenderLimit{Address(bank), Address(to), Minor(limit)});
  }
  ItemResult LimitsAll(const std::string& bank, std::int64_t limit) {
    return By(bank, SetSenderLimit{Address(bank), AccountAddress(), Minor(limit)});
  }
  ItemResult Pays(const std::string& from, const std::string& to, std::int64_t minor,
                  PaymentPriority priority = PaymentPriority::kNormal, std::string_view id = "") {
    Pay pay = PayOf(from, to, minor);
    pay.priority = priority;
    return By(from, pay, id);
  }
  Outcome OutcomeOf(const ItemResult& result) {
    return result.instructions.at(0).status == InstructionStatus::kRejected
               ? result.instructions.at(0).rejection.outcome
               : Outcome::kAccepted;
  }
  InstructionStatus StatusOf(std::string_view party, std::string_view id) const {
    return KnownState({Party(party), ActionKind::kPay, Id(id)}).status;
  }
  const AccountTerms* TermsOf(std::string_view bank) const {
    return ledger_->FindTerms(Account(bank));
  }
  void SetRules(QueueDiscipline discipline,
                QueueOptimisation optimisation = QueueOptimisation::kNone) {
    ExpectAccepted(ByCentralBank(SetQueueRules{
        {.discipline = discipline, .optimisation = optimisation, .queued_max = 1000}}));
  }
  void OpenFees() {
    ExpectAccepted(ByCentralBank(OpenAccount{
        .address = Address("FEES"), .owner = Party("CENTRAL"), .purpose = AccountPurpose::kFees}));
  }
  void SetPrice(std::uint32_t ppm) {
    ExpectAccepted(ByCentralBank(SetCreditPrice{ppm, Address("FEES")}));
  }
  BatchResult CloseDay() {
    ExpectAccepted(ByCentralBank(SetDayPhase{ledger_->date(), DayPhase::kCutOff}));
    return Apply({Admitted(MakeCommand("CENTRAL", SetDayPhase{ledger_->date(), DayPhase::kClosed}),
                           {"central-1", "central-2"})});
  }
  void OpenNextDay() {
    const auto next = BusinessDate::FromDays(ledger_->date().days() + 1);
    ExpectAccepted(ByCentralBank(SetDayPhase{*next, DayPhase::kOpen}));
  }
  AccountRef Ref(std::string_view body) const {
    return {Account(body).number, Account(body).check};
  }
  std::vector<Outcome> PayInBulk(const std::string& from, std::string_view to,
                                 std::vector<std::int64_t> amounts) {
    Bulk bulk{.ledger = genesis_.ledger,
              .genesis_hash = genesis_.hash,
              .party = Party(from),
              .id = RawId(++raw_id_),
              .valid_until = now_ + Duration::FromHours(1)};
    for (const std::int64_t minor : amounts) {
      BulkPayment payment;
      payment.debtor = Ref(from);
      payment.creditor = Ref(to);
      payment.amount = Minor(minor);
      payment.id = RawId(++raw_id_);
      payment.uetr = SomeUetr(raw_id_);
      bulk.payments.push_back(payment);
    }
    const Hash256 hash = Sha256(EncodeBulk(bulk));
    const ItemResult result = ApplyOne(
        AdmittedItem{.body = bulk, .payload_hash = hash, .signers = {KeyNamed(from).key_id()}});
    std::vector<Outcome> outcomes;
    for (const PaymentResult& payment : result.bulk->results) outcomes.push_back(payment.outcome);
    return outcomes;
  }
  static RawInstructionId RawId(std::uint8_t seed) {
    RawInstructionId raw{};
    raw.fill(seed);
    return raw;
  }

 private:
  std::uint8_t raw_id_ = 0;
};

TEST_F(LedgerTermsTest, OnlyTheOwnerSetsWhatIsTheOwners) {
  for (const Action& action :
       {Action(SetReservations{Address("ALPHA"), Minor(1), Minor(1)}),
        Action(SetReleaseThreshold{Address("ALPHA"), Minor(1)}),
        Action(SetSenderLimit{Address("ALPHA"), Address("BETA"), Minor(1)})}) {
    ExpectRejected(By("BETA", action), Outcome::kNotAccountOwner);
    ExpectRejected(ByCentralBank(action), Outcome::kNotAccountOwner);
    EXPECT_EQ(TermsOf("ALPHA"), nullptr);
    ExpectAccepted(By("ALPHA", action));
    EXPECT_NE(TermsOf("ALPHA"), nullptr);
    ExpectAccepted(By("ALPHA", SetReservations{Address("ALPHA"), Minor(0), Minor(0)}));
    ExpectAccepted(By("ALPHA", SetReleaseThreshold{Address("ALPHA"), Minor(0)}));
  }
}

TEST_F(LedgerTermsTest, OnlyApproversSetCreditAndItsPrice) {
  OpenFees();
  const Action credit = SetCredit{Address("ALPHA"), Minor(1), 0, Minor(0)};
  const Action price = SetCreditPrice{1, Address("FEES")};
  for (const Action& action : {credit, price}) {
    ExpectRejected(By("ALPHA", action), Outcome::kNotAuthorised);
    ExpectRejected(ApplyOne(Admitted(MakeCommand("CENTRAL", action), {"central-1"})),
                   Outcome::kApprovalsMissing);
    ExpectAccepted(ByCentralBank(action));
  }
}

TEST_F(LedgerTermsTest, NegativeAndSenselessTermsAreRejected) {
  ExpectRejected(Reserves("ALPHA", -1, 0), Outcome::kInvalidField);
  ExpectRejected(Reserves("ALPHA", 0, -1), Outcome::kInvalidField);
  ExpectRejected(By("ALPHA", SetReleaseThreshold{Address("ALPHA"), Minor(-1)}),
                 Outcome::kInvalidField);
  ExpectRejected(Limits("ALPHA", "BETA", -1), Outcome::kInvalidField);
  ExpectRejected(Limits("ALPHA", "ALPHA", 1), Outcome::kSameAccount);
  ExpectRejected(Limits("ALPHA", "NOBODY", 1), Outcome::kUnknownAccount);
  ExpectRejected(By("ALPHA", SetSenderLimit{Address("ALPHA"), Address("BETA"), std::nullopt}),
                 Outcome::kInvalidField);
  const auto credit = [&](std::int64_t collateral, std::uint32_t haircut, std::int64_t further) {
    return ByCentralBank(SetCredit{Address("ALPHA"), Minor(collateral), haircut, Minor(further)});
  };
  ExpectRejected(credit(-1, 0, 0), Outcome::kInvalidField);
  ExpectRejected(credit(0, 0, -1), Outcome::kInvalidField);
  ExpectRejected(credit(1, 10'001, 0), Outcome::kInvalidField);
  ExpectRejected(credit(Amount::Max().minor(), 0, 1), Outcome::kAmountOverflow);
  OpenFees();
  ExpectRejected(ByCentralBank(SetCreditPrice{1'000'001, Address("FEES")}), Outcome::kInvalidField);
  ExpectRejected(ByCentralBank(SetCreditPrice{1, Address("ALPHA")}), Outcome::kWrongAccountPurpose);
  ExpectAccepted(ByCentralBank(OpenAccount{
      .address = Address("OTHERFEES"), .owner = Party("ALPHA"), .purpose = AccountPurpose::kFees}));
  ExpectRejected(ByCentralBank(SetCreditPrice{1, Address("OTHERFEES")}), Outcome::kInvalidField);
  EXPECT_EQ(TermsOf("ALPHA"), nullptr);
}

TEST_F(LedgerTermsTest, NormalPaymentsLeaveBothReservationsAndHighOnesTheUrgentOne) {
  ExpectAccepted(Reserves("ALPHA", 60'000, 30'000));
  const ItemResult refused = Pays("ALPHA", "BETA", 10'001);
  ExpectRejected(refused, Outcome::kInsufficientFunds);
  EXPECT_EQ(refused.instructions.at(0).rejection.actual, 10'000);
  EXPECT_EQ(refused.instructions.at(0).rejection.required, 10'001);
  ExpectAccepted(Pays("ALPHA", "BETA", 10'000));
  ExpectRejected(Pays("ALPHA", "BETA", 1), Outcome::kInsufficientFunds);
  ExpectRejected(Pays("ALPHA", "BETA", 30'001, PaymentPriority::kHigh),
                 Outcome::kInsufficientFunds);
  ExpectAccepted(Pays("ALPHA", "BETA", 20'000, PaymentPriority::kHigh));
  EXPECT_EQ(TermsOf("ALPHA")->reserved_high, Minor(10'000)) << "used up";
  ExpectRejected(Pays("ALPHA", "BETA", 1), Outcome::kInsufficientFunds);
  ExpectAccepted(Pays("ALPHA", "BETA", 70'000, PaymentPriority::kUrgent));
  EXPECT_EQ(TermsOf("ALPHA")->reserved_urgent, Minor(0));
  EXPECT_EQ(Available("ALPHA"), 0);
}

TEST_F(LedgerTermsTest, ReceiptsFillWhatReservationsLackBeforeNormalPaymentsUseThem) {
  ExpectAccepted(Pays("ALPHA", "BETA", 500));
  ExpectAccepted(Reserves("BETA", 700, 100));
  ExpectRejected(Pays("BETA", "GAMMA", 1), Outcome::kInsufficientFunds);
  ExpectAccepted(Pays("ALPHA", "BETA", 300));
  ExpectRejected(Pays("BETA", "GAMMA", 1), Outcome::kInsufficientFunds);
  ExpectAccepted(Pays("ALPHA", "BETA", 10));
  ExpectAccepted(Pays("BETA", "GAMMA", 10));
  ExpectRejected(Pays("BETA", "GAMMA", 1), Outcome::kInsufficientFunds);
}

TEST_F(LedgerTermsTest, BulksAreNormalPayments) {
  ExpectAccepted(Reserves("ALPHA", 60'000, 30'000));
  ExpectAccepted(Limits("ALPHA", "GAMMA", 5));
  EXPECT_EQ(
      PayInBulk("ALPHA", "BETA", {10'001, 9'990, 11}),
      (std::vector{Outcome::kInsufficientFunds, Outcome::kAccepted, Outcome::kInsufficientFunds}));
  EXPECT_EQ(PayInBulk("ALPHA", "GAMMA", {5, 1}),
            (std::vector{Outcome::kAccepted, Outcome::kLimitExceeded}));
  EXPECT_EQ(TermsOf("ALPHA")->FindBilateral(Account("GAMMA").number)->position, 5);
}

TEST_F(LedgerTermsTest, AQueueKeepsReservationsAndReleasesOnceThereIsMore) {
  SetRules(QueueDiscipline::kPriority);
  ExpectAccepted(Reserves("BETA", 500, 0));
  ExpectAccepted(Pays("ALPHA", "BETA", 600));
  ExpectAccepted(Pays("BETA", "GAMMA", 101, PaymentPriority::kNormal, "N"));
  EXPECT_EQ(StatusOf("BETA", "N"), InstructionStatus::kQueued);
  ExpectAccepted(Pays("BETA", "GAMMA", 200, PaymentPriority::kUrgent, "U"));
  EXPECT_EQ(StatusOf("BETA", "U"), InstructionStatus::kSettled) << "passes and uses it up";
  EXPECT_EQ(TermsOf("BETA")->reserved_urgent, Minor(300));
  EXPECT_EQ(StatusOf("BETA", "N"), InstructionStatus::kQueued);
  ExpectAccepted(Pays("ALPHA", "BETA", 1));
  EXPECT_EQ(StatusOf("BETA", "N"), InstructionStatus::kSettled);
  EXPECT_EQ(Available("BETA"), 300);
}

TEST_F(LedgerTermsTest, GivingUpAReservationReleasesWhatWaitedForIt) {
  SetRules(QueueDiscipline::kFifo);
  ExpectAccepted(Reserves("ALPHA", 100'000, 0));
  ExpectAccepted(Pays("ALPHA", "BETA", 1, PaymentPriority::kNormal, "N"));
  EXPECT_EQ(StatusOf("ALPHA", "N"), InstructionStatus::kQueued);
  ExpectAccepted(Reserves("ALPHA", 0, 0));
  EXPECT_EQ(StatusOf("ALPHA", "N"), InstructionStatus::kSettled);
  EXPECT_EQ(TermsOf("ALPHA"), nullptr) << "terms that say nothing are none";
}

TEST_F(LedgerTermsTest, OffsettingKeepsReservations) {
  SetRules(QueueDiscipline::kFifo, QueueOptimisation::kBechSoramaki);
  ExpectAccepted(Pays("ALPHA", "BETA", 100));
  ExpectAccepted(Reserves("BETA", 100, 0));
  ExpectAccepted(Pays("BETA", "GAMMA", 50, PaymentPriority::kNormal, "B"));
  ExpectAccepted(Pays("GAMMA", "BETA", 40, PaymentPriority::kNormal, "G"));
  EXPECT_EQ(StatusOf("BETA", "B"), InstructionStatus::kQueued) << "would leave 90";
  ExpectAccepted(Pays("ALPHA", "BETA", 10));
  EXPECT_EQ(StatusOf("BETA", "B"), InstructionStatus::kSettled);
  EXPECT_EQ(StatusOf("GAMMA", "G"), InstructionStatus::kSettled);
  EXPECT_EQ(Available("BETA"), 100);
}

TEST_F(LedgerTermsTest, SettlementsLocksAndRedemptionsTakeWhatIsReserved) {
  ExpectAccepted(Reserves("ALPHA", 100'000, 0));
  ExpectRejected(Pays("ALPHA", "BETA", 1), Outcome::kInsufficientFunds);
  const PrepareSettlement prepare = MakePrepare(40'000, "S-1");
  EXPECT_EQ(Prepare(prepare).settlement_status, InstructionStatus::kPrepared);
  ExpectAccepted(By("ALPHA", LockFunds{.debtor = Address("ALPHA"),
                                       .creditor = Address("BETA"),
                                       .amount = Hkd(20'000),
                                       .hash_lock = Sha256("secret"),
                                       .expires = now_ + Duration::FromHours(1),
                                       .uetr = SomeUetr(9)}));
  ExpectAccepted(By("ALPHA", Redeem{Address("ALPHA"), Hkd(40'000)}));
  EXPECT_EQ(Available("ALPHA"), 0);
  EXPECT_EQ(TermsOf("ALPHA")->reserved_urgent, Minor(100'000)) << "receipts will fill it again";
}

TEST_F(LedgerTermsTest, AThresholdIsLeftByNormalPaymentsOnly) {
  ExpectAccepted(By("ALPHA", SetReleaseThreshold{Address("ALPHA"), Minor(90'000)}));
  ExpectRejected(Pays("ALPHA", "BETA", 10'001), Outcome::kInsufficientFunds);
  ExpectAccepted(Pays("ALPHA", "BETA", 10'001, PaymentPriority::kHigh));
  ExpectRejected(Pays("ALPHA", "BETA", 1), Outcome::kInsufficientFunds);
  ExpectAccepted(By("ALPHA", SetReleaseThreshold{Address("ALPHA"), Minor(0)}));
  ExpectAccepted(Pays("ALPHA", "BETA", 1));
}

TEST_F(LedgerTermsTest, ABilateralLimitCountsPaidLessReceivedSinceItWasSet) {
  ExpectAccepted(Pays("ALPHA", "BETA", 5'000));  // before it
  ExpectAccepted(Limits("ALPHA", "BETA", 100));
  ExpectAccepted(Pays("ALPHA", "BETA", 70));
  const ItemResult refused = Pays("ALPHA", "BETA", 31);
  ExpectRejected(refused, Outcome::kLimitExceeded);
  EXPECT_EQ(refused.instructions.at(0).rejection.actual, 101);
  EXPECT_EQ(refused.instructions.at(0).rejection.required, 100);
  ExpectAccepted(Pays("ALPHA", "BETA", 1'000, PaymentPriority::kHigh));
  ExpectAccepted(Pays("BETA", "ALPHA", 500, PaymentPriority::kUrgent));
  ExpectRejected(Pays("ALPHA", "BETA", 31), Outcome::kLimitExceeded);
  ExpectAccepted(Pays("BETA", "ALPHA", 20));
  ExpectAccepted(Pays("ALPHA", "BETA", 50));
  ExpectRejected(Pays("ALPHA", "BETA", 1), Outcome::kLimitExceeded);
  ExpectAccepted(Pays("ALPHA", "GAMMA", 5'000));
  ExpectAccepted(Limits("ALPHA", "BETA", 101));
  ExpectAccepted(Pays("ALPHA", "BETA", 1));
  ExpectRejected(Pays("ALPHA", "BETA", 1), Outcome::kLimitExceeded);
}

TEST_F(LedgerTermsTest, ALimitThatIsLiftedAndSetAgainBeginsAtZero) {
  ExpectAccepted(Limits("ALPHA", "BETA", 100));
  ExpectAccepted(Pays("ALPHA", "BETA", 100));
  ExpectAccepted(By("ALPHA", SetSenderLimit{Address("ALPHA"), Address("BETA"), std::nullopt}));
  EXPECT_EQ(TermsOf("ALPHA"), nullptr);
  ExpectAccepted(Pays("ALPHA", "BETA", 100));
  ExpectAccepted(Limits("ALPHA", "BETA", 100));
  ExpectAccepted(Pays("ALPHA", "BETA", 100));
  ExpectRejected(Pays("ALPHA", "BETA", 1), Outcome::kLimitExceeded);
}

TEST_F(LedgerTermsTest, TheMultilateralLimitCountsAllWithoutOneOfTheirOwn) {
  ExpectAccepted(LimitsAll("ALPHA", 100));
  ExpectAccepted(Pays("ALPHA", "BETA", 60));
  ExpectAccepted(Pays("ALPHA", "GAMMA", 40));
  ExpectRejected(Pays("ALPHA", "GAMMA", 1), Outcome::kLimitExceeded);
  ExpectAccepted(Limits("ALPHA", "GAMMA", 10));
  ExpectAccepted(Pays("ALPHA", "GAMMA", 10));
  EXPECT_EQ(TermsOf("ALPHA")->multilateral->position, 100);
  ExpectAccepted(Pays("GAMMA", "ALPHA", 5));
  ExpectRejected(Pays("ALPHA", "BETA", 1), Outcome::kLimitExceeded);
  ExpectAccepted(Pays("BETA", "ALPHA", 5));
  ExpectAccepted(Pays("ALPHA", "BETA", 5));
}

TEST_F(LedgerTermsTest, WhatALimitHoldsBackWaitsInTheQueueUntilTheOtherPays) {
  SetRules(QueueDiscipline::kFifo);
  ExpectAccepted(Pays("ALPHA", "BETA", 1'000));
  ExpectAccepted(Limits("ALPHA", "BETA", 50));
  ExpectAccepted(Pays("ALPHA", "BETA", 60, PaymentPriority::kNormal, "A"));
  EXPECT_EQ(StatusOf("ALPHA", "A"), InstructionStatus::kQueued);
  ExpectAccepted(Pays("BETA", "ALPHA", 10));
  EXPECT_EQ(StatusOf("ALPHA", "A"), InstructionStatus::kSettled);
  EXPECT_EQ(TermsOf("ALPHA")->FindBilateral(Account("BETA").number)->position, 50);
}

TEST_F(LedgerTermsTest, OffsettingKeepsLimitsOnTheNet) {
  SetRules(QueueDiscipline::kFifo, QueueOptimisation::kBechSoramaki);
  ExpectAccepted(Limits("ALPHA", "BETA", 5));
  ExpectAccepted(Pays("ALPHA", "BETA", 100, PaymentPriority::kNormal, "A"));
  ExpectAccepted(Pays("BETA", "ALPHA", 94, PaymentPriority::kNormal, "B"));
  EXPECT_EQ(StatusOf("ALPHA", "A"), InstructionStatus::kQueued) << "6 on the net";
  ExpectAccepted(Pays("BETA", "ALPHA", 1, PaymentPriority::kNormal, "B-2"));
  EXPECT_EQ(StatusOf("ALPHA", "A"), InstructionStatus::kSettled);
  EXPECT_EQ(StatusOf("BETA", "B-2"), InstructionStatus::kSettled);
  EXPECT_EQ(TermsOf("ALPHA")->FindBilateral(Account("BETA").number)->position, 5);
}

TEST_F(LedgerTermsTest, AnAccountHasNoMoreThanSoManyBilateralLimits) {
  std::vector<AdmittedItem> items;
  for (std::size_t i = 0; i <= kBilateralLimitsMax; ++i) {
    items.push_back(
        Admitted(MakeCommand("BETA", OpenAccount{.address = Address("W" + std::to_string(i)),
                                                 .owner = Party("BETA"),
                                                 .purpose = AccountPurpose::kWallet}),
                 {"BETA"}));
  }
  Apply(std::move(items));
  for (std::size_t i = 0; i < kBilateralLimitsMax; ++i) {
    ExpectAccepted(Limits("ALPHA", "W" + std::to_string(i), 1));
  }
  ExpectRejected(Limits("ALPHA", "W" + std::to_string(kBilateralLimitsMax), 1),
                 Outcome::kLimitExceeded);
  ExpectAccepted(Limits("ALPHA", "W0", 2));
}

TEST_F(LedgerTermsTest, CollateralLessItsHaircutIsACreditLine) {
  ExpectAccepted(ByCentralBank(SetCredit{Address("BETA"), Minor(1'001), 2'500, Minor(7)}));
  EXPECT_EQ(Account("BETA").credit_line, Minor(757)) << "750.75 rounded down, and 7";
  ExpectAccepted(Pays("BETA", "GAMMA", 757));
  ExpectRejected(Pays("BETA", "GAMMA", 1), Outcome::kInsufficientFunds);
  const ItemResult less = ByCentralBank(SetCredit{Address("BETA"), Minor(1'000), 2'500, Minor(6)});
  ExpectRejected(less, Outcome::kLimitExceeded);
  ExpectAccepted(ByCentralBank(SetCredit{Address("BETA"), Minor(1'000), 2'500, Minor(7)}));
  EXPECT_EQ(TermsOf("BETA")->collateral, Minor(1'000));
  const std::int64_t most = Amount::Max().minor();
  ExpectAccepted(ByCentralBank(SetCredit{Address("BETA"), Minor(most), 0, Minor(0)}));
  EXPECT_EQ(Account("BETA").credit_line, Amount::Max());
}

TEST_F(LedgerTermsTest, ALineOnCollateralIsNotSetByLimits) {
  ExpectAccepted(ByCentralBank(SetCredit{Address("BETA"), Minor(1'000), 1'000, Minor(0)}));
  ExpectRejected(ByCentralBank(SetLimits{Address("BETA"), Minor(0), Minor(901)}),
                 Outcome::kInvalidField);
  ExpectAccepted(ByCentralBank(SetLimits{Address("BETA"), Minor(5'000), Minor(900)}));
  EXPECT_EQ(Account("BETA").holding_limit, Minor(5'000));
  ExpectAccepted(ByCentralBank(SetCredit{Address("BETA"), Minor(0), 0, Minor(50)}));
  EXPECT_EQ(TermsOf("BETA"), nullptr);
  ExpectAccepted(ByCentralBank(SetLimits{Address("BETA"), Minor(0), Minor(60)}));
}

TEST_F(LedgerTermsTest, DrawnCreditIsChargedByTimeAtTheEndOfTheDay) {
  OpenFees();
  SetPrice(10'000);  // 1% a day
  ExpectAccepted(ByCentralBank(SetCredit{Address("BETA"), Minor(100'000), 0, Minor(0)}));
  ExpectAccepted(Pays("BETA", "GAMMA", 48'000));
  now_ = now_ + Duration::FromHours(6);
  ExpectAccepted(Pays("GAMMA", "BETA", 24'000));
  now_ = now_ + Duration::FromHours(3);
  EXPECT_EQ(ledger_->CreditChargeSoFar(Account("BETA")), Minor(120)) << "as of ledger time";
  const BatchResult closing = CloseDay();
  ASSERT_EQ(closing.entries.size(), 2u);
  const Entry& charge = closing.entries[1];
  EXPECT_EQ(charge.instruction.kind, ActionKind::kCreditCharge);
  EXPECT_EQ(charge.instruction.party, Party("CENTRAL"));
  EXPECT_EQ(charge.status, InstructionStatus::kSettled);
  EXPECT_EQ(charge.cause, Cause::kEndOfDay);
  EXPECT_EQ(charge.payload_hash, closing.entries[0].payload_hash) << "of the closing";
  ASSERT_EQ(charge.postings.size(), 2u);
  EXPECT_EQ(charge.postings[0].address, Address("BETA"));
  EXPECT_EQ(charge.postings[0].code, TransactionCode::kCreditCharge);
  EXPECT_EQ(charge.postings[0].amount, Minor(-150)) << "120 for six hours, 30 for three";
  EXPECT_EQ(Available("FEES"), 150);
  EXPECT_EQ(DecodeEntry(EncodeEntry(charge)).value(), charge);
  EXPECT_EQ(KnownState(charge.instruction).entry_index, charge.index);
}

TEST_F(LedgerTermsTest, CreditDrawnOverNightIsChargedTheNextDay) {
  OpenFees();
  SetPrice(10'000);
  ExpectAccepted(ByCentralBank(SetCredit{Address("BETA"), Minor(0), 0, Minor(100'000)}));
  ExpectAccepted(Pays("BETA", "GAMMA", 10'000));
  CloseDay();
  EXPECT_EQ(Available("FEES"), 0) << "no time passed";
  now_ = now_ + Duration::FromHours(24);
  OpenNextDay();
  CloseDay();
  EXPECT_EQ(Available("FEES"), 100);
}

TEST_F(LedgerTermsTest, AChargeIsRoundedHalfToEven) {
  OpenFees();
  SetPrice(500'000);
  ExpectAccepted(ByCentralBank(SetCredit{Address("BETA"), Minor(0), 0, Minor(100'000)}));
  ExpectAccepted(ByCentralBank(SetCredit{Address("GAMMA"), Minor(0), 0, Minor(100'000)}));
  ExpectAccepted(Pays("BETA", "ALPHA", 5));
  ExpectAccepted(Pays("GAMMA", "ALPHA", 7));
  now_ = now_ + Duration::FromHours(24);
  CloseDay();
  EXPECT_EQ(Available("BETA"), -7) << "2.5 is 2";
  EXPECT_EQ(Available("GAMMA"), -11) << "3.5 is 4";
}

TEST_F(LedgerTermsTest, WhatCannotBePaidIsRecordedAndStaysOwed) {
  OpenFees();
  SetPrice(1'000'000);
  ExpectAccepted(ByCentralBank(SetCredit{Address("BETA"), Minor(0), 0, Minor(1'000)}));
  ExpectAccepted(Pays("BETA", "GAMMA", 1'000));
  now_ = now_ + Duration::FromHours(12);
  BatchResult closing = CloseDay();
  ASSERT_EQ(closing.entries.size(), 2u);
  EXPECT_EQ(closing.entries[1].status, InstructionStatus::kRejected);
  EXPECT_EQ(closing.entries[1].rejection.outcome, Outcome::kInsufficientFunds);
  EXPECT_EQ(closing.entries[1].rejection.required, 500);
  EXPECT_EQ(Available("FEES"), 0);
  now_ = now_ + Duration::FromHours(12);
  OpenNextDay();
  ExpectAccepted(Pays("ALPHA", "BETA", 2'000));
  ExpectRejected(By("BETA", CloseAccount{Address("BETA")}), Outcome::kAccountNotEmpty);
  CloseDay();
  EXPECT_EQ(Available("FEES"), 1'000) << "500 of before, 500 of the night";
  EXPECT_EQ(Available("BETA"), 0);
}

TEST_F(LedgerTermsTest, AnAccountIsNotClosedWhileItOwesACharge) {
  OpenFees();
  SetPrice(1'000'000);
  ExpectAccepted(ByCentralBank(SetCredit{Address("BETA"), Minor(0), 0, Minor(1'000)}));
  ExpectAccepted(Pays("BETA", "GAMMA", 100));
  now_ = now_ + Duration::FromHours(12);
  ExpectAccepted(Pays("GAMMA", "BETA", 100));
  const ItemResult refused = By("BETA", CloseAccount{Address("BETA")});
  ExpectRejected(refused, Outcome::kAccountNotEmpty);
  EXPECT_EQ(refused.instructions.at(0).rejection.actual, 50);
  ExpectRejected(ByCentralBank(CloseAccount{Address("FEES")}), Outcome::kAccountNotEmpty);
  ExpectAccepted(Pays("ALPHA", "BETA", 50));
  CloseDay();
  ExpectAccepted(By("BETA", CloseAccount{Address("BETA")}));
  EXPECT_EQ(TermsOf("BETA"), nullptr);
}

TEST_F(LedgerTermsTest, TheFeeAccountIsNotChargedForItsOwnCredit) {
  OpenFees();
  ExpectAccepted(ByCentralBank(SetLimits{Address("FEES"), Minor(0), Minor(1'000)}));
  SetPrice(1'000'000);
  ExpectAccepted(
      ApplyOne(Admitted(MakeCommand("CENTRAL", PayOf("FEES", "BETA", 1'000)), {"central-1"})));
  now_ = now_ + Duration::FromHours(24);
  EXPECT_EQ(CloseDay().entries.size(), 1u);
  ExpectAccepted(ByCentralBank(OpenAccount{
      .address = Address("FEES2"), .owner = Party("CENTRAL"), .purpose = AccountPurpose::kFees}));
  ExpectAccepted(ByCentralBank(SetCreditPrice{1'000'000, Address("FEES2")}));
  EXPECT_EQ(ledger_->CreditChargeSoFar(Account("FEES")), Minor(0));
}

TEST_F(LedgerTermsTest, AClosedAccountGetsNoTermsWhenCreditGetsAPrice) {
  OpenFees();
  ExpectAccepted(ByCentralBank(SetLimits{Address("BETA"), Minor(0), Minor(1'000)}));
  ExpectAccepted(By("BETA", CloseAccount{Address("BETA")}));
  SetPrice(1);
  EXPECT_EQ(TermsOf("BETA"), nullptr);
}

TEST_F(LedgerTermsTest, APriceCountsFromWhenItIsSetAndWithEachChange) {
  OpenFees();
  ExpectAccepted(ByCentralBank(SetLimits{Address("BETA"), Minor(0), Minor(10'000)}));
  ExpectAccepted(Pays("BETA", "GAMMA", 10'000));
  EXPECT_EQ(TermsOf("BETA"), nullptr) << "free credit needs no terms";
  now_ = now_ + Duration::FromHours(12);
  SetPrice(100'000);
  ASSERT_NE(TermsOf("BETA"), nullptr);
  now_ = now_ + Duration::FromHours(12);
  SetPrice(200'000);
  now_ = now_ + Duration::FromHours(12);
  SetPrice(0);
  now_ = now_ + Duration::FromHours(12);
  ExpectAccepted(Pays("ALPHA", "BETA", 20'000));
  CloseDay();
  EXPECT_EQ(Available("FEES"), 500 + 1'000);
  EXPECT_EQ(TermsOf("BETA"), nullptr);
}

TEST_F(LedgerTermsTest, OneClosingIsChargedOnceWhateverElseIsInItsBatch) {
  OpenFees();
  SetPrice(1'000'000);
  ExpectAccepted(ByCentralBank(SetCredit{Address("BETA"), Minor(0), 0, Minor(100'000)}));
  ExpectAccepted(Pays("BETA", "GAMMA", 100));
  now_ = now_ + Duration::FromHours(24);
  const auto next = BusinessDate::FromDays(ledger_->date().days() + 1);
  std::vector<AdmittedItem> items;
  for (const SetDayPhase& phase :
       {SetDayPhase{ledger_->date(), DayPhase::kCutOff},
        SetDayPhase{ledger_->date(), DayPhase::kClosed}, SetDayPhase{*next, DayPhase::kOpen}}) {
    items.push_back(Admitted(MakeCommand("CENTRAL", phase), {"central-1", "central-2"}));
  }
  for (const ItemResult& result : Apply(std::move(items)).results) ExpectAccepted(result);
  EXPECT_EQ(Available("FEES"), 100);
}

TEST_F(LedgerTermsTest, ALedgerWhereTermsCameAndWentHasTheStateOfOneWithout) {
  const auto root_after = [&](std::int64_t reserved) {
    std::unique_ptr<Ledger> original = std::move(ledger_);
    original->StartSnapshot();
    ledger_ = *Ledger::Restore(genesis_, nullptr, [&]() -> absl::StatusOr<std::string> {
      return original->NextSnapshotPart();
    });
    original->AbandonSnapshot();
    ExpectAccepted(Reserves("ALPHA", reserved, 0));
    EXPECT_EQ(TermsOf("ALPHA") != nullptr, reserved > 0);
    ExpectAccepted(Reserves("ALPHA", 0, 0));
    const Hash256 root = ledger_->StateRoot();
    ledger_->StartSnapshot();
    for (std::string part = ledger_->NextSnapshotPart(); !part.empty();
         part = ledger_->NextSnapshotPart()) {
      EXPECT_NE(part.front(), 7) << "no part of terms";
    }
    ledger_ = std::move(original);
    return root;
  };
  EXPECT_EQ(root_after(5), root_after(0));
}

// Whatever is set, paid, offset and charged: money is conserved (Apply recounts it), a restored
// ledger is the same ledger and goes on as the other, and what waits keeps to the terms.
TEST_F(LedgerTermsTest, ASnapshotKeepsTermsWhateverTheyAre) {
  const std::vector<std::string> banks = {"ALPHA", "BETA", "GAMMA"};
  OpenFees();
  std::map<std::string, int> seen;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    RandomStream random(seed, "terms");
    if (seed > 0) OpenNextDay();
    if (seed % 4 != 3) {
      SetRules(seed % 2 == 0 ? QueueDiscipline::kPriority : QueueDiscipline::kFifoBypass,
               seed % 3 == 0 ? QueueOptimisation::kBechSoramaki : QueueOptimisation::kNone);
    }
    std::unique_ptr<Ledger> twin;
    for (int step = 0; step < 150; ++step) {
      now_ = now_ + Duration::FromMinutes(3);
      const std::size_t from = random.Uniform(3);
      const std::string& bank = banks[from];
      const std::string& other = banks[(from + 1 + random.Uniform(2)) % 3];
      const Amount some = Minor(random.UniformInRange(0, 40'000));
      AdmittedItem item;
      const std::uint64_t what = random.Uniform(24);
      if (what == 0) {
        item =
            Admitted(MakeCommand(bank, SetReservations{Address(bank), some, Minor(500)}), {bank});
      } else if (what == 1) {
        item = Admitted(MakeCommand(bank, SetReleaseThreshold{Address(bank), some}), {bank});
      } else if (what < 4) {
        const bool lifts = random.Uniform(3) == 0;
        SetSenderLimit limit{Address(bank), what == 2 ? Address(other) : AccountAddress(), some};
        if (lifts) limit.limit.reset();
        item = Admitted(MakeCommand(bank, limit), {bank});
      } else if (what == 4) {
        const auto haircut = static_cast<std::uint32_t>(random.Uniform(10'001));
        item = Admitted(MakeCommand("CENTRAL", SetCredit{Address(bank), some, haircut, Minor(10)}),
                        {"central-1", "central-2"});
      } else if (what == 5) {
        const auto ppm = static_cast<std::uint32_t>(random.Uniform(3) * 5'000);
        item = Admitted(MakeCommand("CENTRAL", SetCreditPrice{ppm, Address("FEES")}),
                        {"central-1", "central-2"});
      } else {
        Pay pay = PayOf(bank, other, random.UniformInRange(1, 40'000));
        pay.priority = static_cast<PaymentPriority>(random.Uniform(3));
        item = Admitted(MakeCommand(bank, pay), {bank});
      }
      const std::vector<AdmittedItem> items = {item};
      const BatchResult result = Apply(items);
      for (const Entry& entry : result.entries) {
        ++seen[std::string(InstructionStatusName(entry.status)) + " " +
               std::to_string(static_cast<int>(entry.cause))];
      }
      if (twin != nullptr) {
        ASSERT_EQ(twin->ApplyBatch(now_, items).entries, result.entries);
        ASSERT_EQ(twin->StateRoot(), ledger_->StateRoot());
      }
      if (step == 75) {
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
    for (const Entry& entry : CloseDay().entries) {
      ++seen[std::string(ActionKindName(entry.instruction.kind)) + " " +
             std::string(InstructionStatusName(entry.status))];
    }
    if (seed % 4 != 3) ExpectAccepted(ByCentralBank(SetQueueRules{}));
    now_ = now_ + Duration::FromHours(12);
  }
  EXPECT_GT(seen["settled 1"], 100);
  EXPECT_GT(seen["rejected 1"], 20);
  EXPECT_GT(seen["settled 4"], 20) << "released";
  EXPECT_GT(seen["settled 5"], 10) << "offset";
  EXPECT_GT(seen["credit-charge settled"], 5);
}

}  // namespace
}  // namespace causeway::core
