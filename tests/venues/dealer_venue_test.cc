#include "fx-bridge/venues/dealer_venue.h"

#include <string>

#include "gtest/gtest.h"
#include "settlement/core/prng.h"
#include "tests/venues/shorthand.h"

namespace causeway::bridge {
namespace {

core::Currency Usd() { return core::Currency::Parse("USD").value(); }
core::Currency Jpy() { return core::Currency::Parse("JPY").value(); }

BoardRate UsdJpy(std::string_view bid, std::string_view ask) {
  return {{Usd(), Jpy()}, R(bid), R(ask)};
}
BoardRate Tiered() {
  BoardRate rate = UsdJpy("147.10", "147.30");
  rate.base_amount_max = Minor(10'000'000);
  rate.tiers = {{Minor(100'000), R("147.00"), R("147.40")}, {Minor(1'000'000), R("146"), R("149")}};
  return rate;
}
TradeRequest SellUsd(std::int64_t minor) { return {Bank("T"), Usd(), Jpy(), Minor(minor), {}}; }
TradeRequest SellJpy(std::int64_t minor) { return {Bank("T"), Jpy(), Usd(), Minor(minor), {}}; }

TEST(PostedRateTest, TheTierOfTheAmountApplies) {
  const BoardRate rate = Tiered();
  EXPECT_EQ(PriceAtPosted(rate, Now(), SellUsd(99'999)).rate, R("147.10"));
  EXPECT_EQ(PriceAtPosted(rate, Now(), SellUsd(100'000)).rate, R("147.00"));
  EXPECT_EQ(PriceAtPosted(rate, Now(), SellUsd(1'000'000)).rate, R("146"));
  EXPECT_EQ(PriceAtPosted(rate, Now(), SellUsd(10'000'001)).answer, PostedAnswer::kNotInAmount);
}

TEST(PostedRateTest, AnAmountOfQuoteIsInTheTierThatItsBaseReachesAtTheTierBefore) {
  const BoardRate rate = Tiered();
  // 147,299 yen buy 999.99 dollars at 147.30, 147,300 buy 1,000.00 and are of the next tier.
  EXPECT_EQ(PriceAtPosted(rate, Now(), SellJpy(147'299)).rate, R("147.30"));
  const PostedPrice next = PriceAtPosted(rate, Now(), SellJpy(147'300));
  EXPECT_EQ(next.rate, R("147.40"));
  EXPECT_EQ(next.buy, Minor(99'932));  // below the tier's own beginning
}

TEST(PostedRateTest, ARateEndsWithItsValidity) {
  BoardRate rate = Tiered();
  rate.valid_until = Now();
  EXPECT_EQ(PriceAtPosted(rate, Now(), SellUsd(100)).answer, PostedAnswer::kPriced);
  EXPECT_EQ(PriceAtPosted(rate, Now() + core::Duration::FromMicros(1), SellUsd(100)).answer,
            PostedAnswer::kExpired);
}

TEST(PostedRateTest, RefusesTiersThatContradict) {
  EXPECT_EQ(CheckBoardRate(Tiered()), "");
  BoardRate rate = Tiered();
  rate.tiers[1].base_amount_from = rate.tiers[0].base_amount_from;
  EXPECT_NE(CheckBoardRate(rate), "");
  rate = Tiered();
  rate.tiers[0].ask = R("1");
  EXPECT_NE(CheckBoardRate(rate), "");
  rate = Tiered();
  rate.base_amount_max = Minor(500'000);
  EXPECT_NE(CheckBoardRate(rate), "");
}

class DealerVenueTest : public ::testing::Test {
 protected:
  static Dealer Of(std::string_view id, BoardRate rate) {
    Dealer dealer;
    dealer.participant = Bank(id);
    dealer.rates = {std::move(rate)};
    return dealer;
  }
  std::unique_ptr<DealerVenue> Make(std::vector<Dealer> dealers) {
    return DealerVenue::Create(std::move(dealers), inventory_).value();
  }
  std::shared_ptr<Inventory> inventory_ = std::make_shared<Inventory>();
};

TEST_F(DealerVenueTest, TheBestAnswerIsTheOffer) {
  const auto venue =
      Make({Of("A", UsdJpy("147.10", "147.30")), Of("B", UsdJpy("147.15", "147.35"))});
  EXPECT_EQ(std::get<Offer>(venue->Price(Now(), SellUsd(10'000))).transfers[0].payee, Bank("B"));
  EXPECT_EQ(std::get<Offer>(venue->Price(Now(), SellJpy(10'000))).transfers[0].payee, Bank("A"));
  EXPECT_EQ(venue->Answers(Now(), SellUsd(10'000)).size(), 2U);
}

TEST_F(DealerVenueTest, AmongEqualsAFirmQuoteComesBeforeALastLookAndThenTheOrder) {
  Dealer look = Of("A", UsdJpy("147.10", "147.30"));
  look.last_look_ppm = 10;
  const auto venue =
      Make({look, Of("B", UsdJpy("147.10", "147.30")), Of("C", UsdJpy("147.10", "147.30"))});
  EXPECT_EQ(std::get<Offer>(venue->Price(Now(), SellUsd(10'000))).transfers[0].payee, Bank("B"));
}

TEST_F(DealerVenueTest, ADealerDoesNotQuoteItselfOrWhatItDoesNotHave) {
  inventory_->Set(Bank("B"), Jpy(), Minor(14'000));
  const auto venue =
      Make({Of("A", UsdJpy("147.10", "147.30")), Of("B", UsdJpy("147.15", "147.35"))});
  EXPECT_EQ(std::get<Offer>(venue->Price(Now(), SellUsd(10'000))).transfers[0].payee, Bank("A"));
  TradeRequest own = SellUsd(10'000);
  own.taker = Bank("A");
  EXPECT_EQ(std::get<core::Rejection>(venue->Price(Now(), own)).outcome, core::Outcome::kNoRate);
}

TEST_F(DealerVenueTest, AnOfferSetsInventoryAsideUntilItEnds) {
  inventory_->Set(Bank("A"), Jpy(), Minor(20'000));
  inventory_->Set(Bank("A"), Usd(), Minor(0));
  const auto venue = Make({Of("A", UsdJpy("147.10", "147.30"))});
  const Offer offer = std::get<Offer>(venue->Reserve(Now(), SellUsd(10'000)));
  EXPECT_EQ(inventory_->Find(Bank("A"), Jpy())->available, Minor(20'000 - 14'710));
  EXPECT_TRUE(std::holds_alternative<core::Rejection>(venue->Price(Now(), SellUsd(10'000))));
  venue->Expire(offer.expires + core::Duration::FromMicros(1));
  EXPECT_EQ(inventory_->Find(Bank("A"), Jpy())->available, Minor(20'000));
  const Offer taken = std::get<Offer>(venue->Reserve(Now(), SellUsd(10'000)));
  EXPECT_EQ(venue->Accept(Now(), taken.id), std::nullopt);
  EXPECT_TRUE(venue->Settle(Now(), taken.id));
  EXPECT_EQ(inventory_->Find(Bank("A"), Jpy())->available, Minor(5'290));
  EXPECT_EQ(inventory_->Find(Bank("A"), Jpy())->reserved, Minor(0));
  EXPECT_EQ(inventory_->Find(Bank("A"), Usd())->available, Minor(10'000));
}

TEST_F(DealerVenueTest, ALastLookRefusesWhenTheRateMovedEitherWay) {
  Dealer dealer = Of("A", UsdJpy("147.10", "147.30"));
  dealer.last_look_ppm = 100;
  const auto venue = Make({dealer});
  for (const char* moved : {"147.00", "147.20"}) {
    const Offer offer = std::get<Offer>(venue->Reserve(Now(), SellUsd(1'000'000)));
    ASSERT_TRUE(venue->SetRates(Bank("A"), {UsdJpy(moved, "147.30")}).ok());
    EXPECT_EQ(venue->Accept(Now(), offer.id)->outcome, core::Outcome::kQuoteExpired) << moved;
    ASSERT_TRUE(venue->SetRates(Bank("A"), {UsdJpy("147.10", "147.30")}).ok());
  }
  const Offer offer = std::get<Offer>(venue->Reserve(Now(), SellUsd(1'000'000)));
  ASSERT_TRUE(venue->SetRates(Bank("A"), {UsdJpy("147.11", "147.30")}).ok());
  EXPECT_EQ(venue->Accept(Now(), offer.id), std::nullopt);  // 68 millionths
}

TEST_F(DealerVenueTest, AFirmQuoteStandsWhateverTheRateIsNow) {
  const auto venue = Make({Of("A", UsdJpy("147.10", "147.30"))});
  const Offer offer = std::get<Offer>(venue->Reserve(Now(), SellUsd(1'000'000)));
  ASSERT_TRUE(venue->SetRates(Bank("A"), {UsdJpy("1", "2")}).ok());
  EXPECT_EQ(venue->Accept(Now(), offer.id), std::nullopt);
}

TEST_F(DealerVenueTest, RefusesDealersThatContradictThemselves) {
  EXPECT_FALSE(DealerVenue::Create({Of("A", UsdJpy("2", "1"))}, inventory_).ok());
  EXPECT_FALSE(DealerVenue::Create({Of("A", Tiered()), Of("A", Tiered())}, inventory_).ok());
  Dealer twice = Of("A", Tiered());
  twice.rates.push_back({{Jpy(), Usd()}, R("0.006"), R("0.007")});
  EXPECT_FALSE(DealerVenue::Create({twice}, inventory_).ok());
}

// Nothing is promised twice, and nothing is lost, whatever becomes of the offers.
TEST_F(DealerVenueTest, InventoriesAreConserved) {
  core::RandomStream random(1, "dealer-venue");
  const std::int64_t usd = 1'000'000;
  const std::int64_t jpy = 150'000'000;
  for (const char* id : {"A", "B"}) {
    inventory_->Set(Bank(id), Usd(), Minor(usd));
    inventory_->Set(Bank(id), Jpy(), Minor(jpy));
  }
  const auto venue = Make({Of("A", Tiered()), Of("B", UsdJpy("147.05", "147.35"))});
  std::int64_t usd_in = 0;
  std::int64_t jpy_in = 0;
  std::vector<Offer> open;
  core::LedgerTime now = Now();
  for (int i = 0; i < 2'000; ++i) {
    const bool sells_usd = random.Bernoulli(1, 2);
    const std::int64_t amount = random.UniformInRange(1, 400'000);
    auto offer = venue->Reserve(now, sells_usd ? SellUsd(amount) : SellJpy(amount * 147));
    if (auto* given = std::get_if<Offer>(&offer)) open.push_back(*given);
    if (!open.empty() && random.Bernoulli(3, 5)) {
      random.Shuffle(open);
      const Offer ended = open.back();
      open.pop_back();
      const bool settles = random.Bernoulli(1, 2) && !venue->Accept(now, ended.id).has_value();
      if (settles && venue->Settle(now, ended.id)) {
        const bool sold_usd = ended.sell.currency == Usd();
        usd_in += sold_usd ? ended.sell.amount.minor() : -ended.buy.amount.minor();
        jpy_in += sold_usd ? -ended.buy.amount.minor() : ended.sell.amount.minor();
      } else {
        venue->Release(now, ended.id);
      }
    }
    std::int64_t usd_now = 0;
    std::int64_t jpy_now = 0;
    for (const char* id : {"A", "B"}) {
      const Stock dollars = *inventory_->Find(Bank(id), Usd());
      const Stock yen = *inventory_->Find(Bank(id), Jpy());
      ASSERT_FALSE(dollars.available.IsNegative() || yen.available.IsNegative());
      usd_now += dollars.available.minor() + dollars.reserved.minor();
      jpy_now += yen.available.minor() + yen.reserved.minor();
    }
    ASSERT_EQ(usd_now, 2 * usd + usd_in) << i;
    ASSERT_EQ(jpy_now, 2 * jpy + jpy_in) << i;
  }
}

}  // namespace
}  // namespace causeway::bridge
