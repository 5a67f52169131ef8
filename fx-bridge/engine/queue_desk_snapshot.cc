// Snapshots of the queue desk: what it knows, field by field, and what a start takes of one.
#include <algorithm>
#include <type_traits>
#include <utility>

#include "fmt/format.h"
#include "fx-bridge/engine/queue_desk.h"
#include "fx-bridge/queue/state_fields.h"
#include "settlement/core/check.h"
#include "settlement/core/hash.h"

namespace causeway::fx_queue {

// A name as its text.
template <typename Id>
struct NameFields {
  template <typename Archive, typename Self>
  static void Visit(Archive& archive, Self& self) {
    std::string text;
    if constexpr (std::is_const_v<Self>) text = std::string(self.text());
    archive(text);
    if constexpr (!std::is_const_v<Self>) {
      const absl::StatusOr<Id> id = Id::Parse(text);
      if (id.ok()) {
        self = *id;
      } else {
        archive.Fail();
      }
    }
  }
};
template <>
struct StateFields<core::ParticipantId> : NameFields<core::ParticipantId> {};
template <>
struct StateFields<core::LedgerOrigin> : NameFields<core::LedgerOrigin> {};
template <>
struct StateFields<bridge::NettedTerms> {
  template <typename Archive, typename Self>
  static void Visit(Archive& archive, Self& self) {
    archive(self.terms, self.legs);
  }
};
template <>
struct StateFields<bridge::QueueAttemptView> {
  template <typename Archive, typename Self>
  static void Visit(Archive& archive, Self& self) {
    archive(self.attempt, self.settlement_id, self.trades, self.outcome);
  }
};
template <>
struct StateFields<bridge::QueueRunView> {
  template <typename Archive, typename Self>
  static void Visit(Archive& archive, Self& self) {
    archive(self.run, self.began, self.waiting, self.accounts_asked, self.accounts_told, self.sets,
            self.settled_without_payment);
  }
};
template <>
struct StateFields<bridge::QueueFigures> {
  template <typename Archive, typename Self>
  static void Visit(Archive& archive, Self& self) {
    archive(self.entered, self.settled_alone, self.settled_together, self.sets_settled,
            self.attempts_refused, self.returned, self.runs);
  }
};

}  // namespace causeway::fx_queue

namespace causeway::bridge {

// What is kept of a trade beside its exact bytes, of which the rest is read again.
template <typename Archive, typename Self>
void QueueDesk::TradeRecord::VisitState(Archive& archive, Self& self) {
  archive(self.id, self.payload, self.indexed, self.first_by, self.first_entered, self.ended,
          self.settlement_id, self.together, self.expiry_told);
}

template <typename Archive, typename Self>
void QueueDesk::AttemptRecord::VisitState(Archive& archive, Self& self) {
  archive(self.terms, self.settlement_id, self.began, self.trades);
}

template <typename Archive, typename Self>
void QueueDesk::VisitState(Archive& archive, Self& self) {
  archive(self.latest_, self.rules_, self.machine_, self.members_, self.ledgers_, self.trades_,
          self.trades_named_, self.expiries_, self.forget_at_, self.unmatched_, self.unmatched_of_,
          self.attempts_, self.runs_, self.figures_, self.run_began_);
}

absl::StatusOr<QueueSnapshot> QueueDesk::Snapshot() const {
  CW_CHECK(unsaved_.empty() && to_make_.empty() && !ending_, "every event is in the log");
  QueueSnapshot snapshot;
  snapshot.blocks = journal_->block_count();
  snapshot.events = journal_->record_count();
  CW_CHECK(snapshot.blocks > 0, "a log begins with the rules");
  const absl::StatusOr<store::Block> last = journal_->Read(snapshot.blocks - 1);
  if (!last.ok()) return last.status();
  snapshot.last_block = core::Sha256(last->body);
  fx_queue::StateWriter writer;
  VisitState(writer, *this);
  snapshot.state = std::move(writer).Take();
  return snapshot;
}

void QueueDesk::OnSnapshot(const QueueSnapshot& snapshot) {
  log_bytes_ = 0;
  snapshot_bytes_ = snapshot.state.size();
}

bool QueueDesk::IsSnapshotDue() const {
  return log_bytes_ >= std::max(options_.snapshot_log_bytes_min, snapshot_bytes_);
}

// The newest that is good. A desk of which some was read is not used: nothing, or all of it.
absl::StatusOr<std::unique_ptr<QueueDesk>> QueueDesk::Restore(
    QueueOptions options, std::unique_ptr<store::Journal> journal) {
  const std::shared_ptr<const store::SnapshotStore> snapshots = options.snapshots;
  std::vector<std::string> notes;
  std::vector<std::uint64_t> there;
  if (snapshots != nullptr && journal->block_count() > 0) {
    absl::StatusOr<std::vector<std::uint64_t>> listed = snapshots->List();
    if (listed.ok()) {
      there = *std::move(listed);
    } else {
      notes.push_back("snapshots are not used: " + std::string(listed.status().message()));
    }
  }
  for (const std::uint64_t blocks : there) {
    std::unique_ptr<QueueDesk> desk(new QueueDesk(options, std::move(journal)));
    const absl::Status read = desk->ReadSnapshot(blocks, *snapshots);
    if (read.ok()) {
      desk->notes_ = std::move(notes);
      return desk;
    }
    notes.push_back(fmt::format("the snapshot after {} blocks is not used: {}", blocks,
                                std::string(read.message())));
    journal = std::move(desk->journal_);
  }
  std::unique_ptr<QueueDesk> desk(new QueueDesk(std::move(options), std::move(journal)));
  desk->notes_ = std::move(notes);
  return desk;
}

absl::Status QueueDesk::ReadSnapshot(std::uint64_t blocks, const store::SnapshotStore& snapshots) {
  if (blocks > journal_->block_count()) {
    return absl::FailedPreconditionError(
        fmt::format("the log has only {} blocks", journal_->block_count()));
  }
  const absl::StatusOr<QueueSnapshot> snapshot =
      ReadQueueSnapshot(blocks, options_.decision_log, snapshots);
  if (!snapshot.ok()) return snapshot.status();
  const absl::StatusOr<store::Block> last = journal_->Read(blocks - 1);
  if (!last.ok()) return last.status();
  if (core::Sha256(last->body) != snapshot->last_block ||
      last->first_index + last->count != snapshot->events) {
    return absl::FailedPreconditionError("its log is not that of the journal");
  }
  fx_queue::StateReader reader(snapshot->state);
  VisitState(reader, *this);
  if (!reader.Done()) return absl::DataLossError("its state cannot be read");
  for (auto& [index, record] : trades_) {
    const absl::StatusOr<core::QueuedTrade> trade = core::DecodeQueuedTrade(record.payload);
    if (!trade.ok() || core::QueuedTradeIdOf(record.payload) != record.id) {
      return absl::DataLossError(fmt::format("trade {} is not its own", index));
    }
    record.trade = *trade;
    index_.emplace(record.id, index);
    ++known_of_[record.first_by];
  }
  replayed_from_ = blocks;
  OnSnapshot(*snapshot);
  return absl::OkStatus();
}

}  // namespace causeway::bridge
