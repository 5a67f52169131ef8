// Writes a snapshot of the decision log every so many records, on a thread of its own, and one at
// the end, so that a restart reads little of the log (fx-bridge/engine/log_snapshot.h).
#ifndef CAUSEWAY_FX_BRIDGE_RUNTIME_LOG_SNAPSHOT_KEEPER_H_
#define CAUSEWAY_FX_BRIDGE_RUNTIME_LOG_SNAPSHOT_KEEPER_H_

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "fx-bridge/engine/bridge_engine.h"
#include "fx-bridge/engine/log_snapshot.h"
#include "settlement/store/fingerprint.h"
#include "settlement/store/snapshot.h"

namespace causeway::bridge {

// As many records are read in about a second.
inline constexpr std::uint64_t kLogSnapshotEveryRecords = 131'072;
// Fewer are read faster than a snapshot of a large log is written.
inline constexpr std::uint64_t kLastLogSnapshotRecordsMin = 4'096;

class LogSnapshotKeeper {
 public:
  struct Options {
    std::shared_ptr<store::SnapshotStore> snapshots;
    core::LedgerOrigin log;
    store::FingerprintKey secret{};
    std::uint64_t held_records = 0;  // that the newest snapshot has
    std::uint64_t every_records = kLogSnapshotEveryRecords;
    std::uint64_t last_records_min = kLastLogSnapshotRecordsMin;
  };
  explicit LogSnapshotKeeper(Options options);
  // As Stop.
  ~LogSnapshotKeeper();
  LogSnapshotKeeper(const LogSnapshotKeeper&) = delete;
  LogSnapshotKeeper& operator=(const LogSnapshotKeeper&) = delete;

  // After a Flush of the engine, on its thread. Takes a snapshot when enough has been decided, and
  // none while one is being written. Failures are logged: a bridge goes on without.
  void OnDurable(const BridgeEngine& engine);
  // Ends the thread, after the snapshot that it may be writing.
  void Stop();
  // The last one, once nothing happens to the engine any more; after Stop.
  void WriteLast(const BridgeEngine& engine);

 private:
  void Run();
  void Write(const LogSnapshot& snapshot);

  const Options options_;
  std::uint64_t held_records_;  // of the engine's thread: taken last
  std::mutex mutex_;
  std::condition_variable wakes_;
  std::optional<LogSnapshot> next_;
  bool writing_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_RUNTIME_LOG_SNAPSHOT_KEEPER_H_
