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
