#include "settlement/core/amount.h"

#include <cstdint>
#include <limits>
#include <string>

#include "gtest/gtest.h"
#include "settlement/core/prng.h"

namespace causeway::core {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

Amount Minor(std::int64_t units) { return Amount::FromMinor(units); }

TEST(AmountTest, SumsAreExactOrNothing) {
  EXPECT_EQ(CheckedAdd(Minor(2), Minor(3)), Minor(5));
  EXPECT_EQ(CheckedAdd(Amount::Max(), Minor(1)), std::nullopt);
  EXPECT_EQ(CheckedAdd(Amount::Min(), Minor(-1)), std::nullopt);
  EXPECT_EQ(CheckedAdd(Amount::Max(), Amount::Min()), Minor(-1));
  EXPECT_EQ(CheckedSub(Minor(2), Minor(3)), Minor(-1));
  EXPECT_EQ(CheckedSub(Amount::Min(), Minor(1)), std::nullopt);
  EXPECT_EQ(CheckedSub(Minor(0), Amount::Min()), std::nullopt);
  EXPECT_EQ(CheckedNegate(Minor(7)), Minor(-7));
  EXPECT_EQ(CheckedNegate(Amount::Min()), std::nullopt);
}

TEST(AmountTest, KnowsItsSign) {
  EXPECT_TRUE(Minor(1).IsPositive());
  EXPECT_TRUE(Amount().IsZero());
  EXPECT_TRUE(Minor(-1).IsNegative());
  EXPECT_FALSE(Amount().IsPositive() || Amount().IsNegative());
  EXPECT_LT(Minor(-1), Minor(1));
}

TEST(ParseAmountTest, ReadsDecimalsUpToTheMinorUnit) {
  EXPECT_EQ(ParseAmount("1234.56", 2).value(), Minor(123456));
  EXPECT_EQ(ParseAmount("1234.5", 2).value(), Minor(123450));
  EXPECT_EQ(ParseAmount("1234", 2).value(), Minor(123400));
  EXPECT_EQ(ParseAmount("-0.05", 2).value(), Minor(-5));
  EXPECT_EQ(ParseAmount("148", 0).value(), Minor(148));
  EXPECT_EQ(ParseAmount("1.001", 3).value(), Minor(1001));
  EXPECT_EQ(ParseAmount("007.10", 2).value(), Minor(710));
  EXPECT_EQ(ParseAmount("-0", 2).value(), Minor(0));
}

TEST(ParseAmountTest, RefusesOtherForms) {
  for (const char* text : {"", "-", ".5", "5.", "1,234.56", "+1", " 1", "1 ", "1e3", "--1", "1.2.3",
                           "0x10", "1.-5", "NaN", "\xef\xbc\x91"}) {
    const auto amount = ParseAmount(text, 2);
    EXPECT_EQ(amount.status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(ParseAmountTest, RefusesDecimalsBelowTheMinorUnitAndSaysSo) {
  const auto dollars = ParseAmount("1.234", 2);
  EXPECT_EQ(std::string(dollars.status().message()),
            "amount \"1.234\": at most 2 decimals are allowed, got 3");
  const auto yen = ParseAmount("1.0", 0);
  EXPECT_EQ(std::string(yen.status().message()), "amount \"1.0\": no decimals are allowed");
}

TEST(ParseAmountTest, EndsAt64Bits) {
  EXPECT_EQ(ParseAmount("92233720368547758.07", 2).value(), Amount::Max());
  EXPECT_EQ(ParseAmount("-92233720368547758.08", 2).value(), Amount::Min());
  for (const char* text : {"92233720368547758.08", "-92233720368547758.09", "92233720368547759",
                           "18446744073709551616", "99999999999999999999999999999999999999"}) {
    EXPECT_EQ(ParseAmount(text, 2).status().code(), absl::StatusCode::kOutOfRange) << text;
  }
}

TEST(FormatAmountTest, WritesAllDecimals) {
  EXPECT_EQ(FormatAmount(Minor(123450), 2), "1234.50");
  EXPECT_EQ(FormatAmount(Minor(-5), 2), "-0.05");
  EXPECT_EQ(FormatAmount(Minor(0), 3), "0.000");
  EXPECT_EQ(FormatAmount(Minor(7), 0), "7");
  EXPECT_EQ(FormatAmount(Amount::Min(), 0), "-9223372036854775808");
  EXPECT_EQ(FormatAmount(Amount::Min(), 6), "-9223372036854.775808");
}

TEST(FormatAmountTest, RandomAmountsRoundTrip) {
  RandomStream random(1, "amount");
  for (int i = 0; i < 2000; ++i) {
    const std::int64_t shift = random.UniformInRange(0, 63);
    const Amount amount = Minor(random.UniformInRange(kMin, kMax) >> shift);
    const int digits = static_cast<int>(random.UniformInRange(0, kMinorDigitsMax));
    EXPECT_EQ(ParseAmount(FormatAmount(amount, digits), digits).value(), amount);
  }
}

}  // namespace
}  // namespace causeway::core
