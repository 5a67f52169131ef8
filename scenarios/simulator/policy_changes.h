// Makes nodes take up the later policies of a plan: the observer when a policy is made known, so
// that it knows it before any record is under it; witnesses and bridge one after the other, in any
// order, within the policy's spread. Each draws from a stream of its own, "policy/<epoch>".
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_POLICY_CHANGES_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_POLICY_CHANGES_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "scenarios/simulator/virtual_world.h"
#include "scenarios/spec/plan.h"

namespace causeway::sim {

class BridgeNode;
class ObserverNode;
class WitnessNode;

// The exact bytes of the first policy and so many later ones.
std::vector<std::string> FirstPolicies(const PlannedBridge& bridge, std::size_t later);

// Once, before the run. `bridge` and `observer` may be null; all outlive the run.
void SchedulePolicyChanges(World& world, const std::vector<std::unique_ptr<WitnessNode>>& witnesses,
                           BridgeNode* bridge, ObserverNode* observer);

// When the last node has taken up the last policy; the beginning of time without later policies.
core::LedgerTime PolicyChangesOver(const Plan& plan);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_POLICY_CHANGES_H_
