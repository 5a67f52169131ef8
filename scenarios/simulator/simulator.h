// Runs a plan in virtual time: ledger nodes, bridge, observer and all participants in one thread,
// over a virtual network and clock. The same plan gives the same result, to the byte, on every
// machine and compiler.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_SIMULATOR_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_SIMULATOR_H_

#include <cstddef>
#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"

namespace causeway::sim {

// A participant sends a request again when there is no reply for so long. The bridge answers only
// when a settlement is complete, so this lies above any settlement deadline in use.
inline constexpr core::Duration kReplyTimeout = core::Duration::FromMinutes(10);

struct SimulatorOptions {
  // The observer verifies every log beside the run. Without it a run is faster and says so.
  bool observe = true;
  // Called after each action ended; may be empty.
  std::function<void(std::size_t done, std::size_t all)> on_progress;
};

// Of the run itself; not part of its result.
struct SimulatorCounts {
  std::uint64_t events = 0;
};

// An error means that the plan could not be run at all. Broken invariants and rejections are part
// of the result. `counts` may be null.
absl::StatusOr<RunResult> RunSimulation(const Plan& plan, const SimulatorOptions& options = {},
                                        SimulatorCounts* counts = nullptr);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_SIMULATOR_H_
