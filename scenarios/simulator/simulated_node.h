// What the nodes of a simulated run have in common: they stop, lose their memory, and start again
// from what their disk holds.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_SIMULATED_NODE_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_SIMULATED_NODE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "scenarios/simulator/virtual_disk.h"
#include "scenarios/simulator/virtual_world.h"

namespace causeway::sim {

// A node that died of its disk starts again after this long, and as often as kRepairAttemptsMax
// while it cannot: its operator looks for a copy of what is damaged.
inline constexpr core::Duration kRestartDelay = core::Duration::FromSeconds(1);
inline constexpr std::uint32_t kRepairAttemptsMax = 10;

class SimulatedNode {
 public:
  // `world` outlives the node.
  SimulatedNode(World& world, NodeIndex index);
  virtual ~SimulatedNode() = default;
  SimulatedNode(const SimulatedNode&) = delete;
  SimulatedNode& operator=(const SimulatedNode&) = delete;

  NodeIndex index() const { return index_; }
  bool up() const { return up_; }
  // It cannot start again: what its disk holds is damaged and nobody has a copy.
  bool down_for_good() const { return host_ == nullptr ? down_for_good_ : host_->down_for_good(); }
  // The process that this is a part of, itself for most: faults of processes happen to that.
  SimulatedNode& host() { return host_ == nullptr ? *this : *host_; }
  core::LedgerTime now() const { return world_.clocks.TimeAt(index_); }

  // It stops now, for so long. Of no effect on one that is down.
  void Crash(core::RandomStream& random, core::Duration down);
  // It stops at that point of its next write. `random` outlives the run.
  void CrashAtNextWrite(CrashPoint point, core::RandomStream& random, core::Duration down);
  void Disarm() { armed_.reset(); }
  // Its operator stops it in good order and starts it again. Of no effect on one that is down.
  void StartAgain();
  // Its clock was set.
  virtual void OnClockSet() {}
  // Null for a node whose journal is not simulated; of several, the first.
  VirtualDisk* disk() { return disks_.empty() ? nullptr : disks_.front(); }

  void Begin(const SlowDisk* fault, core::RandomStream* random) {
    slow_.push_back({fault, random});
  }
  void End(const SlowDisk* fault) {
    std::erase_if(slow_, [fault](const Slow& slow) { return slow.fault == fault; });
  }
  void Begin(const Overload* fault, core::RandomStream* random) {
    overloads_.push_back({fault, random});
  }
  void End(const Overload* fault) {
    std::erase_if(overloads_, [fault](const Busy& busy) { return busy.fault == fault; });
  }

 protected:
  // For constructors: a journal of its own. What is appended to several of them before one Write
  // becomes durable together or not at all.
  void Keep(VirtualDisk& disk) { disks_.push_back(&disk); }
  // For constructors: a part of `host`, which keeps its disk, and starts and stops it.
  void BecomePartOf(SimulatedNode& host) { host_ = &host; }
  void StopWithHost();
  // The power fails. Known-bad nodes of tests lose what they should not.
  virtual void CrashDisks(core::RandomStream& random);
  const std::vector<VirtualDisk*>& disks() const { return disks_; }

  // Forgets everything that is in memory.
  virtual void Stop() = 0;
  // Begins with what the disk holds. An error: it cannot, now.
  virtual absl::Status Boot() = 0;

  // First start; an error is the plan's.
  absl::Status Start();
  // Runs `event` after `delay`, unless the node has stopped by then.
  void After(core::Duration delay, EventKind kind, Event event);
  // A write is under way: `finish` runs when it is durable, unless the node stops before or then.
  void Write(Event finish);
  // For a node that met something that it cannot go on with.
  void Die();
  // A chance of the overloads at work.
  bool IsOverloaded();

  World& world_;

 private:
  struct Armed {
    CrashPoint point;
    core::RandomStream* random;
    core::Duration down;
  };
  struct Slow {
    const SlowDisk* fault;
    core::RandomStream* random;
  };
  struct Busy {
    const Overload* fault;
    core::RandomStream* random;
  };

  void Restart();
  void GoDown(core::Duration down);
  bool HasUnsynced() const;
  void SyncDisks();

  NodeIndex index_;
  SimulatedNode* host_ = nullptr;
  std::vector<VirtualDisk*> disks_;
  bool up_ = false;
  bool down_for_good_ = false;
  std::uint64_t life_ = 0;  // counts the starts
  std::uint32_t failed_starts_ = 0;
  std::optional<Armed> armed_;
  std::vector<Slow> slow_;
  std::vector<Busy> overloads_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_SIMULATED_NODE_H_
