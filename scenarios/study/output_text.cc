#include "scenarios/study/output_text.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "scenarios/study/values.h"
#include "settlement/core/amount.h"

namespace causeway::study {

std::string_view Name(Status status) {
  switch (status) {
    case Status::kUnsettled:
      return "unsettled";
    case Status::kSettled:
      return "settled";
    case Status::kRejected:
      return "rejected";
    case Status::kLate:
      return "late";
    case Status::kCancelled:
      return "cancelled";
    case Status::kWithheld:
      return "withheld";
  }
  return "unknown";
}

std::string Money(std::int64_t minor, int minor_digits) {
  return core::FormatAmount(core::Amount::FromMinor(minor), minor_digits);
}

std::string Share(const Millionths& share) { return share ? Money(*share, 6) : ""; }

std::string TimeOfDay(TimeUs time) { return FormatTimeOfDay(time); }

std::size_t HoursShown(const RunResult& result) {
  constexpr std::size_t kHoursOfDay = 24;
  const auto hours = static_cast<std::size_t>((result.closes + kHourUs - 1) / kHourUs);
  return std::max(kHoursOfDay, std::min(hours, kHoursMax));
}

std::vector<NamedValue> ValuesOf(const DayIndicators& day, int minor_digits) {
  std::vector<NamedValue> values;
  const auto money = [&](const char* name, std::int64_t value) {
    values.push_back({name, Money(value, minor_digits)});
  };
  const auto share = [&](const char* name, const Millionths& value) {
    values.push_back({name, Share(value)});
  };
  const auto seconds = [&](const char* name, std::int64_t micros) {
    values.push_back({name, Money(micros, 6)});
  };
  const auto count = [&](const char* name, std::uint64_t value) {
    values.push_back({name, fmt::format("{}", value)});
  };
  const auto both = [&](const std::string& name, const CountAndValue& value) {
    values.push_back({name + "_count", fmt::format("{}", value.count)});
    values.push_back({name + "_value", Money(value.value, minor_digits)});
  };
  const auto time = [&](const char* name, const std::optional<TimeUs>& value) {
    values.push_back({name, value ? TimeOfDay(*value) : "", false});
  };
  both("submitted", day.submitted);
  both("settled", day.settled);
  both("unsettled", day.unsettled);
  both("rejected", day.rejected);
  both("late", day.late);
  both("settled_immediately", day.settled_immediately);
  both("settled_from_queue", day.settled_from_queue);
  both("settled_bilaterally", day.settled_bilaterally);
  both("settled_multilaterally", day.settled_multilaterally);
  both("settled_in_cycles", day.settled_in_cycles);
  share("offset_share", day.offset_share);
  values.push_back({"mean_delay_s", day.mean_delay_us ? Money(*day.mean_delay_us, 6) : ""});
  values.push_back({"urgent_mean_delay_s", day.urgent_mean_delay_us
                                               ? Money(*day.urgent_mean_delay_us, 6)
                                               : std::string()});
  share("delay", day.delay);
  seconds("longest_delay_s", day.longest_delay_us);
  money("lower_bound", day.lower_bound);
  money("upper_bound", day.upper_bound);
  money("liquidity", day.liquidity);
  money("liquidity_used", day.liquidity_used);
  share("usage", day.usage);
  share("used_usage", day.used_usage);
  share("liquidity_saved", day.liquidity_saved);
  share("turnover", day.turnover);
  money("peak_credit", day.peak_credit);
  money("credit_charge", day.credit_charge);
  count("queue_peak_count", day.queue_peak_count);
  money("queue_peak_value", day.queue_peak_value);
  std::uint64_t gridlocks = 0;
  for (const Episode& episode : day.episodes) gridlocks += episode.gridlock ? 1 : 0;
  count("gridlocks", gridlocks);
  seconds("gridlock_s", day.gridlock_us);
  seconds("longest_gridlock_s", day.longest_gridlock_us);
  count("deadlocks", day.episodes.size() - gridlocks);
  seconds("deadlock_s", day.deadlock_us);
  seconds("longest_deadlock_s", day.longest_deadlock_us);
  count("target_breaches", day.target_breaches);
  time("half_settled_at", day.half_settled_at);
  time("three_quarters_settled_at", day.three_quarters_settled_at);
  share("herfindahl", day.herfindahl);
  share("one_hour_count_share", day.one_hour_count);
  share("one_hour_value_share", day.one_hour_value);
  both("linked", day.linked);
  share("pvp_share", day.pvp_share);
  money("principal_at_risk_peak", day.principal_at_risk_peak);
  share("principal_at_risk_hours", day.principal_at_risk_hours);
  return values;
}

absl::Status WriteFileAt(const std::string& path, const std::function<void(std::ostream&)>& write) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (file) write(file);
  file.close();
  if (file.fail()) return absl::UnavailableError(fmt::format("cannot write {}", path));
  return absl::OkStatus();
}

absl::Status MakeDirectory(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(fmt::format("cannot create {}: {}", directory, error.message()));
}

}  // namespace causeway::study
