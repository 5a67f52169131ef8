// What a sweep runs: every combination of the settings' values, with every seed.
#ifndef CAUSEWAY_SCENARIOS_SWEEP_GRID_H_
#define CAUSEWAY_SCENARIOS_SWEEP_GRID_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace causeway::sim {

// Runs of a sweep: points of its grid times seeds.
inline constexpr std::size_t kSweepRunsMax = 1'000'000;

// "--set PATH=VALUE,VALUE,..."
struct Setting {
  std::string path;
  std::vector<std::string> values;  // at least one, no two alike
};
// InvalidArgument says what is wrong with `text`.
absl::StatusOr<Setting> ParseSetting(std::string_view text);

// A path and its value, for each setting, in their order.
using Point = std::vector<std::pair<std::string, std::string>>;

struct Run {
  Point point;
  std::uint64_t seed = 0;
};

// The last setting varies fastest; without settings one point without parameters. InvalidArgument
// when two settings have the same path or there would be more than kSweepRunsMax runs.
absl::StatusOr<std::vector<Point>> PointsOf(const std::vector<Setting>& settings);
// Seeds `first`, `first` + 1, ... vary within a point.
absl::StatusOr<std::vector<Run>> RunsOf(const std::vector<Point>& points, std::uint64_t first,
                                        std::uint64_t seeds);

// "a=1, b=2"; "no settings" for none.
std::string Describe(const Point& point);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SWEEP_GRID_H_
