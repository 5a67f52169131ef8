// Starts of a bridge from a snapshot of its log: the same state as from the whole log, whatever the
// snapshot, the key index and the crash before it were.
#include "fx-bridge/engine/log_snapshot.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "fx-bridge/runtime/decision_journal.h"
#include "fx-bridge/runtime/log_snapshot_keeper.h"
#include "settlement/store/memory_key_index.h"
#include "settlement/store/segment_journal.h"
#include "settlement/store/snapshot_files.h"
#include "tests/bridge/fixture.h"
#include "tests/store/faulty_file_system.h"

namespace causeway::bridge {
namespace {

constexpr int kAbortsPerFlush = 100;
const store::FingerprintKey kSecret = {1, 2, 3};

// A journal that counts the blocks that are read.
class CountingJournal final : public store::Journal {
 public:
  CountingJournal(std::unique_ptr<store::Journal> journal, std::set<std::uint64_t>* read)
      : journal_(std::move(journal)), read_(read) {}
  absl::Status Append(std::span<const store::Block> blocks,
                      std::span<const store::MetaWrite> meta) override {
    return journal_->Append(blocks, meta);
  }
  absl::StatusOr<store::Block> Read(std::uint64_t number) const override {
    read_->insert(number);
    return journal_->Read(number);
  }
  absl::StatusOr<std::uint64_t> FindBlock(std::uint64_t index) const override {
    return journal_->FindBlock(index);
  }
  std::uint64_t block_count() const override { return journal_->block_count(); }
  std::uint64_t record_count() const override { return journal_->record_count(); }
  core::Hash256 head() const override { return journal_->head(); }
  absl::StatusOr<std::optional<std::string>> GetMeta(std::string_view key) const override {
    return journal_->GetMeta(key);
  }
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ListMeta(
      std::string_view prefix) const override {
    return journal_->ListMeta(prefix);
  }

 private:
  const std::unique_ptr<store::Journal> journal_;
  std::set<std::uint64_t>* const read_;
};

// What two starts must agree about.
struct State {
  std::uint64_t size = 0;
  core::Hash256 root;
  std::string checkpoint;
  core::LedgerTime latest;
  std::vector<core::Hash256> open;
  std::vector<std::uint64_t> decided;  // of some of the test's aborts, the record of each

  friend bool operator==(const State&, const State&) = default;
};

class LogSnapshotTest : public ::testing::Test {
 protected:
  LogSnapshotTest()
      : folder_((std::filesystem::path(::testing::TempDir()) /
                 fmt::format("log-snapshot-{}-{}", ::getpid(),
                             ::testing::UnitTest::GetInstance()->current_test_info()->name()))
                    .string()) {}
  ~LogSnapshotTest() override {
    engine_.reset();
    std::filesystem::remove_all(folder_);
  }

  const core::LedgerOrigin& log() const { return world_.policy().decision_log; }

  absl::StatusOr<std::unique_ptr<BridgeEngine>> Start(bool with_snapshots = true) {
    engine_.reset();
    read_.clear();
    auto journal = OpenJournal();
    if (!journal.ok()) return journal.status();
    BridgeEngine::Options options = world_.Options();
    options.ids = Must(store::KeyRuns::Open({.directory = folder_ + "/ids",
                                             .ledger = core::Sha256(log().text()),
                                             .fingerprint_key = kSecret,
                                             .table_keys_max = 512,
                                             .table_keys_min = 512,
                                             .batch_keys_max = 1 << 17},
                                            (*journal)->record_count()));
    options.fingerprint_key = kSecret;
    if (with_snapshots) options.snapshots = snapshots_;
    return BridgeEngine::Open(std::move(options),
                              std::make_unique<CountingJournal>(*std::move(journal), &read_));
  }
  virtual absl::StatusOr<std::unique_ptr<store::Journal>> OpenJournal() {
    return OpenDecisionJournal(folder_, log());
  }
  void Open(bool with_snapshots = true) { engine_ = Must(Start(with_snapshots)); }

  // Decides so many more settlements, all of them aborts; completes them on their ledgers.
  absl::Status Abort(int count) {
    for (const int end = aborted_ + count; aborted_ < end;) {
      const int to = std::min(end, aborted_ + kAbortsPerFlush);
      for (; aborted_ < to; ++aborted_) {
        const std::string terms = world_.TermsOfNobody(aborted_);
        engine_->JudgeDeadline(At(2000 + aborted_), core::SettlementIdOf(terms), terms);
      }
      for (int i = 0; i < 2; ++i) {
        if (absl::Status flushed = engine_->Flush(At(2000 + aborted_)); !flushed.ok()) {
          return flushed;
        }
        for (const LedgerRequest& request : engine_->TakeRequests()) {
          engine_->OnCompleteReply(At(2000 + aborted_), request.settlement_id, request.ledger,
                                   core::InstructionStatus::kAborted);
        }
      }
    }
    return absl::OkStatus();
  }
  absl::Status Keep() { return WriteLogSnapshot(engine_->Snapshot(), log(), kSecret, *snapshots_); }
  State StateNow() const {
    State state{.size = engine_->size(),
                .root = engine_->root(),
                .checkpoint = engine_->checkpoint(),
                .latest = engine_->latest_time(),
                .open = {},
                .decided = {}};
    for (const OpenPlace& place : engine_->OpenPlaces(std::nullopt)) {
      state.open.push_back(place.id);
    }
    for (int i = 0; i < aborted_; i += 13) {
      const auto certificate =
          engine_->MakeCertificate(core::SettlementIdOf(world_.TermsOfNobody(i)));
      state.decided.push_back(certificate.ok() ? certificate->index : ~std::uint64_t{0});
    }
    return state;
  }
  // Nothing that is decided is decided again.
  void ExpectNothingIsDecidedAgain() {
    const std::uint64_t size = engine_->size();
    for (int i = 0; i < aborted_; ++i) {
      const std::string terms = world_.TermsOfNobody(i);
      if (!engine_->MakeCertificate(core::SettlementIdOf(terms)).ok()) continue;
      engine_->JudgeDeadline(At(9000), core::SettlementIdOf(terms), terms);
    }
    ASSERT_TRUE(engine_->Flush(At(9000)).ok());
    EXPECT_EQ(engine_->size(), size);
  }

  const std::string folder_;
  World world_;
  std::shared_ptr<store::SnapshotStore> snapshots_ = store::MakeMemorySnapshotStore();
  std::set<std::uint64_t> read_;  // blocks, since the start
  std::unique_ptr<BridgeEngine> engine_;
  int aborted_ = 0;
};

TEST_F(LogSnapshotTest, StartReadsWhatCameSinceAndKnowsTheSame) {
  Open();
  const Deal open = world_.Swap("s", At(9500));
  engine_->Submit(At(0), open.terms, open.legs);
  ASSERT_TRUE(Abort(3'050).ok());
  ASSERT_TRUE(Keep().ok());
  ASSERT_TRUE(Abort(450).ok());
  const std::uint64_t blocks = engine_->batch_count();
  Open();
  EXPECT_EQ(engine_->snapshot_records(), 3'050u);
  EXPECT_TRUE(engine_->notes().empty());
  // The last block that the snapshot holds, those after it, and what was not complete.
  EXPECT_LE(read_.size(), 7u);
  EXPECT_GE(*read_.begin(), blocks - 7);
  const State with = StateNow();
  Open(/*with_snapshots=*/false);
  EXPECT_EQ(engine_->snapshot_records(), 0u);
  EXPECT_EQ(read_.size(), blocks);
  EXPECT_EQ(StateNow(), with);
  Open();
  ExpectNothingIsDecidedAgain();
}

TEST_F(LogSnapshotTest, SnapshotOfAnEngineThatBeganWithOneIsTheSame) {
  Open();
  ASSERT_TRUE(Abort(1'300).ok());
  ASSERT_TRUE(Keep().ok());
  Open();
  ASSERT_TRUE(Abort(700).ok());
  const LogSnapshot with = engine_->Snapshot();
  Open(/*with_snapshots=*/false);
  LogSnapshot without = engine_->Snapshot();
  // Of what the index had on disk only the ids may be missing.
  EXPECT_GE(without.keys_from, with.keys_from);
  without.keys.insert(without.keys.begin(), with.keys.begin(),
                      with.keys.begin() + static_cast<std::ptrdiff_t>(without.keys_from));
  without.keys_from = 0;
  EXPECT_EQ(without, with);
}

TEST_F(LogSnapshotTest, LostKeyIndexIsMadeAgainThoughTheSnapshotLacksOldIds) {
  Open();
  ASSERT_TRUE(Abort(2'000).ok());
  LogSnapshot snapshot = engine_->Snapshot();
  // As of a log of more than kRecentIds records.
  snapshot.keys.erase(snapshot.keys.begin(), snapshot.keys.begin() + 1'000);
  snapshot.keys_from = 1'000;
  ASSERT_TRUE(WriteLogSnapshot(snapshot, log(), kSecret, *snapshots_).ok());
  const State before = StateNow();
  engine_.reset();
  std::filesystem::remove_all(folder_ + "/ids");
  Open();
  EXPECT_EQ(engine_->snapshot_records(), 2'000u);
  ASSERT_EQ(engine_->notes().size(), 1u);
  EXPECT_EQ(StateNow().decided, before.decided);
  ExpectNothingIsDecidedAgain();
}

TEST_F(LogSnapshotTest, DamagedOnesAreLeftOutOneAfterTheOther) {
  Open();
  snapshots_ = Must(OpenLogSnapshots(folder_));
  const std::string directory = folder_ + "/snapshots";
  ASSERT_TRUE(Abort(600).ok());
  ASSERT_TRUE(Keep().ok());
  ASSERT_TRUE(Abort(600).ok());
  ASSERT_TRUE(Keep().ok());
  const State before = StateNow();
  const auto damage = [&](std::uint64_t batches, std::size_t place) {
    const std::string path = fmt::format("{}/{:020}.cwsnap", directory, batches);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(place));
    const char byte = static_cast<char>(file.get() ^ 0x10);
    file.seekp(static_cast<std::streamoff>(place));
    file.put(byte);
  };
  const std::vector<std::uint64_t> there = Must(snapshots_->List());
  ASSERT_EQ(there.size(), 2u);
  const std::size_t bytes =
      std::filesystem::file_size(fmt::format("{}/{:020}.cwsnap", directory, there[0]));
  for (std::size_t place = 3; place < bytes; place += 997) {
    damage(there[0], place);
    Open();
    ASSERT_EQ(engine_->snapshot_records(), 600u) << place;
    ASSERT_EQ(engine_->notes().size(), 1u);
    damage(there[0], place);  // as it was
  }
  EXPECT_EQ(StateNow(), before);
  damage(there[0], 200);
  damage(there[1], 200);
  Open();
  EXPECT_EQ(engine_->snapshot_records(), 0u);
  EXPECT_EQ(engine_->notes().size(), 2u);
  EXPECT_EQ(StateNow(), before);
}

TEST_F(LogSnapshotTest, OneThatIsNotOfThisLogIsNotUsed) {
  Open();
  ASSERT_TRUE(Abort(300).ok());
  const LogSnapshot good = engine_->Snapshot();
  const auto refused = [&](const LogSnapshot& snapshot, const core::LedgerOrigin& origin,
                           const store::FingerprintKey& secret) {
    snapshots_ = store::MakeMemorySnapshotStore();
    EXPECT_TRUE(WriteLogSnapshot(snapshot, origin, secret, *snapshots_).ok());
    Open();
    return engine_->snapshot_records() == 0 && engine_->notes().size() == 1;
  };
  EXPECT_FALSE(refused(good, log(), kSecret));
  EXPECT_TRUE(refused(good, Origin("other.example/log"), kSecret));
  EXPECT_TRUE(refused(good, log(), {}));
  LogSnapshot forked = good;
  forked.subtrees[0] = core::Sha256("another log");
  EXPECT_TRUE(refused(forked, log(), kSecret));
  LogSnapshot ahead = good;
  ++ahead.batches;
  EXPECT_TRUE(refused(ahead, log(), kSecret)) << "a backup of the journal was put back";
}

TEST_F(LogSnapshotTest, KeeperWritesOneEverySoManyRecordsAndOneAtTheEnd) {
  Open();
  LogSnapshotKeeper keeper({.snapshots = snapshots_,
                            .log = log(),
                            .secret = kSecret,
                            .every_records = 500,
                            .last_records_min = 50});
  ASSERT_TRUE(Abort(499).ok());
  keeper.OnDurable(*engine_);
  ASSERT_TRUE(Abort(1).ok());
  keeper.OnDurable(*engine_);
  const std::uint64_t first = engine_->batch_count();
  ASSERT_TRUE(Abort(49).ok());
  keeper.OnDurable(*engine_);
  keeper.Stop();
  EXPECT_EQ(Must(snapshots_->List()), std::vector<std::uint64_t>{first});
  keeper.WriteLast(*engine_);
  EXPECT_EQ(Must(snapshots_->List()), std::vector<std::uint64_t>{first}) << "too little came";
  ASSERT_TRUE(Abort(1).ok());
  keeper.WriteLast(*engine_);
  EXPECT_EQ(Must(snapshots_->List()).front(), engine_->batch_count());
}

// Journal and snapshots on a disk that loses power; the key index as a killed process leaves it.
class LogSnapshotCrashTest : public LogSnapshotTest {
 protected:
  absl::StatusOr<std::unique_ptr<store::Journal>> OpenJournal() override {
    auto journal =
        store::SegmentJournal::Open(folder_ + "/journal", BridgeEngine::JournalIdentityOf(log()),
                                    {.segment_bytes = 1 << 20, .files = &files_});
    if (!journal.ok()) return journal.status();
    return std::unique_ptr<store::Journal>(*std::move(journal));
  }

  store::FaultyFileSystem files_{11};
};

TEST_F(LogSnapshotCrashTest, PowerFailureAtAnyWriteLosesNothingThatWasDurable) {
  snapshots_ = store::MakeSnapshotFiles("snapshots", files_);
  Open();
  int lives = 0;
  int from_snapshot = 0;
  std::uint64_t durable = 0;
  for (std::int64_t changes = 1; changes <= 20; ++changes) {
    files_.FailPowerAfter(changes);
    for (int step = 0; step < 20 && !files_.dead(); ++step) {
      if (Abort(7).ok()) durable = engine_->size();
      if (!files_.dead() && step % 2 == 1) Keep().IgnoreError();
    }
    ASSERT_TRUE(files_.dead());
    engine_.reset();
    files_.Restart();
    // What was under way may be decided or not.
    auto without = Start(/*with_snapshots=*/false);
    ASSERT_TRUE(without.ok()) << without.status();
    engine_ = *std::move(without);
    const State expected = StateNow();
    ASSERT_GE(expected.size, durable);
    Open();
    ASSERT_EQ(StateNow(), expected) << "life " << lives;
    durable = engine_->size();
    from_snapshot += engine_->snapshot_records() > 0 ? 1 : 0;
    ++lives;
  }
  EXPECT_GT(from_snapshot, 5);
  ExpectNothingIsDecidedAgain();
}

}  // namespace
}  // namespace causeway::bridge
