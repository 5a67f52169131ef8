#include "fx-bridge/engine/decided_ids.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace causeway::bridge {
namespace {

constexpr std::size_t kIdsPerInsertMax = std::size_t{64} << 10;

}  // namespace

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
  return AddAgain(fingerprints, first);
}

absl::Status DecidedIds::AddAgain(std::span<const std::uint64_t> fingerprints,
                                  std::uint64_t first) {
  Remember(fingerprints, first);
  const std::uint64_t end = first + fingerprints.size();
  if (end <= index_->covered()) return absl::OkStatus();
  index_->MarkDurable(end);
  // No more at a time than an index takes in one batch.
  while (!fingerprints.empty()) {
    const std::size_t here = std::min(fingerprints.size(), kIdsPerInsertMax);
    index_->Insert(store::KeyFamily::kInstruction, fingerprints.first(here), first);
    first += here;
    fingerprints = fingerprints.subspan(here);
    // Of what is covered nothing was inserted.
    if (first <= index_->covered()) continue;
    if (absl::Status ended = index_->EndBatch(first); !ended.ok()) return ended;
  }
  return absl::OkStatus();
}

void DecidedIds::Remember(std::span<const std::uint64_t> fingerprints, std::uint64_t first) {
  if (first != next_) recent_.clear();
  recent_.insert(recent_.end(), fingerprints.begin(), fingerprints.end());
  next_ = first + fingerprints.size();
  if (recent_.size() <= kRecentIds) return;
  recent_.erase(recent_.begin(),
                recent_.begin() + static_cast<std::ptrdiff_t>(recent_.size() - kRecentIds));
}

void DecidedIds::Skip(std::uint64_t to) {
  if (to <= next_) return;
  recent_.clear();
  next_ = to;
}

absl::StatusOr<std::optional<std::uint64_t>> DecidedIds::Hint(const core::Hash256& id) const {
  if (index_ == nullptr) return Find(id);
  const absl::StatusOr<std::uint64_t> newest = index_->FindNewest(fingerprint_(id.view()));
  if (!newest.ok()) return newest.status();
  return *newest == store::kNoLeaf ? std::nullopt : std::optional(*newest);
}

}  // namespace causeway::bridge
