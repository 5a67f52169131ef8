#include "fx-bridge/engine/decided_ids.h"

#include <utility>
#include <vector>

namespace causeway::bridge {

DecidedIds::DecidedIds(std::shared_ptr<store::KeyIndex> index, const store::FingerprintKey& key,
                       ReadId read_id)
    : index_(std::move(index)), fingerprint_(key), read_id_(std::move(read_id)) {}

absl::StatusOr<std::optional<std::uint64_t>> DecidedIds::Find(const core::Hash256& id) const {
  if (index_ == nullptr) {
    const auto found = in_memory_.find(id);
    return found == in_memory_.end() ? std::nullopt : std::optional(found->second);
  }
  const std::uint64_t fingerprint = fingerprint_(id.view());
  const absl::StatusOr<std::uint64_t> newest = index_->FindNewest(fingerprint);
  if (!newest.ok()) return newest.status();
  if (*newest == store::kNoLeaf) return std::nullopt;
  const absl::StatusOr<std::vector<std::uint64_t>> records =
      index_->Find(store::KeyFamily::kInstruction, fingerprint);
  if (!records.ok()) return records.status();
  for (const std::uint64_t record : *records) {
    const absl::StatusOr<core::Hash256> decides = read_id_(record);
    if (!decides.ok()) return decides.status();
    if (*decides == id) return record;
  }
  return std::nullopt;
}

absl::Status DecidedIds::Add(std::span<const core::Hash256> ids, std::uint64_t first) {
  if (index_ == nullptr) {
    for (const core::Hash256& id : ids) in_memory_.emplace(id, first++);
    return absl::OkStatus();
  }
  std::vector<std::uint64_t> fingerprints;
  fingerprints.reserve(ids.size());
  for (const core::Hash256& id : ids) fingerprints.push_back(fingerprint_(id.view()));
  index_->MarkDurable(first + ids.size());
  index_->Insert(store::KeyFamily::kInstruction, fingerprints, first);
  return index_->EndBatch(first + ids.size());
}

}  // namespace causeway::bridge
