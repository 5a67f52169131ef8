#include "scenarios/simulator/virtual_world.h"

#include <algorithm>

namespace causeway::sim {

void VirtualClock::At(core::LedgerTime time, Event event) {
  heap_.push_back({std::max(time, now_), next_sequence_++, std::move(event)});
  std::push_heap(heap_.begin(), heap_.end(), Later);
}

bool VirtualClock::Step() {
  if (heap_.empty()) return false;
  std::pop_heap(heap_.begin(), heap_.end(), Later);
  Scheduled next = std::move(heap_.back());
  heap_.pop_back();
  now_ = next.time;
  events_run_ += 1;
  next.event();
  return true;
}

core::Duration VirtualNetwork::DrawLatency() {
  if (spec_.latency_min == spec_.latency_max) return spec_.latency_min;
  return core::Duration::FromMicros(
      latency_.UniformInRange(spec_.latency_min.micros(), spec_.latency_max.micros()));
}

void OrderedLink::Send(Event event) {
  last_arrival_ = std::max(last_arrival_, network_.clock_.now() + network_.DrawLatency());
  network_.clock_.At(last_arrival_, std::move(event));
}

}  // namespace causeway::sim
