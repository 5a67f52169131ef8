#include "scenarios/simulator/simulated_node.h"

#include <algorithm>
#include <utility>

#include "scenarios/simulator/checkers.h"

namespace causeway::sim {

SimulatedNode::SimulatedNode(World& world, NodeIndex index) : world_(world), index_(index) {}

absl::Status SimulatedNode::Start() {
  absl::Status booted = Boot();
  up_ = booted.ok();
  return booted;
}

void SimulatedNode::After(core::Duration delay, EventKind kind, Event event) {
  world_.clock.After(delay, kind, [this, life = life_, event = std::move(event)]() mutable {
    if (up_ && life == life_) event();
  });
}

void SimulatedNode::Write(Event finish) {
  core::Duration time = world_.plan.network.sync;
  for (const auto& [fault, random] : slow_) {
    const auto extra = random->UniformInRange(0, fault->extra_max.micros());
    if (extra > 0) world_.coverage.Add(Covered::kSlowWrite);
    time = time + core::Duration::FromMicros(extra);
  }
  const bool writes = HasUnsynced();
  if (writes && armed_ && armed_->point == CrashPoint::kInWrite) {
    const Armed armed = *armed_;
    armed_.reset();
    After(core::Duration::FromMicros(armed.random->UniformInRange(0, time.micros())),
          EventKind::kOther, [this, armed] {
            world_.coverage.Add(Covered::kCrashInWrite);
            Crash(*armed.random, armed.down);
          });
  }
  After(time, writes ? EventKind::kWrite : EventKind::kTimer,
        [this, writes, finish = std::move(finish)]() mutable {
          SyncDisks();
          if (writes && armed_ && armed_->point == CrashPoint::kAfterWrite) {
            const Armed armed = *armed_;
            armed_.reset();
            world_.coverage.Add(Covered::kCrashAfterWrite);
            Crash(*armed.random, armed.down);
            return;
          }
          finish();
        });
}

void SimulatedNode::CrashAtNextWrite(CrashPoint point, core::RandomStream& random,
                                     core::Duration down) {
  armed_ = {point, &random, down};
}

void SimulatedNode::Crash(core::RandomStream& random, core::Duration down) {
  if (!up_) return;
  CrashDisks(random);
  GoDown(down);
}

void SimulatedNode::CrashDisks(core::RandomStream& random) {
  if (disks_.size() == 1) {
    disks_.front()->Crash(random);
  } else if (HasUnsynced()) {
    const bool kept = random.Bernoulli(1, 2);
    for (VirtualDisk* each : disks_) each->CrashTogether(kept, random);
  }
}

void SimulatedNode::Die() {
  if (host_ != nullptr) {
    host_->Die();
    return;
  }
  if (!up_) return;
  // Of its own accord, with the machine still up: what it wrote reaches the disk.
  SyncDisks();
  GoDown(kRestartDelay);
}

void SimulatedNode::StartAgain() {
  if (up_) Die();  // which writes what it had to write
}

bool SimulatedNode::HasUnsynced() const {
  return std::any_of(disks_.begin(), disks_.end(),
                     [](const VirtualDisk* each) { return each->HasUnsynced(); });
}

void SimulatedNode::SyncDisks() {
  for (VirtualDisk* each : disks_) each->Sync();
}

void SimulatedNode::StopWithHost() {
  up_ = false;
  ++life_;
  Stop();
}

void SimulatedNode::GoDown(core::Duration down) {
  StopWithHost();
  world_.clock.After(down, EventKind::kOther, [this] { Restart(); });
}

void SimulatedNode::Restart() {
  if (Boot().ok()) {
    failed_starts_ = 0;
    up_ = true;
    return;
  }
  Stop();
  if (++failed_starts_ < kRepairAttemptsMax) {
    world_.clock.After(kRestartDelay, EventKind::kOther, [this] { Restart(); });
    return;
  }
  down_for_good_ = true;
  world_.coverage.Add(Covered::kNodeStayedDown);
}

bool SimulatedNode::IsOverloaded() {
  bool overloaded = false;
  for (const auto& [fault, random] : overloads_) {
    if (random->Uniform(kPerMille) < fault->per_mille) overloaded = true;
  }
  if (overloaded) world_.coverage.Add(Covered::kOverloaded);
  return overloaded;
}

}  // namespace causeway::sim
