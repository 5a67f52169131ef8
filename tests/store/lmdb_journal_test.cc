// What is true of a journal on disk only: durability, and the refusal of everything damaged.
#include "settlement/store/lmdb_journal.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "settlement/store/memory_journal.h"
#include "tests/store/store_test_util.h"

namespace causeway::store {
namespace {

namespace fs = std::filesystem;

class LmdbJournalTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Journal>> Open() { return OpenLmdbJournal(path_, TestIdentity()); }

  std::unique_ptr<Journal> MustOpen() {
    auto journal = Open();
    EXPECT_TRUE(journal.ok()) << journal.status();
    return journal.ok() ? *std::move(journal) : nullptr;
  }

  void ExpectRefusal(absl::StatusCode code, const std::string& reason) {
    const auto journal = Open();
    ASSERT_FALSE(journal.ok()) << "expected: " << reason;
    EXPECT_EQ(journal.status().code(), code) << journal.status();
    const std::string message(journal.status().message().data(), journal.status().message().size());
    EXPECT_NE(message.find(reason), std::string::npos) << message;
    EXPECT_NE(message.find(path_), std::string::npos) << "names the place: " << message;
  }

  // A journal of some blocks, small and large, and some metadata; closed again.
  void Fill(int block_count = 40) {
    const std::unique_ptr<Journal> journal = MustOpen();
    ASSERT_NE(journal, nullptr);
    for (int i = 0; i < block_count; ++i) {
      const std::size_t size = i % 10 == 9 ? 10000 : 300;
      blocks_.push_back(maker_.Next(3, std::string(size, static_cast<char>('A' + i % 26))));
      const std::vector<MetaWrite> meta = {{"snapshot/" + std::to_string(i), std::string(200, 's')},
                                           {"snapshot/" + std::to_string(i - 3), std::nullopt},
                                           {"frontier", std::to_string(i)}};
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
    }
  }

  std::string DataPath() const { return path_ + "/data.mdb"; }

  TemporaryDirectory directory_;
  std::string path_ = directory_.Path("journal");
  BlockMaker maker_;
  std::vector<Block> blocks_;
  std::vector<std::pair<std::string, std::string>> meta_;
  core::Hash256 head_;
};

TEST_F(LmdbJournalTest, ReopensWithEverythingThatWasAcknowledged) {
  Fill();
  const std::unique_ptr<Journal> journal = MustOpen();
  ExpectIntact(*journal);
}

TEST_F(LmdbJournalTest, ContinuesAfterReopening) {
  Fill(2);
  {
    const std::unique_ptr<Journal> journal = MustOpen();
    blocks_.push_back(maker_.Next(5, "after"));
    ASSERT_TRUE(journal->Append({&blocks_.back(), 1}, {}).ok());
    head_ = journal->head();
  }
  const std::unique_ptr<Journal> journal = MustOpen();
  ExpectIntact(*journal);
  const std::unique_ptr<Journal> memory = NewMemoryJournal(TestIdentity());
  ASSERT_TRUE(memory->Append(blocks_, {}).ok());
  EXPECT_EQ(memory->head(), journal->head());
}

TEST_F(LmdbJournalTest, CreatesAMissingDirectoryWithItsParents) {
  path_ = directory_.Path("a/b/c");
  EXPECT_NE(MustOpen(), nullptr);
  EXPECT_TRUE(fs::exists(DataPath()));
}

TEST_F(LmdbJournalTest, CreatesAJournalInAnEmptyDirectory) {
  fs::create_directory(path_);
  EXPECT_NE(MustOpen(), nullptr);
}

TEST_F(LmdbJournalTest, CreatesAJournalWhereAnEarlierCreationCrashed) {
  fs::create_directories(path_ + "/creating");
  WriteWholeFile(path_ + "/creating/data.mdb", "half");
  WriteWholeFile(path_ + "/journal.lock", "");
  EXPECT_NE(MustOpen(), nullptr);
}

TEST_F(LmdbJournalTest, RefusesADirectoryOfSomethingElseAndLeavesItAlone) {
  fs::create_directory(path_);
  WriteWholeFile(path_ + "/letters.txt", "dear");
  ExpectRefusal(absl::StatusCode::kFailedPrecondition, "holds 'letters.txt' and no journal");
  EXPECT_EQ(std::distance(fs::directory_iterator(path_), fs::directory_iterator()), 1);
}

TEST_F(LmdbJournalTest, RefusesAPathThatIsAFile) {
  WriteWholeFile(path_, "x");
  ExpectRefusal(absl::StatusCode::kFailedPrecondition, "is not a directory");
}

TEST_F(LmdbJournalTest, RefusesAnotherIdentity) {
  Fill(1);
  JournalIdentity other = TestIdentity();
  other.genesis = core::Sha256("another genesis");
  const auto journal = OpenLmdbJournal(path_, other);
  EXPECT_EQ(journal.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(MustOpen(), nullptr) << "and its owner can still open it";
}

TEST_F(LmdbJournalTest, RefusesASecondOpening) {
  const std::unique_ptr<Journal> journal = MustOpen();
  ExpectRefusal(absl::StatusCode::kFailedPrecondition, "already open");
}

TEST_F(LmdbJournalTest, RefusesWhileAnotherProcessHoldsItAndOpensAfterItsDeath) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto journal = Open();
    const char byte = journal.ok() ? 'y' : 'n';
    if (write(ready[1], &byte, 1) != 1) _exit(1);
    for (;;) pause();
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  ExpectRefusal(absl::StatusCode::kFailedPrecondition, "already open");
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ready[0]);
  close(ready[1]);
  EXPECT_NE(MustOpen(), nullptr);
}

// The child appends and says so after each append; what it said before it was killed must be there.
TEST_F(LmdbJournalTest, KeepsWhatWasAcknowledgedBeforeAKill) {
  for (int round = 0; round < 5; ++round) {
    int acknowledged[2];
    ASSERT_EQ(pipe(acknowledged), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto journal = Open();
      if (!journal.ok()) _exit(1);
      for (std::uint64_t number = (*journal)->block_count();; ++number) {
        const Block block{.number = number, .first_index = number, .count = 1, .body = "b"};
        const std::vector<MetaWrite> meta = {{"count", std::to_string(number + 1)}};
        if (!(*journal)->Append({&block, 1}, meta).ok()) _exit(1);
        if (write(acknowledged[1], &number, sizeof(number)) != sizeof(number)) _exit(1);
      }
    }
    close(acknowledged[1]);
    std::uint64_t last = 0;
    for (int i = 0; i < 10 + round; ++i) {
      ASSERT_EQ(read(acknowledged[0], &last, sizeof(last)), static_cast<ssize_t>(sizeof(last)));
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    std::uint64_t number = 0;
    while (read(acknowledged[0], &number, sizeof(number)) == sizeof(number)) last = number;
    close(acknowledged[0]);
    const std::unique_ptr<Journal> journal = MustOpen();
    ASSERT_NE(journal, nullptr);
    EXPECT_GE(journal->block_count(), last + 1);
    EXPECT_LE(journal->block_count(), last + 2) << "at most the one in flight";
    EXPECT_EQ(*journal->GetMeta("count"), std::to_string(journal->block_count()))
        << "metadata moves with the blocks";
  }
}

TEST_F(LmdbJournalTest, RefusesATruncatedFileAtEveryLength) {
  Fill();
  const std::string whole = ReadWholeFile(DataPath());
  // The file is grown ahead of use: find how much of it is needed from its newer meta page.
  std::size_t needed = 0;
  for (std::size_t page : {std::size_t{0}, std::size_t{4096}}) {
    std::uint64_t last_page = 0;
    std::memcpy(&last_page, whole.data() + page + 136, sizeof(last_page));
    needed = std::max(needed, (last_page + 1) * 4096);
  }
  ASSERT_LT(needed, whole.size());
  for (std::size_t size = 0; size < needed; size += size < 8192 ? 509 : 4093) {
    fs::resize_file(DataPath(), size);
    ExpectRefusal(absl::StatusCode::kDataLoss, "");
    WriteWholeFile(DataPath(), whole);
  }
  fs::resize_file(DataPath(), needed - 1);
  ExpectRefusal(absl::StatusCode::kDataLoss, "is truncated");
  WriteWholeFile(DataPath(), whole);
  fs::resize_file(DataPath(), needed);
  const std::unique_ptr<Journal> journal = MustOpen();
  ExpectIntact(*journal);
}

TEST_F(LmdbJournalTest, RefusesAnEmptyDataFile) {
  Fill(1);
  fs::resize_file(DataPath(), 0);
  ExpectRefusal(absl::StatusCode::kDataLoss, "is truncated");
}

TEST_F(LmdbJournalTest, RefusesToBeginAnewWhereTheDataFileIsGone) {
  Fill(1);
  fs::remove(DataPath());
  ExpectRefusal(absl::StatusCode::kDataLoss, "data.mdb is missing");
}

TEST_F(LmdbJournalTest, RefusesAFileThatIsNotLmdb) {
  Fill(1);
  WriteWholeFile(DataPath(), std::string(10000, 'x'));
  ExpectRefusal(absl::StatusCode::kFailedPrecondition, "is not an LMDB file");
}

TEST_F(LmdbJournalTest, NamesTheBlockWithAFlippedByte) {
  Fill();
  std::string bytes = ReadWholeFile(DataPath());
  const std::size_t place = bytes.find(blocks_[19].body);
  ASSERT_NE(place, std::string::npos);
  bytes[place + 5000] ^= 1;
  WriteWholeFile(DataPath(), bytes);
  ExpectRefusal(absl::StatusCode::kDataLoss, "block 19: the checksum does not match");
}

TEST_F(LmdbJournalTest, ReadVerifiesWhatOpeningSkipped) {
  Fill();
  std::string bytes = ReadWholeFile(DataPath());
  bytes[bytes.find(blocks_[19].body) + 5000] ^= 1;
  WriteWholeFile(DataPath(), bytes);
  const auto journal = OpenLmdbJournal(path_, TestIdentity(), {.verify_tail_blocks = 5});
  ASSERT_TRUE(journal.ok()) << journal.status();
  EXPECT_TRUE((*journal)->Read(18).ok());
  EXPECT_EQ((*journal)->Read(19).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(LmdbJournalTest, RefusesAMetaPageOfAnEarlierTransaction) {
  Fill();
  std::string bytes = ReadWholeFile(DataPath());
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  std::memcpy(&first, bytes.data() + 144, sizeof(first));
  std::memcpy(&second, bytes.data() + 4096 + 144, sizeof(second));
  // The newer page lost its last two writes.
  const std::size_t newer = first > second ? 0 : 4096;
  const std::uint64_t stale = std::max(first, second) - 4;
  std::memcpy(bytes.data() + newer + 144, &stale, sizeof(stale));
  WriteWholeFile(DataPath(), bytes);
  ExpectRefusal(absl::StatusCode::kDataLoss, "do not follow each other");
}

// Nothing that happens to single bytes of the file may crash the process, lose data in silence or
// change them: either the opening is refused, or everything is there.
TEST_F(LmdbJournalTest, DamageAnywhereIsRefusedOrHarmless) {
  Fill(150);
  const std::string whole = ReadWholeFile(DataPath());
  TestSequence sequence(42);
  int refused = 0;
  constexpr int kRounds = 800;
  for (int round = 0; round < kRounds; ++round) {
    std::string bytes = whole;
    // Half of the damage goes to the first bytes of pages, where the structure is.
    std::size_t place = sequence.Below(bytes.size());
    if (round % 2 == 0) place = place / 4096 * 4096 + sequence.Below(160);
    const std::uint64_t run = round % 3 == 0 ? 512 : 1;
    for (std::uint64_t i = 0; i < run && place + i < bytes.size(); ++i) {
      bytes[place + i] = static_cast<char>(bytes[place + i] ^ (1 + sequence.Below(255)));
    }
    WriteWholeFile(DataPath(), bytes);
    auto journal = Open();
    if (!journal.ok()) {
      ++refused;
      EXPECT_TRUE(journal.status().code() == absl::StatusCode::kDataLoss ||
                  journal.status().code() == absl::StatusCode::kFailedPrecondition)
          << journal.status();
      continue;
    }
    ExpectIntact(**journal);
    // And it goes on from there.
    BlockMaker maker = maker_;
    const Block next = maker.Next(1, std::string(20000, 'n'));
    EXPECT_TRUE((*journal)->Append({&next, 1}, {}).ok());
    journal->reset();
    EXPECT_TRUE(Open().ok());
    if (HasFailure()) FAIL() << "round " << round << " at offset " << place;
  }
  EXPECT_GT(refused, kRounds / 20) << "the damage must hit something";
}

TEST_F(LmdbJournalTest, AFullMapIsAnUnknownOutcomeAndNotRetried) {
  auto journal = OpenLmdbJournal(path_, TestIdentity(), {.map_bytes_max = 1 << 20});
  ASSERT_TRUE(journal.ok()) << journal.status();
  const Block block = maker_.Next(1, std::string(4 << 20, 'x'));
  const absl::Status status = (*journal)->Append({&block, 1}, {});
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_NE(status.ToString().find("outcome of this append is unknown"), std::string::npos);
  EXPECT_EQ((*journal)->block_count(), 0u);
  const Block small{.number = 0, .first_index = 0, .count = 1, .body = "s"};
  EXPECT_EQ((*journal)->Append({&small, 1}, {}).code(), absl::StatusCode::kInternal);
  journal->reset();
  EXPECT_EQ(MustOpen()->block_count(), 0u);
}

TEST_F(LmdbJournalTest, AFullDiskIsAnUnknownOutcome) {
  const std::unique_ptr<Journal> journal = MustOpen();
  // A limit on the size of files stands for the full disk: the write fails in the same place.
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limited = before;
  limited.rlim_cur = 2 << 20;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limited), 0);
  const Block block = maker_.Next(1, std::string(4 << 20, 'x'));
  const absl::Status status = journal->Append({&block, 1}, {});
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_NE(status.ToString().find("unknown"), std::string::npos);
}

TEST_F(LmdbJournalTest, RejectsAMapTooSmallToHoldAJournal) {
  const auto journal = OpenLmdbJournal(path_, TestIdentity(), {.map_bytes_max = 4096});
  EXPECT_EQ(journal.status().code(), absl::StatusCode::kInvalidArgument);
}

// Deleting and rewriting metadata frees and reuses pages: the case in which a whole file could be
// shorter than its meta page says, or a free list could go wrong.
TEST_F(LmdbJournalTest, SurvivesALongChurnOfMetadata) {
  TestSequence sequence(3);
  for (int round = 0; round < 30; ++round) {
    const std::unique_ptr<Journal> journal = MustOpen();
    ASSERT_NE(journal, nullptr) << "round " << round;
    for (int i = 0; i < 10; ++i) {
      std::vector<MetaWrite> meta;
      for (std::uint64_t j = 0, n = sequence.Below(200); j < n; ++j) {
        MetaWrite write{.key = "k" + std::to_string(sequence.Below(500)), .value = std::nullopt};
        if (sequence.Below(2) == 0) write.value = std::string(sequence.Below(6000), 'v');
        meta.push_back(std::move(write));
      }
      ASSERT_TRUE(journal->Append({}, meta).ok());
    }
  }
}

}  // namespace
}  // namespace causeway::store
