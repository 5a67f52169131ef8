// Ledger time and business dates. Nothing here reads a clock: time is an input of the ledger.
#ifndef CAUSEWAY_SETTLEMENT_CORE_TIME_H_
#define CAUSEWAY_SETTLEMENT_CORE_TIME_H_

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace causeway::core {

// A signed span of time in microseconds. All arithmetic saturates at Min() and Max(), so "never"
// stays never.
class Duration {
 public:
  constexpr Duration() = default;
  static constexpr Duration FromMicros(std::int64_t micros) { return Duration(micros); }
  static constexpr Duration FromMillis(std::int64_t millis) { return Scaled(millis, 1'000); }
  static constexpr Duration FromSeconds(std::int64_t seconds) { return Scaled(seconds, 1'000'000); }
  static constexpr Duration FromMinutes(std::int64_t minutes) {
    return Scaled(minutes, 60'000'000);
  }
  static constexpr Duration FromHours(std::int64_t hours) { return Scaled(hours, 3'600'000'000); }
  static constexpr Duration Zero() { return Duration(0); }
  static constexpr Duration Max() { return Duration(std::numeric_limits<std::int64_t>::max()); }
  static constexpr Duration Min() { return Duration(std::numeric_limits<std::int64_t>::min()); }

  constexpr std::int64_t micros() const { return micros_; }

  friend constexpr auto operator<=>(const Duration&, const Duration&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const Duration& duration) {
    return H::combine(std::move(state), duration.micros_);
  }

 private:
  explicit constexpr Duration(std::int64_t micros) : micros_(micros) {}
  static constexpr Duration Scaled(std::int64_t count, std::int64_t unit_micros) {
    if (count > std::numeric_limits<std::int64_t>::max() / unit_micros) return Max();
    if (count < std::numeric_limits<std::int64_t>::min() / unit_micros) return Min();
    return Duration(count * unit_micros);
  }

  std::int64_t micros_ = 0;
};

Duration operator+(Duration left, Duration right);
Duration operator-(Duration left, Duration right);

// Microseconds since 1970-01-01T00:00:00Z, without leap seconds (as POSIX counts). Journaled with
// each batch, monotone within a ledger. The epoch by default.
class LedgerTime {
 public:
  constexpr LedgerTime() = default;
  static constexpr LedgerTime FromMicros(std::int64_t micros) { return LedgerTime(micros); }
  static constexpr LedgerTime Max() { return LedgerTime(std::numeric_limits<std::int64_t>::max()); }
  static constexpr LedgerTime Min() { return LedgerTime(std::numeric_limits<std::int64_t>::min()); }

  // RFC 3339 in UTC: "2022-08-15T01:00:00Z" or with 1 to 6 decimals of a second. Capital T and Z,
  // no other offset, no leap second, years 0001 to 9999. InvalidArgument says what was wrong.
  static absl::StatusOr<LedgerTime> Parse(std::string_view text);
  // Always with six decimals: "2022-08-15T01:00:00.000000Z". A time outside the years 0001 to 9999
  // has no RFC 3339 form and is written "@<micros>us", which Parse refuses.
  std::string ToString() const;

  constexpr std::int64_t micros() const { return micros_; }

  friend constexpr auto operator<=>(const LedgerTime&, const LedgerTime&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const LedgerTime& time) {
    return H::combine(std::move(state), time.micros_);
  }

 private:
  explicit constexpr LedgerTime(std::int64_t micros) : micros_(micros) {}

  std::int64_t micros_ = 0;
};

// All saturate at Min() and Max().
LedgerTime operator+(LedgerTime time, Duration duration);
LedgerTime operator-(LedgerTime time, Duration duration);
Duration operator-(LedgerTime later, LedgerTime earlier);

enum class Weekday { kMonday = 1, kTuesday, kWednesday, kThursday, kFriday, kSaturday, kSunday };

// A day of the proleptic Gregorian calendar from 0001-01-01 to 9999-12-31, in no time zone: which
// day it is in a jurisdiction is the calendar's decision, not arithmetic. 1970-01-01 by default.
class BusinessDate {
 public:
  static constexpr std::int32_t kDaysMin = -719'162;   // 0001-01-01
  static constexpr std::int32_t kDaysMax = 2'932'896;  // 9999-12-31

  constexpr BusinessDate() = default;
  // Days since 1970-01-01, within kDaysMin..kDaysMax, else nothing.
  static constexpr std::optional<BusinessDate> FromDays(std::int32_t days) {
    if (days < kDaysMin || days > kDaysMax) return std::nullopt;
    return BusinessDate(days);
  }
  // A date that exists, else nothing.
  static std::optional<BusinessDate> FromCivil(int year, int month, int day);
  // "YYYY-MM-DD", else InvalidArgument.
  static absl::StatusOr<BusinessDate> Parse(std::string_view text);
  // The day in UTC, clamped to the range above.
  static BusinessDate InUtc(LedgerTime time);

  constexpr std::int32_t days() const { return days_; }
  int year() const;
  int month() const;  // 1..12
  int day() const;    // 1..31
  Weekday weekday() const;
  std::string ToString() const;
  // Midnight UTC at its beginning.
  LedgerTime StartInUtc() const;
  // Forward, or backward when negative; stops at the ends of the range above.
  BusinessDate AddDays(std::int32_t days) const;

  friend constexpr auto operator<=>(const BusinessDate&, const BusinessDate&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const BusinessDate& date) {
    return H::combine(std::move(state), date.days_);
  }

 private:
  explicit constexpr BusinessDate(std::int32_t days) : days_(days) {}

  std::int32_t days_ = 0;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_TIME_H_
