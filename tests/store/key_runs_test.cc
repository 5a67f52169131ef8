#include "settlement/store/key_runs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "settlement/store/memory_key_index.h"
#include "tests/store/store_test_util.h"

namespace causeway::store {
namespace {

constexpr KeyFamily kInstruction = KeyFamily::kInstruction;
constexpr KeyFamily kUetr = KeyFamily::kUetr;

KeyRuns::Options SmallTables(const TemporaryDirectory& directory) {
  return {.directory = directory.Path("keys"),
          .ledger = core::Sha256("ledger"),
          .fingerprint_key = {1, 2, 3},
          .table_keys_max = 64,
          .table_keys_min = 64,
          .batch_keys_max = 64};
}

std::unique_ptr<KeyRuns> Opened(const KeyRuns::Options& options, std::uint64_t durable) {
  auto index = KeyRuns::Open(options, durable);
  EXPECT_TRUE(index.ok()) << index.status();
  return index.ok() ? *std::move(index) : nullptr;
}

// Spread over all 64 bits, few enough that they recur.
std::uint64_t SpreadFingerprint(std::uint64_t key) { return (key + 1) * 0x9E3779B97F4A7C15; }

// What the caller of an index remembers: the journal. Gives batches to an index and to a map, and
// compares what they say.
class Ledger {
 public:
  explicit Ledger(std::uint64_t seed, std::uint64_t keys) : random_(seed), keys_(keys) {}

  std::uint64_t leaves() const { return instructions_.size(); }

  // One batch, in the journal and the index.
  void RunBatch(KeyIndex& index, std::size_t size) {
    const std::uint64_t first = leaves();
    std::vector<std::uint64_t> ids;
    std::vector<std::uint64_t> uetrs;
    for (std::size_t i = 0; i < size; ++i) {
      ids.push_back(SpreadFingerprint(random_.Below(keys_)));
      uetrs.push_back(SpreadFingerprint(random_.Below(keys_)));
    }
    std::vector<std::uint64_t> candidates(size);
    ASSERT_TRUE(index.FindOrInsert(ids, first, candidates).ok());
    for (std::size_t i = 0; i < size; ++i) {
      std::vector<std::uint64_t>& known = by_key_[0][ids[i]];
      ASSERT_EQ(candidates[i], known.empty() ? kNoLeaf : known.back()) << "leaf " << first + i;
      if (known.empty()) {
        known.push_back(first + i);
        instructions_.push_back(ids[i]);
        continue;
      }
      // A leaf of its own, and now and then only a collision.
      const bool collision = random_.Below(4) == 0;
      if (collision) {
        index.Insert(kInstruction, ids[i], first + i);
        collisions_.push_back(first + i);
      }
      instructions_.push_back(collision ? ids[i] : 0);
    }
    for (const std::uint64_t leaf : collisions_) by_key_[0][instructions_[leaf]].push_back(leaf);
    collisions_.clear();
    index.Insert(kUetr, uetrs, first);
    for (std::size_t i = 0; i < size; ++i) {
      by_key_[1][uetrs[i]].push_back(first + i);
      uetrs_.push_back(uetrs[i]);
    }
    ASSERT_TRUE(index.EndBatch(leaves()).ok());
  }

  // What an engine does after opening, from the start of its journal.
  void Replay(KeyIndex& index) const {
    for (std::uint64_t leaf = 0; leaf < leaves(); ++leaf) {
      if (instructions_[leaf] != 0) index.Insert(kInstruction, instructions_[leaf], leaf);
      index.Insert(kUetr, uetrs_[leaf], leaf);
      ASSERT_TRUE(index.EndBatch(leaf + 1).ok());
    }
  }

  void ExpectAllFound(const KeyIndex& index) const {
    for (std::size_t family = 0; family < kKeyFamilies; ++family) {
      for (const auto& [fingerprint, leaves] : by_key_[family]) {
        const auto found = index.Find(static_cast<KeyFamily>(family), fingerprint);
        ASSERT_TRUE(found.ok()) << found.status();
        ASSERT_EQ(*found, leaves) << "family " << family << " fingerprint " << fingerprint;
        if (family == 0) {
          ASSERT_EQ(*index.FindNewest(fingerprint), leaves.back());
        }
      }
    }
    for (std::uint64_t key = keys_; key < keys_ + 50; ++key) {
      const auto found = index.Find(kInstruction, SpreadFingerprint(key));
      ASSERT_TRUE(found.ok() && found->empty());
      ASSERT_EQ(*index.FindNewest(SpreadFingerprint(key)), kNoLeaf);
    }
  }

 private:
  TestSequence random_;
  std::uint64_t keys_;
  std::vector<std::uint64_t> instructions_;  // fingerprint by leaf; 0: a repeat, not inserted
  std::vector<std::uint64_t> uetrs_;
  std::array<std::map<std::uint64_t, std::vector<std::uint64_t>>, kKeyFamilies> by_key_;
  std::vector<std::uint64_t> collisions_;
};

// --- answers -----------------------------------------------------------------------------------

TEST(KeyRuns, FindsWhatIsNewAndWhatIsNotWithinOneCall) {
  const TemporaryDirectory directory;
  auto index = Opened(SmallTables(directory), 0);
  const std::vector<std::uint64_t> ids = {7, 8, 7, 0, ~std::uint64_t{0}, 0, 7};
  std::vector<std::uint64_t> candidates(ids.size());
  ASSERT_TRUE(index->FindOrInsert(ids, 10, candidates).ok());
  EXPECT_EQ(candidates,
            (std::vector<std::uint64_t>{kNoLeaf, kNoLeaf, 10, kNoLeaf, kNoLeaf, 13, 10}));
}

TEST(KeyRuns, TheNewestLeafIsTheCandidateAmongCollisions) {
  const TemporaryDirectory directory;
  auto index = Opened(SmallTables(directory), 0);
  std::uint64_t candidate = 0;
  const std::uint64_t id = 42;
  ASSERT_TRUE(index->FindOrInsert({&id, 1}, 0, {&candidate, 1}).ok());
  index->Insert(kInstruction, id, 5);
  index->Insert(kInstruction, id, 3);
  ASSERT_TRUE(index->FindOrInsert({&id, 1}, 6, {&candidate, 1}).ok());
  EXPECT_EQ(candidate, 5U);
  EXPECT_EQ(*index->Find(kInstruction, id), (std::vector<std::uint64_t>{0, 3, 5}));
}

TEST(KeyRuns, FindGivesPagesOfLeaves) {
  const TemporaryDirectory directory;
  auto index = Opened(SmallTables(directory), 0);
  // One UETR in every leaf, over several runs and more than one page of a merged one.
  for (std::uint64_t leaf = 0; leaf < 2000; ++leaf) {
    index->Insert(kUetr, 42, leaf);
    index->MarkDurable(leaf + 1);
    ASSERT_TRUE(index->EndBatch(leaf + 1).ok());
  }
  index->WaitUntilIdle();
  EXPECT_EQ(index->Find(kUetr, 42)->size(), 2000U);
  EXPECT_EQ(*index->Find(kUetr, 42, 1000, 3), (std::vector<std::uint64_t>{1000, 1001, 1002}));
  EXPECT_EQ(*index->Find(kUetr, 42, 1998, 9), (std::vector<std::uint64_t>{1998, 1999}));
  EXPECT_TRUE(index->Find(kUetr, 42, 2000, 9)->empty());
  EXPECT_TRUE(index->Find(kUetr, 43)->empty());
}

class KeyRunsSeed : public testing::TestWithParam<std::uint64_t> {};

TEST_P(KeyRunsSeed, AnswersAsAMapWhateverTheBackgroundDoes) {
  const TemporaryDirectory directory;
  TestSequence random(GetParam() + 1000);
  Ledger ledger(GetParam(), 50 + random.Below(20'000));
  auto index = Opened(SmallTables(directory), 0);
  for (int batch = 0; batch < 100; ++batch) {
    ASSERT_NO_FATAL_FAILURE(ledger.RunBatch(*index, 1 + random.Below(60)));
    index->MarkDurable(ledger.leaves() - (random.Below(3) == 0 ? 1 : 0));
    if (random.Below(20) == 0) index->WaitUntilIdle();
    if (random.Below(30) == 0) {
      index = nullptr;
      index = Opened(SmallTables(directory), ledger.leaves());
      EXPECT_EQ(index->notes(), std::vector<std::string>{});
      ASSERT_NO_FATAL_FAILURE(ledger.Replay(*index));
    }
  }
  index->MarkDurable(ledger.leaves());
  index->WaitUntilIdle();
  ledger.ExpectAllFound(*index);
  EXPECT_LE(index->stats().runs[0], 12U);
  EXPECT_LE(index->stats().runs[1], 12U);
}

TEST(MemoryKeyIndex, AnswersAsAMap) {
  MemoryKeyIndex index;
  Ledger ledger(1, 500);
  for (int batch = 0; batch < 50; ++batch) {
    ASSERT_NO_FATAL_FAILURE(ledger.RunBatch(index, 30));
  }
  ledger.ExpectAllFound(index);
  EXPECT_LE(index.Find(kUetr, SpreadFingerprint(1), 0, 1)->size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, KeyRunsSeed, testing::Range<std::uint64_t>(0, 8));

// --- opening -----------------------------------------------------------------------------------

// Enough batches for several runs of both families.
void Fill(Ledger& ledger, KeyRuns& index, int batches = 30) {
  for (int batch = 0; batch < batches; ++batch) {
    ASSERT_NO_FATAL_FAILURE(ledger.RunBatch(index, 50));
    index.MarkDurable(ledger.leaves());
  }
  index.WaitUntilIdle();
}

std::vector<std::string> FilesOf(const std::string& directory, const std::string& extension) {
  std::vector<std::string> files;
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    if (file.path().extension() == extension) files.push_back(file.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

TEST(KeyRuns, OpensWithWhatTheRunsCover) {
  const TemporaryDirectory directory;
  Ledger ledger(1, 5000);
  Fill(ledger, *Opened(SmallTables(directory), 0));
  auto index = Opened(SmallTables(directory), ledger.leaves());
  EXPECT_GT(index->covered(), ledger.leaves() - 200);
  EXPECT_LE(index->covered(), ledger.leaves());
  EXPECT_TRUE(index->notes().empty());
  ledger.Replay(*index);
  ledger.ExpectAllFound(*index);
}

TEST(KeyRuns, ForgetsRunsOfLeavesThatTheJournalDoesNotHold) {
  const TemporaryDirectory directory;
  Ledger ledger(2, 5000);
  Fill(ledger, *Opened(SmallTables(directory), 0));
  auto index = Opened(SmallTables(directory), 1000);
  EXPECT_LE(index->covered(), 1000U);
  EXPECT_FALSE(index->notes().empty());
  for (const auto& fingerprint : {SpreadFingerprint(1), SpreadFingerprint(2)}) {
    const std::vector<std::uint64_t> found = *index->Find(kUetr, fingerprint);
    for (const std::uint64_t leaf : found) EXPECT_LT(leaf, 1000U);
  }
}

TEST(KeyRuns, ARunIsNotWrittenBeforeItsLeavesAreDurable) {
  const TemporaryDirectory directory;
  auto index = Opened(SmallTables(directory), 0);
  Ledger ledger(3, 100'000);
  ledger.RunBatch(*index, 64);
  index->WaitUntilIdle();
  EXPECT_EQ(index->stats().runs[0], 0U);
  index->MarkDurable(ledger.leaves());
  index->WaitUntilIdle();
  EXPECT_EQ(index->stats().runs[0], 1U);
  ledger.ExpectAllFound(*index);
}

TEST(KeyRuns, RunsOfAnotherLedgerOrSecretAreMadeAnew) {
  const TemporaryDirectory directory;
  Ledger ledger(4, 5000);
  Fill(ledger, *Opened(SmallTables(directory), 0));
  KeyRuns::Options other = SmallTables(directory);
  other.fingerprint_key = {9};
  auto index = Opened(other, ledger.leaves());
  EXPECT_EQ(index->covered(), 0U);
  EXPECT_EQ(index->notes().size(), 1U);
  EXPECT_TRUE(FilesOf(other.directory, ".run").empty());
}

TEST(KeyRuns, AnUnnamedRunIsDeleted) {
  const TemporaryDirectory directory;
  const KeyRuns::Options options = SmallTables(directory);
  Opened(options, 0);
  WriteWholeFile(options.directory + "/uetr-0000000009.run", "half");
  WriteWholeFile(options.directory + "/keys.manifest.new", "half");
  Opened(options, 0);
  EXPECT_TRUE(FilesOf(options.directory, ".run").empty());
  EXPECT_TRUE(FilesOf(options.directory, ".new").empty());
}

// Any damage costs time and no answer.
void ExpectRebuilt(const KeyRuns::Options& options, const Ledger& ledger,
                   std::uint64_t covered_before) {
  auto index = Opened(options, ledger.leaves());
  EXPECT_LT(index->covered(), covered_before);
  EXPECT_FALSE(index->notes().empty());
  ledger.Replay(*index);
  ledger.ExpectAllFound(*index);
  index->WaitUntilIdle();
  ledger.ExpectAllFound(*index);
  index = nullptr;
  index = Opened(options, ledger.leaves());
  EXPECT_TRUE(index->notes().empty());
  EXPECT_GT(index->covered(), ledger.leaves() - 200);
  ledger.Replay(*index);
  ledger.ExpectAllFound(*index);
}

class KeyRunsDamage : public testing::Test {
 protected:
  KeyRunsDamage() : options_(SmallTables(directory_)), ledger_(5, 5000) {
    auto index = Opened(options_, 0);
    Fill(ledger_, *index);
    index = nullptr;
    covered_ = Opened(options_, ledger_.leaves())->covered();
  }
  TemporaryDirectory directory_;
  KeyRuns::Options options_;
  Ledger ledger_;
  std::uint64_t covered_ = 0;
};

TEST_F(KeyRunsDamage, AMissingManifestIsRebuilt) {
  std::filesystem::remove(options_.directory + "/keys.manifest");
  auto index = Opened(options_, ledger_.leaves());
  EXPECT_EQ(index->covered(), 0U);
  ledger_.Replay(*index);
  ledger_.ExpectAllFound(*index);
}

TEST_F(KeyRunsDamage, AFlippedBitOfTheManifestIsSeen) {
  const std::string path = options_.directory + "/keys.manifest";
  const std::string whole = ReadWholeFile(path);
  for (std::size_t at = 0; at < whole.size(); at += 7) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    EXPECT_TRUE(absl::IsDataLoss(DecodeKeyManifest(bytes).status())) << "byte " << at;
  }
  WriteWholeFile(path, whole.substr(0, whole.size() - 1));
  ExpectRebuilt(options_, ledger_, covered_);
}

TEST_F(KeyRunsDamage, AMissingRunIsRebuilt) {
  std::filesystem::remove(FilesOf(options_.directory, ".run").front());
  ExpectRebuilt(options_, ledger_, covered_);
}

TEST_F(KeyRunsDamage, ATruncatedRunIsRebuilt) {
  const std::string path = FilesOf(options_.directory, ".run").back();
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  ExpectRebuilt(options_, ledger_, covered_);
}

TEST_F(KeyRunsDamage, AFlippedBitOfAHeaderOrOfFencesIsRebuilt) {
  for (const std::string& path : FilesOf(options_.directory, ".run")) {
    const std::string whole = ReadWholeFile(path);
    const auto header = DecodeRunHeader(whole.substr(0, kRunPageBytes));
    for (const std::size_t at :
         {std::size_t{30}, std::size_t{4000}, std::size_t{header->fences_offset()}}) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ 1);
      WriteWholeFile(path, bytes);
      EXPECT_TRUE(absl::IsDataLoss(
          RunFile::Open(options_.directory, header->family, header->number, {}).status()))
          << path << " byte " << at;
    }
  }
  ExpectRebuilt(options_, ledger_, covered_);
}

// A page of the oldest run of a family.
void DamageOldest(const std::string& directory, const std::string& family) {
  for (const std::string& path : FilesOf(directory, ".run")) {
    if (path.find(family) == std::string::npos) continue;
    std::string bytes = ReadWholeFile(path);
    bytes[kRunPageBytes + 100] = static_cast<char>(bytes[kRunPageBytes + 100] ^ 1);
    WriteWholeFile(path, bytes);
    return;
  }
}

// Changes the run files of instruction ids as `change` does: header and all bytes.
void ChangeInstructionRuns(const std::string& directory,
                           const std::function<void(RunHeader&, std::string&)>& change) {
  for (const std::string& path : FilesOf(directory, ".run")) {
    if (path.find("instruction") == std::string::npos) continue;
    std::string bytes = ReadWholeFile(path);
    RunHeader header = *DecodeRunHeader(bytes.substr(0, kRunPageBytes));
    change(header, bytes);
    WriteWholeFile(path, EncodeRunHeader(header) + bytes.substr(kRunPageBytes));
  }
}

// Until every run has been written again with a whole filter.
void ExpectFiltersAreMadeAgain(const KeyRuns::Options& options, const Ledger& ledger) {
  auto index = Opened(options, ledger.leaves());
  EXPECT_TRUE(index->notes().empty());
  EXPECT_GT(index->covered(), ledger.leaves() - 200) << "no key had to come from the journal";
  ledger.Replay(*index);
  ledger.ExpectAllFound(*index);
  const std::size_t runs = index->stats().runs[0];
  for (int i = 0; i < 1000 && index->stats().rewritten < runs; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(index->stats().rewritten, runs);
  ledger.ExpectAllFound(*index);
  index = nullptr;
  index = Opened(options, ledger.leaves());
  EXPECT_TRUE(index->notes().empty());
  ledger.Replay(*index);
  ledger.ExpectAllFound(*index);
  index->WaitUntilIdle();
  EXPECT_EQ(index->stats().rewritten, 0U) << "once";
}

TEST_F(KeyRunsDamage, RunsOfTheVersionWithoutFiltersAreTakenAndWrittenAgain) {
  ChangeInstructionRuns(options_.directory, [](RunHeader& header, std::string& bytes) {
    bytes.resize(header.filter_offset());
    header.version = kRunFormatWithoutFilter;
    header.filter_blocks = 0;
  });
  ExpectFiltersAreMadeAgain(options_, ledger_);
}

TEST_F(KeyRunsDamage, ADamagedFilterIsMadeAgainFromItsRun) {
  ChangeInstructionRuns(options_.directory, [](RunHeader& header, std::string& bytes) {
    // Bits that were there are gone, in every block.
    for (std::size_t at = header.filter_offset(); at < bytes.size(); at += kRunFilterBlockBytes) {
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), 40, '\0');
    }
  });
  ExpectFiltersAreMadeAgain(options_, ledger_);
}

TEST_F(KeyRunsDamage, AFlippedBitOfAnyPageIsSeenWhenItIsReadAndHealsAfterwards) {
  for (const KeyFamily family : {kInstruction, kUetr}) {
    auto index = Opened(options_, ledger_.leaves());
    const std::uint64_t covered = index->covered();
    DamageOldest(options_.directory, family == kInstruction ? "instruction" : "uetr");
    absl::Status status;
    for (std::uint64_t key = 0; key < 5000 && status.ok(); ++key) {
      status = index->Find(family, SpreadFingerprint(key)).status();
    }
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_NE(status.message().find("page 0 (at byte 4096) is damaged"), std::string::npos);
    EXPECT_TRUE(absl::IsDataLoss(index->status()));
    EXPECT_TRUE(absl::IsDataLoss(index->EndBatch(ledger_.leaves())));
    index = nullptr;
    ExpectRebuilt(options_, ledger_, covered);
  }
}

// --- scrub ---

std::vector<std::string> Scrubbed(const KeyRuns& index) {
  std::vector<std::string> damaged;
  EXPECT_TRUE(index
                  .Scrub({.pace = [](std::size_t) { return false; },
                          .damaged = [&](std::string damage) { damaged.push_back(damage); }})
                  .ok());
  return damaged;
}

TEST_F(KeyRunsDamage, AScrubTellsADamagedPageWithoutAReaderAndTheNextStartHeals) {
  auto index = Opened(options_, ledger_.leaves());
  const std::uint64_t covered = index->covered();
  EXPECT_TRUE(Scrubbed(*index).empty());
  DamageOldest(options_.directory, "uetr");
  const std::vector<std::string> damaged = Scrubbed(*index);
  ASSERT_EQ(damaged.size(), 1U);
  EXPECT_NE(damaged.front().find("page 0 (at byte 4096) is damaged"), std::string::npos);
  EXPECT_TRUE(index->status().ok()) << "the index goes on";
  index = nullptr;
  ExpectRebuilt(options_, ledger_, covered);
}

TEST_F(KeyRunsDamage, AScrubHasADamagedFilterMadeAgain) {
  auto index = Opened(options_, ledger_.leaves());
  ChangeInstructionRuns(options_.directory, [](RunHeader& header, std::string& bytes) {
    bytes[header.filter_offset() + 3] ^= 8;
  });
  const std::size_t runs = index->stats().runs[0];
  const std::vector<std::string> damaged = Scrubbed(*index);
  ASSERT_EQ(damaged.size(), runs);
  EXPECT_NE(damaged.front().find("its filter is damaged, and is made again"), std::string::npos);
  for (int i = 0; i < 1000 && index->stats().rewritten < runs; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(index->stats().rewritten, runs);
  EXPECT_TRUE(Scrubbed(*index).empty());
}

// --- errors of the system ------------------------------------------------------------------------

TEST(KeyRuns, AFullDiskIsToldAndTheAnswersStayExact) {
  for (const std::string operation : {"write", "write back", "sync", "rename", "open"}) {
    const TemporaryDirectory directory;
    std::atomic<bool> full = false;
    KeyRuns::Options options = SmallTables(directory);
    options.fault = [&](std::string_view what) { return full && what == operation ? ENOSPC : 0; };
    auto index = Opened(options, 0);
    Ledger ledger(6, 5000);
    ASSERT_NO_FATAL_FAILURE(Fill(ledger, *index, 10));
    full = true;
    absl::Status status;
    std::vector<std::uint64_t> candidates(10);
    std::uint64_t leaf = ledger.leaves();
    while (status.ok()) {
      std::vector<std::uint64_t> ids;
      for (std::uint64_t i = 0; i < 10; ++i) ids.push_back(SpreadFingerprint(100'000 + leaf + i));
      ASSERT_TRUE(index->FindOrInsert(ids, leaf, candidates).ok());
      leaf += 10;
      index->MarkDurable(leaf);
      status = index->EndBatch(leaf);
    }
    EXPECT_NE(status.message().find("No space left"), std::string::npos) << operation;
    EXPECT_EQ(index->status(), status);
    for (std::uint64_t old = ledger.leaves(); old < leaf; ++old) {
      EXPECT_EQ(*index->Find(kInstruction, SpreadFingerprint(100'000 + old)),
                std::vector<std::uint64_t>{old});
    }
    ledger.ExpectAllFound(*index);
    index = nullptr;
    full = false;
    index = Opened(options, ledger.leaves());
    ledger.Replay(*index);
    ledger.ExpectAllFound(*index);
  }
}

// A merge that met a full disk once ended the ledger, which needs no merge to go on.
TEST(KeyRuns, MergesWaitWhileTheDiskIsFullAndTheIndexGoesOn) {
  const TemporaryDirectory directory;
  std::atomic<bool> room = false;
  std::atomic<bool> fills_up = false;  // once a merge has begun
  std::atomic<bool> full = false;
  KeyRuns::Options options = SmallTables(directory);
  options.merge_pause = std::chrono::milliseconds(1);
  options.free_bytes = [&]() -> std::uint64_t {
    if (!room) return options.merge_room_bytes;
    if (fills_up.exchange(false)) full = true;
    return ~std::uint64_t{0};
  };
  options.fault = [&](std::string_view what) {
    return what == "write" && full.exchange(false) ? ENOSPC : 0;
  };
  auto index = Opened(options, 0);
  Ledger ledger(6, 30'000);
  ASSERT_NO_FATAL_FAILURE(Fill(ledger, *index, 24));
  EXPECT_EQ(index->stats().merges, 0u);
  EXPECT_GT(index->stats().runs[0], 8u) << "more than an unhindered index keeps";
  ledger.ExpectAllFound(*index);
  fills_up = true;
  room = true;
  for (int i = 0; i < 1000 && index->stats().merges == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_FALSE(fills_up || full) << "the first merge failed";
  EXPECT_GT(index->stats().merges, 0u) << "and was made later";
  EXPECT_TRUE(index->status().ok()) << index->status();
  ledger.ExpectAllFound(*index);
}

TEST(KeyRuns, OpeningFailsOnAnErrorOfTheSystem) {
  const TemporaryDirectory directory;
  KeyRuns::Options options = SmallTables(directory);
  options.fault = [](std::string_view what) { return what == "open" ? EACCES : 0; };
  EXPECT_TRUE(absl::IsInternal(KeyRuns::Open(options, 0).status()));
}

// --- threads -----------------------------------------------------------------------------------

TEST(KeyRuns, FindRunsBesideTheWriterAndTheBackground) {
  const TemporaryDirectory directory;
  auto index = Opened(SmallTables(directory), 0);
  std::atomic<std::uint64_t> written = 0;
  std::atomic<bool> stop = false;
  const auto reader = [&](std::uint64_t seed) {
    TestSequence random(seed);
    while (!stop) {
      const std::uint64_t end = written;
      if (end == 0) continue;
      const std::uint64_t leaf = random.Below(end);
      ASSERT_EQ(*index->Find(kInstruction, SpreadFingerprint(leaf)),
                std::vector<std::uint64_t>{leaf});
      const std::vector<std::uint64_t> uetrs = *index->Find(kUetr, SpreadFingerprint(leaf / 2));
      ASSERT_FALSE(uetrs.empty());
      ASSERT_EQ(uetrs.front(), leaf / 2 * 2);
    }
  };
  std::thread first(reader, 1);
  std::thread second(reader, 2);
  std::vector<std::uint64_t> ids(40);
  std::vector<std::uint64_t> uetrs(40);
  std::vector<std::uint64_t> candidates(40);
  for (std::uint64_t leaf = 0; leaf < 6000; leaf += 40) {
    for (std::uint64_t i = 0; i < 40; ++i) {
      ids[i] = SpreadFingerprint(leaf + i);
      uetrs[i] = SpreadFingerprint((leaf + i) / 2);
    }
    ASSERT_TRUE(index->FindOrInsert(ids, leaf, candidates).ok());
    index->Insert(kUetr, uetrs, leaf);
    written = leaf + 40;
    index->MarkDurable(leaf + 40);
    ASSERT_TRUE(index->EndBatch(leaf + 40).ok());
  }
  stop = true;
  first.join();
  second.join();
  EXPECT_GT(index->stats().merges, 0U);
}

// --- sizes -------------------------------------------------------------------------------------

TEST(KeyRuns, TakesSixteenBytesOfDiskForAKeyAndNoMemoryForARun) {
  const TemporaryDirectory directory;
  KeyRuns::Options options = SmallTables(directory);
  options.table_keys_max = options.table_keys_min = 20'000;
  auto index = Opened(options, 0);
  index->WaitUntilIdle();
  const std::uint64_t tables = index->stats().memory_bytes;
  std::vector<std::uint64_t> ids(50);
  std::vector<std::uint64_t> candidates(50);
  for (std::uint64_t leaf = 0; leaf < 100'000; leaf += 50) {
    for (std::uint64_t i = 0; i < 50; ++i) ids[i] = SpreadFingerprint(leaf + i);
    ASSERT_TRUE(index->FindOrInsert(ids, leaf, candidates).ok());
    index->Insert(kUetr, ids, leaf);
    index->MarkDurable(leaf + 50);
    ASSERT_TRUE(index->EndBatch(leaf + 50).ok());
  }
  index->WaitUntilIdle();
  const KeyRuns::Stats stats = index->stats();
  EXPECT_LT(stats.uncertain, 500U);
  for (std::size_t family = 0; family < kKeyFamilies; ++family) {
    EXPECT_EQ(stats.run_keys[family], 100'000U);
    // Headers and part pages weigh more in small runs.
    EXPECT_LT(stats.disk_bytes[family], (family == 0 ? 17U : 14U) * stats.run_keys[family]);
  }
  // A second filter over recent keys at most, however many keys there are in runs.
  EXPECT_LE(stats.memory_bytes - tables, 2U * 2U * 6U * options.table_keys_max + 200);
}

}  // namespace
}  // namespace causeway::store
