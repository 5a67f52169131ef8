#include "settlement/core/fixed_point.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include "gtest/gtest.h"
#include "settlement/core/prng.h"

namespace causeway::core {
namespace {

constexpr std::int64_t kOne = std::int64_t{1} << kQ48Bits;
const double kErrorMax = std::ldexp(1.0, -46);

// The reference is the mathematical library in long double, whose own error is far below 2^-46.
double LogError(std::uint64_t value) {
  const long double exact = std::log2(static_cast<long double>(value));
  return static_cast<double>(
      std::abs(std::ldexp(static_cast<long double>(Log2Q48(value)), -kQ48Bits) - exact));
}

double ExpError(std::int64_t power_q48) {
  const BinaryFloat result = Exp2(power_q48);
  const long double exact = std::exp2(std::ldexp(static_cast<long double>(power_q48), -kQ48Bits));
  const long double got =
      std::ldexp(static_cast<long double>(result.significand), result.exponent - 63);
  return static_cast<double>(std::abs(got / exact - 1));
}

TEST(Log2Test, PowersOfTwoAreExact) {
  for (int bit = 0; bit < 64; ++bit) EXPECT_EQ(Log2Q48(std::uint64_t{1} << bit), bit * kOne);
}

TEST(Log2Test, IsAsAccurateAsPromised) {
  RandomStream random(1, "log2");
  for (std::uint64_t value = 1; value < 5000; ++value) ASSERT_LT(LogError(value), kErrorMax);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t value = (random.NextU64() | 1) >> random.Uniform(63);
    if (value > 0) {
      ASSERT_LT(LogError(value), kErrorMax) << value;
    }
  }
  EXPECT_LT(LogError(std::numeric_limits<std::uint64_t>::max()), kErrorMax);
  EXPECT_LE(Log2Q48(std::numeric_limits<std::uint64_t>::max()), 64 * kOne);
}

TEST(Exp2Test, WholePowersAreExact) {
  for (int power = -100; power <= 100; ++power) {
    EXPECT_EQ(Exp2(power * kOne).significand, std::uint64_t{1} << 63);
    EXPECT_EQ(Exp2(power * kOne).exponent, power);
  }
}

TEST(Exp2Test, IsAsAccurateAsPromised) {
  RandomStream random(1, "exp2");
  for (int i = 0; i < 100'000; ++i) {
    const std::int64_t power = random.UniformInRange(-200 * kOne, 200 * kOne);
    ASSERT_LT(ExpError(power), kErrorMax) << power;
    ASSERT_GE(Exp2(power).significand, std::uint64_t{1} << 63);
  }
  EXPECT_LT(ExpError(kOne - 1), kErrorMax);
  EXPECT_LT(ExpError(-1), kErrorMax);
}

TEST(ScaleSaturatingTest, RoundsToTheNearestAndSaturates) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(ScaleSaturating(10, Exp2(0)), 10);
  EXPECT_EQ(ScaleSaturating(10, Exp2(-kOne)), 5);
  EXPECT_EQ(ScaleSaturating(5, Exp2(-kOne)), 3);
  EXPECT_EQ(ScaleSaturating(1, Exp2(-2 * kOne)), 0);
  EXPECT_EQ(ScaleSaturating(kMax, Exp2(0)), kMax);
  EXPECT_EQ(ScaleSaturating(kMax, Exp2(kOne)), kMax);
  EXPECT_EQ(ScaleSaturating(1, Exp2(62 * kOne)), std::int64_t{1} << 62);
  EXPECT_EQ(ScaleSaturating(1, Exp2(63 * kOne)), kMax);
  EXPECT_EQ(ScaleSaturating(1, Exp2(1000 * kOne)), kMax);
  EXPECT_EQ(ScaleSaturating(kMax, Exp2(-64 * kOne)), 0);
  EXPECT_EQ(ScaleSaturating(kMax, Exp2(-1000 * kOne)), 0);
  EXPECT_EQ(ScaleSaturating(0, Exp2(1000 * kOne)), 0);
}

}  // namespace
}  // namespace causeway::core
