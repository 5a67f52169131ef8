// A snapshot of the settlement queue: its whole state after some block of its log, so that a start
// reads only the events that came later. It only saves time: without one, or with one that is
// damaged, the log tells the same. Format: docs/formats/queue-log.md, section "Snapshot". Pure.
#ifndef CAUSEWAY_FX_BRIDGE_ENGINE_QUEUE_SNAPSHOT_H_
#define CAUSEWAY_FX_BRIDGE_ENGINE_QUEUE_SNAPSHOT_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/core/bytes.h"
#include "settlement/core/ids.h"
#include "settlement/store/snapshot.h"

namespace causeway::bridge {

struct QueueSnapshot {
  std::uint64_t blocks = 0;  // whose events it holds: those before this number
  std::uint64_t events = 0;  // in them
  core::Hash256 last_block;  // SHA-256 of the body of the last of them
  std::string state;         // fx-bridge/queue/state_fields.h

  friend bool operator==(const QueueSnapshot&, const QueueSnapshot&) = default;
};

// Of the queue of that decision log. Durable and shown on return; errors are the store's.
absl::Status WriteQueueSnapshot(const QueueSnapshot& snapshot, const core::LedgerOrigin& log,
                                store::SnapshotStore& store);
// FailedPrecondition for one of another queue or form, DataLoss for one that is damaged, else the
// store's errors.
absl::StatusOr<QueueSnapshot> ReadQueueSnapshot(std::uint64_t blocks, const core::LedgerOrigin& log,
                                                const store::SnapshotStore& store);

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_ENGINE_QUEUE_SNAPSHOT_H_
