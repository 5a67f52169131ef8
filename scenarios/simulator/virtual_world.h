// Virtual time and the virtual network: one heap of events, one thread, no wall clock.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_VIRTUAL_WORLD_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_VIRTUAL_WORLD_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "scenarios/spec/plan.h"
#include "settlement/core/prng.h"
#include "settlement/core/time.h"

namespace causeway::sim {

using Event = absl::AnyInvocable<void()>;

// Events ordered by (virtual time, order of scheduling).
class VirtualClock {
 public:
  core::LedgerTime now() const { return now_; }
  // A time that is past counts as now.
  void At(core::LedgerTime time, Event event);
  void After(core::Duration delay, Event event) { At(now_ + delay, std::move(event)); }
  // Runs the next event. False when there is none.
  bool Step();
  std::uint64_t events_run() const { return events_run_; }

 private:
  struct Scheduled {
    core::LedgerTime time;
    std::uint64_t sequence = 0;
    Event event;
  };
  // For a heap whose top is the earliest.
  static bool Later(const Scheduled& left, const Scheduled& right) {
    return left.time != right.time ? left.time > right.time : left.sequence > right.sequence;
  }

  std::vector<Scheduled> heap_;
  core::LedgerTime now_ = core::LedgerTime::Min();
  std::uint64_t next_sequence_ = 0;
  std::uint64_t events_run_ = 0;
};

// Carries messages between any two parties: each arrives once, after a latency drawn from the
// stream "network". Loss, delay and partition will have their place here.
class VirtualNetwork {
 public:
  VirtualNetwork(const Plan& plan, VirtualClock& clock)
      : clock_(clock), spec_(plan.network), latency_(plan.seed, "network") {}

  // One message: `event` runs at the receiver.
  void Send(Event event) { clock_.After(DrawLatency(), std::move(event)); }

 private:
  friend class OrderedLink;
  core::Duration DrawLatency();

  VirtualClock& clock_;
  PlannedNetwork spec_;
  core::RandomStream latency_;
};

// A connection that keeps the order of its messages, as a stream of batches does.
class OrderedLink {
 public:
  explicit OrderedLink(VirtualNetwork& network) : network_(network) {}
  void Send(Event event);

 private:
  VirtualNetwork& network_;
  core::LedgerTime last_arrival_ = core::LedgerTime::Min();
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_VIRTUAL_WORLD_H_
