#include "fx-bridge/venues/wide_uint.h"

#include "gtest/gtest.h"
#include "settlement/core/prng.h"

namespace causeway::bridge {
namespace {

// Of about `limbs` limbs, with limbs of all zeros and all ones among them.
WideUint Draw(core::RandomStream& random, std::uint64_t limbs) {
  WideUint value;
  for (std::uint64_t i = 0; i < limbs; ++i) {
    const std::uint64_t drawn = random.NextU64();
    const std::uint64_t kind = random.Uniform(4);
    const std::uint64_t limb = kind == 0 ? 0 : kind == 1 ? ~std::uint64_t{0} : drawn;
    value = value * WideUint(std::uint64_t{1} << 32) * WideUint(std::uint64_t{1} << 32) + limb;
  }
  return value;
}

TEST(WideUintTest, AgreesWith128BitsWhereTheySuffice) {
  core::RandomStream random(1, "wide-uint");
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t a = random.NextU64() >> random.Uniform(64);
    const std::uint64_t b = (random.NextU64() >> random.Uniform(64)) | 1;
    const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
    const WideUint wide = WideUint(a) * WideUint(b);
    EXPECT_EQ((wide / WideUint(std::uint64_t{1} << 63) / 2).ToU64(),
              static_cast<std::uint64_t>(product >> 64));
    EXPECT_EQ((WideUint(a) / WideUint(b)).ToU64(), a / b);
    EXPECT_EQ(WideUint(a) < WideUint(b), a < b);
  }
}

TEST(WideUintTest, AQuotientIsTheLargestThatFits) {
  core::RandomStream random(2, "wide-uint");
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t upper = 1 + random.Uniform(14);
    const std::uint64_t lower = 1 + random.Uniform(upper);
    const WideUint dividend = Draw(random, upper);
    const WideUint divisor = Draw(random, lower) + 1;
    const WideUint quotient = dividend / divisor;
    ASSERT_LE(quotient * divisor, dividend);
    ASSERT_GT((quotient + 1) * divisor, dividend);
    const WideUint up = DivideUp(dividend, divisor);
    ASSERT_GE(up * divisor, dividend);
    ASSERT_TRUE(up.IsZero() || (up - 1) * divisor < dividend);
  }
}

TEST(WideUintTest, SumsAndProductsObeyTheLawsOfArithmetic) {
  core::RandomStream random(3, "wide-uint");
  for (int i = 0; i < 5'000; ++i) {
    const WideUint a = Draw(random, random.Uniform(6));
    const WideUint b = Draw(random, random.Uniform(6));
    const WideUint c = Draw(random, random.Uniform(4));
    ASSERT_EQ(a * (b + c), a * b + a * c);
    ASSERT_EQ((a + b) - b, a);
    ASSERT_EQ((a * b) * c, a * (b * c));
  }
}

TEST(WideUintTest, ASquareRootIsTheLargestWhoseSquareFits) {
  core::RandomStream random(4, "wide-uint");
  for (int i = 0; i < 2'000; ++i) {
    const WideUint value = Draw(random, random.Uniform(8));
    const WideUint root = SquareRoot(value);
    ASSERT_LE(root * root, value);
    ASSERT_GT((root + 1) * (root + 1), value);
  }
}

TEST(WideUintDeathTest, WhatDoesNotFitStopsTheProcess) {
  const WideUint half = SquareRoot(PowerOfTen(100)) * PowerOfTen(100);  // about 2^498
  const WideUint large = half * half;
  EXPECT_DEATH(large * WideUint(~std::uint64_t{0}), "a product fits");
  EXPECT_DEATH(WideUint(1) - WideUint(2), "not below zero");
  EXPECT_DEATH(WideUint(1) / WideUint(0), "not zero");
}

}  // namespace
}  // namespace causeway::bridge
