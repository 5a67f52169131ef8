#include "fx-bridge/venues/moving_peg.h"

#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "fx-bridge/venues/pool_venue.h"
#include "gtest/gtest.h"
#include "settlement/core/prng.h"
#include "tests/venues/shorthand.h"

namespace causeway::bridge {
namespace {

const CurrencyPair kPegPair{Cur("EUR"), Cur("USD")};

PoolVenue::MovingCurve EurUsdMoving() {
  return {.pool = {.pair = kPegPair,
                   .curve = {540'000, 145'000'000'000'000},
                   .price_scale = R("1.0950"),
                   .mid_fee_ppm = 2'600,
                   .out_fee_ppm = 4'500,
                   .fee_gamma_e18 = 230'000'000'000'000},
          .rules = {.half_life = core::Duration::FromMinutes(10),
                    .step = 146'000'000'000'000,
                    .extra_profit = 2'000'000'000'000}};
}

constexpr std::int64_t kPegBase = 1'000'000'000;
constexpr std::int64_t kPegQuote = 1'095'000'000;

std::unique_ptr<PoolVenue> MovingVenue(const PoolVenue::MovingCurve& moving) {
  PoolVenue::Options options;
  options.owner = Bank("POOL");
  options.pair = kPegPair;
  options.reserves = {Minor(kPegBase), Minor(kPegQuote)};
  options.moving = moving;
  return PoolVenue::Create(std::move(options)).value();
}

TradeRequest SellsMinor(bool base, std::int64_t minor) {
  return {Bank("TAKER"), base ? kPegPair.base : kPegPair.quote,
          base ? kPegPair.quote : kPegPair.base, Minor(minor), std::nullopt};
}

// What the taker was paid.
std::int64_t Deal(PoolVenue& venue, core::LedgerTime now, bool sells_base, std::int64_t minor) {
  const auto reserved = venue.Reserve(now, SellsMinor(sells_base, minor));
  const Offer& offer = std::get<Offer>(reserved);
  EXPECT_EQ(venue.Accept(now, offer.id), std::nullopt);
  EXPECT_TRUE(venue.Settle(now, offer.id));
  return offer.buy.amount.minor();
}

std::int64_t InE12(const core::Rate& rate) {
  EXPECT_EQ(rate.scale(), 12);
  return rate.mantissa();
}

// A scale that differs in its twelfth decimal moves worth by about as much.
void ExpectTheSameWithinE12(const WideUint& value, std::uint64_t expected) {
  const std::uint64_t found = value.ToU64();
  EXPECT_LE(std::max(found, expected) - std::min(found, expected), kPegUnit / 1'000'000'000'000)
      << found << " " << expected;
}

// The first scale and those after every trade, of one pool of the vectors.
struct ComparedPool {
  int trades = 0;
  int moves = 0;
};

ComparedPool CompareWithVectors(std::ifstream& vectors, const std::string& terms) {
  ComparedPool compared;
  std::istringstream pool(terms);
  std::string word, scale;
  PoolVenue::MovingCurve moving = EurUsdMoving();
  std::int64_t half_life = 0, base = 0, quote = 0;
  pool >> word >> moving.pool.curve.amplification_e4 >> moving.pool.curve.gamma_e18 >> scale >>
      moving.pool.mid_fee_ppm >> moving.pool.out_fee_ppm >> moving.pool.fee_gamma_e18 >>
      half_life >> moving.rules.step >> moving.rules.extra_profit >> base >> quote;
  moving.pool.price_scale = R(scale);
  moving.rules.half_life = core::Duration::FromMicros(half_life);
  PoolVenue::Options options;
  options.owner = Bank("POOL");
  options.pair = kPegPair;
  options.reserves = {Minor(base), Minor(quote)};
  options.moving = moving;
  const auto venue = PoolVenue::Create(std::move(options)).value();
  std::int64_t last_scale = InE12(venue->peg()->price_scale());
  while (vectors.peek() != 'p') {
    std::int64_t micros = 0, sells_base = 0, in = 0, out = 0, scale_e12 = 0, average_e12 = 0;
    std::uint64_t worth = 0, profit = 0;
    if (!(vectors >> micros >> sells_base >> in >> out >> scale_e12 >> average_e12 >> worth >>
          profit)) {
      break;
    }
    vectors.ignore();
    EXPECT_EQ(Deal(*venue, core::LedgerTime::FromMicros(micros), sells_base == 1, in), out);
    const MovingPeg& peg = *venue->peg();
    EXPECT_NEAR(static_cast<double>(InE12(peg.price_scale())), static_cast<double>(scale_e12), 4);
    EXPECT_NEAR(static_cast<double>(InE12(peg.price_average())), static_cast<double>(average_e12),
                4);
    ExpectTheSameWithinE12(peg.worth(), worth);
    ExpectTheSameWithinE12(peg.profit(), profit);
    compared.trades += 1;
    compared.moves += InE12(peg.price_scale()) != last_scale ? 1 : 0;
    last_scale = InE12(peg.price_scale());
  }
  return compared;
}

TEST(MovingPegTest, AgreesWithTheRulesOfThePublishedPoolInHighPrecision) {
  std::ifstream vectors(std::string(CAUSEWAY_SOURCE_DIR) + "/tests/vectors/moving-peg.txt");
  std::vector<ComparedPool> pools;
  for (std::string terms; std::getline(vectors, terms);) {
    pools.push_back(CompareWithVectors(vectors, terms));
  }
  ASSERT_EQ(pools.size(), 2U);
  EXPECT_EQ(pools[0].trades + pools[1].trades, 240);
  EXPECT_EQ(pools[0].moves, 111);
  EXPECT_EQ(pools[1].moves, 12);  // most are refused: they would cost more than half the profit
}

// Whatever is dealt, settles or does not: reserves stay above zero; a move never costs more than
// half of what was earned; and worth falls by nothing but moves.
TEST(MovingPegTest, LiquidityKeepsHalfOfItsProfitWhateverIsDealt) {
  core::RandomStream random(4, "moving-peg");
  int moves = 0;
  int refusals = 0;
  for (int round = 0; round < 40; ++round) {
    PoolVenue::MovingCurve moving = EurUsdMoving();
    moving.pool.curve.amplification_e4 = 1 + random.Uniform(10'000'000);
    moving.pool.curve.gamma_e18 = 1'000'000'000'000 + random.Uniform(10'000'000'000'000'000);
    moving.pool.mid_fee_ppm = static_cast<std::uint32_t>(random.Uniform(3'000));
    moving.pool.out_fee_ppm =
        moving.pool.mid_fee_ppm + static_cast<std::uint32_t>(random.Uniform(9'000));
    moving.rules.step = 1 + random.Uniform(20'000'000'000'000'000);
    moving.rules.extra_profit = random.Uniform(10'000'000'000'000);
    const auto venue = MovingVenue(moving);
    const MovingPeg& peg = *venue->peg();
    core::LedgerTime now = Now();
    std::vector<OfferId> open;
    // A market that runs one way and back.
    for (int i = 0; i < 120; ++i) {
      now = now + core::Duration::FromSeconds(static_cast<std::int64_t>(random.Uniform(300)));
      const bool sells_base = random.Bernoulli(i < 60 ? 3 : 1, 4);
      const auto reserved =
          venue->Reserve(now, SellsMinor(sells_base, random.UniformInRange(1, kPegBase / 40)));
      if (const auto* offer = std::get_if<Offer>(&reserved)) {
        ASSERT_EQ(venue->Accept(now, offer->id), std::nullopt);
        open.push_back(offer->id);
      }
      if (random.Bernoulli(1, 3)) continue;
      random.Shuffle(open);
      while (!open.empty()) {
        const WideUint worth = peg.worth();
        const WideUint profit = peg.profit();
        const core::Rate scale = peg.price_scale();
        ASSERT_TRUE(random.Bernoulli(4, 5) ? venue->Settle(now, open.back())
                                           : venue->Release(now, open.back()));
        open.pop_back();
        ASSERT_TRUE(venue->reserves().base.IsPositive() && venue->reserves().quote.IsPositive());
        ASSERT_GE(peg.profit(), profit);
        if (peg.price_scale() == scale) {
          ASSERT_GE(peg.worth(), worth);
          refusals += peg.worth() > worth ? 1 : 0;
          continue;
        }
        moves += 1;
        ASSERT_TRUE(open.empty());
        ASSERT_GT(peg.worth(), WideUint(kPegUnit));
        ASSERT_GT(peg.worth() + peg.worth(), peg.profit() + WideUint(kPegUnit));
      }
    }
  }
  EXPECT_GT(moves, 300);
  EXPECT_GT(refusals, 300);
}

TEST(MovingPegTest, ScaleFollowsThePricesThatAreDealt) {
  const auto venue = MovingVenue(EurUsdMoving());
  core::LedgerTime now = Now();
  // Purchases of base raise its price, with sales between that pay fees and bring it back in part.
  for (int i = 0; i < 200; ++i) {
    now = now + core::Duration::FromMinutes(5);
    Deal(*venue, now, i % 2 == 1, i % 2 == 1 ? 4'000'000 : 5'500'000);
  }
  EXPECT_GT(venue->peg()->price_average(), R("1.0960"));
  EXPECT_GT(venue->peg()->price_scale(), R("1.0955"));
  EXPECT_LT(venue->peg()->price_scale(), venue->peg()->price_average());
}

TEST(MovingPegTest, NothingMovesWhileATradeIsPending) {
  const auto moved_by = [](bool pending) {
    const auto venue = MovingVenue(EurUsdMoving());
    core::LedgerTime now = Now();
    std::optional<OfferId> open;
    if (pending) {
      open = std::get<Offer>(venue->Reserve(now, SellsMinor(true, 100))).id;
      EXPECT_EQ(venue->Accept(now, *open), std::nullopt);
    }
    for (int i = 0; i < 40; ++i) {
      now = now + core::Duration::FromMinutes(5);
      Deal(*venue, now, i % 2 == 1, i % 2 == 1 ? 4'000'000 : 9'000'000);
    }
    const core::Rate before_release = venue->peg()->price_scale();
    if (open) {
      EXPECT_TRUE(venue->Release(now, *open));
    }
    return std::pair(before_release, venue->peg()->price_scale());
  };
  EXPECT_NE(moved_by(false).first, R("1.0950"));
  const auto [held, released] = moved_by(true);
  EXPECT_EQ(held, R("1.0950"));
  EXPECT_NE(released, R("1.0950"));  // one step, when the last pending trade ended
}

// One cent of EUR costs three of USD, rounded up twice: that is no price of 3.00.
TEST(MovingPegTest, PriceOfASmallTradeIsTheOneAtTheMargin) {
  const auto venue = MovingVenue(EurUsdMoving());
  const TradeRequest one_cent{Bank("TAKER"), kPegPair.quote, kPegPair.base, std::nullopt, Minor(1)};
  core::LedgerTime now = Now();
  for (int i = 0; i < 2; ++i) {
    now = now + core::Duration::FromHours(10);  // by which a price is nearly all of the average
    const Offer offer = std::get<Offer>(venue->Reserve(now, one_cent));
    EXPECT_EQ(offer.sell.amount, Minor(3));
    EXPECT_EQ(venue->Accept(now, offer.id), std::nullopt);
    EXPECT_TRUE(venue->Settle(now, offer.id));
  }
  EXPECT_GT(venue->peg()->price_average(), R("1.0949"));
  EXPECT_LT(venue->peg()->price_average(), R("1.0951"));
}

// 1.10 dealt, and 10 minutes later half of the way from 1.0950 to it.
TEST(MovingPegTest, AnEarlierPriceHasHalfItsWeightAfterAHalfLife) {
  MovingPeg peg = MovingPeg::Create(EurUsdMoving().pool, EurUsdMoving().rules,
                                    {Minor(kPegBase), Minor(kPegQuote)})
                      .value();
  const Reserves richer{Minor(kPegBase), Minor(kPegQuote + 1'000)};
  peg.Observe(Now(), richer, Minor(1'000'000), Minor(1'100'000));
  EXPECT_EQ(peg.price_average(), R("1.0950"));
  peg.Observe(Now() + core::Duration::FromMinutes(10), richer, Minor(1'000'000), Minor(1'100'000));
  EXPECT_EQ(peg.price_average(), R("1.0975"));
  peg.Observe(Now() + core::Duration::FromHours(24 * 365), richer, Minor(1'000'000),
              Minor(1'100'000));
  EXPECT_EQ(peg.price_average(), R("1.1000"));
}

TEST(MovingPegTest, RefusesRulesOutOfRange) {
  const Reserves reserves{Minor(kPegBase), Minor(kPegQuote)};
  const auto refused = [&](const PoolVenue::MovingCurve& moving) {
    return !MovingPeg::Create(moving.pool, moving.rules, reserves).ok();
  };
  EXPECT_FALSE(refused(EurUsdMoving()));
  PoolVenue::MovingCurve moving = EurUsdMoving();
  moving.rules.half_life = core::Duration::Zero();
  EXPECT_TRUE(refused(moving));
  moving = EurUsdMoving();
  moving.rules.step = 0;
  EXPECT_TRUE(refused(moving));
  moving.rules.step = kPegUnit + 1;
  EXPECT_TRUE(refused(moving));
  moving = EurUsdMoving();
  moving.rules.extra_profit = kPegUnit;
  EXPECT_TRUE(refused(moving));
  moving = EurUsdMoving();
  moving.pool.price_scale = R("10000000");  // with twelve decimals beyond 64 bits
  EXPECT_TRUE(refused(moving));
  PoolVenue::Options both;
  both.owner = Bank("POOL");
  both.pair = kPegPair;
  both.reserves = reserves;
  EXPECT_FALSE(PoolVenue::Create(both).ok());
  both.moving = EurUsdMoving();
  both.curve = HybridPool::Create(EurUsdMoving().pool).value();
  EXPECT_FALSE(PoolVenue::Create(std::move(both)).ok());
}

}  // namespace
}  // namespace causeway::bridge
