#include "scenarios/simulator/virtual_world.h"

#include <algorithm>

#include "fmt/format.h"

namespace causeway::sim {
namespace {

constexpr std::int64_t kMillion = 1'000'000;

bool Has(const std::vector<NodeIndex>& nodes, NodeIndex node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

bool HasOrAll(const std::vector<NodeIndex>& nodes, NodeIndex node) {
  return nodes.empty() || Has(nodes, node);
}

core::Duration Draw(core::RandomStream& random, core::Duration max) {
  return core::Duration::FromMicros(
      random.UniformInRange(1, std::max<std::int64_t>(1, max.micros())));
}

bool Chance(core::RandomStream& random, std::uint32_t per_mille) {
  // One draw for each question, so that a chance does not shift the others.
  return random.Uniform(kPerMille) < per_mille;
}

}  // namespace

void VirtualClock::At(core::LedgerTime time, EventKind kind, Event event) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  slots_[slot] = std::move(event);
  heap_.push_back({std::max(time, now_), next_sequence_++, slot, kind});
  std::push_heap(heap_.begin(), heap_.end(), Later);
}

bool VirtualClock::Step() {
  if (heap_.empty()) return false;
  std::pop_heap(heap_.begin(), heap_.end(), Later);
  const Scheduled next = heap_.back();
  heap_.pop_back();
  now_ = next.time;
  events_run_[static_cast<std::size_t>(next.kind)] += 1;
  Event event = std::move(slots_[next.slot]);
  slots_[next.slot] = nullptr;
  free_slots_.push_back(next.slot);
  event();
  return true;
}

core::LedgerTime NodeClocks::TimeAt(NodeIndex node) const {
  core::LedgerTime local = clock_.now();
  for (const Wrong& wrong : clocks_[node]) {
    const std::int64_t run = (clock_.now() - wrong.since).micros();
    local = local + wrong.fault->offset +
            core::Duration::FromMicros(run / kMillion * wrong.fault->drift_ppm +
                                       run % kMillion * wrong.fault->drift_ppm / kMillion);
  }
  return local;
}

core::LedgerTime NodeClocks::TrueTime(NodeIndex node, core::LedgerTime local) const {
  return clock_.now() + (local - TimeAt(node));
}

void NodeClocks::Begin(NodeIndex node, const WrongClock* fault) {
  clocks_[node].push_back({fault, clock_.now()});
}

void NodeClocks::End(NodeIndex node, const WrongClock* fault) {
  std::erase_if(clocks_[node], [fault](const Wrong& wrong) { return wrong.fault == fault; });
}

core::Duration VirtualNetwork::DrawLatency(NodeIndex from, NodeIndex to) {
  if (spec_.latency_min == spec_.latency_max) return spec_.latency_min;
  std::optional<core::RandomStream>& stream = links_[std::size_t{from} * count_ + to].latency;
  if (!stream) stream.emplace(seed_, fmt::format("network/{}/{}", from, to));
  return core::Duration::FromMicros(
      stream->UniformInRange(spec_.latency_min.micros(), spec_.latency_max.micros()));
}

void VirtualNetwork::Begin(const FaultyMessages* fault, core::RandomStream* random) {
  faulty_.push_back({fault, random});
}

void VirtualNetwork::End(const FaultyMessages* fault) {
  std::erase_if(faulty_, [fault](const Faulty& faulty) { return faulty.fault == fault; });
}

bool VirtualNetwork::IsCut(NodeIndex from, NodeIndex to) {
  for (const Partition* partition : partitions_) {
    const auto among_others = [partition](NodeIndex node) {
      return partition->others.empty() ? !Has(partition->nodes, node)
                                       : Has(partition->others, node);
    };
    if (Has(partition->nodes, from) && among_others(to)) {
      coverage_.Add(partition->one_way ? Covered::kMessageCutOneWay : Covered::kMessageCutBothWays);
      return true;
    }
    if (!partition->one_way && Has(partition->nodes, to) && among_others(from)) {
      coverage_.Add(Covered::kMessageCutBothWays);
      return true;
    }
  }
  return false;
}

VirtualNetwork::Fate VirtualNetwork::DrawFate(NodeIndex from, NodeIndex to) {
  Fate fate;
  for (const auto& [fault, random] : faulty_) {
    if (!HasOrAll(fault->from, from) || !HasOrAll(fault->to, to)) continue;
    if (Chance(*random, fault->drop_per_mille)) fate.dropped = true;
    if (Chance(*random, fault->duplicate_per_mille)) {
      fate.copy_delay = Draw(*random, fault->delay_max);
    }
    if (Chance(*random, fault->delay_per_mille)) fate.delay = Draw(*random, fault->delay_max);
    if (Chance(*random, fault->reorder_per_mille)) fate.held_max = fault->delay_max;
  }
  return fate;
}

void VirtualNetwork::Send(NodeIndex from, NodeIndex to, Event event) {
  const core::Duration latency = DrawLatency(from, to);
  if (!partitions_.empty() && IsCut(from, to)) return;
  Link& link = links_[std::size_t{from} * count_ + to];
  const Fate fate = faulty_.empty() ? Fate{} : DrawFate(from, to);
  if (fate.dropped) {
    coverage_.Add(Covered::kMessageDropped);
    return;
  }
  if (fate.copy_delay) {
    coverage_.Add(Covered::kMessageDuplicated);
    auto shared = std::make_shared<Event>(std::move(event));
    clock_.After(latency + *fate.copy_delay, EventKind::kMessage, [shared] { (*shared)(); });
    event = [shared] { (*shared)(); };
  }
  if (fate.held_max && link.held == nullptr) {
    link.held = std::make_shared<Event>(std::move(event));
    // In case that no other message comes.
    clock_.After(latency + *fate.held_max, EventKind::kOther, [this, &link, held = link.held] {
      if (link.held == held) Release(link, core::Duration::Zero());
    });
    return;
  }
  if (fate.delay > core::Duration::Zero()) coverage_.Add(Covered::kMessageDelayed);
  const core::Duration delay = latency + fate.delay;
  clock_.After(delay, EventKind::kMessage, std::move(event));
  if (link.held != nullptr) {
    coverage_.Add(Covered::kMessageReordered);
    Release(link, delay);
  }
}

// What was held back arrives right after what is on its way for `delay`.
void VirtualNetwork::Release(Link& link, core::Duration delay) {
  clock_.After(delay, EventKind::kMessage, [held = std::move(link.held)] { (*held)(); });
  link.held = nullptr;
}

}  // namespace causeway::sim
