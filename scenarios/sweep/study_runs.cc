#include "scenarios/sweep/study_runs.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "scenarios/study/folder.h"
#include "scenarios/study/options.h"
#include "settlement/core/amount.h"
#include "settlement/core/hash.h"

namespace causeway::sim {
namespace {

// Exact decimals of exact integers.
std::string MinorText(const study::Input& input, std::int64_t minor) {
  return core::FormatAmount(core::Amount::FromMinor(minor), input.minor_digits);
}
std::string Seconds(study::TimeUs time) {
  return core::FormatAmount(core::Amount::FromMinor(time), 6);
}

// The mean of the days that have it, rounded towards zero to millionths; empty when none has.
template <typename Of>
std::string MeanOf(const study::Indicators& indicators, const Of& of) {
  __int128 sum = 0;
  std::int64_t days = 0;
  for (const study::DayIndicators& day : indicators.days) {
    const std::optional<std::int64_t> value = of(day);
    if (!value) continue;
    sum += *value;
    days += 1;
  }
  if (days == 0) return "";
  return core::FormatAmount(core::Amount::FromMinor(static_cast<std::int64_t>(sum / days)), 6);
}

template <typename Of>
std::int64_t SumOf(const study::Indicators& indicators, const Of& of) {
  std::int64_t sum = 0;
  for (const study::DayIndicators& day : indicators.days) {
    sum += static_cast<std::int64_t>(of(day));
  }
  return sum;
}

template <typename Of>
std::int64_t HighestOf(const study::Indicators& indicators, const Of& of) {
  std::int64_t highest = 0;
  for (const study::DayIndicators& day : indicators.days) {
    highest = std::max(highest, static_cast<std::int64_t>(of(day)));
  }
  return highest;
}

}  // namespace

absl::Status SetStudyOption(study::RunOptions& options, const std::string& name,
                            const std::string& value, int minor_digits) {
  absl::Status set = study::SetOption(options, name, value, minor_digits);
  if (set.ok()) return set;
  return absl::InvalidArgumentError(fmt::format("{}: {}", name, std::string(set.message())));
}

Indicators IndicatorsOfStudy(const study::Input& input, const study::Indicators& indicators) {
  using Day = const study::DayIndicators&;
  const auto count = [&](const auto& of) { return fmt::format("{}", SumOf(indicators, of)); };
  const auto value = [&](const auto& of) { return MinorText(input, SumOf(indicators, of)); };
  const auto mean = [&](const auto& of) { return MeanOf(indicators, of); };
  return {
      {"submitted", count([](Day day) { return day.submitted.count; })},
      {"settled", count([](Day day) { return day.settled.count; })},
      {"unsettled", count([](Day day) { return day.unsettled.count; })},
      {"rejected", count([](Day day) { return day.rejected.count; })},
      {"value_submitted", value([](Day day) { return day.submitted.value; })},
      {"value_settled", value([](Day day) { return day.settled.value; })},
      {"value_unsettled", value([](Day day) { return day.unsettled.value; })},
      {"share_settled",
       mean([](Day day) { return study::RatioOf(day.settled.value, day.submitted.value); })},
      {"offset_share", mean([](Day day) { return day.offset_share; })},
      {"liquidity_value", value([](Day day) { return day.liquidity; })},
      {"liquidity_used", value([](Day day) { return day.liquidity_used; })},
      {"lower_bound", value([](Day day) { return day.lower_bound; })},
      {"upper_bound", value([](Day day) { return day.upper_bound; })},
      {"liquidity_saved", mean([](Day day) { return day.liquidity_saved; })},
      {"usage", mean([](Day day) { return day.usage; })},
      {"turnover", mean([](Day day) { return day.turnover; })},
      {"delay", mean([](Day day) { return day.delay; })},
      {"delay_mean_s", mean([](Day day) { return day.mean_delay_us; })},
      {"urgent_delay_mean_s", mean([](Day day) { return day.urgent_mean_delay_us; })},
      {"delay_max_s", Seconds(HighestOf(indicators, [](Day day) { return day.longest_delay_us; }))},
      {"queue_peak",
       fmt::format("{}", HighestOf(indicators, [](Day day) { return day.queue_peak_count; }))},
      {"queue_peak_value",
       MinorText(input, HighestOf(indicators, [](Day day) { return day.queue_peak_value; }))},
      {"gridlocks", count([](Day day) {
         return std::count_if(day.episodes.begin(), day.episodes.end(),
                              [](const auto& each) { return each.gridlock; });
       })},
      {"deadlocks", count([](Day day) {
         return std::count_if(day.episodes.begin(), day.episodes.end(),
                              [](const auto& each) { return !each.gridlock; });
       })},
      {"gridlock_s", Seconds(SumOf(indicators, [](Day day) { return day.gridlock_us; }))},
      {"deadlock_s", Seconds(SumOf(indicators, [](Day day) { return day.deadlock_us; }))},
      {"credit_charge", value([](Day day) { return day.credit_charge; })},
      {"target_breaches", count([](Day day) { return day.target_breaches; })},
      {"within_hour", mean([](Day day) { return day.one_hour_count; })},
      {"herfindahl", mean([](Day day) { return day.herfindahl; })},
      {"pvp_share", mean([](Day day) { return day.pvp_share; })},
  };
}

Indicators IndicatorsOfParts(const std::vector<study::Part>& parts) {
  Indicators all;
  for (const study::Part& part : parts) {
    for (auto& [name, value] : IndicatorsOfStudy(part.input, part.indicators)) {
      all.emplace_back(parts.size() == 1 ? std::move(name) : part.currency + "." + name,
                       std::move(value));
    }
  }
  return all;
}

absl::Status StudyRuns::LoadBehaviours(const std::string& path) {
  std::error_code ignored;
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path, ignored)) {
    return absl::NotFoundError(fmt::format("--behaviours {}: cannot be read", path));
  }
  behaviours_text_ = {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  study::ProblemList problems;
  std::optional<study::FolderBehaviours> read =
      study::ParseBehaviours(behaviours_text_, path, input_, problems);
  if (!read) return absl::InvalidArgumentError(problems.ToString());
  behaviours_ = *std::move(read);
  // What was made with other behaviours is another sweep's.
  sha256_ = core::Sha256(sha256_ + core::Sha256(behaviours_text_).ToHex()).ToHex();
  return absl::OkStatus();
}

absl::StatusOr<StudyRuns> StudyRuns::Load(const std::string& folder, int minor_digits,
                                          const std::string& behaviours) {
  StudyRuns runs;
  const study::DiskFolder source(folder);
  study::FolderResult read = study::ReadFolder(source, minor_digits);
  if (!read.problems.empty()) return absl::InvalidArgumentError(read.problems.ToString());
  absl::StatusOr<std::string> hash = study::HashOfFiles(source, read.files);
  if (!hash.ok()) return hash.status();
  runs.sha256_ = *std::move(hash);
  runs.input_ = std::move(read.input);
  const std::filesystem::path path = std::filesystem::path(folder).lexically_normal();
  runs.input_.name = (path.has_filename() ? path : path.parent_path()).filename().string();
  if (!behaviours.empty()) {
    if (absl::Status loaded = runs.LoadBehaviours(behaviours); !loaded.ok()) return loaded;
  }
  return runs;
}

absl::StatusOr<study::RunOptions> StudyRuns::OptionsOf(const Point& point) const {
  study::RunOptions options;
  for (const auto& [name, value] : point) {
    const absl::Status set = SetStudyOption(options, name, value, input_.minor_digits);
    if (!set.ok()) return set;
  }
  const absl::Status fits = study::CheckOptions(options);
  if (fits.ok()) return options;
  return absl::InvalidArgumentError(
      fmt::format("with {}: {}", Describe(point), std::string(fits.message())));
}

absl::Status StudyRuns::Check(const std::vector<Point>& points) const {
  for (const Point& point : points) {
    if (const auto options = OptionsOf(point); !options.ok()) return options.status();
  }
  return absl::OkStatus();
}

absl::StatusOr<Indicators> StudyRuns::Make(const Run& run) const {
  absl::StatusOr<study::RunOptions> options = OptionsOf(run.point);
  if (!options.ok()) return options.status();
  options->behaviours = behaviours_.Make(run.seed);
  const absl::StatusOr<std::vector<study::Part>> parts = study::RunParts(input_, *options);
  if (!parts.ok()) return parts.status();
  return IndicatorsOfParts(*parts);
}

}  // namespace causeway::sim
