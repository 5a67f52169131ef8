// The snapshot of the log: what is taken of it at a start, and what one is made of.
#include <string>
#include <utility>

#include "fmt/format.h"
#include "fx-bridge/engine/bridge_engine.h"
#include "settlement/core/check.h"
#include "settlement/core/checkpoint.h"

namespace causeway::bridge {

LogSnapshot BridgeEngine::Snapshot() const {
  CW_CHECK(decided_.is_bounded(), "a log whose ids are all in memory has no snapshots");
  LogSnapshot snapshot;
  snapshot.batches = journal_->block_count();
  snapshot.records = tree_.size();
  snapshot.subtrees = tree_.SubtreeRoots(tree_.size());
  const std::uint64_t whole = snapshot.records >> kTreeLowestLevel << kTreeLowestLevel;
  for (std::uint64_t index = whole; index < snapshot.records; ++index) {
    const absl::StatusOr<core::Hash256> leaf = tree_.Leaf(index);
    CW_CHECK(leaf.ok(), "the leaves after the last subtree are in memory");
    snapshot.leaves.push_back(*leaf);
  }
  CW_CHECK(decided_.next() == snapshot.records, "the ids of all records are known");
  snapshot.keys_from = decided_.recent_from();
  snapshot.keys.assign(decided_.recent().begin(), decided_.recent().end());
  return snapshot;
}

std::uint64_t BridgeEngine::RestoreSnapshot() {
  if (options_.snapshots == nullptr || journal_->block_count() == 0) return 0;
  const absl::StatusOr<std::vector<std::uint64_t>> there = options_.snapshots->List();
  if (!there.ok()) {
    notes_.push_back("snapshots are not used: " + std::string(there.status().message()));
    return 0;
  }
  for (const std::uint64_t batches : *there) {
    const absl::Status restored = RestoreSnapshotFrom(batches);
    if (restored.ok()) return batches;
    notes_.push_back(fmt::format("the snapshot after {} batches is not used: {}", batches,
                                 std::string(restored.message())));
  }
  return 0;
}

// Nothing of the engine changes before all is verified.
absl::Status BridgeEngine::RestoreSnapshotFrom(std::uint64_t batches) {
  if (batches > journal_->block_count()) {
    return absl::FailedPreconditionError(
        fmt::format("the journal has only {} batches", journal_->block_count()));
  }
  const absl::StatusOr<LogSnapshot> snapshot = ReadLogSnapshot(
      batches, policies_.decision_log(), options_.fingerprint_key, *options_.snapshots);
  if (!snapshot.ok()) return snapshot.status();
  const absl::StatusOr<store::Block> last = journal_->Read(batches - 1);
  if (!last.ok()) return last.status();
  absl::StatusOr<core::DecisionBatch> batch = core::DecodeDecisionBatch(last->body);
  if (!batch.ok()) return batch.status();
  core::MerkleTree tree = NewTree();
  tree.AppendSubtrees(snapshot->subtrees);
  tree.Append(snapshot->leaves);
  const absl::StatusOr<core::SignedCheckpoint> note = core::ParseCheckpoint(batch->checkpoint);
  if (!note.ok() || note->checkpoint.origin != policies_.decision_log().text() ||
      note->checkpoint.size != tree.size() || note->checkpoint.root != tree.Root()) {
    return absl::FailedPreconditionError("its log is not that of the journal");
  }
  if (decided_.covered() < snapshot->keys_from) {
    notes_.push_back(
        fmt::format("the key index lacks records from {} on, which the snapshot after "
                    "{} batches has from {} on: they are read from the log",
                    decided_.covered(), batches, snapshot->keys_from));
  } else if (absl::Status added = decided_.AddAgain(snapshot->keys, snapshot->keys_from);
             !added.ok()) {
    return added;
  }
  tree_ = std::move(tree);
  checkpoint_ = std::move(batch->checkpoint);
  latest_ = batch->time;
  snapshot_records_ = snapshot->records;
  return absl::OkStatus();
}

// Of what the snapshot holds: ids that neither it nor the index has.
absl::Status BridgeEngine::ReadIdsBefore(std::uint64_t batch) {
  if (snapshot_records_ == 0 || decided_.next() == snapshot_records_) return absl::OkStatus();
  absl::StatusOr<std::uint64_t> number = journal_->FindBlock(decided_.covered());
  if (!number.ok()) return number.status();
  for (; *number < batch; ++*number) {
    const absl::StatusOr<store::Block> block = journal_->Read(*number);
    if (!block.ok()) return block.status();
    const absl::StatusOr<core::DecisionBatch> read = core::DecodeDecisionBatch(block->body);
    if (!read.ok()) return read.status();
    if (absl::Status status = ReplayIds(*read); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace causeway::bridge
