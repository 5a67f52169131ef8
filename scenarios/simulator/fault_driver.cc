#include "scenarios/simulator/fault_driver.h"

#include <algorithm>
#include <utility>

namespace causeway::sim {

FaultDriver::FaultDriver(World& world, const std::vector<std::unique_ptr<LedgerNode>>& ledgers,
                         const std::vector<std::unique_ptr<WitnessNode>>& witnesses,
                         BridgeNode* bridge, ObserverNode* observer, SimulatedNode* operated)
    : world_(world),
      ledgers_(ledgers),
      witnesses_(witnesses),
      bridge_(bridge),
      observer_(observer),
      operator_(operated) {}

SimulatedNode* FaultDriver::Find(NodeIndex node) const {
  if (node < ledgers_.size()) return &ledgers_[node]->host();
  if (node == world_.nodes.Bridge()) return bridge_;
  if (node == world_.nodes.Observer()) return observer_;
  if (operator_ != nullptr && node == operator_->index()) return operator_;
  if (node >= world_.nodes.Witness(0)) return witnesses_[node - world_.nodes.Witness(0)].get();
  return nullptr;  // a client: it has neither disk nor process here
}

std::vector<SimulatedNode*> FaultDriver::NodesOf(const std::vector<NodeIndex>& named) const {
  std::vector<SimulatedNode*> nodes;
  for (NodeIndex node = 0; node < world_.nodes.size(); ++node) {
    if (!named.empty() && std::find(named.begin(), named.end(), node) == named.end()) continue;
    SimulatedNode* const found = Find(node);
    // Ledgers that are one process follow one another.
    if (found != nullptr && (nodes.empty() || nodes.back() != found)) nodes.push_back(found);
  }
  return nodes;
}

void FaultDriver::Schedule() {
  for (const PlannedFault& fault : world_.plan.faults) {
    streams_.push_back(
        std::make_unique<core::RandomStream>(world_.plan.seed, "fault/" + fault.name));
    over_ = std::max(over_, fault.ends);
    ScheduleOne(fault, *streams_.back());
  }
}

template <typename T>
void FaultDriver::During(const PlannedFault& fault, const T& what,
                         std::vector<SimulatedNode*> nodes, core::RandomStream& random) {
  world_.clock.At(fault.begins, EventKind::kOther, [nodes, &what, &random] {
    for (SimulatedNode* node : nodes) node->Begin(&what, &random);
  });
  world_.clock.At(fault.ends, EventKind::kOther, [nodes = std::move(nodes), &what] {
    for (SimulatedNode* node : nodes) node->End(&what);
  });
}

void FaultDriver::ScheduleOne(const PlannedFault& fault, core::RandomStream& random) {
  VirtualClock& clock = world_.clock;
  if (const auto* messages = std::get_if<FaultyMessages>(&fault.what)) {
    clock.At(fault.begins, EventKind::kOther,
             [this, messages, &random] { world_.network.Begin(messages, &random); });
    clock.At(fault.ends, EventKind::kOther, [this, messages] { world_.network.End(messages); });
    over_ = std::max(over_, fault.ends + messages->delay_max);
  } else if (const auto* partition = std::get_if<Partition>(&fault.what)) {
    clock.At(fault.begins, EventKind::kOther,
             [this, partition] { world_.network.Begin(partition); });
    clock.At(fault.ends, EventKind::kOther, [this, partition] { world_.network.End(partition); });
  } else if (const auto* crash = std::get_if<Crash>(&fault.what)) {
    ScheduleCrashes(fault, *crash, random);
  } else if (const auto* corruption = std::get_if<Corruption>(&fault.what)) {
    clock.At(fault.begins, EventKind::kOther,
             [this, corruption, &random] { Happen(*corruption, random); });
  } else if (const auto* slow = std::get_if<SlowDisk>(&fault.what)) {
    During(fault, *slow, NodesOf(slow->nodes), random);
    over_ = std::max(over_, fault.ends + slow->extra_max);
  } else if (const auto* wrong = std::get_if<WrongClock>(&fault.what)) {
    clock.At(fault.begins, EventKind::kOther, [this, wrong] { SetClocks(*wrong, true); });
    clock.At(fault.ends, EventKind::kOther, [this, wrong] { SetClocks(*wrong, false); });
  } else if (const auto* lie = std::get_if<ByzantineBridge>(&fault.what)) {
    if (bridge_ == nullptr) return;
    clock.At(fault.begins, EventKind::kOther,
             [this, lie, &random] { bridge_->Begin(lie, &random); });
    clock.At(fault.ends, EventKind::kOther, [this, lie] { bridge_->End(lie); });
  } else if (const auto* overload = std::get_if<Overload>(&fault.what)) {
    During(fault, *overload, NodesOf(overload->nodes), random);
  }
  if (const auto* witness = std::get_if<ByzantineWitness>(&fault.what)) {
    WitnessNode* const node = witnesses_[witness->witness].get();
    clock.At(fault.begins, EventKind::kOther, [node, witness] { node->Begin(witness); });
    clock.At(fault.ends, EventKind::kOther,
             [node, witness, &random] { node->End(witness, random); });
    over_ = std::max(over_, fault.ends + kRestartDelay);
  }
  // Faults of clients are the participants' business.
}

void FaultDriver::ScheduleCrashes(const PlannedFault& fault, const Crash& crash,
                                  core::RandomStream& random) {
  if (crash.times > 1) world_.coverage.Add(Covered::kRestartStorm);
  for (std::uint32_t i = 0; i < crash.times; ++i) {
    core::LedgerTime time = fault.begins;
    if (i > 0) {
      time = time + core::Duration::FromMicros(
                        random.UniformInRange(0, (fault.ends - fault.begins).micros()));
    }
    world_.clock.At(time, EventKind::kOther, [this, &crash, &random] { Happen(crash, random); });
  }
  // A crash that waits for a write that never comes is over with the fault.
  world_.clock.At(fault.ends, EventKind::kOther, [this, &crash] {
    for (SimulatedNode* node : NodesOf(crash.nodes)) node->Disarm();
  });
  over_ = std::max(over_, fault.ends + crash.down_max);
}

void FaultDriver::Happen(const Crash& crash, core::RandomStream& random) {
  for (SimulatedNode* node : NodesOf(crash.nodes)) {
    const core::Duration down = core::Duration::FromMicros(
        random.UniformInRange(1000, std::max<std::int64_t>(1000, crash.down_max.micros())));
    if (!node->up()) continue;
    world_.coverage.Add(CrashOf(*node));
    if (crash.point == CrashPoint::kAtOnce || node->disk() == nullptr) {
      world_.coverage.Add(Covered::kCrashAtRest);
      node->Crash(random, down);
    } else {
      node->CrashAtNextWrite(crash.point, random, down);
    }
  }
}

Covered FaultDriver::CrashOf(const SimulatedNode& node) const {
  if (&node == observer_) return Covered::kCrashOfObserver;
  if (&node == bridge_) return Covered::kCrashOfBridge;
  if (&node == operator_) return Covered::kCrashOfOperator;
  return node.index() >= world_.nodes.Witness(0) ? Covered::kCrashOfWitness
                                                 : Covered::kCrashOfLedger;
}

void FaultDriver::Happen(const Corruption& corruption, core::RandomStream& random) {
  SimulatedNode* node =
      corruption.node < ledgers_.size() ? ledgers_[corruption.node].get() : Find(corruption.node);
  if (node == nullptr || node->disk() == nullptr) return;
  if (corruption.metadata) {
    node->disk()->CorruptMetadata(random);
  } else {
    node->disk()->CorruptBlock(random);
  }
}

void FaultDriver::SetClocks(const WrongClock& fault, bool begins) {
  if (begins) {
    if (fault.offset > core::Duration::Zero()) world_.coverage.Add(Covered::kClockJumpedAhead);
    if (fault.offset < core::Duration::Zero()) world_.coverage.Add(Covered::kClockJumpedBack);
    if (fault.drift_ppm != 0) world_.coverage.Add(Covered::kClockDrifted);
  }
  for (NodeIndex node = 0; node < world_.nodes.size(); ++node) {
    const bool named = fault.nodes.empty() ||
                       std::find(fault.nodes.begin(), fault.nodes.end(), node) != fault.nodes.end();
    if (!named) continue;
    if (begins) {
      world_.clocks.Begin(node, &fault);
    } else {
      world_.clocks.End(node, &fault);
    }
    if (SimulatedNode* found = Find(node)) found->OnClockSet();
  }
}

}  // namespace causeway::sim
