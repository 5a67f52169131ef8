// The runs of a sweep over a scenario file.
#ifndef CAUSEWAY_SCENARIOS_SWEEP_SCENARIO_RUNS_H_
#define CAUSEWAY_SCENARIOS_SWEEP_SCENARIO_RUNS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "causeway/v1/scenario.pb.h"
#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"
#include "scenarios/sweep/grid.h"
#include "scenarios/sweep/run_store.h"

namespace causeway::sim {

// What a run came to, by docs/formats/sweep.md. Values in the unit of RunFigures.
Indicators IndicatorsOfRun(const Plan& plan, const RunResult& result);

class ScenarioRuns {
 public:
  // As LoadScenario.
  static absl::StatusOr<ScenarioRuns> Load(const std::string& path);

  // That every setting names a field and every point is a good scenario. InvalidArgument says which
  // is not, and why.
  absl::Status Check(const std::vector<Point>& points) const;
  // Simulates the scenario with the settings and the seed of `run`, without the observer.
  absl::StatusOr<Indicators> Make(const Run& run) const;

  const Plan& plan() const { return plan_; }  // of the file as it is
  // SHA-256 of the file; when payments of it come from elsewhere, of that and theirs.
  std::string digest() const;
  const std::string& text() const { return text_; }

 private:
  absl::StatusOr<Plan> PlanOf(const Run& run) const;

  std::string directory_;  // of the file
  std::string text_;
  causeway::v1::Scenario scenario_;
  Plan plan_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SWEEP_SCENARIO_RUNS_H_
