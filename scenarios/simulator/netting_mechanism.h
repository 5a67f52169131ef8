// Deferred net settlement in virtual time: members hand in trades to the operator; at set times it
// has the net payers sign one settlement of all net positions, which the bridge settles.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_NETTING_MECHANISM_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_NETTING_MECHANISM_H_

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "scenarios/mechanisms/netting_cycle.h"
#include "scenarios/simulator/entered_trades.h"
#include "scenarios/simulator/net_operator.h"

namespace causeway::sim {

class NettingOperator : public NetOperator<NettingCycle> {
 public:
  NettingOperator(World& world, const KeyRing& keys, BridgeNode& bridge, Tell tell);

  // A message of a member arrives.
  void Enter(ActionIndex action, ParticipantIndex by);

 private:
  std::unique_ptr<NettingCycle> Make() const override { return std::make_unique<NettingCycle>(); }
  void Perform(const Effects& effects) override;
  void OnUp() override;
  Effects OnOutcome(NettingCycle& machine, core::LedgerTime now, std::uint32_t attempt,
                    const core::Rejection& outcome,
                    const std::optional<NetBlame>& blame) const override;
  void ScheduleDay(core::BusinessDate date);
};

class NettingMechanism : public Mechanism {
 public:
  NettingMechanism(World& world, const KeyRing& keys, BridgeNode& bridge);

  SimulatedNode* operator_node() override { return &operator_; }
  absl::Status Start() override { return operator_.Start(); }
  void Settle(ActionIndex action, Done done) override { trades_.Settle(action, std::move(done)); }
  std::optional<std::vector<Movement>> Moved() const override;

 private:
  NettingOperator operator_;
  EnteredTrades trades_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_NETTING_MECHANISM_H_
