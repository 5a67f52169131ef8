// Journals of segments on real files: what opens, what is refused, and where damage is named.
#include "settlement/store/segment_journal.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "settlement/store/lmdb_journal.h"
#include "settlement/store/memory_journal.h"
#include "settlement/store/segment_archive.h"
#include "tests/store/store_test_util.h"

namespace causeway::store {
namespace {

namespace fs = std::filesystem;

class SegmentJournalTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<SegmentJournal>> Open(bool verify_all = false) {
    return SegmentJournal::Open(path_, TestIdentity(),
                                {.segment_bytes = 1 << 20, .verify_all = verify_all});
  }

  std::unique_ptr<SegmentJournal> MustOpen() {
    auto journal = Open();
    EXPECT_TRUE(journal.ok()) << journal.status();
    return journal.ok() ? *std::move(journal) : nullptr;
  }

  void ExpectRefusal(absl::StatusCode code, const std::string& reason, bool verify_all = false) {
    const auto journal = Open(verify_all);
    ASSERT_FALSE(journal.ok()) << "expected: " << reason;
    EXPECT_EQ(journal.status().code(), code) << journal.status();
    EXPECT_NE(journal.status().ToString().find(reason), std::string::npos) << journal.status();
    EXPECT_NE(journal.status().ToString().find(path_), std::string::npos) << journal.status();
  }

  // Three sealed segments and an open one.
  void Fill(int block_count = 40) {
    const std::unique_ptr<SegmentJournal> journal = MustOpen();
    ASSERT_NE(journal, nullptr);
    for (int i = 0; i < block_count; ++i) {
      blocks_.push_back(
          maker_.Next(3, std::string(i % 2 == 0 ? 300 : 170000, static_cast<char>('A' + i % 26))));
      const std::vector<MetaWrite> meta = {{"snapshot/" + std::to_string(i), std::string(200, 's')},
                                           {"snapshot/" + std::to_string(i - 3), std::nullopt}};
      ASSERT_TRUE(journal->Append({&blocks_.back(), 1}, meta).ok());
    }
    head_ = journal->head();
    meta_ = *journal->ListMeta("");
  }

  void ExpectIntact(const Journal& journal) {
    EXPECT_EQ(journal.block_count(), blocks_.size());
    EXPECT_EQ(journal.head(), head_);
    EXPECT_EQ(*journal.ListMeta(""), meta_);
    for (const Block& block : blocks_) {
      const auto read = journal.Read(block.number);
      ASSERT_TRUE(read.ok()) << read.status();
      ExpectSameBlock(*read, block);
      EXPECT_EQ(*journal.FindBlock(block.first_index + 2), block.number);
    }
  }

  std::vector<std::string> Segments() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(path_)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("segment-")) names.push_back(entry.path().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  static void FlipBit(const std::string& path, std::size_t offset) {
    std::string bytes = ReadWholeFile(path);
    bytes.at(offset) = static_cast<char>(bytes.at(offset) ^ 4);
    WriteWholeFile(path, bytes);
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_.Path("journal");
  BlockMaker maker_;
  std::vector<Block> blocks_;
  std::vector<std::pair<std::string, std::string>> meta_;
  core::Hash256 head_;
};

TEST_F(SegmentJournalTest, ReopensWithEverythingAcrossSegments) {
  Fill();
  EXPECT_GE(Segments().size(), 4u);
  ExpectIntact(*MustOpen());
  const auto verified = Open(true);
  ASSERT_TRUE(verified.ok()) << verified.status();
  ExpectIntact(**verified);
}

TEST_F(SegmentJournalTest, ContinuesAfterReopeningWithTheChainOfEveryOtherJournal) {
  Fill(5);
  {
    const std::unique_ptr<SegmentJournal> journal = MustOpen();
    blocks_.push_back(maker_.Next(3, "after"));
    ASSERT_TRUE(journal->Append({&blocks_.back(), 1}, {}).ok());
    head_ = journal->head();
  }
  ExpectIntact(*MustOpen());
  const std::unique_ptr<Journal> memory = NewMemoryJournal(TestIdentity());
  ASSERT_TRUE(memory->Append(blocks_, {}).ok());
  EXPECT_EQ(memory->head(), head_);
}

TEST_F(SegmentJournalTest, AnAppendLargerThanASegmentGetsALongerOne) {
  {
    const std::unique_ptr<SegmentJournal> journal = MustOpen();
    blocks_.push_back(maker_.Next(3, "small"));
    blocks_.push_back(maker_.Next(3, std::string(5 << 20, 'L')));
    blocks_.push_back(maker_.Next(3, "small again"));
    for (const Block& block : blocks_) ASSERT_TRUE(journal->Append({&block, 1}, {}).ok());
    head_ = journal->head();
  }
  EXPECT_EQ(Segments().size(), 3u);
  ExpectIntact(*MustOpen());
}

TEST_F(SegmentJournalTest, ClosingGivesBackReservedSpace) {
  {
    const std::unique_ptr<SegmentJournal> journal = MustOpen();
    blocks_.push_back(maker_.Next(3, "small"));
    ASSERT_TRUE(journal->Append({&blocks_.back(), 1}, {}).ok());
    head_ = journal->head();
    EXPECT_EQ(fs::file_size(Segments().at(0)), 1u << 20);
  }
  EXPECT_LT(fs::file_size(Segments().at(0)), 5000u);
  ExpectIntact(*MustOpen());
}

TEST_F(SegmentJournalTest, MoreMetadataThanMemoryKeepsGoToTheIndex) {
  std::vector<MetaWrite> all;
  {
    const std::unique_ptr<SegmentJournal> journal = MustOpen();
    for (int i = 0; i < 12; ++i) {
      all.push_back({"k" + std::to_string(i), std::string(1 << 20, static_cast<char>('a' + i))});
      ASSERT_TRUE(journal->Append({}, {&all.back(), 1}).ok());
    }
  }
  const std::unique_ptr<SegmentJournal> journal = MustOpen();
  for (const MetaWrite& write : all) EXPECT_TRUE(*journal->GetMeta(write.key) == write.value);
}

TEST_F(SegmentJournalTest, MetadataThatAreSoonDeletedNeverReachTheIndex) {
  constexpr std::size_t kEach = 2 << 20;
  const auto journal = *SegmentJournal::Open(path_, TestIdentity(), {.segment_bytes = 64 << 20});
  const std::uintmax_t before = fs::file_size(path_ + "/data.mdb");
  for (int i = 0; i < 12; ++i) {
    const std::string key = "k" + std::to_string(i);
    const std::vector<MetaWrite> write = {{key, std::string(kEach, 'v')}};
    const std::vector<MetaWrite> deletion = {{key, std::nullopt}};
    ASSERT_TRUE(journal->Append({}, write).ok());
    ASSERT_TRUE(journal->Append({}, deletion).ok());
    EXPECT_EQ(*journal->GetMeta(key), std::nullopt);
  }
  EXPECT_EQ(fs::file_size(path_ + "/data.mdb"), before);
}

TEST_F(SegmentJournalTest, ADeletionOfWhatTheIndexHasIsKept) {
  const std::vector<MetaWrite> write = {{"k", "v"}};
  const std::vector<MetaWrite> deletion = {{"k", std::nullopt}};
  ASSERT_TRUE(MustOpen()->Append({}, write).ok());
  {
    const std::unique_ptr<SegmentJournal> journal = MustOpen();
    ASSERT_EQ(*journal->GetMeta("k"), "v");
    ASSERT_TRUE(journal->Append({}, deletion).ok());
    EXPECT_EQ(*journal->GetMeta("k"), std::nullopt);
  }
  EXPECT_EQ(*MustOpen()->GetMeta("k"), std::nullopt);
}

TEST_F(SegmentJournalTest, IsHeldByOneProcess) {
  const std::unique_ptr<SegmentJournal> journal = MustOpen();
  ExpectRefusal(absl::StatusCode::kFailedPrecondition, "already open");
}

TEST_F(SegmentJournalTest, RefusesAnotherIdentityAndAnotherFormat) {
  Fill(2);
  JournalIdentity other = TestIdentity();
  other.name = "ledger.example/thb";
  EXPECT_EQ(SegmentJournal::Open(path_, other).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(OpenLmdbJournal(path_, TestIdentity()).status().code(),
            absl::StatusCode::kFailedPrecondition);
  path_ = directory_.Path("lmdb");
  ASSERT_TRUE(OpenLmdbJournal(path_, TestIdentity()).ok());
  ExpectRefusal(absl::StatusCode::kFailedPrecondition, "format version 1");
}

TEST_F(SegmentJournalTest, RefusesAnUnusableSegmentSize) {
  for (const std::uint64_t bytes : {0, 1000}) {
    EXPECT_EQ(SegmentJournal::Open(path_, TestIdentity(), {.segment_bytes = bytes}).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(SegmentJournalTest, AMissingSegmentIsRefusedByName) {
  Fill();
  for (const std::string& segment : Segments()) {
    fs::rename(segment, directory_.Path("aside"));
    ExpectRefusal(absl::StatusCode::kDataLoss, segment + ": the segment is missing");
    fs::rename(directory_.Path("aside"), segment);
  }
  fs::rename(path_ + "/data.mdb", directory_.Path("aside"));
  fs::remove(path_ + "/lock.mdb");
  ExpectRefusal(absl::StatusCode::kDataLoss, "data.mdb is missing");
}

TEST_F(SegmentJournalTest, ATruncatedSegmentIsRefusedByName) {
  Fill();
  for (const std::string& segment : Segments()) {
    const std::string bytes = ReadWholeFile(segment);
    for (const std::size_t size : {bytes.size() - 1, bytes.size() / 2, std::size_t{4096},
                                   std::size_t{100}, std::size_t{0}}) {
      WriteWholeFile(segment, bytes.substr(0, size));
      ExpectRefusal(absl::StatusCode::kDataLoss, segment);
    }
    WriteWholeFile(segment, bytes);
  }
  ExpectIntact(*MustOpen());
}

TEST_F(SegmentJournalTest, ASegmentOfAnotherJournalIsRefused) {
  Fill();
  const std::vector<std::string> mine = Segments();
  const std::string first_path = path_;
  path_ = directory_.Path("other");
  maker_ = BlockMaker();
  blocks_.clear();
  Fill();  // the same blocks of the same identity, and yet another journal
  WriteWholeFile(Segments().at(1), ReadWholeFile(mine.at(1)));
  ExpectRefusal(absl::StatusCode::kFailedPrecondition, "belongs to another journal");
  WriteWholeFile(path_ + "/segment-00000000000000009999.cws", ReadWholeFile(mine.at(1)));
  ExpectRefusal(absl::StatusCode::kFailedPrecondition, "is not in the journal's index");
}

TEST_F(SegmentJournalTest, DamageInASealedSegmentIsFoundAtReadAndByFullVerification) {
  Fill();
  const std::string segment = Segments().at(1);
  FlipBit(segment, 4096 + 120 + 94 + 10);
  const std::unique_ptr<SegmentJournal> journal = MustOpen();
  ASSERT_NE(journal, nullptr) << "only header and footer are read";
  std::size_t damaged = 0;
  for (const Block& block : blocks_) {
    const auto read = journal->Read(block.number);
    if (read.ok()) continue;
    ++damaged;
    EXPECT_EQ(read.status().code(), absl::StatusCode::kDataLoss);
    EXPECT_NE(read.status().ToString().find(segment + ": offset 4216: block " +
                                            std::to_string(block.number)),
              std::string::npos)
        << read.status();
  }
  EXPECT_EQ(damaged, 1u);
}

TEST_F(SegmentJournalTest, AScrubTellsDamageInASealedSegmentAndARepairPutsItRight) {
  Fill();
  const std::string backup = directory_.Path("backup");
  ASSERT_TRUE(MustOpen()->Backup(backup).ok());
  std::unique_ptr<SegmentJournal> journal = MustOpen();
  std::size_t bytes = 0;
  std::vector<std::string> damaged;
  const ScrubContext context{.pace =
                                 [&](std::size_t more) {
                                   bytes += more;
                                   return false;
                                 },
                             .damaged = [&](std::string damage) { damaged.push_back(damage); }};
  EXPECT_TRUE(journal->Scrub(context).ok());
  EXPECT_TRUE(damaged.empty()) << damaged.front();
  std::size_t sealed = 0;
  for (const std::string& path : Segments()) sealed += fs::file_size(path);
  sealed -= fs::file_size(Segments().back());
  EXPECT_GE(bytes, sealed) << "all sealed segments were read";

  const std::string segment = Segments().at(1);
  FlipBit(segment, 4096 + 120 + 94 + 10);
  EXPECT_TRUE(journal->Scrub(context).ok()) << "it goes on to the other segments";
  ASSERT_EQ(damaged.size(), 1U);
  EXPECT_TRUE(damaged.front().starts_with(segment + ": offset 4216: block ")) << damaged.front();
  EXPECT_TRUE(journal->Append({}, std::vector<MetaWrite>{{"more", "meta"}}).ok());

  journal = nullptr;
  ASSERT_TRUE(RepairSegmentJournal(path_, TestIdentity(), backup).ok());
  damaged.clear();
  EXPECT_TRUE(MustOpen()->Scrub(context).ok());
  EXPECT_TRUE(damaged.empty());
}

TEST_F(SegmentJournalTest, AScrubEndsWhenItIsToldTo) {
  Fill();
  const std::unique_ptr<SegmentJournal> journal = MustOpen();
  int reads = 0;
  const ScrubContext context{.pace = [&](std::size_t) { return ++reads == 3; },
                             .damaged = [](const std::string& damage) { ADD_FAILURE() << damage; }};
  EXPECT_TRUE(absl::IsCancelled(journal->Scrub(context)));
  EXPECT_EQ(reads, 3);
}

TEST_F(SegmentJournalTest, FullVerificationNamesTheDamagedBlock) {
  Fill();
  const std::string segment = Segments().at(1);
  FlipBit(segment, 4096 + 120 + 94 + 10);
  ExpectRefusal(absl::StatusCode::kDataLoss, segment + ": offset 4216: block ", true);
}

TEST_F(SegmentJournalTest, DamageToAFooterIsRefused) {
  Fill();
  const std::string segment = Segments().at(0);
  FlipBit(segment, fs::file_size(segment) - 60);
  ExpectRefusal(absl::StatusCode::kDataLoss, "the footer does not match its checksum");
}

// A segment whose footer has several parts (segment_places.h), and an open one.
class SmallBlocksTest : public SegmentJournalTest {
 protected:
  SmallBlocksTest() {
    journal_ = MustOpen();
    while (Segments().size() < 2) {
      const std::size_t first = blocks_.size();
      for (int i = 0; i < 200; ++i) blocks_.push_back(maker_.Next(3, "a small body"));
      EXPECT_TRUE(journal_->Append(std::span(blocks_).subspan(first), {}).ok());
    }
    head_ = journal_->head();
  }
  std::unique_ptr<SegmentJournal> journal_;
};

TEST_F(SmallBlocksTest, EveryBlockIsFoundInThePartsOfAFooter) {
  ASSERT_GT(blocks_.size(), 3 * kFooterPartBlocks);
  ExpectIntact(*journal_);
  journal_ = nullptr;
  journal_ = MustOpen();
  ExpectIntact(*journal_);
  for (std::size_t i = blocks_.size(); i-- > 0;) {  // against the order of what is kept
    ASSERT_EQ(*journal_->FindBlock(blocks_[i].first_index), i);
  }
}

TEST_F(SmallBlocksTest, DamageToAPartOfAFooterIsToldWithItsPlaceAndOnlyThere) {
  const std::string segment = Segments().front();
  const std::size_t footer = ReadWholeFile(segment).rfind(kFooterMagic);
  const std::size_t damaged = footer + 102 + kFooterEntryBytes * (kFooterPartBlocks + 7);
  journal_ = nullptr;
  journal_ = MustOpen();
  FlipBit(segment, damaged);
  EXPECT_TRUE(journal_->Read(0).ok());
  EXPECT_TRUE(journal_->Read(2 * kFooterPartBlocks).ok());
  const absl::Status read = journal_->Read(kFooterPartBlocks).status();
  EXPECT_TRUE(absl::IsDataLoss(read)) << read;
  const std::size_t part = footer + 102 + kFooterEntryBytes * kFooterPartBlocks;
  EXPECT_NE(read.ToString().find(segment + ": offset " + std::to_string(part)), std::string::npos)
      << read;
  EXPECT_TRUE(
      absl::IsDataLoss(journal_->FindBlock(blocks_[kFooterPartBlocks + 7].first_index).status()));
}

TEST_F(SegmentJournalTest, DamageToTheLastFrameOfAClosedJournalIsRefused) {
  Fill(3);
  const std::string segment = Segments().at(0);
  const std::string bytes = ReadWholeFile(segment);
  // As if it never had been written.
  const std::size_t frame = bytes.rfind("CWSF");
  WriteWholeFile(segment, bytes.substr(0, frame) + std::string(bytes.size() - frame, '\0'));
  ExpectRefusal(absl::StatusCode::kDataLoss, "acknowledged blocks end here, 2 of 3 are left");
}

// The child appends and says so after each append; what it said before it was killed must be there.
TEST_F(SegmentJournalTest, KeepsWhatWasAcknowledgedBeforeAKill) {
  for (int round = 0; round < 5; ++round) {
    int acknowledged[2];
    ASSERT_EQ(pipe(acknowledged), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto journal = Open();
      if (!journal.ok()) _exit(1);
      for (std::uint64_t number = (*journal)->block_count();; ++number) {
        const Block block{.number = number,
                          .first_index = number,
                          .count = 1,
                          .body = std::string(number % 200000, 'b')};
        const std::vector<MetaWrite> meta = {{"count", std::to_string(number + 1)}};
        if (!(*journal)->Append({&block, 1}, meta).ok()) _exit(1);
        if (write(acknowledged[1], &number, sizeof(number)) != sizeof(number)) _exit(1);
      }
    }
    close(acknowledged[1]);
    std::uint64_t last = 0;
    for (int i = 0; i < 20 + round; ++i) {
      ASSERT_EQ(read(acknowledged[0], &last, sizeof(last)), static_cast<ssize_t>(sizeof(last)));
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    std::uint64_t number = 0;
    while (read(acknowledged[0], &number, sizeof(number)) == sizeof(number)) last = number;
    close(acknowledged[0]);
    const std::unique_ptr<SegmentJournal> journal = MustOpen();
    ASSERT_NE(journal, nullptr);
    EXPECT_GE(journal->block_count(), last + 1);
    EXPECT_LE(journal->block_count(), last + 2) << "at most the one in flight";
    EXPECT_EQ(*journal->GetMeta("count"), std::to_string(journal->block_count()));
  }
}

}  // namespace
}  // namespace causeway::store
