#include "settlement/core/rate.h"

#include <cstdint>
#include <string>

#include "absl/hash/hash.h"
#include "gtest/gtest.h"
#include "settlement/core/prng.h"

namespace causeway::core {
namespace {

Amount Minor(std::int64_t units) { return Amount::FromMinor(units); }
Rate R(std::string_view text) { return Rate::Parse(text).value(); }

TEST(RateTest, KeepsTheScaleAsWritten) {
  EXPECT_EQ(R("7.8123").mantissa(), 78123);
  EXPECT_EQ(R("7.8123").scale(), 4);
  for (const char* text : {"7.8123", "7.80", "148", "0.0068", "0.000000000001", "1.000000000000",
                           "9223372036854775807", "9223372.036854775807"}) {
    EXPECT_EQ(R(text).ToString(), text);
  }
}

TEST(RateTest, RefusesOtherForms) {
  for (const char* text :
       {"", "0", "0.00", "-1", "+1", ".5", "1.", "1,5", "1e2", " 1", "1.0000000000001"}) {
    EXPECT_EQ(Rate::Parse(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_EQ(Rate::Parse("9223372036854775808").status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(Rate::Parse("99999999999999999999.9").status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_FALSE(Rate::Make(0, 2).ok());
  EXPECT_FALSE(Rate::Make(-5, 2).ok());
  EXPECT_FALSE(Rate::Make(5, -1).ok());
  EXPECT_FALSE(Rate::Make(5, 13).ok());
}

TEST(RateTest, ComparesAndHashesByValue) {
  EXPECT_EQ(R("7.80"), R("7.8"));
  EXPECT_EQ(absl::HashOf(R("7.80")), absl::HashOf(R("7.8")));
  EXPECT_EQ(R("100"), R("100.000000000000"));
  EXPECT_LT(R("7.79"), R("7.8"));
  EXPECT_GT(R("9223372036854775807"), R("9223372.036854775807"));
  EXPECT_NE(R("1"), R("1.000000000001"));
}

TEST(ConvertTest, BetweenCurrenciesOfTwoDecimals) {
  // 1,000.00 USD at 7.8123 HKD per USD.
  EXPECT_EQ(ConvertBaseToQuote(Minor(100000), R("7.8123"), 2, 2, Rounding::kHalfEven),
            Minor(781230));
  EXPECT_EQ(ConvertQuoteToBase(Minor(781230), R("7.8123"), 2, 2, Rounding::kHalfEven),
            Minor(100000));
}

TEST(ConvertTest, BetweenCurrenciesOfDifferentMinorUnits) {
  // 10.00 USD at 148.255 JPY per USD is 1482.55 yen, and there is no half yen.
  EXPECT_EQ(ConvertBaseToQuote(Minor(1000), R("148.255"), 2, 0, Rounding::kHalfEven), Minor(1483));
  EXPECT_EQ(ConvertBaseToQuote(Minor(1000), R("148.255"), 2, 0, Rounding::kDown), Minor(1482));
  // 1.000 KWD at 3.25 USD per KWD; 3.25 USD back.
  EXPECT_EQ(ConvertBaseToQuote(Minor(1000), R("3.25"), 3, 2, Rounding::kHalfEven), Minor(325));
  EXPECT_EQ(ConvertQuoteToBase(Minor(325), R("3.25"), 3, 2, Rounding::kHalfEven), Minor(1000));
  // 1 JPY at 0.002 KWD per JPY.
  EXPECT_EQ(ConvertBaseToQuote(Minor(1), R("0.002"), 0, 3, Rounding::kHalfEven), Minor(2));
}

TEST(ConvertTest, RoundsOnceAsTold) {
  const struct {
    std::int64_t base;
    std::int64_t half_even, down, up;
  } cases[] = {{1, 0, 0, 1}, {3, 2, 1, 2}, {5, 2, 2, 3}, {7, 4, 3, 4}, {4, 2, 2, 2}, {0, 0, 0, 0}};
  for (const auto& c : cases) {
    const Amount base = Minor(c.base);
    EXPECT_EQ(ConvertBaseToQuote(base, R("0.5"), 2, 2, Rounding::kHalfEven), Minor(c.half_even));
    EXPECT_EQ(ConvertBaseToQuote(base, R("0.5"), 2, 2, Rounding::kDown), Minor(c.down));
    EXPECT_EQ(ConvertBaseToQuote(base, R("0.5"), 2, 2, Rounding::kUp), Minor(c.up));
    EXPECT_EQ(ConvertQuoteToBase(base, R("2"), 2, 2, Rounding::kHalfEven), Minor(c.half_even));
  }
  // Just below and just above a tie.
  EXPECT_EQ(ConvertBaseToQuote(Minor(1), R("2.499999999999"), 2, 2, Rounding::kHalfEven), Minor(2));
  EXPECT_EQ(ConvertBaseToQuote(Minor(1), R("2.500000000001"), 2, 2, Rounding::kHalfEven), Minor(3));
}

TEST(ConvertTest, NothingWhenNegativeOrTooLarge) {
  EXPECT_EQ(ConvertBaseToQuote(Minor(-1), R("1"), 2, 2, Rounding::kDown), std::nullopt);
  EXPECT_EQ(ConvertQuoteToBase(Minor(-1), R("1"), 2, 2, Rounding::kDown), std::nullopt);
  EXPECT_EQ(ConvertBaseToQuote(Amount::Max(), R("1"), 2, 2, Rounding::kDown), Amount::Max());
  EXPECT_EQ(ConvertBaseToQuote(Amount::Max(), R("1.000000000001"), 2, 2, Rounding::kDown),
            std::nullopt);
  EXPECT_EQ(ConvertBaseToQuote(Amount::Max(), R("9223372036854775807"), 0, 6, Rounding::kDown),
            std::nullopt);
  EXPECT_EQ(ConvertQuoteToBase(Amount::Max(), R("0.000000000001"), 6, 0, Rounding::kDown),
            std::nullopt);
  EXPECT_EQ(ConvertQuoteToBase(Amount::Max(), R("9223372036854775807"), 0, 0, Rounding::kDown),
            Minor(1));
}

TEST(ConvertTest, LargestExactIntermediatesDoNotOverflow) {
  EXPECT_EQ(ConvertBaseToQuote(Amount::Max(), R("0.000000000001"), 0, 0, Rounding::kDown),
            Minor(9223372));
  EXPECT_EQ(ConvertBaseToQuote(Amount::Max(), R("922337.203685477580"), 6, 0, Rounding::kDown),
            Minor(8507059173023461578));
}

// Rounding up and down bracket the exact value within one unit, half-even lies on one of them, and
// rounding down there and back never creates money.
TEST(ConvertTest, RandomConversionsAreBracketedAndNeverCreateMoney) {
  RandomStream random(1, "rate");
  for (int i = 0; i < 5000; ++i) {
    const Amount base = Minor(random.UniformInRange(0, 1'000'000'000'000));
    const std::int64_t mantissa = random.UniformInRange(1, 10'000'000);
    const int scale = static_cast<int>(random.UniformInRange(0, 6));
    const Rate rate = Rate::Make(mantissa, scale).value();
    const int base_digits = static_cast<int>(random.UniformInRange(0, 4));
    const int quote_digits = static_cast<int>(random.UniformInRange(0, 4));
    const auto convert = [&](Rounding rounding) {
      return ConvertBaseToQuote(base, rate, base_digits, quote_digits, rounding);
    };
    const auto down = convert(Rounding::kDown);
    const auto up = convert(Rounding::kUp);
    const auto even = convert(Rounding::kHalfEven);
    if (!up) continue;
    ASSERT_TRUE(down && even);
    EXPECT_LE(up->minor() - down->minor(), 1);
    EXPECT_TRUE(*even == *down || *even == *up);
    const auto back = ConvertQuoteToBase(*down, rate, base_digits, quote_digits, Rounding::kDown);
    ASSERT_TRUE(back.has_value());
    EXPECT_LE(*back, base);
    const auto at_least = ConvertQuoteToBase(*up, rate, base_digits, quote_digits, Rounding::kUp);
    if (at_least) {
      EXPECT_GE(*at_least, base);
    }
  }
}

}  // namespace
}  // namespace causeway::core
