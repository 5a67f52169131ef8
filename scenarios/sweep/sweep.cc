#include "scenarios/sweep/sweep.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "fmt/format.h"
#include "scenarios/explore/workers.h"
#include "scenarios/sweep/columns.h"
#include "scenarios/text/text.h"

namespace causeway::sim {
namespace {

// Of a setting or an indicator; nothing when the row has none of that name.
const std::string* FindValue(const SweepRow& row, const std::string& name) {
  for (const auto* pairs : {&row.run.point, &row.indicators}) {
    for (const auto& [key, value] : *pairs) {
      if (key == name) return &value;
    }
  }
  return nullptr;
}

std::string Names(const SweepRow& row) {
  std::string names;
  for (const auto* pairs : {&row.run.point, &row.indicators}) {
    for (const auto& each : *pairs) names += (names.empty() ? "" : ", ") + each.first;
  }
  return names;
}

// Nothing for an empty value: not defined.
absl::StatusOr<std::optional<double>> NumberOf(const SweepRow& row, const std::string& name) {
  const std::string* text = FindValue(row, name);
  if (text == nullptr) {
    return absl::InvalidArgumentError(
        fmt::format("there is no setting or indicator {}; there are {}", name, Names(row)));
  }
  if (text->empty()) return std::optional<double>();
  double number = 0;
  const char* end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc() || rest != end || !std::isfinite(number)) {
    return absl::InvalidArgumentError(fmt::format(
        "{} is '{}' in a run, which is no number: it has no place on an axis", name, *text));
  }
  return std::optional<double>(number);
}

// Of those runs. Where the indicator cannot be, neither is its mean: the interval ends there.
Estimate IntervalOf(const Point& point, const std::string& name,
                    const std::vector<double>& values) {
  Estimate estimate = EstimateOf(values);
  const bool is_setting = std::any_of(point.begin(), point.end(),
                                      [&](const auto& setting) { return setting.first == name; });
  if (is_setting) return estimate;
  if (IsNeverNegative(name)) estimate.low = std::max(estimate.low, 0.0);
  if (IsShareColumn(name)) estimate.high = std::min(estimate.high, 1.0);
  return estimate;
}

// Settings other than the one that moves along the curve: that of the axis, or the first.
std::string LineName(const Point& point, const std::string& x) {
  const auto along = std::find_if(point.begin(), point.end(),
                                  [&](const auto& setting) { return setting.first == x; });
  const auto left_out = along == point.end() ? point.begin() : along;
  Point others;
  for (auto each = point.begin(); each != point.end(); ++each) {
    if (each != left_out) others.push_back(*each);
  }
  return others.empty() ? "" : Describe(others);
}

}  // namespace

absl::StatusOr<SweepResult> RunSweep(const RunStore& store, const std::vector<Run>& runs,
                                     const RunFunction& run, const SweepOptions& options) {
  SweepResult result;
  std::vector<std::optional<Indicators>> indicators(runs.size());
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    indicators[i] = store.Find(runs[i]);
    if (!indicators[i]) missing.push_back(i);
  }
  result.found = runs.size() - missing.size();
  std::size_t done = result.found;
  const auto progress = [&] {
    if (options.on_progress) options.on_progress(done, runs.size());
  };
  progress();
  const Job job = [&](std::uint64_t number) {
    const Run& next = runs[missing[number]];
    Outcome outcome;
    const absl::StatusOr<Indicators> made = run(next);
    const absl::Status kept = made.ok() ? store.Keep(next, *made) : made.status();
    if (!kept.ok()) outcome.breaches.emplace_back(kept.message());
    return outcome;
  };
  std::vector<std::string> failures(runs.size());
  const absl::Status ran = RunJobs(0, missing.size(), std::max(1U, options.processes), job,
                                   [&](std::uint64_t number, const Outcome& outcome) {
                                     if (!outcome.breaches.empty())
                                       failures[missing[number]] = outcome.breaches.front();
                                     done += 1;
                                     progress();
                                     return true;
                                   });
  if (!ran.ok()) return ran;
  for (const std::size_t i : missing) {
    if (!failures[i].empty()) {
      result.failures.push_back(
          fmt::format("{}, seed {}: {}", Describe(runs[i].point), runs[i].seed, failures[i]));
      continue;
    }
    indicators[i] = store.Find(runs[i]);
    if (!indicators[i]) {
      result.failures.push_back(fmt::format("{}, seed {}: its result cannot be read",
                                            Describe(runs[i].point), runs[i].seed));
    }
  }
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (indicators[i]) result.rows.push_back({runs[i], *std::move(indicators[i])});
  }
  return result;
}

std::string RenderSweepCsv(const std::vector<SweepRow>& rows) {
  std::string csv;
  if (rows.empty()) return csv;
  for (const auto& each : rows.front().run.point) csv += text::CsvField(each.first) + ",";
  csv += "seed";
  for (const auto& each : rows.front().indicators) csv += "," + text::CsvField(each.first);
  csv += "\n";
  for (const SweepRow& row : rows) {
    for (const auto& each : row.run.point) csv += text::CsvField(each.second) + ",";
    csv += fmt::format("{}", row.run.seed);
    for (const auto& each : row.indicators) csv += "," + text::CsvField(each.second);
    csv += "\n";
  }
  return csv;
}

absl::StatusOr<Curve> CurveOf(const std::vector<SweepRow>& rows, const std::string& x,
                              const std::string& y) {
  Curve curve{.x = x, .y = y, .lines = {}};
  for (std::size_t i = 0; i < rows.size();) {
    std::vector<double> xs;
    std::vector<double> ys;
    const Point& point = rows[i].run.point;
    for (; i < rows.size() && rows[i].run.point == point; ++i) {
      const absl::StatusOr<std::optional<double>> at_x = NumberOf(rows[i], x);
      if (!at_x.ok()) return at_x.status();
      const absl::StatusOr<std::optional<double>> at_y = NumberOf(rows[i], y);
      if (!at_y.ok()) return at_y.status();
      if (!*at_x || !*at_y) continue;
      xs.push_back(**at_x);
      ys.push_back(**at_y);
    }
    if (xs.empty()) continue;
    const std::string name = LineName(point, x);
    auto line = std::find_if(curve.lines.begin(), curve.lines.end(),
                             [&](const CurveLine& each) { return each.name == name; });
    if (line == curve.lines.end()) {
      line = curve.lines.insert(curve.lines.end(), CurveLine{.name = name, .points = {}});
    }
    line->points.push_back({point, IntervalOf(point, x, xs), IntervalOf(point, y, ys)});
  }
  for (CurveLine& line : curve.lines) {
    std::stable_sort(
        line.points.begin(), line.points.end(),
        [](const CurvePoint& left, const CurvePoint& right) { return left.x.mean < right.x.mean; });
  }
  return curve;
}

std::string RenderCurveCsv(const Curve& curve) {
  std::string csv;
  for (const CurveLine& line : curve.lines) {
    for (const CurvePoint& point : line.points) {
      if (csv.empty()) {
        for (const auto& each : point.point) csv += text::CsvField(each.first) + ",";
        csv += "runs";
        for (const std::string& axis : {curve.x, curve.y}) {
          for (const char* what : {"mean", "low", "high"}) {
            csv += "," + text::CsvField(fmt::format("{}_{}", axis, what));
          }
        }
        csv += "\n";
      }
      for (const auto& each : point.point) csv += text::CsvField(each.second) + ",";
      csv += fmt::format("{}", point.y.count);
      for (const double number :
           {point.x.mean, point.x.low, point.x.high, point.y.mean, point.y.low, point.y.high}) {
        csv += fmt::format(",{:.10g}", number);
      }
      csv += "\n";
    }
  }
  return csv;
}

}  // namespace causeway::sim
