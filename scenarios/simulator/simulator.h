// Runs a plan in virtual time: ledger nodes, bridge, observer and all participants in one thread,
// over a virtual network, disks and clocks, with the plan's faults. The same plan gives the same
// result, to the byte, on every machine and compiler. Checkers watch every event: what does not
// hold becomes a breach in the result.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_SIMULATOR_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_SIMULATOR_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "scenarios/simulator/agents.h"
#include "scenarios/simulator/bridge_node.h"
#include "scenarios/simulator/corridor_node.h"
#include "scenarios/simulator/coverage.h"
#include "scenarios/simulator/ledger_node.h"
#include "scenarios/simulator/observer_node.h"
#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"

namespace causeway::sim {

// Everything is counted anew after so many events, and at the end.
inline constexpr std::uint64_t kEventsBetweenRecounts = 4096;

// Makes the nodes of a run. Tests put known-bad ones in their place; nothing else does.
class NodeFactory {
 public:
  virtual ~NodeFactory() = default;
  virtual std::unique_ptr<LedgerNode> MakeLedger(
      World& world, LedgerIndex ledger, const KeyRing& keys,
      const std::shared_ptr<const core::SignatureVerifier>& verifier, ObserverNode* observer) const;
  virtual std::unique_ptr<BridgeNode> MakeBridge(
      World& world, const KeyRing& keys,
      const std::shared_ptr<const core::SignatureVerifier>& verifier,
      const std::vector<std::unique_ptr<LedgerNode>>& ledgers, ObserverNode* observer) const;
  virtual std::unique_ptr<WitnessNode> MakeWitness(
      World& world, std::size_t position, const KeyRing& keys,
      const std::shared_ptr<const core::SignatureVerifier>& verifier,
      const ObserverNode* observer) const;
  // In place of the ledgers, where one has all currencies.
  virtual std::unique_ptr<CorridorNode> MakeCorridor(World& world) const;
};

struct SimulatorOptions {
  // The observer verifies every log beside the run. Without it a run is faster and says so.
  bool observe = true;
  // What the mechanism costs and risks is measured.
  bool measure = false;
  // The run ends with the first breach that the checkers find.
  bool stop_at_breach = false;
  // Null: the nodes as they are. Outlives the run.
  const NodeFactory* nodes = nullptr;
  // Instead of the plan's behaviours: strategies of a program's own. The plan is concurrent.
  AccountBehaviours behaviours;
  // Called after each action ended; may be empty.
  std::function<void(std::size_t done, std::size_t all)> on_progress;
};

// Of the run itself; not part of its result.
struct SimulatorCounts {
  std::uint64_t messages = 0;  // that arrived
  std::uint64_t timers = 0;    // that fired
  std::uint64_t writes = 0;    // that became durable
  Coverage coverage;

  std::uint64_t events() const { return messages + timers + writes; }
};

// How long after the last fault and the last action due of a plan everything has ended: every
// attempt of a settlement that may follow has its deadline, repeats included.
core::Duration DrainBound(const Plan& plan);

// An error means that the plan could not be run at all. Broken invariants and rejections are part
// of the result. `counts` may be null.
absl::StatusOr<RunResult> RunSimulation(const Plan& plan, const SimulatorOptions& options = {},
                                        SimulatorCounts* counts = nullptr);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_SIMULATOR_H_
