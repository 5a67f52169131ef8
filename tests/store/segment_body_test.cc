// Parts of blocks read out of segment files: what is verified, what is not, and journals that older
// versions began.
#include "settlement/store/segment_body.h"

#include <gtest/gtest.h>

#include <functional>

#include "settlement/store/journal_format.h"
#include "settlement/store/segment_archive.h"
#include "settlement/store/segment_format.h"
#include "settlement/store/segment_journal.h"
#include "tests/store/store_test_util.h"

namespace causeway::store {
namespace {

constexpr Instance kInstance = {1, 2, 3};
constexpr std::size_t kBodyBytes = 3 * kPieceBytes + 1000;  // of a block of four pieces
constexpr std::size_t kFrontBytes = BlockFrontBytes(kBodyBytes);
// In the first segment, of its first block.
constexpr std::size_t kRecordAt = kSegmentHeaderBytes + kFrameHeaderBytes;

class SegmentBodyTest : public ::testing::Test {
 protected:
  std::unique_ptr<SegmentJournal> MustOpen(bool verify_all = false) {
    auto journal = Open(verify_all);
    EXPECT_TRUE(journal.ok()) << journal.status();
    return journal.ok() ? *std::move(journal) : nullptr;
  }
  absl::StatusOr<std::unique_ptr<SegmentJournal>> Open(bool verify_all = false) {
    return SegmentJournal::Open(
        path_, TestIdentity(),
        {.segment_bytes = 1 << 20, .verify_all = verify_all, .instance = kInstance});
  }
  void Append(SegmentJournal& journal, std::size_t body_bytes, int count = 1) {
    for (int i = 0; i < count; ++i) {
      blocks_.push_back(maker_.Next(3, SequenceOf(sequence_, body_bytes)));
      ASSERT_TRUE(journal.Append({&blocks_.back(), 1}, {}).ok());
    }
  }
  std::string First() const { return path_ + "/" + SegmentFileName(0); }
  static void FlipBit(const std::string& path, std::size_t offset) {
    std::string bytes = ReadWholeFile(path);
    bytes.at(offset) = static_cast<char>(bytes.at(offset) ^ 16);
    WriteWholeFile(path, bytes);
  }
  void ExpectRefused(const absl::Status& status, std::size_t offset, std::uint64_t block) const {
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    const std::string place =
        First() + ": offset " + std::to_string(offset) + ": block " + std::to_string(block) + ": ";
    EXPECT_NE(status.ToString().find(place), std::string::npos) << status << " not at " << place;
  }
  // What a scrub of the sealed segments tells.
  static std::vector<std::string> ScrubOf(const SegmentJournal& journal) {
    std::vector<std::string> told;
    const absl::Status scrubbed =
        journal.Scrub({.pace = [](std::size_t) { return false; },
                       .damaged = [&](const std::string& damage) { told.push_back(damage); }});
    EXPECT_TRUE(scrubbed.ok()) << scrubbed;
    return told;
  }
  void ExpectIntact(const Journal& journal) {
    ASSERT_EQ(journal.block_count(), blocks_.size());
    for (const Block& block : blocks_) {
      const auto read = journal.Read(block.number);
      ASSERT_TRUE(read.ok()) << read.status();
      ExpectSameBlock(*read, block);
      const auto body = journal.OpenBody(block.number);
      ASSERT_TRUE(body.ok()) << body.status();
      const std::size_t half = block.body.size() / 2;
      EXPECT_TRUE(*(*body)->Read(half, block.body.size() - half) == block.body.substr(half));
    }
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_.Path("journal");
  BlockMaker maker_;
  TestSequence sequence_{3};
  std::vector<Block> blocks_;
};

// A sealed segment that begins with a block of four pieces.
class DamagedBodyTest : public SegmentBodyTest {
 protected:
  DamagedBodyTest() {
    journal_ = MustOpen();
    Append(*journal_, kBodyBytes, 12);
    EXPECT_GT(ReadWholeFile(First()).size() % kSegmentUnitBytes, 0u) << "it is sealed";
  }
  std::unique_ptr<SegmentJournal> journal_;
};

TEST_F(DamagedBodyTest, DamageBeforeTheBodyIsMetByEveryRead) {
  for (const std::size_t at : {std::size_t{0}, std::size_t{5}, std::size_t{9}, std::size_t{20},
                               std::size_t{25}, std::size_t{29}, std::size_t{40}, std::size_t{70},
                               kBlockHeaderBytes, kBlockHeaderBytes + 40, kFrontBytes - 1}) {
    FlipBit(First(), kRecordAt + at);
    ExpectRefused(journal_->OpenBody(0).status(), kRecordAt, 0);
    ExpectRefused(journal_->Read(0).status(), kRecordAt, 0);
    EXPECT_EQ(ScrubOf(*journal_).size(), 1u) << at;
    EXPECT_TRUE(journal_->OpenBody(1).ok());
    FlipBit(First(), kRecordAt + at);
  }
  EXPECT_TRUE(ScrubOf(*journal_).empty());
  ExpectIntact(*journal_);
}

TEST_F(DamagedBodyTest, DamageInAPieceIsMetByThoseWhoReadItAndByWholeReads) {
  const std::size_t pieces = PiecesOf(kBodyBytes);
  for (std::size_t damaged = 0; damaged < pieces; ++damaged) {
    const std::size_t start = damaged * kPieceBytes;
    const std::size_t last = std::min(start + kPieceBytes, kBodyBytes) - 1;
    for (const std::size_t at : {start, start + 500, last}) {
      FlipBit(First(), kRecordAt + kFrontBytes + at);
      const auto body = journal_->OpenBody(0);
      ASSERT_TRUE(body.ok()) << body.status();
      for (std::size_t piece = 0; piece < pieces; ++piece) {
        const auto read = (*body)->Read(piece * kPieceBytes + 7, 100);
        if (piece != damaged) {
          ASSERT_TRUE(read.ok()) << read.status();
          EXPECT_EQ(*read, blocks_[0].body.substr(piece * kPieceBytes + 7, 100));
        } else {
          ExpectRefused(read.status(), kRecordAt + kFrontBytes + start, 0);
        }
      }
      EXPECT_TRUE(absl::IsDataLoss((*body)->Read(0, kBodyBytes).status()));
      ExpectRefused(journal_->Read(0).status(), kRecordAt, 0);
      EXPECT_EQ(ScrubOf(*journal_).size(), 1u);
      FlipBit(First(), kRecordAt + kFrontBytes + at);
    }
  }
  EXPECT_TRUE(ScrubOf(*journal_).empty());
}

TEST_F(DamagedBodyTest, WhatWasVerifiedIsNotReadAgain) {
  const auto body = journal_->OpenBody(0);
  ASSERT_TRUE((*body)->Read(10, 20).ok());
  FlipBit(First(), kRecordAt + kFrontBytes + 15);
  EXPECT_EQ(*(*body)->Read(12, 20), blocks_[0].body.substr(12, 20));
  EXPECT_TRUE(absl::IsDataLoss((*journal_->OpenBody(0))->Read(12, 20).status()));
}

TEST_F(DamagedBodyTest, DamageBehindTheBodyIsForTheScrub) {
  ASSERT_NE((kFrontBytes + kBodyBytes) % kSegmentAlignment, 0u) << "there is padding";
  FlipBit(First(), kRecordAt + kFrontBytes + kBodyBytes);
  EXPECT_TRUE((*journal_->OpenBody(0))->Read(0, kBodyBytes).ok());
  EXPECT_TRUE(journal_->Read(0).ok());
  EXPECT_EQ(ScrubOf(*journal_).size(), 1u);
  journal_ = nullptr;
  EXPECT_TRUE(absl::IsDataLoss(Open(true).status()));
}

TEST_F(DamagedBodyTest, AFileThatEndsInABodyIsRefusedByTheReaderOfWhatIsMissing) {
  ASSERT_TRUE(journal_->Read(0).ok()) << "its place is known, the footer will be gone";
  const std::size_t end = kRecordAt + kFrontBytes + 2 * kPieceBytes + 10;
  WriteWholeFile(First(), ReadWholeFile(First()).substr(0, end));
  const auto body = journal_->OpenBody(0);
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_TRUE((*body)->Read(0, 2 * kPieceBytes).ok());
  ExpectRefused((*body)->Read(2 * kPieceBytes, 1).status(),
                kRecordAt + kFrontBytes + 2 * kPieceBytes, 0);
  WriteWholeFile(First(), ReadWholeFile(First()).substr(0, kRecordAt + kFrontBytes - 1));
  ExpectRefused(journal_->OpenBody(0).status(), kRecordAt, 0);
}

TEST_F(SegmentBodyTest, DigestsTakeATenthOfAPercent) {
  const std::unique_ptr<SegmentJournal> journal = MustOpen();
  Append(*journal, 50 * kPieceBytes);
  const std::string bytes = ReadWholeFile(First());
  const std::size_t digests = 50 * kPieceDigestBytes;
  EXPECT_LE(digests * 1000, blocks_[0].body.size());
  EXPECT_TRUE(bytes.substr(kRecordAt + kBlockHeaderBytes + digests, blocks_[0].body.size()) ==
              blocks_[0].body);
}

// A journal as versions before pieces left it: frames of version 1 with records of version 1,
// whatever their length. Made here byte by byte, so that it stays what those wrote.
class OldJournalTest : public SegmentBodyTest {
 protected:
  OldJournalTest() {
    MustOpen();  // its files, without a frame
    state_ = EmptyState(TestIdentity(), kInstance);
    bytes_ = ReadWholeFile(First());
  }
  void AddFrame(std::size_t body_bytes, bool has_pieces = false,
                const std::function<std::string(const Block&, JournalHead&)>& record = Old) {
    const Block block = maker_.Next(3, SequenceOf(sequence_, body_bytes));
    FrameHeader header{.number = state_.frame_count,
                       .offset = bytes_.size(),
                       .first_block = state_.head.block_count,
                       .first_index = state_.head.record_count,
                       .block_count = 1,
                       .has_pieces = has_pieces,
                       .link = state_.link};
    std::string content = record(block, state_.head);
    content.resize(Aligned(content.size()), '\0');
    header.content_bytes = content.size();
    bytes_ += EncodeFrameHeader(header, kInstance) + content;
    state_.frame_count += 1;
    state_.link = header.checksum;
    blocks_.push_back(block);
  }
  static std::string Old(const Block& block, JournalHead& head) {
    std::string record = OldRecord(block, head.chain);
    EXPECT_TRUE(FollowChain(*ParseBlock(record, block.number), head).ok());
    return record;
  }
  static std::string New(const Block& block, JournalHead& head) {
    return SealBlock(block, head) + block.body;
  }
  // As a process that was killed leaves it.
  void Write() {
    std::string file = bytes_;
    file.resize((file.size() + kSegmentUnitBytes - 1) / kSegmentUnitBytes * kSegmentUnitBytes);
    WriteWholeFile(First(), file);
  }

  SegmentState state_;
  std::string bytes_;
};

TEST_F(OldJournalTest, IsReadAndGoesOnWithPieces) {
  AddFrame(200);
  AddFrame(kBodyBytes);
  AddFrame(5 * kPieceBytes);
  Write();
  {
    const std::unique_ptr<SegmentJournal> journal = MustOpen();
    ASSERT_NE(journal, nullptr);
    EXPECT_EQ(journal->head(), state_.head.chain);
    ExpectIntact(*journal);
    Append(*journal, kBodyBytes, 10);
    Append(*journal, 100);
    ExpectIntact(*journal);
    EXPECT_TRUE(ScrubOf(*journal).empty());
  }
  const std::unique_ptr<SegmentJournal> journal = MustOpen(true);
  ASSERT_NE(journal, nullptr);
  ExpectIntact(*journal);
  ASSERT_TRUE(journal->Backup(directory_.Path("copy")).ok());
  EXPECT_EQ(ReadWholeFile(directory_.Path("copy") + "/" + SegmentFileName(0)),
            ReadWholeFile(First()));
}

TEST_F(OldJournalTest, ItsIndexIsMadeAgainOfBlocksOfBothKinds) {
  AddFrame(kBodyBytes);
  Write();
  {
    const std::unique_ptr<SegmentJournal> journal = MustOpen();
    Append(*journal, kBodyBytes, 12);
  }
  WriteWholeFile(path_ + "/data.mdb", "damaged");
  const absl::Status repaired = RepairSegmentJournal(path_, TestIdentity(), "");
  ASSERT_TRUE(repaired.ok()) << repaired;
  ExpectIntact(*MustOpen(true));
}

TEST_F(OldJournalTest, DamageToALongBlockIsMetByWhoeverReadsAPartOfIt) {
  AddFrame(kBodyBytes);
  Write();
  const std::unique_ptr<SegmentJournal> journal = MustOpen();
  ASSERT_NE(journal, nullptr);
  for (const std::size_t at : {std::size_t{40}, kBlockHeaderBytes, kBlockHeaderBytes + kPieceBytes,
                               kBlockHeaderBytes + kBodyBytes - 1}) {
    FlipBit(First(), kRecordAt + at);
    ExpectRefused(journal->OpenBody(0).status(), kRecordAt, 0);
    FlipBit(First(), kRecordAt + at);
  }
  EXPECT_TRUE((*journal->OpenBody(0))->Read(0, 10).ok());
}

TEST_F(OldJournalTest, AFrameOfTheOtherVersionThanItsBlocksIsRefused) {
  for (const bool has_pieces : {false, true}) {
    bytes_.resize(kSegmentHeaderBytes);
    state_ = EmptyState(TestIdentity(), kInstance);
    maker_ = {};
    AddFrame(kBodyBytes, has_pieces, has_pieces ? Old : New);
    Write();
    const absl::Status refused = Open().status();
    EXPECT_TRUE(absl::IsDataLoss(refused)) << refused;
    EXPECT_NE(refused.ToString().find("its version is not that of its blocks"), std::string::npos)
        << refused;
  }
}

}  // namespace
}  // namespace causeway::store
