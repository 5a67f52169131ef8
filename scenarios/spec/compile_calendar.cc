// When each ledger is open, and what may stay on it over night.
#include <algorithm>

#include "fmt/format.h"
#include "scenarios/spec/compiler.h"
#include "settlement/core/check.h"

namespace causeway::sim {
namespace {

// So many hours at least until the next opening: the day closes and the next one is set up.
constexpr core::Duration kHoursMax = core::Duration::FromHours(23);
constexpr std::uint32_t kAnnualRatePpmMax = 10'000'000;

}  // namespace

void Compiler::CompileHours(const Node& node, const causeway::v1::LedgerSpec& spec,
                            PlannedLedger& ledger) {
  if (!spec.has_hours()) {
    for (const core::BusinessDate date : plan_.days) {
      if (date < ledger.joins) continue;
      const core::LedgerTime start = date.StartInUtc();
      ledger.days.push_back({date, start + opens_, start + cuts_off_});
    }
    return;
  }
  own_hours_ = true;
  ledger.own_hours = true;
  const Node hours = node.Child("hours");
  ledger.warehouses = spec.hours().outside_hours() == causeway::v1::OUTSIDE_HOURS_WAREHOUSE;
  const auto calendar = ReadHours(hours, spec.hours());
  // A finding was made; the calendar's days keep the rest of the file readable.
  if (!calendar) {
    for (const core::BusinessDate date : plan_.days) {
      ledger.days.push_back({date, date.StartInUtc(), date.StartInUtc()});
    }
    return;
  }
  const core::BusinessDate first = spec.joins().empty() ? first_date_ : ledger.joins;
  for (core::BusinessDate date = first; date <= last_date_; date = date.AddDays(1)) {
    if (!calendar->IsBusinessDay(date)) continue;
    const core::TimeSpan open = calendar->HoursOf(date);
    ledger.days.push_back({date, open.begin, open.end});
  }
}

std::optional<core::LocalClock> Compiler::ReadClock(const Node& node,
                                                    const causeway::v1::RtgsHours& spec) {
  const auto read = [&](Place place, const std::string& text) -> std::optional<core::Duration> {
    absl::StatusOr<core::Duration> offset = core::ParseUtcOffset(text);
    if (offset.ok()) return *offset;
    Fail(place, std::string(offset.status().message()));
    return std::nullopt;
  };
  const auto offset = read(node.Of("utc_offset"), spec.utc_offset());
  std::vector<core::LocalClock::Change> changes;
  for (int i = 0; i < spec.offset_changes_size(); ++i) {
    const Node change = node.Child("offset_changes", i);
    const auto from = Read<core::LedgerTime>(change.Of("from"), spec.offset_changes(i).from());
    const auto to = read(change.Of("utc_offset"), spec.offset_changes(i).utc_offset());
    if (!from || !to) return std::nullopt;
    changes.push_back({*from, *to});
  }
  if (!offset) return std::nullopt;
  absl::StatusOr<core::LocalClock> clock = core::LocalClock::Make(*offset, std::move(changes));
  if (clock.ok()) return *std::move(clock);
  Fail(node.Of("offset_changes"), std::string(clock.status().message()));
  return std::nullopt;
}

std::optional<core::OperatingCalendar> Compiler::ReadHours(const Node& node,
                                                           const causeway::v1::RtgsHours& spec) {
  const auto clock = ReadClock(node, spec);
  const auto opens = ReadTimeOfDay(node.Of("opens"), spec.opens());
  // Of the next day from 24:00 on.
  constexpr int kHoursEnd = 48;
  const auto cuts_off = ReadTimeOfDay(node.Of("cuts_off"), spec.cuts_off(), kHoursEnd);
  if (!clock || !opens || !cuts_off) return std::nullopt;
  core::OperatingCalendar::Options options;
  options.clock = *clock;
  options.opens = spec.opens_day_before() ? *opens - core::Duration::FromHours(24) : *opens;
  options.cuts_off = *cuts_off;
  if (options.cuts_off > options.opens + kHoursMax) {
    Fail(node.Of("cuts_off"), "cuts_off: must be at most 23 hours after opens");
    return std::nullopt;
  }
  for (int i = 0; i < spec.holidays_size(); ++i) {
    const auto holiday = Read<core::BusinessDate>(node.Of("holidays", i), spec.holidays(i));
    if (!holiday) return std::nullopt;
    options.holidays.push_back(*holiday);
  }
  if (spec.weekend_size() > 0) options.weekend.clear();
  for (int i = 0; i < spec.weekend_size(); ++i) {
    const int day = static_cast<int>(spec.weekend(i));
    if (day < 1 || day > 7) {
      Fail(node.Of("weekend", i), "weekend: must be days of the week");
      return std::nullopt;
    }
    options.weekend.push_back(static_cast<core::Weekday>(day));
  }
  absl::StatusOr<core::OperatingCalendar> calendar =
      core::OperatingCalendar::Make(std::move(options));
  if (calendar.ok()) return *std::move(calendar);
  Fail(node.Of("opens"), std::string(calendar.status().message()));
  return std::nullopt;
}

void Compiler::CompileOvernight(const Node& node, const causeway::v1::OvernightRule& spec,
                                PlannedLedger& ledger) {
  PlannedOvernight overnight;
  const auto limit = [&](const char* field,
                         const std::string& text) -> std::optional<core::Amount> {
    if (text.empty()) return std::nullopt;
    const auto amount = core::ParseAmount(text, ledger.currency.minor_digits());
    if (amount.ok() && !amount->IsNegative()) return *amount;
    Fail(node.Of(field),
         amount.ok() ? "a limit must not be negative" : std::string(amount.status().message()));
    return std::nullopt;
  };
  overnight.non_resident_limit = limit("non_resident_limit", spec.non_resident_limit());
  overnight.resident_limit = limit("resident_limit", spec.resident_limit());
  if (spec.non_resident_limit().empty() && spec.resident_limit().empty()) {
    Fail(node.Of("non_resident_limit"), "an overnight rule needs a limit");
  }
  if (ledger.redeem_at_cut_off) {
    Fail(node.Of("non_resident_limit"),
         "with redeem_at_cut_off nothing stays over night: leave the overnight rule out");
  }
  overnight.sweep = spec.sweep();
  overnight.annual_rate_ppm = spec.annual_rate_ppm();
  if (spec.sweep() == (spec.annual_rate_ppm() > 0)) {
    Fail(node.Of("annual_rate_ppm"), "exactly one of sweep and annual_rate_ppm must be given");
  }
  if (spec.annual_rate_ppm() > kAnnualRatePpmMax) {
    Fail(node.Of("annual_rate_ppm"), fmt::format("annual_rate_ppm: at most {}", kAnnualRatePpmMax));
  }
  if (!spec.sweep()) ledger.fees = FeesAccountOf(ledger);
  ledger.overnight = overnight;
}

}  // namespace causeway::sim
