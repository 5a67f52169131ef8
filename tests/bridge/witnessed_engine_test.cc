// The bridge engine and witness engines together: what may leave the bridge, and when.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "central-bank-node/witness/witness_engine.h"
#include "fx-bridge/engine/bridge_engine.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/decision_checkpoint.h"
#include "settlement/core/entry.h"
#include "settlement/core/merkle.h"
#include "settlement/store/memory_key_index.h"
#include "tests/bridge/fixture.h"

namespace causeway::bridge {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::size_t kWitnesses = 4;

std::string WitnessName(std::size_t index) { return "witness.example/w" + std::to_string(index); }

class WitnessedEngineTest : public ::testing::Test {
 protected:
  WitnessedEngineTest() {
    core::SettlementPolicy policy = world_.policy();
    ++policy.epoch;
    for (std::size_t i = 0; i < kWitnesses; ++i) {
      policy.witnesses.push_back({WitnessName(i), KeyOf(WitnessName(i))->public_key()});
    }
    policy.witnesses_needed = 3;
    policy.witnesses_faulty_max = 1;
    world_.AddPolicy(policy);
    for (std::size_t i = 0; i < kWitnesses; ++i) ReopenWitness(i);
    engine_ = world_.Open();
  }

  // With what its disk holds; `lost`: with nothing.
  void ReopenWitness(std::size_t index, bool lost = false) {
    std::shared_ptr<Disk>& disk = witness_disks_[index];
    if (disk == nullptr || lost) {
      disk = std::make_shared<Disk>(store::NewMemoryJournal(
          witness::WitnessEngine::JournalIdentityOf(world_.policy().decision_log)));
    }
    witness::WitnessEngine::Options options;
    options.policies = world_.policy_files;
    options.name = WitnessName(index);
    options.signer = KeyOf(options.name);
    options.verifier = world_.verifier;
    options.ids = std::make_unique<store::MemoryKeyIndex>();
    witnesses_[index] = Must(witness::WitnessEngine::Open(std::move(options), disk->Mount()));
  }

  // Carries a call to its witness and the answer back; a witness that is down does not answer.
  void Carry(core::LedgerTime now, const WitnessCall& call) {
    for (std::size_t i = 0; i < kWitnesses; ++i) {
      if (call.witness != WitnessName(i)) continue;
      if (witnesses_[i] == nullptr) {
        engine_->OnWitnessFailed(now, call.witness);
        return;
      }
      core::WitnessRequest request{{}, call.known};
      for (std::uint64_t n = 0; n < call.batch_count; ++n) {
        request.batches.push_back(Must(engine_->ReadBatchBytes(call.first_batch + n)));
      }
      const auto answers =
          Must(witnesses_[i]->Handle(std::vector<core::WitnessRequest>{request}, 1'660'000'000));
      engine_->OnWitnessAnswer(now, call.witness, answers[0]);
    }
  }
  void Carry(core::LedgerTime now, const LedgerRequest& request) {
    world_.Carry(now, request, *engine_);
  }
  // One round: what is due, one write, and what it releases, carried there and back.
  bool Round(core::LedgerTime now) {
    engine_->Tick(now);
    EXPECT_TRUE(engine_->Flush(now).ok());
    const std::vector<LedgerRequest> requests = engine_->TakeRequests();
    const std::vector<WitnessCall> calls = engine_->TakeWitnessCalls();
    for (const LedgerRequest& request : requests) Carry(now, request);
    for (const WitnessCall& call : calls) Carry(now, call);
    return !requests.empty() || !calls.empty();
  }
  void Run(core::LedgerTime now) {
    while (Round(now)) {
    }
  }
  void Submit(core::LedgerTime now, const Deal& deal) {
    const auto result = engine_->Submit(now, deal.terms, deal.legs);
    EXPECT_TRUE(std::holds_alternative<SettlementView>(result));
  }
  SettlementState StateOf(const Deal& deal) const {
    const auto view = engine_->Find(deal.id);
    return view.has_value() ? view->state : SettlementState::kNone;
  }
  void ExpectSettled(const Deal& deal) {
    EXPECT_EQ(StateOf(deal), SettlementState::kSettled);
    for (const auto& ledger : world_.ledgers) {
      EXPECT_EQ(ledger->entries[deal.id].status, core::InstructionStatus::kSettled);
    }
  }
  void Restart() {
    engine_.reset();
    engine_ = world_.Open();
  }
  void Kill(std::size_t witness) { witnesses_[witness].reset(); }

  World world_;
  std::map<std::size_t, std::shared_ptr<Disk>> witness_disks_;
  std::map<std::size_t, std::unique_ptr<witness::WitnessEngine>> witnesses_;
  std::unique_ptr<BridgeEngine> engine_;
};

TEST_F(WitnessedEngineTest, ASettlementIsCarriedOutUnderThreeCosignatures) {
  const Deal deal = world_.Swap("s", At(1000));
  Submit(At(0), deal);
  Run(At(1));
  ExpectSettled(deal);
  const core::Certificate certificate = Must(engine_->MakeCertificate(deal.id));
  const auto note = Must(core::ParseCheckpoint(certificate.checkpoint));
  EXPECT_THAT(Must(core::CosignersOf(note, world_.policy(), *world_.verifier)), SizeIs(3));
  for (const auto& [index, witness] : witnesses_) EXPECT_EQ(witness->size(), 1U) << index;
}

TEST_F(WitnessedEngineTest, NothingLeavesBeforeThreeHaveCosigned) {
  Run(At(0));
  const Deal deal = world_.Swap("s", At(1000));
  Submit(At(0), deal);
  ASSERT_TRUE(engine_->Flush(At(1)).ok());
  for (const LedgerRequest& request : engine_->TakeRequests()) Carry(At(1), request);
  ASSERT_TRUE(engine_->Flush(At(1)).ok());
  const std::vector<WitnessCall> calls = engine_->TakeWitnessCalls();
  ASSERT_THAT(calls, SizeIs(4));
  for (std::size_t i = 0; i < 2; ++i) {
    Carry(At(1), calls[i]);
    ASSERT_TRUE(engine_->Flush(At(1)).ok());
    EXPECT_THAT(engine_->TakeRequests(), IsEmpty());
    EXPECT_EQ(StateOf(deal), SettlementState::kCertifying);
    EXPECT_FALSE(engine_->MakeCertificate(deal.id).ok());
  }
  Carry(At(1), calls[2]);
  ASSERT_TRUE(engine_->Flush(At(1)).ok());
  EXPECT_THAT(engine_->TakeRequests(), SizeIs(2));
  EXPECT_EQ(StateOf(deal), SettlementState::kCommitted);
}

TEST_F(WitnessedEngineTest, OneDeadWitnessDelaysNobody) {
  Kill(2);
  const Deal deal = world_.Swap("s", At(1000));
  Submit(At(0), deal);
  Run(At(1));
  ExpectSettled(deal);
}

TEST_F(WitnessedEngineTest, WithTwoDeadNothingIsCarriedOutUntilOneIsBack) {
  const Deal before = world_.Swap("before", At(1000));
  Submit(At(0), before);
  Run(At(1));
  Kill(0);
  Kill(3);
  const Deal deal = world_.Swap("s", At(1000));
  Submit(At(2), deal);
  Run(At(2));
  EXPECT_EQ(StateOf(deal), SettlementState::kCertifying);
  // Past the deadline too: what is decided is decided.
  Run(At(2000));
  EXPECT_EQ(StateOf(deal), SettlementState::kCertifying);
  ReopenWitness(3);
  Run(At(20'000));
  ExpectSettled(deal);
}

TEST_F(WitnessedEngineTest, AbortsNeedCosignaturesToo) {
  const Deal deal = world_.Swap("s", At(1000));
  world_.ledgers[1]->refuses[deal.id] = core::Outcome::kInsufficientFunds;
  Submit(At(0), deal);
  Run(At(1));
  EXPECT_EQ(StateOf(deal), SettlementState::kAborted);
  EXPECT_EQ(world_.ledgers[0]->entries[deal.id].status, core::InstructionStatus::kAborted);
}

TEST_F(WitnessedEngineTest, ManySettlementsGoOutUnderOneCheckpoint) {
  Run(At(0));
  for (int i = 0; i < 20; ++i) Submit(At(0), world_.Swap("s" + std::to_string(i), At(1000)));
  Run(At(1));
  EXPECT_EQ(engine_->size(), 20U);
  EXPECT_THAT(engine_->ListOpen(), IsEmpty());
  EXPECT_EQ(*witness_disks_[0]->appends, 1U);
}

TEST_F(WitnessedEngineTest, NothingIsDecidedBeforeEnoughWitnessesWereHeard) {
  Kill(0);
  Kill(1);
  const Deal deal = world_.Swap("s", At(1000));
  Submit(At(0), deal);
  Run(At(1));
  EXPECT_EQ(engine_->size(), 0U);
  EXPECT_EQ(StateOf(deal), SettlementState::kPreparing);
  ReopenWitness(0);
  Run(At(500));
  ExpectSettled(deal);
}

TEST_F(WitnessedEngineTest, ARestartedBridgeCollectsWhatItLacks) {
  Run(At(0));
  const Deal deal = world_.Swap("s", At(1000));
  Submit(At(0), deal);
  ASSERT_TRUE(engine_->Flush(At(1)).ok());
  for (const LedgerRequest& request : engine_->TakeRequests()) Carry(At(1), request);
  ASSERT_TRUE(engine_->Flush(At(1)).ok());
  // The witnesses take the batch; the bridge ends before it hears of it.
  const std::vector<WitnessCall> calls = engine_->TakeWitnessCalls();
  for (const WitnessCall& call : calls) Carry(At(1), call);
  Restart();
  EXPECT_EQ(StateOf(deal), SettlementState::kCertifying);
  Run(At(2));
  ExpectSettled(deal);
}

// Seed 9165 of the simulation: the bridge stopped after a ledger had booked and before the
// certified checkpoint, which rides with later writes, was written. The ledger's answer came while
// the cosignatures were being collected again, and was counted as the opposite of the decision.
TEST_F(WitnessedEngineTest, AnAnswerOfBeforeARestartIsMeasuredAgainstTheRecord) {
  const Deal commit = world_.Swap("commit", At(1000));
  const Deal abort = world_.Swap("abort", At(1000));
  world_.ledgers[1]->refuses[abort.id] = core::Outcome::kInsufficientFunds;
  Submit(At(0), commit);
  Submit(At(0), abort);
  Run(At(1));
  Restart();
  ASSERT_EQ(StateOf(commit), SettlementState::kCertifying);
  ASSERT_EQ(StateOf(abort), SettlementState::kCertifying);
  const core::LedgerOrigin ledger = world_.ledgers[0]->origin();
  engine_->OnCompleteReply(At(2), commit.id, ledger, core::InstructionStatus::kSettled);
  engine_->OnCompleteReply(At(2), abort.id, ledger, core::InstructionStatus::kAborted);
  EXPECT_EQ(engine_->contradictions(), 0U);
  engine_->OnCompleteReply(At(2), commit.id, ledger, core::InstructionStatus::kAborted);
  engine_->OnCompleteReply(At(2), abort.id, ledger, core::InstructionStatus::kSettled);
  EXPECT_EQ(engine_->contradictions(), 2U);
  Run(At(3));
  ExpectSettled(commit);
  EXPECT_EQ(StateOf(abort), SettlementState::kAborted);
}

TEST_F(WitnessedEngineTest, ARestartedBridgeKeepsWhatWasCertified) {
  const Deal first = world_.Swap("first", At(1000));
  Submit(At(0), first);
  Run(At(1));
  const Deal second = world_.Swap("second", At(1000));
  Submit(At(2), second);
  Run(At(3));  // its writes carry the certified checkpoint of the first along
  Restart();
  EXPECT_TRUE(engine_->MakeCertificate(first.id).ok());
  Run(At(4));
  EXPECT_TRUE(engine_->MakeCertificate(second.id).ok());
}

TEST_F(WitnessedEngineTest, ABridgeThatLostItsJournalDoesNotGoOn) {
  const Deal deal = world_.Swap("s", At(1000));
  Submit(At(0), deal);
  Run(At(1));
  world_.disk = std::make_unique<Disk>(
      store::NewMemoryJournal(BridgeEngine::JournalIdentityOf(world_.policy().decision_log)));
  Restart();
  // It would decide the same settlement anew, as an abort.
  const auto judged = engine_->JudgeDeadline(At(5000), deal.id, deal.terms.payload);
  EXPECT_TRUE(std::holds_alternative<SettlementView>(judged));
  engine_->Tick(At(5000));
  ASSERT_TRUE(engine_->Flush(At(5000)).ok());
  EXPECT_EQ(engine_->size(), 0U);
  const std::vector<WitnessCall> calls = engine_->TakeWitnessCalls();
  ASSERT_FALSE(calls.empty());
  Carry(At(5000), calls[0]);
  const absl::Status status = engine_->Flush(At(5000));
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_TRUE(engine_->rolled_back());
  EXPECT_NE(std::string(status.message()).find("has 0 records"), std::string::npos) << status;
  EXPECT_EQ(engine_->size(), 0U);
}

TEST_F(WitnessedEngineTest, AWitnessThatLostItsStateDoesNotSignAgain) {
  const Deal deal = world_.Swap("s", At(1000));
  Submit(At(0), deal);
  Run(At(1));
  ReopenWitness(1, /*lost=*/true);
  const Deal next = world_.Swap("next", At(1000));
  Submit(At(2), next);
  Run(At(2));
  ExpectSettled(next);  // by the three others
  EXPECT_TRUE(witnesses_[1]->refusing());
  EXPECT_EQ(witnesses_[1]->evidence()->kind, witness::EvidenceKind::kStateLost);
  EXPECT_EQ(witnesses_[1]->size(), 0U);
  EXPECT_EQ(engine_->Witnesses()[1].refusal, core::WitnessRefusal::kRefusing);
}

// An operator who keeps two logs under one key: neither side has three witnesses.
TEST_F(WitnessedEngineTest, AnEquivocatingBridgeCertifiesNeitherHistory) {
  Run(At(0));
  const Deal deal = world_.Swap("s", At(1000));
  const auto before = world_.disk->Mount();
  Submit(At(0), deal);
  ASSERT_TRUE(engine_->Flush(At(1)).ok());
  for (const LedgerRequest& request : engine_->TakeRequests()) Carry(At(1), request);
  ASSERT_TRUE(engine_->Flush(At(1)).ok());
  const std::vector<WitnessCall> commit = engine_->TakeWitnessCalls();
  Carry(At(1), commit[0]);
  Carry(At(1), commit[1]);
  ASSERT_TRUE(engine_->Flush(At(1)).ok());
  EXPECT_THAT(engine_->TakeRequests(), IsEmpty());

  // The other log: the same settlement, aborted.
  std::unique_ptr<BridgeEngine> honest = std::move(engine_);
  world_.disk = std::make_unique<Disk>(
      store::NewMemoryJournal(BridgeEngine::JournalIdentityOf(world_.policy().decision_log)));
  engine_ = world_.Open();
  engine_->Tick(At(5000));
  std::vector<WitnessCall> asks = engine_->TakeWitnessCalls();
  // It does not listen to those that saw the first log, and pretends that a third answered.
  for (const WitnessCall& call : asks) {
    if (call.witness == WitnessName(2) || call.witness == WitnessName(3)) Carry(At(5000), call);
  }
  engine_->OnWitnessAnswer(At(5000), WitnessName(0), core::WitnessAnswer());
  engine_->JudgeDeadline(At(5000), deal.id, deal.terms.payload);
  ASSERT_TRUE(engine_->Flush(At(5000)).ok());
  EXPECT_EQ(engine_->size(), 1U);
  for (const WitnessCall& call : engine_->TakeWitnessCalls()) Carry(At(5000), call);
  ASSERT_TRUE(engine_->Flush(At(5001)).ok());
  EXPECT_THAT(engine_->TakeRequests(), IsEmpty());
  // The witness that was sent both has the proof.
  ASSERT_TRUE(witnesses_[0]->evidence().has_value());
  EXPECT_EQ(witnesses_[0]->evidence()->kind, witness::EvidenceKind::kForkedLog);
}

TEST_F(WitnessedEngineTest, SettlementsUnderAPolicyWithoutWitnessesDoNotWait) {
  core::SettlementPolicy without = world_.policy();
  ++without.epoch;
  without.witnesses.clear();
  without.witnesses_needed = 0;
  without.witnesses_faulty_max = 0;
  const Deal witnessed = world_.Swap("witnessed", At(1000));
  world_.AddPolicy(without);
  for (std::size_t index = 0; index < kWitnesses; ++index)
    ReopenWitness(index);  // they know it too
  Restart();
  Run(At(0));  // those of the earlier policy say how far they are
  Kill(0);
  Kill(1);
  const Deal deal = world_.Swap("s", At(1000));
  Submit(At(0), witnessed);
  Submit(At(0), deal);
  Run(At(1));
  ExpectSettled(deal);
  EXPECT_EQ(StateOf(witnessed), SettlementState::kCertifying);
  ReopenWitness(0);
  Run(At(20'000));
  ExpectSettled(witnessed);
}

AbortOrder OrderToAbort(const FakeLedger& ledger, const core::Hash256& id) {
  core::Entry entry;
  entry.index = 1;
  entry.instruction = {Party("CENTRAL"), core::ActionKind::kOrderAbort,
                       Must(core::InstructionId::Parse("ABT-1"))};
  entry.status = core::InstructionStatus::kSettled;
  entry.cause = core::Cause::kCommand;
  entry.rejection.outcome = core::Outcome::kAccepted;
  entry.settlement_id = id;
  AbortOrder order{.entry = core::EncodeEntry(entry), .entry_index = 1};
  core::MerkleTree log;
  log.Append(core::LeafHash("genesis"));
  log.Append(core::LeafHash(order.entry));
  order.proof = Must(log.InclusionProof(1, 2));
  const std::string origin(ledger.origin().text());
  order.checkpoint = Must(core::SignCheckpoint({origin, 2, log.Root(), {}}, origin, ledger.key()));
  return order;
}

TEST_F(WitnessedEngineTest, AnOrderToAbortThatWasAnsweredOutlivesAKillBeforeItsRecord) {
  const Deal deal = world_.Swap("s", At(10000));
  Submit(At(0), deal);
  ASSERT_TRUE(engine_->Flush(At(0)).ok());  // no witness was reached yet: nothing is decided
  ASSERT_TRUE(std::holds_alternative<SettlementView>(
      engine_->OrderAbort(At(1), deal.id, OrderToAbort(*world_.ledgers[0], deal.id))));
  ASSERT_TRUE(engine_->Flush(At(1)).ok());
  EXPECT_EQ(engine_->Find(deal.id)->rejection->outcome, core::Outcome::kAbortOrdered);
  Restart();
  Run(At(5));
  EXPECT_EQ(StateOf(deal), SettlementState::kAborted);
  EXPECT_EQ(engine_->Find(deal.id)->rejection->outcome, core::Outcome::kAbortOrdered);
}

// The order was answered, and forgotten with the process: the settlement committed.
TEST_F(WitnessedEngineTest, SoItDoesWhereItsLedgerHasNoRoomForMoreOrders) {
  const FakeLedger& ledger = *world_.ledgers[0];
  for (std::size_t i = 0; i < kKeptOrdersPerLedgerMax; ++i) {
    const core::Hash256 id = core::Sha256(std::to_string(i));
    ASSERT_TRUE(std::holds_alternative<SettlementView>(
        engine_->OrderAbort(At(0), id, OrderToAbort(ledger, id))));
  }
  const Deal deal = world_.Swap("s", At(10000));
  Submit(At(0), deal);
  ASSERT_TRUE(engine_->Flush(At(0)).ok());
  ASSERT_TRUE(std::holds_alternative<SettlementView>(
      engine_->OrderAbort(At(1), deal.id, OrderToAbort(ledger, deal.id))));
  ASSERT_TRUE(engine_->Flush(At(1)).ok());
  EXPECT_FALSE(engine_->HasKeptOrder(deal.id));
  Restart();
  Run(At(5));
  EXPECT_EQ(StateOf(deal), SettlementState::kAborted);
  EXPECT_EQ(engine_->Find(deal.id)->rejection->outcome, core::Outcome::kAbortOrdered);
}

}  // namespace
}  // namespace causeway::bridge
