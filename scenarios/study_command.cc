// `causeway-sim run --csv DIR`, `run` of a study's preset, and `generate`: days of payments through
// queues and liquidity saving.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "fmt/format.h"
#include "scenarios/commands.h"
#include "scenarios/study/folder.h"
#include "scenarios/study/indicators.h"
#include "scenarios/study/options.h"
#include "scenarios/study/output.h"
#include "scenarios/study/preset.h"
#include "scenarios/study/runner.h"
#include "scenarios/study_page/study_page.h"

namespace causeway::sim {
namespace {

void Complain(std::string_view text) { fmt::print(stderr, "{}\n", text); }

// Applies one flag: reads it, when it was given, into `target`.
template <typename Target, typename Parse>
absl::Status Apply(std::string_view flag, const std::string& text, Target& target, Parse parse) {
  if (text.empty()) return absl::OkStatus();
  auto value = parse(text);
  if (!value.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("{} {}", flag, std::string(value.status().message())));
  }
  target = *value;
  return absl::OkStatus();
}

absl::Status ApplyLsm(const std::vector<std::string>& words, study::RunOptions& options) {
  if (words.empty()) return absl::OkStatus();
  options.lsm.clear();
  for (const std::string& word : words) {
    liquidity::Algorithm algorithm{};
    absl::Status status = Apply("--lsm", word, algorithm, study::ParseAlgorithm);
    if (!status.ok()) return status;
    if (algorithm != liquidity::Algorithm::kNone) options.lsm.push_back(algorithm);
  }
  return absl::OkStatus();
}

absl::Status ApplyFlags(const StudyFlags& flags, study::RunOptions& options) {
  if (!flags.credit.empty() && flags.credit != "collateral" && flags.credit != "none") {
    return absl::InvalidArgumentError(
        fmt::format("--credit \"{}\": expected none or collateral", flags.credit));
  }
  if (!flags.credit.empty()) options.credit_on_collateral = flags.credit == "collateral";
  for (const absl::Status& status :
       {Apply("--queue", flags.queue, options.queue, study::ParseDiscipline),
        ApplyLsm(flags.lsm, options),
        Apply("--lsm-every", flags.lsm_every, options.lsm_every, study::ParseMinutes),
        Apply("--entry-offset", flags.entry_offset, options.entry_offset, study::ParseEntryOffset),
        Apply("--liquidity", flags.liquidity, options.alpha, study::ParseAlpha),
        Apply("--opens", flags.opens, options.opens, study::ParseBoundary),
        Apply("--closes", flags.closes, options.closes, study::ParseBoundary),
        Apply("--sample-every", flags.sample_every, options.sample_every, study::ParseMinutes)}) {
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// What tells, beside the options, how to make the same results again.
struct Origin {
  study::Facts facts;
  std::string command;
  std::string text;  // of a preset
};

int RunAndReport(const study::Input& input, const study::RunOptions& options,
                 const StudyFlags& flags, const Origin& origin) {
  const absl::StatusOr<study::RunResult> result = study::RunStudy(input, options);
  if (!result.ok()) {
    Complain(std::string(result.status().message()));
    return kExitUsage;
  }
  const study::Indicators indicators = study::ComputeIndicators(input, *result);
  if (!flags.quiet) {
    std::fputs(study::RenderSummary(input, *result, indicators).c_str(), stdout);
  }
  if (flags.out.empty()) return kExitMet;
  study::Facts facts = study::FactsOf(options);
  facts.insert(facts.begin(), origin.facts.begin(), origin.facts.end());
  facts.insert(facts.begin(), {"name", input.name});
  absl::Status written = study::WriteResults(input, *result, indicators, facts, flags.out);
  if (written.ok()) {
    const study::PageDescription description = {
        .subtitle = "", .facts = facts, .command = origin.command, .text = origin.text};
    written = study::WriteStudyPage(input, *result, indicators, description, flags.out);
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
std::optional<study::Preset> LoadPreset(const std::string& path,
                                        const std::optional<std::uint64_t>& seed) {
  const std::optional<std::string> text = ReadStudyText(path);
  if (!text) {
    Complain(fmt::format("cannot read {}", path));
    return std::nullopt;
  }
  study::ProblemList problems;
  absl::StatusOr<study::Preset> preset = study::ParsePreset(*text, path, seed, problems);
  if (!preset.ok()) {
    std::fputs(problems.ToString().c_str(), stderr);
    return std::nullopt;
  }
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
  std::optional<study::Preset> preset = LoadPreset(flags.file, flags.seed);
  if (!preset) return kExitBadFile;
  if (absl::Status status = ApplyFlags(flags, preset->options); !status.ok()) {
    Complain(std::string(status.message()));
    return kExitUsage;
  }
  const std::optional<study::Input> input = Draw(*preset, flags.file);
  if (!input) return kExitBadFile;
  const std::string seed = fmt::format("{}", preset->workload.seed);
  const Origin origin = {.facts = {{"seed", seed}},
                         .command = fmt::format("causeway-sim run {} --seed {}", flags.file, seed),
                         .text = ReadStudyText(flags.file).value_or("")};
  return RunAndReport(*input, preset->options, flags, origin);
}

}  // namespace

bool IsStudy(const std::string& file) {
  const std::optional<std::string> text = ReadStudyText(file);
  return text && study::IsPreset(*text);
}

// Results go beside what they were made of, never over it.
bool HoldsInput(const std::string& folder) {
  std::error_code ignored;
  for (const char* name : {"accounts.csv", "payments.csv", "transactions.csv", "banks.csv"}) {
    if (std::filesystem::exists(std::filesystem::path(folder) / name, ignored)) return true;
  }
  return false;
}

int GenerateCommand(const StudyFlags& flags) {
  if (HoldsInput(flags.out)) {
    Complain(
        fmt::format("--out {} holds payments or accounts already: name another folder", flags.out));
    return kExitUsage;
  }
  const std::optional<study::Preset> preset = LoadPreset(flags.file, flags.seed);
  if (!preset) return kExitBadFile;
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
  if (flags.csv.empty()) return RunPreset(flags);
  std::error_code ignored;
  if (!flags.out.empty() && std::filesystem::equivalent(flags.csv, flags.out, ignored)) {
    Complain("--out is the folder of --csv: results would overwrite its files; name another one");
    return kExitUsage;
  }
  study::RunOptions options;
  if (absl::Status status = ApplyFlags(flags, options); !status.ok()) {
    Complain(std::string(status.message()));
    return kExitUsage;
  }
  study::FolderResult folder = study::ReadFolder(study::DiskFolder(flags.csv), flags.decimals);
  if (!flags.quiet) {
    for (const std::string& notice : folder.notices) Complain(notice);
  }
  if (!folder.problems.empty()) {
    std::fputs(folder.problems.ToString().c_str(), stderr);
    return kExitBadFile;
  }
  const std::filesystem::path path = std::filesystem::path(flags.csv).lexically_normal();
  folder.input.name = (path.has_filename() ? path : path.parent_path()).filename().string();
  return RunAndReport(folder.input, options, flags, {});
}

}  // namespace causeway::sim
