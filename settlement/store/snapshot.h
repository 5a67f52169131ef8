// Where the snapshots of a ledger's state lie (docs/formats/snapshot.md): beside the journal, one
// file each, newest first. A snapshot only saves time: without any the journal tells the same.
//
// The frames of a file are the ledger engine's business (central-bank-node/engine), their
// verification too.
#ifndef CAUSEWAY_SETTLEMENT_STORE_SNAPSHOT_H_
#define CAUSEWAY_SETTLEMENT_STORE_SNAPSHOT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace causeway::store {

inline constexpr std::size_t kSnapshotFrameBytesMax = 16 * 1024 * 1024;

// One snapshot being written. One thread. Nothing is there before Publish; dropping it drops what
// was written.
class SnapshotWriter {
 public:
  virtual ~SnapshotWriter() = default;
  // At most kSnapshotFrameBytesMax bytes, not empty: else ResourceExhausted (FrameSizeError).
  virtual absl::Status Append(std::string_view frame) = 0;
  // Makes it durable and shows it as that of the first `batches` batches; older ones go, but one.
  virtual absl::Status Publish(std::uint64_t batches) = 0;
};

// One snapshot being read. One thread.
class SnapshotReader {
 public:
  virtual ~SnapshotReader() = default;
  // The next frame, in the order of writing. OutOfRange past the last; DataLoss when the file is
  // cut short or no snapshot.
  virtual absl::StatusOr<std::string> Next() = 0;
};

absl::Status FrameSizeError(std::size_t bytes);

class SnapshotStore {
 public:
  virtual ~SnapshotStore() = default;
  // One writer at a time.
  virtual absl::StatusOr<std::unique_ptr<SnapshotWriter>> Create() = 0;
  // The snapshots there are, by the batches that they hold, newest first.
  virtual absl::StatusOr<std::vector<std::uint64_t>> List() const = 0;
  virtual absl::StatusOr<std::unique_ptr<SnapshotReader>> Open(std::uint64_t batches) const = 0;
};

// Kept in memory, for tests and for the simulator's ledgers.
std::unique_ptr<SnapshotStore> MakeMemorySnapshotStore();

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_SNAPSHOT_H_
