// Runs a grid of settings and seeds on all cores and makes one table of it, and the curve of one
// indicator over another. What comes out depends on what is run, not on how many processes ran it,
// in which order, or how often it was interrupted.
#ifndef CAUSEWAY_SCENARIOS_SWEEP_SWEEP_H_
#define CAUSEWAY_SCENARIOS_SWEEP_SWEEP_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "scenarios/sweep/grid.h"
#include "scenarios/sweep/run_store.h"
#include "scenarios/sweep/statistics.h"

namespace causeway::sim {

// Makes one run, in a child process. Must give the same for the same run.
using RunFunction = std::function<absl::StatusOr<Indicators>(const Run&)>;

struct SweepOptions {
  std::uint32_t processes = 1;
  // Called after each run that was made or found; may be empty.
  std::function<void(std::size_t done, std::size_t all)> on_progress;
};

struct SweepRow {
  Run run;
  Indicators indicators;
};

struct SweepResult {
  std::vector<SweepRow> rows;         // in the order of the runs, those that failed left out
  std::size_t found = 0;              // that an earlier sweep had made
  std::vector<std::string> failures;  // one sentence for each run that failed
};

// Makes those of `runs` that are not in `store`. Call without other threads. An error when the
// system gives no processes.
absl::StatusOr<SweepResult> RunSweep(const RunStore& store, const std::vector<Run>& runs,
                                     const RunFunction& run, const SweepOptions& options);

// One line a run: settings, seed, indicators.
std::string RenderSweepCsv(const std::vector<SweepRow>& rows);

// A point of the curve: the runs that differ in nothing but their seed.
struct CurvePoint {
  Point point;
  Estimate x;
  Estimate y;
};
// Points that differ in one setting only: in `x` where that is one, else in the first.
struct CurveLine {
  std::string name;                // the other settings; empty when there are none
  std::vector<CurvePoint> points;  // by ascending x
};
struct Curve {
  std::string x;  // names of a setting or an indicator
  std::string y;
  std::vector<CurveLine> lines;  // in the order of the grid
};
// Runs for which x or y is not defined are left out. Intervals end where an indicator's range does:
// a share is between 0 and 1, amounts and times are not negative. InvalidArgument when the rows
// have no `x` or `y`, or one that is no number.
absl::StatusOr<Curve> CurveOf(const std::vector<SweepRow>& rows, const std::string& x,
                              const std::string& y);

std::string RenderCurveCsv(const Curve& curve);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SWEEP_SWEEP_H_
