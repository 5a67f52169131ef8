#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "scenarios/report/report.h"

namespace causeway::sim {
namespace {

using Json = nlohmann::ordered_json;

struct Loaded {
  Json report;
  std::string balances;
};

absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(fmt::format("cannot read {}", path.string()));
  return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

absl::StatusOr<Loaded> Load(const std::string& directory) {
  const std::filesystem::path folder(directory);
  std::error_code ignored;
  if (!std::filesystem::exists(folder / "report.json", ignored) &&
      std::filesystem::exists(folder / "indicators.json", ignored)) {
    return absl::InvalidArgumentError(
        fmt::format("{} has the results of a study, and compare is for runs of scenarios: compare "
                    "the files indicators.csv of both with diff, or vary the options with sweep",
                    directory));
  }
  absl::StatusOr<std::string> text = ReadFile(folder / "report.json");
  if (!text.ok()) return text.status();
  absl::StatusOr<std::string> balances = ReadFile(folder / "balances.csv");
  if (!balances.ok()) return balances.status();
  Json report = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!report.is_object()) {
    return absl::InvalidArgumentError(
        fmt::format("{} is not a report", (folder / "report.json").string()));
  }
  return Loaded{std::move(report), *std::move(balances)};
}

std::string Show(const Json& report, const Json::json_pointer& pointer) {
  if (!report.contains(pointer)) return "-";
  const Json& value = report.at(pointer);
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::size_t LineCount(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

absl::StatusOr<Comparison> CompareReports(const std::string& left, const std::string& right) {
  absl::StatusOr<Loaded> first = Load(left);
  if (!first.ok()) return first.status();
  absl::StatusOr<Loaded> second = Load(right);
  if (!second.ok()) return second.status();
  Comparison comparison;
  comparison.equal = true;
  const auto row = [&comparison](std::string_view what, const std::string& a, const std::string& b,
                                 bool same) {
    comparison.table +=
        fmt::format("  {:<24}{:>26}{:>26}  {}\n", what, a, b, same ? "same" : "DIFFERENT");
    comparison.equal = comparison.equal && same;
  };
  const auto compare = [&](const std::string& what, const std::string& pointer) {
    const Json::json_pointer place(pointer);
    const std::string a = Show(first->report, place);
    const std::string b = Show(second->report, place);
    row(what, a, b, a == b && a != "-");
  };
  const Json::json_pointer mode("/mode");
  comparison.table = fmt::format("  {:<24}{:>26}{:>26}\n", "", Show(first->report, mode),
                                 Show(second->report, mode));
  compare("scenario", "/scenario");
  compare("seed", "/seed");
  compare("settled", "/settled");
  compare("rejected", "/rejected");
  const Json settled_value = first->report.value("settled_value", Json::object());
  for (const auto& [currency, value] : settled_value.items()) {
    compare("settled " + currency + " (minor)", "/settled_value/" + currency);
  }
  compare("all or none", "/checks/all_or_none");
  compare("settlements in breach", "/checks/all_or_none_breaches");
  compare("other breaches", "/checks/other_breaches");
  row("balances", fmt::format("{} accounts", LineCount(first->balances) - 1),
      fmt::format("{} accounts", LineCount(second->balances) - 1),
      first->balances == second->balances);
  compare("expectations met", "/expectations_met");
  const std::string a = Show(first->report, Json::json_pointer("/observer/verified"));
  const std::string b = Show(second->report, Json::json_pointer("/observer/verified"));
  row("observer verified", a, b, a == "true" && b == "true");
  comparison.table += comparison.equal
                          ? "\n  both end with the same balances, and the observer verified both\n"
                          : "\n  THE RUNS DIFFER\n";
  return comparison;
}

}  // namespace causeway::sim
