#include "settlement/core/currency.h"

#include <string>

#include "gtest/gtest.h"

namespace causeway::core {
namespace {

TEST(CurrencyTest, KnowsTheMinorUnit) {
  const std::pair<const char*, int> expected[] = {
      {"HKD", 2}, {"CNY", 2}, {"THB", 2}, {"AED", 2}, {"SAR", 2}, {"USD", 2}, {"EUR", 2},
      {"JPY", 0}, {"KRW", 0}, {"VND", 0}, {"XOF", 0}, {"ISK", 0}, {"KWD", 3}, {"BHD", 3},
      {"OMR", 3}, {"TND", 3}, {"CLF", 4}, {"UYW", 4}, {"ZWG", 2}, {"XCG", 2}, {"ZMW", 2},
  };
  for (const auto& [code, digits] : expected) {
    const auto currency = Currency::Parse(code);
    ASSERT_TRUE(currency.ok()) << code;
    EXPECT_EQ(currency->minor_digits(), digits) << code;
    EXPECT_EQ(currency->code(), code);
    EXPECT_EQ(currency->ToString(), code);
  }
}

TEST(CurrencyTest, RefusesOtherForms) {
  for (const char* code : {"", "HK", "HKDD", "hkd", "HK1", "HK ", "HK\xc3"}) {
    EXPECT_EQ(Currency::Parse(code).status().code(), absl::StatusCode::kInvalidArgument) << code;
  }
  EXPECT_EQ(std::string(Currency::Parse("hkd").status().message()),
            "currency \"hkd\": must be three capital letters (ISO 4217), like HKD");
}

TEST(CurrencyTest, RefusesCodesThatAreWithdrawnUnknownOrWithoutMinorUnit) {
  for (const char* code : {"DEM", "HRK", "ZWL", "QQQ", "XAU", "XDR", "XTS", "XXX"}) {
    EXPECT_EQ(
        std::string(Currency::Parse(code).status().message()),
        "currency \"" + std::string(code) + "\": is not an active ISO 4217 code with a minor unit");
  }
}

TEST(CurrencyTest, DefaultIsEmptyAndOrderIsThatOfTheCode) {
  const Currency none;
  EXPECT_TRUE(none.IsEmpty());
  EXPECT_EQ(none.code(), "");
  EXPECT_EQ(none.minor_digits(), 0);
  const Currency hkd = Currency::Parse("HKD").value();
  EXPECT_LT(none, hkd);
  EXPECT_LT(Currency::Parse("CNY").value(), hkd);
  EXPECT_EQ(Currency::Parse("HKD").value(), hkd);
}

TEST(CountryTest, ChecksTheFormOnly) {
  EXPECT_EQ(Country::Parse("HK").value().code(), "HK");
  EXPECT_EQ(Country::Parse("XK").value().ToString(), "XK");
  EXPECT_TRUE(Country().IsEmpty());
  for (const char* code : {"", "H", "HKG", "hk", "H1"}) {
    EXPECT_FALSE(Country::Parse(code).ok()) << code;
  }
}

}  // namespace
}  // namespace causeway::core
