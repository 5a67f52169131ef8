#include "scenarios/spec/scenario_file.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "scenarios/spec/compiler.h"
#include "scenarios/spec/located.h"
#include "settlement/core/hash.h"

namespace causeway::sim {

std::string FormatFinding(std::string_view file_name, const Finding& finding) {
  if (finding.line == 0) return fmt::format("{}: {}", file_name, finding.message);
  return fmt::format("{}:{}:{}: {}", file_name, finding.line, finding.column, finding.message);
}

std::variant<Plan, std::vector<Finding>> CompileScenario(std::string_view text,
                                                         const CompileOptions& options) {
  const ParsedScenario parsed(text);
  if (!parsed.findings().empty()) return parsed.findings();
  std::variant<Plan, std::vector<Finding>> compiled = Compiler(parsed, options).Compile();
  if (Plan* plan = std::get_if<Plan>(&compiled)) {
    plan->source_sha256 = core::Sha256(text).ToHex();
  }
  return compiled;
}

std::variant<Plan, std::vector<Finding>> CompileScenario(const causeway::v1::Scenario& scenario,
                                                         const CompileOptions& options) {
  return Compiler(ParsedScenario(scenario), options).Compile();
}

absl::StatusOr<Plan> LoadScenario(const std::string& path, const CompileOptions& options) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return absl::NotFoundError(fmt::format("{} is a folder, not a scenario file", path));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(fmt::format("cannot read {}", path));
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad()) return absl::UnavailableError(fmt::format("reading {} failed", path));
  CompileOptions in_its_place = options;
  in_its_place.directory = std::filesystem::path(path).parent_path().string();
  std::variant<Plan, std::vector<Finding>> compiled = CompileScenario(text, in_its_place);
  if (Plan* plan = std::get_if<Plan>(&compiled)) return std::move(*plan);
  std::string message;
  for (const Finding& finding : std::get<std::vector<Finding>>(compiled)) {
    if (!message.empty()) message += '\n';
    message += FormatFinding(path, finding);
  }
  return absl::InvalidArgumentError(message);
}

}  // namespace causeway::sim
