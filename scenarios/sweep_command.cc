// causeway-sim sweep: a grid of settings and seeds, one table, one curve.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <thread>

#include "fmt/format.h"
#include "scenarios/commands.h"
#include "scenarios/report/run_page.h"
#include "scenarios/sweep/preset_runs.h"
#include "scenarios/sweep/scenario_runs.h"
#include "scenarios/sweep/study_runs.h"
#include "scenarios/sweep/sweep.h"
#include "scenarios/sweep/sweep_page.h"

namespace causeway::sim {
namespace {

constexpr std::size_t kFailuresPrinted = 5;

// Says what is wrong; the exit status that goes with it.
int Refuse(const absl::Status& status) {
  fmt::print(stderr, "{}\n", std::string(status.message()));
  if (absl::IsInvalidArgument(status)) return kExitUsage;
  return absl::IsFailedPrecondition(status) || absl::IsNotFound(status) ? kExitBadFile
                                                                        : kExitFailed;
}

std::string NameOfFolder(const std::string& folder) {
  const std::filesystem::path path = std::filesystem::path(folder).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

// A folder of payments has none but that of what its banks do.
bool HasChance(const SweepFlags& flags) { return flags.csv.empty() || !flags.behaviours.empty(); }

// As it would be typed, with file and folder by their names only: no path of this machine enters a
// report.
std::string CommandOf(const SweepFlags& flags, std::uint64_t first_seed) {
  std::string command = "causeway-sim sweep ";
  if (flags.csv.empty()) {
    command += ShellWord(std::filesystem::path(flags.file).filename().string());
  } else {
    command += "--csv " + ShellWord(NameOfFolder(flags.csv));
    if (flags.decimals != 2) command += fmt::format(" --decimals {}", flags.decimals);
    if (!flags.behaviours.empty()) {
      command +=
          " --behaviours " + ShellWord(std::filesystem::path(flags.behaviours).filename().string());
    }
  }
  for (const std::string& set : flags.sets) command += " --set " + ShellWord(set);
  if (HasChance(flags)) {
    command += fmt::format(" --seeds {} --first-seed {}", flags.seeds, first_seed);
  }
  command += fmt::format(" --x {} --y {}", ShellWord(flags.x), ShellWord(flags.y));
  if (!flags.x_label.empty()) command += " --x-label " + ShellWord(flags.x_label);
  if (!flags.y_label.empty()) command += " --y-label " + ShellWord(flags.y_label);
  return command + " --out sweep";
}

absl::Status WriteFiles(const std::string& directory,
                        const std::vector<std::pair<std::string, std::string>>& files) {
  for (const auto& [name, content] : files) {
    const std::filesystem::path path = std::filesystem::path(directory) / name;
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << content;
    file.close();
    if (file.fail()) return absl::UnavailableError(fmt::format("cannot write {}", path.string()));
  }
  return absl::OkStatus();
}

std::function<void(std::size_t, std::size_t)> ProgressOnTerminal() {
  if (::isatty(STDERR_FILENO) == 0) return {};
  return [](std::size_t done, std::size_t all) {
    fmt::print(stderr, "\r\033[K  {} of {} runs", done, all);
    if (done == all) fmt::print(stderr, "\r\033[K");
    std::fflush(stderr);
  };
}

// The failures; what is in the files.
void PrintResult(const SweepFlags& flags, const SweepResult& result, std::size_t points) {
  for (std::size_t i = 0; i < std::min(kFailuresPrinted, result.failures.size()); ++i) {
    fmt::print(stderr, "failed: {}\n", result.failures[i]);
  }
  if (result.failures.size() > kFailuresPrinted) {
    fmt::print(stderr, "and {} more\n", result.failures.size() - kFailuresPrinted);
  }
  fmt::print("{} runs, {} combinations of settings with {} seed{} each", result.rows.size(), points,
             flags.seeds, flags.seeds == 1 ? "" : "s");
  if (result.found > 0) fmt::print("; {} of them made before", result.found);
  fmt::print("\n  sweep.csv, curve.csv and report.html in {}\n", flags.out);
}

absl::StatusOr<std::vector<Setting>> SettingsOf(const SweepFlags& flags) {
  std::vector<Setting> settings;
  for (const std::string& set : flags.sets) {
    absl::StatusOr<Setting> setting = ParseSetting(set);
    if (!setting.ok()) return setting.status();
    settings.push_back(*std::move(setting));
  }
  return settings;
}

// What is swept.
struct Source {
  SweepDescription description;  // what the source itself tells
  std::uint64_t seed = 0;        // its own
  std::function<absl::Status(const std::vector<Point>&)> check;
  RunFunction make;
};

absl::StatusOr<Source> ScenarioSource(const SweepFlags& flags) {
  absl::StatusOr<ScenarioRuns> loaded = ScenarioRuns::Load(flags.file);
  if (!loaded.ok()) return loaded.status();
  const auto runs = std::make_shared<const ScenarioRuns>(*std::move(loaded));
  Source source;
  source.description.name = runs->plan().name;
  source.description.description = runs->plan().description;
  source.description.sha256 = runs->digest();
  source.description.text = runs->text();
  source.description.unit = ValueUnitOf(runs->plan());
  source.seed = runs->plan().seed;
  source.check = [runs](const std::vector<Point>& points) { return runs->Check(points); };
  source.make = [runs](const Run& run) { return runs->Make(run); };
  return source;
}

absl::StatusOr<Source> StudySource(const SweepFlags& flags) {
  absl::StatusOr<StudyRuns> loaded = StudyRuns::Load(flags.csv, flags.decimals, flags.behaviours);
  if (!loaded.ok()) return loaded.status();
  const auto runs = std::make_shared<const StudyRuns>(*std::move(loaded));
  Source source;
  source.description.name = runs->name();
  source.description.sha256 = runs->sha256();
  source.description.unit = runs->unit();
  source.description.text = runs->behaviours_text();
  source.seed = runs->seed();
  source.check = [runs](const std::vector<Point>& points) { return runs->Check(points); };
  source.make = [runs](const Run& run) { return runs->Make(run); };
  return source;
}

absl::StatusOr<Source> PresetSource(const SweepFlags& flags) {
  absl::StatusOr<PresetRuns> loaded = PresetRuns::Load(flags.file);
  if (!loaded.ok()) return loaded.status();
  const auto runs = std::make_shared<const PresetRuns>(*std::move(loaded));
  Source source;
  source.description.name = runs->name();
  source.description.description = runs->description();
  source.description.sha256 = runs->sha256();
  source.description.text = runs->text();
  source.description.unit = source.description.unit_of_currencies = runs->unit();
  source.seed = runs->seed();
  source.check = [runs](const std::vector<Point>& points) { return runs->Check(points); };
  source.make = [runs](const Run& run) { return runs->Make(run); };
  return source;
}

// Of a study the ALPHA that is swept, or what it comes to.
std::string DefaultX(const SweepFlags& flags, bool is_study) {
  if (!is_study) return "liquidity";
  for (const std::string& set : flags.sets) {
    std::string name = set.substr(0, set.find('='));
    if (name == "liquidity" || name == "settlement.liquidity") return name;
  }
  return "liquidity_value";
}

// That the flags fit together.
absl::Status CheckFlags(const SweepFlags& flags) {
  if (flags.file.empty() == flags.csv.empty()) {
    return absl::InvalidArgumentError("sweep needs either FILE or --csv DIR");
  }
  if (!flags.behaviours.empty() && flags.csv.empty()) {
    return absl::InvalidArgumentError("--behaviours is for --csv; a preset states its own");
  }
  if (!HasChance(flags) && (flags.seeds != 1 || flags.first_seed)) {
    return absl::InvalidArgumentError(
        "there is no chance in a folder of payments without --behaviours: leave out --seeds and "
        "--first-seed");
  }
  return absl::OkStatus();
}

// The files of a sweep that ran.
absl::Status WriteSweep(const SweepFlags& flags, const SweepDescription& description,
                        const SweepResult& result) {
  const absl::StatusOr<Curve> curve = CurveOf(result.rows, flags.x, flags.y);
  if (!curve.ok()) return curve.status();
  return WriteFiles(flags.out,
                    {{"sweep.csv", RenderSweepCsv(result.rows)},
                     {"curve.csv", RenderCurveCsv(*curve)},
                     {"report.html", page::RenderPage(SweepPage(description, result, *curve))}});
}

int Sweep(const SweepFlags& flags, Source& source, const std::vector<Setting>& settings,
          const std::vector<Point>& points) {
  const std::uint64_t first_seed =
      flags.first_seed ? *flags.first_seed : (flags.seeds > 1 ? 1 : source.seed);
  const absl::StatusOr<std::vector<Run>> runs = RunsOf(points, first_seed, flags.seeds);
  if (!runs.ok()) return Refuse(runs.status());
  if (const absl::Status good = source.check(points); !good.ok()) return Refuse(good);
  const absl::StatusOr<RunStore> store = RunStore::Open(
      flags.out, flags.csv.empty() ? flags.file : flags.csv, source.description.sha256);
  if (!store.ok()) return Refuse(store.status());
  SweepOptions options;
  options.processes =
      flags.jobs != 0 ? flags.jobs : std::max(1U, std::thread::hardware_concurrency());
  options.on_progress = ProgressOnTerminal();
  const absl::StatusOr<SweepResult> result = RunSweep(*store, *runs, source.make, options);
  if (!result.ok()) return Refuse(result.status());
  if (!result->rows.empty()) {
    source.description.command = CommandOf(flags, first_seed);
    source.description.x_label = flags.x_label;
    source.description.y_label = flags.y_label;
    source.description.settings = settings;
    source.description.first_seed = first_seed;
    source.description.seeds = flags.seeds;
    const absl::Status written = WriteSweep(flags, source.description, *result);
    if (!written.ok()) return Refuse(written);
  }
  PrintResult(flags, *result, points.size());
  return result->failures.empty() ? kExitMet : kExitFailed;
}

}  // namespace

int SweepCommand(const SweepFlags& given) {
  SweepFlags flags = given;
  const bool is_preset = flags.csv.empty() && IsStudy(flags.file);
  const bool is_study = !flags.csv.empty() || is_preset;
  if (flags.x.empty()) flags.x = DefaultX(flags, is_study);
  if (flags.y.empty()) flags.y = "delay";
  if (const absl::Status good = CheckFlags(flags); !good.ok()) return Refuse(good);
  const absl::StatusOr<std::vector<Setting>> settings = SettingsOf(flags);
  if (!settings.ok()) return Refuse(settings.status());
  const absl::StatusOr<std::vector<Point>> points = PointsOf(*settings);
  if (!points.ok()) return Refuse(points.status());
  absl::StatusOr<Source> source = !flags.csv.empty() ? StudySource(flags)
                                  : is_preset        ? PresetSource(flags)
                                                     : ScenarioSource(flags);
  if (!source.ok()) {
    Refuse(source.status());
    return kExitBadFile;
  }
  return Sweep(flags, *source, *settings, *points);
}

}  // namespace causeway::sim
