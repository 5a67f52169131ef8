// The files of the key index, as docs/formats/key-runs.md tells them.
#include "settlement/store/key_runs_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "settlement/core/bytes.h"
#include "settlement/store/fingerprint.h"
#include "settlement/store/key_runs_filter.h"
#include "settlement/store/key_runs_manifest.h"
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
  // Header, three data pages, a page of fences.
  ASSERT_EQ(bytes.size(), 4096U * (1 + 3 + 1));
  core::Reader header(std::string_view(bytes).substr(0, 68));
  EXPECT_EQ(header.Raw(8), "CWKEYRUN");
  EXPECT_EQ(header.U16(), 1);
  EXPECT_EQ(header.U16(), 0);
  for (const std::uint64_t field : {std::uint64_t{77}, std::uint64_t{5}, std::uint64_t{0},
                                    kLeavesMax, std::uint64_t{700}, std::uint64_t{3}}) {
    EXPECT_EQ(header.U64(), field);
  }
  EXPECT_EQ(header.U64(), Checksum64(bytes.substr(4096 * 4, 4096), 5));
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
