// causeway-sim sweep: a grid of settings and seeds, one table, one curve.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "fmt/format.h"
#include "scenarios/commands.h"
#include "scenarios/report/run_page.h"
#include "scenarios/sweep/scenario_runs.h"
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

std::string Quoted(const std::string& word) {
  return word.find_first_of(" []*'\"$&;()<>|\\") == std::string::npos ? word
                                                                      : fmt::format("'{}'", word);
}

// As it would be typed, with the file and the folder by their names only: no path of this machine
// enters a report.
std::string CommandOf(const SweepFlags& flags, std::uint64_t first_seed) {
  std::string command = fmt::format("causeway-sim sweep {}",
                                    Quoted(std::filesystem::path(flags.file).filename().string()));
  for (const std::string& set : flags.sets) command += " --set " + Quoted(set);
  command += fmt::format(" --seeds {} --first-seed {}", flags.seeds, first_seed);
  command += fmt::format(" --x {} --y {}", Quoted(flags.x), Quoted(flags.y));
  if (!flags.x_label.empty()) command += " --x-label " + Quoted(flags.x_label);
  if (!flags.y_label.empty()) command += " --y-label " + Quoted(flags.y_label);
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

}  // namespace

int SweepCommand(const SweepFlags& flags) {
  const absl::StatusOr<std::vector<Setting>> settings = SettingsOf(flags);
  if (!settings.ok()) return Refuse(settings.status());
  const absl::StatusOr<std::vector<Point>> points = PointsOf(*settings);
  if (!points.ok()) return Refuse(points.status());
  const absl::StatusOr<ScenarioRuns> scenario = ScenarioRuns::Load(flags.file);
  if (!scenario.ok()) {
    Refuse(scenario.status());
    return kExitBadFile;
  }
  const std::uint64_t first_seed =
      flags.first_seed ? *flags.first_seed : (flags.seeds > 1 ? 1 : scenario->plan().seed);
  const absl::StatusOr<std::vector<Run>> runs = RunsOf(*points, first_seed, flags.seeds);
  if (!runs.ok()) return Refuse(runs.status());
  if (const absl::Status good = scenario->Check(*points); !good.ok()) return Refuse(good);
  const absl::StatusOr<RunStore> store =
      RunStore::Open(flags.out, flags.file, scenario->plan().source_sha256);
  if (!store.ok()) return Refuse(store.status());
  SweepOptions options;
  options.processes =
      flags.jobs != 0 ? flags.jobs : std::max(1U, std::thread::hardware_concurrency());
  options.on_progress = ProgressOnTerminal();
  const absl::StatusOr<SweepResult> result = RunSweep(
      *store, *runs, [&](const Run& run) { return scenario->Make(run); }, options);
  if (!result.ok()) return Refuse(result.status());
  if (result->rows.empty()) {
    PrintResult(flags, *result, points->size());
    return kExitFailed;
  }
  const absl::StatusOr<Curve> curve = CurveOf(result->rows, flags.x, flags.y);
  if (!curve.ok()) return Refuse(curve.status());
  const SweepDescription description = {.name = scenario->plan().name,
                                        .description = scenario->plan().description,
                                        .sha256 = scenario->plan().source_sha256,
                                        .text = scenario->text(),
                                        .command = CommandOf(flags, first_seed),
                                        .unit = ValueUnitOf(scenario->plan()),
                                        .x_label = flags.x_label,
                                        .y_label = flags.y_label,
                                        .settings = *settings,
                                        .first_seed = first_seed,
                                        .seeds = flags.seeds};
  const absl::Status written = WriteFiles(
      flags.out, {{"sweep.csv", RenderSweepCsv(result->rows)},
                  {"curve.csv", RenderCurveCsv(*curve)},
                  {"report.html", page::RenderPage(SweepPage(description, *result, *curve))}});
  if (!written.ok()) return Refuse(written);
  PrintResult(flags, *result, points->size());
  return result->failures.empty() ? kExitMet : kExitFailed;
}

}  // namespace causeway::sim
