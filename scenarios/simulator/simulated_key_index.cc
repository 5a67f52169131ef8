#include "scenarios/simulator/simulated_key_index.h"

#include <algorithm>
#include <utility>

#include "settlement/core/check.h"

namespace causeway::sim {

SimulatedKeyIndex::SimulatedKeyIndex(std::shared_ptr<StoredRuns> runs, std::uint64_t durable_leaves,
                                     std::size_t keys_per_run)
    : runs_(std::move(runs)), keys_per_run_(keys_per_run) {
  runs_->keys.erase(runs_->keys.lower_bound(durable_leaves), runs_->keys.end());
  runs_->covered = std::min(runs_->covered, durable_leaves);
  covered_ = runs_->covered;
  for (const auto& [leaf, key] : runs_->keys) {
    MemoryKeyIndex::Insert(store::KeyFamily::kInstruction, std::span(&key, 1), leaf);
  }
}

void SimulatedKeyIndex::Insert(store::KeyFamily family, std::span<const std::uint64_t> fingerprints,
                               std::uint64_t first_leaf) {
  CW_CHECK(family == store::KeyFamily::kInstruction, "a decision log has no other keys");
  for (std::size_t i = 0; i < fingerprints.size(); ++i) {
    const std::uint64_t leaf = first_leaf + i;
    if (leaf < covered_) continue;
    MemoryKeyIndex::Insert(family, fingerprints.subspan(i, 1), leaf);
    recent_.emplace(leaf, fingerprints[i]);
  }
}

absl::Status SimulatedKeyIndex::EndBatch(std::uint64_t next_leaf) {
  if (recent_.size() < keys_per_run_) return absl::OkStatus();
  runs_->keys.merge(recent_);
  recent_.clear();
  runs_->covered = next_leaf;
  return absl::OkStatus();
}

}  // namespace causeway::sim
