// The live ledger: an engine, the threads that drive it, and the wall clock.
//
//   Submit -> admission (a few threads: decode, verify signatures, entitlement)
//          -> sequencer thread: takes all that waits as one batch and executes it; what needs old
//             parts of the log (repeats, citations) first makes a detour over a thread that reads
//             them, so that nobody else waits for the disk
//          -> sealer thread: hashes the batch's leaves, signs the head of the log
//          -> committer thread: makes all sealed batches durable by one sync
//          -> replies, and the listener that wakes subscribers
//
// The stages overlap: while one batch is synced, the next is hashed and the one after it executed.
// Under load batches grow, because what comes while a stage is busy waits together. Small batches
// gain less by the overlap than the changes of threads cost: the sequencer takes them through all
// stages itself, one after the other. A lone small call to an idle ledger is taken by the thread
// that admitted it, which may be the one that brought it, and answered there.
//
// Only what is durable is seen: replies follow the sync, and Read answers once everything that its
// query saw is durable.
// When the engine cannot say whether a batch is durable, the process exits with status 70 and
// answers nobody: the outcome is unknown, and the restarted node finds out.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_LEDGER_RUNTIME_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_LEDGER_RUNTIME_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "central-bank-node/engine/ledger_engine.h"
#include "central-bank-node/runtime/engine_gate.h"
#include "central-bank-node/runtime/snapshot_pressure.h"
#include "central-bank-node/runtime/stage_queue.h"
#include "central-bank-node/runtime/worker_pool.h"
#include "settlement/core/batch.h"
#include "settlement/core/ledger.h"
#include "settlement/core/outcome.h"
#include "settlement/core/time.h"
#include "settlement/store/key_index.h"

namespace causeway::node {

// Batches that wait between two stages at most.
inline constexpr std::size_t kBatchesPerStageMax = 2;
// Instructions (payments, legs, other commands) and bytes of items that one batch holds at most. An
// item that exceeds the bytes alone is a batch of its own; none exceeds the instructions.
inline constexpr std::size_t kBatchInstructionsMax = core::kBulkPaymentsMax;
inline constexpr std::size_t kBatchBytesMax = 32 * 1024 * 1024;
// Instructions and bytes of a call at most that goes through all stages on one thread when nothing
// else is under way. What comes meanwhile waits for its sync, which it would have to anyway, and
// for the rest, which is to be short.
inline constexpr std::size_t kAloneInstructionsMax = 256;
inline constexpr std::size_t kAloneBytesMax = 64 * 1024;
// Instructions from which on a batch goes from stage to stage, so that the next can overlap with
// it. Of fewer, each change of threads, each signature of a head and each sync costs more than the
// overlap gains: the sequencer waits until the stages are empty, while more comes, and takes what
// is there through all of them itself.
inline constexpr std::size_t kOverlapInstructionsMin = 1024;
// Under load a batch begins at the earliest so long after the one before it: each has its changes
// of threads, its signed head and its sync, and on a machine that is nearly busy these make
// everybody wait longer than a fuller batch does. Batches of fewer instructions (payments signed
// singly, a few clients) do not hold up the next one, nor does anything wait when much is there.
inline constexpr std::chrono::microseconds kBatchSpacing{800};
inline constexpr std::size_t kSpacedInstructionsMin = 256;
// Of the threads that read histories of accounts: on busy processors they get a thirtieth of what
// a thread without one gets.
inline constexpr int kHistoryNiceness = 15;
// Bytes that batches may copy for a snapshot, for each account of the ledger: a fifth of all
// accounts at once, where only payments move them.
inline constexpr std::size_t kSnapshotCopiesBytesPerAccount = 5;
// Calls of one batch that one task answers at most: what it gains is shared among the threads.
inline constexpr std::size_t kAnswersPerTask = 64;
// The process's exit status after an error of the journal or the signer (EX_SOFTWARE).
inline constexpr int kOutcomeUnknownExitStatus = 70;

struct RuntimeLimits {
  // Items and their bytes that are under way at once, from Submit to reply.
  std::size_t items_max = 16384;
  std::size_t bytes_max = std::size_t{256} * 1024 * 1024;
  // Leaves of the log from which on nothing new is taken: the key index numbers 2^40 of them, and
  // all that is under way must still fit.
  std::uint64_t leaves_max = store::kLeavesMax - (std::uint64_t{1} << 24);
  // Tasks of Post that wait or run.
  std::size_t tasks_max = 4096;
  // Threads for admission and replies.
  int threads = 2;
  // Threads for queries, which wait for the disk.
  int query_threads = 4;
  // Calls of Submit that wait until old parts of the log are read, at once, and their bytes: a part
  // of the above, so that a flood of repeats leaves room for everybody else.
  std::size_t recalls_max = 4096;
  std::size_t recall_bytes_max = std::size_t{64} * 1024 * 1024;
  // Of accounts as they were, which batches copy for a snapshot under way: so many bytes, or
  // kSnapshotCopiesBytesPerAccount if that is more. From half of it on the snapshot rests no more,
  // and at all of it batches wait for the snapshot (snapshot_pressure.h).
  std::size_t snapshot_copies_bytes_max = std::size_t{32} * 1024 * 1024;
};

// Thread-safe, except that SetListener and SetFreeBytes come before the first Submit.
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

  // Called after leaves were added, from threads of the runtime (perhaps two at once) and without
  // any lock.
  void SetListener(std::function<void()> listener);

  // How much room the disk has: what the journal may have no room for is refused before it is
  // executed (kUnavailable), while queries go on (disk_room.h). Not set: nobody looks. Thread-safe.
  void SetFreeBytes(std::function<std::uint64_t()> free_bytes);

  // Sequences `items` in their order, each admitted against the state at about the time of the
  // call. `done` gets one reply each, exactly once: on the calling thread when all are refused at
  // once (kOverloaded, kUnavailable), else on a thread of the runtime. While nothing of the call is
  // executed and `abandoned` says true, it may be dropped: every reply is then kUnavailable.
  // `entitled` may be empty; it must depend on its arguments alone and not call the runtime.
  // `caller` is who may take its share of the limits and no more (kOverloaded): a part of them is
  // always left for others, and what is above one half goes to all that have something under way
  // alike. Empty: nobody in particular, without such a bound.
  void Submit(std::vector<core::Item> items, Entitlement entitled, std::function<bool()> abandoned,
              Replies done, const std::string& caller = {});
  // The same, for a thread that may wait for a sync. What comes back, if anything, is what is left
  // of a small call to an idle ledger: the caller runs it soon, once, and there it is taken through
  // all stages and answered.
  [[nodiscard]] std::function<void()> SubmitOrWork(std::vector<core::Item> items,
                                                   Entitlement entitled,
                                                   std::function<bool()> abandoned, Replies done,
                                                   const std::string& caller = {});

  // Runs `task` on a thread of the runtime. kOverloaded or kUnavailable, and no task, when it
  // cannot. `caller` as above.
  std::optional<core::Rejection> Post(std::function<void()> task, const std::string& caller = {});

  // What `query` returns of the engine, whose ledger nobody changes meanwhile. Returns once all
  // that it saw is durable: not for threads that must not block. Keep it short, let nothing of the
  // engine escape.
  template <typename Query>
  auto Read(const Query& query) const {
    auto lock = gate_.Read();
    const std::uint64_t seen = applied_;
    if constexpr (std::is_void_v<decltype(query(*engine_))>) {
      query(*engine_);
      lock.unlock();
      WaitForCommit(seen);
    } else {
      auto result = query(*engine_);
      lock.unlock();
      WaitForCommit(seen);
      return result;
    }
  }

  // The same for a query that also looks at old parts of the log: they are read while the ledger is
  // free, and the query starts again with them. Its last run is what is returned.
  template <typename Query>
  auto ReadWithLog(const Query& query) const {
    LogReads reads;
    for (;;) {
      auto result = [&] {
        const LogReads::Scope scope(reads);
        return Read(query);
      }();
      if (!reads.WantsMore()) return result;
      engine_->Load(reads);
    }
  }

  // The same for what reads the log alone, by members of the engine that may run beside everything:
  // nobody waits for it, however long it takes.
  template <typename Query>
  auto ReadLog(const Query& query) const {
    return query(*engine_);
  }

  // The same for histories of accounts, which may read and verify many old blocks for one answer.
  // On threads of their own, with a niceness: however many are asked for, payments go first.
  template <typename Query>
  auto ReadHistory(const Query& query) const {
    std::packaged_task<decltype(query(*engine_))()> task([&] { return query(*engine_); });
    history_pool_.Post([&task] { task(); });
    return task.get_future().get();
  }

  // For whoever met a part of the log that cannot be read and answers kUnavailable: tells the
  // operator, by one line now and then.
  void ReportUnreadable(const absl::Status& status) const;

  // Writes a snapshot while the ledger goes on; also after Stop. One at a time. Leaves that it
  // holds. Before each of its steps `rest` is called, without any lock, if given, unless batches
  // copy so much meanwhile that it must make haste.
  absl::StatusOr<std::uint64_t> WriteSnapshot(store::SnapshotStore& snapshots,
                                              const std::function<void()>& rest = nullptr);
  std::uint64_t DurableLeaves() const { return engine_->size(); }

  core::LedgerTime Now() const { return clock_(); }

  // Refuses new work with kUnavailable, answers everything under way, joins the threads. Repeats do
  // nothing. Not from a callback.
  void Stop();

 private:
  struct Group;  // the items of one Submit
  // What goes through the stages together.
  struct Batch {
    struct Place {
      std::shared_ptr<Group> group;
      std::size_t position = 0;
    };
    std::vector<core::Item> items;
    std::vector<core::AdmittedItem> admitted;
    std::vector<IndexedInstructions::Recall> recalls;  // of each item
    std::vector<Place> places;                         // of each item
    std::vector<std::shared_ptr<Group>> complete;      // groups of which nothing is left to take
    std::size_t instructions = 0;
    std::size_t bytes = 0;
    std::unique_ptr<PendingBatch> pending;  // once applied; null when nothing was to be executed

    bool HasRoomFor(std::size_t more_instructions, std::size_t more_bytes) const;
  };

  // Of one caller, under way.
  struct Share {
    std::size_t items = 0;
    std::size_t bytes = 0;
    std::size_t tasks = 0;
  };

  std::shared_ptr<Group> Enter(std::vector<core::Item> items, Entitlement entitled,
                               std::function<bool()> abandoned, Replies done,
                               const std::string& caller);
  void AdmitLater(const std::shared_ptr<Group>& group);
  void AdmitOne(const std::shared_ptr<Group>& group, std::size_t position);
  std::optional<core::Rejection> CheckApproval(const core::AdmittedItem& item,
                                               std::uint64_t request) const;
  void VerifyCertificate(const LedgerEngine::ExaminedOrRefusal& examined) const;
  void HandOn(const std::shared_ptr<Group>& group);
  bool MayGoAlone(const Group& group) const;
  void GoAlone(Batch batch);
  bool GoThrough(Batch& batch);
  bool ManyWait() const;
  void WaitForMore(std::unique_lock<std::mutex>& lock);
  void Sequence();
  void SealAll();
  void CommitAll();
  Batch TakeBatch(std::unique_lock<std::mutex>& lock);
  void RecallBatch(Batch& batch);
  bool RecallLater(const std::shared_ptr<Group>& group, std::size_t position,
                   std::vector<IndexedInstructions::Missing> leaves);
  void ApplyBatch(Batch& batch);
  void NoteSnapshotCopies();
  void SealBatch(Batch& batch);
  // Whether leaves were added.
  bool Commit(std::span<const Batch> batches);
  // Of batches that are durable: what to answer to each item.
  void TakeReplies(Batch& batch);
  void WaitForCommit(std::uint64_t batch) const;
  void AnswerLater(std::vector<std::shared_ptr<Group>> groups);
  void Answer(std::span<const std::shared_ptr<Group>> groups);
  std::optional<core::Rejection> Reserve(std::size_t items, std::size_t bytes,
                                         const std::string& caller);
  std::optional<core::Rejection> NoRoom(std::size_t bytes);
  bool ExceedsShare(const std::string& caller, std::size_t Share::*part, std::size_t more,
                    std::size_t total, std::size_t most) const;
  void Return(const std::string& caller, const Share& what);
  bool IsAlone(const Group& group);

  const RuntimeLimits limits_;
  const Clock clock_;
  const std::unique_ptr<LedgerEngine> engine_;
  EngineGate gate_;
  SnapshotPressure snapshot_pressure_;
  std::uint64_t applied_ = 0;  // batches given to the ledger: guarded by the gate
  std::function<void()> listener_;
  std::function<std::uint64_t()> free_bytes_;

  std::mutex mutex_;
  std::condition_variable admitted_;  // the sequencer waits for groups
  std::condition_variable drained_;   // Stop waits for the last answer
  std::deque<std::shared_ptr<Group>> sequence_;
  bool goes_alone_ = false;            // a thread has all the stages; the sequencer waits
  std::size_t batches_in_stages_ = 0;  // behind the sequencer, not durable yet
  // Of the sequencer alone: its last batch.
  std::size_t last_instructions_ = 0;
  std::chrono::steady_clock::time_point last_began_;
  std::size_t items_under_way_ = 0;
  std::size_t bytes_under_way_ = 0;
  std::size_t groups_under_way_ = 0;
  std::size_t groups_open_ = 0;  // of them, those with items that no stage is through with
  std::size_t tasks_under_way_ = 0;
  std::map<std::string, Share> shares_;  // of callers that have something under way
  std::size_t recalls_under_way_ = 0;
  std::size_t recall_bytes_under_way_ = 0;
  bool stopping_ = false;  // nothing new
  bool finished_ = false;  // nothing left: the sequencer may go

  mutable std::mutex commit_mutex_;
  mutable std::condition_variable committed_changed_;
  std::uint64_t committed_ = 0;  // of applied_

  std::chrono::steady_clock::time_point no_room_told_at_;  // guarded by mutex_

  mutable std::mutex report_mutex_;
  mutable std::string reported_;
  mutable std::chrono::steady_clock::time_point reported_at_;

  std::mutex stop_mutex_;
  WorkerPool pool_;
  WorkerPool query_pool_;
  mutable WorkerPool history_pool_;
  WorkerPool recall_pool_;
  StageQueue<Batch> applied_batches_;
  StageQueue<Batch> sealed_batches_;
  std::thread sequencer_;
  std::thread sealer_;
  std::thread committer_;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_LEDGER_RUNTIME_H_
