// Which settlements are decided, and by which record of the log: over the whole history. In memory,
// or in a key index (settlement/store/key_index.h) whose memory is bounded, where the log tells two
// ids apart that share a fingerprint.
#ifndef CAUSEWAY_FX_BRIDGE_ENGINE_DECIDED_IDS_H_
#define CAUSEWAY_FX_BRIDGE_ENGINE_DECIDED_IDS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/core/bytes.h"
#include "settlement/store/fingerprint.h"
#include "settlement/store/key_index.h"

namespace causeway::bridge {

class DecidedIds {
 public:
  // Reads in the log which settlement a record decides.
  using ReadId = std::function<absl::StatusOr<core::Hash256>(std::uint64_t record)>;

  // `index` null: all in memory, some 50 bytes a settlement.
  DecidedIds(std::shared_ptr<store::KeyIndex> index, const store::FingerprintKey& key,
             ReadId read_id);

  // The record that decides it. An error is the index's, or the log's: then it is not known whether
  // there is one. One that is new reads nothing, but for a collision.
  absl::StatusOr<std::optional<std::uint64_t>> Find(const core::Hash256& id) const;
  // The records from `first` on, which are durable, decide these. Calls come in the order of the
  // log. An error means that the process must exit.
  absl::Status Add(std::span<const core::Hash256> ids, std::uint64_t first);
  // Whether old ones are not in memory.
  bool is_bounded() const { return index_ != nullptr; }
  // After opening: the records before this one are known; the caller adds the others.
  std::uint64_t covered() const { return index_ == nullptr ? 0 : index_->covered(); }

 private:
  std::shared_ptr<store::KeyIndex> index_;
  store::KeyFingerprinter fingerprint_;
  ReadId read_id_;
  // Without an index. Looked up, never iterated.
  absl::flat_hash_map<core::Hash256, std::uint64_t> in_memory_;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_ENGINE_DECIDED_IDS_H_
