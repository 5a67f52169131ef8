#include "scenarios/sweep/preset_runs.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "scenarios/study/indicators.h"
#include "scenarios/study/options.h"
#include "scenarios/study/parts.h"
#include "scenarios/sweep/field_path.h"
#include "scenarios/sweep/study_runs.h"
#include "settlement/core/hash.h"

namespace causeway::sim {

absl::StatusOr<PresetRuns> PresetRuns::Load(const std::string& path) {
  PresetRuns runs;
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(fmt::format("cannot read {}", path));
  runs.file_ = std::filesystem::path(path).filename().string();
  runs.text_ = {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  runs.sha256_ = core::Sha256(runs.text_).ToHex();
  study::ProblemList problems;
  std::optional<v1::Study> read = study::ParseStudyText(runs.text_, path, problems);
  if (!read || !study::MakePreset(*read, path, problems)) {
    return absl::InvalidArgumentError(problems.ToString());
  }
  runs.study_ = *std::move(read);
  return runs;
}

absl::StatusOr<study::Preset> PresetRuns::PresetOf(const Run& run) const {
  v1::Study message = study_;
  message.set_seed(run.seed);
  Point options;
  for (const auto& setting : run.point) {
    const auto& [name, value] = setting;
    if (name == "seed") {
      return absl::InvalidArgumentError("seed: seeds are swept by --seeds and --first-seed");
    }
    if (study::IsOption(name)) {
      options.push_back(setting);
      continue;
    }
    if (const absl::Status set = SetField(message, name, value); !set.ok()) return set;
  }
  study::ProblemList problems;
  std::optional<study::Preset> preset = study::MakePreset(message, file_, problems);
  if (!preset) {
    return absl::InvalidArgumentError(
        fmt::format("with {}: {}", Describe(run.point), problems.kept().front().message));
  }
  for (const auto& [name, value] : options) {
    const absl::Status set =
        SetStudyOption(preset->options, name, value, preset->workload.minor_digits);
    if (!set.ok()) return set;
  }
  const absl::Status fits = study::CheckOptions(preset->options);
  if (!fits.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("with {}: {}", Describe(run.point), std::string(fits.message())));
  }
  return *std::move(preset);
}

absl::Status PresetRuns::Check(const std::vector<Point>& points) const {
  for (const Point& point : points) {
    const absl::StatusOr<study::Preset> preset = PresetOf({point, study_.seed()});
    if (!preset.ok()) return preset.status();
  }
  return absl::OkStatus();
}

absl::StatusOr<Indicators> PresetRuns::Make(const Run& run) const {
  const absl::StatusOr<study::Preset> preset = PresetOf(run);
  if (!preset.ok()) return preset.status();
  absl::StatusOr<study::Input> input = study::DrawWorkload(preset->workload);
  if (!input.ok()) return input.status();
  const absl::StatusOr<std::vector<study::Part>> parts =
      study::RunParts(*std::move(input), preset->options);
  if (!parts.ok()) return parts.status();
  return IndicatorsOfParts(*parts);
}

}  // namespace causeway::sim
