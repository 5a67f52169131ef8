#include "settlement/core/time.h"

#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "settlement/core/prng.h"

namespace causeway::core {
namespace {

constexpr LedgerTime At(std::int64_t micros) { return LedgerTime::FromMicros(micros); }

TEST(DurationTest, UnitsAndSaturation) {
  EXPECT_EQ(Duration::FromMillis(2).micros(), 2'000);
  EXPECT_EQ(Duration::FromSeconds(-3).micros(), -3'000'000);
  EXPECT_EQ(Duration::FromMinutes(1), Duration::FromSeconds(60));
  EXPECT_EQ(Duration::FromHours(1), Duration::FromMinutes(60));
  EXPECT_EQ(Duration::FromHours(9'223'372'036'854), Duration::Max());
  EXPECT_EQ(Duration::FromHours(-9'223'372'036'854), Duration::Min());
  EXPECT_EQ(Duration::Max() + Duration::FromMicros(1), Duration::Max());
  EXPECT_EQ(Duration::Min() - Duration::FromMicros(1), Duration::Min());
  EXPECT_EQ(Duration::FromMicros(5) - Duration::FromMicros(7), Duration::FromMicros(-2));
}

TEST(LedgerTimeTest, ArithmeticSaturates) {
  EXPECT_EQ(At(10) + Duration::FromMicros(5), At(15));
  EXPECT_EQ(At(10) - Duration::FromMicros(15), At(-5));
  EXPECT_EQ(At(10) - At(15), Duration::FromMicros(-5));
  EXPECT_EQ(LedgerTime::Max() + Duration::FromMicros(1), LedgerTime::Max());
  EXPECT_EQ(LedgerTime::Min() + Duration::FromMicros(-1), LedgerTime::Min());
  EXPECT_EQ(LedgerTime::Min() - Duration::FromMicros(1), LedgerTime::Min());
  EXPECT_EQ(At(0) - Duration::Min(), LedgerTime::Max());
  EXPECT_EQ(LedgerTime::Max() - LedgerTime::Min(), Duration::Max());
  EXPECT_EQ(LedgerTime::Min() - LedgerTime::Max(), Duration::Min());
}

TEST(LedgerTimeTest, ReadsRfc3339InUtc) {
  EXPECT_EQ(LedgerTime::Parse("1970-01-01T00:00:00Z").value(), At(0));
  EXPECT_EQ(LedgerTime::Parse("2022-08-15T01:00:00Z").value(), At(1'660'525'200'000'000));
  EXPECT_EQ(LedgerTime::Parse("2022-08-15T01:00:00.000001Z").value(), At(1'660'525'200'000'001));
  EXPECT_EQ(LedgerTime::Parse("2022-08-15T01:00:00.5Z").value(), At(1'660'525'200'500'000));
  EXPECT_EQ(LedgerTime::Parse("1969-12-31T23:59:59.999999Z").value(), At(-1));
  EXPECT_EQ(LedgerTime::Parse("0001-01-01T00:00:00Z").value(), At(-62'135'596'800'000'000));
}

TEST(LedgerTimeTest, RefusesOtherForms) {
  for (const char* text :
       {"", "2022-08-15", "2022-08-15T01:00:00", "2022-08-15 01:00:00Z", "2022-08-15t01:00:00z",
        "2022-08-15T01:00:00+00:00", "2022-08-15T24:00:00Z", "2022-08-15T01:60:00Z",
        "2022-08-15T01:00:60Z", "2022-02-29T01:00:00Z", "2022-13-01T01:00:00Z",
        "2022-08-15T01:00:00.Z", "2022-08-15T01:00:00.0000001Z", "2022-08-15T01:00:00,5Z",
        "2022-08-15T01:00:0 Z", "0000-01-01T00:00:00Z", "2022-08-15T-1:00:00Z",
        "2022-08-15T01:00:00ZZ"}) {
    EXPECT_EQ(LedgerTime::Parse(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(LedgerTimeTest, WritesSixDecimals) {
  EXPECT_EQ(At(0).ToString(), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(At(-1).ToString(), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(At(1'660'525'200'000'001).ToString(), "2022-08-15T01:00:00.000001Z");
  EXPECT_EQ(At(-62'135'596'800'000'001).ToString(), "@-62135596800000001us");
  EXPECT_EQ(LedgerTime::Max().ToString(), "@9223372036854775807us");
}

TEST(LedgerTimeTest, RandomTimesRoundTrip) {
  RandomStream random(1, "time");
  for (int i = 0; i < 2000; ++i) {
    const LedgerTime time =
        At(random.UniformInRange(-62'135'596'800'000'000, 253'402'300'799'999'999));
    EXPECT_EQ(LedgerTime::Parse(time.ToString()).value(), time) << time.ToString();
  }
}

TEST(BusinessDateTest, ReadsAndWritesIsoDates) {
  const BusinessDate date = BusinessDate::Parse("2022-08-15").value();
  EXPECT_EQ(date.ToString(), "2022-08-15");
  EXPECT_EQ(date.year(), 2022);
  EXPECT_EQ(date.month(), 8);
  EXPECT_EQ(date.day(), 15);
  EXPECT_EQ(date.days(), 19219);
  EXPECT_EQ(date.weekday(), Weekday::kMonday);
  EXPECT_EQ(date.AddDays(-1).weekday(), Weekday::kSunday);
  EXPECT_EQ(BusinessDate().ToString(), "1970-01-01");
}

TEST(BusinessDateTest, RefusesWhatIsNoDate) {
  for (const char* text :
       {"", "2022-8-15", "20220815", "2022-02-30", "2022-00-10", "2022-04-31", "1900-02-29",
        "2022/08/15", "2022-08-15 ", "0000-12-31", "-001-01-01", "2022-08-1a"}) {
    EXPECT_EQ(BusinessDate::Parse(text).status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
  EXPECT_TRUE(BusinessDate::Parse("2000-02-29").ok());
  EXPECT_TRUE(BusinessDate::Parse("2024-02-29").ok());
  EXPECT_FALSE(BusinessDate::FromCivil(2023, 2, 29).has_value());
  EXPECT_FALSE(BusinessDate::FromCivil(10000, 1, 1).has_value());
}

TEST(BusinessDateTest, StaysWithinFourDigitYears) {
  const BusinessDate first = BusinessDate::FromDays(BusinessDate::kDaysMin).value();
  const BusinessDate last = BusinessDate::FromDays(BusinessDate::kDaysMax).value();
  EXPECT_EQ(first.ToString(), "0001-01-01");
  EXPECT_EQ(last.ToString(), "9999-12-31");
  EXPECT_EQ(first.AddDays(-1), first);
  EXPECT_EQ(last.AddDays(std::numeric_limits<std::int32_t>::max()), last);
  EXPECT_FALSE(BusinessDate::FromDays(BusinessDate::kDaysMin - 1).has_value());
  EXPECT_FALSE(BusinessDate::FromDays(BusinessDate::kDaysMax + 1).has_value());
  EXPECT_EQ(BusinessDate::InUtc(LedgerTime::Max()), last);
  EXPECT_EQ(BusinessDate::InUtc(LedgerTime::Min()), first);
}

TEST(BusinessDateTest, DayOfATimeIsThatOfUtc) {
  EXPECT_EQ(BusinessDate::InUtc(At(-1)).ToString(), "1969-12-31");
  EXPECT_EQ(BusinessDate::InUtc(At(0)).ToString(), "1970-01-01");
  const BusinessDate date = BusinessDate::Parse("2022-08-15").value();
  EXPECT_EQ(date.StartInUtc().ToString(), "2022-08-15T00:00:00.000000Z");
  EXPECT_EQ(BusinessDate::InUtc(date.StartInUtc() + Duration::FromHours(23)), date);
  EXPECT_EQ(BusinessDate::InUtc(date.StartInUtc() - Duration::FromMicros(1)), date.AddDays(-1));
}

TEST(BusinessDateTest, EveryDayOfTheRangeRoundTripsAndWeekdaysTurn) {
  int weekday = static_cast<int>(Weekday::kMonday);  // 0001-01-01 was a Monday
  for (std::int32_t days = BusinessDate::kDaysMin; days <= BusinessDate::kDaysMax; ++days) {
    const BusinessDate date = BusinessDate::FromDays(days).value();
    ASSERT_EQ(BusinessDate::FromCivil(date.year(), date.month(), date.day()), date);
    ASSERT_EQ(static_cast<int>(date.weekday()), weekday);
    weekday = weekday % 7 + 1;
  }
}

}  // namespace
}  // namespace causeway::core
