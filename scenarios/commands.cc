#include "scenarios/commands.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/status/statusor.h"
#include "fmt/format.h"
#include "scenarios/live/corridor_runner.h"
#include "scenarios/live/live_runner.h"
#include "scenarios/report/ledger_indicators.h"
#include "scenarios/report/report.h"
#include "scenarios/report/run_page.h"
#include "scenarios/report/trace.h"
#include "scenarios/simulator/log_measures.h"
#include "scenarios/simulator/replay.h"
#include "scenarios/simulator/simulator.h"
#include "scenarios/spec/scenario_file.h"

namespace causeway::sim {
namespace {

void Print(const std::string& text) { std::fputs(text.c_str(), stdout); }
void PrintError(std::string_view text) { fmt::print(stderr, "{}\n", text); }

// A bar on the terminal, drawn only when somebody sees it and the run is not a matter of an
// instant.
class ProgressBar {
 public:
  explicit ProgressBar(bool quiet) : shown_(!quiet && ::isatty(STDERR_FILENO) != 0) {}
  ~ProgressBar() {
    if (drawn_) std::fputs("\r\033[K", stderr);
  }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void Update(std::size_t done, std::size_t all) {
    constexpr std::size_t kWidth = 40;
    if (!shown_ || all == 0) return;
    const std::size_t percent = done * 100 / all;
    if (drawn_ && percent == percent_) return;
    percent_ = percent;
    drawn_ = true;
    const std::size_t filled = done * kWidth / all;
    fmt::print(stderr, "\r  [{:#<{}}{:.<{}}] {:>3}%", "", filled, "", kWidth - filled, percent);
    std::fflush(stderr);
  }

 private:
  bool shown_;
  bool drawn_ = false;
  std::size_t percent_ = 0;
};

// "bridge@pilot-0042": kill the bridge just before that action. "bridge@pilot-0042+5": five
// milliseconds after it began.
std::optional<KillSpec> ParseKill(const Plan& plan, const std::string& text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string::npos) return std::nullopt;
  const std::size_t plus = text.find('+', at);
  KillSpec kill;
  kill.process = text.substr(0, at);
  if (plus != std::string::npos) {
    int milliseconds = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + plus + 1, end, milliseconds);
    if (error != std::errc() || rest != end || milliseconds < 0) return std::nullopt;
    kill.after = std::chrono::milliseconds(milliseconds);
  }
  const std::string id = text.substr(at + 1, plus == std::string::npos ? plus : plus - at - 1);
  for (const PlannedAction& action : plan.actions) {
    if (action.id != id) continue;
    kill.before = action.index;
    return kill;
  }
  return std::nullopt;
}

// Of a file that was read before; empty when it is gone since.
std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// What of the flags makes another run of the same file and seed, as it would be typed.
std::string TypedFlags(const RunFlags& flags) {
  std::string text;
  if (!flags.mechanism.empty()) text += " --mechanism " + ShellWord(flags.mechanism);
  if (flags.no_faults) text += " --no-faults";
  for (const std::string& group : flags.fault_groups) text += " --faults " + ShellWord(group);
  if (flags.no_observer) text += " --no-observer";
  return text;
}

// Programs lie beside this one.
std::string DefaultBinDir() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "." : self.parent_path().string();
}

absl::StatusOr<RunResult> RunPlan(const Plan& plan, const RunFlags& flags) {
  ProgressBar bar(flags.quiet);
  const auto on_progress = [&bar](std::size_t done, std::size_t all) { bar.Update(done, all); };
  if (!flags.live) {
    return RunSimulation(
        plan, {.observe = !flags.no_observer, .measure = true, .on_progress = on_progress});
  }
  if (plan.mechanism.kind != MechanismKind::kCoordinated) {
    return absl::InvalidArgumentError(
        fmt::format("mechanism {} is for simulated runs only", MechanismName(plan.mechanism.kind)));
  }
  LiveOptions options;
  options.bin_dir = flags.bin_dir.empty() ? DefaultBinDir() : flags.bin_dir;
  options.work_dir = flags.work_dir;
  if (options.work_dir.empty()) {
    // Ours alone, so what an earlier run left there may go.
    options.work_dir = (flags.out.empty() ? "causeway-live" : flags.out) + "/processes";
    std::error_code ignored;  // RunLive says why it cannot use the folder
    std::filesystem::remove_all(options.work_dir, ignored);
  }
  options.keep_running = flags.keep_running;
  options.on_progress = on_progress;
  for (const std::string& text : flags.kills) {
    const std::optional<KillSpec> kill = ParseKill(plan, text);
    if (!kill) {
      return absl::InvalidArgumentError(fmt::format(
          "--kill {}: must be <process>@<action id> or <process>@<action id>+<milliseconds>, "
          "with an action of the plan",
          text));
    }
    options.kills.push_back(*kill);
  }
  absl::StatusOr<RunResult> result = RunLive(plan, options);
  if (result.ok()) MeasureLogs(plan, *result);
  return result;
}

}  // namespace

std::string ShellWord(const std::string& word) {
  constexpr std::string_view kPlain = "_-./:=,+@%";
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [&](char character) {
    const auto byte = static_cast<unsigned char>(character);
    return std::isalnum(byte) != 0 || byte >= 0x80 || kPlain.find(character) != kPlain.npos;
  });
  if (plain) return word;
  std::string quoted = "'";
  for (const char character : word) {
    if (character == '\'') {
      quoted += "'\\''";
    } else {
      quoted += character;
    }
  }
  return quoted + "'";
}

bool CanWriteInto(const std::string& folder) {
  if (folder.empty()) return true;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error && ::access(folder.c_str(), W_OK | X_OK) != 0) {
    error = std::error_code(errno, std::generic_category());
  }
  if (error) PrintError(fmt::format("--out {}: cannot write there: {}", folder, error.message()));
  return !error;
}

int RunCommand(const RunFlags& flags) {
  CompileOptions options{.seed = flags.seed};
  if (!flags.mechanism.empty()) {
    options.mechanism = MechanismFromName(flags.mechanism);
    if (!options.mechanism) {
      PrintError(fmt::format("--mechanism {}: there is none of that name", flags.mechanism));
      return kExitUsage;
    }
  }
  if (flags.no_faults || !flags.fault_groups.empty()) options.fault_groups = flags.fault_groups;
  const absl::StatusOr<Plan> plan = LoadScenario(flags.file, options);
  if (!plan.ok()) {
    PrintError(std::string(plan.status().message()));
    return kExitBadFile;
  }
  if (!KeepsInput(flags.out, "report.json")) return kExitUsage;
  if (!CanWriteInto(flags.out)) return kExitFailed;
  const absl::StatusOr<RunResult> result = RunPlan(*plan, flags);
  if (!result.ok()) {
    PrintError(std::string(result.status().message()));
    return absl::IsInvalidArgument(result.status()) ? kExitUsage : kExitFailed;
  }
  const Summary summary = Summarise(*plan, *result);
  if (!flags.quiet) Print(RenderTable(*plan, *result, summary));
  if (!flags.out.empty()) {
    const std::vector<study::Part> parts = LedgerParts(*plan, *result);
    absl::Status written = WriteReport(*plan, *result, summary, parts, flags.out);
    if (written.ok()) {
      written = WriteRunPage(*plan, *result, summary, parts, ReadText(flags.file),
                             TypedFlags(flags), flags.out);
    }
    if (!written.ok()) {
      PrintError(std::string(written.message()));
      return kExitFailed;
    }
    if (!flags.quiet) Print(fmt::format("  report in {}\n", flags.out));
  }
  if (flags.quiet && !summary.expectations_met) PrintError("expectations not met");
  return summary.expectations_met ? kExitMet : kExitNotMet;
}

int CorridorCommand(const CorridorFlags& flags) {
  const absl::StatusOr<Plan> plan = LoadScenario(flags.file);
  if (!plan.ok()) {
    PrintError(std::string(plan.status().message()));
    return kExitBadFile;
  }
  const absl::Status status =
      RunCorridor(*plan, {.bin_dir = flags.bin_dir.empty() ? DefaultBinDir() : flags.bin_dir,
                          .work_dir = flags.directory});
  if (status.ok()) return kExitMet;
  PrintError(std::string(status.message()));
  return kExitFailed;
}

int ReplayCommand(const std::string& path) {
  std::error_code ignored;
  const bool is_folder = std::filesystem::is_directory(path, ignored);
  std::ifstream file(path, std::ios::binary);
  if (!file || is_folder) {
    PrintError(fmt::format("cannot read {}", path));
    return kExitBadFile;
  }
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const absl::StatusOr<Trace> trace = DecodeTrace(bytes);
  if (!trace.ok()) {
    PrintError(fmt::format("{}: {}", path, std::string(trace.status().message())));
    return kExitNotMet;
  }
  ProgressBar bar(false);
  const absl::StatusOr<ReplayResult> replayed =
      ReplayTrace(*trace, [&bar](std::size_t done, std::size_t all) { bar.Update(done, all); });
  if (!replayed.ok()) {
    PrintError(fmt::format("{}: {}", path, std::string(replayed.status().message())));
    return kExitNotMet;
  }
  Print(fmt::format("{} ({}, seed {})\n", trace->scenario, trace->mode, trace->seed));
  for (const ReplayedLog& log : replayed->logs) {
    Print(fmt::format("  {:<40}{:>9} entries  {}  {}\n", log.origin, log.size,
                      log.is_ledger ? log.state_root : log.log_root,
                      log.same ? "same" : "DIFFERENT"));
  }
  for (const std::string& finding : replayed->findings) Print(fmt::format("  {}\n", finding));
  Print(replayed->same ? "  the trace replays to the same state\n" : "  THE TRACE DIFFERS\n");
  return replayed->same ? kExitMet : kExitNotMet;
}

int LintCommand(const std::vector<std::string>& files) {
  int status = kExitMet;
  for (const std::string& file : files) {
    if (IsStudy(file)) {
      const std::optional<std::string> good = LintStudy(file);
      if (good) Print(*good);
      if (!good) status = kExitBadFile;
      continue;
    }
    const absl::StatusOr<Plan> plan = LoadScenario(file);
    if (!plan.ok()) {
      PrintError(std::string(plan.status().message()));
      status = kExitBadFile;
      continue;
    }
    Print(fmt::format("{}: good, {} actions on {} business day{}\n", file, plan->actions.size(),
                      plan->days.size(), plan->days.size() == 1 ? "" : "s"));
  }
  return status;
}

int CompareCommand(const std::string& left, const std::string& right) {
  const absl::StatusOr<Comparison> comparison = CompareReports(left, right);
  if (!comparison.ok()) {
    PrintError(std::string(comparison.status().message()));
    return kExitBadFile;
  }
  Print(comparison->table);
  return comparison->equal ? kExitMet : kExitNotMet;
}

int ListCommand(const std::string& directory) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, error)) {
    if (entry.path().extension() == ".txtpb") files.push_back(entry.path());
  }
  if (error) {
    PrintError(fmt::format("cannot read {}: {}", directory, error.message()));
    return kExitBadFile;
  }
  std::sort(files.begin(), files.end());
  // One column however long the paths are.
  size_t width = 0;
  for (const std::filesystem::path& file : files) width = std::max(width, file.string().size());
  for (const std::filesystem::path& file : files) {
    std::string description = "(does not compile: see lint)";
    if (IsStudy(file.string())) {
      description = DescribeStudy(file.string()).value_or(description);
    } else if (const absl::StatusOr<Plan> plan = LoadScenario(file.string()); plan.ok()) {
      description = plan->description;
    }
    Print(fmt::format("{:<{}}  {}\n", file.string(), width, description));
  }
  return kExitMet;
}

}  // namespace causeway::sim
