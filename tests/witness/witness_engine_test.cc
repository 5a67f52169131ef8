#include "central-bank-node/witness/witness_engine.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "settlement/core/cosignature.h"
#include "settlement/core/decision_checkpoint.h"
#include "tests/witness/test_log.h"

namespace causeway::witness {
namespace {

constexpr std::uint64_t kSeconds = 1'660'000'000;

class WitnessEngineTest : public ::testing::Test {
 protected:
  WitnessEngineTest() { Reopen(); }

  void Reopen(std::vector<std::string> policies = {PolicyBytes()}) {
    engine_.reset();
    auto opened = OpenWitness(disk_, std::move(policies));
    ASSERT_TRUE(opened.ok()) << opened.status();
    engine_ = *std::move(opened);
  }
  Answer Send(Request request) {
    auto answers = engine_->Handle(std::vector<Request>{std::move(request)}, kSeconds);
    EXPECT_TRUE(answers.ok()) << answers.status();
    return answers->front();
  }
  Answer SendBatch(std::string batch) { return Send({{std::move(batch)}, ""}); }
  Answer Ask(std::string known = "") { return Send({{}, std::move(known)}); }

  // That the answer cosigns exactly the log's checkpoints of these sizes.
  void ExpectCosigned(const Answer& answer, const std::vector<std::uint64_t>& sizes) const {
    EXPECT_EQ(answer.refusal, Refusal::kNone) << answer.message;
    ASSERT_EQ(answer.cosigned.size(), sizes.size());
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      EXPECT_EQ(answer.cosigned[i].size, sizes[i]);
      const std::string text = core::ParseNote(log_.Note(sizes[i]))->text;
      EXPECT_TRUE(core::VerifyCosignature(text, answer.cosigned[i].cosignature, WitnessName(0),
                                          KeyNamed(WitnessName(0))->public_key(), verifier_)
                      .ok());
      EXPECT_EQ(*core::CosignatureSeconds(answer.cosigned[i].cosignature), kSeconds);
    }
  }
  // That nothing of it was taken, and nothing signed.
  void ExpectRefused(const Answer& answer, Refusal refusal, const std::string& message) const {
    EXPECT_EQ(core::WitnessRefusalName(answer.refusal), core::WitnessRefusalName(refusal))
        << answer.message;
    EXPECT_NE(answer.message.find(message), std::string::npos) << answer.message;
    EXPECT_TRUE(answer.cosigned.empty());
  }
  void ExpectEvidence(EvidenceKind kind, const std::string& ours, const std::string& theirs) {
    for (int life = 0; life < 2; ++life) {
      ASSERT_TRUE(engine_->evidence().has_value());
      EXPECT_EQ(EvidenceKindName(engine_->evidence()->kind), EvidenceKindName(kind));
      EXPECT_EQ(engine_->evidence()->ours, ours);
      EXPECT_EQ(engine_->evidence()->theirs, theirs);
      EXPECT_TRUE(engine_->refusing());
      const Answer asked = Ask();
      ExpectRefused(asked, Refusal::kRefusing, engine_->evidence()->message);
      EXPECT_TRUE(asked.checkpoint.empty());
      Reopen();
    }
  }

  Disk disk_;
  TestLog log_;
  const core::OpenSslSignatureVerifier verifier_;
  std::unique_ptr<WitnessEngine> engine_;
};

TEST_F(WitnessEngineTest, CosignsWhatItHoldsDurably) {
  ExpectCosigned(SendBatch(log_.Write({Commit(1), Abort(2)})), {2});
  EXPECT_EQ(disk_.appends(), 1U);
  EXPECT_EQ(disk_.record_count(), 2U);
  EXPECT_EQ(disk_.Read(0)->body, log_.batches()[0]);
  EXPECT_EQ(engine_->root(), log_.tree().Root());
}

TEST_F(WitnessEngineTest, TakesManyRequestsWithOneWrite) {
  log_.Write(Commit(1));
  log_.Write({Commit(2), Commit(3)});
  log_.Write(Abort(4));
  const auto answers = *engine_->Handle(
      std::vector<Request>{{{log_.batches()[0], log_.batches()[1]}, ""}, {{log_.batches()[2]}, ""}},
      kSeconds);
  ExpectCosigned(answers[0], {1, 3});
  ExpectCosigned(answers[1], {4});
  EXPECT_EQ(answers[0].batches, 3U);
  EXPECT_EQ(answers[1].size, 4U);
  EXPECT_EQ(disk_.appends(), 1U);
}

TEST_F(WitnessEngineTest, TellsWhereItIsWithItsCosignature) {
  EXPECT_EQ(Ask().checkpoint, "");
  SendBatch(log_.Write(Commit(1)));
  const Answer answer = Ask();
  EXPECT_EQ(answer.batches, 1U);
  EXPECT_EQ(answer.size, 1U);
  const auto note = core::ParseCheckpoint(answer.checkpoint);
  ASSERT_TRUE(note.ok()) << note.status();
  EXPECT_EQ(note->checkpoint.root, log_.tree().Root());
  EXPECT_EQ(*core::CosignersOf(*note, Policy(), verifier_), std::vector<std::size_t>{0});
}

TEST_F(WitnessEngineTest, ARepeatChangesNothing) {
  const std::string first = log_.Write(Commit(1));
  SendBatch(first);
  const Answer again = SendBatch(first);
  ExpectCosigned(again, {});
  EXPECT_EQ(again.batches, 1U);
  EXPECT_EQ(disk_.appends(), 1U);
  ExpectCosigned(Send({{first, log_.Write(Commit(2))}, ""}), {2});
}

TEST_F(WitnessEngineTest, TellsWhatIsMissing) {
  log_.Write(Commit(1));
  const Answer answer = SendBatch(log_.Write(Commit(2)));
  ExpectRefused(answer, Refusal::kGap, "batch 1 was sent; batch 0 is next");
  EXPECT_EQ(answer.batches, 0U);
  EXPECT_EQ(disk_.appends(), 0U);
  ExpectCosigned(Send({log_.batches(), ""}), {1, 2});
}

TEST_F(WitnessEngineTest, GoesOnAfterARestart) {
  SendBatch(log_.Write({Commit(1), Abort(2)}));
  Reopen();
  EXPECT_EQ(engine_->size(), 2U);
  EXPECT_EQ(engine_->root(), log_.tree().Root());
  ExpectCosigned(SendBatch(log_.Write(Commit(3))), {3});
}

TEST_F(WitnessEngineTest, WhatIsNotSignedByTheLogIsNotTaken) {
  TestLog forger("forger");
  ExpectRefused(SendBatch(forger.Write(Commit(1))), Refusal::kMalformed, "is not signed by");
  EXPECT_EQ(disk_.appends(), 0U);
  EXPECT_EQ(engine_->size(), 0U);
  ExpectCosigned(SendBatch(log_.Write(Commit(1))), {1});
}

TEST_F(WitnessEngineTest, WhatIsSignedIsTakenAlsoBeforeWhatIsNot) {
  const std::string good = log_.Write(Commit(1));
  core::DecisionBatch bad = *core::DecodeDecisionBatch(log_.Write(Commit(2)));
  const auto note = *core::ParseCheckpoint(bad.checkpoint);
  bad.checkpoint = *core::SignCheckpoint(note.checkpoint, kLog, *KeyNamed("forger"));
  const auto answers = *engine_->Handle(
      std::vector<Request>{{{good}, ""}, {{core::EncodeDecisionBatch(bad)}, ""}}, kSeconds);
  ExpectCosigned(answers[0], {1});
  ExpectRefused(answers[1], Refusal::kMalformed, "is not signed by");
  EXPECT_EQ(engine_->size(), 1U);
  ExpectCosigned(SendBatch(log_.batches()[1]), {2});
}

TEST_F(WitnessEngineTest, RecordsThatDoNotMakeTheSignedTreeAreNotTaken) {
  core::DecisionBatch batch = *core::DecodeDecisionBatch(log_.Write({Commit(1), Commit(2)}));
  std::swap(batch.decided[0], batch.decided[1]);
  ExpectRefused(SendBatch(core::EncodeDecisionBatch(batch)), Refusal::kMalformed,
                "its checkpoint is not that of its records");
  ExpectRefused(SendBatch("nothing"), Refusal::kMalformed, "decision batch");
  EXPECT_FALSE(engine_->evidence().has_value());
  ExpectCosigned(SendBatch(log_.batches()[0]), {2});
}

// Who carries a batch may spoil its votes; the log is not to blame for that.
TEST_F(WitnessEngineTest, ACommitWithoutItsVotesIsNotTakenAndNobodyIsAccused) {
  const std::string good = log_.Write(Commit(1));
  core::DecisionBatch batch = *core::DecodeDecisionBatch(good);
  batch.decided[0].votes[1] = batch.decided[0].votes[0];
  ExpectRefused(SendBatch(core::EncodeDecisionBatch(batch)), Refusal::kMalformed,
                "lacks a valid vote of 'ledger.example/l1'");
  batch = *core::DecodeDecisionBatch(good);
  batch.decided[0].terms.clear();
  ExpectRefused(SendBatch(core::EncodeDecisionBatch(batch)), Refusal::kMalformed,
                "commits without the terms");
  EXPECT_FALSE(engine_->evidence().has_value());
  ExpectCosigned(SendBatch(good), {1});
}

TEST_F(WitnessEngineTest, ACommitWhoseVotesNoLedgerGaveIsNotTaken) {
  const auto forge = [](core::DecisionRecord&, std::vector<core::Vote>& votes) {
    votes[1].statement.signature[5] ^= 1;
  };
  ExpectRefused(SendBatch(log_.Write(CommitWith(1, forge))), Refusal::kMalformed,
                "lacks a valid vote of 'ledger.example/l1'");
  EXPECT_EQ(engine_->size(), 0U);
}

TEST_F(WitnessEngineTest, ARecordUnderAPolicyThatItLacksWaitsForThePolicy) {
  const std::string batch = log_.Write(Commit(1, 2));
  ExpectRefused(SendBatch(batch), Refusal::kUnknownPolicy, "which is none of the 1 given");
  EXPECT_FALSE(engine_->evidence().has_value());
  Reopen({PolicyBytes(1), PolicyBytes(2)});
  ExpectCosigned(SendBatch(batch), {1});
}

TEST_F(WitnessEngineTest, ASecondRecordOfASettlementIsEvidenceForEver) {
  SendBatch(log_.Write(Commit(1)));
  const std::string ours = log_.Note();
  const std::string second = log_.Write(Abort(1));
  ExpectRefused(SendBatch(second), Refusal::kRefusing, "a second time");
  EXPECT_EQ(engine_->evidence()->batch, second);
  EXPECT_EQ(engine_->size(), 1U);
  ExpectEvidence(EvidenceKind::kInvalidRecord, ours, log_.Note());
}

TEST_F(WitnessEngineTest, ASecondRecordIsFoundInTheSameBatchAndInTheSameCall) {
  ExpectRefused(SendBatch(log_.Write({Commit(1), Abort(2), Abort(1)})), Refusal::kRefusing,
                "a second time");
  EXPECT_EQ(engine_->size(), 0U);
}

TEST_F(WitnessEngineTest, ASecondRecordIsFoundAmongBatchesOfOneCall) {
  log_.Write(Commit(1));
  log_.Write(Abort(1));
  const auto answers = *engine_->Handle(std::vector<Request>{{log_.batches(), ""}}, kSeconds);
  ExpectRefused(answers[0], Refusal::kRefusing, "a second time");
  EXPECT_EQ(engine_->size(), 1U);
}

TEST_F(WitnessEngineTest, ASecondRecordIsFoundAfterARestart) {
  SendBatch(log_.Write({Abort(7), Commit(1)}));
  Reopen();
  ExpectRefused(SendBatch(log_.Write(Abort(1))), Refusal::kRefusing, "a second time");
}

TEST_F(WitnessEngineTest, ACommitPastItsDeadlineIsEvidence) {
  const auto late = [](core::DecisionRecord& record, std::vector<core::Vote>&) {
    record.decided = core::LedgerTime::FromMicros(1'000'000'001);
  };
  ExpectRefused(SendBatch(log_.Write(CommitWith(1, late))), Refusal::kRefusing,
                "past the deadline");
  ExpectEvidence(EvidenceKind::kInvalidRecord, "", log_.Note());
}

// Deadlines are judged by the bytes of the record: these are all long past by any clock.
TEST_F(WitnessEngineTest, ACommitAtItsDeadlineIsTaken) {
  const auto just = [](core::DecisionRecord& record, std::vector<core::Vote>&) {
    record.decided = core::LedgerTime::FromMicros(1'000'000'000);
  };
  ExpectCosigned(SendBatch(log_.Write(CommitWith(1, just))), {1});
}

TEST_F(WitnessEngineTest, AnInvalidRecordThatTheLogDidNotSignIsNoEvidence) {
  const auto late = [](core::DecisionRecord& record, std::vector<core::Vote>&) {
    record.decided = core::LedgerTime::FromMicros(1'000'000'001);
  };
  TestLog forger("forger");
  ExpectRefused(SendBatch(forger.Write(CommitWith(1, late))), Refusal::kMalformed,
                "did not sign it");
  EXPECT_FALSE(engine_->evidence().has_value());
}

TEST_F(WitnessEngineTest, ASecondHistoryIsEvidenceForEver) {
  SendBatch(log_.Write(Commit(1)));
  SendBatch(log_.Write(Commit(2)));
  TestLog other;
  other.Write(Commit(1));
  const std::string fork = other.Write(Abort(2));
  ExpectRefused(SendBatch(fork), Refusal::kRefusing, "was shown a log with root");
  EXPECT_EQ(engine_->evidence()->batch, fork);
  ExpectEvidence(EvidenceKind::kForkedLog, log_.Note(), other.Note());
  // Not even what extends its own history is signed any more.
  ExpectRefused(SendBatch(log_.Write(Commit(3))), Refusal::kRefusing, "was shown a log");
}

TEST_F(WitnessEngineTest, ASecondHistoryThatTheLogDidNotSignIsNoEvidence) {
  SendBatch(log_.Write(Commit(1)));
  TestLog forger("forger");
  ExpectRefused(SendBatch(forger.Write(Abort(1))), Refusal::kMalformed,
                "differs from the one that is held");
  EXPECT_FALSE(engine_->evidence().has_value());
}

TEST_F(WitnessEngineTest, ACheckpointOfASecondHistoryThatSomebodyShowsIsEvidence) {
  SendBatch(log_.Write({Commit(1), Commit(2), Commit(3)}));
  TestLog other;
  other.Write({Commit(1), Abort(2)});
  // The log signed nothing of size 2 for this witness: the root is made from the records.
  ExpectRefused(Ask(other.Note()), Refusal::kRefusing, "was shown a log with root");
  ExpectEvidence(EvidenceKind::kForkedLog, log_.Note(), other.Note());
}

TEST_F(WitnessEngineTest, CheckpointsOfItsOwnHistoryAreFine) {
  SendBatch(log_.Write({Commit(1), Commit(2), Commit(3)}));
  SendBatch(log_.Write(Commit(4)));
  for (std::uint64_t size = 0; size <= 4; ++size) {
    EXPECT_EQ(Ask(log_.Note(size)).refusal, Refusal::kNone) << size;
  }
  EXPECT_FALSE(engine_->evidence().has_value());
}

TEST_F(WitnessEngineTest, ACheckpointThatIsAheadIsRememberedUntilItsRecordsCome) {
  TestLog other;
  other.Write(Commit(1));
  other.Write(Abort(2));
  EXPECT_EQ(Ask(other.Note()).refusal, Refusal::kNone);
  Reopen();
  SendBatch(log_.Write(Commit(1)));
  ExpectRefused(SendBatch(log_.Write(Commit(2))), Refusal::kRefusing, "had signed size 2");
  EXPECT_EQ(engine_->size(), 1U);
  ExpectEvidence(EvidenceKind::kForkedLog, other.Note(), log_.Note());
}

TEST_F(WitnessEngineTest, TwoCheckpointsAheadThatContradictAreEvidence) {
  TestLog other;
  other.Write(Commit(1));
  log_.Write(Abort(1));
  Ask(other.Note());
  ExpectRefused(Ask(log_.Note()), Refusal::kRefusing, "two trees of size 1");
  ExpectEvidence(EvidenceKind::kForkedLog, other.Note(), log_.Note());
}

TEST_F(WitnessEngineTest, AKnownNoteThatTheLogDidNotSignIsRefused) {
  TestLog forger("forger");
  forger.Write(Commit(1));
  ExpectRefused(Ask(forger.Note()), Refusal::kMalformed, "known: is not signed by");
  ExpectRefused(Ask("nothing"), Refusal::kMalformed, "known: note");
  EXPECT_FALSE(engine_->evidence().has_value());
}

// Each line of a key that the witness knows costs it a verification, and anybody may show a note.
TEST_F(WitnessEngineTest, AKnownNoteWithTwoLinesOfOneKeyIsRefused) {
  log_.Write(Commit(1));
  core::SignedCheckpoint note = *core::ParseCheckpoint(log_.Note());
  note.signatures.push_back(note.signatures.front());
  ExpectRefused(Ask(core::FormatCheckpoint(note)), Refusal::kMalformed,
                "known: has two signature lines of one key");
}

TEST_F(WitnessEngineTest, ALaterEpochSettlesTheMatterOfAForkedLog) {
  SendBatch(log_.Write(Commit(1)));
  TestLog other;
  SendBatch(other.Write(Abort(1)));
  EXPECT_TRUE(engine_->refusing());
  Reopen({PolicyBytes(1), PolicyBytes(2)});
  EXPECT_FALSE(engine_->refusing());
  ASSERT_TRUE(engine_->evidence().has_value());  // kept and shown
  ExpectCosigned(SendBatch(log_.Write(Commit(2, 2))), {2});
}

// The witness came back from an old backup: it holds less than its key has signed.
TEST_F(WitnessEngineTest, OneThatLostItsStateNeverSignsAgainUnderItsKey) {
  SendBatch(log_.Write(Commit(1)));
  SendBatch(log_.Write(Commit(2)));
  const std::string cosigned = Ask().checkpoint;
  disk_ = Disk();
  Reopen();
  SendBatch(log_.batches()[0]);
  ExpectRefused(Ask(cosigned), Refusal::kRefusing, "The key must not sign again.");
  EXPECT_EQ(engine_->evidence()->kind, EvidenceKind::kStateLost);
  ExpectEvidence(EvidenceKind::kStateLost, log_.Note(1), cosigned);
  // No epoch brings the key back.
  Reopen({PolicyBytes(1), PolicyBytes(2)});
  EXPECT_TRUE(engine_->refusing());
}

// A forked log was found first; what a later epoch settles must not bring the lost key back.
TEST_F(WitnessEngineTest, LostStateOutweighsEvidenceThatALaterEpochSettles) {
  SendBatch(log_.Write(Commit(1)));
  SendBatch(log_.Write(Commit(2)));
  const std::string cosigned = Ask().checkpoint;
  disk_ = Disk();
  Reopen();
  SendBatch(log_.batches()[0]);
  TestLog other;
  SendBatch(other.Write(Abort(1)));
  EXPECT_EQ(engine_->evidence()->kind, EvidenceKind::kForkedLog);
  ExpectRefused(Ask(cosigned), Refusal::kRefusing, "The key must not sign again.");
  EXPECT_EQ(engine_->evidence()->kind, EvidenceKind::kStateLost);
  Reopen({PolicyBytes(1), PolicyBytes(2)});
  EXPECT_TRUE(engine_->refusing());
}

TEST_F(WitnessEngineTest, WhatOthersCosignedDoesNotMeanThatItLostItsState) {
  SendBatch(log_.Write(Commit(1)));
  log_.Write(Commit(2));
  auto note = *core::ParseCheckpoint(log_.Note());
  note.signatures.push_back(*core::Cosign(core::CheckpointText(note.checkpoint), WitnessName(1),
                                          *KeyNamed(WitnessName(1)), 5));
  EXPECT_EQ(Ask(core::FormatCheckpoint(note)).refusal, Refusal::kNone);
  ExpectCosigned(SendBatch(log_.batches()[1]), {2});
}

TEST_F(WitnessEngineTest, OnlyAWitnessOfThePoliciesOpens) {
  const auto refused = [&](std::size_t index, std::string_view key, const std::string& why) {
    const absl::Status status = OpenWitness(Disk(), {PolicyBytes()}, index, key).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_NE(std::string(status.message()).find(why), std::string::npos) << status;
  };
  refused(7, "", "no policy names witness witness.example/w7");
  refused(1, "another", "is not the key that the policies name for witness witness.example/w1");
}

TEST_F(WitnessEngineTest, AJournalOfAnotherLogsKeyDoesNotOpen) {
  SendBatch(log_.Write(Commit(1)));
  core::SettlementPolicy policy = Policy();
  policy.decision_log_key = KeyNamed("another log")->public_key();
  const absl::Status status = OpenWitness(disk_, {codec::EncodePolicy(policy)}).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
}

TEST(EvidenceTest, RoundTrips) {
  const Evidence evidence{
      EvidenceKind::kForkedLog, 3, core::Sha256("key"), "what happened", "ours", "theirs", "batch"};
  const std::string bytes = EncodeEvidence(evidence);
  EXPECT_EQ(*DecodeEvidence(bytes), evidence);
  EXPECT_FALSE(DecodeEvidence(bytes + "x").ok());
  EXPECT_FALSE(DecodeEvidence(bytes.substr(0, bytes.size() - 1)).ok());
  std::string wrong = bytes;
  wrong[1] = 9;
  EXPECT_FALSE(DecodeEvidence(wrong).ok());
}

}  // namespace
}  // namespace causeway::witness
