#include "settlement/core/calendar.h"

#include <string>

#include "gtest/gtest.h"
#include "settlement/core/prng.h"

namespace causeway::core {
namespace {

Amount Minor(std::int64_t units) { return Amount::FromMinor(units); }
LedgerTime At(std::string_view text) { return LedgerTime::Parse(text).value(); }
BusinessDate Day(std::string_view text) { return BusinessDate::Parse(text).value(); }
Duration Clock(int hours, int minutes = 0) { return Duration::FromMinutes(hours * 60 + minutes); }

// Central European time in 2024.
LocalClock Frankfurt() {
  return LocalClock::Make(Clock(1), {{At("2024-03-31T01:00:00Z"), Clock(2)},
                                     {At("2024-10-27T01:00:00Z"), Clock(1)}})
      .value();
}
OperatingCalendar Calendar(LocalClock clock, Duration opens, Duration cuts_off,
                           std::vector<BusinessDate> holidays = {}) {
  OperatingCalendar::Options options;
  options.clock = std::move(clock);
  options.opens = opens;
  options.cuts_off = cuts_off;
  options.holidays = std::move(holidays);
  return OperatingCalendar::Make(std::move(options)).value();
}
OperatingCalendar Euro() { return Calendar(Frankfurt(), Clock(7), Clock(18)); }
OperatingCalendar Fixed(int offset, int opens, int cuts_off,
                        std::vector<BusinessDate> holidays = {}) {
  return Calendar(LocalClock::Make(Clock(offset), {}).value(), Clock(opens), Clock(cuts_off),
                  std::move(holidays));
}

TEST(UtcOffsetTest, ReadsHoursAndMinutes) {
  EXPECT_EQ(ParseUtcOffset("Z").value(), Duration::Zero());
  EXPECT_EQ(ParseUtcOffset("+05:30").value(), Clock(5, 30));
  EXPECT_EQ(ParseUtcOffset("-03:30").value(), Duration::Zero() - Clock(3, 30));
  for (const char* text : {"", "1", "+1:00", "05:30", "+05.30", "+15:00", "+14:01", "+01:60"}) {
    EXPECT_FALSE(ParseUtcOffset(text).ok()) << text;
  }
}

TEST(LocalClockTest, FollowsItsTransitions) {
  const LocalClock clock = Frankfurt();
  EXPECT_EQ(clock.InstantOf(Day("2024-03-29"), Clock(7)), At("2024-03-29T06:00:00Z"));
  EXPECT_EQ(clock.InstantOf(Day("2024-04-01"), Clock(7)), At("2024-04-01T05:00:00Z"));
  EXPECT_EQ(clock.InstantOf(Day("2024-10-28"), Clock(7)), At("2024-10-28T06:00:00Z"));
  EXPECT_EQ(clock.DateAt(At("2024-07-01T22:30:00Z")), Day("2024-07-02"));
}

TEST(LocalClockTest, ATimeThatIsJumpedOverIsTheJump) {
  EXPECT_EQ(Frankfurt().InstantOf(Day("2024-03-31"), Clock(2, 30)), At("2024-03-31T01:00:00Z"));
}

TEST(LocalClockTest, ATimeThatIsShownTwiceIsTheFirst) {
  EXPECT_EQ(Frankfurt().InstantOf(Day("2024-10-27"), Clock(2, 30)), At("2024-10-27T00:30:00Z"));
}

TEST(LocalClockTest, RefusesTransitionsOutOfOrder) {
  EXPECT_FALSE(LocalClock::Make(Clock(1), {{At("2024-03-31T01:00:00Z"), Clock(2)},
                                           {At("2024-03-31T01:00:00Z"), Clock(1)}})
                   .ok());
  EXPECT_FALSE(LocalClock::Make(Clock(15), {}).ok());
}

TEST(OperatingCalendarTest, IsOpenFromItsOpeningUntilJustBeforeItsCutOff) {
  const OperatingCalendar euro = Euro();
  EXPECT_EQ(euro.OpenAt(At("2024-07-01T04:59:59Z")), std::nullopt);
  EXPECT_EQ(euro.OpenAt(At("2024-07-01T05:00:00Z")), Day("2024-07-01"));
  EXPECT_EQ(euro.OpenAt(At("2024-07-01T15:59:59Z")), Day("2024-07-01"));
  EXPECT_EQ(euro.OpenAt(At("2024-07-01T16:00:00Z")), std::nullopt);
  EXPECT_EQ(euro.OpenAt(At("2024-06-30T10:00:00Z")), std::nullopt);  // a Sunday
}

TEST(OperatingCalendarTest, ADayMayOpenOnTheEveningBefore) {
  // Fedwire Funds opens at 21:00 Eastern time of the evening before, and closes at 19:00.
  const OperatingCalendar fedwire = Fixed(-5, -3, 19);
  EXPECT_EQ(fedwire.OpenAt(At("2024-01-08T01:59:59Z")), std::nullopt);
  EXPECT_EQ(fedwire.OpenAt(At("2024-01-08T02:00:00Z")), Day("2024-01-08"));  // Sunday evening
  EXPECT_EQ(fedwire.OpenAt(At("2024-01-13T00:00:00Z")), std::nullopt);       // Friday, 19:00
}

TEST(OperatingCalendarTest, HolidaysAndWeekendsAreItsOwn) {
  OperatingCalendar::Options options;
  options.opens = Clock(8);
  options.cuts_off = Clock(17);
  options.weekend = {Weekday::kFriday, Weekday::kSaturday};
  options.holidays = {Day("2024-01-08")};
  const OperatingCalendar calendar = OperatingCalendar::Make(options).value();
  EXPECT_TRUE(calendar.IsBusinessDay(Day("2024-01-07")));   // Sunday
  EXPECT_FALSE(calendar.IsBusinessDay(Day("2024-01-12")));  // Friday
  EXPECT_EQ(calendar.BusinessDayFrom(Day("2024-01-08")), Day("2024-01-09"));
}

TEST(OperatingCalendarTest, RefusesHoursThatContradict) {
  OperatingCalendar::Options options;
  options.opens = Clock(8);
  options.cuts_off = Clock(8);
  EXPECT_FALSE(OperatingCalendar::Make(options).ok());
  options.cuts_off = Clock(32);
  EXPECT_FALSE(OperatingCalendar::Make(options).ok());
  options.cuts_off = Clock(31);
  EXPECT_TRUE(OperatingCalendar::Make(options).ok());
  options.opens = Clock(24);
  EXPECT_FALSE(OperatingCalendar::Make(options).ok());
}

TEST(ValueDateTest, CountsDaysOnWhichBothDoBusiness) {
  const OperatingCalendar one = Fixed(0, 8, 17, {Day("2024-01-10")});  // a Wednesday
  const OperatingCalendar two = Fixed(9, 9, 19, {Day("2024-01-11")});
  EXPECT_EQ(ValueDate(Day("2024-01-08"), 0, one, two), Day("2024-01-08"));
  EXPECT_EQ(ValueDate(Day("2024-01-08"), 1, one, two), Day("2024-01-09"));
  EXPECT_EQ(ValueDate(Day("2024-01-08"), 2, one, two), Day("2024-01-12"));
  EXPECT_EQ(ValueDate(Day("2024-01-09"), 2, one, two), Day("2024-01-15"));
}

TEST(ValueDateTest, ATradeOnADayWithoutBusinessCountsFromTheNextOne) {
  const OperatingCalendar one = Fixed(0, 8, 17);
  EXPECT_EQ(ValueDate(Day("2024-01-06"), 0, one, one), Day("2024-01-08"));
  EXPECT_EQ(ValueDate(Day("2024-01-06"), 2, one, one), Day("2024-01-10"));
}

TEST(CommonHoursTest, AreThoseInWhichBothAreOpen) {
  // Tokyo, 9 to 19 on its clock, and Frankfurt in winter, 7 to 18.
  const OperatingCalendar tokyo = Fixed(9, 9, 19);
  const OperatingCalendar euro = Euro();
  EXPECT_EQ(CommonHours({&tokyo, &euro}, Day("2024-01-08"), Day("2024-01-09")),
            (std::vector<TimeSpan>{{At("2024-01-08T06:00:00Z"), At("2024-01-08T10:00:00Z")},
                                   {At("2024-01-09T06:00:00Z"), At("2024-01-09T10:00:00Z")}}));
  // An hour more in summer, when Frankfurt opens at 5 UTC.
  EXPECT_EQ(CommonHours({&tokyo, &euro}, Day("2024-07-01"), Day("2024-07-01")),
            (std::vector<TimeSpan>{{At("2024-07-01T05:00:00Z"), At("2024-07-01T10:00:00Z")}}));
}

TEST(CommonHoursTest, AreNoneWithoutOverlap) {
  const OperatingCalendar east = Fixed(12, 8, 12);
  const OperatingCalendar west = Fixed(-8, 8, 12);
  EXPECT_TRUE(CommonHours({&east, &west}, Day("2024-01-08"), Day("2024-01-12")).empty());
  EXPECT_EQ(NextCommonOpening({&east, &west}, At("2024-01-08T00:00:00Z")), std::nullopt);
}

TEST(NextCommonOpeningTest, IsNowWhenAllAreOpenAndElseTheNextDay) {
  const OperatingCalendar tokyo = Fixed(9, 9, 19);
  const OperatingCalendar euro = Euro();
  EXPECT_EQ(NextCommonOpening({&tokyo, &euro}, At("2024-01-08T07:00:00Z")),
            At("2024-01-08T07:00:00Z"));
  EXPECT_EQ(NextCommonOpening({&tokyo, &euro}, At("2024-01-12T10:00:00Z")),  // Friday
            At("2024-01-15T06:00:00Z"));
}

TEST(WidestWindowTest, IsWhenTheMostAreOpen) {
  const OperatingCalendar tokyo = Fixed(9, 9, 19);
  const OperatingCalendar euro = Euro();
  const OperatingCalendar york = Fixed(-5, 8, 18);
  const WidestWindow window =
      FindWidestWindow({&tokyo, &euro, &york}, Day("2024-01-08"), Day("2024-01-08"));
  EXPECT_EQ(window.open, 2U);
  EXPECT_EQ(window.spans,
            (std::vector<TimeSpan>{{At("2024-01-08T06:00:00Z"), At("2024-01-08T10:00:00Z")},
                                   {At("2024-01-08T13:00:00Z"), At("2024-01-08T17:00:00Z")}}));
}

// Against a look at every quarter of an hour.
TEST(CalendarPropertyTest, CommonHoursAgreeWithAskingAtEveryMoment) {
  RandomStream random(1, "calendar");
  for (int round = 0; round < 30; ++round) {
    std::vector<OperatingCalendar> calendars;
    for (int i = 0; i < 3; ++i) {
      const auto offset = static_cast<int>(random.UniformInRange(-11, 12));
      const auto opens = static_cast<int>(random.UniformInRange(-5, 12));
      const auto hours = static_cast<int>(random.UniformInRange(1, 23));
      calendars.push_back(Fixed(offset, opens, opens + hours, {Day("2024-01-09")}));
    }
    const std::vector<const OperatingCalendar*> all = {&calendars[0], &calendars[1], &calendars[2]};
    const auto spans = CommonHours(all, Day("2024-01-01"), Day("2024-01-20"));
    for (std::size_t i = 0; i + 1 < spans.size(); ++i) {
      ASSERT_LT(spans[i].end, spans[i + 1].begin);
    }
    for (int quarter = 0; quarter < 10 * 96; ++quarter) {
      const LedgerTime time = At("2024-01-04T00:00:00Z") + Duration::FromMinutes(15 * quarter);
      bool open = true;
      for (const auto* calendar : all) open = open && calendar->OpenAt(time).has_value();
      bool in_span = false;
      for (const TimeSpan& span : spans) in_span |= time >= span.begin && time < span.end;
      ASSERT_EQ(open, in_span) << round << " " << time.ToString();
    }
  }
}

TEST(OvernightChargeTest, IsOnTheExcessForEachNightOfA360DayYear) {
  // 1,000,000.00 above the limit at 5% for one night: 138.888...
  EXPECT_EQ(OvernightCharge(Minor(150'000'000), Minor(50'000'000), 50'000, 1), Minor(13'889));
  EXPECT_EQ(OvernightCharge(Minor(150'000'000), Minor(50'000'000), 50'000, 3), Minor(41'667));
  EXPECT_EQ(OvernightCharge(Minor(50'000'000), Minor(50'000'000), 50'000, 1), Minor(0));
  EXPECT_EQ(OvernightCharge(Minor(-5), Minor(0), 50'000, 1), Minor(0));
}

TEST(OvernightChargeTest, RoundsHalfToEven) {
  // 180 * 1,000,000 / 360,000,000 is 0.5.
  EXPECT_EQ(OvernightCharge(Minor(180), Minor(0), 1'000'000, 1), Minor(0));
  EXPECT_EQ(OvernightCharge(Minor(540), Minor(0), 1'000'000, 1), Minor(2));
  EXPECT_EQ(OvernightCharge(Minor(181), Minor(0), 1'000'000, 1), Minor(1));
  EXPECT_EQ(OvernightCharge(Amount::Max(), Minor(0), 1'000'000'000, 1'000'000), std::nullopt);
}

}  // namespace
}  // namespace causeway::core
