// Writes a snapshot of a ledger every so many leaves, on a thread of its own, and one at the end,
// so that a restart replays little. Beside payments it works half of the time and rests in
// between: a snapshot at full speed takes a processor and the disk from them.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_SNAPSHOT_KEEPER_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_SNAPSHOT_KEEPER_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "central-bank-node/runtime/ledger_runtime.h"
#include "settlement/store/snapshot.h"

namespace causeway::node {

class SnapshotKeeper {
 public:
  // A snapshot each time that `every_leaves` (1 or more) were added since the last one, which held
  // `held_leaves`. Failures are logged: a ledger goes on without snapshots. While `has_room`, if
  // given, says no, they wait.
  SnapshotKeeper(LedgerRuntime* runtime, std::shared_ptr<store::SnapshotStore> snapshots,
                 std::uint64_t every_leaves, std::uint64_t held_leaves,
                 std::function<bool()> has_room = nullptr);
  // As Stop.
  ~SnapshotKeeper();
  SnapshotKeeper(const SnapshotKeeper&) = delete;
  SnapshotKeeper& operator=(const SnapshotKeeper&) = delete;

  // Ends the thread, after the snapshot that it may be writing, which rests no more.
  void Stop();
  // The last snapshot, once the runtime has stopped: when enough came since the one before that
  // the next start gains from it.
  void WriteLast();

 private:
  void Run();
  void Write();
  void Rest();

  LedgerRuntime* const runtime_;
  const std::shared_ptr<store::SnapshotStore> snapshots_;
  const std::uint64_t every_leaves_;
  const std::function<bool()> has_room_;
  std::uint64_t last_leaves_ = 0;  // when one was last tried
  std::chrono::steady_clock::time_point works_since_;
  std::mutex mutex_;
  std::condition_variable wakes_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_SNAPSHOT_KEEPER_H_
