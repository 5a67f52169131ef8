#include "fx-bridge/pvp/certifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "settlement/core/cosignature.h"
#include "settlement/core/decision_checkpoint.h"
#include "settlement/core/hash.h"
#include "settlement/core/merkle.h"

namespace causeway::pvp {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kLog[] = "bridge.example/decisions";

core::LedgerTime Ms(std::int64_t millis) { return core::LedgerTime::FromMicros(millis * 1000); }

std::shared_ptr<core::SoftwareSigner> KeyNamed(std::string_view name) {
  return *core::SoftwareSigner::FromEd25519Seed(core::Sha256(name).view());
}

std::string Name(std::size_t witness) { return "w" + std::to_string(witness); }

core::SettlementPolicy PolicyOf(std::uint64_t epoch, std::size_t witnesses, std::uint32_t needed,
                                std::uint32_t faulty_max) {
  core::SettlementPolicy policy;
  policy.hash = core::Sha256("policy " + std::to_string(epoch));
  policy.epoch = epoch;
  policy.decision_log = *core::LedgerOrigin::Parse(kLog);
  policy.decision_log_key = KeyNamed("log")->public_key();
  for (std::size_t i = 0; i < witnesses; ++i) {
    policy.witnesses.push_back({Name(i), KeyNamed(Name(i))->public_key()});
  }
  policy.witnesses_needed = needed;
  policy.witnesses_faulty_max = faulty_max;
  return policy;
}

class CertifierTest : public ::testing::Test {
 protected:
  explicit CertifierTest(std::vector<core::SettlementPolicy> policies = {PolicyOf(1, 4, 3, 1)})
      : policies_(*core::PolicySet::Make(std::move(policies))) {
    Restart();
  }

  void Restart() {
    certifier_ = std::make_unique<Certifier>(policies_, verifier_, CoordinatorOptions());
    certifier_->Restore(batches_, tree_.size(), batches_ == 0 ? "" : Note(tree_.size()));
  }
  // The log's signed checkpoint.
  std::string Note(std::uint64_t size) const {
    return *core::SignCheckpoint({kLog, size, *tree_.RootAt(size), {}}, kLog, *KeyNamed("log"));
  }
  core::NoteSignature Line(std::size_t witness, std::uint64_t size) const {
    return *core::Cosign(core::ParseNote(Note(size))->text, Name(witness), *KeyNamed(Name(witness)),
                         1000);
  }
  // A batch of one record, under the latest policy if not said otherwise, becomes durable.
  void Write(core::LedgerTime now, std::vector<core::Hash256> policies = {}) {
    if (policies.empty()) policies = {policies_.latest().hash};
    tree_.Append(core::LeafHash("record " + std::to_string(tree_.size())));
    ++batches_;
    certifier_->OnDurable(now, batches_, tree_.size(), Note(tree_.size()), policies);
  }
  core::WitnessAnswer Held(std::uint64_t size) const {
    core::WitnessAnswer answer;
    answer.batches = size;
    answer.size = size;
    return answer;
  }
  // An answer to "how far are you?".
  core::WitnessAnswer Located(std::size_t witness, std::uint64_t size) const {
    core::WitnessAnswer answer = Held(size);
    if (size == 0) return answer;
    core::SignedCheckpoint note = *core::ParseCheckpoint(Note(size));
    note.signatures.push_back(Line(witness, size));
    answer.checkpoint = core::FormatCheckpoint(note);
    return answer;
  }
  // An answer to one batch, the last of which is record `size`.
  core::WitnessAnswer Cosigned(std::size_t witness, std::uint64_t size) const {
    core::WitnessAnswer answer = Held(size);
    answer.cosigned.push_back({size, Line(witness, size)});
    return answer;
  }
  absl::Status Answer(core::LedgerTime now, std::size_t witness,
                      const core::WitnessAnswer& answer) {
    return certifier_->OnAnswer(now, Name(witness), answer,
                                [this](std::uint64_t size) { return *tree_.RootAt(size); });
  }
  void Locate(core::LedgerTime now, std::vector<std::size_t> witnesses, std::uint64_t size = 0) {
    certifier_->Tick(now);
    certifier_->TakeCalls();
    for (const std::size_t witness : witnesses) {
      ASSERT_TRUE(Answer(now, witness, Located(witness, size)).ok());
    }
  }
  std::vector<WitnessCall> CallsTo(std::size_t witness) {
    std::vector<WitnessCall> calls = certifier_->TakeCalls();
    std::erase_if(calls, [&](const WitnessCall& call) { return call.witness != Name(witness); });
    return calls;
  }
  const CertifiedCheckpoint& certified(std::size_t policy = 0) const {
    return certifier_->certified(policies_.all()[policy].hash);
  }

  const core::OpenSslSignatureVerifier verifier_;
  core::PolicySet policies_;
  core::MerkleTree tree_;
  std::uint64_t batches_ = 0;
  std::unique_ptr<Certifier> certifier_;
};

TEST_F(CertifierTest, AsksEveryWitnessAtFirst) {
  certifier_->Tick(Ms(0));
  const std::vector<WitnessCall> calls = certifier_->TakeCalls();
  ASSERT_THAT(calls, SizeIs(4));
  EXPECT_EQ(calls[2], (WitnessCall{"w2", 0, 0, ""}));
}

TEST_F(CertifierTest, DecidesOnlyWhenEnoughHaveSaidHowFarTheyAre) {
  Locate(Ms(0), {0, 1});
  EXPECT_FALSE(certifier_->MayDecide());
  Locate(Ms(0), {3});
  EXPECT_TRUE(certifier_->MayDecide());
}

// Whoever proves nothing does not count: a faulty witness could say anything.
TEST_F(CertifierTest, AWitnessThatProvesNothingDoesNotCount) {
  for (int i = 0; i < 3; ++i) Write(Ms(0));
  Restart();
  Locate(Ms(0), {0, 1}, 3);
  ASSERT_TRUE(Answer(Ms(0), 2, Held(3)).ok());
  EXPECT_FALSE(certifier_->MayDecide());
  core::WitnessAnswer forged = Located(2, 3);
  forged.checkpoint[forged.checkpoint.find('\n') + 1] = '2';
  ASSERT_TRUE(Answer(Ms(0), 2, forged).ok());
  EXPECT_FALSE(certifier_->MayDecide());
}

TEST_F(CertifierTest, CertifiesWithThreeOfFour) {
  Locate(Ms(0), {0, 1, 2, 3});
  Write(Ms(1));
  ASSERT_THAT(certifier_->TakeCalls(), SizeIs(4));
  for (const std::size_t witness : {3U, 0U}) {
    ASSERT_TRUE(Answer(Ms(2), witness, Cosigned(witness, 1)).ok());
    EXPECT_FALSE(certifier_->Certify());
  }
  EXPECT_EQ(certified().size, 0U);
  ASSERT_TRUE(Answer(Ms(2), 1, Cosigned(1, 1)).ok());
  EXPECT_TRUE(certifier_->Certify());
  EXPECT_EQ(certified().size, 1U);
  const auto verified =
      core::VerifyDecisionCheckpoint(certified().note, policies_.latest(), verifier_);
  EXPECT_TRUE(std::holds_alternative<core::Checkpoint>(verified));
  EXPECT_FALSE(certifier_->Certify());
}

TEST_F(CertifierTest, OneCheckpointCertifiesEverythingBelowIt) {
  Locate(Ms(0), {0, 1, 2, 3});
  for (int i = 0; i < 5; ++i) Write(Ms(1));
  for (const std::size_t witness : {0U, 1U, 2U}) {
    ASSERT_TRUE(Answer(Ms(2), witness, Cosigned(witness, 3)).ok());
  }
  EXPECT_TRUE(certifier_->Certify());
  EXPECT_EQ(certified().size, 3U);
  for (const std::size_t witness : {1U, 2U, 3U}) {
    ASSERT_TRUE(Answer(Ms(3), witness, Cosigned(witness, 5)).ok());
  }
  EXPECT_TRUE(certifier_->Certify());
  EXPECT_EQ(certified().size, 5U);
}

TEST_F(CertifierTest, TheNoteHasNoMoreCosignaturesThanAreNeeded) {
  Locate(Ms(0), {0, 1, 2, 3});
  Write(Ms(1));
  for (const std::size_t witness : {0U, 1U, 2U, 3U}) {
    ASSERT_TRUE(Answer(Ms(2), witness, Cosigned(witness, 1)).ok());
  }
  EXPECT_TRUE(certifier_->Certify());
  EXPECT_THAT(core::ParseNote(certified().note)->signatures, SizeIs(4));  // the log's and three
}

TEST_F(CertifierTest, AWrongCosignatureDoesNotCountAndDoesNotHarm) {
  Locate(Ms(0), {0, 1, 2, 3});
  Write(Ms(1));
  core::WitnessAnswer wrong = Cosigned(0, 1);
  wrong.cosigned[0].cosignature.signature.back() ^= 1;
  ASSERT_TRUE(Answer(Ms(2), 0, wrong).ok());
  for (const std::size_t witness : {1U, 2U}) {
    ASSERT_TRUE(Answer(Ms(2), witness, Cosigned(witness, 1)).ok());
  }
  EXPECT_FALSE(certifier_->Certify());
  EXPECT_EQ(certifier_->Witnesses()[0].message, "its cosignature of size 1 does not verify");
  ASSERT_TRUE(Answer(Ms(2), 3, Cosigned(3, 1)).ok());
  EXPECT_TRUE(certifier_->Certify());
}

TEST_F(CertifierTest, AWitnessDoesNotCosignForAnother) {
  Locate(Ms(0), {0, 1, 2, 3});
  Write(Ms(1));
  core::WitnessAnswer others = Cosigned(0, 1);
  others.cosigned.push_back({1, Line(1, 1)});
  others.cosigned.push_back({1, Line(2, 1)});
  ASSERT_TRUE(Answer(Ms(2), 0, others).ok());
  EXPECT_FALSE(certifier_->Certify());
}

TEST_F(CertifierTest, CallsArePipelinedAndBounded) {
  Locate(Ms(0), {0});
  for (std::size_t i = 0; i < kWitnessCallsMax + 3; ++i) Write(Ms(1));
  EXPECT_THAT(CallsTo(0), SizeIs(kWitnessCallsMax));
  // Room for one more: it takes all that waits.
  ASSERT_TRUE(Answer(Ms(2), 0, Cosigned(0, 1)).ok());
  EXPECT_THAT(CallsTo(0), ::testing::ElementsAre(WitnessCall{"w0", kWitnessCallsMax, 3, ""}));
}

TEST_F(CertifierTest, OneThatIsBehindGetsWhatItLacks) {
  for (int i = 0; i < 100; ++i) Write(Ms(0));
  Restart();
  Locate(Ms(0), {0}, 10);
  EXPECT_THAT(CallsTo(0),
              ::testing::ElementsAre(WitnessCall{"w0", 10, 64, ""}, WitnessCall{"w0", 74, 26, ""}));
}

TEST_F(CertifierTest, AGapIsFilledFromWhereTheWitnessIs) {
  Locate(Ms(0), {0});
  Write(Ms(1));
  Write(Ms(1));
  CallsTo(0);
  core::WitnessAnswer gap = Held(0);
  gap.refusal = core::WitnessRefusal::kGap;
  ASSERT_TRUE(Answer(Ms(2), 0, gap).ok());
  EXPECT_THAT(CallsTo(0), ::testing::ElementsAre(WitnessCall{"w0", 0, 2, ""}));
}

TEST_F(CertifierTest, OneThatHoldsLessThanItDidIsShownWhatItCosigned) {
  Locate(Ms(0), {0});
  Write(Ms(1));
  ASSERT_TRUE(Answer(Ms(2), 0, Cosigned(0, 1)).ok());
  Write(Ms(3));
  CallsTo(0);
  core::WitnessAnswer gap = Held(0);
  gap.refusal = core::WitnessRefusal::kGap;
  ASSERT_TRUE(Answer(Ms(4), 0, gap).ok());
  const std::vector<WitnessCall> calls = CallsTo(0);
  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_EQ(calls[0].batch_count, 0U);
  EXPECT_EQ(core::ParseCheckpoint(calls[0].known)->checkpoint.size, 1U);
}

TEST_F(CertifierTest, OneThatDoesNotAnswerIsAskedAgainEverMoreSlowly) {
  certifier_->Tick(Ms(0));
  certifier_->TakeCalls();
  certifier_->OnFailed(Ms(0), "w0");
  certifier_->OnFailed(Ms(0), "w0");  // the other calls that were under way
  certifier_->Tick(Ms(99));
  EXPECT_THAT(CallsTo(0), IsEmpty());
  certifier_->Tick(Ms(100));
  EXPECT_THAT(CallsTo(0), SizeIs(1));
  certifier_->OnFailed(Ms(100), "w0");
  certifier_->Tick(Ms(299));
  EXPECT_THAT(CallsTo(0), IsEmpty());
  certifier_->Tick(Ms(300));
  EXPECT_THAT(CallsTo(0), SizeIs(1));
}

TEST_F(CertifierTest, SilenceCountsAsFailure) {
  Locate(Ms(0), {0, 1, 2, 3});
  Write(Ms(1));
  certifier_->TakeCalls();
  certifier_->Tick(Ms(15'000));
  certifier_->Tick(Ms(15'001));  // gives up
  certifier_->Tick(Ms(15'101));  // asks
  EXPECT_THAT(CallsTo(0), ::testing::ElementsAre(WitnessCall{"w0", 0, 0, ""}));
}

// Seeds 3258 and 9553 of the simulation: an answer was lost with the cosignature in it, the answer
// to a repeat said that the witness held everything, and nobody asked it for anything any more.
TEST_F(CertifierTest, ACosignatureThatWasLostWithItsAnswerIsAskedForAgain) {
  Locate(Ms(0), {0, 1, 2});
  Write(Ms(1));
  certifier_->TakeCalls();
  for (const std::size_t witness : {0U, 1U}) {
    ASSERT_TRUE(Answer(Ms(2), witness, Cosigned(witness, 1)).ok());
  }
  ASSERT_TRUE(Answer(Ms(2), 2, Held(1)).ok());
  EXPECT_FALSE(certifier_->Certify());
  ASSERT_TRUE(certifier_->next_timer().has_value());
  certifier_->Tick(Ms(15'002));  // gives up
  certifier_->TakeCalls();
  certifier_->Tick(Ms(15'102));
  EXPECT_THAT(CallsTo(2), ::testing::ElementsAre(WitnessCall{"w2", 0, 0, ""}));
  ASSERT_TRUE(Answer(Ms(15'103), 2, Located(2, 1)).ok());
  EXPECT_TRUE(certifier_->Certify());
}

// What a witness holds it says with each answer, also with one that has an earlier cosignature.
TEST_F(CertifierTest, ACosignatureThatComesWithTheNextAnswerIsNotAskedFor) {
  Locate(Ms(0), {0, 1, 2});
  Write(Ms(1));
  Write(Ms(1));
  certifier_->TakeCalls();
  core::WitnessAnswer first = Cosigned(0, 1);
  first.batches = first.size = 2;
  ASSERT_TRUE(Answer(Ms(2), 0, first).ok());
  EXPECT_THAT(CallsTo(0), IsEmpty());
  ASSERT_TRUE(Answer(Ms(3), 0, Cosigned(0, 2)).ok());
  certifier_->Tick(Ms(20'000));
  EXPECT_THAT(CallsTo(0), IsEmpty());
}

TEST_F(CertifierTest, ADeadWitnessDelaysNobodyAndIsLeftAloneWhileNothingWaits) {
  Locate(Ms(0), {0, 1, 2});
  certifier_->OnFailed(Ms(0), "w3");
  Write(Ms(1));
  for (const std::size_t witness : {0U, 1U, 2U}) {
    ASSERT_TRUE(Answer(Ms(2), witness, Cosigned(witness, 1)).ok());
  }
  EXPECT_TRUE(certifier_->Certify());
  EXPECT_FALSE(certifier_->next_timer().has_value());
  Write(Ms(500));
  ASSERT_TRUE(certifier_->next_timer().has_value());
  certifier_->TakeCalls();
  certifier_->Tick(Ms(500));
  EXPECT_THAT(CallsTo(3), SizeIs(1));
}

TEST_F(CertifierTest, TellsAWitnessWhatItCosignedLast) {
  Locate(Ms(0), {0, 1, 2, 3});
  Write(Ms(1));
  ASSERT_TRUE(Answer(Ms(2), 0, Cosigned(0, 1)).ok());
  certifier_->TakeCalls();
  certifier_->OnFailed(Ms(3), "w0");
  certifier_->Tick(Ms(200));
  const std::vector<WitnessCall> calls = CallsTo(0);
  ASSERT_THAT(calls, SizeIs(1));
  const auto known = core::ParseCheckpoint(calls[0].known);
  ASSERT_TRUE(known.ok());
  EXPECT_EQ(*core::CosignersOf(*known, policies_.latest(), verifier_), std::vector<std::size_t>{0});
}

TEST_F(CertifierTest, AWitnessThatHoldsMoreThanTheLogMeansThatTheLogIsRolledBack) {
  for (int i = 0; i < 3; ++i) Write(Ms(0));
  const core::WitnessAnswer ahead = Located(1, 3);
  const core::Hash256 first = *tree_.Leaf(0);
  tree_ = core::MerkleTree();
  tree_.Append(first);  // the rest is lost
  batches_ = 1;
  Restart();
  const absl::Status status = Answer(Ms(1), 1, ahead);
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_NE(std::string(status.message())
                .find("has 1 records, and witness w1 holds a checkpoint "
                      "of 3"),
            std::string::npos)
      << status;
}

TEST_F(CertifierTest, AWitnessThatHoldsAnotherHistoryMeansThatTheLogForked) {
  Write(Ms(0));
  Write(Ms(0));
  const core::WitnessAnswer other = Located(1, 2);
  tree_ = core::MerkleTree();
  for (int i = 0; i < 3; ++i) tree_.Append(core::LeafHash("another " + std::to_string(i)));
  batches_ = 3;
  Restart();
  const absl::Status status = Answer(Ms(1), 1, other);
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_NE(std::string(status.message()).find("it has signed two histories"), std::string::npos);
}

TEST_F(CertifierTest, WhatWasCertifiedIsRestored) {
  Write(Ms(0));
  Write(Ms(0));
  Restart();
  certifier_->RestoreCertified(policies_.latest().hash, {1, "note"});
  EXPECT_EQ(certified().size, 1U);
  // The rest is collected again, from what the witnesses hold.
  Locate(Ms(1), {0, 1, 2}, 2);
  EXPECT_TRUE(certifier_->Certify());
  EXPECT_EQ(certified().size, 2U);
}

class EpochsTest : public CertifierTest {
 protected:
  static core::SettlementPolicy NewWitness() {
    core::SettlementPolicy policy = PolicyOf(2, 4, 3, 1);
    policy.witnesses[0].key = KeyNamed("w0, again")->public_key();
    return policy;
  }
  EpochsTest() : CertifierTest({PolicyOf(0, 0, 0, 0), PolicyOf(1, 4, 3, 1), NewWitness()}) {}
};

TEST_F(EpochsTest, EachPolicyCountsItsOwnWitnesses) {
  Locate(Ms(0), {1, 2, 3});
  Write(Ms(1), {policies_.all()[1].hash, policies_.all()[2].hash});
  EXPECT_EQ(certified(0).size, 1U);  // needs none
  for (const std::size_t witness : {1U, 2U, 3U}) {
    ASSERT_TRUE(Answer(Ms(2), witness, Cosigned(witness, 1)).ok());
  }
  EXPECT_TRUE(certifier_->Certify());
  EXPECT_EQ(certified(1).size, 1U);
  EXPECT_EQ(certified(2).size, 1U);
}

// Nobody has to be there for a policy under which nothing is decided any more.
TEST_F(EpochsTest, APolicyThatNothingWaitsForIsLeftAlone) {
  Locate(Ms(0), {1, 2, 3});
  Write(Ms(1));
  for (const std::size_t witness : {1U, 2U, 3U}) {
    ASSERT_TRUE(Answer(Ms(2), witness, Cosigned(witness, 1)).ok());
  }
  EXPECT_TRUE(certifier_->Certify());
  EXPECT_EQ(certified(1).size, 0U);
  EXPECT_EQ(certified(2).size, 1U);
  certifier_->OnFailed(Ms(3), "w0");
  EXPECT_FALSE(certifier_->next_timer().has_value());
}

TEST_F(EpochsTest, ARetiredKeyIsNotReachedAndDoesNotCount) {
  certifier_->Tick(Ms(0));
  EXPECT_THAT(certifier_->TakeCalls(), SizeIs(4));
  Locate(Ms(0), {1, 2});
  Write(Ms(1));
  for (const std::size_t witness : {1U, 2U}) {
    ASSERT_TRUE(Answer(Ms(2), witness, Cosigned(witness, 1)).ok());
  }
  ASSERT_TRUE(Answer(Ms(2), 0, Located(0, 1)).ok());  // with its old key
  EXPECT_FALSE(certifier_->Certify());
}

// A log that comes back with less than was certified under the earlier policy would be found by its
// witnesses alone.
class NoWitnessesAnyMoreTest : public CertifierTest {
 protected:
  NoWitnessesAnyMoreTest() : CertifierTest({PolicyOf(1, 4, 3, 1), PolicyOf(2, 0, 0, 0)}) {}
};

TEST_F(NoWitnessesAnyMoreTest, DecidesWhenThoseOfTheEarlierPolicyHaveSaidHowFarTheyAre) {
  EXPECT_FALSE(certifier_->MayDecide());
  Locate(Ms(0), {0, 1, 2});
  EXPECT_TRUE(certifier_->MayDecide());
}

class OtherWitnessesTest : public CertifierTest {
 protected:
  static core::SettlementPolicy Other() {
    core::SettlementPolicy policy = PolicyOf(2, 8, 3, 1);
    policy.witnesses.erase(policy.witnesses.begin(), policy.witnesses.begin() + 4);
    return policy;
  }
  OtherWitnessesTest() : CertifierTest({PolicyOf(1, 4, 3, 1), Other()}) {}
};

TEST_F(OtherWitnessesTest, DecidesWhenEnoughOfBothPoliciesHaveSaidHowFarTheyAre) {
  Locate(Ms(0), {4, 5, 6});
  EXPECT_FALSE(certifier_->MayDecide());
  Locate(Ms(0), {1, 2, 3});
  EXPECT_TRUE(certifier_->MayDecide());
}

class NewKeysTest : public CertifierTest {
 protected:
  static core::SettlementPolicy NewKeys() {
    core::SettlementPolicy policy = PolicyOf(2, 4, 3, 1);
    for (const std::size_t i : {0U, 1U}) {
      policy.witnesses[i].key = KeyNamed(Name(i) + ", again")->public_key();
    }
    return policy;
  }
  NewKeysTest() : CertifierTest({PolicyOf(1, 4, 3, 1), NewKeys()}) {}
};

// Two of four keys are left to the first policy, which needs three: it is not waited for.
TEST_F(NewKeysTest, APolicyThatCanCertifyNothingAnyMoreIsNotWaitedFor) {
  certifier_->Tick(Ms(0));
  for (const std::size_t witness : {0U, 1U, 2U}) {
    ASSERT_TRUE(Answer(Ms(0), witness, Held(0)).ok());
  }
  EXPECT_TRUE(certifier_->MayDecide());
}

}  // namespace
}  // namespace causeway::pvp
