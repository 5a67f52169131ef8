// Where exchanges are handed in to a ledger of all currencies: what waits, for how long, and what
// stays refused.
#include "scenarios/mechanisms/exchange_desk.h"

#include <gtest/gtest.h>

namespace causeway::sim {
namespace {

using Answer = ExchangeDesk::Answer;

constexpr ActionIndex kTrade = 3;

core::LedgerTime AfterSeconds(std::int64_t seconds) {
  return core::LedgerTime::FromMicros(1'000'000'000) + core::Duration::FromSeconds(seconds);
}

core::Item Signed(const std::string& text) {
  core::Item item;
  item.envelope.payload = text;
  return item;
}

class ExchangeDeskTest : public testing::Test {
 protected:
  const ExchangeSides party_ = {Signed("party"), std::nullopt};
  const ExchangeSides counterparty_ = {std::nullopt, Signed("counterparty")};
  const ExchangeSides both_ = {Signed("party"), Signed("counterparty")};
  const PlannedSharedLedger terms_ = {.matching_timeout = core::Duration::FromSeconds(60)};
  ExchangeDesk desk_{terms_, {}};
};

TEST_F(ExchangeDeskTest, BothSidesAtOnceAreReadyAtOnce) {
  EXPECT_EQ(desk_.HandIn(kTrade, both_, AfterSeconds(0)), Answer::kReady);
}

TEST_F(ExchangeDeskTest, OneSideWaitsForTheOther) {
  EXPECT_EQ(desk_.HandIn(kTrade, party_, AfterSeconds(0)), Answer::kWaits);
  EXPECT_EQ(desk_.HandIn(kTrade, party_, AfterSeconds(5)), Answer::kWaits);
  EXPECT_EQ(desk_.HandIn(kTrade, counterparty_, AfterSeconds(60)), Answer::kReady);
  EXPECT_EQ(desk_.SidesOf(kTrade), both_);
}

TEST_F(ExchangeDeskTest, OfTheSameSideTheFirstStands) {
  desk_.HandIn(kTrade, party_, AfterSeconds(0));
  desk_.HandIn(kTrade, {Signed("another"), std::nullopt}, AfterSeconds(1));
  desk_.HandIn(kTrade, counterparty_, AfterSeconds(2));
  EXPECT_EQ(desk_.SidesOf(kTrade), both_);
}

TEST_F(ExchangeDeskTest, SideThatWaitedTooLongIsRefusedAndStaysRefused) {
  desk_.HandIn(kTrade, party_, AfterSeconds(0));
  EXPECT_EQ(desk_.HandIn(kTrade, party_, AfterSeconds(61)), Answer::kRefused);
  EXPECT_EQ(desk_.refused().at(kTrade).outcome, core::Outcome::kApprovalsMissing);
  // Also by a clock that was set back.
  EXPECT_EQ(desk_.HandIn(kTrade, both_, AfterSeconds(1)), Answer::kRefused);
}

TEST_F(ExchangeDeskTest, RestartForgetsWhatWaitsAndKeepsWhatIsRefused) {
  desk_.HandIn(kTrade, party_, AfterSeconds(0));
  desk_.HandIn(kTrade + 1, both_, AfterSeconds(0));
  desk_.Refuse(kTrade + 1, {.outcome = core::Outcome::kInsufficientFunds});
  ExchangeDesk again(terms_, desk_.refused());
  EXPECT_EQ(again.HandIn(kTrade + 1, both_, AfterSeconds(100)), Answer::kRefused);
  EXPECT_EQ(again.HandIn(kTrade, counterparty_, AfterSeconds(100)), Answer::kWaits);
  EXPECT_EQ(again.HandIn(kTrade, party_, AfterSeconds(101)), Answer::kReady);
}

TEST(ExchangeHashTest, NamesBothPayments) {
  core::Pay party;
  party.debtor = *core::AccountAddress::Make(*core::Currency::Parse("EUR"), "PAYER");
  party.amount = {*core::Currency::Parse("EUR"), core::Amount::FromMinor(100)};
  core::Pay counterparty = party;
  const core::Hash256 hash = ExchangeHashOf(party, counterparty);
  party.private_data_hash = hash;
  EXPECT_EQ(ExchangeHashOf(party, counterparty), hash);
  counterparty.amount.amount = core::Amount::FromMinor(99);
  EXPECT_NE(ExchangeHashOf(party, counterparty), hash);
  EXPECT_NE(ExchangeHashOf(party, counterparty), ExchangeHashOf(counterparty, party));
}

}  // namespace
}  // namespace causeway::sim
