#include "scenarios/sweep/grid.h"

#include <algorithm>
#include <limits>
#include <set>

#include "fmt/format.h"

namespace causeway::sim {

absl::StatusOr<Setting> ParseSetting(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return absl::InvalidArgumentError(
        fmt::format("--set {}: write PATH=VALUE or PATH=VALUE,VALUE,...", text));
  }
  Setting setting{.path = std::string(text.substr(0, equals)), .values = {}};
  std::string_view rest = text.substr(equals + 1);
  for (;;) {
    const std::size_t comma = rest.find(',');
    std::string value(rest.substr(0, comma));
    if (value.empty()) {
      return absl::InvalidArgumentError(fmt::format("--set {}: a value is empty", text));
    }
    if (std::find(setting.values.begin(), setting.values.end(), value) != setting.values.end()) {
      return absl::InvalidArgumentError(
          fmt::format("--set {}: the value {} stands there twice", text, value));
    }
    setting.values.push_back(std::move(value));
    if (comma == std::string_view::npos) return setting;
    rest.remove_prefix(comma + 1);
  }
}

absl::StatusOr<std::vector<Point>> PointsOf(const std::vector<Setting>& settings) {
  std::set<std::string> paths;
  std::vector<Point> points = {{}};
  for (const Setting& setting : settings) {
    if (!paths.insert(setting.path).second) {
      return absl::InvalidArgumentError(
          fmt::format("--set {}: is set twice; give all its values at once", setting.path));
    }
    if (points.size() > kSweepRunsMax / setting.values.size()) {
      return absl::InvalidArgumentError(
          fmt::format("the settings make more than {} combinations", kSweepRunsMax));
    }
    std::vector<Point> longer;
    for (const Point& point : points) {
      for (const std::string& value : setting.values) {
        longer.push_back(point);
        longer.back().emplace_back(setting.path, value);
      }
    }
    points = std::move(longer);
  }
  return points;
}

absl::StatusOr<std::vector<Run>> RunsOf(const std::vector<Point>& points, std::uint64_t first,
                                        std::uint64_t seeds) {
  if (seeds == 0 || seeds > kSweepRunsMax / points.size()) {
    return absl::InvalidArgumentError(
        fmt::format("{} combinations with {} seeds: must be 1 to {} runs", points.size(), seeds,
                    kSweepRunsMax));
  }
  if (first > std::numeric_limits<std::uint64_t>::max() - (seeds - 1)) {
    return absl::InvalidArgumentError("the seeds do not fit 64 bits");
  }
  std::vector<Run> runs;
  for (const Point& point : points) {
    for (std::uint64_t seed = 0; seed < seeds; ++seed) runs.push_back({point, first + seed});
  }
  return runs;
}

std::string Describe(const Point& point) {
  if (point.empty()) return "no settings";
  std::string text;
  for (const auto& [path, value] : point) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", path, value);
  }
  return text;
}

}  // namespace causeway::sim
