#include "observer/verifier/decision_log_verifier.h"

#include <gtest/gtest.h>

#include "settlement/codec/codec.h"
#include "tests/observer/test_corridor.h"

namespace causeway::observer {
namespace {

class DecisionLogVerifierTest : public ::testing::Test {
 protected:
  DecisionLogVerifierTest() : verifier_(log_.policy(), signatures_) {}

  TestSettlement Prepared(std::int64_t hkd, std::int64_t thb) {
    TestSettlement settlement = corridor_.Propose(hkd, thb);
    corridor_.hkd.Write({settlement.prepare_hkd});
    corridor_.thb.Write({settlement.prepare_thb});
    return settlement;
  }
  // That the last record of `decided` makes an invalid-decision finding whose message says `why`.
  Finding ExpectInvalid(std::vector<core::DecidedSettlement> decided, const std::string& why) {
    const std::string record = decided.back().record;
    const std::string bytes = log_.Write(std::move(decided));
    const std::optional<Finding> finding = verifier_.OnBatch(bytes);
    EXPECT_TRUE(finding.has_value());
    if (!finding.has_value()) return {};
    EXPECT_EQ(FindingKindName(finding->kind), FindingKindName(FindingKind::kInvalidDecision));
    EXPECT_NE(finding->message.find(why), std::string::npos) << finding->message;
    EXPECT_EQ(*finding->Find(kEvidenceRecord), record);
    EXPECT_EQ(*finding->Find(kEvidenceBatch), bytes);
    EXPECT_TRUE(verifier_.halted());
    return *finding;
  }

  TestCorridor corridor_;
  TestBridge& log_ = *corridor_.bridge;
  core::OpenSslSignatureVerifier signatures_;
  DecisionLogVerifier verifier_;
};

TEST_F(DecisionLogVerifierTest, BelievesAnHonestLog) {
  const TestSettlement settlement = Prepared(300, 400);
  log_.Write({log_.Commit(settlement, corridor_.Votes(settlement)),
              log_.Abort(core::LeafHash("nobody prepared it"))});
  log_.Write({log_.Abort(core::LeafHash("another"))});
  for (const std::string& batch : log_.batches()) {
    const std::optional<Finding> finding = verifier_.OnBatch(batch);
    ASSERT_FALSE(finding.has_value()) << finding->message;
  }
  EXPECT_EQ(verifier_.log().size(), 3u);
  EXPECT_EQ(verifier_.log().root(), log_.tree().Root());
}

TEST_F(DecisionLogVerifierTest, ASecondRecordOfASettlementIsInvalid) {
  const core::DecidedSettlement first = log_.Abort(core::LeafHash("s"));
  ASSERT_FALSE(verifier_.OnBatch(log_.Write({first})).has_value());
  const Finding finding = ExpectInvalid({log_.Abort(core::LeafHash("s"))}, "a second time");
  EXPECT_EQ(*finding.Find(kEvidenceFirstRecord), first.record);
}

TEST_F(DecisionLogVerifierTest, ASecondRecordInTheSameBatchIsInvalid) {
  ExpectInvalid({log_.Abort(core::LeafHash("s")), log_.Abort(core::LeafHash("s"))},
                "a second time");
}

TEST_F(DecisionLogVerifierTest, ACommitWithoutEveryVoteIsInvalid) {
  const TestSettlement settlement = Prepared(300, 400);
  std::vector<core::Vote> votes = corridor_.Votes(settlement);
  votes.pop_back();
  ExpectInvalid({log_.Commit(settlement, votes)}, "1 votes");
}

TEST_F(DecisionLogVerifierTest, ACommitWithAForgedVoteIsInvalid) {
  const TestSettlement settlement = Prepared(300, 400);
  std::vector<core::Vote> votes = corridor_.Votes(settlement);
  votes[1].statement.signature[3] ^= 1;
  const Finding finding = ExpectInvalid({log_.Commit(settlement, votes)}, "th.example/thb");
  EXPECT_EQ(*finding.Find(kEvidenceVote), core::EncodeVote(votes[1]));
}

TEST_F(DecisionLogVerifierTest, ACommitWithAVoteForAnotherSettlementIsInvalid) {
  const TestSettlement settlement = Prepared(300, 400);
  const TestSettlement other = Prepared(5, 6);
  std::vector<core::Vote> votes = corridor_.Votes(settlement);
  votes[0] = corridor_.Votes(other)[0];
  ExpectInvalid({log_.Commit(settlement, votes)}, "hk.example/hkd");
}

TEST_F(DecisionLogVerifierTest, ACommitWhoseRecordHasAnotherVoteIsInvalid) {
  const TestSettlement settlement = Prepared(300, 400);
  core::DecidedSettlement decided = log_.Commit(settlement, corridor_.Votes(settlement));
  core::DecisionRecord record = *core::DecodeDecisionRecord(decided.record);
  record.vote_hashes[0] = core::LeafHash("other");
  decided.record = core::EncodeDecisionRecord(record);
  ExpectInvalid({decided}, "hash of another vote");
}

TEST_F(DecisionLogVerifierTest, ACommitOfOtherTermsIsInvalid) {
  const TestSettlement settlement = Prepared(300, 400);
  core::DecidedSettlement decided = log_.Commit(settlement, corridor_.Votes(settlement));
  decided.terms = corridor_.Propose(1, 2).terms_bytes;
  ExpectInvalid({decided}, "comes with terms of settlement");
}

TEST_F(DecisionLogVerifierTest, ACommitPastTheDeadlineIsInvalid) {
  const TestSettlement settlement = Prepared(300, 400);
  core::DecidedSettlement decided = log_.Commit(settlement, corridor_.Votes(settlement));
  core::DecisionRecord record = *core::DecodeDecisionRecord(decided.record);
  record.decided = settlement.terms.deadline + core::Duration::FromMicros(1);
  decided.record = core::EncodeDecisionRecord(record);
  ExpectInvalid({decided}, "past the deadline");
}

TEST_F(DecisionLogVerifierTest, ARecordUnderAnotherPolicyIsInvalid) {
  core::DecidedSettlement decided = log_.Abort(core::LeafHash("s"));
  core::DecisionRecord record = *core::DecodeDecisionRecord(decided.record);
  record.policy_hash = core::LeafHash("other");
  decided.record = core::EncodeDecisionRecord(record);
  ExpectInvalid({decided}, "is under policy");
}

TEST_F(DecisionLogVerifierTest, ARecordThatCannotBeReadIsInvalid) {
  core::DecidedSettlement decided = log_.Abort(core::LeafHash("s"));
  decided.record.push_back('x');
  ExpectInvalid({decided}, "cannot be read");
}

TEST_F(DecisionLogVerifierTest, ABatchThatIsLeftOutIsMalformed) {
  log_.Write({log_.Abort(core::LeafHash("a"))});
  const std::optional<Finding> finding =
      verifier_.OnBatch(log_.Write({log_.Abort(core::LeafHash("b"))}));
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->kind, FindingKind::kMalformedBatch);
}

TEST_F(DecisionLogVerifierTest, ARootThatIsNotOfTheRecordsIsFound) {
  core::DecisionBatch batch =
      *core::DecodeDecisionBatch(log_.Write({log_.Abort(core::LeafHash("a"))}));
  batch.checkpoint = SignedNote(log_.origin(), 1, core::LeafHash("other"), "bridge");
  const std::optional<Finding> finding = verifier_.OnBatch(core::EncodeDecisionBatch(batch));
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->kind, FindingKind::kRootMismatch);
  EXPECT_EQ(*finding->Find(kEvidenceRootOfLeaves), log_.tree().Root().view());
}

TEST_F(DecisionLogVerifierTest, AHeadBehindWhatWasVerifiedIsARollback) {
  log_.Write({log_.Abort(core::LeafHash("a"))});
  const std::string before = log_.Checkpoint();
  log_.Write({log_.Abort(core::LeafHash("b"))});
  for (const std::string& batch : log_.batches()) EXPECT_FALSE(verifier_.OnBatch(batch));
  const std::optional<Finding> finding = verifier_.OnHead(before);
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->kind, FindingKind::kLogRolledBack);
}

}  // namespace
}  // namespace causeway::observer
