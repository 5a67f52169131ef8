// What became of one simulated scenario, small enough to send between processes.
#ifndef CAUSEWAY_SCENARIOS_EXPLORE_OUTCOME_H_
#define CAUSEWAY_SCENARIOS_EXPLORE_OUTCOME_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "causeway/v1/scenario.pb.h"
#include "scenarios/simulator/simulator.h"

namespace causeway::sim {

struct Outcome {
  // What did not hold, one sentence each; none: everything did. A process that died is one.
  std::vector<std::string> breaches;
  SimulatorCounts counts;
  // Under hash time-locks, which cannot exclude it: what somebody paid and was not paid for, in
  // minor units of the scenario's value currency.
  std::int64_t principal_lost_minor = 0;
  std::string digest;  // SHA-256 over all logs, hexadecimal: the same run has the same
};

// Known-bad nodes for tests, or null.
struct RunOptions {
  const NodeFactory* nodes = nullptr;
  bool observe = true;
};

// Compiles and runs it in this process. A scenario that does not compile breaches that.
Outcome RunScenario(const causeway::v1::Scenario& scenario, const RunOptions& options);

std::string EncodeOutcome(const Outcome& outcome);
absl::StatusOr<Outcome> DecodeOutcome(std::string_view bytes);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_EXPLORE_OUTCOME_H_
