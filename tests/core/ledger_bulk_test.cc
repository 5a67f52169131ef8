// Bulks on the ledger: the same rules as for single payments, by account number.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "settlement/core/prng.h"
#include "tests/core/ledger_fixture.h"

namespace causeway::core {
namespace {

class LedgerBulkTest : public LedgerFixture {
 protected:
  AccountRef Ref(std::string_view body) const {
    const AccountState* account = ledger_->FindAccount(Address(body));
    return {.number = account->number, .check = account->check};
  }
  static RawInstructionId Raw(std::uint8_t seed) {
    RawInstructionId raw{};
    raw.fill(seed);
    return raw;
  }
  BulkPayment Payment(std::string_view from, std::string_view to, std::int64_t minor_units,
                      std::uint8_t id) const {
    BulkPayment payment;
    payment.debtor = Ref(from);
    payment.creditor = Ref(to);
    payment.amount = Amount::FromMinor(minor_units);
    payment.id = Raw(id);
    payment.uetr = SomeUetr(id);
    return payment;
  }
  Bulk BulkOf(std::string_view party, std::uint8_t id, std::vector<BulkPayment> payments) const {
    return {.ledger = genesis_.ledger,
            .genesis_hash = genesis_.hash,
            .party = Party(party),
            .id = Raw(id),
            .valid_until = now_ + Duration::FromHours(1),
            .payments = std::move(payments)};
  }
  // As Admit gives it, without cryptography.
  AdmittedItem Given(const Bulk& bulk) {
    return {.body = bulk,
            .payload_hash = Sha256(EncodeBulk(bulk)),
            .signers = {KeyNamed(bulk.party.ToString()).key_id()}};
  }
  std::vector<Outcome> OutcomesOf(const Bulk& bulk) {
    const ItemResult result = ApplyOne(Given(bulk));
    EXPECT_FALSE(result.refused.has_value());
    std::vector<Outcome> outcomes;
    if (result.bulk == nullptr) return outcomes;
    for (const PaymentResult& payment : result.bulk->results) outcomes.push_back(payment.outcome);
    return outcomes;
  }
  std::int64_t Available(std::string_view body) const {
    return ledger_->FindAccount(Address(body))->available.minor();
  }
};

TEST_F(LedgerBulkTest, EveryPaymentHasItsOwnOutcomeAndLeaf) {
  const std::uint64_t index = ledger_->next_index();
  const Bulk bulk =
      BulkOf("ALPHA", 1,
             {Payment("ALPHA", "BETA", 60'000, 1), Payment("ALPHA", "BETA", 60'000, 2),
              Payment("ALPHA", "BETA", 40'000, 3)});
  const BatchResult result = Apply({Given(bulk)});
  ASSERT_EQ(result.entries.size(), 1u);
  EXPECT_EQ(result.entries[0].instruction.kind, ActionKind::kPayBulk);
  EXPECT_EQ(result.entries[0].index, index + 1);
  ASSERT_EQ(result.bulks.size(), 1u);
  const BulkExecution& execution = *result.bulks[0];
  EXPECT_EQ(execution.first_index, index + 2);
  ASSERT_EQ(execution.results.size(), 3u);
  EXPECT_EQ(execution.results[0].outcome, Outcome::kAccepted);
  EXPECT_EQ(execution.results[0].debtor_after, 40'000);
  EXPECT_EQ(execution.results[0].creditor_after, 60'000);
  EXPECT_EQ(execution.results[1].outcome, Outcome::kInsufficientFunds);
  EXPECT_EQ(execution.results[1].debtor_after, 40'000) << "what there is";
  EXPECT_EQ(execution.results[1].creditor_after, 60'000) << "what is needed";
  EXPECT_EQ(execution.results[2].outcome, Outcome::kAccepted);
  EXPECT_EQ(execution.results[2].debtor_previous, execution.first_index);
  EXPECT_EQ(result.header.entry_count, 4u);
  EXPECT_EQ(ledger_->next_index(), index + 5);
  EXPECT_EQ(Available("ALPHA"), 0);
  EXPECT_EQ(Available("BETA"), 100'000);
}

TEST_F(LedgerBulkTest, ARepeatIsNotExecutedAgain) {
  const Bulk bulk = BulkOf("ALPHA", 1, {Payment("ALPHA", "BETA", 10, 1)});
  ApplyOne(Given(bulk));
  const ItemResult repeat = ApplyOne(Given(bulk));
  EXPECT_FALSE(repeat.refused.has_value());
  EXPECT_FALSE(repeat.sequenced);
  EXPECT_EQ(repeat.instructions.at(0).status, InstructionStatus::kSettled);
  EXPECT_EQ(Available("BETA"), 10);
}

TEST_F(LedgerBulkTest, AnotherBulkUnderTheSameIdIsRefused) {
  ApplyOne(Given(BulkOf("ALPHA", 1, {Payment("ALPHA", "BETA", 10, 1)})));
  const ItemResult other = ApplyOne(Given(BulkOf("ALPHA", 1, {Payment("ALPHA", "BETA", 20, 2)})));
  ASSERT_TRUE(other.refused.has_value());
  EXPECT_EQ(other.refused->outcome, Outcome::kInstructionIdReused);
}

TEST_F(LedgerBulkTest, AnIdPaysOnceWithinABulkAndAcrossBulks) {
  EXPECT_EQ(OutcomesOf(BulkOf("ALPHA", 1,
                              {Payment("ALPHA", "BETA", 10, 1), Payment("ALPHA", "BETA", 10, 1)})),
            (std::vector{Outcome::kAccepted, Outcome::kInstructionIdReused}));
  EXPECT_EQ(OutcomesOf(BulkOf("ALPHA", 2,
                              {Payment("ALPHA", "BETA", 10, 1), Payment("ALPHA", "BETA", 10, 2)})),
            (std::vector{Outcome::kInstructionIdReused, Outcome::kAccepted}));
  EXPECT_EQ(Available("BETA"), 20);
}

TEST_F(LedgerBulkTest, SinglePaymentsAndBulksShareTheirIds) {
  const std::string first = InstructionIdOf(Raw(1)).ToString();
  const std::string second = InstructionIdOf(Raw(2)).ToString();
  ExpectAccepted(By("ALPHA", PayOf("ALPHA", "BETA", 10), first));
  EXPECT_EQ(OutcomesOf(BulkOf("ALPHA", 1,
                              {Payment("ALPHA", "BETA", 10, 1), Payment("ALPHA", "BETA", 10, 2)})),
            (std::vector{Outcome::kInstructionIdReused, Outcome::kAccepted}));
  const ItemResult single = By("ALPHA", PayOf("ALPHA", "BETA", 10), second);
  ASSERT_TRUE(single.refused.has_value());
  EXPECT_EQ(single.refused->outcome, Outcome::kInstructionIdReused);
  EXPECT_EQ(Available("BETA"), 20);
}

TEST_F(LedgerBulkTest, AnIdOfAnotherPartyIsAnother) {
  ApplyOne(Given(BulkOf("ALPHA", 1, {Payment("ALPHA", "BETA", 10, 1)})));
  EXPECT_EQ(OutcomesOf(BulkOf("BETA", 1, {Payment("BETA", "ALPHA", 10, 1)})),
            (std::vector{Outcome::kAccepted}));
}

TEST_F(LedgerBulkTest, AReturnMayCiteAPaymentOfABulk) {
  OutcomesOf(BulkOf("ALPHA", 1,
                    {Payment("ALPHA", "BETA", 10, 1), Payment("ALPHA", "BETA", 1'000'000, 2)}));
  Pay settled = PayOf("BETA", "ALPHA", 10);
  settled.cites = {Party("ALPHA"), ActionKind::kPay, InstructionIdOf(Raw(1))};
  ExpectAccepted(By("BETA", settled));
  Pay rejected = PayOf("ALPHA", "BETA", 10);
  rejected.cites = {Party("ALPHA"), ActionKind::kPay, InstructionIdOf(Raw(2))};
  ExpectRejected(By("ALPHA", rejected), Outcome::kWrongInstructionState);
}

TEST_F(LedgerBulkTest, RejectsWhatSinglePaymentsReject) {
  BulkPayment unknown = Payment("ALPHA", "BETA", 1, 1);
  unknown.creditor.number = 99;
  BulkPayment mistyped = Payment("ALPHA", "BETA", 1, 2);
  mistyped.creditor.check ^= 1;
  BulkPayment liability = Payment("ALPHA", "BETA", 1, 3);
  liability.creditor = Ref("LIABILITY");
  EXPECT_EQ(
      OutcomesOf(BulkOf("ALPHA", 1,
                        {unknown, mistyped, liability, Payment("ALPHA", "BETA", 0, 4),
                         Payment("ALPHA", "BETA", -1, 5), Payment("BETA", "ALPHA", 1, 6),
                         Payment("ALPHA", "ALPHA", 1, 7)})),
      (std::vector{Outcome::kUnknownAccount, Outcome::kUnknownAccount,
                   Outcome::kWrongAccountPurpose, Outcome::kAmountNotPositive,
                   Outcome::kAmountNotPositive, Outcome::kNotAccountOwner, Outcome::kSameAccount}));
  EXPECT_EQ(Available("ALPHA"), 100'000);
  ByCentralBank(SetFreeze{Address("ALPHA"), true, "order 1"});
  EXPECT_EQ(OutcomesOf(BulkOf("ALPHA", 2, {Payment("ALPHA", "BETA", 1, 8)})),
            (std::vector{Outcome::kAccountFrozen}));
}

TEST_F(LedgerBulkTest, RejectsEveryPaymentWhileTheLedgerIsClosed) {
  ByCentralBank(SetDayPhase{genesis_.business_date, DayPhase::kCutOff});
  EXPECT_EQ(OutcomesOf(BulkOf("ALPHA", 1, {Payment("ALPHA", "BETA", 1, 1)})),
            (std::vector{Outcome::kLedgerClosed}));
}

TEST_F(LedgerBulkTest, RefusesABulkThatIsNotSignedByItsPartyOrComesLate) {
  AdmittedItem stolen = Given(BulkOf("ALPHA", 1, {Payment("ALPHA", "BETA", 1, 1)}));
  stolen.signers = {KeyNamed("BETA").key_id()};
  EXPECT_EQ(ApplyOne(stolen).refused->outcome, Outcome::kNotSignedByParty);
  Bulk late = BulkOf("ALPHA", 1, {Payment("ALPHA", "BETA", 1, 1)});
  late.valid_until = now_ + Duration::FromMicros(-1);
  EXPECT_EQ(ApplyOne(Given(late)).refused->outcome, Outcome::kPastValidUntil);
  EXPECT_EQ(Available("ALPHA"), 100'000);
}

// Random payments as a bulk and one by one must do the same to every account.
TEST_F(LedgerBulkTest, DoesWhatTheSamePaymentsDoOneByOne) {
  for (const char* bank : {"GAMMA", "DELTA"}) {
    ExpectAccepted(ByCentralBank(OpenAccount{.address = Address(bank),
                                             .owner = Party("ALPHA"),
                                             .purpose = AccountPurpose::kSettlement,
                                             .holding_limit = Amount::FromMinor(30'000),
                                             .credit_line = Amount::FromMinor(5'000)}));
  }
  auto twin = Ledger::Create(genesis_, nullptr);
  ASSERT_TRUE(twin.ok());
  const std::vector<std::string> names = {"ALPHA", "BETA", "GAMMA", "DELTA"};
  RandomStream random(20221122, "bulk twin");
  std::vector<std::string> single_outcomes;
  std::vector<BulkPayment> payments;
  std::vector<Pay> singles;
  for (std::uint8_t i = 0; i < 200; ++i) {
    const std::string& from = names[random.Uniform(names.size())];
    const std::string& to = names[random.Uniform(names.size())];
    const auto amount = static_cast<std::int64_t>(random.Uniform(20'000));
    payments.push_back(Payment(from, to, amount, i));
    Pay pay = PayOf(from, to, amount);
    pay.id = InstructionIdOf(Raw(i));
    singles.push_back(pay);
  }
  const ItemResult bulk = ApplyOne(Given(BulkOf("ALPHA", 1, payments)));
  std::map<std::string, std::int64_t> after_bulk;
  for (const std::string& name : names) after_bulk[name] = Available(name);

  // The same start on a ledger of its own.
  ledger_ = *std::move(twin);
  SetUp();
  for (const char* bank : {"GAMMA", "DELTA"}) {
    ExpectAccepted(ByCentralBank(OpenAccount{.address = Address(bank),
                                             .owner = Party("ALPHA"),
                                             .purpose = AccountPurpose::kSettlement,
                                             .holding_limit = Amount::FromMinor(30'000),
                                             .credit_line = Amount::FromMinor(5'000)}));
  }
  const ItemResult one_by_one =
      ApplyOne(Admitted(MakeCommand("ALPHA", PayBatch{singles}), {"ALPHA"}));
  ASSERT_EQ(one_by_one.instructions.size(), bulk.bulk->results.size());
  for (std::size_t i = 0; i < singles.size(); ++i) {
    EXPECT_EQ(OutcomeName(one_by_one.instructions[i].rejection.outcome),
              OutcomeName(bulk.bulk->results[i].outcome))
        << i;
  }
  for (const std::string& name : names) EXPECT_EQ(Available(name), after_bulk[name]) << name;
}

}  // namespace
}  // namespace causeway::core
