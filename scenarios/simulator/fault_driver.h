// Makes the faults of a plan happen: begins and ends each in its time. Each fault draws from a
// stream of its own, "fault/<name>".
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_FAULT_DRIVER_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_FAULT_DRIVER_H_

#include <memory>
#include <vector>

#include "scenarios/simulator/bridge_node.h"
#include "scenarios/simulator/ledger_node.h"
#include "scenarios/simulator/observer_node.h"
#include "scenarios/simulator/virtual_world.h"

namespace causeway::sim {

class FaultDriver {
 public:
  // References outlive this; `bridge`, `observer` and who runs the mechanism may be null.
  FaultDriver(World& world, const std::vector<std::unique_ptr<LedgerNode>>& ledgers,
              const std::vector<std::unique_ptr<WitnessNode>>& witnesses, BridgeNode* bridge,
              ObserverNode* observer, SimulatedNode* operated);

  // Once, before the run: schedules everything.
  void Schedule();
  // When the last of the faults is over, what it puts off included: nodes are up, clocks right.
  core::LedgerTime over() const { return over_; }

 private:
  void ScheduleOne(const PlannedFault& fault, core::RandomStream& random);
  void ScheduleCrashes(const PlannedFault& fault, const Crash& crash, core::RandomStream& random);
  void Happen(const Crash& crash, core::RandomStream& random);
  void Happen(const Corruption& corruption, core::RandomStream& random);
  Covered CrashOf(const SimulatedNode& node) const;
  void SetClocks(const WrongClock& fault, bool begins);
  template <typename T>
  void During(const PlannedFault& fault, const T& what, std::vector<SimulatedNode*> nodes,
              core::RandomStream& random);
  // Those that run at all, of the named; all when none is named.
  std::vector<SimulatedNode*> NodesOf(const std::vector<NodeIndex>& named) const;
  SimulatedNode* Find(NodeIndex node) const;

  World& world_;
  const std::vector<std::unique_ptr<LedgerNode>>& ledgers_;
  const std::vector<std::unique_ptr<WitnessNode>>& witnesses_;
  BridgeNode* bridge_;
  ObserverNode* observer_;
  SimulatedNode* operator_;
  std::vector<std::unique_ptr<core::RandomStream>> streams_;  // by fault
  core::LedgerTime over_ = core::LedgerTime::Min();
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_FAULT_DRIVER_H_
