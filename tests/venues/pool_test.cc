#include "fx-bridge/venues/pool.h"

#include <map>
#include <string>

#include "fx-bridge/venues/pool_venue.h"
#include "gtest/gtest.h"
#include "settlement/core/prng.h"
#include "tests/venues/shorthand.h"

namespace causeway::bridge {
namespace {

HybridPool::Options EurUsdPool() {
  return {.pair = {Cur("EUR"), Cur("USD")},
          .curve = {540'000, 145'000'000'000'000},
          .price_scale = core::Rate::Parse("1.0950").value(),
          .mid_fee_ppm = 100,
          .out_fee_ppm = 4'000,
          .fee_gamma_e18 = 230'000'000'000'000};
}

std::shared_ptr<const PoolCurve> Hybrid() { return HybridPool::Create(EurUsdPool()).value(); }
std::shared_ptr<const PoolCurve> Product(std::uint32_t fee_ppm) {
  return ConstantProduct::Create(fee_ppm).value();
}

TEST(ConstantProductTest, TakesTheFeeFromWhatIsPaidIn) {
  const auto curve = Product(3'000);
  // 1000 * 0.997 = 997; 997 * 1,000,000 / (1,000,000 + 997) = 996.006...
  const Reserves reserves{Minor(1'000'000), Minor(1'000'000)};
  EXPECT_EQ(curve->Out(reserves, true, Minor(1'000)), Minor(996));
  EXPECT_EQ(curve->In(reserves, true, Minor(996)), Minor(1'000));
}

// Uniswap v2-core, test/UniswapV2Pair.spec.ts (swapTestCases, 0.3%): paid in, the two reserves, and
// the most that the pair lets out, in units of 10^-18. Amounts here have 64 bits, so units are
// 10^-15: what is paid out is the same but for the digits below.
TEST(ConstantProductTest, PaysWhatThePublishedCasesOfUniswapPay) {
  constexpr std::int64_t kOne = 1'000'000'000'000'000;
  struct PublishedSwap {
    std::int64_t in, reserve_in, reserve_out, out_e18;
  };
  const PublishedSwap cases[] = {
      {1, 5, 10, 1'662'497'915'624'478'906},     {1, 10, 5, 453'305'446'940'074'565},
      {2, 5, 10, 2'851'015'155'847'869'602},     {2, 10, 5, 831'248'957'812'239'453},
      {1, 10, 10, 906'610'893'880'149'131},      {1, 100, 100, 987'158'034'397'061'298},
      {1, 1'000, 1'000, 996'006'981'039'903'216}};
  const auto curve = Product(3'000);
  for (const PublishedSwap& swap : cases) {
    const Reserves reserves{Minor(swap.reserve_in * kOne), Minor(swap.reserve_out * kOne)};
    EXPECT_EQ(curve->Out(reserves, true, Minor(swap.in * kOne)), Minor(swap.out_e18 / 1'000))
        << swap.out_e18;
    EXPECT_EQ(curve->Out({reserves.quote, reserves.base}, false, Minor(swap.in * kOne)),
              Minor(swap.out_e18 / 1'000));
  }
}

TEST(ConstantProductTest, RoundsAgainstTheTaker) {
  const auto curve = Product(0);
  const Reserves reserves{Minor(100), Minor(100)};
  EXPECT_EQ(curve->Out(reserves, true, Minor(1)), std::nullopt);  // 0.99
  EXPECT_EQ(curve->Out(reserves, true, Minor(3)), Minor(2));      // 2.91
  EXPECT_EQ(curve->In(reserves, true, Minor(2)), Minor(3));       // 2.04
}

TEST(ConstantProductTest, NeverPaysTheLastUnit) {
  const auto curve = Product(0);
  const Reserves reserves{Minor(10), Minor(10)};
  EXPECT_EQ(curve->Out(reserves, true, Minor(1'000'000'000)), Minor(9));
  EXPECT_EQ(curve->In(reserves, true, Minor(10)), std::nullopt);
  EXPECT_EQ(curve->In(reserves, true, Minor(9)), Minor(90));
}

TEST(ConstantProductTest, KeepsWithin64Bits) {
  const auto curve = Product(3'000);
  const core::Amount large = Minor(core::Amount::Max().minor() - 5);
  EXPECT_EQ(curve->Out({large, large}, true, Minor(5)), Minor(4));
  EXPECT_EQ(curve->Out({large, large}, true, Minor(6)), std::nullopt);
}

TEST(HybridPoolTest, DealsNearTheScaleAtBalance) {
  // 1,000,000.00 EUR and what they are worth.
  const Reserves reserves{Minor(100'000'000), Minor(109'500'000)};
  const auto curve = Hybrid();
  // 1,000.00 EUR are 1,095.00 USD at the scale, less a hundredth of a per cent and little more.
  const core::Amount out = *curve->Out(reserves, true, Minor(100'000));
  EXPECT_LT(out, Minor(109'490));
  EXPECT_GT(out, Minor(109'460));
  // A constant product without any fee pays less.
  EXPECT_GT(out, *Product(0)->Out(reserves, true, Minor(100'000)));
}

TEST(HybridPoolTest, TheFeeRisesFromMidToOut) {
  const auto pool = HybridPool::Create(EurUsdPool()).value();
  EXPECT_EQ(pool->FeePpm({Minor(100'000'000), Minor(109'500'000)}), 100U);
  EXPECT_GT(pool->FeePpm({Minor(100'000'000), Minor(119'500'000)}), 100U);
  EXPECT_EQ(pool->FeePpm({Minor(100'000'000), Minor(109'500)}), 4'000U);
}

TEST(HybridPoolTest, AnExactPurchaseCostsTheLeastThatPaysIt) {
  const Reserves reserves{Minor(100'000'000), Minor(109'500'000)};
  const auto curve = Hybrid();
  for (const std::int64_t out : {1, 99, 12'345, 54'000'000, 100'000'000}) {
    const core::Amount in = *curve->In(reserves, true, Minor(out));
    EXPECT_GE(*curve->Out(reserves, true, in), Minor(out)) << out;
    if (in.minor() == 1) continue;
    const auto less = curve->Out(reserves, true, Minor(in.minor() - 1));
    EXPECT_TRUE(!less || *less < Minor(out)) << out;
  }
  EXPECT_EQ(curve->In(reserves, true, Minor(109'500'000)), std::nullopt);
}

TEST(HybridPoolTest, CurrenciesOfDifferentDecimalsMeetAtTheScale) {
  HybridPool::Options options = EurUsdPool();
  options.pair = {Cur("USD"), Cur("JPY")};
  options.price_scale = core::Rate::Parse("147.20").value();
  options.mid_fee_ppm = 0;
  options.out_fee_ppm = 0;
  const auto pool = HybridPool::Create(options).value();
  // 1,000,000.00 USD and 147,200,000 JPY.
  const Reserves reserves{Minor(100'000'000), Minor(147'200'000)};
  const core::Amount yen = *pool->Out(reserves, true, Minor(10'000));  // 100.00 USD
  EXPECT_LE(yen, Minor(14'720));
  EXPECT_GE(yen, Minor(14'719));
}

TEST(HybridPoolTest, RefusesOptionsOutOfRange) {
  HybridPool::Options options = EurUsdPool();
  options.out_fee_ppm = 50;
  EXPECT_FALSE(HybridPool::Create(options).ok());
  options = EurUsdPool();
  options.fee_gamma_e18 = 0;
  EXPECT_FALSE(HybridPool::Create(options).ok());
  EXPECT_FALSE(ConstantProduct::Create(kFeePpmMax + 1).ok());
}

// Whatever is traded, and whoever rounds, a pool never loses.
TEST(PoolPropertyTest, NoTradeLowersTheInvariant) {
  core::RandomStream random(1, "pool");
  for (const auto& curve : {Product(0), Product(3'000), Hybrid()}) {
    Reserves reserves{Minor(5'000'000), Minor(5'400'000)};
    for (int i = 0; i < 1'500; ++i) {
      const bool sells_base = random.Bernoulli(1, 2);
      const core::Amount dealt = Minor(random.UniformInRange(1, 400'000));
      const bool exact_in = random.Bernoulli(3, 4);
      const auto other = exact_in ? curve->Out(reserves, sells_base, dealt)
                                  : curve->In(reserves, sells_base, dealt);
      if (!other) continue;
      const auto after =
          AfterTrade(reserves, sells_base, exact_in ? dealt : *other, exact_in ? *other : dealt);
      ASSERT_TRUE(after.has_value());
      ASSERT_TRUE(curve->KeepsInvariant(reserves, *after)) << i;
      reserves = *after;
    }
  }
}

TEST(PoolPropertyTest, ThereAndBackNeverGains) {
  core::RandomStream random(2, "pool");
  const Reserves reserves{Minor(7'000'000), Minor(6'400'000)};
  for (const auto& curve : {Product(0), Product(30), Hybrid()}) {
    for (int i = 0; i < 300; ++i) {
      const core::Amount in = Minor(random.UniformInRange(1, 3'000'000));
      const auto out = curve->Out(reserves, true, in);
      if (!out) continue;
      const auto back = curve->Out(*AfterTrade(reserves, true, in, *out), false, *out);
      ASSERT_TRUE(!back || *back <= in) << in.minor();
    }
  }
}

class PoolVenueTest : public ::testing::TestWithParam<bool> {
 protected:
  static std::unique_ptr<PoolVenue> Make(const Reserves& reserves) {
    PoolVenue::Options options;
    options.owner = Bank("POOL");
    options.pair = {Cur("EUR"), Cur("USD")};
    options.reserves = reserves;
    options.curve = GetParam() ? Hybrid() : Product(500);
    return PoolVenue::Create(std::move(options)).value();
  }
  static TradeRequest Sell(const char* sell, const char* buy, std::int64_t minor) {
    return {Bank("TAKER"), Cur(sell), Cur(buy), Minor(minor), std::nullopt};
  }
};

TEST_P(PoolVenueTest, ASettledTradeMovesTheReserves) {
  const auto venue = Make({Minor(1'000'000), Minor(1'095'000)});
  const core::LedgerTime now = core::LedgerTime::FromMicros(1);
  const Offer offer = std::get<Offer>(venue->Reserve(now, Sell("EUR", "USD", 1'000)));
  EXPECT_EQ(venue->Accept(now, offer.id), std::nullopt);
  EXPECT_TRUE(venue->Settle(now, offer.id));
  EXPECT_EQ(venue->reserves().base, Minor(1'001'000));
  EXPECT_EQ(venue->reserves().quote.minor(), 1'095'000 - offer.buy.amount.minor());
}

TEST_P(PoolVenueTest, AReleasedTradeLeavesNoTrace) {
  const auto venue = Make({Minor(1'000'000), Minor(1'095'000)});
  const core::LedgerTime now = core::LedgerTime::FromMicros(1);
  const TradeRequest request = Sell("USD", "EUR", 50'000);
  const Offer before = std::get<Offer>(venue->Price(now, request));
  const Offer reserved = std::get<Offer>(venue->Reserve(now, request));
  // The next one in the same direction gets less while the first may still settle.
  EXPECT_LT(std::get<Offer>(venue->Price(now, request)).buy.amount, before.buy.amount);
  EXPECT_TRUE(venue->Release(now, reserved.id));
  EXPECT_EQ(std::get<Offer>(venue->Price(now, request)).buy.amount, before.buy.amount);
  EXPECT_EQ(venue->reserves().base, Minor(1'000'000));
}

TEST_P(PoolVenueTest, APendingTradeDoesNotImproveTheOppositePrice) {
  const auto venue = Make({Minor(1'000'000), Minor(1'095'000)});
  const core::LedgerTime now = core::LedgerTime::FromMicros(1);
  const TradeRequest back = Sell("USD", "EUR", 50'000);
  const Offer before = std::get<Offer>(venue->Price(now, back));
  ASSERT_TRUE(std::holds_alternative<Offer>(venue->Reserve(now, Sell("EUR", "USD", 100'000))));
  EXPECT_EQ(std::get<Offer>(venue->Price(now, back)).buy.amount, before.buy.amount);
}

// Trades settle in any order or not at all: the invariant never ends below where it began.
TEST_P(PoolVenueTest, NoChoiceOfOutcomesLowersTheInvariant) {
  core::RandomStream random(3, "pool-venue");
  for (int round = 0; round < 60; ++round) {
    const Reserves start{Minor(random.UniformInRange(100'000, 4'000'000)),
                         Minor(random.UniformInRange(100'000, 4'000'000))};
    const auto venue = Make(start);
    core::LedgerTime now = core::LedgerTime::FromMicros(1);
    std::vector<OfferId> open;
    for (int i = 0; i < 25; ++i) {
      const bool sells_base = random.Bernoulli(1, 2);
      const auto request = Sell(sells_base ? "EUR" : "USD", sells_base ? "USD" : "EUR",
                                random.UniformInRange(1, 300'000));
      const auto offer = venue->Reserve(now, request);
      if (const auto* given = std::get_if<Offer>(&offer)) open.push_back(given->id);
      if (open.empty() || random.Bernoulli(1, 2)) continue;
      random.Shuffle(open);
      ASSERT_EQ(venue->Accept(now, open.back()), std::nullopt);
      ASSERT_TRUE(random.Bernoulli(2, 3) ? venue->Settle(now, open.back())
                                         : venue->Release(now, open.back()));
      open.pop_back();
      ASSERT_TRUE(venue->curve().KeepsInvariant(start, venue->reserves())) << round << " " << i;
    }
    now = now + core::Duration::FromHours(1);
    venue->Expire(now);
    EXPECT_EQ(venue->open_offers(), 0U);
    ASSERT_TRUE(venue->curve().KeepsInvariant(start, venue->reserves())) << round;
  }
}

TEST_P(PoolVenueTest, RefusesWhatItDoesNotQuote) {
  const auto venue = Make({Minor(1'000'000), Minor(1'095'000)});
  const core::LedgerTime now = core::LedgerTime::FromMicros(1);
  const auto outcome = [&](const TradeRequest& request) {
    return std::get<core::Rejection>(venue->Price(now, request)).outcome;
  };
  EXPECT_EQ(outcome(Sell("EUR", "CHF", 100)), core::Outcome::kNoRate);
  EXPECT_EQ(outcome(Sell("EUR", "EUR", 100)), core::Outcome::kMalformed);
  EXPECT_EQ(outcome(Sell("EUR", "USD", 0)), core::Outcome::kAmountNotPositive);
  TradeRequest too_much{Bank("TAKER"), Cur("EUR"), Cur("USD"), std::nullopt, Minor(1'095'000)};
  EXPECT_EQ(outcome(too_much), core::Outcome::kNoRate);
  TradeRequest itself = Sell("EUR", "USD", 100);
  itself.taker = Bank("POOL");
  EXPECT_EQ(outcome(itself), core::Outcome::kNoRate);
}

TEST_P(PoolVenueTest, AnOfferThatNobodyTakesExpires) {
  const auto venue = Make({Minor(1'000'000), Minor(1'095'000)});
  const core::LedgerTime now = core::LedgerTime::FromMicros(1);
  const Offer offer = std::get<Offer>(venue->Reserve(now, Sell("EUR", "USD", 1'000)));
  const core::LedgerTime late = offer.expires + core::Duration::FromMicros(1);
  EXPECT_EQ(venue->Accept(late, offer.id)->outcome, core::Outcome::kQuoteExpired);
  EXPECT_EQ(venue->Accept(late, offer.id)->outcome, core::Outcome::kUnknownQuote);
  EXPECT_FALSE(venue->Settle(late, offer.id));
}

TEST_P(PoolVenueTest, AnAcceptedOfferDoesNotExpire) {
  const auto venue = Make({Minor(1'000'000), Minor(1'095'000)});
  const core::LedgerTime now = core::LedgerTime::FromMicros(1);
  const Offer offer = std::get<Offer>(venue->Reserve(now, Sell("EUR", "USD", 1'000)));
  EXPECT_FALSE(venue->Settle(now, offer.id));
  EXPECT_EQ(venue->Accept(now, offer.id), std::nullopt);
  venue->Expire(offer.expires + core::Duration::FromHours(1));
  EXPECT_TRUE(venue->Settle(offer.expires + core::Duration::FromHours(2), offer.id));
}

INSTANTIATE_TEST_SUITE_P(Curves, PoolVenueTest, ::testing::Bool(), [](const auto& curve) {
  return std::string(curve.param ? "Hybrid" : "ConstantProduct");
});

}  // namespace
}  // namespace causeway::bridge
