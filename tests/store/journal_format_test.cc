#include "settlement/store/journal_format.h"

#include <gtest/gtest.h>

#include "tests/store/store_test_util.h"

namespace causeway::store {
namespace {

std::string MessageOf(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

// The worked example of docs/formats/journal.md.
TEST(JournalFormatTest, GoldenBytesOfABlock) {
  const JournalIdentity identity{.kind = "ledger", .name = "example", .genesis = {}};
  JournalHead head = EmptyHead(identity);
  EXPECT_EQ(core::ToHex(EncodeIdentity(identity)),
            "0001000000066c6564676572000000076578616d706c65" + std::string(64, '0'));
  EXPECT_EQ(head.chain.ToHex(), "b39e3b6426179c49d74f64fbec19e6146c7a70bde96b0f5a1139cb84c41c397c");
  const std::string header =
      SealBlock({.number = 0, .first_index = 0, .count = 2, .body = "hello"}, head);
  EXPECT_EQ(core::ToHex(header),
            "43574a42"
            "0001"
            "0000000000000000"
            "0000000000000000"
            "00000002"
            "00000005"
            "b39e3b6426179c49d74f64fbec19e6146c7a70bde96b0f5a1139cb84c41c397c"
            "8af66d32d2e0e7eabbb808289dbfac3ff0c63cb3ff35d5cd1e27b269d66b48f5");
  EXPECT_EQ(head.chain.ToHex(), "16a8b3297fafbd7db69ee6e922c459277a235a62634ea3b4af2c2f8d639efafb");
}

// The second one.
TEST(JournalFormatTest, GoldenBytesOfABlockOfTwoPieces) {
  JournalHead head = EmptyHead({.kind = "ledger", .name = "example", .genesis = {}});
  const std::string body = std::string(kPieceBytes, 'a') + "b";
  const std::string front =
      SealBlock({.number = 0, .first_index = 0, .count = 2, .body = body}, head);
  EXPECT_EQ(core::ToHex(front),
            "43574a42"
            "0002"
            "0000000000000000"
            "0000000000000000"
            "00000002"
            "00008001"
            "b39e3b6426179c49d74f64fbec19e6146c7a70bde96b0f5a1139cb84c41c397c"
            "8ebdacfcbff384d41206cdff1f667277cb97a5862086185ac0f2771ed565225a"
            "b217b65e6f205f41b3fb8ef90cf7c44da93f630ca03965273485bbb21a5cccf5"
            "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d");
  EXPECT_EQ(head.chain.ToHex(), "25bb675ea24d1e0970657f80825808b468e635e19512582de0f1164ece3a10b4");
}

TEST(JournalFormatTest, OnlyABodyOfSeveralPiecesHasDigests) {
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, kPieceBytes}) {
    JournalHead head = EmptyHead(TestIdentity());
    const std::string body(bytes, 'b');
    const std::string front =
        SealBlock({.number = 0, .first_index = 0, .count = 1, .body = body}, head);
    EXPECT_EQ(front.size(), kBlockHeaderBytes);
    EXPECT_EQ(front.substr(4, 2), std::string("\0\1", 2)) << "as it always was";
  }
  EXPECT_EQ(BlockFrontBytes(kPieceBytes + 1), kBlockHeaderBytes + 2 * kPieceDigestBytes);
  EXPECT_EQ(BlockFrontBytes(10 * kPieceBytes), kBlockHeaderBytes + 10 * kPieceDigestBytes);
}

// Of each byte: every bit would hash the body half a million times.
TEST(JournalFormatTest, AFlippedBitOfAnyByteOfAPiecedRecordIsSeenAndSaidWhere) {
  TestSequence sequence(5);
  JournalHead head = EmptyHead(TestIdentity());
  const Block block{.number = 0,
                    .first_index = 0,
                    .count = 1,
                    .body = SequenceOf(sequence, 2 * kPieceBytes + 100)};
  const std::string record = SealBlock(block, head) + block.body;
  ASSERT_TRUE(ParseBlock(record, 0).ok());
  const std::size_t front_bytes = BlockFrontBytes(block.body.size());
  for (std::size_t byte = 0; byte < record.size();
       byte += byte < front_bytes || byte > record.size() - 99 ? 1 : 211) {
    std::string damaged = record;
    damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << (byte % 8)));
    const absl::Status seen = ParseBlock(damaged, 0).status();
    ASSERT_EQ(seen.code(), absl::StatusCode::kDataLoss) << byte;
    EXPECT_NE(MessageOf(seen).find("block 0: "), std::string::npos) << seen;
    const absl::StatusOr<BlockFront> front = ParseBlockFront(damaged, 0);
    if (byte < front_bytes) {
      EXPECT_FALSE(front.ok() && VerifyFront(*front).ok() && front->has_pieces()) << byte;
      continue;
    }
    ASSERT_TRUE(front.ok() && VerifyFront(*front).ok());
    for (std::uint64_t piece = 0; piece < 3; ++piece) {
      const bool whole = VerifyPiece(*front, piece,
                                     std::string_view(damaged).substr(
                                         front_bytes + piece * kPieceBytes, kPieceBytes))
                             .ok();
      EXPECT_EQ(whole, (byte - front_bytes) / kPieceBytes != piece) << byte;
    }
  }
}

TEST(JournalFormatTest, AShortenedOrLengthenedPiecedRecordIsSeen) {
  JournalHead head = EmptyHead(TestIdentity());
  const std::string body(kPieceBytes + 50, 'b');
  const std::string record =
      SealBlock({.number = 0, .first_index = 0, .count = 1, .body = body}, head) + body;
  for (std::size_t size = 0; size < record.size(); size += size < 200 ? 1 : 97) {
    EXPECT_EQ(ParseBlock(record.substr(0, size), 0).status().code(), absl::StatusCode::kDataLoss);
  }
  EXPECT_EQ(ParseBlock(record + "x", 0).status().code(), absl::StatusCode::kDataLoss);
}

TEST(JournalFormatTest, PiecesThatChangedPlacesAreSeen) {
  JournalHead head = EmptyHead(TestIdentity());
  const std::string first(kPieceBytes, 'a');
  const std::string second(kPieceBytes, 'b');
  std::string front =
      SealBlock({.number = 0, .first_index = 0, .count = 1, .body = first + second}, head);
  EXPECT_FALSE(ParseBlock(front + second + first, 0).ok());
  const std::string digests = front.substr(kBlockHeaderBytes);
  front.replace(kBlockHeaderBytes, kPieceDigestBytes, digests.substr(kPieceDigestBytes));
  front.replace(kBlockHeaderBytes + kPieceDigestBytes, kPieceDigestBytes,
                digests.substr(0, kPieceDigestBytes));
  EXPECT_FALSE(ParseBlock(front + second + first, 0).ok()) << "with their digests";
}

// What older versions wrote of any body.
TEST(JournalFormatTest, ALongBodyUnderOneChecksumIsReadAsBefore) {
  JournalHead head = EmptyHead(TestIdentity());
  const Block block{
      .number = 0, .first_index = 0, .count = 1, .body = std::string(3 * kPieceBytes, 'o')};
  const std::string record = OldRecord(block, head.chain);
  const absl::StatusOr<BlockView> read = ParseBlock(record, 0);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->body == block.body);
  EXPECT_EQ(RecordBytes(record), record.size());
  EXPECT_TRUE(FollowChain(*read, head).ok());
  std::string damaged = record;
  damaged.back() = 'x';
  EXPECT_TRUE(absl::IsDataLoss(ParseBlock(damaged, 0).status()));
}

TEST(JournalFormatTest, AShortBodyUnderDigestsIsRefused) {
  const std::string digest = std::string(core::Sha256("short").view());
  core::Writer header;
  header.Raw("CWJB").U16(2).U64(0).U64(0).U32(1).U32(5).Hash(EmptyHead(TestIdentity()).chain);
  const core::Hash256 checksum = core::Sha256(header.bytes() + digest);
  header.Hash(checksum);
  EXPECT_TRUE(absl::IsDataLoss(ParseBlock(header.bytes() + digest + "short", 0).status()))
      << "one block has one record";
}

TEST(JournalFormatTest, AnyFlippedBitOfARecordIsSeen) {
  JournalHead head = EmptyHead(TestIdentity());
  const std::string record =
      SealBlock({.number = 0, .first_index = 0, .count = 1, .body = "body"}, head) + "body";
  ASSERT_TRUE(ParseBlock(record, 0).ok());
  for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
    std::string damaged = record;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(ParseBlock(damaged, 0).status().code(), absl::StatusCode::kDataLoss) << bit;
  }
}

TEST(JournalFormatTest, AnyShortenedOrLengthenedRecordIsSeen) {
  JournalHead head = EmptyHead(TestIdentity());
  const std::string record =
      SealBlock({.number = 0, .first_index = 0, .count = 1, .body = "body"}, head) + "body";
  for (std::size_t size = 0; size < record.size(); ++size) {
    EXPECT_EQ(ParseBlock(record.substr(0, size), 0).status().code(), absl::StatusCode::kDataLoss);
  }
  EXPECT_EQ(ParseBlock(record + "x", 0).status().code(), absl::StatusCode::kDataLoss);
}

TEST(JournalFormatTest, ABlockOfAnotherJournalBreaksTheChain) {
  JournalIdentity other = TestIdentity();
  other.name = "ledger.example/thb";
  JournalHead foreign = EmptyHead(other);
  const std::string record =
      SealBlock({.number = 0, .first_index = 0, .count = 1, .body = "x"}, foreign) + "x";
  JournalHead head = EmptyHead(TestIdentity());
  const absl::Status status = FollowChain(*ParseBlock(record, 0), head);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(MessageOf(status).find("block 0"), std::string::npos);
  EXPECT_EQ(head, EmptyHead(TestIdentity())) << "a refused block changes nothing";
}

TEST(JournalFormatTest, AValueIsBoundToItsKey) {
  const std::string record = SealValue("key", "value");
  EXPECT_EQ(*OpenValue("key", record), "value");
  EXPECT_EQ(OpenValue("kez", record).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(OpenValue("key", record + "s").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(OpenValue("key", "short").status().code(), absl::StatusCode::kDataLoss);
}

TEST(JournalFormatTest, AnotherIdentityIsRefusedWithBothNamed) {
  JournalIdentity other = TestIdentity();
  other.kind = "audit";
  const absl::Status status = MatchIdentity(EncodeIdentity(other), TestIdentity());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(MessageOf(status).find("belongs to audit 'ledger.example/hkd'"), std::string::npos);
  EXPECT_NE(MessageOf(status).find("expected ledger 'ledger.example/hkd'"), std::string::npos);
}

TEST(JournalFormatTest, AnotherFormatVersionIsRefusedBeforeTheRestIsRead) {
  const absl::Status status = MatchIdentity(std::string("\x00\x02whatever", 10), TestIdentity());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(MessageOf(status).find("format version 2"), std::string::npos);
}

}  // namespace
}  // namespace causeway::store
