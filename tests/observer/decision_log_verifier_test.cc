#include "observer/verifier/decision_log_verifier.h"

#include <gtest/gtest.h>

#include "settlement/codec/codec.h"
#include "settlement/core/cosignature.h"
#include "tests/observer/test_corridor.h"

namespace causeway::observer {
namespace {

class DecisionLogVerifierTest : public ::testing::Test {
 protected:
  DecisionLogVerifierTest() : verifier_(*core::PolicySet::Make({log_.policy()}), signatures_) {}

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

// A second policy epoch of the same log used to halt the observer at its first record.
TEST_F(DecisionLogVerifierTest, BelievesRecordsOfEveryEpoch) {
  const core::SettlementPolicy first = log_.policy();
  const TestSettlement before = Prepared(300, 400);
  corridor_.NewEpoch();
  const TestSettlement after = Prepared(5, 6);
  DecisionLogVerifier verifier(*core::PolicySet::Make({log_.policy(), first}), signatures_);
  log_.Write({log_.Commit(after, corridor_.Votes(after)),
              log_.Commit(before, corridor_.Votes(before)), log_.Abort(core::LeafHash("s"))});
  const std::optional<Finding> finding = verifier.OnBatch(log_.batches().back());
  EXPECT_FALSE(finding.has_value()) << finding->message;
}

TEST_F(DecisionLogVerifierTest, AVoteIsJudgedByTheKeysOfThePolicyThatTheRecordNames) {
  const core::SettlementPolicy first = log_.policy();
  core::SettlementPolicy second = first;
  second.epoch = 2;
  second.ledgers[1].key = KeyNamed("new key")->public_key();
  second = *codec::DecodePolicy(codec::EncodePolicy(second));
  verifier_ = DecisionLogVerifier(*core::PolicySet::Make({first, second}), signatures_);
  const auto commit = [&](const core::SettlementPolicy& policy, const std::string& thb_key) {
    log_.SetPolicy(policy);
    const TestSettlement settlement = corridor_.Propose(300, 400);
    const auto vote = [&](const TestLedger& ledger, const std::string& key) {
      const std::vector<std::pair<core::Hash256, std::uint64_t>> holds = {{settlement.id, 1}};
      return core::SignVotes(ledger.genesis().ledger, ledger.genesis().hash, holds, *KeyNamed(key))
          ->front();
    };
    return log_.Commit(settlement,
                       {vote(corridor_.hkd, corridor_.hkd.key()), vote(corridor_.thb, thb_key)});
  };
  const std::string& old_key = corridor_.thb.key();
  const std::string good = log_.Write({commit(first, old_key), commit(second, "new key")});
  const std::optional<Finding> finding = verifier_.OnBatch(good);
  ASSERT_FALSE(finding.has_value()) << finding->message;
  ExpectInvalid({commit(second, old_key)}, "lacks a valid vote of 'th.example");
}

TEST_F(DecisionLogVerifierTest, ACommitOfTermsUnderAnotherEpochIsInvalid) {
  const core::SettlementPolicy first = log_.policy();
  const TestSettlement settlement = Prepared(300, 400);
  corridor_.NewEpoch();
  verifier_ = DecisionLogVerifier(*core::PolicySet::Make({first, log_.policy()}), signatures_);
  core::DecidedSettlement decided = log_.Commit(settlement, corridor_.Votes(settlement));
  core::DecisionRecord record = *core::DecodeDecisionRecord(decided.record);
  record.policy_hash = log_.policy().hash;
  decided.record = core::EncodeDecisionRecord(record);
  ExpectInvalid({decided}, "commits terms under policy");
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

TEST_F(DecisionLogVerifierTest, AForkNamesTheWitnessesThatCosignedBothHistories) {
  core::SettlementPolicy policy = log_.policy();
  for (const char* name : {"w1", "w2", "w3", "w4"}) {
    policy.witnesses.push_back({name, KeyNamed(name)->public_key()});
  }
  policy.witnesses_needed = 3;
  policy.witnesses_faulty_max = 1;
  policy = *codec::DecodePolicy(codec::EncodePolicy(policy));
  log_.SetPolicy(policy);
  verifier_ = DecisionLogVerifier(*core::PolicySet::Make({policy}), signatures_);
  const auto cosigned = [](const std::string& bytes, std::vector<std::string> names) {
    core::SignedCheckpoint note = *core::ParseCheckpoint(bytes);
    for (const std::string& name : names) {
      note.signatures.push_back(
          *core::Cosign(core::CheckpointText(note.checkpoint), name, *KeyNamed(name), 1000));
    }
    return core::FormatCheckpoint(note);
  };
  ASSERT_FALSE(verifier_.OnBatch(log_.Write({log_.Abort(core::LeafHash("a"))})));
  const std::string ours = cosigned(log_.Checkpoint(), {"w1", "w2", "w3"});
  EXPECT_FALSE(verifier_.OnCheckpoint(ours)->has_value());
  const std::string other =
      cosigned(SignedNote(log_.origin(), 1, core::LeafHash("other"), "bridge"), {"w2", "w4"});
  const auto found = verifier_.OnCheckpoint(other);
  ASSERT_TRUE(found.ok() && found->has_value());
  const Finding& finding = **found;
  EXPECT_EQ(finding.kind, FindingKind::kForkedLog);
  EXPECT_NE(finding.message.find("Witness 'w2' cosigned the other one, and this one too: it is "
                                 "faulty. Witness 'w4' cosigned the other one."),
            std::string::npos)
      << finding.message;
  EXPECT_EQ(*finding.Find(kEvidenceOtherCheckpoint), other);
  EXPECT_EQ(*finding.Find(kEvidenceCosignedCheckpoint), ours);
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

// A second log with the same key is longer than the one that is shown, and made a ledger release:
// the shown one need never come so far.
TEST_F(DecisionLogVerifierTest, ALogThatStaysBehindWhatItSignedForAnotherIsFound) {
  log_.Write({log_.Abort(core::LeafHash("a"))});
  EXPECT_FALSE(verifier_.OnBatch(log_.batches()[0]));
  EXPECT_FALSE(verifier_.OnHead(log_.Checkpoint()).has_value());
  TestBridge secret(log_.policy());
  for (int i = 0; i < 5; ++i) {
    secret.Write({secret.Abort(core::LeafHash("made up " + std::to_string(i)))});
  }
  EXPECT_FALSE(verifier_.OnCheckpoint(secret.Checkpoint())->has_value());
  // This head may have been asked for before that was known.
  EXPECT_FALSE(verifier_.OnHead(log_.Checkpoint()).has_value());
  const std::optional<Finding> finding = verifier_.OnHead(log_.Checkpoint());
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->kind, FindingKind::kLogRolledBack);
  EXPECT_EQ(*finding->Find(kEvidenceVerifiedCheckpoint), secret.Checkpoint());
  EXPECT_EQ(*finding->Find(kEvidenceOtherCheckpoint), log_.Checkpoint());
  EXPECT_TRUE(verifier_.halted());
}

TEST_F(DecisionLogVerifierTest, ALogThatSaysItIsEmptyAndSignedForAnotherIsFound) {
  TestBridge secret(log_.policy());
  secret.Write({secret.Abort(core::LeafHash("made up"))});
  EXPECT_FALSE(verifier_.OnCheckpoint(secret.Checkpoint())->has_value());
  EXPECT_FALSE(verifier_.OnHead("").has_value());
  const std::optional<Finding> finding = verifier_.OnHead("");
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->kind, FindingKind::kLogRolledBack);
  EXPECT_EQ(*finding->Find(kEvidenceVerifiedCheckpoint), secret.Checkpoint());
  EXPECT_EQ(finding->Find(kEvidenceOtherCheckpoint), nullptr);
}

TEST_F(DecisionLogVerifierTest, ALogThatIsEmptyMayHaveNoHead) {
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(verifier_.OnHead("").has_value());
}

TEST_F(DecisionLogVerifierTest, ALogThatHadLeavesHasAHead) {
  EXPECT_FALSE(verifier_.OnBatch(log_.Write({log_.Abort(core::LeafHash("a"))})));
  const std::optional<Finding> finding = verifier_.OnHead("");
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->kind, FindingKind::kBadSignature);
}

// A certificate overtakes the answer about the head, which was true when it was given.
TEST_F(DecisionLogVerifierTest, AHeadThatWasAskedForBeforeACheckpointWasShownIsNotBehindIt) {
  std::string head = log_.Checkpoint();
  for (int i = 0; i < 4; ++i) {
    log_.Write({log_.Abort(core::LeafHash(std::to_string(i)))});
    EXPECT_FALSE(verifier_.OnCheckpoint(log_.Checkpoint())->has_value());
    EXPECT_FALSE(verifier_.OnHead(head).has_value());
    head = log_.Checkpoint();
  }
}

TEST_F(DecisionLogVerifierTest, ALogThatTheObserverHasNotReadToItsEndIsNotBehind) {
  for (int i = 0; i < 3; ++i) log_.Write({log_.Abort(core::LeafHash(std::to_string(i)))});
  EXPECT_FALSE(verifier_.OnCheckpoint(log_.Checkpoint())->has_value());
  for (const std::string& batch : log_.batches()) {
    EXPECT_FALSE(verifier_.OnHead(log_.Checkpoint()).has_value());
    EXPECT_FALSE(verifier_.OnBatch(batch));
  }
  EXPECT_FALSE(verifier_.OnHead(log_.Checkpoint()).has_value());
}

}  // namespace
}  // namespace causeway::observer
