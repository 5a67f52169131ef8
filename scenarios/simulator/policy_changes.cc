#include "scenarios/simulator/policy_changes.h"

#include <algorithm>

#include "fmt/format.h"
#include "scenarios/simulator/bridge_node.h"
#include "scenarios/simulator/observer_node.h"
#include "scenarios/simulator/witness_node.h"
#include "settlement/core/prng.h"

namespace causeway::sim {

std::vector<std::string> FirstPolicies(const PlannedBridge& bridge, std::size_t later) {
  std::vector<std::string> policies = {bridge.policy_bytes};
  for (std::size_t i = 0; i < later; ++i) policies.push_back(bridge.later_policies[i].bytes);
  return policies;
}

void SchedulePolicyChanges(World& world, const std::vector<std::unique_ptr<WitnessNode>>& witnesses,
                           BridgeNode* bridge, ObserverNode* observer) {
  if (bridge == nullptr) return;
  const std::vector<PlannedPolicy>& policies = world.plan.bridge->later_policies;
  for (std::size_t i = 0; i < policies.size(); ++i) {
    const PlannedPolicy& policy = policies[i];
    core::RandomStream random(world.plan.seed, fmt::format("policy/{}", policy.policy.epoch));
    const auto at = [&](auto* node) {
      const core::LedgerTime time = policy.known + core::Duration::FromMicros(random.UniformInRange(
                                                       0, policy.spread.micros()));
      world.clock.At(time, EventKind::kOther, [node, i] { node->TakeUp(i + 1); });
    };
    if (observer != nullptr) {
      world.clock.At(policy.known, EventKind::kOther, [observer, i] { observer->TakeUp(i + 1); });
    }
    for (const auto& witness : witnesses) at(witness.get());
    at(bridge);
  }
}

core::LedgerTime PolicyChangesOver(const Plan& plan) {
  core::LedgerTime over = core::LedgerTime::Min();
  if (!plan.bridge) return over;
  for (const PlannedPolicy& policy : plan.bridge->later_policies) {
    over = std::max(over, policy.used() + kRestartDelay);
  }
  return over;
}

}  // namespace causeway::sim
