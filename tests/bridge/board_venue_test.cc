#include "fx-bridge/venues/board_venue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/bridge/fixture.h"

namespace causeway::bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

core::Rate RateOf(std::string_view decimal) { return Must(core::Rate::Parse(decimal)); }
core::Amount Minor(std::int64_t units) { return core::Amount::FromMinor(units); }

class BoardVenueTest : public ::testing::Test {
 protected:
  static Provider Dealer(std::string_view name = "DEALER") {
    Provider provider;
    provider.participant = Party(name);
    provider.signer = KeyOf(name);
    provider.accounts = {{Origin("a.example/usd"), Address("USD", "DEALER")},
                         {Origin("b.example/jpy"), Address("JPY", "DEALER")}};
    provider.rates = {{{Ccy("USD"), Ccy("JPY")}, RateOf("147.10"), RateOf("147.30"), {}}};
    provider.validity = core::Duration::FromSeconds(10);
    return provider;
  }
  static std::unique_ptr<BoardVenue> Venue(std::vector<Provider> providers,
                                           std::size_t quotes_max = 100'000) {
    BoardVenue::Options options;
    options.quotes_max = quotes_max;
    options.policy_hash = core::Sha256("policy");
    return Must(BoardVenue::Create(options, std::move(providers)));
  }
  static QuoteRequest SellUsd(std::int64_t minor) {
    QuoteRequest request;
    request.taker = Party("ALPHA");
    request.sell_currency = Ccy("USD");
    request.buy_currency = Ccy("JPY");
    request.sell_amount = Minor(minor);
    request.sell_account = Address("USD", "ALPHA");
    request.buy_account = Address("JPY", "ALPHA");
    request.instruction_id = Must(core::InstructionId::Parse("SWAP-1"));
    return request;
  }
  static QuoteRequest For(std::string_view taker, QuoteRequest request) {
    request.taker = Party(taker);
    return request;
  }
  static QuoteRequest SellJpy(std::int64_t minor) {
    QuoteRequest request = SellUsd(minor);
    std::swap(request.sell_currency, request.buy_currency);
    std::swap(request.sell_account, request.buy_account);
    return request;
  }
  static QuoteRequest Buying(QuoteRequest request, std::int64_t minor) {
    request.sell_amount.reset();
    request.buy_amount = Minor(minor);
    return request;
  }
  Quote Ask(const QuoteRequest& request, core::LedgerTime now = At(0)) {
    auto result = venue_->RequestQuote(now, request, random_);
    const auto* refused = std::get_if<core::Rejection>(&result);
    CW_CHECK(refused == nullptr, refused == nullptr ? "" : core::Describe(*refused).c_str());
    return std::get<Quote>(std::move(result));
  }
  core::Outcome Refused(const QuoteRequest& request) {
    const auto result = venue_->RequestQuote(At(0), request, random_);
    const auto* refused = std::get_if<core::Rejection>(&result);
    return refused == nullptr ? core::Outcome::kAccepted : refused->outcome;
  }
  core::Outcome Countersign(core::LedgerTime now, std::string_view quote_id,
                            std::string_view terms) {
    const auto result = venue_->Countersign(now, quote_id, terms);
    const auto* refused = std::get_if<core::Rejection>(&result);
    return refused == nullptr ? core::Outcome::kAccepted : refused->outcome;
  }

  core::RandomStream stream_{7, "quotes"};
  RandomSource random_ = [this](std::size_t size) { return stream_.Bytes(size); };
  std::unique_ptr<BoardVenue> venue_ = Venue({Dealer()});
};

TEST_F(BoardVenueTest, TheTakerSellsBaseAtTheBid) {
  // 100.01 USD x 147.10 = 14711.471 JPY: down.
  const Quote quote = Ask(SellUsd(100'01));
  EXPECT_EQ(quote.rate, RateOf("147.10"));
  EXPECT_EQ(quote.sell.amount, Minor(100'01));
  EXPECT_EQ(quote.buy.amount, Minor(14711));
}

TEST_F(BoardVenueTest, TheTakerBuysBaseAtTheAsk) {
  // 10,000 JPY / 147.30 = 67.888... USD: down.
  const Quote quote = Ask(SellJpy(10'000));
  EXPECT_EQ(quote.rate, RateOf("147.30"));
  EXPECT_EQ(quote.buy.amount, Minor(67'88));
}

TEST_F(BoardVenueTest, ABoughtAmountIsExactAndThePriceRoundsUp) {
  // 10,000 JPY bought at the bid: 10,000 / 147.10 = 67.9809... USD: up.
  const Quote bought_quote = Ask(Buying(SellUsd(0), 10'000));
  EXPECT_EQ(bought_quote.buy.amount, Minor(10'000));
  EXPECT_EQ(bought_quote.sell.amount, Minor(67'99));
  // 100.01 USD bought at the ask: 100.01 x 147.30 = 14731.473 JPY: up.
  const Quote bought_base = Ask(Buying(SellJpy(0), 100'01));
  EXPECT_EQ(bought_base.buy.amount, Minor(100'01));
  EXPECT_EQ(bought_base.sell.amount, Minor(14732));
}

TEST_F(BoardVenueTest, AnExactProductIsNotRounded) {
  EXPECT_EQ(Ask(SellUsd(100'00)).buy.amount, Minor(14710));
  EXPECT_EQ(Ask(Buying(SellUsd(0), 14710)).sell.amount, Minor(100'00));
}

TEST_F(BoardVenueTest, TheTermsAreTheTwoLegsOfTheSwap) {
  const QuoteRequest request = SellUsd(100'00);
  const Quote quote = Ask(request);
  const core::TermsHeader terms = Must(codec::DecodeTerms(quote.terms));
  EXPECT_EQ(terms.settlement_id, quote.settlement_id);
  EXPECT_EQ(terms.policy_hash, core::Sha256("policy"));
  EXPECT_EQ(terms.quote_id, quote.quote_id);
  EXPECT_EQ(terms.legs_root, core::LegsRoot(quote.legs));
  EXPECT_EQ(quote.expires, At(10'000));
  EXPECT_EQ(terms.deadline, At(70'000));
  EXPECT_THAT(terms.ledgers, ElementsAre(core::TermsLedger{Origin("a.example/usd"), 1},
                                         core::TermsLedger{Origin("b.example/jpy"), 1}));
  ASSERT_THAT(quote.legs, SizeIs(2));
  const core::Leg taker = Must(codec::DecodeLeg(quote.legs[0]));
  EXPECT_EQ(taker.party, Party("ALPHA"));
  EXPECT_EQ(taker.ledger, Origin("a.example/usd"));
  EXPECT_EQ(taker.debtor, request.sell_account);
  EXPECT_EQ(taker.creditor, Address("USD", "DEALER"));
  EXPECT_EQ(taker.amount, quote.sell);
  EXPECT_EQ(taker.id, request.instruction_id);
  const core::Leg dealer = Must(codec::DecodeLeg(quote.legs[1]));
  EXPECT_EQ(dealer.party, Party("DEALER"));
  EXPECT_EQ(dealer.debtor, Address("JPY", "DEALER"));
  EXPECT_EQ(dealer.creditor, request.buy_account);
  EXPECT_EQ(dealer.amount, quote.buy);
  EXPECT_EQ(dealer.uetr, taker.uetr);
  EXPECT_NE(dealer.salt, taker.salt);
}

TEST_F(BoardVenueTest, TheLedgersOfTheTermsAreSortedWhicheverCurrencyIsSold) {
  const core::TermsHeader terms = Must(codec::DecodeTerms(Ask(SellJpy(10'000)).terms));
  EXPECT_EQ(terms.ledgers[0].ledger, Origin("a.example/usd"));
}

TEST_F(BoardVenueTest, TheBestRateForTheTakerWins) {
  Provider better = Dealer("GAMMA");
  better.rates[0].bid = RateOf("147.20");
  better.rates[0].ask = RateOf("147.40");
  venue_ = Venue({Dealer(), better});
  EXPECT_EQ(Ask(SellUsd(100'00)).provider, Party("GAMMA"));
  EXPECT_EQ(Ask(SellJpy(10'000)).provider, Party("DEALER"));
}

TEST_F(BoardVenueTest, TheFirstProviderWinsAmongEquals) {
  venue_ = Venue({Dealer(), Dealer("GAMMA")});
  EXPECT_EQ(Ask(SellUsd(100'00)).provider, Party("DEALER"));
}

TEST_F(BoardVenueTest, AProviderDoesNotQuoteItself) {
  QuoteRequest request = SellUsd(100'00);
  request.taker = Party("DEALER");
  EXPECT_EQ(Refused(request), core::Outcome::kNoRate);
}

TEST_F(BoardVenueTest, RefusesAPairThatNobodyQuotes) {
  QuoteRequest request = SellUsd(100'00);
  request.buy_currency = Ccy("EUR");
  request.buy_account = Address("EUR", "ALPHA");
  EXPECT_EQ(Refused(request), core::Outcome::kNoRate);
}

TEST_F(BoardVenueTest, RefusesMoreThanTheProviderDeals) {
  Provider provider = Dealer();
  provider.rates[0].base_amount_max = Minor(1000'00);
  venue_ = Venue({provider});
  EXPECT_EQ(Refused(SellUsd(1000'00)), core::Outcome::kAccepted);
  EXPECT_EQ(Refused(SellUsd(1000'01)), core::Outcome::kNoRate);
}

TEST_F(BoardVenueTest, RefusesAnAmountWhoseOtherSideIsNothing) {
  // 1 JPY is less than a US cent, 2 JPY are more.
  EXPECT_EQ(Refused(SellJpy(1)), core::Outcome::kNoRate);
  EXPECT_EQ(Refused(SellJpy(2)), core::Outcome::kAccepted);
}

TEST_F(BoardVenueTest, RefusesZeroAndNegativeAmounts) {
  EXPECT_EQ(Refused(SellUsd(0)), core::Outcome::kAmountNotPositive);
  EXPECT_EQ(Refused(SellUsd(-5)), core::Outcome::kAmountNotPositive);
}

TEST_F(BoardVenueTest, RefusesAnAmountWhoseOtherSideDoesNotFit) {
  QuoteRequest request = SellUsd(0);
  request.sell_amount = core::Amount::Max();
  Provider provider = Dealer();
  provider.rates[0].bid = RateOf("1000000");
  provider.rates[0].ask = RateOf("1000000");
  venue_ = Venue({provider});
  EXPECT_EQ(Refused(request), core::Outcome::kAmountOverflow);
}

TEST_F(BoardVenueTest, RefusesAnAccountInTheWrongCurrency) {
  QuoteRequest request = SellUsd(100'00);
  request.buy_account = Address("USD", "ALPHA");
  EXPECT_EQ(Refused(request), core::Outcome::kWrongCurrency);
}

TEST_F(BoardVenueTest, RefusesBothAmountsOrNone) {
  QuoteRequest request = SellUsd(100'00);
  request.buy_amount = Minor(1);
  EXPECT_EQ(Refused(request), core::Outcome::kMalformed);
  request.buy_amount.reset();
  request.sell_amount.reset();
  EXPECT_EQ(Refused(request), core::Outcome::kMalformed);
}

TEST_F(BoardVenueTest, CountersignsWhatItQuoted) {
  const Quote quote = Ask(SellUsd(100'00));
  const auto result = venue_->Countersign(At(10'000), quote.quote_id, quote.terms);
  const auto& signature = std::get<core::Signature>(result);
  EXPECT_EQ(signature.key_id, KeyOf("DEALER")->key_id());
  EXPECT_TRUE(core::OpenSslSignatureVerifier().Verify(
      KeyOf("DEALER")->public_key(), core::PreAuthEncoding(core::kTermsPayloadType, quote.terms),
      signature.signature));
}

TEST_F(BoardVenueTest, DoesNotCountersignAnExpiredQuote) {
  const Quote quote = Ask(SellUsd(100'00));
  EXPECT_EQ(Countersign(At(10'001), quote.quote_id, quote.terms), core::Outcome::kQuoteExpired);
}

TEST_F(BoardVenueTest, DoesNotCountersignOtherTerms) {
  const Quote quote = Ask(SellUsd(100'00));
  core::TermsHeader terms = Must(codec::DecodeTerms(quote.terms));
  terms.deadline = At(80'000);
  EXPECT_EQ(Countersign(At(1), quote.quote_id, codec::EncodeTerms(terms)),
            core::Outcome::kTermsDifferFromQuote);
}

TEST_F(BoardVenueTest, DoesNotCountersignWhatItNeverQuoted) {
  const Quote quote = Ask(SellUsd(100'00));
  EXPECT_EQ(Countersign(At(1), "Q-00", quote.terms), core::Outcome::kUnknownQuote);
}

TEST_F(BoardVenueTest, ForgetsQuotesLongExpired) {
  const Quote quote = Ask(SellUsd(100'00));
  Ask(SellUsd(100'00), At(70'001));
  EXPECT_EQ(Countersign(At(70'001), quote.quote_id, quote.terms), core::Outcome::kUnknownQuote);
}

TEST_F(BoardVenueTest, NewRatesApplyToNewQuotesOnly) {
  const Quote before = Ask(SellUsd(100'00));
  ASSERT_TRUE(venue_
                  ->SetRates(Party("DEALER"),
                             {{{Ccy("USD"), Ccy("JPY")}, RateOf("150"), RateOf("151"), {}}})
                  .ok());
  EXPECT_EQ(Ask(SellUsd(100'00)).buy.amount, Minor(15'000));
  EXPECT_EQ(Countersign(At(1), before.quote_id, before.terms), core::Outcome::kAccepted);
}

TEST_F(BoardVenueTest, TheTierOfTheAmountApplies) {
  Provider provider = Dealer();
  provider.rates[0].tiers = {{Minor(100'000), RateOf("147.00"), RateOf("147.40")}};
  venue_ = Venue({provider});
  EXPECT_EQ(Ask(SellUsd(99'999)).rate, RateOf("147.10"));
  const Quote large = Ask(SellUsd(100'000));
  EXPECT_EQ(large.rate, RateOf("147.00"));
  EXPECT_EQ(large.buy.amount, Minor(147'000));
}

TEST_F(BoardVenueTest, ARateIsNotQuotedAfterItsValidity) {
  Provider provider = Dealer();
  provider.rates[0].valid_until = At(5);
  venue_ = Venue({provider});
  EXPECT_EQ(Ask(SellUsd(100), At(5)).rate, RateOf("147.10"));
  EXPECT_TRUE(std::holds_alternative<core::Rejection>(
      venue_->RequestQuote(At(5) + core::Duration::FromMicros(1), SellUsd(100), random_)));
}

TEST_F(BoardVenueTest, AProviderOwesNoMoreThanItsLimitOverOpenQuotes) {
  Provider limited = Dealer();
  limited.limits = {{Ccy("JPY"), Minor(20'000)}};
  venue_ = Venue({limited});
  const Quote first = Ask(SellUsd(5'000));  // 7,355 yen
  EXPECT_EQ(Refused(For("BETA", SellUsd(10'000))), core::Outcome::kNoRate);
  EXPECT_EQ(Ask(For("BETA", SellUsd(3'000))).buy.amount, Minor(4'413));
  EXPECT_EQ(Ask(SellJpy(1'000'000)).buy.currency, Ccy("USD"));  // no limit in dollars
  // Past the deadline of the terms nothing of a quote can be due any more.
  const core::LedgerTime after =
      first.expires + core::Duration::FromSeconds(60) + core::Duration::FromMicros(1);
  EXPECT_EQ(Ask(SellUsd(6'000), after).buy.amount, Minor(8'826));
}

// Quotes oblige a taker to nothing: one that asked for enough of them took a provider's limit from
// all others.
TEST_F(BoardVenueTest, ATakerIsOwedNoMoreOfALimitThanIsThenLeftForOthers) {
  Provider limited = Dealer();
  limited.limits = {{Ccy("JPY"), Minor(20'000)}};
  venue_ = Venue({limited});
  EXPECT_EQ(Refused(SellUsd(7'000)), core::Outcome::kNoRate);  // 10,297 yen of 20,000
  Ask(SellUsd(6'000));                                         // 8,826 yen
  EXPECT_EQ(Refused(SellUsd(1'000)), core::Outcome::kNoRate);
  EXPECT_EQ(Ask(For("BETA", SellUsd(3'000))).buy.amount, Minor(4'413));
  const core::LedgerTime after =
      At(10'000) + core::Duration::FromSeconds(60) + core::Duration::FromMicros(1);
  EXPECT_EQ(Ask(SellUsd(6'000), after).buy.amount, Minor(8'826));
}

TEST_F(BoardVenueTest, ATakerLeavesHalfOfTheQuotesToOthers) {
  venue_ = Venue({Dealer()}, 10);
  for (int i = 0; i < 5; ++i) Ask(SellUsd(100));
  EXPECT_EQ(Refused(SellUsd(100)), core::Outcome::kOverloaded);
  Ask(For("BETA", SellUsd(100)));
  const core::LedgerTime after =
      At(10'000) + core::Duration::FromSeconds(60) + core::Duration::FromMicros(1);
  Ask(SellUsd(100), after);
}

TEST_F(BoardVenueTest, AnotherProviderQuotesWhatIsAboveTheLimitOfTheBest) {
  Provider limited = Dealer("DEALER");
  limited.limits = {{Ccy("JPY"), Minor(28'000)}};
  Provider other = Dealer("OTHER");
  other.rates[0].bid = RateOf("147.00");
  venue_ = Venue({limited, other});
  EXPECT_EQ(Ask(SellUsd(10'000)).provider, Party("OTHER"));
  EXPECT_EQ(Ask(SellUsd(9'000)).provider, Party("DEALER"));
}

TEST_F(BoardVenueTest, RefusesABoardThatContradictsItself) {
  BoardVenue::Options options;
  Provider crossed = Dealer();
  crossed.rates[0].ask = RateOf("147.00");
  EXPECT_FALSE(BoardVenue::Create(options, {crossed}).ok());
  Provider without_account = Dealer();
  without_account.accounts.pop_back();
  EXPECT_FALSE(BoardVenue::Create(options, {without_account}).ok());
  Provider both_ways = Dealer();
  both_ways.rates.push_back({{Ccy("JPY"), Ccy("USD")}, RateOf("0.0067"), RateOf("0.0068"), {}});
  EXPECT_FALSE(BoardVenue::Create(options, {both_ways}).ok());
  EXPECT_FALSE(BoardVenue::Create(options, {Dealer(), Dealer()}).ok());
}

// The venue and the engine together: what a taker who signs a quote meets.
class QuotedSettlementTest : public ::testing::Test {
 protected:
  QuotedSettlementTest() : world_({"a.example/usd", "b.example/jpy"}) {
    BoardVenue::Options options;
    options.policy_hash = world_.policy().hash;
    Provider provider;
    provider.participant = Party("DEALER");
    provider.signer = KeyOf("DEALER");
    provider.accounts = {{Origin("a.example/usd"), Address("USD", "DEALER")},
                         {Origin("b.example/jpy"), Address("JPY", "DEALER")}};
    provider.rates = {{{Ccy("USD"), Ccy("JPY")}, RateOf("147.10"), RateOf("147.30"), {}}};
    world_.venue = Must(BoardVenue::Create(options, {provider}));
    engine_ = world_.Open();
  }
  Quote Ask(core::LedgerTime now) {
    QuoteRequest request;
    request.taker = Party("ALPHA");
    request.sell_currency = Ccy("USD");
    request.buy_currency = Ccy("JPY");
    request.sell_amount = Minor(100'00);
    request.sell_account = Address("USD", "ALPHA");
    request.buy_account = Address("JPY", "ALPHA");
    request.instruction_id = Must(core::InstructionId::Parse("SWAP-1"));
    return std::get<Quote>(engine_->RequestQuote(
        now, request, [this](std::size_t size) { return stream_.Bytes(size); }));
  }
  std::variant<SettlementView, core::Rejection> Take(core::LedgerTime now, std::string terms,
                                                     std::vector<std::string> legs) {
    core::Envelope envelope;
    envelope.payload_type = core::kTermsPayloadType;
    envelope.payload = std::move(terms);
    World::Sign("ALPHA", envelope);
    return engine_->Submit(now, envelope, std::move(legs));
  }
  World world_;
  core::RandomStream stream_{7, "quotes"};
  std::unique_ptr<BridgeEngine> engine_;
};

TEST_F(QuotedSettlementTest, StartsWithTheTakersSignatureAlone) {
  const Quote quote = Ask(At(0));
  const auto result = Take(At(1), quote.terms, quote.legs);
  EXPECT_EQ(std::get<SettlementView>(result).state, SettlementState::kPreparing);
}

TEST_F(QuotedSettlementTest, IsRefusedOnceTheQuoteHasExpired) {
  const Quote quote = Ask(At(0));
  const auto result = Take(At(30'001), quote.terms, quote.legs);
  EXPECT_EQ(std::get<core::Rejection>(result).outcome, core::Outcome::kQuoteExpired);
}

TEST_F(QuotedSettlementTest, IsRefusedWithAnAlteredLegUnderNewTerms) {
  Quote quote = Ask(At(0));
  core::Leg leg = Must(codec::DecodeLeg(quote.legs[1]));
  leg.amount.amount = Minor(1'000'000);
  quote.legs[1] = codec::EncodeLeg(leg);
  core::TermsHeader terms = Must(codec::DecodeTerms(quote.terms));
  terms.legs_root = core::LegsRoot(quote.legs);
  const auto result = Take(At(1), codec::EncodeTerms(terms), quote.legs);
  EXPECT_EQ(std::get<core::Rejection>(result).outcome, core::Outcome::kTermsDifferFromQuote);
}

TEST_F(QuotedSettlementTest, IsUnknownAfterARestart) {
  const Quote quote = Ask(At(0));
  BoardVenue::Options options;
  options.policy_hash = world_.policy().hash;
  world_.venue = Must(BoardVenue::Create(options, world_.venue->providers()));
  engine_ = world_.Open();
  const auto result = Take(At(1), quote.terms, quote.legs);
  EXPECT_EQ(std::get<core::Rejection>(result).outcome, core::Outcome::kUnknownQuote);
}

TEST_F(QuotedSettlementTest, OnceTakenSurvivesARestart) {
  const Quote quote = Ask(At(0));
  Take(At(1), quote.terms, quote.legs);
  ASSERT_TRUE(engine_->Flush(At(1)).ok());
  engine_ = world_.Open();
  EXPECT_EQ(engine_->Find(quote.settlement_id)->state, SettlementState::kPreparing);
}

}  // namespace
}  // namespace causeway::bridge
