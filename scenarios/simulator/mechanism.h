// How PvP actions of a simulated run settle when they do not go to the bridge one by one: what the
// mechanisms of scenarios/mechanisms have in common here, their messages and clocks and faults.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_MECHANISM_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_MECHANISM_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "scenarios/simulator/simulated_node.h"
#include "scenarios/spec/actor.h"
#include "scenarios/spec/run_result.h"

namespace causeway::sim {

class BridgeNode;
class CorridorNode;
class LedgerNode;

// Money that a settlement moved, on the books of the ledgers in the end.
struct Movement {
  LedgerIndex ledger = 0;
  ParticipantIndex from = 0;
  ParticipantIndex to = 0;
  core::Amount amount;
};

class Mechanism {
 public:
  using Done = std::function<void(const ActionResult&)>;

  virtual ~Mechanism() = default;
  // Its operator's node, if somebody runs it; the mechanism owns it.
  virtual SimulatedNode* operator_node() { return nullptr; }
  virtual absl::Status Start() = 0;
  // The parties of a PvP action begin. `done` is called once, when they know how it ended.
  virtual void Settle(ActionIndex action, Done done) = 0;
  // What its settlements moved between accounts, whoever knows of it, when nothing happens any
  // more. Nothing when who would know is down.
  virtual std::optional<std::vector<Movement>> Moved() const = 0;
  // Of a settlement queue, when its operator is up at the end.
  virtual std::optional<SettlementQueueResult> QueueFigures() const { return std::nullopt; }
};

// Null for the coordinated one, where the bridge does it all. `corridor` is there when one ledger
// has all currencies. References outlive the mechanism.
std::unique_ptr<Mechanism> MakeMechanism(World& world, const KeyRing& keys,
                                         const std::vector<std::unique_ptr<LedgerNode>>& ledgers,
                                         BridgeNode* bridge, CorridorNode* corridor);

// When the ledgers of a plan open and cut off on a business day: the first, and the last of them.
struct OpeningTimes {
  core::LedgerTime opens;
  core::LedgerTime closes;
};
OpeningTimes OpeningTimesOf(const Plan& plan, core::BusinessDate date);

// Of a PvP action whose parties only withhold or do their part.
bool Withholds(const Plan& plan, ActionIndex action, bool counterparty);

// The result of a PvP action that ended now: settled when `outcome` is kAccepted.
ActionResult EndOfPvp(const World& world, ActionIndex action, const core::Rejection& outcome,
                      core::LedgerTime started);

// Of a trade that both parties withhold, where trades are handed in: nobody hears of it, and it is
// over before it begins.
std::optional<ActionResult> EndOfUnheard(const World& world, ActionIndex action);

// A node that runs a pure machine: it keeps the events in a log, and what the machine makes of one
// takes effect when the event is durable. A crash loses events that were not.
template <typename Machine>
class MachineNode : public SimulatedNode {
 public:
  using Effects = typename Machine::Effects;
  using Event = std::function<Effects(Machine&)>;

  MachineNode(World& world, NodeIndex index) : SimulatedNode(world, index) {}
  using SimulatedNode::Start;

 protected:
  virtual std::unique_ptr<Machine> Make() const = 0;
  virtual void Perform(const Effects& effects) = 0;
  // The node is up, with what was durable: sets its timers.
  virtual void OnUp() = 0;

  // Null while it is down.
  const Machine* machine() const { return machine_.get(); }

  void Happen(Event event) {
    if (!up()) {
      world_.coverage.Add(Covered::kMessageToStoppedNode);
      return;
    }
    log_.push_back(event);
    Write([this, effects = event(*machine_), length = log_.size()] {
      durable_ = std::max(durable_, length);
      Perform(effects);
    });
  }

 private:
  void Stop() override {
    log_.resize(durable_);
    machine_.reset();
  }
  absl::Status Boot() override {
    machine_ = Make();
    for (const Event& event : log_) event(*machine_);
    After(core::Duration::Zero(), EventKind::kOther, [this] {
      Perform(machine_->Resume());
      OnUp();
    });
    return absl::OkStatus();
  }

  std::unique_ptr<Machine> machine_;
  std::vector<Event> log_;
  std::size_t durable_ = 0;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_MECHANISM_H_
