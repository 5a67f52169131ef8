#include "settlement/client/quote_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "settlement/codec/codec.h"
#include "tests/wallet/wallet_test_util.h"

namespace causeway::wallet {
namespace {

using ::testing::HasSubstr;

// A quote of 7,850.00 HKD for 1,000.00 USD at 7.85, as an honest bridge gives it; tests change the
// parts and seal it again.
class QuoteCheck : public ::testing::Test {
 protected:
  QuoteCheck() {
    asked_.taker = ParseOrDie<core::ParticipantId>("BANKA");
    asked_.sell_currency = ParseOrDie<core::Currency>("HKD");
    asked_.buy_currency = ParseOrDie<core::Currency>("USD");
    asked_.buy = core::Amount::FromMinor(100'000);
    asked_.sell_account = Address("HKD", "BANKA");
    asked_.buy_account = Address("USD", "BANKA");
    asked_.instruction_id = ParseOrDie<core::InstructionId>("SWAP-1");
    asked_.uetr = core::Uetr::FromRandomBytes({9});

    quote_.quote_id = "Q-1";
    quote_.provider = ParseOrDie<core::ParticipantId>("FXP");
    quote_.pair = {asked_.buy_currency, asked_.sell_currency};
    quote_.rate = *core::Rate::Parse("7.85");
    quote_.sell = MoneyOf("HKD", 785'000);
    quote_.buy = MoneyOf("USD", 100'000);
    quote_.expires = now_ + core::Duration::FromSeconds(30);

    taker_leg_.salt = std::string(16, 'a');
    taker_leg_.ledger = ParseOrDie<core::LedgerOrigin>("hkma.example/hkd");
    taker_leg_.party = asked_.taker;
    taker_leg_.id = asked_.instruction_id;
    taker_leg_.uetr = asked_.uetr;
    taker_leg_.debtor = asked_.sell_account;
    taker_leg_.creditor = Address("HKD", "FXP");
    taker_leg_.amount = quote_.sell;
    provider_leg_ = taker_leg_;
    provider_leg_.salt = std::string(16, 'b');
    provider_leg_.ledger = ParseOrDie<core::LedgerOrigin>("fed.example/usd");
    provider_leg_.party = quote_.provider;
    provider_leg_.debtor = Address("USD", "FXP");
    provider_leg_.creditor = asked_.buy_account;
    provider_leg_.amount = quote_.buy;
  }

  // Makes terms over these legs.
  void Seal(const std::vector<core::Leg>& legs) {
    core::TermsHeader terms;
    terms.policy_hash = core::Sha256("policy");
    terms.deadline = now_ + core::Duration::FromSeconds(60);
    terms.nonce = std::string(16, 'n');
    terms.quote_id = quote_.quote_id;
    std::map<core::LedgerOrigin, std::uint32_t> counts;
    quote_.legs.clear();
    for (const core::Leg& leg : legs) {
      ++counts[leg.ledger];
      quote_.legs.push_back(codec::EncodeLeg(leg));
    }
    for (const auto& [ledger, count] : counts) terms.ledgers.push_back({ledger, count});
    terms.legs_root = core::LegsRoot(quote_.legs);
    quote_.terms = codec::EncodeTerms(terms);
    quote_.settlement_id = core::SettlementIdOf(quote_.terms);
  }

  std::string Verdict() {
    return std::string(client::CheckQuote(asked_, quote_, now_).status().message());
  }
  std::string VerdictOnLegs() {
    Seal({taker_leg_, provider_leg_});
    return Verdict();
  }

  const core::LedgerTime now_ = core::LedgerTime::FromMicros(1'660'525'200'000'000);
  client::QuoteRequest asked_;
  client::Quote quote_;
  core::Leg taker_leg_;
  core::Leg provider_leg_;
};

TEST_F(QuoteCheck, AnHonestQuotePasses) {
  Seal({taker_leg_, provider_leg_});
  const auto read = client::CheckQuote(asked_, quote_, now_);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->legs.size(), 2u);
  EXPECT_EQ(read->terms.settlement_id, quote_.settlement_id);
}

TEST_F(QuoteCheck, ALegThatPaysMoreThanWasQuotedIsNoticed) {
  taker_leg_.amount = MoneyOf("HKD", 785'001);
  EXPECT_THAT(VerdictOnLegs(), HasSubstr("7850.01 HKD"));
}

TEST_F(QuoteCheck, ALegThatBringsLessThanWasQuotedIsNoticed) {
  provider_leg_.amount = MoneyOf("USD", 99'999);
  EXPECT_THAT(VerdictOnLegs(), HasSubstr("999.99 USD"));
}

TEST_F(QuoteCheck, AnotherReceiverIsNoticed) {
  provider_leg_.creditor = Address("USD", "MALLORY");
  EXPECT_THAT(VerdictOnLegs(), HasSubstr("0.00 USD"));
}

TEST_F(QuoteCheck, AnotherPayingAccountIsNoticed) {
  taker_leg_.debtor = Address("HKD", "BANKA2");
  EXPECT_THAT(VerdictOnLegs(), HasSubstr("debits"));
}

TEST_F(QuoteCheck, ASecondLegOfTheTakerIsNoticed) {
  core::Leg extra = taker_leg_;
  extra.salt = std::string(16, 'c');
  Seal({taker_leg_, extra, provider_leg_});
  EXPECT_THAT(Verdict(), HasSubstr("2 legs"));
}

TEST_F(QuoteCheck, AnotherInstructionIdIsNoticed) {
  taker_leg_.id = ParseOrDie<core::InstructionId>("OTHER");
  EXPECT_THAT(VerdictOnLegs(), HasSubstr("OTHER"));
}

TEST_F(QuoteCheck, AnotherUetrIsNoticed) {
  taker_leg_.uetr = core::Uetr::FromRandomBytes({8});
  EXPECT_THAT(VerdictOnLegs(), HasSubstr("UETR"));
}

TEST_F(QuoteCheck, AnAmountOffTheRateIsNoticed) {
  quote_.sell = MoneyOf("HKD", 785'001);
  taker_leg_.amount = quote_.sell;
  EXPECT_THAT(VerdictOnLegs(), HasSubstr("rate 7.85"));
}

TEST_F(QuoteCheck, AnotherDealtAmountIsNoticed) {
  quote_.buy = MoneyOf("USD", 99'000);
  EXPECT_THAT(VerdictOnLegs(), HasSubstr("990.00 USD"));
}

TEST_F(QuoteCheck, LegsThatTheTermsDoNotBindAreNoticed) {
  Seal({taker_leg_, provider_leg_});
  core::Leg other = provider_leg_;
  other.salt = std::string(16, 'z');
  quote_.legs[1] = codec::EncodeLeg(other);
  EXPECT_THAT(Verdict(), HasSubstr("not those that the terms bind"));
}

TEST_F(QuoteCheck, AnotherSettlementIdIsNoticed) {
  Seal({taker_leg_, provider_leg_});
  quote_.settlement_id = core::Sha256("another");
  EXPECT_THAT(Verdict(), HasSubstr("settlement id"));
}

TEST_F(QuoteCheck, AnExpiredQuoteIsNoticed) {
  Seal({taker_leg_, provider_leg_});
  quote_.expires = now_;
  EXPECT_THAT(Verdict(), HasSubstr("expired"));
}

TEST_F(QuoteCheck, SellingAnExactAmountRoundsTheOtherOnce) {
  asked_.buy.reset();
  asked_.sell = core::Amount::FromMinor(100'000);
  quote_.sell = MoneyOf("HKD", 100'000);
  taker_leg_.amount = quote_.sell;
  quote_.buy = MoneyOf("USD", 12'738);  // 12738.85...
  provider_leg_.amount = quote_.buy;
  EXPECT_EQ(VerdictOnLegs(), "");
  quote_.buy = MoneyOf("USD", 12'737);
  provider_leg_.amount = quote_.buy;
  EXPECT_THAT(VerdictOnLegs(), HasSubstr("rate"));
}

}  // namespace
}  // namespace causeway::wallet
