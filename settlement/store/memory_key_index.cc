#include "settlement/store/memory_key_index.h"

#include "settlement/core/check.h"

namespace causeway::store {

absl::Status MemoryKeyIndex::FindOrInsert(std::span<const std::uint64_t> fingerprints,
                                          std::uint64_t first_leaf,
                                          std::span<std::uint64_t> candidates) {
  CW_CHECK(fingerprints.size() == candidates.size(), "one candidate for each fingerprint");
  auto& leaves = families_[static_cast<std::size_t>(KeyFamily::kInstruction)];
  for (std::size_t i = 0; i < fingerprints.size(); ++i) {
    auto& found = leaves[fingerprints[i]];
    candidates[i] = found.empty() ? kNoLeaf : *found.rbegin();
    if (found.empty()) found.insert(first_leaf + i);
  }
  return absl::OkStatus();
}

absl::Status MemoryKeyIndex::FindNewest(std::span<const std::uint64_t> fingerprints,
                                        std::span<std::uint64_t> newest) const {
  CW_CHECK(fingerprints.size() == newest.size(), "one answer for each fingerprint");
  const auto& leaves = families_[static_cast<std::size_t>(KeyFamily::kInstruction)];
  for (std::size_t i = 0; i < fingerprints.size(); ++i) {
    const auto found = leaves.find(fingerprints[i]);
    newest[i] = found == leaves.end() ? kNoLeaf : *found->second.rbegin();
  }
  return absl::OkStatus();
}

void MemoryKeyIndex::Insert(KeyFamily family, std::span<const std::uint64_t> fingerprints,
                            std::uint64_t first_leaf) {
  auto& leaves = families_[static_cast<std::size_t>(family)];
  for (std::size_t i = 0; i < fingerprints.size(); ++i) {
    leaves[fingerprints[i]].insert(first_leaf + i);
  }
}

absl::Status MemoryKeyIndex::EndBatch(std::uint64_t) { return absl::OkStatus(); }

void MemoryKeyIndex::MarkDurable(std::uint64_t) {}

absl::StatusOr<std::vector<std::uint64_t>> MemoryKeyIndex::Find(KeyFamily family,
                                                                std::uint64_t fingerprint,
                                                                std::uint64_t from_leaf,
                                                                std::size_t limit) const {
  std::vector<std::uint64_t> result;
  const auto& leaves = families_[static_cast<std::size_t>(family)];
  const auto found = leaves.find(fingerprint);
  if (found == leaves.end()) return result;
  for (auto leaf = found->second.lower_bound(from_leaf);
       leaf != found->second.end() && result.size() < limit; ++leaf) {
    result.push_back(*leaf);
  }
  return result;
}

}  // namespace causeway::store
