// The live ledger: an engine, the threads that drive it, and the wall clock.
//
//   Submit -> admission (a few threads: decode, verify signatures, entitlement)
//          -> one sequencer thread: takes all that waits as one batch, executes, makes it durable
//          -> replies, and the listener that wakes subscribers
//
// Only what is durable is seen: Read and everything behind a reply wait for the batch under way.
// When the engine cannot say whether a batch is durable, the process exits with status 70 and
// answers nobody: the outcome is unknown, and the restarted node finds out.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_LEDGER_RUNTIME_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_LEDGER_RUNTIME_H_

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "central-bank-node/engine/ledger_engine.h"
#include "central-bank-node/runtime/engine_gate.h"
#include "central-bank-node/runtime/worker_pool.h"
#include "settlement/core/batch.h"
#include "settlement/core/ledger.h"
#include "settlement/core/outcome.h"
#include "settlement/core/time.h"

namespace causeway::node {

// Instructions (payments, legs, other commands) and bytes of items that one batch holds at most. An
// item that exceeds the bytes alone is a batch of its own; none exceeds the instructions.
inline constexpr std::size_t kBatchInstructionsMax = core::kBatchPaymentsMax;
inline constexpr std::size_t kBatchBytesMax = 32 * 1024 * 1024;
// The process's exit status after an error of the journal or the signer (EX_SOFTWARE).
inline constexpr int kOutcomeUnknownExitStatus = 70;

struct RuntimeLimits {
  // Items and their bytes that are under way at once, from Submit to reply.
  std::size_t items_max = 16384;
  std::size_t bytes_max = std::size_t{256} * 1024 * 1024;
  // Tasks of Post that wait or run.
  std::size_t tasks_max = 4096;
  // Threads for admission, queries and replies.
  int threads = 2;
};

// Thread-safe, except that SetListener comes before the first Submit.
class LedgerRuntime {
 public:
  using Clock = std::function<core::LedgerTime()>;
  // Why whoever submitted may not submit this item, if so.
  using Entitlement =
      std::function<std::optional<core::Rejection>(const core::Ledger&, const core::AdmittedItem&)>;
  using Replies = std::function<void(std::vector<ItemReply>)>;

  LedgerRuntime(std::unique_ptr<LedgerEngine> engine, RuntimeLimits limits, Clock clock);
  // As Stop.
  ~LedgerRuntime();
  LedgerRuntime(const LedgerRuntime&) = delete;
  LedgerRuntime& operator=(const LedgerRuntime&) = delete;

  // Called, from the sequencer thread and without any lock, after each batch that added leaves.
  void SetListener(std::function<void()> listener);

  // Sequences `items` in their order, each admitted against the state at about the time of the
  // call. `done` gets one reply each, exactly once: on the calling thread when all are refused at
  // once (kOverloaded, kUnavailable), else on a thread of the runtime. While nothing of the call is
  // executed and `abandoned` says true, it may be dropped: every reply is then kUnavailable.
  // `entitled` may be empty; it must depend on its arguments alone and not call the runtime.
  void Submit(std::vector<core::Item> items, Entitlement entitled, std::function<bool()> abandoned,
              Replies done);

  // Runs `task` on a thread of the runtime. kOverloaded or kUnavailable, and no task, when it
  // cannot.
  std::optional<core::Rejection> Post(std::function<void()> task);

  // What `query` returns of the engine, which nobody changes meanwhile. Waits for the batch under
  // way: not for threads that must not block. Keep it short, let nothing of the engine escape.
  template <typename Query>
  auto Read(const Query& query) const {
    const auto lock = gate_.Read();
    return query(*engine_);
  }

  core::LedgerTime Now() const { return clock_(); }

  // Refuses new work with kUnavailable, answers everything under way, joins the threads. Repeats do
  // nothing. Not from a callback.
  void Stop();

 private:
  struct Group;  // the items of one Submit
  struct Batch;  // what the sequencer executes next

  void AdmitOne(const std::shared_ptr<Group>& group, std::size_t position);
  void Sequence();
  Batch TakeBatch(std::unique_lock<std::mutex>& lock);
  void ExecuteBatch(Batch& batch);
  void Answer(const std::shared_ptr<Group>& group);
  std::optional<core::Rejection> Reserve(std::size_t items, std::size_t bytes);

  const RuntimeLimits limits_;
  const Clock clock_;
  const std::unique_ptr<LedgerEngine> engine_;
  EngineGate gate_;
  std::function<void()> listener_;

  std::mutex mutex_;
  std::condition_variable admitted_;  // the sequencer waits for groups
  std::condition_variable drained_;   // Stop waits for the last answer
  std::deque<std::shared_ptr<Group>> sequence_;
  std::size_t items_under_way_ = 0;
  std::size_t bytes_under_way_ = 0;
  std::size_t groups_under_way_ = 0;
  std::size_t tasks_under_way_ = 0;
  bool stopping_ = false;  // nothing new
  bool finished_ = false;  // nothing left: the sequencer may go

  std::mutex stop_mutex_;
  WorkerPool pool_;
  std::thread sequencer_;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_LEDGER_RUNTIME_H_
