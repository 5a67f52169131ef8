// Snapshots of the settlement queue: what a start takes of them, and what it leaves.
#include "fx-bridge/engine/queue_snapshot.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "fmt/format.h"
#include "settlement/store/segment_journal.h"
#include "settlement/store/snapshot_files.h"
#include "tests/bridge/queue_desk_fixture.h"
#include "tests/store/faulty_file_system.h"
#include "tests/vectors/read_vector.h"

namespace causeway::bridge {
namespace {

class QueueSnapshotTest : public QueueDeskTest {
 protected:
  QueueSnapshotTest() {
    EnterBoth(TradeOf("T-1", {"A", "EUR", 100}, {"B", "USD", 110}));
    snapshots_ = store::MakeMemorySnapshotStore();
    snapshot_ = Must(desk_->Snapshot());
  }
  // Whether a start leaves it out, and says so.
  bool IsRefused(const QueueSnapshot& snapshot, const char* log = kQueueLog) {
    snapshots_ = store::MakeMemorySnapshotStore();
    EXPECT_TRUE(WriteQueueSnapshot(snapshot, Origin(log), *snapshots_).ok());
    Restart();
    EXPECT_EQ(desk_->replayed_from() == 0, desk_->notes().size() == 1);
    EXPECT_EQ(desk_->Figures().waiting, 1u);
    return desk_->replayed_from() == 0;
  }

  QueueSnapshot snapshot_;
};

TEST_F(QueueSnapshotTest, OneThatIsNotOfThisLogOrNotWholeIsNotUsed) {
  EXPECT_FALSE(IsRefused(snapshot_));
  EXPECT_TRUE(IsRefused(snapshot_, "other.example/decisions"));
  QueueSnapshot other = snapshot_;
  ++other.blocks;
  EXPECT_TRUE(IsRefused(other)) << "the log was put back to an older state";
  other = snapshot_;
  other.last_block = core::Sha256("another");
  EXPECT_TRUE(IsRefused(other));
  for (std::size_t bytes = 0; bytes < snapshot_.state.size(); bytes += 40) {
    other = snapshot_;
    other.state.resize(bytes);
    EXPECT_TRUE(IsRefused(other)) << bytes;
  }
  other = snapshot_;
  other.state += "more";
  EXPECT_TRUE(IsRefused(other));
}

TEST_F(QueueSnapshotTest, IsDueWhenTheLogHasGrownByItsLengthOrMore) {
  EXPECT_FALSE(desk_->IsSnapshotDue());
  QueueOptions options = Options();
  options.snapshot_log_bytes_min = 4'000;
  options.snapshots = nullptr;
  desk_ = Must(QueueDesk::Open(options, disk_.Mount(), now_));
  int entered = 0;
  const auto enter_until_due = [&] {
    const int before = entered;
    while (!desk_->IsSnapshotDue()) {
      const auto trade = TradeOf(fmt::format("M-{}", entered++), {"A", "EUR", 1}, {"C", "JPY", 1});
      desk_->Enter(now_, Party("A"), Entry(trade, {"A"}));
      EXPECT_TRUE(desk_->Flush().ok());
    }
    return entered - before;
  };
  const int first = enter_until_due();
  EXPECT_GT(first, 3);  // some 300 bytes each, beside what was there
  QueueSnapshot snapshot = Must(desk_->Snapshot());
  snapshot.state.resize(8'000);
  desk_->OnSnapshot(snapshot);
  EXPECT_FALSE(desk_->IsSnapshotDue());
  EXPECT_GT(enter_until_due(), first + 5) << "a longer snapshot is written less often";
}

// A trade that settled alone, a ring and a trade of two that wait when a run begins, and a trade
// that one party entered.
class QueueStateTest : public QueueDeskTest {
 protected:
  QueueStateTest() {
    funds_[{"A", "EUR"}] = 100;
    funds_[{"B", "USD"}] = 110;
    EnterBoth(TradeOf("T-1", {"A", "EUR", 100}, {"B", "USD", 110}));
    Work();
    for (const core::QueuedTrade& trade : Ring()) EnterBoth(trade);
    Work();
    now_ = desk_->next_timer() - core::Duration::FromSeconds(1);
    EnterBoth(TradeOf("T-2", {"A", "USD", 10}, {"B", "JPY", 1'500}));
    SignAll("B");
    Flush();
    NextRun();
    AnswerFunds("C");
    const auto trade = TradeOf("T-3", {"B", "EUR", 7}, {"C", "USD", 8});
    EXPECT_EQ(OutcomeOf(desk_->Enter(now_, Party("B"), Entry(trade, {"B"}))), Outcome::kAccepted);
    Flush();
  }
};

// When it differs, snapshots of bridges that are running are misread: the head wants another
// version (docs/formats/queue-log.md), and then the file the state that is printed here.
TEST_F(QueueStateTest, ItsBytesAreThoseThatEarlierBridgesWrote) {
  std::string hex = testing::ReadVector("queue-state.txt");
  std::erase(hex, '\n');
  const QueueSnapshot now = Must(desk_->Snapshot());
  ASSERT_EQ(core::ToHex(now.state), hex);

  QueueSnapshot earlier = now;
  earlier.state = *core::FromHex(hex);
  snapshots_ = store::MakeMemorySnapshotStore();
  ASSERT_TRUE(WriteQueueSnapshot(earlier, Origin(kQueueLog), *snapshots_).ok());
  Restart();
  EXPECT_EQ(desk_->replayed_from(), now.blocks);
  const QueueFigures figures = desk_->Figures();
  EXPECT_EQ(figures.settled_alone, 1u);
  EXPECT_EQ(figures.waiting, 4u);
  EXPECT_EQ(figures.unmatched, 1u);
  EXPECT_EQ(figures.runs, 1u);
}

// Log and snapshots on a disk that loses power at each write in turn.
TEST_F(QueueSnapshotTest, PowerFailureAtAnyWriteLosesNothingThatWasDurable) {
  const std::string folder =
      (std::filesystem::path(::testing::TempDir()) / fmt::format("queue-crash-{}", ::getpid()))
          .string();
  store::FaultyFileSystem files(17);
  snapshots_ = store::MakeSnapshotFiles("snapshots", files);
  const auto open = [&](bool with_snapshots) {
    QueueOptions options = Options();
    if (!with_snapshots) options.snapshots = nullptr;
    auto journal =
        Must(store::SegmentJournal::Open(folder, QueueDesk::JournalIdentityOf(Origin(kQueueLog)),
                                         {.segment_bytes = 1 << 20, .files = &files}));
    return Must(QueueDesk::Open(std::move(options), std::move(journal), now_));
  };
  trades_max_ = kQueueTradesMax;
  int entered = 0;
  int from_snapshot = 0;
  std::size_t durable = 0;
  for (std::int64_t changes = 1; changes <= 40; ++changes) {
    desk_.reset();
    desk_ = open(true);
    files.FailPowerAfter(changes);
    for (int step = 0; step < 40 && !files.dead(); ++step) {
      const auto trade = TradeOf(fmt::format("P-{}", entered++), {"A", "EUR", 1}, {"B", "USD", 1});
      ASSERT_EQ(OutcomeOf(desk_->Enter(now_, Party("A"), Entry(trade, {"A"}))), Outcome::kAccepted);
      if (desk_->Flush().ok()) durable = desk_->Figures().unmatched;
      if (files.dead() || step % 3 != 2) continue;
      WriteQueueSnapshot(Must(desk_->Snapshot()), Origin(kQueueLog), *snapshots_).IgnoreError();
    }
    ASSERT_TRUE(files.dead());
    desk_.reset();
    files.Restart();
    auto without = open(false);
    ASSERT_TRUE(without->Flush().ok());
    const QueueSnapshot expected = Must(without->Snapshot());
    without.reset();
    desk_ = open(true);
    ASSERT_EQ(Must(desk_->Snapshot()), expected) << changes;
    ASSERT_GE(desk_->Figures().unmatched, durable);
    durable = desk_->Figures().unmatched;
    from_snapshot += desk_->replayed_from() > 0 ? 1 : 0;
  }
  EXPECT_GT(from_snapshot, 20);
  desk_.reset();
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace causeway::bridge
