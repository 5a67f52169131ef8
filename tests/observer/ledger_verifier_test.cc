#include "observer/verifier/ledger_verifier.h"

#include <gtest/gtest.h>

#include "settlement/core/checkpoint.h"
#include "tests/observer/test_corridor.h"

namespace causeway::observer {
namespace {

std::string Join(const std::vector<core::Hash256>& hashes) {
  std::string bytes;
  for (const core::Hash256& hash : hashes) bytes += hash.view();
  return bytes;
}

class LedgerVerifierTest : public ::testing::Test {
 protected:
  LedgerVerifierTest() : verifier_(log_.genesis().ledger, log_.genesis().hash, signatures_) {}

  // Gives the verifier everything that the log has and that it has not seen.
  void CatchUp() {
    for (std::uint64_t i = verifier_.batch_count(); i < log_.batches().size(); ++i) {
      const std::optional<Finding> finding = verifier_.OnBatch(log_.batches()[i]);
      ASSERT_FALSE(finding.has_value()) << finding->message;
    }
  }
  // That `finding` is of that kind, halted the log, and has `batch` as evidence.
  void ExpectHalted(const std::optional<Finding>& finding, FindingKind kind,
                    const std::string& batch) {
    ASSERT_TRUE(finding.has_value());
    EXPECT_EQ(FindingKindName(finding->kind), FindingKindName(kind)) << finding->message;
    EXPECT_EQ(finding->origin, log_.origin());
    ASSERT_NE(finding->Find(kEvidenceBatch), nullptr);
    EXPECT_EQ(*finding->Find(kEvidenceBatch), batch);
    EXPECT_EQ(*finding->Find(kEvidenceVerifiedCheckpoint), verifier_.log().checkpoint());
    EXPECT_TRUE(verifier_.halted());
    EXPECT_LT(verifier_.log().size(), log_.tree().size());
  }
  // An entry of the last batch made, changed by `change` and encoded again.
  template <typename Change>
  static void Alter(std::string& entry_bytes, Change change) {
    core::Entry entry = *core::DecodeEntry(entry_bytes);
    change(entry);
    entry_bytes = core::EncodeEntry(entry);
  }

  TestCorridor corridor_;
  TestLedger& log_ = corridor_.hkd;
  core::OpenSslSignatureVerifier signatures_;
  LedgerVerifier verifier_;
};

TEST_F(LedgerVerifierTest, BelievesAnHonestLog) {
  log_.Write({log_.Payment("ALPHA", "BETA", 500), log_.Payment("BETA", "ALPHA", 999'999'999)});
  log_.Write({log_.Signed("ALPHA", core::Redeem{log_.Address("ALPHA"), log_.Money(1'000)},
                          {"ALPHA"}, "REDEEM")});
  log_.Write({log_.ByCentral(
      core::Approve{{*core::ParticipantId::Parse("ALPHA"), core::ActionKind::kRedeem,
                     *core::InstructionId::Parse("REDEEM")},
                    "PAYOUT"})});
  corridor_.Settle(300, 400);
  CatchUp();
  EXPECT_FALSE(verifier_.halted());
  EXPECT_EQ(verifier_.log().size(), log_.tree().size());
  EXPECT_EQ(verifier_.log().root(), log_.tree().Root());
  EXPECT_EQ(verifier_.StateRoot(), log_.ledger().StateRoot());
  EXPECT_EQ(verifier_.supply().currency.code(), "HKD");
  EXPECT_EQ(verifier_.supply().issued.minor(), 199'000);
  EXPECT_EQ(verifier_.supply().in_circulation.minor(), 199'000);
  EXPECT_FALSE(verifier_.Recount().has_value());
}

TEST_F(LedgerVerifierTest, ReportsSettlementsOfTheBatch) {
  const TestSettlement settlement = corridor_.Propose(300, 400);
  log_.Write({settlement.prepare_hkd});
  CatchUp();
  ASSERT_EQ(verifier_.transitions().size(), 1u);
  EXPECT_EQ(verifier_.transitions()[0].settlement_id, settlement.id);
  EXPECT_EQ(verifier_.transitions()[0].status, core::InstructionStatus::kPrepared);
}

TEST_F(LedgerVerifierTest, ShowsWhatACentralBankOrderedForWhatItIs) {
  const TestSettlement settlement = corridor_.Propose(300, 400);
  log_.Write({settlement.prepare_hkd});
  const auto transfer = [&](std::int64_t minor_units) {
    return log_.ByCentral(core::OperatorOverride{log_.Address("ALPHA"), log_.Address("BETA"),
                                                 log_.Money(minor_units), "judgment 12"});
  };
  // The second asks for more than there is, and is no override.
  log_.Write({transfer(1'000), transfer(999'999'999),
              log_.ByCentral(core::OrderAbort{settlement.id, "judgment 13"})});
  const std::uint64_t ordered_at = log_.tree().size() - 1;
  log_.Write({log_.ByCentral(core::SetFreeze{log_.Address("BETA"), true, "order 5"})});
  CatchUp();
  EXPECT_FALSE(verifier_.halted());
  ASSERT_EQ(verifier_.overrides().size(), 3u);
  const Override& moved = verifier_.overrides()[0];
  EXPECT_EQ(moved.instruction.kind, core::ActionKind::kOperatorOverride);
  EXPECT_EQ(moved.legal_basis, "judgment 12");
  EXPECT_EQ(moved.debtor, log_.Address("ALPHA"));
  EXPECT_EQ(moved.amount.amount.minor(), 1'000);
  EXPECT_NE(Describe(moved).find("of 10.00 HKD from"), std::string::npos) << Describe(moved);
  const Override& ordered = verifier_.overrides()[1];
  EXPECT_EQ(ordered.instruction.kind, core::ActionKind::kOrderAbort);
  EXPECT_EQ(ordered.settlement_id, settlement.id);
  EXPECT_EQ(ordered.legal_basis, "judgment 13");
  EXPECT_EQ(ordered.entry_index, ordered_at);
  const Override& frozen = verifier_.overrides()[2];
  EXPECT_EQ(frozen.instruction.kind, core::ActionKind::kSetFreeze);
  EXPECT_EQ(frozen.account, log_.Address("BETA"));
  EXPECT_TRUE(frozen.frozen);
  EXPECT_NE(Describe(frozen).find("is frozen, on the basis of: order 5"), std::string::npos);
  // It is no step of the settlement.
  EXPECT_TRUE(verifier_.transitions().empty());
}

TEST_F(LedgerVerifierTest, NamesAnIssueUnderTheRtgsReferenceOfAnother) {
  const auto issue = [&](const char* reference, std::int64_t minor_units) {
    return log_.ByCentral(core::Issue{log_.Address("BETA"), log_.Money(minor_units), reference});
  };
  log_.Write({issue("CHATS-7", 500)});
  const std::uint64_t first = log_.tree().size() - 1;
  // The first of these is refused, so that nothing was issued under its reference.
  log_.Write({issue("CHATS-8", 0), issue("CHATS-8", 100), issue("CHATS-7", 900)});
  const std::uint64_t second = log_.tree().size() - 1;
  CatchUp();
  EXPECT_FALSE(verifier_.halted());
  const std::vector<RepeatedReference>& repeated = verifier_.references().repeated();
  ASSERT_EQ(repeated.size(), 1u);
  EXPECT_EQ(repeated[0].use.entry_index, second);
  EXPECT_EQ(repeated[0].first_entry_index, first);
  EXPECT_EQ(repeated[0].use.reference, "CHATS-7");
  EXPECT_EQ(repeated[0].use.account, log_.Address("BETA"));
  EXPECT_EQ(repeated[0].use.amount, log_.Money(900));
  EXPECT_EQ(repeated[0].use.instruction.kind, core::ActionKind::kIssue);
}

TEST_F(LedgerVerifierTest, NamesTheApprovalOfARequestUnderTheReferenceOfAnIssue) {
  const auto request = [&](const char* id) {
    return log_.Signed("ALPHA",
                       core::RequestIssue{log_.Address("ALPHA"), log_.Money(50), "CHATS-9"},
                       {"ALPHA"}, id);
  };
  const auto approve = [&](const char* id) {
    return log_.ByCentral(
        core::Approve{{*core::ParticipantId::Parse("ALPHA"), core::ActionKind::kRequestIssue,
                       *core::InstructionId::Parse(id)},
                      "CHATS-9"});
  };
  log_.Write({request("Q-1"), request("Q-2")});
  log_.Write({approve("Q-1")});
  CatchUp();
  EXPECT_TRUE(verifier_.references().repeated().empty());
  log_.Write({approve("Q-2")});
  CatchUp();
  const std::vector<RepeatedReference>& repeated = verifier_.references().repeated();
  ASSERT_EQ(repeated.size(), 1u);
  EXPECT_EQ(repeated[0].use.instruction.kind, core::ActionKind::kRequestIssue);
  EXPECT_EQ(repeated[0].use.instruction.id.text(), "Q-2");
  EXPECT_EQ(repeated[0].use.amount, log_.Money(50));
}

TEST_F(LedgerVerifierTest, NamesAPayOutUnderTheReferenceOfAnother) {
  const auto redeem = [&](const char* id) {
    return log_.Signed("ALPHA", core::Redeem{log_.Address("ALPHA"), log_.Money(70)}, {"ALPHA"}, id);
  };
  const auto approve = [&](const char* id) {
    return log_.ByCentral(
        core::Approve{{*core::ParticipantId::Parse("ALPHA"), core::ActionKind::kRedeem,
                       *core::InstructionId::Parse(id)},
                      "OUT-1"});
  };
  // What comes in under the same reference is another transfer.
  log_.Write({redeem("R-1"), redeem("R-2"),
              log_.ByCentral(core::Issue{log_.Address("BETA"), log_.Money(70), "OUT-1"})});
  log_.Write({approve("R-1"), approve("R-2")});
  CatchUp();
  const std::vector<RepeatedReference>& repeated = verifier_.references().repeated();
  ASSERT_EQ(repeated.size(), 1u);
  EXPECT_EQ(repeated[0].use.instruction.id.text(), "R-2");
  EXPECT_EQ(repeated[0].use.account, log_.Address("ALPHA"));
  EXPECT_EQ(repeated[0].use.amount, log_.Money(70));
}

TEST_F(LedgerVerifierTest, RefusesAGenesisThatIsNotThePinnedOne) {
  LedgerVerifier other(log_.genesis().ledger, core::LeafHash("another"), signatures_);
  const std::optional<Finding> finding = other.OnBatch(log_.batches()[0]);
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->kind, FindingKind::kMalformedBatch);
  EXPECT_TRUE(other.halted());
  EXPECT_EQ(other.log().size(), 0u);
}

TEST_F(LedgerVerifierTest, BytesThatDoNotDecodeAreMalformed) {
  CatchUp();
  log_.Write({log_.Payment("ALPHA", "BETA", 500)});
  const std::string cut = log_.batches().back().substr(0, log_.batches().back().size() - 1);
  ExpectHalted(verifier_.OnBatch(cut), FindingKind::kMalformedBatch, cut);
}

TEST_F(LedgerVerifierTest, ABatchThatIsLeftOutIsMalformed) {
  CatchUp();
  log_.Write({log_.Payment("ALPHA", "BETA", 500)});
  log_.Write({log_.Payment("ALPHA", "BETA", 600)});
  const std::string& second = log_.batches().back();
  ExpectHalted(verifier_.OnBatch(second), FindingKind::kMalformedBatch, second);
}

TEST_F(LedgerVerifierTest, ABatchThatIsRepeatedIsMalformed) {
  CatchUp();
  const std::string last = log_.batches().back();
  const std::optional<Finding> finding = verifier_.OnBatch(last);
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->kind, FindingKind::kMalformedBatch);
}

TEST_F(LedgerVerifierTest, NothingIsBelievedAfterAFinding) {
  CatchUp();
  const std::uint64_t size = verifier_.log().size();
  EXPECT_TRUE(verifier_.OnBatch("nonsense").has_value());
  EXPECT_FALSE(verifier_.OnBatch(log_.Write({log_.Payment("ALPHA", "BETA", 500)})).has_value());
  EXPECT_EQ(verifier_.log().size(), size);
}

TEST_F(LedgerVerifierTest, ABadEnvelopeSignatureIsFoundWithItsItem) {
  CatchUp();
  core::Batch batch = log_.Make({log_.Payment("ALPHA", "BETA", 500)});
  batch.items[0].envelope.signatures[0].signature[5] ^= 1;
  const std::string bytes = log_.Seal(batch);
  const std::optional<Finding> finding = verifier_.OnBatch(bytes);
  ExpectHalted(finding, FindingKind::kBadSignature, bytes);
  EXPECT_EQ(*finding->Find(kEvidenceItem), core::EncodeItem(batch.items[0]));
}

TEST_F(LedgerVerifierTest, AnInstructionThatItsOwnerDidNotSignIsFound) {
  CatchUp();
  // BETA's signature under ALPHA's payment; the ledger executed what ALPHA would have signed.
  core::Batch batch = log_.Make({log_.Payment("ALPHA", "BETA", 500)});
  batch.items[0].envelope = *core::SignEnvelope(batch.items[0].envelope.payload_type,
                                                batch.items[0].envelope.payload, *KeyNamed("BETA"));
  const std::string bytes = log_.Seal(batch);
  ExpectHalted(verifier_.OnBatch(bytes), FindingKind::kBadSignature, bytes);
}

TEST_F(LedgerVerifierTest, ACheckpointOfAnotherKeyIsABadSignature) {
  CatchUp();
  core::Batch batch = log_.Make({log_.Payment("ALPHA", "BETA", 500)});
  batch = *core::DecodeBatch(log_.Seal(batch));
  batch.checkpoint = SignedNote(log_.origin(), log_.tree().size(), log_.tree().Root(), "thief");
  const std::string bytes = core::EncodeBatch(batch);
  const std::optional<Finding> finding = verifier_.OnBatch(bytes);
  ExpectHalted(finding, FindingKind::kBadSignature, bytes);
  EXPECT_EQ(*finding->Find(kEvidenceOtherCheckpoint), batch.checkpoint);
}

TEST_F(LedgerVerifierTest, ARootThatIsNotOfTheLeavesIsFound) {
  CatchUp();
  core::Batch batch = *core::DecodeBatch(log_.Write({log_.Payment("ALPHA", "BETA", 500)}));
  batch.checkpoint =
      SignedNote(log_.origin(), log_.tree().size(), core::LeafHash("other"), log_.key());
  const std::string bytes = core::EncodeBatch(batch);
  const std::optional<Finding> finding = verifier_.OnBatch(bytes);
  ExpectHalted(finding, FindingKind::kRootMismatch, bytes);
  EXPECT_EQ(*finding->Find(kEvidenceOtherCheckpoint), batch.checkpoint);
  EXPECT_EQ(*finding->Find(kEvidenceRootOfLeaves), log_.tree().Root().view());
}

TEST_F(LedgerVerifierTest, AnEntryThatPaysAnotherIsFoundWithWhatItShouldBe) {
  CatchUp();
  core::Batch batch = log_.Make({log_.Payment("ALPHA", "BETA", 500)});
  const std::string honest = batch.entries[0];
  Alter(batch.entries[0], [](core::Entry& entry) {
    entry.status = core::InstructionStatus::kRejected;
    entry.rejection.outcome = core::Outcome::kAccountFrozen;
    entry.postings.clear();
  });
  const std::string bytes = log_.Seal(batch);
  const std::optional<Finding> finding = verifier_.OnBatch(bytes);
  ExpectHalted(finding, FindingKind::kEntryDiffers, bytes);
  EXPECT_EQ(*finding->Find(kEvidenceEntry), batch.entries[0]);
  EXPECT_EQ(*finding->Find(kEvidenceEntryExpected), honest);
  // The copy executed what the log should say: it is not that of the verified leaves.
  EXPECT_FALSE(verifier_.StateRoot().has_value());
}

TEST_F(LedgerVerifierTest, AnEntryWithoutAnInstructionIsFound) {
  CatchUp();
  core::Batch batch =
      log_.Make({log_.Payment("ALPHA", "BETA", 500), log_.Payment("ALPHA", "BETA", 600)});
  batch.items.pop_back();
  const std::string bytes = log_.Seal(batch);
  const std::optional<Finding> finding = verifier_.OnBatch(bytes);
  ExpectHalted(finding, FindingKind::kEntryDiffers, bytes);
  EXPECT_NE(finding->Find(kEvidenceHeaderExpected), nullptr);
}

TEST_F(LedgerVerifierTest, AnInstructionExecutedTwiceIsFound) {
  const core::Item payment = log_.Payment("ALPHA", "BETA", 500);
  log_.Write({payment});
  CatchUp();
  core::Batch batch = log_.Make({log_.Payment("ALPHA", "BETA", 500)});
  batch.items[0] = payment;
  const std::string bytes = log_.Seal(batch);
  const std::optional<Finding> finding = verifier_.OnBatch(bytes);
  ExpectHalted(finding, FindingKind::kEntryDiffers, bytes);
  EXPECT_EQ(*finding->Find(kEvidenceItem), core::EncodeItem(payment));
}

TEST_F(LedgerVerifierTest, MoneyFromNowhereIsFound) {
  CatchUp();
  core::Batch batch = log_.Make({log_.Payment("ALPHA", "BETA", 500)});
  Alter(batch.entries[0], [](core::Entry& entry) {
    for (core::Posting& posting : entry.postings) {
      if (posting.amount.IsPositive()) posting.amount = core::Amount::FromMinor(50'000);
    }
  });
  const std::string bytes = log_.Seal(batch);
  const std::optional<Finding> finding = verifier_.OnBatch(bytes);
  ExpectHalted(finding, FindingKind::kSupplyMismatch, bytes);
  EXPECT_EQ(*finding->Find(kEvidenceEntry), batch.entries[0]);
}

TEST_F(LedgerVerifierTest, MoneyIssuedAsAPaymentIsFound) {
  CatchUp();
  core::Batch batch = log_.Make({log_.Payment("ALPHA", "BETA", 500)});
  // Balanced, but the liability pays, without an issue.
  Alter(batch.entries[0], [&](core::Entry& entry) {
    for (core::Posting& posting : entry.postings) {
      if (posting.amount.IsNegative()) posting.address = log_.genesis().liability_account;
    }
  });
  const std::string bytes = log_.Seal(batch);
  ExpectHalted(verifier_.OnBatch(bytes), FindingKind::kSupplyMismatch, bytes);
}

TEST_F(LedgerVerifierTest, AnotherRootAtTheSameSizeIsAFork) {
  CatchUp();
  const std::string other =
      SignedNote(log_.origin(), log_.tree().size(), core::LeafHash("x"), log_.key());
  const auto found = verifier_.OnCheckpoint(other);
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->kind, FindingKind::kForkedLog);
  EXPECT_EQ(*(*found)->Find(kEvidenceVerifiedCheckpoint), log_.Checkpoint());
  EXPECT_EQ(*(*found)->Find(kEvidenceOtherCheckpoint), other);
  EXPECT_TRUE(verifier_.halted());
}

TEST_F(LedgerVerifierTest, AnEarlierCheckpointOfAnotherHistoryIsAForkThatItsEvidenceProves) {
  CatchUp();
  const std::string other = SignedNote(log_.origin(), 3, core::LeafHash("x"), log_.key());
  const auto found = verifier_.OnCheckpoint(other);
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->kind, FindingKind::kForkedLog);
  // What a stranger checks: ours contains another tree at size 3 than the log signed.
  const auto ours = core::ParseCheckpoint(*(*found)->Find(kEvidenceVerifiedCheckpoint));
  const std::string& raw = *(*found)->Find(kEvidenceConsistencyProof);
  std::vector<core::Hash256> proof;
  for (std::size_t i = 0; i < raw.size(); i += 32) {
    proof.push_back(*core::Hash256::FromBytes(std::string_view(raw).substr(i, 32)));
  }
  const auto root = core::Hash256::FromBytes(*(*found)->Find(kEvidenceVerifiedRoot));
  EXPECT_NE(*root, core::LeafHash("x"));
  EXPECT_TRUE(
      core::VerifyConsistency(3, ours->checkpoint.size, *root, ours->checkpoint.root, proof));
}

TEST_F(LedgerVerifierTest, EarlierCheckpointsOfTheSameHistoryAreFine) {
  CatchUp();
  for (std::uint64_t size = 0; size <= log_.tree().size(); ++size) {
    const auto found = verifier_.OnCheckpoint(
        SignedNote(log_.origin(), size, *log_.tree().RootAt(size), log_.key()));
    ASSERT_TRUE(found.ok()) << found.status().message();
    EXPECT_FALSE(found->has_value());
  }
}

TEST_F(LedgerVerifierTest, ALaterCheckpointWithAFailingProofIsAFork) {
  CatchUp();
  const std::uint64_t old_size = log_.tree().size();
  log_.Write({log_.Payment("ALPHA", "BETA", 500)});
  const auto proof = *log_.tree().ConsistencyProof(old_size, log_.tree().size());
  const auto good = verifier_.OnCheckpoint(log_.Checkpoint(), proof);
  ASSERT_TRUE(good.ok());
  EXPECT_FALSE(good->has_value());
  const std::string other =
      SignedNote(log_.origin(), log_.tree().size() + 4, core::LeafHash("x"), log_.key());
  const auto found = verifier_.OnCheckpoint(other, proof);
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->kind, FindingKind::kForkedLog);
  EXPECT_EQ(*(*found)->Find(kEvidenceOtherCheckpoint), other);
  EXPECT_EQ(*(*found)->Find(kEvidenceConsistencyProof), Join(proof));
}

TEST_F(LedgerVerifierTest, ALaterCheckpointIsComparedOnceItsLeavesAreThere) {
  CatchUp();
  const std::string& batch = log_.Write({log_.Payment("ALPHA", "BETA", 500)});
  // One leaf before the end of the batch that is to come.
  const std::string other =
      SignedNote(log_.origin(), log_.tree().size() - 1, core::LeafHash("x"), log_.key());
  const auto shown = verifier_.OnCheckpoint(other);
  ASSERT_TRUE(shown.ok());
  EXPECT_FALSE(shown->has_value());
  const std::optional<Finding> finding = verifier_.OnBatch(batch);
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->kind, FindingKind::kForkedLog);
  EXPECT_EQ(*finding->Find(kEvidenceVerifiedCheckpoint), log_.Checkpoint());
  EXPECT_EQ(*finding->Find(kEvidenceOtherCheckpoint), other);
}

TEST_F(LedgerVerifierTest, TwoLaterCheckpointsOfOneSizeContradictEachOther) {
  CatchUp();
  const std::string first = SignedNote(log_.origin(), 99, core::LeafHash("x"), log_.key());
  const std::string second = SignedNote(log_.origin(), 99, core::LeafHash("y"), log_.key());
  EXPECT_FALSE(verifier_.OnCheckpoint(first)->has_value());
  const auto found = verifier_.OnCheckpoint(second);
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->kind, FindingKind::kForkedLog);
}

TEST_F(LedgerVerifierTest, ACheckpointThatTheLogDidNotSignSaysNothing) {
  CatchUp();
  const auto forged = verifier_.OnCheckpoint(
      SignedNote(log_.origin(), log_.tree().size(), core::LeafHash("x"), "thief"));
  EXPECT_FALSE(forged.ok());
  const auto foreign = verifier_.OnCheckpoint(corridor_.thb.Checkpoint());
  EXPECT_FALSE(foreign.ok());
  EXPECT_FALSE(verifier_.halted());
}

TEST_F(LedgerVerifierTest, AHeadBehindWhatWasVerifiedIsARollback) {
  const std::string before = log_.Checkpoint();
  log_.Write({log_.Payment("ALPHA", "BETA", 500)});
  CatchUp();
  EXPECT_FALSE(verifier_.OnHead(log_.Checkpoint()).has_value());
  const std::optional<Finding> finding = verifier_.OnHead(before);
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->kind, FindingKind::kLogRolledBack);
  EXPECT_EQ(*finding->Find(kEvidenceVerifiedCheckpoint), log_.Checkpoint());
  EXPECT_EQ(*finding->Find(kEvidenceOtherCheckpoint), before);
  EXPECT_TRUE(verifier_.halted());
}

TEST_F(LedgerVerifierTest, AHeadOfAnotherKeyIsABadSignature) {
  CatchUp();
  const std::optional<Finding> finding =
      verifier_.OnHead(SignedNote(log_.origin(), log_.tree().size(), log_.tree().Root(), "thief"));
  ASSERT_TRUE(finding.has_value());
  EXPECT_EQ(finding->kind, FindingKind::kBadSignature);
}

}  // namespace
}  // namespace causeway::observer
