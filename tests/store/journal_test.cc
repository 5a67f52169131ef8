// What every implementation of Journal does alike.
#include "settlement/store/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "settlement/store/journal_format.h"
#include "settlement/store/lmdb_journal.h"
#include "settlement/store/memory_journal.h"
#include "settlement/store/segment_journal.h"
#include "tests/store/store_test_util.h"

namespace causeway::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

struct MemoryFactory {
  std::unique_ptr<Journal> Open() { return NewMemoryJournal(TestIdentity()); }
};

struct LmdbFactory {
  std::unique_ptr<Journal> Open() {
    auto journal = OpenLmdbJournal(directory.Path("journal"), TestIdentity());
    EXPECT_TRUE(journal.ok()) << journal.status();
    return journal.ok() ? *std::move(journal) : nullptr;
  }
  TemporaryDirectory directory;
};

struct SegmentFactory {
  std::unique_ptr<Journal> Open() {
    auto journal =
        SegmentJournal::Open(directory.Path("journal"), TestIdentity(), {.segment_bytes = 1 << 20});
    EXPECT_TRUE(journal.ok()) << journal.status();
    return journal.ok() ? *std::move(journal) : nullptr;
  }
  TemporaryDirectory directory;
};

template <typename Factory>
class JournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    journal_ = factory_.Open();
    ASSERT_NE(journal_, nullptr);
  }

  void Append(const std::vector<Block>& blocks, const std::vector<MetaWrite>& meta = {}) {
    const absl::Status status = journal_->Append(blocks, meta);
    ASSERT_TRUE(status.ok()) << status;
  }

  Factory factory_;
  std::unique_ptr<Journal> journal_;
  BlockMaker maker_;
};

using Implementations = ::testing::Types<MemoryFactory, LmdbFactory, SegmentFactory>;
TYPED_TEST_SUITE(JournalTest, Implementations);

TYPED_TEST(JournalTest, BeginsEmpty) {
  EXPECT_EQ(this->journal_->block_count(), 0u);
  EXPECT_EQ(this->journal_->record_count(), 0u);
  EXPECT_EQ(this->journal_->Read(0).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(this->journal_->FindBlock(0).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(*this->journal_->GetMeta("anything"), std::nullopt);
}

TYPED_TEST(JournalTest, ReadsBackWhatWasAppended) {
  const Block first = this->maker_.Next(1, "first");
  const Block second = this->maker_.Next(7, std::string("zero\0inside", 11));
  const Block third = this->maker_.Next(2, "");
  this->Append({first, second});
  this->Append({third});
  EXPECT_EQ(this->journal_->block_count(), 3u);
  EXPECT_EQ(this->journal_->record_count(), 10u);
  for (const Block& block : {first, second, third}) {
    const auto read = this->journal_->Read(block.number);
    ASSERT_TRUE(read.ok()) << read.status();
    ExpectSameBlock(*read, block);
  }
  EXPECT_EQ(this->journal_->Read(3).status().code(), absl::StatusCode::kNotFound);
}

TYPED_TEST(JournalTest, KeepsLargeBlocks) {
  const Block large = this->maker_.Next(100000, std::string(20 * 1024 * 1024, 'L'));
  const Block small = this->maker_.Next(1, "s");
  this->Append({large, small});
  const auto read = this->journal_->Read(0);
  ASSERT_TRUE(read.ok()) << read.status();
  ExpectSameBlock(*read, large);
  EXPECT_EQ(*this->journal_->FindBlock(99999), 0u);
  EXPECT_EQ(*this->journal_->FindBlock(100000), 1u);
}

TYPED_TEST(JournalTest, FindsTheBlockOfEveryRecord) {
  TestSequence sequence(7);
  std::vector<std::uint64_t> block_of;
  for (int batch = 0; batch < 20; ++batch) {
    std::vector<Block> blocks;
    for (std::uint64_t i = 0, n = 1 + sequence.Below(9); i < n; ++i) {
      const auto count = static_cast<std::uint32_t>(1 + sequence.Below(5));
      blocks.push_back(this->maker_.Next(count, std::string(sequence.Below(3000), 'b')));
      block_of.insert(block_of.end(), count, blocks.back().number);
    }
    this->Append(blocks);
  }
  for (std::uint64_t index = 0; index < block_of.size(); ++index) {
    const auto found = this->journal_->FindBlock(index);
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_EQ(*found, block_of[index]) << "record " << index;
  }
  EXPECT_EQ(this->journal_->FindBlock(block_of.size()).status().code(),
            absl::StatusCode::kNotFound);
}

TYPED_TEST(JournalTest, ReadsAPartOfABody) {
  this->Append({this->maker_.Next(1, "first"), this->maker_.Next(2, "0123456789")});
  const auto body = this->journal_->OpenBody(1);
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_EQ((*body)->size(), 10u);
  EXPECT_EQ(*(*body)->Read(3, 4), "3456");
  EXPECT_EQ(*(*body)->Read(10, 0), "");
  EXPECT_EQ((*body)->Read(8, 3).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ((*body)->Read(11, 0).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(this->journal_->OpenBody(2).status().code(), absl::StatusCode::kNotFound);
}

TYPED_TEST(JournalTest, ReadsAnyPartOfBodiesOfAnyNumberOfPieces) {
  TestSequence sequence(11);
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, kPieceBytes - 1, kPieceBytes,
                                  kPieceBytes + 1, 2 * kPieceBytes, 5 * kPieceBytes + 77}) {
    const Block block = this->maker_.Next(1, SequenceOf(sequence, bytes));
    this->Append({block, this->maker_.Next(1, "behind it")});
    const auto body = this->journal_->OpenBody(block.number);
    ASSERT_TRUE(body.ok()) << body.status();
    EXPECT_EQ((*body)->size(), bytes);
    for (int i = 0; i < 50; ++i) {
      const std::size_t offset = sequence.Below(bytes + 1);
      const std::size_t size = sequence.Below(bytes - offset + 1);
      const auto part = (*body)->Read(offset, size);
      ASSERT_TRUE(part.ok()) << part.status();
      ASSERT_TRUE(*part == block.body.substr(offset, size)) << size << " from " << offset;
    }
    EXPECT_TRUE(*(*body)->Read(0, bytes) == block.body);
    EXPECT_TRUE(absl::IsOutOfRange((*body)->Read(1, bytes).status()));
    ExpectSameBlock(*this->journal_->Read(block.number), block);
  }
}

TYPED_TEST(JournalTest, MetadataIsSetReplacedAndDeleted) {
  this->Append({}, {{"k", "one"}, {"empty", ""}});
  EXPECT_EQ(*this->journal_->GetMeta("k"), "one");
  EXPECT_EQ(*this->journal_->GetMeta("empty"), "");
  this->Append({}, {{"k", "two"}, {"empty", std::nullopt}, {"never-there", std::nullopt}});
  EXPECT_EQ(*this->journal_->GetMeta("k"), "two");
  EXPECT_EQ(*this->journal_->GetMeta("empty"), std::nullopt);
  this->Append({}, {{"k", "three"}, {"k", std::nullopt}, {"k", "four"}});
  EXPECT_EQ(*this->journal_->GetMeta("k"), "four") << "writes apply in their order";
}

TYPED_TEST(JournalTest, ListsMetadataByPrefixInByteOrder) {
  this->Append({},
               {{"a/2", "2"}, {"a/\xff", "255"}, {"a/1", "1"}, {"b", "x"}, {"a", "y"}, {"", "e"}});
  EXPECT_THAT(*this->journal_->ListMeta("a/"),
              ElementsAre(Pair("a/1", "1"), Pair("a/2", "2"), Pair("a/\xff", "255")));
  EXPECT_EQ(this->journal_->ListMeta("")->size(), 6u);
  EXPECT_EQ(*this->journal_->GetMeta(""), "e");
  EXPECT_THAT(*this->journal_->ListMeta("c"), IsEmpty());
}

TYPED_TEST(JournalTest, KeysAreAllowedUpToTheirLimit) {
  const std::string longest(kMetaKeyBytesMax, 'k');
  this->Append({}, {{longest, "v"}});
  EXPECT_EQ(*this->journal_->GetMeta(longest), "v");
  EXPECT_EQ(*this->journal_->GetMeta(longest + "k"), std::nullopt);
  EXPECT_THAT(*this->journal_->ListMeta(longest + "k"), IsEmpty());
}

TYPED_TEST(JournalTest, HeadChangesWithEveryBlockAndNotWithMetadata) {
  const core::Hash256 empty = this->journal_->head();
  this->Append({}, {{"k", "v"}});
  EXPECT_EQ(this->journal_->head(), empty);
  this->Append({this->maker_.Next(1, "x")});
  const core::Hash256 one = this->journal_->head();
  EXPECT_NE(one, empty);
  this->Append({this->maker_.Next(1, "x")});
  EXPECT_NE(this->journal_->head(), one);
}

TYPED_TEST(JournalTest, AppendOfNothingIsAllowed) {
  this->Append({}, {});
  EXPECT_EQ(this->journal_->block_count(), 0u);
}

TYPED_TEST(JournalTest, ReadersRunBesideTheWriter) {
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> reads{0};
  std::thread reader([&] {
    while (!done || reads == 0) {
      const std::uint64_t count = this->journal_->block_count();
      if (count == 0) continue;
      const auto block = this->journal_->Read(count - 1);
      ASSERT_TRUE(block.ok()) << block.status();
      ASSERT_EQ(block->body, std::to_string(count - 1));
      ASSERT_EQ(*this->journal_->FindBlock(count - 1), count - 1);
      ASSERT_TRUE(this->journal_->GetMeta("last")->has_value());
      ++reads;
    }
  });
  for (int i = 0; i < 100; ++i) {
    this->Append({this->maker_.Next(1, std::to_string(i))}, {{"last", std::to_string(i)}});
  }
  done = true;
  reader.join();
  EXPECT_GT(reads, 0u);
}

template <typename Factory>
using JournalDeathTest = JournalTest<Factory>;
TYPED_TEST_SUITE(JournalDeathTest, Implementations);

TYPED_TEST(JournalDeathTest, BlocksThatDoNotContinueTheJournalStopTheProcess) {
  this->Append({this->maker_.Next(3, "x")});
  const std::vector<Block> gap = {{.number = 2, .first_index = 3, .count = 1, .body = ""}};
  EXPECT_DEATH(this->journal_->Append(gap, {}).IgnoreError(), "without gaps");
  const std::vector<Block> overlap = {{.number = 1, .first_index = 2, .count = 1, .body = ""}};
  EXPECT_DEATH(this->journal_->Append(overlap, {}).IgnoreError(), "follow those before");
  const std::vector<Block> empty = {{.number = 1, .first_index = 3, .count = 0, .body = ""}};
  EXPECT_DEATH(this->journal_->Append(empty, {}).IgnoreError(), "at least one record");
}

TYPED_TEST(JournalDeathTest, KeysOverTheLimitStopTheProcess) {
  const std::vector<MetaWrite> meta = {{std::string(kMetaKeyBytesMax + 1, 'k'), "v"}};
  EXPECT_DEATH(this->journal_->Append({}, meta).IgnoreError(), "kMetaKeyBytesMax");
}

TEST(JournalHeadTest, IsTheSameInMemoryAndOnDisk) {
  MemoryFactory memory;
  LmdbFactory lmdb;
  SegmentFactory segments;
  const std::unique_ptr<Journal> first = memory.Open();
  const std::unique_ptr<Journal> second = lmdb.Open();
  const std::unique_ptr<Journal> third = segments.Open();
  EXPECT_EQ(first->head(), second->head());
  EXPECT_EQ(first->head(), third->head());
  BlockMaker maker;
  const std::vector<Block> blocks = {maker.Next(1, "a"), maker.Next(9, std::string(9000, 'b'))};
  ASSERT_TRUE(first->Append(blocks, {}).ok());
  ASSERT_TRUE(second->Append(blocks, {}).ok());
  ASSERT_TRUE(third->Append(blocks, {}).ok());
  EXPECT_EQ(first->head(), second->head());
  EXPECT_EQ(first->head(), third->head());
}

TEST(JournalHeadTest, DependsOnTheIdentity) {
  JournalIdentity other = TestIdentity();
  other.name = "ledger.example/thb";
  EXPECT_NE(NewMemoryJournal(other)->head(), NewMemoryJournal(TestIdentity())->head());
}

}  // namespace
}  // namespace causeway::store
