// `causeway-sim run --csv DIR`, `run` of a study's preset, and `generate`: days of payments through
// queues and liquidity saving.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "fmt/format.h"
#include "scenarios/commands.h"
#include "scenarios/study/behaviour_file.h"
#include "scenarios/study/folder.h"
#include "scenarios/study/indicators.h"
#include "scenarios/study/options.h"
#include "scenarios/study/output.h"
#include "scenarios/study/parts.h"
#include "scenarios/study/preset.h"
#include "scenarios/study/runner.h"
#include "scenarios/study_page/study_page.h"
#include "settlement/core/hash.h"

namespace causeway::sim {
namespace {

void Complain(std::string_view text) { fmt::print(stderr, "{}\n", text); }

// The flags that were given, in the order of their names, replace what `options` has.
absl::Status ApplyFlags(const StudyFlags& flags, int minor_digits, study::RunOptions& options) {
  for (const auto& [name, value] : flags.options) {
    if (value.empty()) continue;
    const absl::Status set = study::SetOption(options, name, value, minor_digits);
    if (!set.ok()) {
      return absl::InvalidArgumentError(fmt::format("--{} {}", name, std::string(set.message())));
    }
  }
  return study::CheckOptions(options);
}

// As they would be typed.
std::string TypedOptions(const StudyFlags& flags) {
  std::string text;
  for (const auto& [name, value] : flags.options) {
    if (!value.empty()) text += fmt::format(" --{} {}", name, ShellWord(value));
  }
  return text;
}

// Payments or accounts of somebody, which nothing may overwrite.
bool HoldsInput(const std::string& folder) {
  std::error_code ignored;
  for (const char* name : {"accounts.csv", "payments.csv", "transactions.csv", "banks.csv",
                           "limits.csv", "customers.csv", "changes.csv", "mapping.csv"}) {
    if (std::filesystem::exists(std::filesystem::path(folder) / name, ignored)) return true;
  }
  return false;
}

// What tells, beside the options, how to make the same results again.
struct Origin {
  study::Facts facts;
  std::string command;
  std::string text;  // of a preset
};

int RunAndReport(study::Input input, const study::RunOptions& options, const StudyFlags& flags,
                 const Origin& origin) {
  study::Facts facts = study::FactsOf(options, input.minor_digits);
  facts.insert(facts.begin(), origin.facts.begin(), origin.facts.end());
  facts.insert(facts.begin(), {"name", input.name});
  for (const std::string& unused : study::UnusedOptions(input, options)) Complain(unused);
  const absl::StatusOr<std::vector<study::Part>> parts = study::RunParts(std::move(input), options);
  if (!parts.ok()) {
    Complain(std::string(parts.status().message()));
    return kExitUsage;
  }
  if (!flags.quiet) std::fputs(study::RenderSummary(*parts).c_str(), stdout);
  if (flags.out.empty()) return kExitMet;
  absl::Status written = study::WriteResults(*parts, facts, flags.out);
  if (written.ok()) {
    const study::PageDescription description = {
        .subtitle = "", .facts = facts, .command = origin.command, .text = origin.text};
    written = study::WriteStudyPage(*parts, description, flags.out);
  }
  if (!written.ok()) {
    Complain(std::string(written.message()));
    return kExitFailed;
  }
  if (!flags.quiet) fmt::print("  results in {}\n", flags.out);
  return kExitMet;
}

std::optional<std::string> ReadStudyText(const std::string& path) {
  std::error_code ignored;
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path, ignored)) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The preset of a file; says what is wrong with it.
std::optional<study::Preset> LoadPreset(const StudyFlags& flags) {
  const std::string& path = flags.file;
  const std::optional<std::string> text = ReadStudyText(path);
  if (!text) {
    Complain(fmt::format("cannot read {}", path));
    return std::nullopt;
  }
  study::ProblemList problems;
  absl::StatusOr<study::Preset> preset = study::ParsePreset(*text, path, flags.seed, problems);
  if (!preset.ok()) {
    std::fputs(problems.ToString().c_str(), stderr);
    return std::nullopt;
  }
  if (flags.days > 0) preset->workload.days = flags.days;
  return *std::move(preset);
}

// Draws the payments of a preset; says why it cannot.
std::optional<study::Input> Draw(const study::Preset& preset, const std::string& path) {
  absl::StatusOr<study::Input> input = study::DrawWorkload(preset.workload);
  if (!input.ok()) {
    Complain(fmt::format("{}: {}", path, std::string(input.status().message())));
    return std::nullopt;
  }
  return *std::move(input);
}

int RunPreset(const StudyFlags& flags) {
  std::optional<study::Preset> preset = LoadPreset(flags);
  if (!preset) return kExitBadFile;
  const int minor_digits = preset->workload.minor_digits;
  if (absl::Status status = ApplyFlags(flags, minor_digits, preset->options); !status.ok()) {
    Complain(std::string(status.message()));
    return kExitUsage;
  }
  if (!CanWriteInto(flags.out)) return kExitFailed;
  std::optional<study::Input> input = Draw(*preset, flags.file);
  if (!input) return kExitBadFile;
  const std::string seed = fmt::format("{}", preset->workload.seed);
  const std::string text = ReadStudyText(flags.file).value_or("");
  // By its name only: no path of this machine enters a report.
  const std::string file = std::filesystem::path(flags.file).filename().string();
  std::string command = fmt::format("causeway-sim run {} --seed {}", ShellWord(file), seed);
  if (flags.days > 0) command += fmt::format(" --days {}", flags.days);
  const Origin origin = {.facts = {{"input_sha256", core::Sha256(text).ToHex()}, {"seed", seed}},
                         .command = command + TypedOptions(flags),
                         .text = text};
  return RunAndReport(*std::move(input), preset->options, flags, origin);
}

}  // namespace

bool KeepsInput(const std::string& folder, const char* of_results) {
  std::error_code ignored;
  if (folder.empty() || !HoldsInput(folder)) return true;
  if (std::filesystem::exists(std::filesystem::path(folder) / of_results, ignored)) return true;
  Complain(fmt::format(
      "--out {} holds payments or accounts and no results: name another folder, a new or empty one "
      "or one with earlier results",
      folder));
  return false;
}

bool IsStudy(const std::string& file) {
  const std::optional<std::string> text = ReadStudyText(file);
  return text && study::IsPreset(*text);
}

std::optional<std::string> DescribeStudy(const std::string& file) {
  StudyFlags flags;
  flags.file = file;
  const std::optional<study::Preset> preset = LoadPreset(flags);
  if (!preset) return std::nullopt;
  return preset->description;
}

std::optional<std::string> LintStudy(const std::string& file) {
  StudyFlags flags;
  flags.file = file;
  const std::optional<study::Preset> preset = LoadPreset(flags);
  if (!preset) return std::nullopt;
  const study::Workload& workload = preset->workload;
  std::uint64_t payments = 0;
  for (const study::Stream& stream : workload.streams) payments += stream.payments_per_day;
  const std::uint64_t trades = workload.foreign_exchange.trades_per_day;
  return fmt::format("{}: good, a study of {} {} a day between {} banks on {} day{}\n", file,
                     trades > 0 ? trades : payments, trades > 0 ? "trades" : "payments",
                     workload.banks.count, workload.days, workload.days == 1 ? "" : "s");
}

int GenerateCommand(const StudyFlags& flags) {
  if (HoldsInput(flags.out)) {
    Complain(
        fmt::format("--out {} holds payments or accounts already: name another folder", flags.out));
    return kExitUsage;
  }
  const std::optional<study::Preset> preset = LoadPreset(flags);
  if (!preset) return kExitBadFile;
  if (!CanWriteInto(flags.out)) return kExitFailed;
  const std::optional<study::Input> input = Draw(*preset, flags.file);
  if (!input) return kExitBadFile;
  if (absl::Status status = study::WriteInputFolder(*input, flags.out); !status.ok()) {
    Complain(std::string(status.message()));
    return kExitFailed;
  }
  if (!flags.quiet) {
    fmt::print("{} accounts and {} payments in {}\n", input->accounts.size(),
               input->payments.size(), flags.out);
  }
  return kExitMet;
}

int StudyCommand(const StudyFlags& flags) {
  if (!KeepsInput(flags.out, "indicators.json")) return kExitUsage;
  if (flags.csv.empty()) return RunPreset(flags);
  std::error_code ignored;
  if (!flags.out.empty() && std::filesystem::equivalent(flags.csv, flags.out, ignored)) {
    Complain("--out is the folder of --csv: results would overwrite its files; name another one");
    return kExitUsage;
  }
  study::RunOptions options;
  if (absl::Status status = ApplyFlags(flags, flags.decimals, options); !status.ok()) {
    Complain(std::string(status.message()));
    return kExitUsage;
  }
  if (!CanWriteInto(flags.out)) return kExitFailed;
  std::error_code error;
  const auto status = std::filesystem::status(flags.csv, error);
  if (!std::filesystem::is_directory(status)) {
    Complain(fmt::format("--csv {}: {}", flags.csv,
                         std::filesystem::exists(status)
                             ? "is no folder: name the one that its tables are in"
                             : "there is no such folder"));
    return kExitBadFile;
  }
  const study::DiskFolder source(flags.csv);
  study::FolderResult folder = study::ReadFolder(source, flags.decimals);
  if (!flags.quiet) {
    for (const std::string& notice : folder.notices) Complain(notice);
  }
  if (!folder.problems.empty()) {
    std::fputs(folder.problems.ToString().c_str(), stderr);
    return kExitBadFile;
  }
  const std::filesystem::path path = std::filesystem::path(flags.csv).lexically_normal();
  folder.input.name = (path.has_filename() ? path : path.parent_path()).filename().string();
  std::string command = fmt::format("causeway-sim run --csv {}", ShellWord(folder.input.name));
  if (flags.decimals != 2) command += fmt::format(" --decimals {}", flags.decimals);
  if (!flags.behaviours.empty())
    command += fmt::format(" --behaviours {}",
                           ShellWord(std::filesystem::path(flags.behaviours).filename().string()));
  if (flags.seed) command += fmt::format(" --seed {}", *flags.seed);
  Origin origin = {.facts = {}, .command = command + TypedOptions(flags), .text = ""};
  if (!flags.out.empty()) {
    const absl::StatusOr<std::string> hash = study::HashOfFiles(source, folder.files);
    if (!hash.ok()) {
      Complain(std::string(hash.status().message()));
      return kExitBadFile;
    }
    origin.facts.emplace_back("input_sha256", *hash);
  }
  if (!flags.behaviours.empty()) {
    const std::optional<std::string> text = ReadStudyText(flags.behaviours);
    if (!text) {
      Complain(fmt::format("cannot read {}", flags.behaviours));
      return kExitBadFile;
    }
    study::ProblemList problems;
    const std::optional<study::FolderBehaviours> behaviours =
        study::ParseBehaviours(*text, flags.behaviours, folder.input, problems);
    if (!behaviours) {
      std::fputs(problems.ToString().c_str(), stderr);
      return kExitBadFile;
    }
    const std::uint64_t seed = flags.seed.value_or(behaviours->seed);
    options.behaviours = behaviours->Make(seed);
    origin.facts.emplace_back("behaviours_sha256", core::Sha256(*text).ToHex());
    origin.facts.emplace_back("seed", fmt::format("{}", seed));
    origin.text = *text;
  }
  return RunAndReport(std::move(folder.input), options, flags, origin);
}

}  // namespace causeway::sim
