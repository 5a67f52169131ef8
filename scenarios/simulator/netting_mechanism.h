// Deferred net settlement in virtual time: members hand in trades to the operator; at set times it
// has the net payers sign one settlement of all net positions, which the bridge settles.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_NETTING_MECHANISM_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_NETTING_MECHANISM_H_

#include <memory>
#include <string>
#include <vector>

#include "scenarios/mechanisms/netting_cycle.h"
#include "scenarios/simulator/bridge_node.h"
#include "scenarios/simulator/hand_in_mechanism.h"

namespace causeway::sim {

// What all net payers of an attempt sign.
struct NettedTerms {
  std::string terms;
  std::vector<std::string> legs;
};
// The same for the same attempt, so that it can be made again after a restart.
NettedTerms MakeNettedTerms(const Plan& plan, const NettingCycle::Attempt& attempt);
// Whose payment a refusal is about: the payer of the leg that it names, or the payee when it names
// the payee's account. Nothing for one that names no leg.
std::optional<ParticipantIndex> ToBlame(const Plan& plan, const std::vector<NetLeg>& legs,
                                        const core::Rejection& rejection);

class NettingOperator : public MachineNode<NettingCycle> {
 public:
  using Tell = std::function<void(const NettingCycle::Tell&)>;

  NettingOperator(World& world, const KeyRing& keys, BridgeNode& bridge, Tell tell);

  // A message of a member arrives.
  void Enter(ActionIndex action, ParticipantIndex by);
  const NettingCycle* cycle() const { return machine(); }

 private:
  std::unique_ptr<NettingCycle> Make() const override { return std::make_unique<NettingCycle>(); }
  void Perform(const Effects& effects) override;
  void OnUp() override;
  // What happens at a time, when it is that.
  using EventAt = std::function<Effects(NettingCycle&, core::LedgerTime)>;
  void ScheduleDay(core::BusinessDate date);
  void At(core::LedgerTime time, EventAt event);
  void HappenNow(const EventAt& event);
  // Null when that attempt is over.
  const NettingCycle::Attempt* Find(std::uint32_t attempt) const;
  // Asks, and again until they have signed or their time is over.
  void AskSignatures(std::uint32_t attempt);
  void AskOne(std::uint32_t attempt, ParticipantIndex payer,
              std::shared_ptr<const NettedTerms> terms);
  void OnSigned(std::uint32_t attempt, ParticipantIndex payer, const NettedTerms& terms,
                const core::Signature& signature);
  void HandIn(std::uint32_t attempt);

  const KeyRing& keys_;
  BridgeNode& bridge_;
  Tell tell_;
};

class NettingMechanism : public HandInMechanism {
 public:
  NettingMechanism(World& world, const KeyRing& keys, BridgeNode& bridge);

  SimulatedNode* operator_node() override { return &operator_; }
  absl::Status Start() override { return operator_.Start(); }
  std::optional<std::vector<Movement>> Moved() const override;

 private:
  NodeIndex desk() const override { return operator_.index(); }
  void Arrive(ActionIndex action, ParticipantIndex by) override { operator_.Enter(action, by); }

  NettingOperator operator_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_NETTING_MECHANISM_H_
