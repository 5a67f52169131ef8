// What a bridge must know of the decisions that it has written, so that a start reads only those
// that came later: the log's tree, and the ids that its key index may not have on disk yet. A
// snapshot only saves time: without one, or with one that is old or damaged, the log tells the
// same. Format: docs/formats/decision-log.md, section "Snapshot". Pure; any thread.
#ifndef CAUSEWAY_FX_BRIDGE_ENGINE_LOG_SNAPSHOT_H_
#define CAUSEWAY_FX_BRIDGE_ENGINE_LOG_SNAPSHOT_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/core/bytes.h"
#include "settlement/core/ids.h"
#include "settlement/store/fingerprint.h"
#include "settlement/store/snapshot.h"

namespace causeway::bridge {

struct LogSnapshot {
  std::uint64_t batches = 0;  // that it holds: those before this number
  std::uint64_t records = 0;  // in them
  // The complete subtrees of 2^kTreeLowestLevel records, and the leaf hashes after them.
  std::vector<core::Hash256> subtrees;
  std::vector<core::Hash256> leaves;
  // The fingerprints of the ids that the records from `keys_from` to `records` decide.
  std::uint64_t keys_from = 0;
  std::vector<std::uint64_t> keys;

  friend bool operator==(const LogSnapshot&, const LogSnapshot&) = default;
};

// Of the decision log `log`, authenticated by a key made of the bridge's `secret`. Durable and
// shown on return; errors are the store's.
absl::Status WriteLogSnapshot(const LogSnapshot& snapshot, const core::LedgerOrigin& log,
                              const store::FingerprintKey& secret, store::SnapshotStore& store);
// FailedPrecondition for one of another log or form; DataLoss for one that is damaged, or that no
// bridge with that secret has written; else the store's errors. What it says of the log is for the
// caller to compare with the journal.
absl::StatusOr<LogSnapshot> ReadLogSnapshot(std::uint64_t batches, const core::LedgerOrigin& log,
                                            const store::FingerprintKey& secret,
                                            const store::SnapshotStore& store);

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_ENGINE_LOG_SNAPSHOT_H_
