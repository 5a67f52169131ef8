// Where the keys of a ledger's instructions lie: every instruction id (with party and kind: the
// idempotency key) and every UETR of its whole history, as 64-bit fingerprints (fingerprint.h),
// each with the index of the leaf that it belongs to. The journal is the truth and this is derived
// from it: two keys may share a fingerprint, and the caller compares the keys themselves in the
// journal.
//
// Instruction ids are looked for before every instruction (exact duplicates); UETRs may recur, are
// only inserted on the hot path, and are looked up on demand.
//
// Use, by one writer thread, batch after batch:
//   FindOrInsert(fingerprints of the ids, first leaf, candidates);
//   for each candidate, in order, that turns out to be another key: Insert(kInstruction, ...);
//   Insert(kUetr, ...);
//   EndBatch(next leaf);              // every key of the leaves before it has been given
// and, by any thread, MarkDurable when the journal has synced. Find may run beside all of it.
//
// Implementations: files (key_runs.h) and memory (memory_key_index.h, for the simulator).
#ifndef CAUSEWAY_SETTLEMENT_STORE_KEY_INDEX_H_
#define CAUSEWAY_SETTLEMENT_STORE_KEY_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace causeway::store {

enum class KeyFamily : std::uint8_t { kInstruction = 0, kUetr = 1 };
inline constexpr std::size_t kKeyFamilies = 2;

// "No leaf": the answer for a fingerprint that is new.
inline constexpr std::uint64_t kNoLeaf = std::numeric_limits<std::uint64_t>::max();
// Leaf indices are kept in 40 bits.
inline constexpr std::uint64_t kLeavesMax = std::uint64_t{1} << 40;

class KeyIndex {
 public:
  virtual ~KeyIndex() = default;

  // For each fingerprint of an instruction id, in order: candidates[i] is the newest leaf under
  // that fingerprint, earlier ones of this call included, or kNoLeaf; when kNoLeaf, it is inserted
  // for leaf first_leaf + i. A candidate that is another key (a collision) is then inserted by
  // Insert; Find tells what else lies under the fingerprint. Both spans have the same size. On an
  // error (a damaged file) candidates mean nothing, and the caller must stop.
  virtual absl::Status FindOrInsert(std::span<const std::uint64_t> fingerprints,
                                    std::uint64_t first_leaf,
                                    std::span<std::uint64_t> candidates) = 0;

  // For each fingerprint of an instruction id the newest leaf under it, or kNoLeaf; inserts
  // nothing. For the writer thread, which may then Insert: as fast as FindOrInsert, where Find
  // reads files. Both spans have the same size; on an error `newest` means nothing.
  virtual absl::Status FindNewest(std::span<const std::uint64_t> fingerprints,
                                  std::span<std::uint64_t> newest) const = 0;
  absl::StatusOr<std::uint64_t> FindNewest(std::uint64_t fingerprint) const {
    std::uint64_t newest = kNoLeaf;
    absl::Status found = FindNewest(std::span(&fingerprint, 1), std::span(&newest, 1));
    if (!found.ok()) return found;
    return newest;
  }

  // Inserts fingerprints[i] for leaf first_leaf + i without looking for it. Leaves that are covered
  // already (see covered) are passed over. Leaves must not lie before the last EndBatch.
  virtual void Insert(KeyFamily family, std::span<const std::uint64_t> fingerprints,
                      std::uint64_t first_leaf) = 0;
  void Insert(KeyFamily family, std::uint64_t fingerprint, std::uint64_t leaf) {
    Insert(family, std::span<const std::uint64_t>(&fingerprint, 1), leaf);
  }

  // Says that every key of the leaves before `next_leaf` has been inserted. May wait for work in
  // the background (back-pressure), which may wait until the leaves of earlier batches are durable:
  // another thread must be free to say so, or they must be durable already. Returns status().
  virtual absl::Status EndBatch(std::uint64_t next_leaf) = 0;

  // Says that the leaves before `leaves` are durable in the journal. Any thread.
  virtual void MarkDurable(std::uint64_t leaves) = 0;

  // The leaves under `fingerprint` that are not before `from_leaf`, oldest first, at most `limit`.
  // They may include leaves that are not durable yet. Any thread.
  virtual absl::StatusOr<std::vector<std::uint64_t>> Find(KeyFamily family,
                                                          std::uint64_t fingerprint,
                                                          std::uint64_t from_leaf,
                                                          std::size_t limit) const = 0;
  absl::StatusOr<std::vector<std::uint64_t>> Find(KeyFamily family,
                                                  std::uint64_t fingerprint) const {
    return Find(family, fingerprint, 0, std::numeric_limits<std::size_t>::max());
  }

  // After opening: the keys of the leaves before this one are here already; the caller inserts
  // those of all later leaves from the journal.
  virtual std::uint64_t covered() const = 0;

  // The first error of the work in the background; it stays. The answers remain exact, but the
  // caller must stop: once EndBatch has told it there may be no room for more than one more batch.
  // Any thread.
  virtual absl::Status status() const = 0;
};

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_KEY_INDEX_H_
