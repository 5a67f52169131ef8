// Operating hours of settlement systems: when each is open, on which days, and when two of them are
// open together. Time zones are what the caller says they are: an offset from UTC and the instants
// at which it changes. No database is consulted, so that a run is the same everywhere for ever.
//
// Immutable values; any number of threads may read one.
#ifndef CAUSEWAY_SETTLEMENT_CORE_CALENDAR_H_
#define CAUSEWAY_SETTLEMENT_CORE_CALENDAR_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/amount.h"
#include "settlement/core/time.h"

namespace causeway::core {

// "+01:00", "-03:30" or "Z": hours and minutes ahead of UTC, at most 14 of them either way.
absl::StatusOr<Duration> ParseUtcOffset(std::string_view text);

// Civil time of one place.
class LocalClock {
 public:
  struct Change {
    LedgerTime from;
    Duration offset;
  };

  // UTC for ever.
  LocalClock() = default;
  // `changes` must be in ascending order. InvalidArgument otherwise, and for an offset beyond 14
  // hours.
  static absl::StatusOr<LocalClock> Make(Duration offset, std::vector<Change> changes);

  Duration OffsetAt(LedgerTime time) const;
  BusinessDate DateAt(LedgerTime time) const;
  // The instant at which the clocks show `time_of_day` on `date` (it may be below zero or above 24
  // hours: of the day before or after). When they show it twice, the first; when they jump over it,
  // the instant of the jump.
  LedgerTime InstantOf(BusinessDate date, Duration time_of_day) const;

 private:
  Duration offset_;
  std::vector<Change> changes_;
};

// From `begin` until just before `end`.
struct TimeSpan {
  LedgerTime begin;
  LedgerTime end;

  friend bool operator==(const TimeSpan&, const TimeSpan&) = default;
};

// One system's calendar.
class OperatingCalendar {
 public:
  struct Options {
    LocalClock clock;
    // On the clock of a business date; opens may be below zero: on the evening before.
    Duration opens;
    Duration cuts_off;  // after opens, and at most 23 hours after it
    // Days of the week without business.
    std::vector<Weekday> weekend = {Weekday::kSaturday, Weekday::kSunday};
    std::vector<BusinessDate> holidays;
  };
  // InvalidArgument says what is wrong.
  static absl::StatusOr<OperatingCalendar> Make(Options options);

  bool IsBusinessDay(BusinessDate date) const;
  // Of a business day.
  TimeSpan HoursOf(BusinessDate date) const;
  // The business date on which it is open at `time`, if it is open.
  std::optional<BusinessDate> OpenAt(LedgerTime time) const;
  // The first business day from `date` on, itself included; nothing within kDaysAheadMax days.
  std::optional<BusinessDate> BusinessDayFrom(BusinessDate date) const;

 private:
  explicit OperatingCalendar(Options options) : options_(std::move(options)) {}

  Options options_;
};

// How far ahead a business day is looked for.
inline constexpr std::int32_t kDaysAheadMax = 400;

// The value date of a trade that settles `days` (0..10) days after its trade date: so many days on
// which both systems do business, counted from the trade date or, when that is none, from the next
// one. Nothing within kDaysAheadMax days.
std::optional<BusinessDate> ValueDate(BusinessDate trade_date, int days,
                                      const OperatingCalendar& first,
                                      const OperatingCalendar& second);

// When all of them are open at once, on any business dates within `first`..`last` of each; in
// order, and never touching.
std::vector<TimeSpan> CommonHours(const std::vector<const OperatingCalendar*>& calendars,
                                  BusinessDate first, BusinessDate last);

// The earliest instant from `time` on at which all are open; nothing within kDaysAheadMax days.
std::optional<LedgerTime> NextCommonOpening(const std::vector<const OperatingCalendar*>& calendars,
                                            LedgerTime time);

// When the most of them are open at once, and how many those are: the "global settlement window" of
// CPMI (2022). Empty spans when there are no calendars or no business days.
struct WidestWindow {
  std::size_t open = 0;
  std::vector<TimeSpan> spans;
};
WidestWindow FindWidestWindow(const std::vector<const OperatingCalendar*>& calendars,
                              BusinessDate first, BusinessDate last);

// What a holder pays for keeping more than `limit` for so many nights: the excess times the rate
// for each night of a 360-day year, rounded half to even. Zero at or below the limit. Nothing when
// it does not fit 64 bits. `rate_ppm` is of a year, in millionths; limit >= 0, nights >= 0.
std::optional<Amount> OvernightCharge(Amount balance, Amount limit, std::uint32_t rate_ppm,
                                      std::uint32_t nights);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_CALENDAR_H_
