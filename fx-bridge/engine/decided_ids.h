// Which settlements are decided, and by which record of the log: over the whole history. In memory,
// or in a key index (settlement/store/key_index.h) whose memory is bounded, where the log tells two
// ids apart that share a fingerprint.
#ifndef CAUSEWAY_FX_BRIDGE_ENGINE_DECIDED_IDS_H_
#define CAUSEWAY_FX_BRIDGE_ENGINE_DECIDED_IDS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
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

// Keys that an index may hold in memory alone (two tables of store::KeyRuns and a batch): a
// snapshot carries as many, so that a start need not read them in the log.
inline constexpr std::size_t kIdTableKeysMax = std::size_t{1} << 18;
inline constexpr std::size_t kRecentIds = 2 * kIdTableKeysMax + (std::size_t{64} << 10);

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
  // As Add, of ids that were added before a restart, by their fingerprints.
  absl::Status AddAgain(std::span<const std::uint64_t> fingerprints, std::uint64_t first);
  // The records before `to` are covered: of those that were not added nothing need be.
  void Skip(std::uint64_t to);
  // The newest record under the id's fingerprint, which may decide another one; none when it is not
  // decided. Reads no log. Without an index as Find.
  absl::StatusOr<std::optional<std::uint64_t>> Hint(const core::Hash256& id) const;
  // The fingerprints that were added last, at most kRecentIds: of the records from recent_from()
  // on. None without an index.
  const std::deque<std::uint64_t>& recent() const { return recent_; }
  std::uint64_t recent_from() const { return next_ - recent_.size(); }
  // The record after the last that was added. With an index only, as recent.
  std::uint64_t next() const { return next_; }
  // Whether old ones are not in memory.
  bool is_bounded() const { return index_ != nullptr; }
  // After opening: the records before this one are known; the caller adds the others.
  std::uint64_t covered() const { return index_ == nullptr ? 0 : index_->covered(); }

 private:
  void Remember(std::span<const std::uint64_t> fingerprints, std::uint64_t first);

  std::shared_ptr<store::KeyIndex> index_;
  std::deque<std::uint64_t> recent_;
  std::uint64_t next_ = 0;  // the record after those of recent_
  store::KeyFingerprinter fingerprint_;
  ReadId read_id_;
  // Without an index. Looked up, never iterated.
  absl::flat_hash_map<core::Hash256, std::uint64_t> in_memory_;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_ENGINE_DECIDED_IDS_H_
