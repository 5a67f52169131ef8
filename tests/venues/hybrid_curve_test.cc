#include "fx-bridge/venues/hybrid_curve.h"

#include <algorithm>
#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "settlement/core/prng.h"

namespace causeway::bridge {
namespace {

// Newton's steps converge within this many evaluations, whatever the parameters; the bound of the
// search, HybridCurve::kStepsMax, is far above.
constexpr int kStepsUsual = 60;

WideUint Parse(const std::string& decimal) {
  WideUint value;
  for (const char digit : decimal) value = value * 10 + static_cast<std::uint64_t>(digit - '0');
  return value;
}

WideUint DrawBalance(core::RandomStream& random, std::uint64_t bits) {
  const std::uint64_t drawn = random.NextU64();
  return bits <= 64 ? WideUint((drawn >> (64 - bits)) | 1)
                    : WideUint(drawn | 1) * WideUint(std::uint64_t{1} << (bits - 64));
}

TEST(HybridCurveTest, AgreesWithTheFormulaOfThePaperInHighPrecision) {
  std::ifstream vectors(std::string(CAUSEWAY_SOURCE_DIR) + "/tests/vectors/hybrid-curve.txt");
  std::uint64_t a_e4 = 0;
  std::uint64_t g_e18 = 0;
  std::string x, y, d, after, other;
  int cases = 0;
  while (vectors >> a_e4 >> g_e18 >> x >> y >> d >> after >> other) {
    const HybridCurve curve({a_e4, g_e18});
    int steps = 0;
    EXPECT_EQ(curve.SizeOf(Parse(x), Parse(y), &steps), Parse(d)) << x << " " << y;
    EXPECT_LE(steps, kStepsUsual) << a_e4 << " " << g_e18 << " " << x << " " << y;
    steps = 0;
    EXPECT_EQ(curve.OtherBalance(Parse(after), Parse(d), Parse(y), &steps), Parse(other));
    EXPECT_LE(steps, kStepsUsual) << a_e4 << " " << g_e18 << " " << after << " " << d;
    cases += 1;
  }
  EXPECT_EQ(cases, 60);
}

TEST(HybridCurveTest, SizeAndBalanceAreTheExactBorders) {
  core::RandomStream random(1, "hybrid-curve");
  int steps_max = 0;
  for (int i = 0; i < 3'000; ++i) {
    const HybridCurve curve({1 + random.Uniform(HybridCurve::kAmplificationE4Max),
                             1 + random.Uniform(HybridCurve::kGammaE18Max)});
    const std::uint64_t bits = 1 + random.Uniform(125);
    const WideUint x = DrawBalance(random, bits);
    const WideUint y = DrawBalance(random, 1 + random.Uniform(bits));
    int steps = 0;
    const WideUint d = curve.SizeOf(x, y, &steps);
    ASSERT_TRUE(curve.Reaches(x, y, d));
    ASSERT_FALSE(curve.Reaches(x, y, d + 1));
    const WideUint after = x + DrawBalance(random, 1 + random.Uniform(bits));
    const WideUint other = curve.OtherBalance(after, d, y, &steps);
    ASSERT_TRUE(curve.Reaches(after, other, d));
    ASSERT_TRUE(other.IsZero() || !curve.Reaches(after, other - 1, d));
    steps_max = std::max(steps_max, steps);
  }
  EXPECT_LE(steps_max, 2 * kStepsUsual);
}

TEST(HybridCurveTest, ABalancedPoolHasTheSizeOfItsSum) {
  const HybridCurve curve({540'000, 145'000'000'000'000});
  EXPECT_EQ(curve.SizeOf(1'000'000, 1'000'000), WideUint(2'000'000));
}

TEST(HybridCurveTest, NearBalanceItPaysMoreThanAConstantProduct) {
  const HybridCurve curve({540'000, 145'000'000'000'000});
  const std::uint64_t balance = 1'000'000'000'000;
  const WideUint d = curve.SizeOf(balance, balance);
  for (const std::uint64_t percent : {1U, 5U, 10U}) {
    const std::uint64_t in = balance / 100 * percent;
    const std::uint64_t left = curve.OtherBalance(balance + in, d, balance).ToU64();
    const std::uint64_t paid = balance - left;
    const std::uint64_t by_product = balance / (100 + percent) * percent;
    EXPECT_GT(paid, by_product) << percent;
    EXPECT_LE(paid, in) << percent;
  }
}

// What the rule for pending trades rests on (docs/fx-venues.md): along a curve, each further unit
// of x brings no more y than the one before.
TEST(HybridCurveTest, TheCurveIsConvexOverItsParameters) {
  core::RandomStream random(2, "hybrid-curve");
  for (int i = 0; i < 40; ++i) {
    const HybridCurve curve({std::uint64_t{10'000} << random.Uniform(19),
                             std::uint64_t{10'000'000'000} << random.Uniform(26)});
    const WideUint balance = PowerOfTen(18);
    const WideUint d = curve.SizeOf(balance, balance);
    WideUint x = balance;
    WideUint y = balance;
    WideUint paid_before = balance;
    const WideUint step = balance / 200;
    for (int n = 0; n < 400; ++n) {
      x = x + step;
      const WideUint after = curve.OtherBalance(x, d, y);
      const WideUint paid = y - after;
      // Both are rounded to one unit.
      ASSERT_LE(paid, paid_before + 1) << i << " " << n;
      paid_before = paid;
      y = after;
    }
  }
}

TEST(HybridCurveTest, RefusesParametersOutOfRange) {
  EXPECT_TRUE(HybridCurve::Check({1, 1}).ok());
  EXPECT_FALSE(HybridCurve::Check({0, 1}).ok());
  EXPECT_FALSE(HybridCurve::Check({1, 0}).ok());
  EXPECT_FALSE(HybridCurve::Check({HybridCurve::kAmplificationE4Max + 1, 1}).ok());
  EXPECT_FALSE(HybridCurve::Check({1, HybridCurve::kGammaE18Max + 1}).ok());
}

}  // namespace
}  // namespace causeway::bridge
