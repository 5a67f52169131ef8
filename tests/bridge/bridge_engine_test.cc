#include "fx-bridge/engine/bridge_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fx-bridge/runtime/queue_runtime.h"
#include "settlement/core/checkpoint.h"
#include "tests/bridge/engine_fixture.h"

namespace causeway::bridge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(BridgeEngineTest, ASwapSettlesOnBothLedgers) {
  const Deal deal = world_.Swap("s", At(1000));
  ASSERT_EQ(OutcomeOfSubmit(At(0), deal), core::Outcome::kAccepted);
  Run(At(1));
  EXPECT_EQ(StateOf(deal), SettlementState::kSettled);
  for (const auto& ledger : world_.ledgers) {
    EXPECT_EQ(ledger->entries[deal.id].status, core::InstructionStatus::kSettled);
  }
  EXPECT_EQ(engine_->size(), 1U);
  EXPECT_THAT(engine_->ListOpen(), IsEmpty());
}

TEST_F(BridgeEngineTest, NothingLeavesBeforeTheSubmissionIsDurable) {
  const Deal deal = world_.Swap("s", At(1000));
  Submit(At(0), deal);
  EXPECT_THAT(engine_->TakeRequests(), IsEmpty());
  EXPECT_EQ(*world_.disk->appends, 0U);
  Flush(At(0));
  EXPECT_EQ(*world_.disk->appends, 1U);
  EXPECT_THAT(engine_->TakeRequests(), SizeIs(2));
}

TEST_F(BridgeEngineTest, NothingOfADecisionLeavesWhenItsWriteFails) {
  const Deal deal = world_.Swap("s", At(1000));
  Submit(At(0), deal);
  Flush(At(0));
  for (const LedgerRequest& request : engine_->TakeRequests()) Carry(At(1), request);
  *world_.disk->fault = Disk::Fault::kBefore;
  EXPECT_FALSE(engine_->Flush(At(1)).ok());
  EXPECT_THAT(engine_->TakeRequests(), IsEmpty());
}

TEST_F(BridgeEngineTest, ManyDecisionsAreOneWrite) {
  for (int i = 0; i < 50; ++i) Submit(At(0), world_.Swap("s" + std::to_string(i), At(1000)));
  Flush(At(0));
  for (const LedgerRequest& request : engine_->TakeRequests()) Carry(At(1), request);
  const std::uint64_t before = *world_.disk->appends;
  Flush(At(1));
  EXPECT_EQ(*world_.disk->appends, before + 1);
  EXPECT_EQ(engine_->batch_count(), 1U);
  EXPECT_EQ(engine_->size(), 50U);
}

TEST_F(BridgeEngineTest, PartiesMaySignOneAfterTheOther) {
  Deal first = world_.MakeDeal("s", At(1000), {{0, "ALPHA"}, {1, "BETA"}}, {"ALPHA"});
  const auto view = Submit(At(0), first);
  EXPECT_EQ(std::get<SettlementView>(view).state, SettlementState::kAwaitingSignatures);
  EXPECT_THAT(std::get<SettlementView>(view).awaiting, ElementsAre(Party("BETA")));
  Run(At(0));
  EXPECT_EQ(StateOf(first), SettlementState::kAwaitingSignatures);
  Deal second = first;
  second.terms.signatures.clear();
  World::Sign("BETA", second.terms);
  EXPECT_EQ(OutcomeOfSubmit(At(1), second), core::Outcome::kAccepted);
  Run(At(1));
  EXPECT_EQ(StateOf(first), SettlementState::kSettled);
}

TEST_F(BridgeEngineTest, SignaturesSurviveARestart) {
  Deal first = world_.MakeDeal("s", At(1000), {{0, "ALPHA"}, {1, "BETA"}}, {"ALPHA"});
  Submit(At(0), first);
  Flush(At(0));
  Restart();
  EXPECT_EQ(StateOf(first), SettlementState::kAwaitingSignatures);
  Deal second = first;
  second.terms.signatures.clear();
  World::Sign("BETA", second.terms);
  Submit(At(1), second);
  Run(At(1));
  EXPECT_EQ(StateOf(first), SettlementState::kSettled);
}

TEST_F(BridgeEngineTest, EachLedgerIsShownOnlyItsLegsAndItsPayersSignatures) {
  const Deal deal = world_.Swap("s", At(1000));
  Submit(At(0), deal);
  Flush(At(0));
  for (const LedgerRequest& request : engine_->TakeRequests()) {
    ASSERT_THAT(request.legs, SizeIs(1));
    EXPECT_EQ(request.legs[0].leg.ledger, request.ledger);
    EXPECT_THAT(request.terms.signatures, SizeIs(1));
  }
}

TEST_F(BridgeEngineTest, ASettlementOfManyLegsOnOneLedgerProvesEachOfThem) {
  const Deal deal = world_.MakeDeal(
      "s", At(1000), {{0, "ALPHA"}, {1, "BETA"}, {0, "GAMMA"}, {0, "BETA"}, {1, "ALPHA"}},
      {"ALPHA", "BETA", "GAMMA"});
  ASSERT_EQ(OutcomeOfSubmit(At(0), deal), core::Outcome::kAccepted);
  Run(At(0));
  EXPECT_EQ(StateOf(deal), SettlementState::kSettled);
}

TEST_F(BridgeEngineTest, ARefusalAbortsAndTheOtherLedgerReleases) {
  const Deal deal = world_.Swap("s", At(1000));
  world_.ledgers[1]->refuses[deal.id] = core::Outcome::kInsufficientFunds;
  Submit(At(0), deal);
  Run(At(1));
  EXPECT_EQ(StateOf(deal), SettlementState::kAborted);
  EXPECT_EQ(engine_->Find(deal.id)->rejection->outcome, core::Outcome::kInsufficientFunds);
  EXPECT_EQ(world_.ledgers[0]->entries[deal.id].status, core::InstructionStatus::kAborted);
}

TEST_F(BridgeEngineTest, APassedDeadlineAbortsAndTombstonesTheLedgerThatNeverAnswered) {
  const Deal deal = world_.Swap("s", At(1000));
  Submit(At(0), deal);
  Flush(At(0));
  engine_->TakeRequests();
  engine_->Tick(At(1001));
  Run(At(1001));
  EXPECT_EQ(StateOf(deal), SettlementState::kAborted);
  EXPECT_EQ(engine_->Find(deal.id)->rejection->outcome, core::Outcome::kPastDeadline);
  EXPECT_EQ(world_.ledgers[0]->entries[deal.id].status, core::InstructionStatus::kAborted);
}

TEST_F(BridgeEngineTest, AVoteThatDoesNotVerifyDoesNotCount) {
  const Deal deal = world_.Swap("s", At(1000));
  Submit(At(0), deal);
  Flush(At(0));
  engine_->TakeRequests();
  const FakeLedger& a = *world_.ledgers[0];
  const FakeLedger& b = *world_.ledgers[1];
  // Another ledger's vote, a vote for another settlement, and noise.
  engine_->OnPrepareReply(At(1), deal.id, b.origin(), a.VoteFor(deal.id, {.hold = 1}));
  engine_->OnPrepareReply(At(1), deal.id, b.origin(),
                          b.VoteFor(core::Sha256("other"), {.hold = 1}));
  engine_->OnPrepareReply(At(1), deal.id, b.origin(), std::string("noise"));
  engine_->OnPrepareReply(At(1), deal.id, a.origin(), a.VoteFor(deal.id, {.hold = 1}));
  Flush(At(1));
  EXPECT_EQ(engine_->size(), 0U);
  EXPECT_EQ(StateOf(deal), SettlementState::kPreparing);
}

TEST_F(BridgeEngineTest, AVoteThatWasVerifiedAheadIsNotVerifiedAgain) {
  // Counts the signatures that it is asked about, and finds all of them good.
  class CountingVerifier final : public core::SignatureVerifier {
   public:
    bool Verify(const core::PublicKey&, std::string_view, std::string_view) const override {
      return ++asked > 0;
    }
    bool VerifySha256(const core::PublicKey&, const core::Hash256&,
                      std::string_view) const override {
      return ++asked > 0;
    }
    mutable int asked = 0;
  };
  const auto counting = std::make_shared<CountingVerifier>();
  BridgeEngine::Options options = world_.Options();
  options.verifier = counting;
  engine_.reset();
  engine_ = Must(BridgeEngine::Open(std::move(options), world_.disk->Mount()));
  const Deal deal = world_.Swap("s", At(1000));
  Submit(At(0), deal);
  Flush(At(0));
  const FakeLedger& ledger = *world_.ledgers[0];
  const std::string vote = ledger.VoteFor(deal.id, {.hold = 1});
  counting->asked = 0;
  engine_->VerifyVoteAhead(vote);
  EXPECT_EQ(counting->asked, 1);
  engine_->OnPrepareReply(At(1), deal.id, ledger.origin(), vote);
  EXPECT_EQ(counting->asked, 1);
  EXPECT_TRUE(engine_->Find(deal.id)->ledgers[0].prepared);
}

TEST_F(BridgeEngineTest, ARepeatedSubmissionIsAnsweredWithTheView) {
  const Deal deal = world_.Swap("s", At(1000));
  Submit(At(0), deal);
  Run(At(1));
  const auto again = Submit(At(5000), deal);
  EXPECT_EQ(std::get<SettlementView>(again).state, SettlementState::kSettled);
  Run(At(5000));
  EXPECT_EQ(engine_->size(), 1U);
}

TEST_F(BridgeEngineTest, TheCertificateProvesTheDecision) {
  const Deal deal = world_.Swap("s", At(1000));
  const Deal other = world_.Swap("t", At(1000));
  Submit(At(0), deal);
  Run(At(1));
  Submit(At(2), other);
  Run(At(2));
  for (int round = 0; round < 2; ++round) {
    core::CompleteSettlement completion;
    completion.settlement_id = deal.id;
    completion.certificate = Must(engine_->MakeCertificate(deal.id));
    const core::TermsHeader terms = Must(codec::DecodeTerms(deal.terms.payload));
    EXPECT_EQ(
        core::VerifyCertificate(completion, world_.policy(), &terms, *world_.verifier).outcome,
        core::Outcome::kAccepted);
    Restart();
  }
  EXPECT_FALSE(engine_->MakeCertificate(core::Sha256("never")).ok());
}

TEST_F(BridgeEngineTest, ADecisionIsFoundAfterARestart) {
  const Deal deal = world_.Swap("s", At(1000));
  Submit(At(0), deal);
  Run(At(1));
  Submit(At(2), world_.Swap("t", At(1000)));
  Run(At(2));  // its write removes the first submission too
  Restart();
  const auto view = engine_->Find(deal.id);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->state, SettlementState::kSettled);
  EXPECT_EQ(view->deadline, At(1000));
  EXPECT_THAT(view->ledgers, SizeIs(2));
}

TEST_F(BridgeEngineTest, AbortsAnExpiredSettlementThatItNeverSaw) {
  const Deal deal = world_.Swap("s", At(1000));
  const auto answer = engine_->JudgeDeadline(At(1001), deal.id, deal.terms.payload);
  ASSERT_TRUE(std::holds_alternative<SettlementView>(answer));
  Run(At(1001));
  EXPECT_EQ(StateOf(deal), SettlementState::kAborted);
  for (const auto& ledger : world_.ledgers) {
    EXPECT_EQ(ledger->entries[deal.id].status, core::InstructionStatus::kAborted);
  }
}

TEST_F(BridgeEngineTest, DoesNotAbortWhatItNeverSawBeforeTheDeadline) {
  const Deal deal = world_.Swap("s", At(1000));
  const auto answer = engine_->JudgeDeadline(At(1000), deal.id, deal.terms.payload);
  EXPECT_EQ(std::get<core::Rejection>(answer).outcome, core::Outcome::kNotFound);
  EXPECT_EQ(OutcomeOfSubmit(At(1000), deal), core::Outcome::kAccepted);
}

TEST_F(BridgeEngineTest, DoesNotJudgeTermsOfAnotherId) {
  const Deal deal = world_.Swap("s", At(1000));
  const auto answer = engine_->JudgeDeadline(At(1001), core::Sha256("x"), deal.terms.payload);
  EXPECT_EQ(std::get<core::Rejection>(answer).outcome, core::Outcome::kMalformed);
}

TEST_F(BridgeEngineTest, ADeadlineThatIsAskedAboutAfterTheCommitChangesNothing) {
  const Deal deal = world_.Swap("s", At(1000));
  Submit(At(0), deal);
  Run(At(1));
  engine_->JudgeDeadline(At(2000), deal.id, deal.terms.payload);
  Run(At(2000));
  EXPECT_EQ(StateOf(deal), SettlementState::kSettled);
  EXPECT_EQ(engine_->size(), 1U);
}

TEST_F(BridgeEngineTest, AnExpiredSettlementIsNotTakenOnAgain) {
  const Deal deal = world_.Swap("s", At(1000));
  engine_->JudgeDeadline(At(1001), deal.id, deal.terms.payload);
  Run(At(1001));
  EXPECT_EQ(std::get<SettlementView>(Submit(At(0), deal)).state, SettlementState::kAborted);
}

TEST_F(BridgeEngineTest, AClockThatRunsBackwardsDoesNotReviveADeadline) {
  engine_->Tick(At(1001));
  EXPECT_EQ(OutcomeOfSubmit(At(0), world_.Swap("s", At(1000))), core::Outcome::kPastDeadline);
}

TEST_F(BridgeEngineTest, CountsALedgerThatWentAgainstTheDecision) {
  const Deal deal = world_.Swap("s", At(1000));
  Submit(At(0), deal);
  Flush(At(0));
  for (const LedgerRequest& request : engine_->TakeRequests()) Carry(At(1), request);
  Flush(At(1));
  engine_->OnCompleteReply(At(2), deal.id, world_.ledgers[0]->origin(),
                           core::InstructionStatus::kAborted);
  EXPECT_EQ(engine_->contradictions(), 1U);
  EXPECT_EQ(StateOf(deal), SettlementState::kCommitted);
}

TEST_F(BridgeEngineTest, SubscribersReadBatchesWhoseCheckpointsFollow) {
  for (int i = 0; i < 3; ++i) {
    Submit(At(i), world_.Swap("s" + std::to_string(i), At(1000)));
    Run(At(i));
  }
  core::MerkleTree tree;
  for (std::uint64_t number = 0; number < engine_->batch_count(); ++number) {
    const auto batch = Must(core::DecodeDecisionBatch(Must(engine_->ReadBatchBytes(number))));
    for (const auto& decided : batch.decided) tree.Append(core::LeafHash(decided.record));
    const auto checkpoint = Must(core::ParseCheckpoint(batch.checkpoint));
    EXPECT_EQ(checkpoint.checkpoint.root, tree.Root());
  }
  EXPECT_EQ(tree.size(), 3U);
  EXPECT_EQ(Must(engine_->FindBatch(2)), 2U);
}

TEST_F(BridgeEngineTest, AnIdleFlushWritesNothing) {
  Flush(At(0));
  Flush(At(1));
  EXPECT_EQ(*world_.disk->appends, 0U);
}

TEST_F(BridgeEngineTest, TellsWhichViewsChangedOnlyAfterTheyAreDurable) {
  const Deal deal = world_.Swap("s", At(1000));
  Submit(At(0), deal);
  EXPECT_THAT(engine_->TakeChanged(), IsEmpty());
  Flush(At(0));
  EXPECT_THAT(engine_->TakeChanged(), ElementsAre(deal.id));
}

TEST_F(BridgeEngineTest, RefusesToOpenWithAnotherKey) {
  BridgeEngine::Options options = world_.Options();
  options.signer = KeyOf("another");
  EXPECT_EQ(BridgeEngine::Open(options, world_.disk->Mount()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(BridgeEngineTest, RefusesToOpenUnderAnotherPolicyWhileSettlementsAreOpen) {
  Submit(At(0), world_.Swap("s", At(1000)));
  Flush(At(0));
  engine_.reset();
  BridgeEngine::Options options = world_.Options();
  world_.AddEpoch();
  options.policies = {world_.policy_bytes};
  EXPECT_EQ(BridgeEngine::Open(options, world_.disk->Mount()).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

// A central bank's ledger was to join: the bridge was restarted under the policy of the next epoch,
// and could neither finish nor abort what had been agreed under the one before.
TEST_F(BridgeEngineTest, SettlesWhatWasAgreedUnderAnEarlierEpoch) {
  const Deal open = world_.Swap("open", At(1000));
  const Deal late = world_.Swap("late", At(1000));
  Submit(At(0), open);
  Flush(At(0));
  const core::Hash256 earlier = world_.policy().hash;
  world_.AddEpoch();
  Restart();
  const Deal fresh = world_.Swap("fresh", At(1000));
  EXPECT_EQ(OutcomeOfSubmit(At(1), late), core::Outcome::kAccepted);
  EXPECT_EQ(OutcomeOfSubmit(At(1), fresh), core::Outcome::kAccepted);
  engine_->Tick(At(1));
  Run(At(1));
  for (const Deal* deal : {&open, &late, &fresh}) {
    EXPECT_EQ(StateOf(*deal), SettlementState::kSettled);
    EXPECT_EQ(Must(engine_->MakeCertificate(deal->id)).record.policy_hash,
              deal == &fresh ? world_.policy().hash : earlier);
  }
  EXPECT_EQ(engine_->policy_bytes(), world_.policy_bytes);
}

TEST_F(BridgeEngineTest, JudgesADeadlineUnderAnEarlierEpoch) {
  const Deal deal = world_.Swap("s", At(1000));
  const core::Hash256 earlier = world_.policy().hash;
  world_.AddEpoch();
  Restart();
  const auto answer = engine_->JudgeDeadline(At(1001), deal.id, deal.terms.payload);
  ASSERT_TRUE(std::holds_alternative<SettlementView>(answer));
  Run(At(1001));
  EXPECT_EQ(StateOf(deal), SettlementState::kAborted);
  EXPECT_EQ(Must(engine_->MakeCertificate(deal.id)).record.policy_hash, earlier);
}

TEST_F(BridgeEngineTest, RefusesToOpenWithTwoPoliciesOfOneEpoch) {
  core::SettlementPolicy other = world_.policy();
  other.ledgers.pop_back();
  world_.AddPolicy(other);
  const absl::Status status = world_.TryOpen().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find("both have epoch 1"), std::string::npos) << status;
}

// The process stopped when somebody asked again for a settlement whose record had gone bad on disk.
TEST_F(BridgeEngineTest, ARecordThatCannotBeReadIsNamedAndStopsNothingElse) {
  const Deal deal = world_.Swap("s", At(1000));
  Submit(At(0), deal);
  Run(At(1));
  Submit(At(1), world_.Swap("later", At(1000)));  // with it goes what was kept of the first
  Run(At(1));
  Restart();  // what was complete is in the log alone
  *world_.disk->damaged = 0;
  const std::uint64_t appends = *world_.disk->appends;
  const auto expect_named = [&](const std::variant<SettlementView, core::Rejection>& answer) {
    const auto* refused = std::get_if<core::Rejection>(&answer);
    ASSERT_NE(refused, nullptr);
    EXPECT_EQ(refused->outcome, core::Outcome::kUnavailable);
    EXPECT_NE(refused->message.find(deal.id.ToHex()), std::string::npos) << refused->message;
    EXPECT_NE(refused->message.find("record 0 of the decision log"), std::string::npos)
        << refused->message;
    EXPECT_NE(refused->message.find("block 0"), std::string::npos) << refused->message;
  };
  expect_named(engine_->Submit(At(2), deal.terms, deal.legs));
  expect_named(engine_->JudgeDeadline(At(2), deal.id, deal.terms.payload));
  expect_named(engine_->OrderAbort(At(2), deal.id, AbortOrder()));
  expect_named(engine_->Look(deal.id));
  EXPECT_FALSE(engine_->Find(deal.id).has_value());
  Run(At(3));
  EXPECT_EQ(*world_.disk->appends, appends);

  const Deal other = world_.Swap("t", At(1000));
  Submit(At(4), other);
  Run(At(5));
  EXPECT_EQ(StateOf(other), SettlementState::kSettled);
  world_.disk->damaged->reset();  // a copy was put back
  EXPECT_EQ(StateOf(deal), SettlementState::kSettled);
}

TEST_F(BridgeEngineTest, RefusesAJournalThatDecidesAnIdTwice) {
  const Deal deal = world_.Swap("s", At(1000));
  engine_->JudgeDeadline(At(1001), deal.id, deal.terms.payload);
  Run(At(1001));
  auto batch = Must(core::DecodeDecisionBatch(Must(engine_->ReadBatchBytes(0))));
  core::MerkleTree tree;
  tree.Append(core::LeafHash(batch.decided[0].record));
  tree.Append(core::LeafHash(batch.decided[0].record));
  batch.number = 1;
  batch.first_index = 1;
  batch.checkpoint = Must(core::SignCheckpoint({"bridge.example/decisions", 2, tree.Root(), {}},
                                               "bridge.example/decisions", *world_.log_key));
  engine_.reset();
  store::Block block;
  block.number = 1;
  block.first_index = 1;
  block.count = 1;
  block.body = core::EncodeDecisionBatch(batch);
  ASSERT_TRUE(world_.disk->Append({&block, 1}, {}).ok());
  EXPECT_EQ(world_.TryOpen().status().code(), absl::StatusCode::kDataLoss);
}

// A ledger that refused as "accepted" made the queue end a trade as settled with nothing booked.
TEST(EndOfTest, OnlyWhatIsSettledIsAccepted) {
  SettlementView view;
  for (const SettlementState state :
       {SettlementState::kPreparing, SettlementState::kCertifying, SettlementState::kCommitted,
        SettlementState::kAborting, SettlementState::kAwaitingSignatures}) {
    view.state = state;
    EXPECT_FALSE(EndOf(view).has_value());
  }
  view.state = SettlementState::kSettled;
  EXPECT_EQ(EndOf(view)->outcome, core::Outcome::kAccepted);
  view.state = SettlementState::kAborted;
  EXPECT_EQ(EndOf(view)->outcome, core::Outcome::kSettlementAborted);
  view.rejection = Refusal(core::Outcome::kAccepted);
  EXPECT_EQ(EndOf(view)->outcome, core::Outcome::kSettlementAborted);
  view.rejection = Refusal(core::Outcome::kInsufficientFunds);
  EXPECT_EQ(EndOf(view)->outcome, core::Outcome::kInsufficientFunds);
}

}  // namespace
}  // namespace causeway::bridge
