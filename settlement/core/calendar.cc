#include "settlement/core/calendar.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "settlement/core/check.h"
#include "settlement/core/quote.h"

namespace causeway::core {
namespace {

constexpr Duration kOffsetMax = Duration::FromHours(14);
constexpr std::uint64_t kPpm = 1'000'000;
constexpr std::uint64_t kDaysOfYear = 360;

bool OffsetInRange(Duration offset) {
  return offset <= kOffsetMax && offset >= Duration::Zero() - kOffsetMax;
}

// A moment at which a calendar opens (+1) or cuts off (-1).
struct Edge {
  LedgerTime time;
  int change;
};

// How many are open from each edge on, with edges of one instant taken together.
std::vector<Edge> CountOpen(const std::vector<const OperatingCalendar*>& calendars,
                            BusinessDate first, BusinessDate last) {
  std::vector<Edge> edges;
  for (const OperatingCalendar* calendar : calendars) {
    for (BusinessDate date = first; date <= last; date = date.AddDays(1)) {
      if (calendar->IsBusinessDay(date)) {
        const TimeSpan hours = calendar->HoursOf(date);
        edges.push_back({hours.begin, 1});
        edges.push_back({hours.end, -1});
      }
      if (date == last) break;  // AddDays stops at the end of the range
    }
  }
  std::sort(edges.begin(), edges.end(),
            [](const Edge& a, const Edge& b) { return a.time < b.time; });
  std::vector<Edge> counts;
  int open = 0;
  for (const Edge& edge : edges) {
    open += edge.change;
    if (!counts.empty() && counts.back().time == edge.time) {
      counts.back().change = open;
    } else {
      counts.push_back({edge.time, open});
    }
  }
  return counts;
}

std::vector<TimeSpan> SpansWith(const std::vector<Edge>& counts, int open) {
  std::vector<TimeSpan> spans;
  for (std::size_t i = 0; i + 1 < counts.size(); ++i) {
    if (counts[i].change < open) continue;
    if (!spans.empty() && spans.back().end == counts[i].time) {
      spans.back().end = counts[i + 1].time;
    } else {
      spans.push_back({counts[i].time, counts[i + 1].time});
    }
  }
  return spans;
}

}  // namespace

absl::StatusOr<Duration> ParseUtcOffset(std::string_view text) {
  if (text == "Z") return Duration::Zero();
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  const bool good = text.size() == 6 && (text[0] == '+' || text[0] == '-') && digit(1) &&
                    digit(2) && text[3] == ':' && digit(4) && digit(5);
  if (good) {
    const int hours = (text[1] - '0') * 10 + (text[2] - '0');
    const int minutes = (text[4] - '0') * 10 + (text[5] - '0');
    const Duration size = Duration::FromMinutes(hours * 60 + minutes);
    if (minutes < 60 && size <= kOffsetMax) {
      return text[0] == '+' ? size : Duration::Zero() - size;
    }
  }
  return absl::InvalidArgumentError(fmt::format(
      "offset {}: must be \"Z\" or \"+HH:MM\" or \"-HH:MM\", at most 14 hours", Quoted(text)));
}

absl::StatusOr<LocalClock> LocalClock::Make(Duration offset, std::vector<Change> changes) {
  if (!OffsetInRange(offset)) return absl::InvalidArgumentError("offset: at most 14 hours");
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (!OffsetInRange(changes[i].offset)) {
      return absl::InvalidArgumentError("offset: at most 14 hours");
    }
    if (i > 0 && changes[i].from <= changes[i - 1].from) {
      return absl::InvalidArgumentError(fmt::format(
          "changes of the offset must be in ascending order: {} is not after the one before",
          changes[i].from.ToString()));
    }
  }
  LocalClock clock;
  clock.offset_ = offset;
  clock.changes_ = std::move(changes);
  return clock;
}

Duration LocalClock::OffsetAt(LedgerTime time) const {
  const auto next =
      std::upper_bound(changes_.begin(), changes_.end(), time,
                       [](LedgerTime at, const Change& change) { return at < change.from; });
  return next == changes_.begin() ? offset_ : std::prev(next)->offset;
}

BusinessDate LocalClock::DateAt(LedgerTime time) const {
  return BusinessDate::InUtc(time + OffsetAt(time));
}

// Offsets in force one after the other: in the first period whose end the instant does not pass.
LedgerTime LocalClock::InstantOf(BusinessDate date, Duration time_of_day) const {
  const LedgerTime shown = date.StartInUtc() + time_of_day;
  LedgerTime begin = LedgerTime::Min();
  Duration offset = offset_;
  for (const Change& change : changes_) {
    const LedgerTime instant = std::max(shown - offset, begin);
    if (instant < change.from) return instant;
    begin = change.from;
    offset = change.offset;
  }
  return std::max(shown - offset, begin);
}

absl::StatusOr<OperatingCalendar> OperatingCalendar::Make(Options options) {
  const Duration day = Duration::FromHours(24);
  if (options.opens < Duration::Zero() - day || options.opens >= day) {
    return absl::InvalidArgumentError("opens: must be within a day of the business date");
  }
  if (options.cuts_off <= options.opens) {
    return absl::InvalidArgumentError("cuts_off: must be after opens");
  }
  // An hour less than a day, so that days stay apart when the clocks go back.
  if (options.cuts_off > options.opens + Duration::FromHours(23)) {
    return absl::InvalidArgumentError("cuts_off: must be at most 23 hours after opens");
  }
  std::sort(options.weekend.begin(), options.weekend.end());
  options.weekend.erase(std::unique(options.weekend.begin(), options.weekend.end()),
                        options.weekend.end());
  if (options.weekend.size() >= 7) {
    return absl::InvalidArgumentError("weekend: leaves no day of business");
  }
  std::sort(options.holidays.begin(), options.holidays.end());
  return OperatingCalendar(std::move(options));
}

bool OperatingCalendar::IsBusinessDay(BusinessDate date) const {
  return !std::binary_search(options_.weekend.begin(), options_.weekend.end(), date.weekday()) &&
         !std::binary_search(options_.holidays.begin(), options_.holidays.end(), date);
}

TimeSpan OperatingCalendar::HoursOf(BusinessDate date) const {
  CW_CHECK(IsBusinessDay(date), "only business days have hours");
  return {options_.clock.InstantOf(date, options_.opens),
          options_.clock.InstantOf(date, options_.cuts_off)};
}

std::optional<BusinessDate> OperatingCalendar::OpenAt(LedgerTime time) const {
  const BusinessDate today = options_.clock.DateAt(time);
  for (const int offset : {-1, 0, 1}) {
    const BusinessDate date = today.AddDays(offset);
    if (!IsBusinessDay(date)) continue;
    const TimeSpan hours = HoursOf(date);
    if (time >= hours.begin && time < hours.end) return date;
  }
  return std::nullopt;
}

std::optional<BusinessDate> OperatingCalendar::BusinessDayFrom(BusinessDate date) const {
  for (std::int32_t i = 0; i <= kDaysAheadMax; ++i) {
    if (IsBusinessDay(date.AddDays(i))) return date.AddDays(i);
  }
  return std::nullopt;
}

std::optional<BusinessDate> ValueDate(BusinessDate trade_date, int days,
                                      const OperatingCalendar& first,
                                      const OperatingCalendar& second) {
  CW_CHECK(days >= 0 && days <= 10, "value dates are up to ten days after the trade");
  int left = days;
  for (std::int32_t i = 0; i <= kDaysAheadMax; ++i) {
    const BusinessDate date = trade_date.AddDays(i);
    if (!first.IsBusinessDay(date) || !second.IsBusinessDay(date)) continue;
    if (left == 0) return date;
    --left;
  }
  return std::nullopt;
}

std::vector<TimeSpan> CommonHours(const std::vector<const OperatingCalendar*>& calendars,
                                  BusinessDate first, BusinessDate last) {
  if (calendars.empty()) return {};
  return SpansWith(CountOpen(calendars, first, last), static_cast<int>(calendars.size()));
}

std::optional<LedgerTime> NextCommonOpening(const std::vector<const OperatingCalendar*>& calendars,
                                            LedgerTime time) {
  const BusinessDate today = BusinessDate::InUtc(time);
  // Business dates may lie a day or two from the date in UTC.
  for (std::int32_t week = 0; week <= kDaysAheadMax; week += 7) {
    for (const TimeSpan& span :
         CommonHours(calendars, today.AddDays(week - 3), today.AddDays(week + 10))) {
      if (span.end > time) return std::max(span.begin, time);
    }
  }
  return std::nullopt;
}

WidestWindow FindWidestWindow(const std::vector<const OperatingCalendar*>& calendars,
                              BusinessDate first, BusinessDate last) {
  const std::vector<Edge> counts = CountOpen(calendars, first, last);
  int most = 0;
  for (const Edge& edge : counts) most = std::max(most, edge.change);
  if (most == 0) return {};
  return {static_cast<std::size_t>(most), SpansWith(counts, most)};
}

std::optional<Amount> OvernightCharge(Amount balance, Amount limit, std::uint32_t rate_ppm,
                                      std::uint32_t nights) {
  CW_CHECK(!limit.IsNegative(), "a limit is not negative");
  if (balance <= limit) return Amount::Zero();
  using Uint128 = unsigned __int128;
  const auto excess = static_cast<Uint128>(balance.minor() - limit.minor());
  Uint128 product = excess * rate_ppm;
  if (__builtin_mul_overflow(product, Uint128{nights}, &product)) return std::nullopt;
  const Uint128 divisor = Uint128{kPpm} * kDaysOfYear;
  Uint128 charge = product / divisor;
  const Uint128 twice = product % divisor * 2;
  if (twice > divisor || (twice == divisor && charge % 2 == 1)) charge += 1;
  if (charge > static_cast<Uint128>(Amount::Max().minor())) return std::nullopt;
  return Amount::FromMinor(static_cast<std::int64_t>(charge));
}

}  // namespace causeway::core
