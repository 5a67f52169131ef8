// Quantities over time, made small enough for a plot.
#ifndef CAUSEWAY_SCENARIOS_PAGE_TIMELINE_H_
#define CAUSEWAY_SCENARIOS_PAGE_TIMELINE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "scenarios/page/page.h"

namespace causeway::page {

// A change of a quantity at a time, in microseconds since 1970-01-01, UTC.
struct Change {
  std::int64_t time_us = 0;
  double by = 0;
};

// Points of a step series that a timeline leaves as they are; more become intervals.
inline constexpr std::size_t kTimelinePointsMax = 600;

// The sum of the changes so far, as a step series from `begin_us` to `end_us`: every point where it
// changes, or, when these are more than kTimelinePointsMax, the highest value in each of
// kTimelinePointsMax intervals of equal length. Changes may come in any order; those before the
// begin count from the begin, those after the end do not count.
Series Timeline(std::string name, std::vector<Change> changes, std::int64_t begin_us,
                std::int64_t end_us);

// The share, in percent, of `ascending` that is at most x, as a step series of at most 400 points.
// Values below `least` are drawn there: a logarithmic axis has no zero.
Series Distribution(std::string name, const std::vector<double>& ascending, double least);

}  // namespace causeway::page

#endif  // CAUSEWAY_SCENARIOS_PAGE_TIMELINE_H_
