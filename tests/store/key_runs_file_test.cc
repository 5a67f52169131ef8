// The files of the key index, as docs/formats/key-runs.md tells them.
#include "settlement/store/key_runs_file.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <vector>

#include "settlement/core/bytes.h"
#include "settlement/store/fingerprint.h"
#include "settlement/store/key_runs_filter.h"
#include "settlement/store/key_runs_manifest.h"
#include "settlement/store/key_runs_probe.h"
#include "settlement/store/key_runs_table.h"
#include "tests/store/store_test_util.h"

namespace causeway::store {
namespace {

std::vector<KeyEntry> SortedEntries(std::uint64_t seed, std::size_t count) {
  TestSequence random(seed);
  std::vector<KeyEntry> entries;
  for (std::size_t i = 0; i < count; ++i) {
    entries.push_back({random.Below(~std::uint64_t{0}), random.Below(kLeavesMax)});
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::shared_ptr<const RunFile> WrittenRun(const TemporaryDirectory& directory, KeyFamily family,
                                          const std::vector<KeyEntry>& entries) {
  auto writer = RunWriter::Create(directory.Path(""),
                                  {.family = family,
                                   .scope = 77,
                                   .number = 5,
                                   .from_leaf = 0,
                                   .to_leaf = kLeavesMax,
                                   .keys = entries.size()},
                                  {});
  EXPECT_TRUE(writer.ok()) << writer.status();
  for (const KeyEntry& entry : entries) (*writer)->Add(entry.fingerprint, entry.leaf);
  auto run = (*writer)->Finish();
  EXPECT_TRUE(run.ok()) << run.status();
  return *std::move(run);
}

TEST(KeyFingerprinter, IsXxh3UnderASecretOfTheKey) {
  // Of the xxHash specification: nothing, seed 0.
  EXPECT_EQ(Checksum64("", 0), 0x2D06800538D394C2U);
  const KeyFingerprinter first({1});
  const KeyFingerprinter second({2});
  EXPECT_EQ(first("a key of twenty-four byt"), KeyFingerprinter({1})("a key of twenty-four byt"));
  EXPECT_NE(first("a key of twenty-four byt"), second("a key of twenty-four byt"));
  EXPECT_NE(first("a key"), first("a kez"));
}

TEST(RunFile, HasTheBytesOfTheFormatPage) {
  const TemporaryDirectory directory;
  const std::vector<KeyEntry> entries = SortedEntries(1, 700);
  const auto run = WrittenRun(directory, KeyFamily::kInstruction, entries);
  const std::string bytes = ReadWholeFile(run->path());
  ASSERT_EQ(run->path(), directory.Path("") + "/instruction-0000000005.run");
  // Header, three data pages, a page of fences, a page of 30 filter blocks.
  ASSERT_EQ(bytes.size(), 4096U * (1 + 3 + 1 + 1));
  core::Reader header(std::string_view(bytes).substr(0, 76));
  EXPECT_EQ(header.Raw(8), "CWKEYRUN");
  EXPECT_EQ(header.U16(), 2);
  EXPECT_EQ(header.U16(), 0);
  for (const std::uint64_t field : {std::uint64_t{77}, std::uint64_t{5}, std::uint64_t{0},
                                    kLeavesMax, std::uint64_t{700}, std::uint64_t{3}}) {
    EXPECT_EQ(header.U64(), field);
  }
  EXPECT_EQ(header.U64(), Checksum64(bytes.substr(4096 * 4, 4096), 5));
  EXPECT_EQ(header.U64(), 30U);
  EXPECT_EQ(core::Reader(bytes.substr(4088, 8)).U64(), Checksum64(bytes.substr(0, 4088), 5));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::string page = bytes.substr(4096 * (1 + i / 313), 4096);
    EXPECT_EQ(core::Reader(page).U64(),
              Checksum64(page.substr(8), 5 * (std::uint64_t{1} << 32) + i / 313));
    EXPECT_EQ(core::Reader(page.substr(8)).U16(), i / 313 < 2 ? 313 : 74);
    EXPECT_EQ(core::Reader(page.substr(16 + 8 * (i % 313))).U64(), entries[i].fingerprint);
    EXPECT_EQ(core::Reader(std::string(3, '\0') + page.substr(2520 + 5 * (i % 313), 5)).U64(),
              entries[i].leaf);
    if (i % 313 == 0) {
      EXPECT_EQ(core::Reader(bytes.substr(4096 * 4 + 8 * (i / 313))).U64(), entries[i].fingerprint);
    }
  }
}

std::uint64_t LittleEndian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 8; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
  return value;
}

TEST(RunFile, HasTheFilterOfTheFormatPage) {
  const TemporaryDirectory directory;
  const std::vector<KeyEntry> entries = SortedEntries(1, 700);
  const auto run = WrittenRun(directory, KeyFamily::kInstruction, entries);
  const std::string filter = ReadWholeFile(run->path()).substr(4096 * 5);
  for (std::uint64_t block = 0; block < 30; ++block) {
    std::vector<std::uint64_t> words(7);
    for (const KeyEntry& entry : entries) {
      __extension__ using Wide = unsigned __int128;
      if (static_cast<std::uint64_t>(Wide{entry.fingerprint} * 30 >> 64) != block) continue;
      const std::uint64_t mixed = entry.fingerprint * 0x9E3779B97F4A7C15;
      for (unsigned i = 0; i < 7; ++i) words[i] |= std::uint64_t{1} << (mixed >> (58 - 6 * i) & 63);
    }
    std::uint64_t checksum = ((5ULL << 40) + block + 1) * 0x9E3779B97F4A7C15;
    for (std::size_t i = 0; i < 7; ++i) {
      EXPECT_EQ(LittleEndian(filter.substr(64 * block + 8 * i)), words[i]);
      checksum ^= words[i];
    }
    EXPECT_EQ(LittleEndian(filter.substr(64 * block + 56)), checksum);
  }
  EXPECT_EQ(filter.substr(64 * 30).find_first_not_of('\0'), std::string::npos);
}

TEST(RunFile, ItsFilterRulesOutNearlyAllOthersAndNoneOfItsKeys) {
  const TemporaryDirectory directory;
  const std::vector<KeyEntry> entries = SortedEntries(2, 50'000);
  const auto run = WrittenRun(directory, KeyFamily::kInstruction, entries);
  for (const KeyEntry& entry : entries) ASSERT_TRUE(run->MayHold(entry.fingerprint));
  std::size_t invented = 0;
  for (const KeyEntry& other : SortedEntries(3, 50'000)) {
    if (run->MayHold(other.fingerprint)) ++invented;
  }
  EXPECT_LT(invented, 100U) << "of 50,000: 0.1% is expected at most";
  EXPECT_FALSE(run->wants_filter());
}

TEST(KeyProbe, AnswersTheSameWithAndWithoutWideRegisters) {
  const TemporaryDirectory directory;
  const auto run = WrittenRun(directory, KeyFamily::kInstruction, SortedEntries(2, 5'000));
  KeyFilter older(5'000);
  std::vector<std::uint64_t> keys;
  for (const KeyEntry& entry : SortedEntries(2, 1024)) keys.push_back(entry.fingerprint);
  for (const KeyEntry& entry : SortedEntries(6, 5'000)) older.TestAndAdd(entry.fingerprint);
  for (std::size_t i = 0; i < keys.size(); i += 5) keys[i] = keys[keys.size() - 1 - i];
  std::array<std::array<std::array<std::uint8_t, kProbeKeysMax>, 3>, 2> maybe{};
  std::array<std::array<std::size_t, 3>, 2> counts{};
  for (const bool wide : {false, true}) {
    UseWideRegisters(wide);
    auto& answers = maybe[wide ? 1 : 0];
    KeyFilter newer(1'000);
    counts[wide ? 1 : 0] = {TestAndAddKeys(newer, &older, keys, answers[0].data()),
                            TestKeys(newer, &older, keys, answers[1].data()),
                            run->MayHold(keys, answers[2].data())};
    EXPECT_EQ(counts[wide ? 1 : 0][1], keys.size()) << "all were added";
    EXPECT_GT(newer.keys(), 500U);
  }
  EXPECT_EQ(maybe[0], maybe[1]);
  EXPECT_EQ(counts[0], counts[1]);
}

TEST(RunFile, AFilterBlockWithAFlippedBitRulesNothingOut) {
  const TemporaryDirectory directory;
  const auto run = WrittenRun(directory, KeyFamily::kInstruction, SortedEntries(4, 20));
  const std::string whole = ReadWholeFile(run->path());
  const std::size_t filter_at = run->header().filter_offset();
  ASSERT_EQ(run->header().filter_blocks, 1U);
  std::uint64_t other = 1;
  while (run->MayHold(other)) ++other;
  for (std::size_t bit = 0; bit < 8 * kRunFilterBlockBytes; ++bit) {
    std::string bytes = whole;
    char& damaged = bytes[filter_at + bit / 8];
    damaged = static_cast<char>(damaged ^ (1 << bit % 8));
    WriteWholeFile(run->path(), bytes);
    const auto opened = RunFile::Open(directory.Path(""), KeyFamily::kInstruction, 5, {});
    ASSERT_TRUE(opened.ok()) << opened.status();
    ASSERT_TRUE((*opened)->MayHold(other)) << "bit " << bit;
    ASSERT_TRUE((*opened)->wants_filter());
  }
}

TEST(RunFile, DamagedFencesLeadToNoWrongAnswer) {
  const TemporaryDirectory directory;
  const std::vector<KeyEntry> entries = SortedEntries(5, 2000);
  const auto run = WrittenRun(directory, KeyFamily::kInstruction, entries);
  std::string bytes = ReadWholeFile(run->path());
  for (std::uint64_t page = 0; page < run->header().pages; ++page) {
    std::string damaged = bytes;
    damaged[run->header().fences_offset() + 8 * page] ^= 0x55;
    WriteWholeFile(run->path(), damaged);  // the same file: what is mapped changes too
    for (const KeyEntry& entry : entries) {
      const auto found = run->FindNewest(entry.fingerprint);
      ASSERT_TRUE(found.ok() ? *found == entry.leaf : absl::IsDataLoss(found.status()));
    }
  }
}

TEST(RunFile, FindsEveryKeyAndNoOther) {
  const TemporaryDirectory directory;
  for (const std::size_t count : {0U, 1U, 312U, 313U, 314U, 20'000U}) {
    const std::vector<KeyEntry> entries = SortedEntries(count, count);
    WrittenRun(directory, KeyFamily::kInstruction, entries);
    auto run = RunFile::Open(directory.Path(""), KeyFamily::kInstruction, 5, {});
    ASSERT_TRUE(run.ok()) << run.status();
    for (const KeyEntry& entry : entries) {
      ASSERT_EQ(*(*run)->FindNewest(entry.fingerprint), entry.leaf);
      ASSERT_EQ(*(*run)->FindNewest(entry.fingerprint + 1), kNoLeaf);
      ASSERT_EQ(*(*run)->FindNewest(entry.fingerprint - 1), kNoLeaf);
    }
    EXPECT_EQ(*(*run)->FindNewest(0), kNoLeaf);
    EXPECT_EQ(*(*run)->FindNewest(~std::uint64_t{0}), kNoLeaf);
  }
}

// Its fences were looked at, which it has none of: behind the file's only page, where the process
// has something else in memory mostly, and else ended.
TEST(RunFile, OfNoKeysFindsNothingAndLooksAtNothingBehindItsHeader) {
  const TemporaryDirectory directory;
  // A gap of one page, into which the file is likely mapped, before a page that nobody may read.
  void* const pages =
      mmap(nullptr, 2 * kRunPageBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  ASSERT_EQ(munmap(pages, kRunPageBytes), 0);
  const auto run = WrittenRun(directory, KeyFamily::kUetr, {});
  for (const std::uint64_t fingerprint : {std::uint64_t{0}, ~std::uint64_t{0}}) {
    EXPECT_EQ(*run->FindNewest(fingerprint), kNoLeaf);
    std::vector<std::uint64_t> leaves;
    EXPECT_TRUE(run->FindAll(fingerprint, 0, 10, leaves).ok());
    EXPECT_TRUE(leaves.empty());
  }
  munmap(static_cast<char*>(pages) + kRunPageBytes, kRunPageBytes);
}

TEST(RunFile, FindsTheExtremesAndWhatFillsWholePages) {
  const TemporaryDirectory directory;
  std::vector<KeyEntry> entries = {{0, 1}, {0, 2}};
  for (std::uint64_t leaf = 0; leaf < 1000; ++leaf) entries.push_back({1U << 31, leaf});
  entries.push_back({~std::uint64_t{0}, 7});
  for (const KeyFamily family : {KeyFamily::kInstruction, KeyFamily::kUetr}) {
    const auto run = WrittenRun(directory, family, entries);
    EXPECT_EQ(*run->FindNewest(0), 2U);
    EXPECT_EQ(*run->FindNewest(1U << 31), 999U);
    EXPECT_EQ(*run->FindNewest(~std::uint64_t{0}), 7U);
    std::vector<std::uint64_t> leaves;
    ASSERT_TRUE(run->FindAll(1U << 31, 300, 500, leaves).ok());
    ASSERT_EQ(leaves.size(), 500U);
    EXPECT_EQ(leaves.front(), 300U);
    EXPECT_EQ(leaves.back(), 799U);
  }
}

TEST(RunCursor, ReadsARunFromBeginningToEnd) {
  const TemporaryDirectory directory;
  const std::vector<KeyEntry> entries = SortedEntries(3, 313 * 70 + 5);
  RunCursor cursor(WrittenRun(directory, KeyFamily::kUetr, entries));
  for (const KeyEntry& entry : entries) {
    ASSERT_TRUE(cursor.Next());
    ASSERT_EQ(cursor.fingerprint(), entry.fingerprint);
    ASSERT_EQ(cursor.leaf(), entry.leaf);
  }
  EXPECT_FALSE(cursor.Next());
  EXPECT_TRUE(cursor.status().ok());
}

TEST(KeyManifest, RoundTripsAndRefusesRunsThatDoNotFollow) {
  KeyManifest manifest{.scope = 9, .next_number = 8};
  manifest.runs[0] = {{1, 3, 0, 100, 90}, {0, 7, 100, 150, 50}};
  manifest.runs[1] = {{0, 4, 0, 150, 151}};
  EXPECT_EQ(*DecodeKeyManifest(EncodeKeyManifest(manifest)), manifest);
  manifest.runs[0][1].from_leaf = 101;
  EXPECT_TRUE(absl::IsDataLoss(DecodeKeyManifest(EncodeKeyManifest(manifest)).status()));
}

TEST(KeyFilter, ForgetsNoKeyAndRarelyInventsOne) {
  constexpr std::uint64_t kKeys = 20'000;
  KeyFilter filter(kKeys);
  TestSequence random(1);
  std::vector<std::uint64_t> keys;
  std::size_t invented = 0;
  for (std::uint64_t i = 0; i < kKeys; ++i) {
    keys.push_back(random.Below(~std::uint64_t{0}));
    if (filter.TestAndAdd(keys.back())) ++invented;
  }
  EXPECT_EQ(filter.keys() + invented, kKeys);
  EXPECT_LT(invented, kKeys / 1000);
  for (const std::uint64_t key : keys) ASSERT_TRUE(filter.TestAndAdd(key));
}

void ExpectDrainsSorted(std::size_t count, std::uint64_t spread) {
  KeyTable table;
  table.Reset(count + 1);
  TestSequence random(count + spread);
  std::vector<KeyEntry> entries;
  for (std::size_t i = 0; i < count; ++i) {
    entries.push_back({~random.Below(spread), i});
    table.Insert(entries.back().fingerprint, i);
  }
  std::sort(entries.begin(), entries.end());
  std::size_t at = 0;
  table.Drain([&](std::uint64_t fingerprint, std::uint64_t leaf) {
    ASSERT_LT(at, entries.size());
    ASSERT_EQ(fingerprint, entries[at].fingerprint);
    ASSERT_EQ(leaf, entries[at].leaf);
    ++at;
  });
  EXPECT_EQ(at, count);
  EXPECT_EQ(table.size(), count);
}

TEST(KeyTable, DrainsSorted) {
  for (const std::size_t count : {0U, 1U, 511U, 512U, 513U, 50'000U}) {
    for (const std::uint64_t spread : {std::uint64_t{1}, std::uint64_t{7}, ~std::uint64_t{0}}) {
      ExpectDrainsSorted(count, spread);
    }
  }
}

}  // namespace
}  // namespace causeway::store
