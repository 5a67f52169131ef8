// The simulated disk: what a crash may do to it, and what it finds when bytes change.
#include "scenarios/simulator/virtual_disk.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

namespace causeway::sim {
namespace {

class VirtualDiskTest : public ::testing::Test {
 protected:
  void Append(const std::string& body, const std::string& key = "", const std::string& value = "") {
    const std::uint64_t number = journal_->block_count();
    const std::array<store::Block, 1> blocks = {
        {{.number = number, .first_index = number, .count = 1, .body = body}}};
    std::vector<store::MetaWrite> meta;
    if (!key.empty()) meta.push_back({key, value});
    ASSERT_TRUE(journal_->Append(blocks, meta).ok());
  }
  void Reopen() {
    auto opened = disk_.Open();
    ASSERT_TRUE(opened.ok()) << opened.status();
    journal_ = *std::move(opened);
  }

  Coverage coverage_;
  VirtualDisk disk_{{.kind = "ledger", .name = "example", .genesis = {}}, coverage_};
  std::unique_ptr<store::Journal> journal_ = *disk_.Open();
};

TEST_F(VirtualDiskTest, SyncedWritesSurviveEveryCrash) {
  core::RandomStream random(1, "test");
  for (int i = 0; i < 50; ++i) {
    Append("block " + std::to_string(i), "last", std::to_string(i));
    disk_.Sync();
    disk_.Crash(random);
    Reopen();
    ASSERT_EQ(journal_->block_count(), static_cast<std::uint64_t>(i) + 1);
    EXPECT_EQ(journal_->Read(static_cast<std::uint64_t>(i))->body, "block " + std::to_string(i));
    EXPECT_EQ(*journal_->GetMeta("last"), std::to_string(i));
  }
}

// Its part of a write over several journals goes the way of the others.
TEST_F(VirtualDiskTest, WriteTogetherIsKeptOrLostAsItIsTold) {
  core::RandomStream random(3, "test");
  for (const bool kept : {true, false, true}) {
    const std::uint64_t before = journal_->block_count();
    Append("one", "last", "1");
    Append("two", "last", "2");
    disk_.CrashTogether(kept, random);
    Reopen();
    EXPECT_EQ(journal_->block_count(), before + (kept ? 2 : 0));
  }
}

// A write is there as a whole, block and metadata, or not at all; never a later one without an
// earlier one.
TEST_F(VirtualDiskTest, UnsyncedWritesSurviveAsAPrefixAndWhole) {
  core::RandomStream random(2, "test");
  std::set<std::uint64_t> kept_counts;
  for (int round = 0; round < 100; ++round) {
    const std::uint64_t before = journal_->block_count();
    for (int i = 0; i < 3; ++i) {
      const std::string text = std::to_string(journal_->block_count());
      Append(text, "last", text);
    }
    EXPECT_TRUE(disk_.HasUnsynced());
    EXPECT_EQ(disk_.synced_blocks(), before);
    disk_.Crash(random);
    Reopen();
    const std::uint64_t kept = journal_->block_count() - before;
    ASSERT_LE(kept, 3U);
    kept_counts.insert(kept);
    if (journal_->block_count() == 0) continue;
    const std::string last = std::to_string(journal_->block_count() - 1);
    EXPECT_EQ(journal_->Read(journal_->block_count() - 1)->body, last);
    EXPECT_EQ(*journal_->GetMeta("last"), last);
  }
  EXPECT_EQ(kept_counts.size(), 4U);
  EXPECT_GT(coverage_[Covered::kTornWriteRecovered], 0U);
}

TEST_F(VirtualDiskTest, OneFlippedBitOfABlockIsFoundAtOpeningAndAtReading) {
  for (int i = 0; i < 5; ++i) Append(std::string(40, 'x'));
  disk_.Sync();
  core::RandomStream random(3, "test");
  ASSERT_TRUE(disk_.CorruptBlock(random));
  int unreadable = 0;
  for (std::uint64_t number = 0; number < 5; ++number) {
    if (absl::IsDataLoss(journal_->Read(number).status())) ++unreadable;
  }
  EXPECT_EQ(unreadable, 1);
  EXPECT_TRUE(absl::IsDataLoss(disk_.Open().status()));
  ASSERT_TRUE(disk_.damaged_block().has_value());
  // Only the right copy is taken.
  const std::uint64_t damaged = *disk_.damaged_block();
  EXPECT_FALSE(disk_.Repair(damaged, "something else"));
  EXPECT_TRUE(disk_.Repair(damaged, std::string(40, 'x')));
  Reopen();
  EXPECT_EQ(journal_->Read(damaged)->body, std::string(40, 'x'));
}

TEST_F(VirtualDiskTest, OneFlippedBitOfMetadataIsFoundAndHasNoCopy) {
  Append("block", "key", "value");
  disk_.Sync();
  core::RandomStream random(4, "test");
  ASSERT_TRUE(disk_.CorruptMetadata(random));
  EXPECT_TRUE(absl::IsDataLoss(journal_->GetMeta("key").status()));
  EXPECT_TRUE(absl::IsDataLoss(disk_.Open().status()));
  EXPECT_FALSE(disk_.damaged_block().has_value());
}

}  // namespace
}  // namespace causeway::sim
