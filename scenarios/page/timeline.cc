#include "scenarios/page/timeline.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace causeway::page {
namespace {

double Milliseconds(std::int64_t time_us) { return static_cast<double>(time_us) / 1000; }

// Sums of thousands of decimals: what remains of a quantity that went back to nothing is nothing.
double Settled(double value, double highest) {
  return std::abs(value) < highest * 1e-12 ? 0 : value;
}

// The value in force from each time on; times ascend.
std::vector<std::pair<std::int64_t, double>> StepsOf(std::vector<Change> changes,
                                                     std::int64_t begin_us, std::int64_t end_us) {
  std::stable_sort(changes.begin(), changes.end(), [](const Change& left, const Change& right) {
    return left.time_us < right.time_us;
  });
  std::vector<std::pair<std::int64_t, double>> steps = {{begin_us, 0}};
  double value = 0;
  double highest = 0;
  for (const Change& change : changes) {
    if (change.time_us > end_us) break;
    const std::int64_t time_us = std::max(change.time_us, begin_us);
    highest = std::max(highest, std::abs(value += change.by));
    value = Settled(value, highest);
    if (steps.back().first == time_us) {
      steps.back().second = value;
    } else {
      steps.emplace_back(time_us, value);
    }
  }
  return steps;
}

}  // namespace

Series Timeline(std::string name, std::vector<Change> changes, std::int64_t begin_us,
                std::int64_t end_us) {
  Series series{.name = std::move(name), .mark = Mark::kStep};
  const auto steps = StepsOf(std::move(changes), begin_us, end_us);
  const auto add = [&series](std::int64_t time_us, double value) {
    series.x.push_back(Milliseconds(time_us));
    series.y.push_back(value);
  };
  if (steps.size() <= kTimelinePointsMax) {
    for (const auto& [time_us, value] : steps) add(time_us, value);
    add(end_us, steps.back().second);
    return series;
  }
  const auto intervals = static_cast<std::int64_t>(kTimelinePointsMax);
  const std::int64_t span = std::max<std::int64_t>(1, end_us - begin_us);
  std::size_t next = 0;
  double value = 0;
  for (std::int64_t i = 0; i < intervals; ++i) {
    const std::int64_t from = begin_us + span / intervals * i + span % intervals * i / intervals;
    const std::int64_t to =
        begin_us + span / intervals * (i + 1) + span % intervals * (i + 1) / intervals;
    double highest = value;
    bool first = true;
    while (next < steps.size() && (steps[next].first < to || i == intervals - 1)) {
      value = steps[next].second;
      // What was in force before the interval counts unless it changed at its very beginning.
      highest = first && steps[next].first == from ? value : std::max(highest, value);
      first = false;
      next += 1;
    }
    add(from, highest);
  }
  add(end_us, value);
  return series;
}

Series Distribution(std::string name, const std::vector<double>& ascending, double least) {
  constexpr std::size_t kPointsMax = 400;
  Series series{.name = std::move(name), .mark = Mark::kStep};
  if (ascending.empty()) return series;
  const std::size_t size = ascending.size();
  const std::size_t points = std::min(size, kPointsMax);
  series.x.push_back(std::max(ascending.front(), least));  // from where it rises
  series.y.push_back(0);
  for (std::size_t i = 1; i <= points; ++i) {
    const double value = ascending[i * size / points - 1];
    const auto at_most = std::upper_bound(ascending.begin(), ascending.end(), value);
    const double share =
        100 * static_cast<double>(at_most - ascending.begin()) / static_cast<double>(size);
    const double x = std::max(value, least);
    if (series.x.size() > 1 && series.x.back() == x) {
      series.y.back() = share;
    } else {
      series.x.push_back(x);
      series.y.push_back(share);
    }
  }
  return series;
}

}  // namespace causeway::page
