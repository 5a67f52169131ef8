#include "fx-bridge/venues/market_desk.h"

#include <set>
#include <string>

#include "fx-bridge/venues/book_venue.h"
#include "fx-bridge/venues/dealer_venue.h"
#include "fx-bridge/venues/pool_venue.h"
#include "gtest/gtest.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/hash.h"
#include "settlement/core/prng.h"
#include "tests/venues/shorthand.h"

namespace causeway::bridge {
namespace {

core::AccountAddress Account(std::string_view currency, std::string_view body) {
  return core::AccountAddress::Make(Cur(currency), body).value();
}

constexpr std::size_t kQuotesMax = 1'000;

// DEALER quotes EUR/USD, a pool USD/JPY, and MAKER1 and MAKER2 have orders in the book of EUR/CHF.
class MarketDeskTest : public ::testing::Test {
 protected:
  MarketDeskTest() {
    std::vector<Provider> parties;
    for (const char* id : {"DEALER", "POOL", "MAKER1", "MAKER2"}) {
      Provider party;
      party.participant = Bank(id);
      party.signer = core::SoftwareSigner::FromEd25519Seed(core::Sha256(id).view()).value();
      for (const char* currency : {"EUR", "USD", "JPY", "CHF"}) {
        party.accounts.push_back({Ledger(currency), Account(currency, id)});
      }
      parties.push_back(std::move(party));
    }
    std::vector<MarketDesk::NamedVenue> venues;
    Dealer dealer;
    dealer.participant = Bank("DEALER");
    dealer.rates = {{{Cur("EUR"), Cur("USD")}, R("1.10"), R("1.11")}};
    dealer.last_look_ppm = 0;
    inventory_->Set(Bank("DEALER"), Cur("USD"), Minor(1'000'000));
    venues.push_back({"rfq", DealerVenue::Create({dealer}, inventory_).value()});
    dealer_ = static_cast<DealerVenue*>(venues.back().venue.get());
    PoolVenue::Options pool;
    pool.owner = Bank("POOL");
    pool.pair = {Cur("USD"), Cur("JPY")};
    pool.reserves = {Minor(100'000'000), Minor(150'000'000)};
    pool.curve = ConstantProduct::Create(300).value();
    venues.push_back({"pool", PoolVenue::Create(std::move(pool)).value()});
    pool_ = static_cast<PoolVenue*>(venues.back().venue.get());
    auto book = std::make_unique<BookVenue>(CurrencyPair{Cur("EUR"), Cur("CHF")});
    for (const char* maker : {"MAKER1", "MAKER2"}) {
      Order order;
      order.owner = Bank(maker);
      order.buys_base = true;
      order.limit = R("0.95");
      order.base = Minor(5'000);
      CW_CHECK(std::holds_alternative<OrderResult>(book->book().Submit(order)), "orders rest");
    }
    book_ = book.get();
    venues.push_back({"book", std::move(book)});
    MarketDesk::Options options;
    options.quotes_max = kQuotesMax;
    options.policy_hash = core::Sha256("policy");
    desk_ = MarketDesk::Create(options, std::move(parties), std::move(venues)).value();
  }
  static core::LedgerOrigin Ledger(std::string_view currency) {
    std::string name(currency);
    for (char& letter : name) letter = static_cast<char>(letter - 'A' + 'a');
    return core::LedgerOrigin::Parse(name + ".example/" + name).value();
  }
  static QuoteRequest Sell(const char* sell, const char* buy, std::int64_t minor) {
    QuoteRequest request;
    request.taker = Bank("TAKER");
    request.sell_currency = Cur(sell);
    request.buy_currency = Cur(buy);
    request.sell_amount = Minor(minor);
    request.sell_account = Account(sell, "TAKER");
    request.buy_account = Account(buy, "TAKER");
    request.instruction_id = core::InstructionId::Parse("SWAP-1").value();
    return request;
  }
  Quote Ask(const QuoteRequest& request) {
    auto quote = desk_->RequestQuote(now_, request, random_);
    CW_CHECK(std::holds_alternative<Quote>(quote), "there is a quote");
    return std::get<Quote>(std::move(quote));
  }
  core::Outcome Refused(const QuoteRequest& request) {
    return std::get<core::Rejection>(desk_->RequestQuote(now_, request, random_)).outcome;
  }
  std::vector<core::Leg> LegsOf(const Quote& quote) {
    std::vector<core::Leg> legs;
    for (const std::string& bytes : quote.legs) legs.push_back(codec::DecodeLeg(bytes).value());
    return legs;
  }

  core::RandomStream stream_{1, "market-desk"};
  RandomSource random_ = [this](std::size_t size) { return stream_.Bytes(size); };
  core::LedgerTime now_ = core::LedgerTime::FromMicros(1'000'000);
  std::shared_ptr<Inventory> inventory_ = std::make_shared<Inventory>();
  DealerVenue* dealer_ = nullptr;
  PoolVenue* pool_ = nullptr;
  BookVenue* book_ = nullptr;
  std::unique_ptr<MarketDesk> desk_;
};

TEST_F(MarketDeskTest, APathIsOneSettlementWithALegForEachHop) {
  const Quote quote = Ask(Sell("EUR", "JPY", 10'000));
  const std::vector<core::Leg> legs = LegsOf(quote);
  ASSERT_EQ(legs.size(), 3U);
  EXPECT_EQ(legs[0].party, Bank("TAKER"));
  EXPECT_EQ(legs[0].id.text(), "SWAP-1");
  EXPECT_EQ(legs[1].party, Bank("DEALER"));
  EXPECT_EQ(legs[1].creditor, Account("USD", "POOL"));
  EXPECT_EQ(legs[1].amount, (core::Money{Cur("USD"), Minor(11'000)}));
  EXPECT_EQ(legs[2].party, Bank("POOL"));
  EXPECT_EQ(legs[2].creditor, Account("JPY", "TAKER"));
  EXPECT_EQ(legs[2].amount, quote.buy);
  const core::TermsHeader terms = codec::DecodeTerms(quote.terms).value();
  EXPECT_EQ(terms.ledgers.size(), 3U);
  EXPECT_EQ(terms.quote_id, quote.quote_id);
}

TEST_F(MarketDeskTest, EverybodyElseWhoPaysSigns) {
  const Quote quote = Ask(Sell("EUR", "CHF", 8'000));
  EXPECT_EQ(LegsOf(quote).size(), 4U);  // two orders are met
  const auto sealed = desk_->SignQuoted(now_, quote.quote_id, quote.terms);
  const auto& signatures = std::get<std::vector<core::Signature>>(sealed);
  ASSERT_EQ(signatures.size(), 2U);
  std::set<core::KeyId> keys;
  for (const core::Signature& signature : signatures) keys.insert(signature.key_id);
  EXPECT_EQ(keys.size(), 2U);
  // Asked for again, they are given again.
  EXPECT_TRUE(std::holds_alternative<std::vector<core::Signature>>(
      desk_->SignQuoted(now_ + core::Duration::FromHours(1), quote.quote_id, quote.terms)));
}

TEST_F(MarketDeskTest, IdsOfLegsAreUniqueForEachPayer) {
  const Quote quote = Ask(Sell("EUR", "CHF", 8'000));
  std::set<std::pair<core::ParticipantId, core::InstructionId>> ids;
  for (const core::Leg& leg : LegsOf(quote)) ids.emplace(leg.party, leg.id);
  EXPECT_EQ(ids.size(), quote.legs.size());
}

TEST_F(MarketDeskTest, ASettlementMovesEveryVenueOfThePath) {
  const Quote quote = Ask(Sell("EUR", "JPY", 10'000));
  ASSERT_TRUE(std::holds_alternative<std::vector<core::Signature>>(
      desk_->SignQuoted(now_, quote.quote_id, quote.terms)));
  EXPECT_EQ(desk_->Undecided(), std::vector<core::Hash256>{quote.settlement_id});
  desk_->OnDecided(now_, quote.settlement_id, true);
  EXPECT_EQ(inventory_->Find(Bank("DEALER"), Cur("USD"))->available, Minor(989'000));
  EXPECT_EQ(pool_->reserves().base, Minor(100'011'000));
  EXPECT_EQ(desk_->open_quotes(), 0U);
}

TEST_F(MarketDeskTest, AnAbortPutsEveryVenueBack) {
  const Quote quote = Ask(Sell("EUR", "JPY", 10'000));
  ASSERT_TRUE(std::holds_alternative<std::vector<core::Signature>>(
      desk_->SignQuoted(now_, quote.quote_id, quote.terms)));
  desk_->OnDecided(now_, quote.settlement_id, false);
  EXPECT_EQ(inventory_->Find(Bank("DEALER"), Cur("USD"))->available, Minor(1'000'000));
  EXPECT_EQ(pool_->reserves().base, Minor(100'000'000));
  EXPECT_EQ(pool_->open_offers(), 0U);
  EXPECT_TRUE(desk_->Undecided().empty());
}

TEST_F(MarketDeskTest, AQuoteThatNobodyTakesIsReleasedWhenItExpires) {
  const Quote quote = Ask(Sell("EUR", "CHF", 8'000));
  EXPECT_EQ(book_->book().size(), 1U);
  now_ = quote.expires + core::Duration::FromMicros(1);
  EXPECT_EQ(Ask(Sell("EUR", "CHF", 100)).buy.amount, Minor(95));
  EXPECT_EQ(std::get<core::Rejection>(desk_->SignQuoted(now_, quote.quote_id, quote.terms)).outcome,
            core::Outcome::kUnknownQuote);
}

TEST_F(MarketDeskTest, ALastLookRefusesTheWholePath) {
  const Quote quote = Ask(Sell("EUR", "JPY", 10'000));
  ASSERT_TRUE(
      dealer_->SetRates(Bank("DEALER"), {{{Cur("EUR"), Cur("USD")}, R("1.09"), R("1.11")}}).ok());
  EXPECT_EQ(std::get<core::Rejection>(desk_->SignQuoted(now_, quote.quote_id, quote.terms)).outcome,
            core::Outcome::kQuoteExpired);
  EXPECT_EQ(pool_->open_offers(), 0U);
  EXPECT_EQ(inventory_->Find(Bank("DEALER"), Cur("USD"))->reserved, Minor(0));
}

TEST_F(MarketDeskTest, ANamedVenueIsTheOnlyOneAsked) {
  QuoteRequest request = Sell("EUR", "JPY", 10'000);
  request.venue = "pool";
  EXPECT_EQ(Refused(request), core::Outcome::kNoRate);
  request = Sell("USD", "JPY", 10'000);
  request.venue = "pool";
  EXPECT_EQ(Ask(request).provider, Bank("POOL"));
  request.venue = "elsewhere";
  EXPECT_EQ(Refused(request), core::Outcome::kNoRate);
}

TEST_F(MarketDeskTest, OtherTermsAreNotSigned) {
  const Quote quote = Ask(Sell("EUR", "JPY", 10'000));
  std::string changed = quote.terms;
  changed.back() = static_cast<char>(changed.back() ^ 1);
  EXPECT_EQ(std::get<core::Rejection>(desk_->SignQuoted(now_, quote.quote_id, changed)).outcome,
            core::Outcome::kTermsDifferFromQuote);
}

TEST_F(MarketDeskTest, AnInventoryIsNotPromisedTwice) {
  ASSERT_EQ(Ask(Sell("EUR", "USD", 900'000)).buy.amount, Minor(990'000));
  EXPECT_EQ(Refused(Sell("EUR", "USD", 10'000)), core::Outcome::kNoRate);
}

TEST_F(MarketDeskTest, ATakerLeavesHalfOfTheQuotesToOthers) {
  for (std::size_t i = 0; i < kQuotesMax / 2; ++i) Ask(Sell("EUR", "USD", 100));
  EXPECT_EQ(Refused(Sell("EUR", "USD", 100)), core::Outcome::kOverloaded);
  QuoteRequest other = Sell("EUR", "USD", 100);
  other.taker = Bank("OTHER");
  const Quote quote = Ask(other);
  now_ = quote.expires + core::Duration::FromMicros(1);
  Ask(Sell("EUR", "USD", 100));
  EXPECT_EQ(desk_->open_quotes(), 1U);
}

}  // namespace
}  // namespace causeway::bridge
