#include "observer/verifier/corridor_verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "settlement/codec/codec.h"
#include "settlement/core/hash.h"
#include "tests/observer/test_corridor.h"

namespace causeway::observer {
namespace {

using ::testing::HasSubstr;

class CorridorVerifierTest : public ::testing::Test {
 protected:
  CorridorVerifierTest() : corridor_(signatures_) {
    EXPECT_TRUE(corridor_.AddDecisionLog({world_.policy_bytes}).ok());
    for (const TestLedger* ledger : {&world_.hkd, &world_.thb}) {
      EXPECT_TRUE(corridor_.AddLedger(ledger->genesis().ledger, ledger->genesis().hash).ok());
    }
  }

  // Reads what a log has and the observer has not; the findings.
  std::vector<Finding> Read(const TestLedger& ledger) {
    std::vector<Finding> findings;
    const core::LedgerOrigin& origin = ledger.genesis().ledger;
    for (std::uint64_t i = corridor_.FindLedger(origin)->batch_count(); i < ledger.batches().size();
         ++i) {
      for (Finding& finding : corridor_.OnLedgerBatch(origin, ledger.batches()[i]).findings) {
        findings.push_back(std::move(finding));
      }
    }
    return findings;
  }
  std::vector<Finding> ReadDecisions() {
    std::vector<Finding> findings;
    for (std::uint64_t i = corridor_.decision_log()->batch_count();
         i < world_.bridge->batches().size(); ++i) {
      for (Finding& finding : corridor_.OnDecisionBatch(world_.bridge->batches()[i]).findings) {
        findings.push_back(std::move(finding));
      }
    }
    return findings;
  }
  // A decision log of the same key that the observer is not shown.
  TestBridge SecretLog() const { return TestBridge(world_.bridge->policy()); }
  // A settlement that is prepared on both ledgers.
  TestSettlement Prepared() {
    TestSettlement settlement = world_.Propose(300, 400);
    world_.hkd.Write({settlement.prepare_hkd});
    world_.thb.Write({settlement.prepare_thb});
    return settlement;
  }
  static void ExpectNotAtomic(const std::vector<Finding>& findings, const TestSettlement& about,
                              const std::string& origin) {
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(FindingKindName(findings[0].kind),
              FindingKindName(FindingKind::kSettlementNotAtomic));
    EXPECT_EQ(findings[0].origin, origin) << findings[0].message;
    EXPECT_EQ(*findings[0].Find(kEvidenceSettlement), about.id.view());
  }

  TestCorridor world_;
  core::OpenSslSignatureVerifier signatures_;
  CorridorVerifier corridor_;
};

TEST_F(CorridorVerifierTest, AnHonestCorridorHasNoFindingsInAnyOrderOfReading) {
  const TestSettlement first = world_.Settle(300, 400);
  world_.Settle(5, 6);
  // Far apart: one ledger to its end, then the decision log, then the other ledger.
  EXPECT_TRUE(Read(world_.thb).empty());
  EXPECT_EQ(corridor_.Status().settlements.open, 2u);
  EXPECT_TRUE(ReadDecisions().empty());
  EXPECT_FALSE(corridor_.settlements().Find(first.id)->complete);
  EXPECT_TRUE(Read(world_.hkd).empty());

  const CorridorStatus status = corridor_.Status();
  EXPECT_EQ(status.settlements.settled, 2u);
  EXPECT_EQ(status.settlements.aborted, 0u);
  EXPECT_EQ(status.settlements.open, 0u);
  EXPECT_EQ(status.findings_count, 0u);
  ASSERT_EQ(status.logs.size(), 3u);
  EXPECT_EQ(status.logs[0].origin, "hk.example/hkd");
  EXPECT_EQ(status.logs[0].state_root, world_.hkd.ledger().StateRoot());
  EXPECT_EQ(status.logs[2].size, world_.bridge->tree().size());
  EXPECT_EQ(status.supplies[1].supply.issued.minor(), 200'000);
  const std::optional<ObservedSettlement> settlement = corridor_.settlements().Find(first.id);
  EXPECT_TRUE(settlement->complete);
  EXPECT_EQ(settlement->verdict, core::Verdict::kCommit);
  ASSERT_EQ(settlement->ledgers.size(), 2u);
  EXPECT_EQ(settlement->ledgers[1].status, core::InstructionStatus::kSettled);
}

TEST_F(CorridorVerifierTest, ListsAreExecutedAgainAndFollowedAsAWhole) {
  // Of three, one is not covered on one ledger and another not on the other.
  const TestSettlement list =
      world_.Settle(world_.ProposeList({300, 900'000, 500}, {400, 1, 900'000}));
  EXPECT_EQ(world_.hkd.ledger().FindAccount(world_.hkd.Address("BETA"))->available.minor(),
            100'300);
  EXPECT_TRUE(Read(world_.thb).empty());
  EXPECT_EQ(corridor_.Status().settlements.open, 1u);
  EXPECT_TRUE(ReadDecisions().empty());
  EXPECT_TRUE(Read(world_.hkd).empty());
  EXPECT_EQ(corridor_.Status().settlements.settled, 1u);
  EXPECT_TRUE(corridor_.settlements().Find(list.id)->complete);
  for (const TestLedger* ledger : {&world_.hkd, &world_.thb}) {
    EXPECT_EQ(corridor_.FindLedger(ledger->genesis().ledger)->StateRoot(),
              ledger->ledger().StateRoot());
  }
}

TEST_F(CorridorVerifierTest, AHoldThatTheLogMisstatesIsFound) {
  const TestSettlement list = world_.ProposeList({300, 500}, {400, 600});
  core::Batch batch = world_.hkd.Make({list.prepare_hkd});
  batch.bulks[0].results[9] ^= 1;  // an available balance
  world_.hkd.Seal(std::move(batch));
  const std::vector<Finding> findings = Read(world_.hkd);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(FindingKindName(findings[0].kind), FindingKindName(FindingKind::kEntryDiffers));
}

TEST_F(CorridorVerifierTest, AnAbortIsCompleteWhenNobodyHoldsAnything) {
  const TestSettlement settlement = world_.Propose(300, 400);
  world_.hkd.Write({settlement.prepare_hkd});
  world_.bridge->Write({world_.bridge->Abort(settlement.id)});
  EXPECT_TRUE(Read(world_.hkd).empty());
  EXPECT_TRUE(Read(world_.thb).empty());
  EXPECT_TRUE(ReadDecisions().empty());
  EXPECT_EQ(corridor_.Status().settlements.open, 1u);
  world_.hkd.Write({world_.bridge->Completion(0)});
  world_.thb.Write({world_.bridge->Completion(0)});  // a tombstone
  EXPECT_TRUE(Read(world_.hkd).empty());
  EXPECT_EQ(corridor_.Status().settlements.aborted, 1u);
  EXPECT_TRUE(Read(world_.thb).empty());
  EXPECT_EQ(corridor_.Status().settlements.aborted, 1u);
  EXPECT_TRUE(corridor_.settlements().Find(settlement.id)->complete);
}

TEST_F(CorridorVerifierTest, ALedgerThatSettledAgainstAnAbortIsFound) {
  const TestSettlement settlement = Prepared();
  TestBridge secret = SecretLog();
  secret.Write({secret.Commit(settlement, world_.Votes(settlement))});
  world_.hkd.Write({secret.Completion(0)});
  world_.bridge->Write({world_.bridge->Abort(settlement.id)});
  EXPECT_TRUE(ReadDecisions().empty());
  const std::vector<Finding> findings = Read(world_.hkd);
  // The certificate is under another tree than the observer was shown, and the settlement broke.
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].kind, FindingKind::kForkedLog);
  EXPECT_EQ(findings[0].origin, world_.bridge->origin());
  EXPECT_EQ(*findings[0].Find(kEvidenceOtherCheckpoint), secret.Checkpoint());
  EXPECT_EQ(*findings[0].Find(kEvidenceVerifiedCheckpoint), world_.bridge->Checkpoint());
  ExpectNotAtomic({findings[1]}, settlement, world_.hkd.origin());
  EXPECT_TRUE(corridor_.decision_log()->halted());
  EXPECT_FALSE(corridor_.FindLedger(world_.hkd.genesis().ledger)->halted());
}

TEST_F(CorridorVerifierTest, ALedgerThatSettledBeforeTheObserverSawTheAbortIsFoundToo) {
  const TestSettlement settlement = Prepared();
  TestBridge secret = SecretLog();
  secret.Write({secret.Commit(settlement, world_.Votes(settlement))});
  world_.hkd.Write({secret.Completion(0)});
  EXPECT_TRUE(Read(world_.hkd).empty());
  world_.bridge->Write({world_.bridge->Abort(settlement.id)});
  const std::vector<Finding> findings = ReadDecisions();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].kind, FindingKind::kForkedLog);
}

// The certificate's record is at an index that the log which is shown does not reach.
TEST_F(CorridorVerifierTest, ALedgerThatReleasedByALongerSecondLogIsFoundAndNamed) {
  const TestSettlement settlement = Prepared();
  TestBridge secret = SecretLog();
  for (int i = 0; i < 5; ++i) secret.Write({secret.Abort(core::LeafHash(std::to_string(i)))});
  secret.Write({secret.Abort(settlement.id)});
  world_.hkd.Write({secret.Completion(5)});
  world_.bridge->Write({world_.bridge->Abort(core::LeafHash("another"))});
  EXPECT_TRUE(Read(world_.hkd).empty());
  EXPECT_TRUE(ReadDecisions().empty());
  const std::string origin = world_.bridge->origin();
  EXPECT_TRUE(corridor_.OnHead(origin, world_.bridge->Checkpoint()).empty());
  const std::vector<Finding> findings = corridor_.OnHead(origin, world_.bridge->Checkpoint());
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].kind, FindingKind::kLogRolledBack);
  EXPECT_EQ(findings[0].origin, origin);
  EXPECT_EQ(*findings[0].Find(kEvidenceVerifiedCheckpoint), secret.Checkpoint());
  EXPECT_EQ(*findings[0].Find(kEvidenceOtherCheckpoint), world_.bridge->Checkpoint());
  EXPECT_EQ(*findings[0].Find(kEvidenceCertificateRecord), secret.Abort(settlement.id).record);
  EXPECT_NE(findings[0].message.find("Ledger 'hk.example/hkd' completed settlement " +
                                     settlement.id.ToHex()),
            std::string::npos)
      << findings[0].message;
  EXPECT_TRUE(corridor_.decision_log()->halted());
}

TEST_F(CorridorVerifierTest, ACertificateThatComesBeforeTheDecisionsRaisesNothing) {
  const std::string before = world_.bridge->Checkpoint();
  world_.Settle(300, 400);
  EXPECT_TRUE(Read(world_.hkd).empty());
  EXPECT_TRUE(Read(world_.thb).empty());
  const std::string origin = world_.bridge->origin();
  EXPECT_TRUE(corridor_.OnHead(origin, before).empty());
  EXPECT_TRUE(corridor_.OnHead(origin, world_.bridge->Checkpoint()).empty());
  EXPECT_TRUE(corridor_.OnHead(origin, world_.bridge->Checkpoint()).empty());
  EXPECT_TRUE(ReadDecisions().empty());
  EXPECT_TRUE(corridor_.OnHead(origin, world_.bridge->Checkpoint()).empty());
}

TEST_F(CorridorVerifierTest, OneLedgerSettledAndAnotherAbortedIsFound) {
  const TestSettlement settlement = Prepared();
  TestBridge committing = SecretLog();
  committing.Write({committing.Commit(settlement, world_.Votes(settlement))});
  TestBridge aborting = SecretLog();
  aborting.Write({aborting.Abort(settlement.id)});
  world_.hkd.Write({committing.Completion(0)});
  world_.thb.Write({aborting.Completion(0)});
  EXPECT_TRUE(Read(world_.hkd).empty());
  const std::vector<Finding> findings = Read(world_.thb);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].kind, FindingKind::kForkedLog);
  ExpectNotAtomic({findings[1]}, settlement, world_.thb.origin());
  EXPECT_NE(findings[1].Find("entry:hk.example/hkd"), nullptr);
  EXPECT_NE(findings[1].Find("entry:th.example/thb"), nullptr);
  // What either was shown, first the one that the finding is about.
  std::vector<std::string> shown;
  for (const Evidence& piece : findings[1].evidence) {
    if (piece.name == kEvidenceOtherCheckpoint) shown.push_back(piece.content);
  }
  EXPECT_EQ(shown, std::vector<std::string>({aborting.Checkpoint(), committing.Checkpoint()}));
}

TEST_F(CorridorVerifierTest, OneLedgerSettledAndAnotherAbortedIsFoundWithoutADecisionLog) {
  const TestSettlement settlement = Prepared();
  TestBridge committing = SecretLog();
  committing.Write({committing.Commit(settlement, world_.Votes(settlement))});
  TestBridge aborting = SecretLog();
  aborting.Write({aborting.Abort(settlement.id)});
  world_.hkd.Write({committing.Completion(0)});
  world_.thb.Write({aborting.Completion(0)});
  CorridorVerifier ledgers_only(signatures_);
  std::vector<Finding> findings;
  for (const TestLedger* ledger : {&world_.hkd, &world_.thb}) {
    const core::LedgerOrigin& origin = ledger->genesis().ledger;
    ASSERT_TRUE(ledgers_only.AddLedger(origin, ledger->genesis().hash).ok());
    for (const std::string& batch : ledger->batches()) {
      for (const Finding& finding : ledgers_only.OnLedgerBatch(origin, batch).findings) {
        findings.push_back(finding);
      }
    }
  }
  ExpectNotAtomic(findings, settlement, world_.thb.origin());
}

TEST_F(CorridorVerifierTest, ACommitThatALedgerAbortedIsFound) {
  const TestSettlement settlement = Prepared();
  TestBridge aborting = SecretLog();
  aborting.Write({aborting.Abort(settlement.id)});
  world_.bridge->Write({world_.bridge->Commit(settlement, world_.Votes(settlement))});
  world_.thb.Write({aborting.Completion(0)});
  EXPECT_TRUE(Read(world_.hkd).empty());
  EXPECT_TRUE(Read(world_.thb).empty());
  const std::vector<Finding> findings = ReadDecisions();
  ASSERT_GE(findings.size(), 1u);
  // The record contradicts the certificate's checkpoint: the batch itself is not believed.
  EXPECT_EQ(findings[0].kind, FindingKind::kForkedLog);
}

TEST_F(CorridorVerifierTest, AVoteForAHoldThatDoesNotExistIsFound) {
  const TestSettlement settlement = Prepared();
  std::vector<core::Vote> votes = world_.Votes(settlement);
  const std::vector<std::pair<core::Hash256, std::uint64_t>> holds = {{settlement.id, 3}};
  votes[1] = core::SignVotes(world_.thb.genesis().ledger, world_.thb.genesis().hash, holds,
                             *KeyNamed(world_.thb.key()))
                 ->front();
  world_.bridge->Write({world_.bridge->Commit(settlement, votes)});
  EXPECT_TRUE(ReadDecisions().empty());
  EXPECT_TRUE(Read(world_.hkd).empty());
  ExpectNotAtomic(Read(world_.thb), settlement, world_.thb.origin());
}

// A ledger that votes otherwise than it holds takes no certificate of the commit, because its own
// vote in it is not the one of its holds: it only looked slow.
TEST_F(CorridorVerifierTest, AVoteForAListThatIsNotWhatTheLedgerHoldsIsFound) {
  for (const bool log_first : {false, true}) {
    for (const std::uint32_t lie : {0U, 1U}) {  // of those one is held and one is not
      const TestSettlement list = world_.ProposeList({300, 500}, {400, 900'000});
      world_.hkd.Write({list.prepare_hkd});
      world_.thb.Write({list.prepare_thb});
      std::vector<core::Vote> votes = world_.Votes(list);
      core::PositionSet listed(2);
      for (std::uint32_t i = 0; i < 2; ++i) {
        if (votes[1].listed.Contains(i) != (i == lie)) listed.Insert(i);
      }
      const std::vector<core::Hold> holds = {{list.id, votes[1].hold, listed}};
      votes[1] = core::SignVotes(world_.thb.genesis().ledger, world_.thb.genesis().hash, holds,
                                 *KeyNamed(world_.thb.key()))
                     ->front();
      world_.bridge->Write({world_.bridge->Commit(list, votes)});
      EXPECT_TRUE(Read(world_.hkd).empty());
      if (log_first) {
        EXPECT_TRUE(Read(world_.thb).empty());
      }
      std::vector<Finding> findings = ReadDecisions();
      if (!log_first) {
        EXPECT_TRUE(findings.empty());
        findings = Read(world_.thb);
      }
      ExpectNotAtomic(findings, list, world_.thb.origin());
      EXPECT_THAT(findings[0].message,
                  HasSubstr(lie == 0 ? "voted that it does not hold settlement 0 of the list"
                                     : "voted that it holds settlement 1 of the list"));
      EXPECT_EQ(*findings[0].Find(kEvidenceVote), core::EncodeVote(votes[1]));
    }
  }
}

TEST_F(CorridorVerifierTest, OpenSettlementsAreListedOldestFirst) {
  const TestSettlement settled = world_.Settle(1, 2);
  const TestSettlement open = Prepared();
  Read(world_.hkd);
  Read(world_.thb);
  ReadDecisions();
  const auto all = corridor_.settlements().List(0, 10, false);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].settlement_id, settled.id);
  EXPECT_EQ(corridor_.settlements().List(1, 10, false).size(), 1u);
  const auto only_open = corridor_.settlements().List(0, 10, true);
  ASSERT_EQ(only_open.size(), 1u);
  EXPECT_EQ(only_open[0].settlement_id, open.id);
}

TEST_F(CorridorVerifierTest, ALogWithAFindingIsHaltedAndTheOthersGoOn) {
  EXPECT_TRUE(Read(world_.hkd).empty());
  const Step step = corridor_.OnLedgerBatch(world_.hkd.genesis().ledger, "nonsense");
  EXPECT_FALSE(step.accepted);
  EXPECT_EQ(step.findings.size(), 1u);
  world_.hkd.Write({world_.hkd.Payment("ALPHA", "BETA", 1)});
  const Step after =
      corridor_.OnLedgerBatch(world_.hkd.genesis().ledger, world_.hkd.batches().back());
  EXPECT_FALSE(after.accepted);
  EXPECT_TRUE(after.findings.empty());
  EXPECT_TRUE(Read(world_.thb).empty());
  EXPECT_EQ(corridor_.Status().findings_count, 1u);
}

TEST_F(CorridorVerifierTest, AGenesisThatThePolicyContradictsIsRefused) {
  CorridorVerifier other(signatures_);
  ASSERT_TRUE(other.AddDecisionLog({world_.policy_bytes}).ok());
  const absl::Status added =
      other.AddLedger(world_.hkd.genesis().ledger, core::Sha256("another genesis"));
  EXPECT_EQ(added.code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(CorridorVerifierTest, PoliciesThatDoNotGoTogetherAreRefused) {
  core::SettlementPolicy same_epoch = world_.bridge->policy();
  same_epoch.ledgers.pop_back();
  core::SettlementPolicy other_log = world_.bridge->policy();
  other_log.epoch = 2;
  other_log.decision_log = *core::LedgerOrigin::Parse("other.example/decisions");
  for (const core::SettlementPolicy& policy : {same_epoch, other_log}) {
    CorridorVerifier other(signatures_);
    EXPECT_TRUE(absl::IsInvalidArgument(
        other.AddDecisionLog({world_.policy_bytes, codec::EncodePolicy(policy)})));
  }
}

TEST_F(CorridorVerifierTest, ALogIsAddedOnce) {
  EXPECT_TRUE(absl::IsAlreadyExists(
      corridor_.AddLedger(world_.hkd.genesis().ledger, world_.hkd.genesis().hash)));
  EXPECT_TRUE(absl::IsAlreadyExists(corridor_.AddDecisionLog({world_.policy_bytes})));
}

TEST_F(CorridorVerifierTest, CheckpointsOfUnknownLogsAreNotFound) {
  EXPECT_TRUE(absl::IsNotFound(
      corridor_.OnCheckpoint("other.example/x", world_.hkd.Checkpoint()).status()));
}

}  // namespace
}  // namespace causeway::observer
