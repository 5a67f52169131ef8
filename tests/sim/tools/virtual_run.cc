// Runs a scenario in virtual time and writes its outputs: what causeway-sim run does, without the
// live half, so that builds of other compilers and kinds are compared at little cost.
//
//   virtual_run FILE DIR
#include <fmt/format.h>

#include "scenarios/report/ledger_indicators.h"
#include "scenarios/report/report.h"
#include "scenarios/simulator/simulator.h"
#include "scenarios/spec/scenario_file.h"

namespace {

int Fail(const absl::Status& status) {
  fmt::print(stderr, "virtual_run: {}\n", std::string(status.message()));
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace causeway::sim;  // NOLINT(google-build-using-namespace): a main of 20 lines
  if (argc != 3) return Fail(absl::InvalidArgumentError("usage: virtual_run FILE DIR"));
  const absl::StatusOr<Plan> plan = LoadScenario(argv[1], {});
  if (!plan.ok()) return Fail(plan.status());
  const absl::StatusOr<RunResult> result = RunSimulation(*plan, {});
  if (!result.ok()) return Fail(result.status());
  const Summary summary = Summarise(*plan, *result);
  fmt::print("{}", RenderTable(*plan, *result, summary));
  const absl::Status written =
      WriteReport(*plan, *result, summary, LedgerParts(*plan, *result), argv[2]);
  return written.ok() ? 0 : Fail(written);
}
