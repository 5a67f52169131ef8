// The live bridge: an engine, the one thread that owns it, and the wall clock.
//
//   Post, PostReply -> engine thread: all that waits, as one round -> one durable write
//                   -> requests to the ledgers, answers to callers, news to watchers
//
// Only what is durable leaves. When the engine cannot say whether a write is durable, the process
// exits with status 70 and answers nobody: the outcome is unknown, and the restarted bridge finds
// out. When a witness proves that the journal has lost part of the log, it exits with status 65:
// it must not go on under the log's key.
#ifndef CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_RUNTIME_H_
#define CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_RUNTIME_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "fx-bridge/engine/bridge_engine.h"
#include "fx-bridge/runtime/caller_tasks.h"

namespace causeway::bridge {

// Calls that wait for the engine thread at once.
inline constexpr std::size_t kTasksWaitingMax = 16'384;
// Of them those that run before the next write, beside what ledgers and witnesses answered: so that
// answers and deadlines do not wait for all that callers ask.
inline constexpr std::size_t kTasksPerRoundMax = 1'024;
// The process's exit status after an error of the journal or the signer (EX_SOFTWARE).
inline constexpr int kOutcomeUnknownExitStatus = 70;
// And when a witness holds more of the log than the journal, or another one (EX_DATAERR).
inline constexpr int kRolledBackExitStatus = 65;
// The longest sleep of the engine thread: a clock that was set forward is noticed within it.
inline constexpr std::int64_t kSleepMillisMax = 1000;

// Thread-safe, except that Start comes first.
class BridgeRuntime {
 public:
  using Clock = std::function<core::LedgerTime()>;
  // What is to happen to the engine; nothing of it may leave yet.
  using Event = std::function<void(BridgeEngine&, core::LedgerTime now)>;
  // What is to be told after the event is durable. Runs on the engine thread: must not block.
  using Answer = std::function<void(const BridgeEngine&)>;
  using Sender = std::function<void(LedgerRequest)>;
  using WitnessSender = std::function<void(const WitnessCall&)>;
  using Listener = std::function<void(const BridgeEngine&, const std::vector<core::Hash256>&)>;

  BridgeRuntime(std::unique_ptr<BridgeEngine> engine, Clock clock);
  // As Stop.
  ~BridgeRuntime();
  BridgeRuntime(const BridgeRuntime&) = delete;
  BridgeRuntime& operator=(const BridgeRuntime&) = delete;

  // Starts the engine thread, which resumes what is open. `send` gets every request to a ledger,
  // `send_to_witness` every call to a witness, `listen` the settlements whose view changed, all on
  // the engine thread, and must not block.
  void Start(Sender send, WitnessSender send_to_witness, Listener listen);

  // Runs `event` (may be empty) and then, when it is durable, `answer`. kOverloaded or
  // kUnavailable, and neither runs, when it cannot: also when `caller`, unless that is empty, has
  // its share of what may wait (CallerTasks).
  std::optional<core::Rejection> Post(Event event, Answer answer, const std::string& caller = {});
  // An answer of a ledger: never refused, because calls to ledgers are bounded; dropped once the
  // runtime stops (the ledger is asked again after the next start).
  void PostReply(Event event);

  core::LedgerTime Now() const { return clock_(); }
  // After Stop only: before that the engine is its thread's.
  const BridgeEngine& stopped_engine() const { return *engine_; }

  // Verifies signatures ahead of their submission, from any thread.
  void VerifyAhead(const core::Envelope& terms) const { engine_->VerifyAhead(terms); }
  void VerifyVoteAhead(const std::string& vote) const { engine_->VerifyVoteAhead(vote); }

  // The decision log, from any thread.
  std::uint64_t batch_count() const { return engine_->batch_count(); }
  std::uint64_t record_count() const { return engine_->record_count(); }
  absl::StatusOr<std::string> ReadBatchBytes(std::uint64_t number) const {
    return engine_->ReadBatchBytes(number);
  }
  absl::StatusOr<std::uint64_t> FindBatch(std::uint64_t index) const {
    return engine_->FindBatch(index);
  }

  // Refuses new work with kUnavailable, answers everything that waits, joins the thread. Repeats do
  // nothing. Not from a callback.
  void Stop();

 private:
  struct Task {
    Event event;
    Answer answer;
  };

  void Run();
  // Waits for tasks, a timer or the end; false at the end.
  bool Wait(std::vector<Task>& tasks);
  void Round(std::vector<Task>& tasks);

  const std::unique_ptr<BridgeEngine> engine_;
  const Clock clock_;
  Sender send_;
  WitnessSender send_to_witness_;
  Listener listen_;

  std::mutex mutex_;
  std::condition_variable woken_;
  CallerTasks<Task> tasks_{kTasksWaitingMax};
  bool stopping_ = false;
  std::optional<core::LedgerTime> timer_;  // of the engine thread alone

  std::mutex stop_mutex_;
  std::thread thread_;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_RUNTIME_H_
