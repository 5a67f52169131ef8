// Virtual time, clocks and network: one heap of events, one thread, no wall clock.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_VIRTUAL_WORLD_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_VIRTUAL_WORLD_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "scenarios/simulator/coverage.h"
#include "scenarios/spec/plan.h"
#include "settlement/core/prng.h"
#include "settlement/core/time.h"

namespace causeway::sim {

using Event = absl::AnyInvocable<void()>;

// What an event is, for counting. docs/how-to/simulate-faults.md defines them.
enum class EventKind : std::uint8_t {
  kMessage,  // arrives
  kTimer,    // fires at a node
  kWrite,    // is durable
  kOther,    // of the simulation itself: a fault, a check, a timer that nobody waits for any more
};

// Events ordered by (virtual time, order of scheduling).
class VirtualClock {
 public:
  core::LedgerTime now() const { return now_; }
  // A time that is past counts as now.
  void At(core::LedgerTime time, EventKind kind, Event event);
  void After(core::Duration delay, EventKind kind, Event event) {
    At(now_ + delay, kind, std::move(event));
  }
  // Runs the next event. False when there is none.
  bool Step();
  bool empty() const { return heap_.empty(); }
  std::uint64_t events_run(EventKind kind) const {
    return events_run_[static_cast<std::size_t>(kind)];
  }
  // For a timer whose use shows only when it fires.
  void CountTimer() { ++events_run_[static_cast<std::size_t>(EventKind::kTimer)]; }

 private:
  // What is moved about in the heap; the event itself stays in its slot.
  struct Scheduled {
    core::LedgerTime time;
    std::uint64_t sequence = 0;
    std::uint32_t slot = 0;
    EventKind kind = EventKind::kOther;
  };
  // For a heap whose top is the earliest.
  static bool Later(const Scheduled& left, const Scheduled& right) {
    return left.time != right.time ? left.time > right.time : left.sequence > right.sequence;
  }

  std::vector<Scheduled> heap_;
  std::vector<Event> slots_;
  std::vector<std::uint32_t> free_slots_;
  core::LedgerTime now_ = core::LedgerTime::Min();
  std::uint64_t next_sequence_ = 0;
  std::array<std::uint64_t, 4> events_run_{};
};

// What each node takes for the time: the true one, unless a fault is at work.
class NodeClocks {
 public:
  NodeClocks(NodeIndex count, const VirtualClock& clock) : clock_(clock), clocks_(count) {}

  core::LedgerTime TimeAt(NodeIndex node) const;
  // When it will be `local` at that node, as far as is known now.
  core::LedgerTime TrueTime(NodeIndex node, core::LedgerTime local) const;
  void Begin(NodeIndex node, const WrongClock* fault);
  void End(NodeIndex node, const WrongClock* fault);

 private:
  struct Wrong {
    const WrongClock* fault;
    core::LedgerTime since;
  };

  const VirtualClock& clock_;
  std::vector<std::vector<Wrong>> clocks_;  // by node
};

// Carries messages between nodes. Without faults each arrives once, after a latency drawn from the
// stream of its link, "network/<from>/<to>".
class VirtualNetwork {
 public:
  VirtualNetwork(const Plan& plan, NodeIndex count, VirtualClock& clock, Coverage& coverage)
      : seed_(plan.seed),
        spec_(plan.network),
        count_(count),
        clock_(clock),
        coverage_(coverage),
        links_(std::size_t{count} * count) {}

  // One message: `event` runs at the receiver, possibly never, or more than once: it must not use
  // up what it holds.
  void Send(NodeIndex from, NodeIndex to, Event event);

  // Faults at work. `random` is the fault's own; both outlive the fault.
  void Begin(const FaultyMessages* fault, core::RandomStream* random);
  void End(const FaultyMessages* fault);
  void Begin(const Partition* fault) { partitions_.push_back(fault); }
  void End(const Partition* fault) { std::erase(partitions_, fault); }

 private:
  struct Faulty {
    const FaultyMessages* fault;
    core::RandomStream* random;
  };
  struct Fate {
    bool dropped = false;
    std::optional<core::Duration> copy_delay;
    core::Duration delay;
    std::optional<core::Duration> held_max;
  };
  struct Link {
    std::optional<core::RandomStream> latency;
    std::shared_ptr<Event> held;
  };

  core::Duration DrawLatency(NodeIndex from, NodeIndex to);
  bool IsCut(NodeIndex from, NodeIndex to);
  Fate DrawFate(NodeIndex from, NodeIndex to);
  void Release(Link& link, core::Duration delay);

  std::uint64_t seed_;
  PlannedNetwork spec_;
  NodeIndex count_;
  VirtualClock& clock_;
  Coverage& coverage_;
  std::vector<Link> links_;  // by from * count + to
  std::vector<Faulty> faulty_;
  std::vector<const Partition*> partitions_;
};

class Checkers;
class Meter;
class QueueWatch;
class BookingRecord;

// What all nodes of one run share.
struct World {
  explicit World(const Plan& plan_given)
      : plan(plan_given),
        nodes(plan_given),
        clocks(nodes.size(), clock),
        network(plan_given, nodes.size(), clock, coverage) {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  const Plan& plan;
  Nodes nodes;
  VirtualClock clock;
  NodeClocks clocks;
  Coverage coverage;
  VirtualNetwork network;
  Checkers* checkers = nullptr;       // set before any node
  Meter* meter = nullptr;             // the same; null: nothing is measured
  QueueWatch* queue_watch = nullptr;  // as the meter
  BookingRecord* bookings = nullptr;  // as the meter
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_VIRTUAL_WORLD_H_
