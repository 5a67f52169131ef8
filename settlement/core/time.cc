#include "settlement/core/time.h"

#include <chrono>

#include "fmt/format.h"
#include "settlement/core/quote.h"

namespace causeway::core {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

std::int64_t SaturatingAdd(std::int64_t left, std::int64_t right) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(left, right, &sum)) return sum;
  return right > 0 ? std::numeric_limits<std::int64_t>::max()
                   : std::numeric_limits<std::int64_t>::min();
}

std::int64_t SaturatingSub(std::int64_t left, std::int64_t right) {
  std::int64_t difference = 0;
  if (!__builtin_sub_overflow(left, right, &difference)) return difference;
  return right < 0 ? std::numeric_limits<std::int64_t>::max()
                   : std::numeric_limits<std::int64_t>::min();
}

// Towards the past, so that times before 1970 fall on the right day.
std::int64_t DaysFloor(std::int64_t micros) {
  const std::int64_t days = micros / kMicrosPerDay;
  return micros % kMicrosPerDay < 0 ? days - 1 : days;
}

std::chrono::year_month_day Civil(std::int32_t days) {
  return std::chrono::year_month_day(std::chrono::sys_days(std::chrono::days(days)));
}

// The number that `digits` spell, or -1 when anything but digits is there.
int FixedDigits(std::string_view digits) {
  int value = 0;
  for (const char character : digits) {
    if (character < '0' || character > '9') return -1;
    value = value * 10 + (character - '0');
  }
  return value;
}

// "YYYY-MM-DD" of a date that exists.
std::optional<BusinessDate> ParseDate(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const int year = FixedDigits(text.substr(0, 4));
  const int month = FixedDigits(text.substr(5, 2));
  const int day = FixedDigits(text.substr(8, 2));
  if (year < 0 || month < 0 || day < 0) return std::nullopt;
  return BusinessDate::FromCivil(year, month, day);
}

// Microseconds after midnight, from "HH:MM:SS" with an optional fraction of 1 to 6 digits.
std::optional<std::int64_t> ParseTimeOfDay(std::string_view text) {
  if (text.size() < 8 || text[2] != ':' || text[5] != ':') return std::nullopt;
  const int hour = FixedDigits(text.substr(0, 2));
  const int minute = FixedDigits(text.substr(3, 2));
  const int second = FixedDigits(text.substr(6, 2));
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
    return std::nullopt;
  }
  std::int64_t fraction_micros = 0;
  if (text.size() > 8) {
    const std::string_view fraction = text.substr(9);
    if (text[8] != '.' || fraction.empty() || fraction.size() > 6) return std::nullopt;
    const int value = FixedDigits(fraction);
    if (value < 0) return std::nullopt;
    fraction_micros = value;
    for (std::size_t i = fraction.size(); i < 6; ++i) fraction_micros *= 10;
  }
  return (hour * 3600 + minute * 60 + second) * kMicrosPerSecond + fraction_micros;
}

}  // namespace

Duration operator+(Duration left, Duration right) {
  return Duration::FromMicros(SaturatingAdd(left.micros(), right.micros()));
}

Duration operator-(Duration left, Duration right) {
  return Duration::FromMicros(SaturatingSub(left.micros(), right.micros()));
}

LedgerTime operator+(LedgerTime time, Duration duration) {
  return LedgerTime::FromMicros(SaturatingAdd(time.micros(), duration.micros()));
}

LedgerTime operator-(LedgerTime time, Duration duration) {
  return LedgerTime::FromMicros(SaturatingSub(time.micros(), duration.micros()));
}

Duration operator-(LedgerTime later, LedgerTime earlier) {
  return Duration::FromMicros(SaturatingSub(later.micros(), earlier.micros()));
}

absl::StatusOr<LedgerTime> LedgerTime::Parse(std::string_view text) {
  std::optional<BusinessDate> date;
  std::optional<std::int64_t> time_of_day_micros;
  if (text.size() >= 20 && text[10] == 'T' && text.back() == 'Z') {
    date = ParseDate(text.substr(0, 10));
    time_of_day_micros = ParseTimeOfDay(text.substr(11, text.size() - 12));
  }
  if (!date || !time_of_day_micros) {
    return absl::InvalidArgumentError(fmt::format(
        "time {}: must be an existing date and time in UTC (RFC 3339) with at most six decimals, "
        "like 2022-08-15T01:00:00Z or 2022-08-15T01:00:00.000000Z",
        Quoted(text)));
  }
  return LedgerTime(date->StartInUtc().micros() + *time_of_day_micros);
}

std::string LedgerTime::ToString() const {
  const std::int64_t days = DaysFloor(micros_);
  const std::optional<BusinessDate> date = BusinessDate::FromDays(static_cast<std::int32_t>(days));
  if (!date) return fmt::format("@{}us", micros_);
  const std::int64_t micros_of_day = micros_ - days * kMicrosPerDay;
  const std::int64_t seconds = micros_of_day / kMicrosPerSecond;
  return fmt::format("{}T{:02}:{:02}:{:02}.{:06}Z", date->ToString(), seconds / 3600,
                     seconds / 60 % 60, seconds % 60, micros_of_day % kMicrosPerSecond);
}

std::optional<BusinessDate> BusinessDate::FromCivil(int year, int month, int day) {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31) {
    return std::nullopt;
  }
  const std::chrono::year_month_day civil(std::chrono::year(year),
                                          std::chrono::month(static_cast<unsigned>(month)),
                                          std::chrono::day(static_cast<unsigned>(day)));
  if (!civil.ok()) return std::nullopt;
  const auto days = std::chrono::sys_days(civil).time_since_epoch().count();
  return BusinessDate(static_cast<std::int32_t>(days));
}

absl::StatusOr<BusinessDate> BusinessDate::Parse(std::string_view text) {
  const std::optional<BusinessDate> date = ParseDate(text);
  if (!date) {
    return absl::InvalidArgumentError(fmt::format(
        "date {}: must be an existing day written YYYY-MM-DD, like 2022-08-15", Quoted(text)));
  }
  return *date;
}

BusinessDate BusinessDate::InUtc(LedgerTime time) {
  // At most about 107 million days either way, so the count fits 32 bits.
  return BusinessDate().AddDays(static_cast<std::int32_t>(DaysFloor(time.micros())));
}

int BusinessDate::year() const { return static_cast<int>(Civil(days_).year()); }

int BusinessDate::month() const {
  return static_cast<int>(static_cast<unsigned>(Civil(days_).month()));
}

int BusinessDate::day() const {
  return static_cast<int>(static_cast<unsigned>(Civil(days_).day()));
}

Weekday BusinessDate::weekday() const {
  const std::chrono::weekday weekday{std::chrono::sys_days(std::chrono::days(days_))};
  return static_cast<Weekday>(weekday.iso_encoding());
}

std::string BusinessDate::ToString() const {
  const std::chrono::year_month_day civil = Civil(days_);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(civil.year()),
                     static_cast<unsigned>(civil.month()), static_cast<unsigned>(civil.day()));
}

LedgerTime BusinessDate::StartInUtc() const {
  return LedgerTime::FromMicros(days_ * kMicrosPerDay);
}

BusinessDate BusinessDate::AddDays(std::int32_t days) const {
  const std::int64_t sum = std::int64_t{days_} + days;
  if (sum < kDaysMin) return BusinessDate(kDaysMin);
  if (sum > kDaysMax) return BusinessDate(kDaysMax);
  return BusinessDate(static_cast<std::int32_t>(sum));
}

}  // namespace causeway::core
