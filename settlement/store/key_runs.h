// A key index (key_index.h) of bounded memory: the recent keys in tables in memory, all older ones
// in sorted immutable runs on disk. That nearly every new instruction id is new, filters tell by a
// cache line each: two in memory over the newest keys, and of the runs that are older than these,
// one in each run's file, mapped. Nothing here is synced on the hot path: the runs are derived from
// the journal, and what is missing or damaged costs time only. Format of the files:
// docs/formats/key-runs.md.
//
// When the active table is full, EndBatch freezes it and goes on with the spare one; a background
// thread, as soon as the frozen keys are durable in the journal, writes them as a run per family,
// syncs and names them in the manifest, and makes the table the spare one. It also merges runs:
// four of a level become one of the next, so that there are at most three of a level once it is
// idle. The files of a merge exist beside its output until the manifest is durable: at worst, when
// everything is merged, the disk holds one family twice. A run without a filter (of a version
// before, or one in which damage was met) answers by itself until it has been written again.
//
// Memory: two tables of recent keys of each family, 16 bytes a key and table_keys_max keys each (in
// all 168 MiB for 2 Mi keys; they begin small and grow with the ledger); the filters in memory, 2
// bytes for each of the newest 6 to 12 tables of keys (24 MiB each, three of them for a moment);
// some MiB while merging. It does not grow with the history: runs, their filters and fences are
// mapped, and the system drops what it needs the memory for. Disk, merged: 15.8 bytes an
// instruction id, 13.1 a UETR.
//
// Threads: as KeyIndex says; status, Find, stats and MarkDurable from any thread, the rest from
// one. One opener of a directory at a time: its owner holds the lock of the ledger's directory.
#ifndef CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_H_
#define CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_H_

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "settlement/core/bytes.h"
#include "settlement/store/fingerprint.h"
#include "settlement/store/key_index.h"
#include "settlement/store/key_runs_file.h"
#include "settlement/store/key_runs_filter.h"
#include "settlement/store/key_runs_manifest.h"
#include "settlement/store/key_runs_merge.h"
#include "settlement/store/key_runs_table.h"

namespace causeway::store {

class KeyRuns : public KeyIndex {
 public:
  struct Options {
    std::string directory;                   // created when it does not exist; holds nothing else
    core::Hash256 ledger;                    // genesis hash: runs of another ledger are not taken
    FingerprintKey fingerprint_key;          // secret; with another one all runs are made anew
    std::size_t table_keys_max = 2 << 20;    // keys of a table, of either family
    std::size_t table_keys_min = 64 << 10;   // of the first tables of a new ledger
    std::size_t batch_keys_max = 128 << 10;  // between two calls of EndBatch, of either family
    // A merge begins when the disk has room for what it writes and this much beside it, and is
    // given up when it meets a full disk all the same; it is tried again after the pause.
    std::uint64_t merge_room_bytes = std::uint64_t{256} << 20;
    std::chrono::milliseconds merge_pause{10'000};
    IoFault fault;                              // for tests
    std::function<std::uint64_t()> free_bytes;  // for tests; null: as the file system says
  };
  struct Stats {
    std::array<std::size_t, kKeyFamilies> runs{};
    std::array<std::uint64_t, kKeyFamilies> run_keys{};
    std::array<std::uint64_t, kKeyFamilies> disk_bytes{};  // of the runs in the manifest
    std::uint64_t memory_bytes = 0;                        // tables, and filters in memory
    std::uint64_t written_bytes = 0;                       // to runs since opening
    std::uint64_t merges = 0;
    std::uint64_t rewritten = 0;  // runs written again because their filter was missing or damaged
    std::uint64_t uncertain = 0;  // instruction ids that the filters did not rule out
    double background_seconds = 0;  // processor time of the background thread
    double waited_seconds = 0;      // what EndBatch waited for it
  };

  // Takes what is whole of the runs of leaves before `durable_leaves`, deletes the rest, and starts
  // the background thread. Damage is no error (see notes); an error of the system is.
  static absl::StatusOr<std::unique_ptr<KeyRuns>> Open(Options options,
                                                       std::uint64_t durable_leaves);
  // Ends the background thread; a run that it was writing is dropped.
  ~KeyRuns() override;

  using KeyIndex::Find;
  using KeyIndex::FindNewest;
  using KeyIndex::Insert;
  absl::Status FindOrInsert(std::span<const std::uint64_t> fingerprints, std::uint64_t first_leaf,
                            std::span<std::uint64_t> candidates) override;
  absl::Status FindNewest(std::span<const std::uint64_t> fingerprints,
                          std::span<std::uint64_t> newest) const override;
  void Insert(KeyFamily family, std::span<const std::uint64_t> fingerprints,
              std::uint64_t first_leaf) override;
  absl::Status EndBatch(std::uint64_t next_leaf) override;
  void MarkDurable(std::uint64_t leaves) override;
  absl::StatusOr<std::vector<std::uint64_t>> Find(KeyFamily family, std::uint64_t fingerprint,
                                                  std::uint64_t from_leaf,
                                                  std::size_t limit) const override;
  std::uint64_t covered() const override;
  absl::Status status() const override;

  // Reads and verifies every run and tells what is damaged. Such a run is set aside, so that the
  // next opening makes it anew; until then the index goes on with it as long as nothing needs what
  // is damaged. A filter is made again at once. Cancelled when the context says so. Any thread.
  absl::Status Scrub(const ScrubContext& context) const;

  // What Open did not take, and why: for the log.
  const std::vector<std::string>& notes() const { return notes_; }
  Stats stats() const;
  // Waits until the background thread has nothing left that it could do. For tests and
  // measurements.
  void WaitUntilIdle();

 private:
  // Recent keys of both families: active (being filled), frozen (being written) or spare (empty).
  struct Generation {
    std::array<KeyTable, kKeyFamilies> tables;
    std::size_t keys_max = 0;
    std::uint64_t to_leaf = 0;             // once frozen
    mutable std::atomic<int> readers = 0;  // raised under mutex_ while it is active or frozen
  };
  struct Run {
    std::shared_ptr<const RunFile> file;
    std::uint8_t level = 0;
  };
  using RunList = std::vector<Run>;  // oldest first
  // What a reader or the writer looks into: a consistent state of everything.
  struct View {
    const Generation* active = nullptr;
    const Generation* frozen = nullptr;
    std::shared_ptr<const RunList> runs;
  };
  using RunLists = std::array<std::shared_ptr<const RunList>, kKeyFamilies>;
  // Runs to merge: `runs` of a family's list from `first` on. None: runs is 0. One alone is written
  // again as it is, with a filter.
  struct MergePlan {
    std::size_t family = 0;
    std::size_t first = 0;
    std::size_t runs = 0;
    std::uint8_t level = 0;
  };

  KeyRuns(Options options, std::uint64_t durable_leaves);
  absl::Status Recover();
  absl::Status RecoverFamily(KeyFamily family, const std::vector<ManifestRun>& runs);
  absl::Status DeleteStrangers() const;
  static std::uint64_t CoveredBy(const RunList& runs);
  std::size_t GenerationKeys(std::uint64_t leaves) const;
  void ResetGeneration(Generation& generation, std::uint64_t leaves) const;

  View Pin(KeyFamily family) const;
  static void Unpin(const View& view);
  absl::Status FindOrInsertSome(std::span<const std::uint64_t> fingerprints,
                                std::uint64_t first_leaf, std::span<std::uint64_t> candidates);
  absl::Status FindNewestOfSome(std::span<const std::uint64_t> fingerprints,
                                std::span<std::uint64_t> newest) const;
  absl::Status FindInOlderRuns(std::span<const std::uint64_t> fingerprints,
                               std::span<std::uint64_t> newest) const;
  absl::StatusOr<std::uint64_t> FindInRecent(std::uint64_t fingerprint) const;
  absl::StatusOr<std::uint64_t> FindInRun(const RunFile& run, std::uint64_t fingerprint) const;
  void SeeRuns();
  std::uint64_t FilterKeys() const;
  bool FilterIsFullSoon(std::size_t tables) const;
  void RotateFilters();
  std::uint64_t FilterBytes() const;
  static void SetAside(const RunFile& run);
  absl::Status Damaged(const RunFile& run, const absl::Status& status) const;
  void WakeBackground() const;
  void FailBackground(const absl::Status& status) const;

  // Of the background thread.
  void Background();
  bool FrozenIsReady() const;  // under mutex_
  void Recycle();
  void MakeFilter();
  absl::Status Flush(const Generation& generation);
  absl::StatusOr<std::shared_ptr<const RunFile>> WriteRun(KeyFamily family,
                                                          const Generation& generation,
                                                          std::uint64_t from_leaf);
  absl::Status Publish(RunLists lists, std::uint64_t written, const Generation* flushed);
  KeyManifest ManifestOf(const RunLists& lists) const;
  MergePlan PickMerge() const;
  MergePlan PickRewrite() const;
  bool MergesWait() const;
  std::uint64_t FreeBytes() const;
  absl::Status BeginMerge(const MergePlan& plan);
  absl::Status ContinueMerge();
  absl::Status FinishMerge();

  const Options options_;
  const std::uint64_t scope_;
  const std::uint64_t opened_durable_;
  std::vector<std::string> notes_;
  std::array<std::uint64_t, kKeyFamilies> covered_{};  // at opening
  std::uint64_t uncertain_ = 0;                        // the writer's
  std::uint64_t batch_leaf_ = 0;                       // of the last EndBatch; the writer's
  std::uint64_t seen_changes_ = 0;                     // of runs_changes_; the writer's

  std::array<Generation, 2> generations_;
  Generation* writing_;  // the active generation; the writer's
  // The writer's. Filters over the keys of the leaves from older_from_ to newer_from_, or null, and
  // of all later ones, the active generation's included.
  std::unique_ptr<KeyFilter> older_;
  std::unique_ptr<KeyFilter> newer_;
  std::uint64_t older_from_ = 0;
  std::uint64_t newer_from_ = 0;
  std::shared_ptr<const RunList> seen_runs_;  // of instruction ids
  std::vector<const RunFile*> older_runs_;    // that the filters do not cover, newest first

  mutable std::mutex mutex_;
  mutable std::condition_variable background_wakes_;
  mutable std::condition_variable writer_wakes_;
  // All below under mutex_.
  Generation* active_;
  Generation* frozen_ = nullptr;
  Generation* spare_ = nullptr;
  RunLists runs_;                                // changed by the background thread only
  std::atomic<std::uint64_t> runs_changes_ = 0;  // so that the writer sees without the mutex
  std::uint64_t durable_;
  mutable absl::Status status_;
  mutable bool stop_ = false;
  mutable bool idle_ = false;
  Stats counters_;
  std::size_t filter_wanted_ = 0;            // keys that the next filter is to have room for, or 0
  std::unique_ptr<KeyFilter> spare_filter_;  // empty
  std::unique_ptr<KeyFilter> retired_filter_;  // to be given back
  std::uint64_t filter_bytes_ = 0;

  // The background thread's own.
  std::uint64_t next_number_ = 1;
  std::unique_ptr<RunMerge> merge_;
  std::chrono::steady_clock::time_point merge_not_before_;
  MergePlan merge_plan_;
  std::thread thread_;
};

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_H_
