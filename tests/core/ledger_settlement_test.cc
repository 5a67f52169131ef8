#include <gtest/gtest.h>

#include "settlement/core/checkpoint.h"
#include "settlement/core/envelope.h"
#include "settlement/core/merkle.h"
#include "settlement/core/settlement.h"
#include "tests/core/settlement_fixture.h"

namespace causeway::core {
namespace {

class LedgerSettlementTest : public SettlementFixture {};

TEST_F(LedgerSettlementTest, PrepareReservesOnBothSidesAndCommitExecutes) {
  const PrepareSettlement prepare = MakePrepare(700, "S-1");
  const ItemResult held = Prepare(prepare);
  EXPECT_EQ(held.settlement_status, InstructionStatus::kPrepared);
  EXPECT_EQ(Held("ALPHA"), 700);
  EXPECT_EQ(Account("BETA").incoming_reserved.minor(), 700);
  EXPECT_EQ(Available("BETA"), 0);
  const ItemResult done = Complete(Decide(prepare, Verdict::kCommit));
  EXPECT_EQ(done.settlement_status, InstructionStatus::kSettled);
  EXPECT_EQ(Available("ALPHA"), 99'300);
  EXPECT_EQ(Held("ALPHA"), 0);
  EXPECT_EQ(Available("BETA"), 700);
  EXPECT_EQ(Account("BETA").incoming_reserved.minor(), 0);
}

TEST_F(LedgerSettlementTest, AbortReleasesAndRepeatsAreHarmless) {
  const PrepareSettlement prepare = MakePrepare(700, "S-1");
  Prepare(prepare);
  const CompleteSettlement abort = Decide(prepare, Verdict::kAbort);
  EXPECT_EQ(Complete(abort).settlement_status, InstructionStatus::kAborted);
  EXPECT_EQ(Available("ALPHA"), 100'000);
  const ItemResult again = Complete(abort);
  EXPECT_FALSE(again.sequenced);
  EXPECT_EQ(again.settlement_status, InstructionStatus::kAborted);
  ExpectRefused(Prepare(prepare), Outcome::kSettlementAborted);
}

TEST_F(LedgerSettlementTest, AbortThatComesFirstIsATombstoneForTheLatePrepare) {
  const PrepareSettlement prepare = MakePrepare(700, "S-1");
  EXPECT_EQ(Complete(Decide(prepare, Verdict::kAbort)).settlement_status,
            InstructionStatus::kAborted);
  ExpectRefused(Prepare(prepare), Outcome::kSettlementAborted);
  EXPECT_EQ(Held("ALPHA"), 0);
}

TEST_F(LedgerSettlementTest, CommitIsNeitherInventedNorTakenForAnUnpreparedSettlement) {
  const PrepareSettlement prepare = MakePrepare(700, "S-1");
  ExpectRefused(Complete(Decide(prepare, Verdict::kCommit)), Outcome::kUnknownSettlement);
  Prepare(prepare);
  EXPECT_EQ(AdmitOutcome(Decide(prepare, Verdict::kCommit, /*all_votes=*/false)),
            Outcome::kVotesMissing);
  CompleteSettlement stolen = Decide(prepare, Verdict::kCommit);
  stolen.certificate.votes[1] =
      VoteOf("bridge", far_, Sha256("far"), prepare.terms.settlement_id, 9);
  EXPECT_NE(AdmitOutcome(stolen), Outcome::kAccepted);
  CompleteSettlement unsigned_log = Decide(prepare, Verdict::kCommit);
  const std::string origin = policy_.decision_log.ToString();
  MerkleTree log;
  log.Append(LeafHash(unsigned_log.certificate.record_bytes));
  unsigned_log.certificate.checkpoint = *SignCheckpoint(
      {.origin = origin, .size = 1, .root = log.Root()}, origin, KeyNamed("stranger"));
  EXPECT_EQ(AdmitOutcome(unsigned_log), Outcome::kBadCertificate);
  EXPECT_EQ(Held("ALPHA"), 700);
}

// What is not verified must not be carried out, even if the settlement comes to be prepared between
// admission and execution, and the certificate is good.
TEST_F(LedgerSettlementTest, CommitThatWasAdmittedBeforeThePrepareIsRefused) {
  const PrepareSettlement prepare = MakePrepare(700, "S-1");
  const AdmittedItem early = AdmitCompletion(Decide(prepare, Verdict::kCommit));
  EXPECT_TRUE(early.unverified);
  const BatchResult both = Apply({SignedPrepare(prepare), early});
  EXPECT_FALSE(both.results[0].refused.has_value());
  ExpectRefused(both.results[1], Outcome::kUnknownSettlement);
  EXPECT_EQ(Held("ALPHA"), 700);
  EXPECT_EQ(Available("BETA"), 0);
  EXPECT_EQ(Complete(Decide(prepare, Verdict::kCommit)).settlement_status,
            InstructionStatus::kSettled);
  const ItemResult repeat = ApplyOne(early);
  EXPECT_FALSE(repeat.refused.has_value());
  EXPECT_EQ(repeat.settlement_status, InstructionStatus::kSettled);
}

TEST_F(LedgerSettlementTest, LooksForWhatMayHaveEndedAndForTheLegsThatAreSigned) {
  const PrepareSettlement prepare = MakePrepare(700, "S-1");
  const Hash256& id = prepare.terms.settlement_id;
  const InstructionKey tombstone = CompletionKeyOf(Party("CENTRAL"), id);
  const InstructionKey leg{Party("ALPHA"), ActionKind::kSettlementLeg, Id("S-1")};
  EXPECT_EQ(ledger_->KeysLookedFor(SignedPrepare(prepare)), (std::vector{tombstone, leg}));
  EXPECT_EQ(ledger_->KeysLookedFor(SignedPrepare(prepare, {"BETA"})), std::vector{tombstone});
  EXPECT_EQ(ledger_->SettlementLookedFor(SignedPrepare(prepare)), id);
  Prepare(prepare);
  EXPECT_TRUE(ledger_->KeysLookedFor(SignedPrepare(prepare)).empty());
  EXPECT_FALSE(ledger_->SettlementLookedFor(SignedPrepare(prepare)).has_value());
  const AdmittedItem commit = AdmitCompletion(Decide(prepare, Verdict::kCommit));
  EXPECT_FALSE(ledger_->SettlementLookedFor(commit).has_value());
  ApplyOne(commit);
  EXPECT_EQ(ledger_->SettlementLookedFor(commit), id);
  EXPECT_EQ(ledger_->SettlementLookedFor(SignedPrepare(prepare)), id);
}

// Completed settlements stayed in memory for ever.
TEST_F(LedgerSettlementTest, WhatHasEndedLeavesMemoryAndIsAnsweredAsBefore) {
  const PrepareSettlement settled = MakePrepare(700, "S-1");
  const PrepareSettlement aborted = MakePrepare(700, "S-2");
  const PrepareSettlement rejected = MakePrepare(100'001, "S-3");
  const PrepareSettlement tombstone = MakePrepare(700, "S-4");
  const ItemResult held = Prepare(settled);
  Prepare(aborted);
  const CompleteSettlement commit = Decide(settled, Verdict::kCommit);
  const CompleteSettlement abort = Decide(aborted, Verdict::kAbort);
  const CompleteSettlement bury = Decide(tombstone, Verdict::kAbort);
  const std::vector<std::pair<Hash256, ItemResult>> first = {
      {settled.terms.settlement_id, Complete(commit)},
      {aborted.terms.settlement_id, Complete(abort)},
      {rejected.terms.settlement_id, Prepare(rejected)},
      {tombstone.terms.settlement_id, Complete(bury)}};
  EXPECT_TRUE(ledger_->PreparedSettlements().empty());
  // A repeat may name other legs: those of the settlement are told.
  PrepareSettlement altered = rejected;
  altered.legs[0].leg.id = Id("S-9");
  const std::vector<ItemResult> again = {Complete(commit), Complete(abort), Prepare(altered),
                                         Complete(bury)};
  for (std::size_t i = 0; i < again.size(); ++i) {
    const auto& [id, before] = first[i];
    EXPECT_EQ(ledger_->FindSettlement(id), nullptr);
    EXPECT_FALSE(again[i].sequenced);
    EXPECT_FALSE(again[i].refused.has_value());
    EXPECT_EQ(again[i].settlement_id, id);
    EXPECT_EQ(again[i].settlement_status, before.settlement_status);
    EXPECT_EQ(again[i].settlement_entry, before.settlement_entry);
    EXPECT_EQ(again[i].settlement_hold, before.settlement_hold);
    ASSERT_EQ(again[i].instructions.size(), before.instructions.size());
    EXPECT_EQ(again[i].instructions.size(), i < 3 ? 1u : 0u);
    for (std::size_t leg = 0; leg < again[i].instructions.size(); ++leg) {
      EXPECT_EQ(again[i].instructions[leg].key, before.instructions[leg].key);
      EXPECT_EQ(again[i].instructions[leg].entry_index, before.instructions[leg].entry_index);
      EXPECT_EQ(again[i].instructions[leg].payload_hash, Sha256("terms bytes"));
    }
  }
  EXPECT_EQ(again[0].settlement_hold, held.settlement_hold);
  const ItemResult prepared_again = Prepare(settled);
  EXPECT_EQ(prepared_again.settlement_status, InstructionStatus::kSettled);
  EXPECT_EQ(prepared_again.settlement_hold, held.settlement_hold);
  ExpectRefused(Prepare(aborted), Outcome::kSettlementAborted);
  ExpectRefused(Prepare(tombstone), Outcome::kSettlementAborted);
  EXPECT_EQ(Held("ALPHA"), 0);
}

TEST_F(LedgerSettlementTest, AnEndedSettlementTakesNothingOfASnapshot) {
  const auto snapshot_bytes = [&] {
    std::size_t bytes = 0;
    ledger_->StartSnapshot();
    for (std::string part = ledger_->NextSnapshotPart(); !part.empty();
         part = ledger_->NextSnapshotPart()) {
      bytes += part.size();
    }
    return bytes;
  };
  const std::size_t before = snapshot_bytes();
  for (int i = 0; i < 200; ++i) {
    const PrepareSettlement prepare = MakePrepare(1, "S-" + std::to_string(i));
    if (i % 3 != 0) Prepare(prepare);  // else a tombstone
    Complete(Decide(prepare, i % 3 == 1 ? Verdict::kCommit : Verdict::kAbort));
  }
  EXPECT_EQ(snapshot_bytes(), before);
}

TEST_F(LedgerSettlementTest, SecondVerdictAgainstTheFirstIsAConflict) {
  const PrepareSettlement prepare = MakePrepare(700, "S-1");
  Prepare(prepare);
  const CompleteSettlement abort = Decide(prepare, Verdict::kAbort);
  Complete(Decide(prepare, Verdict::kCommit));
  ExpectRefused(Complete(abort), Outcome::kSettlementConflict);
  EXPECT_EQ(Available("BETA"), 700);
}

TEST_F(LedgerSettlementTest, PreparedHoldOutlivesDeadlineFreezeRevocationAndCutOff) {
  const PrepareSettlement prepare = MakePrepare(700, "S-1");
  Prepare(prepare);
  const CompleteSettlement commit = Decide(prepare, Verdict::kCommit);
  now_ = now_ + Duration::FromHours(5);
  ExpectAccepted(ByCentralBank(SetFreeze{Address("ALPHA"), true, "order 7"}));
  ExpectAccepted(ByCentralBank(SetFreeze{Address("BETA"), true, "order 7"}));
  ExpectAccepted(ByCentralBank(
      UpdateKeys{.participant = Party("ALPHA"), .revoke = {KeyNamed("ALPHA").key_id()}}));
  ExpectAccepted(ByCentralBank(SetSettlementPolicy{policy_, /*withdraw=*/true}));
  ExpectRejected(
      ByCentralBank(OperatorOverride{Address("ALPHA"), Address("BETA"), Hkd(100'000), "judgment"}),
      Outcome::kFundsHeld);
  ExpectRejected(ByCentralBank(CloseAccount{Address("BETA")}), Outcome::kAccountNotEmpty);
  ExpectAccepted(ByCentralBank(SetDayPhase{genesis_.business_date, DayPhase::kCutOff}));
  ExpectAccepted(ByCentralBank(SetDayPhase{genesis_.business_date, DayPhase::kClosed}));
  EXPECT_EQ(ledger_->PreparedSettlements().size(), 1u);
  EXPECT_EQ(Complete(commit).settlement_status, InstructionStatus::kSettled);
  EXPECT_EQ(Available("BETA"), 700);
}

TEST_F(LedgerSettlementTest, OrderToAbortAsksAndTouchesNothing) {
  const PrepareSettlement prepare = MakePrepare(700, "S-1");
  const Hash256& id = prepare.terms.settlement_id;
  Prepare(prepare);
  const CompleteSettlement commit = Decide(prepare, Verdict::kCommit);
  const BatchResult ordered = Apply({Admitted(
      MakeCommand("CENTRAL", OrderAbort{id, "judgment 13"}, "ABT-1"), {"central-1", "central-2"})});
  ASSERT_EQ(ordered.entries.size(), 1u);
  const Entry& entry = ordered.entries[0];
  EXPECT_EQ(entry.instruction.kind, ActionKind::kOrderAbort);
  EXPECT_EQ(entry.status, InstructionStatus::kSettled);
  EXPECT_EQ(entry.settlement_id, id);
  EXPECT_TRUE(entry.postings.empty());
  EXPECT_EQ(Held("ALPHA"), 700);
  EXPECT_EQ(ledger_->FindSettlement(id)->status, InstructionStatus::kPrepared);
  // Nothing but the certificate resolves the hold, and it may be a commit.
  EXPECT_EQ(Complete(commit).settlement_status, InstructionStatus::kSettled);
  EXPECT_EQ(Available("BETA"), 700);
  ExpectRejected(ByCentralBank(OrderAbort{id, "judgment 13"}), Outcome::kWrongInstructionState);
}

TEST_F(LedgerSettlementTest, OrderToAbortThatCameFirstKeepsItFromBeingPrepared) {
  const PrepareSettlement prepare = MakePrepare(700, "S-1");
  const Hash256& id = prepare.terms.settlement_id;
  const Hash256 before = ledger_->StateRoot();
  const BatchResult ordered = Apply({Admitted(
      MakeCommand("CENTRAL", OrderAbort{id, "judgment 13"}, "ABT-1"), {"central-1", "central-2"})});
  ASSERT_EQ(ordered.entries.size(), 1u);
  EXPECT_NE(ledger_->StateRoot(), before);
  for (int i = 0; i < 2; ++i) {
    const ItemResult refused = Prepare(prepare);
    ASSERT_TRUE(refused.refused.has_value());
    EXPECT_EQ(refused.refused->outcome, Outcome::kAbortOrdered);
    EXPECT_EQ(refused.refused->rule, "entry " + std::to_string(ordered.entries[0].index));
    EXPECT_FALSE(refused.sequenced);
  }
  EXPECT_EQ(Held("ALPHA"), 0);
  // The abort that follows ends it as any other, and another settlement is not concerned.
  EXPECT_EQ(Complete(Decide(prepare, Verdict::kAbort, false)).settlement_status,
            InstructionStatus::kAborted);
  EXPECT_EQ(Prepare(prepare).refused->outcome, Outcome::kSettlementAborted);
  EXPECT_EQ(Prepare(MakePrepare(700, "S-2")).settlement_status, InstructionStatus::kPrepared);
}

TEST_F(LedgerSettlementTest, OrderToAbortNeedsTwoApproversAndALegalBasis) {
  const Hash256 id = MakePrepare(700, "S-1").terms.settlement_id;
  const auto order = [&](const std::string& party, std::vector<std::string> signers,
                         const std::string& basis) {
    return ApplyOne(Admitted(MakeCommand(party, OrderAbort{id, basis}), std::move(signers)));
  };
  ExpectRejected(order("CENTRAL", {"central-1"}, "judgment 13"), Outcome::kApprovalsMissing);
  ExpectRejected(order("ALPHA", {"ALPHA"}, "judgment 13"), Outcome::kNotAuthorised);
  ExpectRejected(order("CENTRAL", {"central-1", "central-2"}, ""), Outcome::kInvalidField);
  // It may come before the settlement does.
  ExpectAccepted(order("CENTRAL", {"central-1", "central-2"}, "judgment 13"));
}

TEST_F(LedgerSettlementTest, TermsMustStand) {
  PrepareSettlement prepare = MakePrepare(700, "S-1");
  ExpectRefused(ApplyOne(SignedPrepare(prepare, {"BETA"})), Outcome::kTermsNotSignedByPayer);
  PrepareSettlement altered = prepare;
  altered.legs[0].bytes += " altered";
  ExpectRefused(Prepare(altered), Outcome::kLegNotInTerms);
  PrepareSettlement withheld = prepare;
  withheld.terms.ledgers[0].leg_count = 2;
  ExpectRefused(Prepare(withheld), Outcome::kLegNotInTerms);
  PrepareSettlement foreign = prepare;
  foreign.terms.policy_hash = Sha256("another policy");
  ExpectRefused(Prepare(foreign), Outcome::kUnknownSettlementPolicy);
  now_ = prepare.terms.deadline + Duration::FromMicros(1);
  ExpectRefused(Prepare(prepare), Outcome::kPastDeadline);
  EXPECT_EQ(ledger_->FindSettlement(prepare.terms.settlement_id), nullptr);
}

// An observer admits an item a little later than the node did. A stranger's bad signature on the
// terms, skipped by the node, must not be held against the batch because the stranger's key was
// registered in between.
TEST_F(LedgerSettlementTest, StrangersSignatureOnTermsSaysNothingBeforeAndAfterItsRegistration) {
  const PrepareSettlement prepare = MakePrepare(700, "S-1");
  Envelope envelope = *SignEnvelope(kTermsPayloadType, "terms", KeyNamed("ALPHA"));
  envelope.signatures.push_back({KeyNamed("GAMMA").key_id(), std::string(64, 'x')});
  const auto signers = [&] {
    const auto admitted = ledger_->Admit(envelope, prepare, verifier_);
    return std::get<AdmittedItem>(admitted).signers;
  };
  const std::vector<KeyId> before = signers();
  EXPECT_EQ(before, std::vector<KeyId>{KeyNamed("ALPHA").key_id()});
  ExpectAccepted(ByCentralBank(RegisterParticipant{.participant = Party("GAMMA"),
                                                   .role = Role::kCommercialBank,
                                                   .country = ParseOrDie<Country>("TH"),
                                                   .keys = {KeyNamed("GAMMA").public_key()}}));
  EXPECT_EQ(signers(), before);
}

// The completion was admitted while the id was unknown, so its policy could not be compared; by the
// time it runs, the settlement is prepared under another one.
TEST_F(LedgerSettlementTest, AbortUnderAnotherPolicyDoesNotReleaseAHoldOfTheSameBatch) {
  const PrepareSettlement prepare = MakePrepare(700, "S-1");
  CompleteSettlement abort = Decide(prepare, Verdict::kAbort);
  abort.certificate.record.policy_hash = Sha256("another policy");
  const BatchResult result =
      Apply({SignedPrepare(prepare), {.body = abort, .payload_hash = Sha256("completion")}});
  EXPECT_EQ(result.results[0].settlement_status, InstructionStatus::kPrepared);
  ExpectRefused(result.results[1], Outcome::kSettlementConflict);
  EXPECT_EQ(Held("ALPHA"), 700);
}

TEST_F(LedgerSettlementTest, DeadlineTooFarAheadIsRefused) {
  PrepareSettlement prepare = MakePrepare(700, "S-1");
  prepare.terms.deadline = now_ + kDeadlineAheadMax + Duration::FromMicros(1);
  ExpectRefused(Prepare(prepare), Outcome::kValidUntilTooFar);
}

// Two promises that fit on top of a negative balance, and not beside each other.
TEST_F(LedgerSettlementTest, PromisesMustFitWithoutTheDebtThatTheyWouldPayOff) {
  const std::int64_t huge = 9'000'000'000'000'000'000;
  ExpectAccepted(
      ByCentralBank(SetLimits{Address("BETA"), Amount::Zero(), Amount::FromMinor(huge)}));
  ExpectAccepted(By("BETA", PayOf("BETA", "ALPHA", huge)));
  EXPECT_EQ(Prepare(MakePrepare(8'000'000'000'000'000'000, "S-1")).settlement_status,
            InstructionStatus::kPrepared);
  ExpectAccepted(
      ByCentralBank(SetLimits{Address("ALPHA"), Amount::Zero(), Amount::FromMinor(huge)}));
  const ItemResult second = Prepare(MakePrepare(8'000'000'000'000'000'000, "S-2"));
  EXPECT_EQ(second.settlement_status, InstructionStatus::kRejected);
  EXPECT_EQ(second.instructions.at(0).rejection.outcome, Outcome::kAmountOverflow);
}

TEST_F(LedgerSettlementTest, LegThatCannotBeReservedRejectsTheSettlementForGood) {
  const PrepareSettlement prepare = MakePrepare(100'001, "S-1");
  const ItemResult result = Prepare(prepare);
  EXPECT_EQ(result.settlement_status, InstructionStatus::kRejected);
  ASSERT_EQ(result.instructions.size(), 1u);
  EXPECT_EQ(result.instructions[0].rejection.outcome, Outcome::kInsufficientFunds);
  ByCentralBank(Issue{Address("ALPHA"), Hkd(100'000), "RTGS"});
  const ItemResult again = Prepare(prepare);
  EXPECT_FALSE(again.sequenced);
  EXPECT_EQ(again.settlement_status, InstructionStatus::kRejected);
  EXPECT_EQ(Complete(Decide(prepare, Verdict::kAbort)).settlement_status,
            InstructionStatus::kRejected);
}

TEST_F(LedgerSettlementTest, RepeatedPrepareGivesTheSameHold) {
  const PrepareSettlement prepare = MakePrepare(700, "S-1");
  const ItemResult first = Prepare(prepare);
  const ItemResult again = Prepare(prepare);
  EXPECT_FALSE(again.sequenced);
  EXPECT_EQ(again.settlement_status, InstructionStatus::kPrepared);
  EXPECT_EQ(again.instructions.at(0).entry_index, first.instructions.at(0).entry_index);
  EXPECT_EQ(Held("ALPHA"), 700);
}

TEST_F(LedgerSettlementTest, LegIdThatWasUsedIsRefused) {
  Prepare(MakePrepare(700, "S-1"));
  PrepareSettlement other = MakePrepare(500, "S-2");
  other.legs[0].leg.id = Id("S-1");
  ExpectRefused(Prepare(other), Outcome::kInstructionIdReused);
}

TEST_F(LedgerSettlementTest, LegsOfOneSettlementShareTheFunds) {
  const std::vector<std::string> legs = {"leg 0", "leg 1"};
  PrepareSettlement prepare = MakePrepare(60'000, "S-1");
  prepare.terms.ledgers = {{genesis_.ledger, 2}};
  prepare.terms.legs_root = LegsRoot(legs);
  prepare.legs[0].bytes = legs[0];
  prepare.legs.push_back(prepare.legs[0]);
  prepare.legs[1].bytes = legs[1];
  prepare.legs[1].index = 1;
  prepare.legs[1].leg.id = Id("S-1B");
  for (std::size_t i = 0; i < 2; ++i) prepare.legs[i].proof = LegProof(legs, i);
  const ItemResult result = Prepare(prepare);
  EXPECT_EQ(result.settlement_status, InstructionStatus::kRejected);
  EXPECT_EQ(result.instructions.at(0).rejection.actual, 40'000);
  EXPECT_EQ(Held("ALPHA"), 0);
  EXPECT_EQ(Available("ALPHA"), 100'000);
}

}  // namespace
}  // namespace causeway::core
