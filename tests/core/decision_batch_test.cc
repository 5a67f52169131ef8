#include "settlement/core/decision_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/core/mutation.h"
#include "tests/vectors/read_vector.h"

namespace causeway::core {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string Golden() {
  const auto vector = nlohmann::json::parse(testing::ReadVector("decision-log.json"));
  return *FromHex(vector["batch"].get<std::string>());
}

std::string Fault(const std::string& bytes) {
  const auto decoded = DecodeDecisionBatch(bytes);
  return decoded.ok() ? "none" : std::string(decoded.status().message());
}

TEST(DecisionBatchTest, GoldenBytes) {
  const DecisionBatch batch = *DecodeDecisionBatch(Golden());
  EXPECT_EQ(batch.number, 0U);
  EXPECT_EQ(batch.time.ToString(), "2022-08-15T01:00:01.000000Z");
  ASSERT_THAT(batch.decided, SizeIs(2));
  EXPECT_EQ(DecodeDecisionRecord(batch.decided[0].record)->verdict, Verdict::kAbort);
  EXPECT_THAT(batch.decided[0].terms, "");
  const DecisionRecord commit = *DecodeDecisionRecord(batch.decided[1].record);
  EXPECT_EQ(commit.verdict, Verdict::kCommit);
  EXPECT_EQ(commit.settlement_id, SettlementIdOf(batch.decided[1].terms));
  ASSERT_THAT(batch.decided[1].votes, SizeIs(2));
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(VoteHash(*DecodeVote(batch.decided[1].votes[i])), commit.vote_hashes[i]);
  }
  EXPECT_EQ(EncodeDecisionBatch(batch), Golden());
}

TEST(DecisionBatchTest, HasOneEncoding) {
  DecisionBatch batch;
  batch.number = 3;
  batch.first_index = 9;
  batch.time = LedgerTime::FromMicros(-1);
  batch.decided = {{"record", "terms", {"vote 1", ""}}, {"", "", {}}};
  batch.checkpoint = "checkpoint";
  testing::ExpectOneEncoding(EncodeDecisionBatch(batch), DecodeDecisionBatch, EncodeDecisionBatch);
  EXPECT_EQ(PeekDecisionBatchNumber(EncodeDecisionBatch(batch)), 3U);
  EXPECT_EQ(PeekDecisionBatchNumber("short"), 0U);
}

TEST(DecisionBatchTest, CannotBeEmpty) {
  EXPECT_THAT(Fault(EncodeDecisionBatch(DecisionBatch{})), HasSubstr("decided: count 0"));
}

TEST(DecisionBatchTest, CountsBeyondTheBytesOrTheLimitAreRefusedAtOnce) {
  Writer many;
  many.U8(1).U64(0).U64(0).I64(0).U32(0xFFFFFFFF);
  EXPECT_THAT(Fault(many.bytes()), HasSubstr("decided: count 4294967295"));
  DecisionBatch batch;
  batch.decided = {{"record", "", std::vector<std::string>(kSettlementLedgersMax + 1)}};
  EXPECT_THAT(Fault(EncodeDecisionBatch(batch)), HasSubstr("decided[0].votes: there are 17"));
}

}  // namespace
}  // namespace causeway::core
