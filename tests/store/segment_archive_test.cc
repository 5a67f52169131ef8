// Moving sealed segments away and back, backups, verification and repair.
#include "settlement/store/segment_archive.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "settlement/store/segment_journal.h"
#include "tests/store/gated_files.h"
#include "tests/store/store_test_util.h"

namespace causeway::store {
namespace {

namespace fs = std::filesystem;

class SegmentArchiveTest : public ::testing::Test {
 protected:
  std::unique_ptr<SegmentJournal> MustOpen(const std::string& path) {
    auto journal = SegmentJournal::Open(path, TestIdentity(), {.segment_bytes = 1 << 20});
    EXPECT_TRUE(journal.ok()) << journal.status();
    return journal.ok() ? *std::move(journal) : nullptr;
  }

  void Append(SegmentJournal& journal, int block_count) {
    for (int i = 0; i < block_count; ++i) {
      blocks_.push_back(maker_.Next(3, std::string(170000, static_cast<char>('A' + i % 26))));
      const std::vector<MetaWrite> meta = {{"last", std::to_string(blocks_.size())}};
      ASSERT_TRUE(journal.Append({&blocks_.back(), 1}, meta).ok());
    }
  }

  void ExpectIntact(const Journal& journal) {
    ASSERT_EQ(journal.block_count(), blocks_.size());
    for (const Block& block : blocks_) {
      const auto read = journal.Read(block.number);
      ASSERT_TRUE(read.ok()) << read.status();
      ExpectSameBlock(*read, block);
    }
  }

  std::vector<std::string> Segments(const std::string& path) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(path)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("segment-")) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  static void FlipBit(const std::string& path, std::size_t offset) {
    std::string bytes = ReadWholeFile(path);
    bytes.at(offset) = static_cast<char>(bytes.at(offset) ^ 4);
    WriteWholeFile(path, bytes);
  }

  absl::Status Verify(const std::string& path, const std::string& archive = "") {
    return VerifySegmentJournal(path, TestIdentity(), archive);
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_.Path("journal");
  std::string archive_ = directory_.Path("archive");
  std::string backup_ = directory_.Path("backup");
  BlockMaker maker_;
  std::vector<Block> blocks_;
};

TEST_F(SegmentArchiveTest, ArchivedBlocksAreRefusedByFileAndRestored) {
  auto journal = MustOpen(path_);
  Append(*journal, 20);
  const std::vector<std::string> before = Segments(path_);
  ASSERT_GE(before.size(), 4u);
  ASSERT_TRUE(journal->Archive(14, archive_).ok());
  EXPECT_EQ(Segments(archive_).size() + Segments(path_).size(), before.size());
  EXPECT_EQ(Segments(archive_).at(0), before.at(0));
  for (const bool reopened : {false, true}) {
    if (reopened) journal.reset();
    if (reopened) journal = MustOpen(path_);
    ASSERT_NE(journal, nullptr);
    const absl::Status refused = journal->Read(0).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_NE(refused.ToString().find(archive_ + "/" + before.at(0)), std::string::npos) << refused;
    EXPECT_EQ(journal->FindBlock(0).status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(journal->OpenBody(0).status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_TRUE(journal->Read(19).ok());
    EXPECT_TRUE(journal->Read(14).ok()) << "only what lies before is moved";
  }
  EXPECT_EQ(journal->Restore(directory_.Path("nowhere")).code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(journal->Restore(archive_).ok());
  ExpectIntact(*journal);
  Append(*journal, 3);
  journal.reset();
  EXPECT_TRUE(Verify(path_).ok());
  ExpectIntact(*MustOpen(path_));
}

// The copy was renamed over its source, and then the source removed: the only copy, and OK.
TEST_F(SegmentArchiveTest, TheJournalsOwnDirectoryIsNoArchiveByAnyName) {
  fs::create_directory_symlink(path_, directory_.Path("link"));
  {
    auto journal = MustOpen(path_);
    Append(*journal, 20);
    const std::vector<std::string> before = Segments(path_);
    for (const std::string& name :
         {path_, path_ + "/", path_ + "/../journal", directory_.Path("link")}) {
      const absl::Status refused = journal->Archive(14, name);
      EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << name << ": " << refused;
      EXPECT_EQ(Segments(path_), before);
    }
    ExpectIntact(*journal);
  }
  for (const std::string& name : {path_, path_ + "/", directory_.Path("link")}) {
    EXPECT_EQ(SegmentJournal::Open(path_, TestIdentity(), {.archive = name}).status().code(),
              absl::StatusCode::kFailedPrecondition);
  }
  const std::string fresh = directory_.Path("fresh");
  EXPECT_FALSE(SegmentJournal::Open(fresh, TestIdentity(), {.archive = fresh + "/"}).ok());
  EXPECT_FALSE(fs::exists(fresh)) << "refused before anything is made";
}

TEST_F(SegmentArchiveTest, SegmentsOfAnotherJournalAreNotOverwritten) {
  std::string other_bytes;
  {
    auto other = MustOpen(directory_.Path("other"));
    Append(*other, 20);
    ASSERT_TRUE(other->Archive(14, archive_).ok());
    other_bytes = ReadWholeFile(archive_ + "/" + Segments(archive_).at(0));
  }
  maker_ = {};
  blocks_.clear();
  auto journal = MustOpen(path_);
  Append(*journal, 20);
  const absl::Status refused = journal->Archive(14, archive_);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  EXPECT_NE(refused.ToString().find(Segments(archive_).at(0)), std::string::npos) << refused;
  EXPECT_EQ(ReadWholeFile(archive_ + "/" + Segments(archive_).at(0)), other_bytes);
  ExpectIntact(*journal);
}

// A process that died between the index and the removal left a file that nothing freed.
TEST_F(SegmentArchiveTest, AnArchivedSegmentThatIsStillHereIsRemovedOnceTheArchiveHasItWhole) {
  {
    auto journal = MustOpen(path_);
    Append(*journal, 20);
    ASSERT_TRUE(journal->Archive(14, archive_).ok());
  }
  const std::string name = Segments(archive_).at(0);
  fs::copy_file(archive_ + "/" + name, path_ + "/" + name);
  const SegmentOptions options{.segment_bytes = 1 << 20, .archive = archive_};
  FlipBit(archive_ + "/" + name, 5000);
  ASSERT_TRUE(SegmentJournal::Open(path_, TestIdentity(), options).ok());
  EXPECT_TRUE(fs::exists(path_ + "/" + name)) << "the only whole copy";
  FlipBit(archive_ + "/" + name, 5000);
  auto journal = SegmentJournal::Open(path_, TestIdentity(), options);
  ASSERT_TRUE(journal.ok()) << journal.status();
  EXPECT_FALSE(fs::exists(path_ + "/" + name));
  ExpectIntact(**journal);
}

TEST_F(SegmentArchiveTest, VerificationReadsTheArchiveWhenItIsGiven) {
  {
    auto journal = MustOpen(path_);
    Append(*journal, 20);
    ASSERT_TRUE(journal->Archive(14, archive_).ok());
  }
  EXPECT_TRUE(Verify(path_, archive_).ok());
  const std::string segment = archive_ + "/" + Segments(archive_).at(0);
  FlipBit(segment, 5000);
  EXPECT_TRUE(Verify(path_).ok()) << "which passes archived segments over";
  const absl::Status damaged = Verify(path_, archive_);
  EXPECT_EQ(damaged.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(damaged.ToString().find(segment + ": offset"), std::string::npos) << damaged;
  EXPECT_NE(damaged.ToString().find("block"), std::string::npos) << damaged;
  fs::remove(segment);
  EXPECT_EQ(Verify(path_, archive_).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SegmentArchiveTest, SlowArchiveHoldsUpNobodyElse) {
  GatedFiles files;
  auto journal = *SegmentJournal::Open(
      path_, TestIdentity(),
      {.segment_bytes = 1 << 20, .files = &files, .archive = archive_, .instance = {}});
  Append(*journal, 20);
  ASSERT_TRUE(journal->Archive(14, archive_).ok());
  files.HoldBack(archive_);
  std::thread reader([&] { EXPECT_TRUE(journal->Read(0).ok()); });
  files.AwaitWaiter();
  Append(*journal, 8);
  EXPECT_TRUE(journal->Read(19).ok());
  files.Release();
  reader.join();
  ExpectIntact(*journal);
}

TEST_F(SegmentArchiveTest, BackupAndArchivingEndSoonWhenStopped) {
  auto journal = MustOpen(path_);
  Append(*journal, 20);
  const std::vector<std::string> before = Segments(path_);
  int asked = 0;
  const auto stopped = [&] { return ++asked > 2; };
  EXPECT_EQ(journal->Backup(backup_, stopped).code(), absl::StatusCode::kCancelled);
  EXPECT_LE(asked, 4) << "nothing more is read";
  asked = 0;
  EXPECT_EQ(journal->Archive(20, archive_, stopped).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(Segments(path_).size() + Segments(archive_).size(), before.size());
  ASSERT_TRUE(journal->Archive(20, archive_).ok());
  EXPECT_EQ(Segments(path_).size(), 1u);
}

TEST_F(SegmentArchiveTest, ArchivedBlocksAreReadFromTheArchiveThatIsGiven) {
  {
    auto journal = MustOpen(path_);
    Append(*journal, 20);
    ASSERT_TRUE(journal->Archive(14, archive_).ok());
    EXPECT_EQ(journal->CheckReadable().code(), absl::StatusCode::kFailedPrecondition);
  }
  const std::string moved = directory_.Path("moved");
  fs::rename(archive_, moved);
  const SegmentOptions options{.segment_bytes = 1 << 20, .archive = moved};
  auto journal = *SegmentJournal::Open(path_, TestIdentity(), options);
  EXPECT_GE(journal->archived_count(), 2u);
  EXPECT_TRUE(journal->CheckReadable().ok());
  ExpectIntact(*journal);
  EXPECT_EQ(*journal->FindBlock(blocks_[1].first_index), 1u);
  EXPECT_EQ(*(*journal->OpenBody(0))->Read(1, 3), blocks_[0].body.substr(1, 3));
  Append(*journal, 10);
  ASSERT_TRUE(journal->Archive(journal->block_count(), moved).ok()) << "while it is read there";
  EXPECT_EQ(Segments(path_).size(), 1u);
  ExpectIntact(*journal);
  ASSERT_TRUE(journal->Restore(moved).ok());
  ExpectIntact(*journal);
}

TEST_F(SegmentArchiveTest, ArchivedBlocksThatAreMissingOrDamagedAreRefused) {
  {
    auto journal = MustOpen(path_);
    Append(*journal, 20);
    ASSERT_TRUE(journal->Archive(14, archive_).ok());
  }
  const std::vector<std::string> names = Segments(archive_);
  fs::remove(archive_ + "/" + names.at(0));
  FlipBit(archive_ + "/" + names.at(1), 10000);
  const SegmentOptions options{.segment_bytes = 1 << 20, .archive = archive_};
  const auto journal = *SegmentJournal::Open(path_, TestIdentity(), options);
  const absl::Status missing = journal->Read(0).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(missing.ToString().find(names.at(0)), std::string::npos) << missing;
  EXPECT_EQ(journal->CheckReadable(), missing);
  const std::uint64_t first = *ParseSegmentFileName(names.at(1));
  const absl::Status damaged = journal->Read(first).status();
  EXPECT_EQ(damaged.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(damaged.ToString().find(archive_ + "/" + names.at(1) + ": offset"), std::string::npos)
      << damaged;
}

TEST_F(SegmentArchiveTest, AScrubTellsWhatIsDamagedAndMissingInTheArchive) {
  const SegmentOptions options{.segment_bytes = 1 << 20, .archive = archive_};
  const auto journal = *SegmentJournal::Open(path_, TestIdentity(), options);
  Append(*journal, 20);
  std::size_t bytes = 0;
  std::vector<std::string> damaged;
  const ScrubContext context{.pace =
                                 [&](std::size_t more) {
                                   bytes += more;
                                   return false;
                                 },
                             .damaged = [&](std::string damage) { damaged.push_back(damage); }};
  EXPECT_TRUE(journal->ScrubArchive(context).ok());
  EXPECT_EQ(bytes, 0u) << "nothing is archived";
  ASSERT_TRUE(journal->Archive(14, archive_).ok());
  const std::vector<std::string> names = Segments(archive_);
  ASSERT_GE(names.size(), 2u);
  EXPECT_TRUE(journal->ScrubArchive(context).ok());
  EXPECT_TRUE(damaged.empty()) << damaged.front();
  std::size_t archived = 0;
  for (const std::string& name : names) archived += fs::file_size(archive_ + "/" + name);
  EXPECT_GE(bytes, archived) << "all of it was read";

  FlipBit(archive_ + "/" + names.at(0), 10000);
  fs::remove(archive_ + "/" + names.at(1));
  EXPECT_TRUE(journal->Scrub(context).ok());
  EXPECT_TRUE(damaged.empty()) << "what is here is whole";
  EXPECT_TRUE(journal->ScrubArchive(context).ok());
  ASSERT_EQ(damaged.size(), 2u);
  EXPECT_TRUE(damaged.at(0).starts_with(archive_ + "/" + names.at(0) + ": offset "))
      << damaged.at(0);
  EXPECT_EQ(damaged.at(1), archive_ + "/" + names.at(1) + ": the segment is missing");

  damaged.clear();
  fs::remove_all(archive_);
  EXPECT_FALSE(journal->ScrubArchive(context).ok()) << "told once";
  EXPECT_TRUE(damaged.empty());
}

TEST_F(SegmentArchiveTest, AScrubWithoutTheArchivePassesItsSegmentsOver) {
  auto journal = MustOpen(path_);
  Append(*journal, 20);
  ASSERT_TRUE(journal->Archive(14, archive_).ok());
  const ScrubContext context{.pace =
                                 [](std::size_t) {
                                   ADD_FAILURE() << "nothing is to be read";
                                   return true;
                                 },
                             .damaged = [](const std::string& damage) { ADD_FAILURE() << damage; }};
  EXPECT_TRUE(journal->ScrubArchive(context).ok());
}

TEST_F(SegmentArchiveTest, ADamagedArchiveIsNotRestored) {
  auto journal = MustOpen(path_);
  Append(*journal, 20);
  ASSERT_TRUE(journal->Archive(7, archive_).ok());
  FlipBit(archive_ + "/" + Segments(archive_).at(0), 10000);
  const absl::Status status = journal->Restore(archive_);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(status.ToString().find("offset 4216: block 0"), std::string::npos) << status;
  EXPECT_FALSE(journal->Read(0).ok());
}

TEST_F(SegmentArchiveTest, ADamagedSegmentIsNotArchived) {
  auto journal = MustOpen(path_);
  Append(*journal, 20);
  const std::string first = path_ + "/" + Segments(path_).at(0);
  FlipBit(first, 10000);
  EXPECT_EQ(journal->Archive(14, archive_).code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(fs::exists(first));
  EXPECT_TRUE(Segments(archive_).empty());
}

TEST_F(SegmentArchiveTest, ABackupWhileAppendsGoOnIsAPrefix) {
  auto journal = MustOpen(path_);
  Append(*journal, 10);
  std::atomic<bool> done{false};
  absl::Status status;
  std::thread backup([&] {
    status = journal->Backup(backup_);
    done = true;
  });
  while (!done) Append(*journal, 1);
  backup.join();
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(Verify(backup_).ok());
  const auto copy = MustOpen(backup_);
  ASSERT_NE(copy, nullptr);
  EXPECT_GE(copy->block_count(), 10u);
  EXPECT_LE(copy->block_count(), blocks_.size());
  EXPECT_EQ(*copy->GetMeta("last"), std::to_string(copy->block_count()));
  for (std::uint64_t number = 0; number < copy->block_count(); ++number) {
    ExpectSameBlock(*copy->Read(number), blocks_[number]);
  }
  Block next = blocks_[0];
  next.number = copy->block_count();
  next.first_index = copy->record_count();
  EXPECT_TRUE(copy->Append({&next, 1}, {}).ok()) << "a backup is a journal";
  EXPECT_EQ(journal->Backup(backup_).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SegmentArchiveTest, VerificationNamesTheFirstDamagedPlaceAndChangesNothing) {
  {
    auto journal = MustOpen(path_);
    Append(*journal, 20);
  }
  EXPECT_TRUE(Verify(path_).ok());
  EXPECT_EQ(Verify(directory_.Path("nowhere")).code(), absl::StatusCode::kNotFound);
  const std::vector<std::string> names = Segments(path_);
  // From the last to the first: each time an earlier place is the first damaged one.
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    const std::string path = path_ + "/" + *name;
    FlipBit(path, 10000);
    const std::string damaged = ReadWholeFile(path);
    const absl::Status status = Verify(path_);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_NE(status.ToString().find(path + ": offset 4216: block"), std::string::npos) << status;
    EXPECT_EQ(ReadWholeFile(path), damaged);
  }
}

TEST_F(SegmentArchiveTest, RepairTakesMissingAndDamagedSegmentsFromABackup) {
  {
    auto journal = MustOpen(path_);
    Append(*journal, 16);
    ASSERT_TRUE(journal->Backup(backup_).ok());
    Append(*journal, 1);  // into the segment that was open then
  }
  const std::vector<std::string> names = Segments(path_);
  fs::remove(path_ + "/" + names.at(0));
  FlipBit(path_ + "/" + names.at(1), 10000);
  FlipBit(path_ + "/" + names.back(), 10000);
  EXPECT_EQ(Verify(path_).code(), absl::StatusCode::kDataLoss);
  const absl::Status repaired = RepairSegmentJournal(path_, TestIdentity(), backup_);
  ASSERT_TRUE(repaired.ok()) << repaired;
  EXPECT_TRUE(Verify(path_).ok());
  ExpectIntact(*MustOpen(path_));
}

// A journal that was not closed does not know the size of the copy, and called it truncated.
TEST_F(SegmentArchiveTest, RepairTakesAMissingOpenSegmentOfAKilledProcessFromABackup) {
  auto killed = MustOpen(path_);
  Append(*killed, 16);
  ASSERT_TRUE(killed->Backup(backup_).ok());
  const std::string copy = directory_.Path("copy");
  fs::copy(path_, copy);
  killed.reset();
  fs::remove(copy + "/" + Segments(copy).back());
  const absl::Status repaired = RepairSegmentJournal(copy, TestIdentity(), backup_);
  ASSERT_TRUE(repaired.ok()) << repaired;
  auto journal = MustOpen(copy);
  ASSERT_NE(journal, nullptr);
  ExpectIntact(*journal);
}

TEST_F(SegmentArchiveTest, RepairLeavesWhatNoCopyPutsRight) {
  {
    auto journal = MustOpen(path_);
    Append(*journal, 12);
    ASSERT_TRUE(journal->Backup(backup_).ok());
    Append(*journal, 10);
  }
  const std::string last = Segments(path_).back();
  FlipBit(path_ + "/" + last, 10000);
  const std::string damaged = ReadWholeFile(path_ + "/" + last);
  const absl::Status status = RepairSegmentJournal(path_, TestIdentity(), backup_);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(status.ToString().find(last), std::string::npos) << status;
  EXPECT_EQ(ReadWholeFile(path_ + "/" + last), damaged);
}

// Damage of the index, each kind of it: what `repair` makes again must be the journal that was.
TEST_F(SegmentArchiveTest, RepairMakesTheIndexAgainFromTheSegments) {
  {
    auto journal = MustOpen(path_);
    Append(*journal, 22);
  }
  const std::string index = path_ + "/data.mdb";
  const std::string whole = ReadWholeFile(index);
  int refused = 0;
  const auto damage_and_repair = [&](const std::string& what, const std::string& bytes) {
    SCOPED_TRACE(what);
    WriteWholeFile(index, bytes);
    if (Verify(path_).ok()) return;  // it was in nothing that is in use
    ++refused;
    const absl::Status repaired = RepairSegmentJournal(path_, TestIdentity(), "");
    ASSERT_TRUE(repaired.ok()) << repaired;
    EXPECT_TRUE(Verify(path_).ok());
    const auto journal = MustOpen(path_);
    ASSERT_NE(journal, nullptr);
    ExpectIntact(*journal);
    EXPECT_EQ(**journal->GetMeta("last"), "22");
  };
  damage_and_repair("truncated", whole.substr(0, whole.size() / 2));
  damage_and_repair("truncated to one page", whole.substr(0, 4096));
  damage_and_repair("empty", "");
  std::size_t seen = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    if (whole[at] == '\0' || seen++ % 61 != 0) continue;
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 4);
    damage_and_repair("flipped at " + std::to_string(at), bytes);
  }
  EXPECT_GT(refused, 20);
  fs::remove(index);
  EXPECT_FALSE(SegmentJournal::Open(path_, TestIdentity()).ok());
  ASSERT_TRUE(RepairSegmentJournal(path_, TestIdentity(), "").ok());
  auto journal = MustOpen(path_);
  ExpectIntact(*journal);
  Append(*journal, 10);
  journal.reset();
  EXPECT_TRUE(Verify(path_).ok());
}

// Of a process that was killed the last segment has reserved room behind its frames.
TEST_F(SegmentArchiveTest, RepairMakesTheIndexOfAKilledProcessAgain) {
  auto killed = MustOpen(path_);
  Append(*killed, 22);
  const std::string copy = directory_.Path("copy");
  fs::copy(path_, copy);
  killed.reset();
  fs::remove(copy + "/data.mdb");
  const absl::Status repaired = RepairSegmentJournal(copy, TestIdentity(), "");
  ASSERT_TRUE(repaired.ok()) << repaired;
  auto journal = MustOpen(copy);
  ExpectIntact(*journal);
  Append(*journal, 10);
  journal.reset();
  ExpectIntact(*MustOpen(copy));
}

TEST_F(SegmentArchiveTest, RepairMakesTheIndexAgainWithTheArchiveOrWithoutWhatItHas) {
  {
    auto journal = MustOpen(path_);
    Append(*journal, 22);
    ASSERT_TRUE(journal->Archive(14, archive_).ok());
  }
  fs::remove(path_ + "/data.mdb");
  const absl::Status without = RepairSegmentJournal(path_, TestIdentity(), "");
  EXPECT_EQ(without.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(without.ToString().find(Segments(archive_).at(0)), std::string::npos) << without;
  const absl::Status repaired = RepairSegmentJournal(path_, TestIdentity(), "", archive_);
  ASSERT_TRUE(repaired.ok()) << repaired;
  EXPECT_TRUE(Verify(path_, archive_).ok());
  EXPECT_FALSE(fs::exists(path_ + "/" + Segments(archive_).at(0))) << "it stays archived";
  {
    auto journal = SegmentJournal::Open(path_, TestIdentity(),
                                        {.segment_bytes = 1 << 20, .archive = archive_});
    ASSERT_TRUE(journal.ok()) << journal.status();
    ExpectIntact(**journal);
    EXPECT_EQ(**(*journal)->GetMeta("last"), "22");
  }
  fs::remove(path_ + "/data.mdb");
  ASSERT_TRUE(RepairSegmentJournal(path_, TestIdentity(), archive_).ok()) << "it is copied back";
  ExpectIntact(*MustOpen(path_));
}

TEST_F(SegmentArchiveTest, RepairTakesSegmentsFromACopyForAnIndexThatItMakesAgain) {
  {
    auto journal = MustOpen(path_);
    Append(*journal, 16);
    ASSERT_TRUE(journal->Backup(backup_).ok());
    Append(*journal, 1);
  }
  const std::vector<std::string> names = Segments(path_);
  fs::remove(path_ + "/data.mdb");
  fs::remove(path_ + "/" + names.at(0));
  FlipBit(path_ + "/" + names.at(1), 10000);
  FlipBit(path_ + "/" + names.back(), 10000);
  const absl::Status repaired = RepairSegmentJournal(path_, TestIdentity(), backup_);
  ASSERT_TRUE(repaired.ok()) << repaired;
  ExpectIntact(*MustOpen(path_));
}

TEST_F(SegmentArchiveTest, NoIndexIsMadeOfSegmentsThatDoNotFollowOneAnother) {
  {
    auto journal = MustOpen(path_);
    Append(*journal, 22);
  }
  const std::vector<std::string> names = Segments(path_);
  fs::remove(path_ + "/data.mdb");
  for (const std::size_t missing : {std::size_t{1}, names.size() - 1}) {
    const std::string bytes = ReadWholeFile(path_ + "/" + names.at(missing));
    fs::remove(path_ + "/" + names.at(missing));
    const absl::Status refused = RepairSegmentJournal(path_, TestIdentity(), "");
    EXPECT_EQ(refused.code(), absl::StatusCode::kDataLoss) << refused;
    EXPECT_FALSE(fs::exists(path_ + "/data.mdb"));
    WriteWholeFile(path_ + "/" + names.at(missing), bytes);
  }
  JournalIdentity another = TestIdentity();
  another.name = "another";
  EXPECT_EQ(RepairSegmentJournal(path_, another, "").code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace causeway::store
