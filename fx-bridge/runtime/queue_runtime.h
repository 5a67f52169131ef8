// The live settlement queue: a desk, the one thread that owns it, and the wall clock. It hands in
// at the bridge's engine what is to be settled, and again until it knows how that ended.
//
//   Post -> queue thread: all that waits, as one round -> one durable write
//        -> submissions to the engine's thread, answers to callers
//
// Only what is durable leaves. When the queue cannot say whether a write is durable, the process
// exits with status 70, as BridgeRuntime does.
#ifndef CAUSEWAY_FX_BRIDGE_RUNTIME_QUEUE_RUNTIME_H_
#define CAUSEWAY_FX_BRIDGE_RUNTIME_QUEUE_RUNTIME_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "fx-bridge/engine/queue_desk.h"
#include "fx-bridge/runtime/bridge_runtime.h"
#include "fx-bridge/runtime/caller_tasks.h"
#include "settlement/store/snapshot.h"

namespace causeway::bridge {

// Calls that wait for the queue's thread at once.
inline constexpr std::size_t kQueueTasksMax = 4'096;
// What has no outcome yet is handed in again after so long: the engine answers it as the first
// time.
inline constexpr std::int64_t kHandInAgainMillis = 2'000;

// How a settlement ended, as QueueDesk::OnOutcome takes it; nothing while it goes on. kAccepted for
// what is settled on all ledgers, and for nothing else, whatever reason a ledger gave.
std::optional<core::Rejection> EndOf(const SettlementView& view);

// Thread-safe, except that Start comes first.
class QueueRuntime {
 public:
  using Event = std::function<void(QueueDesk&, core::LedgerTime now)>;
  // What is to be told after the event is durable. On the queue's thread: must not block.
  using Answer = std::function<void(const QueueDesk&)>;

  // `bridge` must outlive it, and have stopped before this is gone. `snapshots`, which may be null,
  // gets snapshots of the queue when they are due; a queue goes on when they fail.
  QueueRuntime(std::unique_ptr<QueueDesk> desk, BridgeRuntime* bridge,
               std::shared_ptr<store::SnapshotStore> snapshots = nullptr);
  // As Stop.
  ~QueueRuntime();
  QueueRuntime(const QueueRuntime&) = delete;
  QueueRuntime& operator=(const QueueRuntime&) = delete;

  // After BridgeRuntime::Start.
  void Start();
  // Runs `event` (may be empty) and then, when it is durable, `answer`. kOverloaded or
  // kUnavailable, and neither runs, when it cannot: also when `caller`, unless that is empty, has
  // its share of what may wait (CallerTasks).
  std::optional<core::Rejection> Post(Event event, Answer answer, const std::string& caller = {});
  // What the bridge's listener is to call, on the engine thread.
  void OnChanged(const BridgeEngine& engine, const std::vector<core::Hash256>& changed);
  core::LedgerTime Now() const { return bridge_->Now(); }
  // Refuses new work, answers everything that waits, joins the thread. Repeats do nothing.
  void Stop();

 private:
  struct Task {
    Event event;
    Answer answer;
  };
  struct HandedIn {
    core::Hash256 settlement_id;
    QueueSubmission submission;
    core::LedgerTime again;
  };

  void Run();
  bool Wait(std::vector<Task>& tasks);
  void Round(std::vector<Task>& tasks);
  void HandIn(core::LedgerTime now, HandedIn& handed_in);
  void PostOutcome(std::uint32_t attempt, const core::Rejection& outcome);
  // False when its outcome came before.
  bool ForgetHandedIn(std::uint32_t attempt);
  core::LedgerTime NextTimer() const;
  void KeepSnapshot();

  const std::unique_ptr<QueueDesk> desk_;
  BridgeRuntime* const bridge_;
  const std::shared_ptr<store::SnapshotStore> snapshots_;
  // Of the queue's thread alone, as what follows.
  std::map<std::uint32_t, HandedIn> handed_in_;
  std::thread snapshot_thread_;  // writes one
  std::atomic<bool> writes_snapshot_ = false;

  std::mutex mutex_;
  std::condition_variable woken_;
  CallerTasks<Task> tasks_{kQueueTasksMax};
  std::map<core::Hash256, std::uint32_t> awaited_;  // settlements, and the attempts that they are
  bool stopping_ = false;

  std::mutex stop_mutex_;
  std::thread thread_;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_RUNTIME_QUEUE_RUNTIME_H_
