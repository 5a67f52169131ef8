// Single settlements through the engine after they ended: what has left memory is answered from the
// log, and a ledger that finds it by a key index agrees with one that has everything in memory.
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "central-bank-node/runtime/ledger_queries.h"
#include "settlement/core/prng.h"
#include "settlement/store/key_runs.h"
#include "settlement/store/memory_key_index.h"
#include "settlement/store/snapshot.h"
#include "tests/node/borrowed_journal.h"
#include "tests/node/live_ledger.h"

namespace causeway::node {
namespace {

using core::InstructionStatus;
using core::Item;

// Where a ledger finds again what is final.
enum class Keys { kAllInMemory, kIndexInMemory, kIndexOnDisk };

// One ledger with a journal, an index and snapshots that outlive its engines.
class EndedLedger {
 public:
  EndedLedger(const core::Genesis& genesis, std::shared_ptr<core::SoftwareSigner> signer, Keys keys)
      : genesis_(genesis),
        signer_(std::move(signer)),
        keys_(keys),
        disk_(store::NewMemoryJournal(
            {.kind = "ledger", .name = genesis.ledger.ToString(), .genesis = genesis.hash})),
        folder_(std::filesystem::temp_directory_path() /
                ("ledger-settlements-" + std::to_string(getpid()))) {
    RemoveFolder();
    if (keys != Keys::kAllInMemory) snapshots_ = store::MakeMemorySnapshotStore();
    Open();
  }
  ~EndedLedger() {
    engine_.reset();
    RemoveFolder();
  }

  void Open() {
    engine_.reset();  // of one directory of keys there is one owner
    LedgerEngine::Options options{.signer = signer_,
                                  .verifier = std::make_shared<core::OpenSslSignatureVerifier>(),
                                  .salt_key = std::string(32, 's')};
    if (keys_ != Keys::kAllInMemory) {
      options.tree_lowest_level = 3;
      options.snapshots = snapshots_;
      options.keys = std::make_unique<store::MemoryKeyIndex>();
    }
    if (keys_ == Keys::kIndexOnDisk) {
      // Small tables, so that most keys are in files.
      auto runs =
          store::KeyRuns::Open({.directory = folder_,
                                .ledger = genesis_.hash,
                                .fingerprint_key = IndexedInstructions::KeyOf(options.salt_key),
                                .table_keys_max = 32,
                                .table_keys_min = 16,
                                .batch_keys_max = 256},
                               disk_->record_count());
      ASSERT_TRUE(runs.ok()) << runs.status().message();
      EXPECT_TRUE((*runs)->notes().empty());
      options.keys = *std::move(runs);
    }
    auto engine =
        LedgerEngine::Open(genesis_, std::move(options), std::make_unique<BorrowedJournal>(disk_));
    ASSERT_TRUE(engine.ok()) << engine.status().message();
    engine_ = *std::move(engine);
    EXPECT_TRUE(engine_->notes().empty());
  }
  // Opens again, and everything must be as it was.
  void Restart() {
    const core::Hash256 root = engine_->root();
    const core::Hash256 state_root = engine_->ledger().StateRoot();
    Open();
    EXPECT_EQ(engine_->root(), root);
    EXPECT_EQ(engine_->ledger().StateRoot(), state_root);
  }
  void Snapshot() {
    if (snapshots_ == nullptr) return;
    auto writer = snapshots_->Create();
    const absl::Status written =
        engine_->WriteSnapshot(**writer, {.between_batches = [](const auto& step) { step(); },
                                          .until_durable = [](std::uint64_t) {}});
    ASSERT_TRUE(written.ok()) << written.message();
  }
  LedgerEngine& engine() { return *engine_; }

 private:
  // Others beside it have none.
  void RemoveFolder() {
    if (keys_ == Keys::kIndexOnDisk) std::filesystem::remove_all(folder_);
  }

  const core::Genesis genesis_;
  const std::shared_ptr<core::SoftwareSigner> signer_;
  const Keys keys_;
  const std::shared_ptr<store::Journal> disk_;
  const std::filesystem::path folder_;
  std::shared_ptr<store::SnapshotStore> snapshots_;
  std::unique_ptr<LedgerEngine> engine_;
};

class EndedSettlementsTest : public LiveLedgerTest {
 protected:
  EndedSettlementsTest() : far_(*core::LedgerOrigin::Parse("th.example/thb")) {
    policy_ = {.epoch = 1,
               .decision_log = *core::LedgerOrigin::Parse("bridge.example/decisions"),
               .decision_log_key = Key("BRIDGE")->public_key(),
               .ledgers = {{genesis_.ledger, genesis_.hash, genesis_.ledger_key},
                           {far_, core::Sha256("far"), Key("far")->public_key()}}};
    policy_ = *codec::DecodePolicy(codec::EncodePolicy(policy_));
  }

  std::unique_ptr<EndedLedger> MakeLedger(Keys keys) {
    auto ledger = std::make_unique<EndedLedger>(genesis_, Key("ledger"), keys);
    ids_ = 0;  // so that all ledgers are given the same
    SetUpParticipants(ledger->engine());
    const Item item = ByCentral(core::SetSettlementPolicy{policy_});
    EXPECT_TRUE(ledger->engine().Submit(kStart, {&item, 1}).ok());
    return ledger;
  }

  // ALPHA pays BETA `amounts` here, and BETA one leg on the far ledger.
  struct Proposed {
    core::Hash256 id;
    Item prepare;
  };
  Proposed Propose(std::uint32_t number, const std::vector<std::int64_t>& amounts) {
    std::vector<core::ProvenLeg> here;
    std::vector<std::string> legs;
    for (std::size_t i = 0; i < amounts.size(); ++i) {
      core::ProvenLeg& proven = here.emplace_back();
      proven.leg = {.salt = std::string(16, 's'),
                    .ledger = genesis_.ledger,
                    .party = Party("ALPHA"),
                    .id = *core::InstructionId::Parse("L-" + std::to_string(number) + "-" +
                                                      std::to_string(i)),
                    .uetr = SomeUetr(10'000 + number),
                    .debtor = Address("ALPHA"),
                    .creditor = Address("BETA"),
                    .amount = Hkd(amounts[i])};
      proven.bytes = codec::EncodeLeg(proven.leg);
      proven.index = static_cast<std::uint32_t>(i);
      legs.push_back(proven.bytes);
    }
    legs.emplace_back("far leg");
    for (std::size_t i = 0; i < here.size(); ++i) here[i].proof = core::LegProof(legs, i);
    std::string nonce(16, 'n');
    for (std::size_t i = 0; i < 4; ++i) nonce[i] = static_cast<char>(number >> (8 * i));
    const core::TermsHeader terms{
        .policy_hash = policy_.hash,
        .deadline = kStart + core::Duration::FromMinutes(10),
        .ledgers = {{genesis_.ledger, static_cast<std::uint32_t>(here.size())}, {far_, 1}},
        .legs_root = core::LegsRoot(legs),
        .nonce = nonce};
    const std::string bytes = codec::EncodeTerms(terms);
    return {.id = core::SettlementIdOf(bytes),
            .prepare = codec::MakePrepareItem(
                *core::SignEnvelope(core::kTermsPayloadType, bytes, *Key("ALPHA")), here)};
  }
  // With this ledger's vote for `hold` when it is a commit.
  Item Decide(const core::Hash256& id, core::Verdict verdict, std::uint64_t hold = 0) {
    core::CompleteSettlement completion{.settlement_id = id};
    core::Certificate& certificate = completion.certificate;
    certificate.record = {
        .settlement_id = id, .verdict = verdict, .policy_hash = policy_.hash, .decided = kStart};
    if (verdict == core::Verdict::kCommit) {
      const std::vector<core::Hold> here = {{id, hold, {}}};
      const std::vector<core::Hold> far = {{id, 5, {}}};
      certificate.votes = {
          core::SignVotes(genesis_.ledger, genesis_.hash, here, *Key("ledger"))->at(0),
          core::SignVotes(far_, core::Sha256("far"), far, *Key("far"))->at(0)};
      for (const core::Vote& vote : certificate.votes) {
        certificate.record.vote_hashes.push_back(core::VoteHash(vote));
      }
    }
    certificate.record_bytes = core::EncodeDecisionRecord(certificate.record);
    core::MerkleTree log;
    log.Append(core::LeafHash(certificate.record_bytes));
    const std::string origin = policy_.decision_log.ToString();
    certificate.checkpoint = *core::SignCheckpoint(
        {.origin = origin, .size = 1, .root = log.Root()}, origin, *Key("BRIDGE"));
    return codec::MakeCompletionItem(codec::EncodeCompletion(completion));
  }
  ItemReply Run(EndedLedger& ledger, const Item& item) {
    micros_ += 1000;
    const auto replies = ledger.engine().Submit(core::LedgerTime::FromMicros(micros_), {&item, 1});
    EXPECT_TRUE(replies.ok()) << replies.status().message();
    return replies->front();
  }

  // Everything but the signature of a vote, which is over its own batch.
  static void ExpectSame(const ItemReply& left, const ItemReply& right) {
    ASSERT_EQ(left.result.refused.has_value(), right.result.refused.has_value());
    if (left.result.refused) {
      EXPECT_EQ(left.result.refused->outcome, right.result.refused->outcome);
      EXPECT_EQ(left.result.refused->rule, right.result.refused->rule);
    }
    EXPECT_EQ(left.result.settlement_id, right.result.settlement_id);
    EXPECT_EQ(left.result.settlement_status, right.result.settlement_status);
    EXPECT_EQ(left.result.settlement_entry, right.result.settlement_entry);
    EXPECT_EQ(left.result.settlement_hold, right.result.settlement_hold);
    ASSERT_EQ(left.vote.empty(), right.vote.empty());
    if (!left.vote.empty()) {
      EXPECT_EQ(core::VoteHash(*core::DecodeVote(left.vote)),
                core::VoteHash(*core::DecodeVote(right.vote)));
    }
    ASSERT_EQ(left.result.instructions.size(), right.result.instructions.size());
    for (std::size_t i = 0; i < left.result.instructions.size(); ++i) {
      const core::InstructionState& one = left.result.instructions[i];
      const core::InstructionState& other = right.result.instructions[i];
      EXPECT_EQ(one.key, other.key);
      EXPECT_EQ(one.status, other.status);
      EXPECT_EQ(one.rejection.outcome, other.rejection.outcome);
      EXPECT_EQ(one.rejection.rule, other.rejection.rule);
      EXPECT_EQ(one.entry_index, other.entry_index);
      EXPECT_EQ(one.uetr, other.uetr);
      EXPECT_EQ(one.settlement_id, other.settlement_id);
      EXPECT_EQ(one.payload_hash, other.payload_hash);
      EXPECT_EQ(one.item, other.item);
      EXPECT_EQ(one.time, other.time);
      EXPECT_EQ(one.date, other.date);
    }
  }

  const core::LedgerOrigin far_;
  core::SettlementPolicy policy_;
  std::int64_t micros_ = kStart.micros();
};

class EndedSettlementsByKeysTest : public EndedSettlementsTest,
                                   public ::testing::WithParamInterface<Keys> {};

TEST_P(EndedSettlementsByKeysTest, RepeatsAreAnsweredAsBeforeAlsoAfterARestart) {
  const auto ledger = MakeLedger(GetParam());
  const Proposed settled = Propose(1, {100, 200, 300});
  const Proposed aborted = Propose(2, {100});
  const Proposed rejected = Propose(3, {100, 1'000'000});
  const Proposed buried = Propose(4, {100});
  const ItemReply held = Run(*ledger, settled.prepare);
  Run(*ledger, aborted.prepare);
  ledger->Snapshot();
  const Item commit = Decide(settled.id, core::Verdict::kCommit, held.result.settlement_hold);
  const Item abort = Decide(aborted.id, core::Verdict::kAbort);
  const Item bury = Decide(buried.id, core::Verdict::kAbort);
  const ItemReply done = Run(*ledger, commit);
  ASSERT_EQ(done.result.settlement_status, InstructionStatus::kSettled);
  const ItemReply released = Run(*ledger, abort);
  const ItemReply refused = Run(*ledger, rejected.prepare);
  ASSERT_EQ(refused.result.settlement_status, InstructionStatus::kRejected);
  const ItemReply tombstone = Run(*ledger, bury);
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(ledger->engine().ledger().PreparedSettlements().empty());
    ExpectSame(Run(*ledger, commit), done);
    ExpectSame(Run(*ledger, abort), released);
    ExpectSame(Run(*ledger, rejected.prepare), refused);
    ExpectSame(Run(*ledger, bury), tombstone);
    const ItemReply late = Run(*ledger, settled.prepare);
    EXPECT_EQ(late.result.settlement_status, InstructionStatus::kSettled);
    EXPECT_EQ(core::VoteHash(*core::DecodeVote(late.vote)),
              core::VoteHash(*core::DecodeVote(held.vote)));
    for (const Item& too_late : {aborted.prepare, buried.prepare}) {
      const ItemReply reply = Run(*ledger, too_late);
      ASSERT_TRUE(reply.result.refused.has_value());
      EXPECT_EQ(reply.result.refused->outcome, core::Outcome::kSettlementAborted);
      EXPECT_TRUE(reply.vote.empty());
    }
    const ItemReply against = Run(*ledger, Decide(settled.id, core::Verdict::kAbort));
    ASSERT_TRUE(against.result.refused.has_value());
    EXPECT_EQ(against.result.refused->outcome, core::Outcome::kSettlementConflict);
    EXPECT_EQ(ledger->engine().ledger().FindAccount(Address("BETA"))->available.minor(), 600);
    EXPECT_EQ(ledger->engine().ledger().FindAccount(Address("ALPHA"))->held.minor(), 0);
    if (round == 1) ledger->Snapshot();
    ledger->Restart();
  }
}

TEST_P(EndedSettlementsByKeysTest, IsShownWithItsTermsAndLegsAsBeforeItEnded) {
  const auto ledger = MakeLedger(GetParam());
  const Proposed proposed = Propose(1, {100, 200});
  const auto shown_to = [&](Standing standing, std::string_view name) {
    causeway::v1::GetLedgerSettlementRequest request;
    request.set_settlement_id(std::string(proposed.id.view()));
    causeway::v1::LedgerSettlement shown;
    GetSettlement(ledger->engine(), {standing, Party(name)}, request, &shown);
    return shown;
  };
  const std::uint64_t hold = Run(*ledger, proposed.prepare).result.settlement_hold;
  const causeway::v1::LedgerSettlement before = shown_to(Standing::kParticipant, "ALPHA");
  EXPECT_EQ(before.legs_size(), 2);
  const ItemReply done = Run(*ledger, Decide(proposed.id, core::Verdict::kCommit, hold));
  for (int round = 0; round < 2; ++round) {
    causeway::v1::LedgerSettlement after = shown_to(Standing::kParticipant, "ALPHA");
    EXPECT_EQ(after.status(), causeway::v1::INSTRUCTION_STATUS_SETTLED);
    EXPECT_EQ(after.entry_index(), done.result.settlement_entry);
    // Nothing else changed, but that it no longer waits for a decision log.
    after.set_status(before.status());
    after.set_entry_index(before.entry_index());
    after.set_decision_log(before.decision_log());
    EXPECT_EQ(after.SerializeAsString(), before.SerializeAsString());
    EXPECT_EQ(shown_to(Standing::kParticipant, "GAMMA").status(),
              causeway::v1::INSTRUCTION_STATUS_UNSPECIFIED);
    EXPECT_EQ(shown_to(Standing::kParticipant, "BETA").legs_size(), 2);
    ledger->Restart();
  }
}

TEST_P(EndedSettlementsByKeysTest, WhatARepeatNeedsIsReadAhead) {
  if (GetParam() == Keys::kAllInMemory) GTEST_SKIP() << "everything is in memory";
  const auto ledger = MakeLedger(GetParam());
  const Proposed proposed = Propose(1, {100, 200});
  const std::uint64_t hold = Run(*ledger, proposed.prepare).result.settlement_hold;
  const Item commit = Decide(proposed.id, core::Verdict::kCommit, hold);
  Run(*ledger, commit);
  for (const Item& item : {commit, proposed.prepare}) {
    const auto admitted = std::get<core::AdmittedItem>(ledger->engine().Admit(item));
    IndexedInstructions::Recall recall;
    const auto missing = ledger->engine().LeavesToRecall(admitted, recall);
    ASSERT_TRUE(missing.ok());
    EXPECT_GE(missing->size(), 3u);  // the hold and the ends of the two legs
    ASSERT_TRUE(ledger->engine().ReadLeaves(*missing, recall).ok());
    EXPECT_TRUE(ledger->engine().LeavesToRecall(admitted, recall)->empty());
  }
}

INSTANTIATE_TEST_SUITE_P(OverEveryIndex, EndedSettlementsByKeysTest,
                         ::testing::Values(Keys::kAllInMemory, Keys::kIndexInMemory,
                                           Keys::kIndexOnDisk));

class EndedSettlementsAgreeTest : public EndedSettlementsTest,
                                  public ::testing::WithParamInterface<std::uint64_t> {};

// Prepares, decisions, tombstones, late and repeated messages and orders at random, several in a
// batch, to ledgers that find what ended in three ways; some are restarted, from snapshots or not.
TEST_P(EndedSettlementsAgreeTest, HoweverWhatEndedIsFound) {
  core::RandomStream random(GetParam(), "ended settlements");
  std::vector<std::unique_ptr<EndedLedger>> ledgers;
  for (const Keys keys : {Keys::kAllInMemory, Keys::kIndexInMemory, Keys::kIndexOnDisk}) {
    ledgers.push_back(MakeLedger(keys));
  }
  std::vector<Proposed> proposed;
  std::vector<Item> given;
  for (int step = 0; step < 150; ++step) {
    std::vector<Item> items;
    for (std::uint64_t count = 1 + random.Uniform(4); count > 0; --count) {
      const bool is_new = proposed.empty() || random.Bernoulli(1, 3);
      if (is_new) {
        std::vector<std::int64_t> amounts(1 + random.Uniform(3));
        for (std::int64_t& amount : amounts) amount = random.Bernoulli(1, 6) ? 1'000'000 : 1;
        proposed.push_back(Propose(static_cast<std::uint32_t>(proposed.size()), amounts));
      }
      const Proposed& one = is_new ? proposed.back() : proposed[random.Uniform(proposed.size())];
      switch (random.Uniform(6)) {
        case 0:
        case 1:
          items.push_back(one.prepare);
          break;
        case 2: {
          const core::SettlementState* held = ledgers[0]->engine().ledger().FindSettlement(one.id);
          items.push_back(Decide(one.id, core::Verdict::kCommit, held == nullptr ? 1 : held->hold));
          break;
        }
        case 3:
          items.push_back(Decide(one.id, core::Verdict::kAbort));
          break;
        case 4:
          items.push_back(ByCentral(core::OrderAbort{one.id, "judgment 13"}));
          break;
        default:
          items.push_back(given.empty() ? one.prepare : given[random.Uniform(given.size())]);
      }
      given.push_back(items.back());
    }
    micros_ += 1000;
    std::vector<std::vector<ItemReply>> replies;
    for (const auto& ledger : ledgers) {
      auto executed = ledger->engine().Submit(core::LedgerTime::FromMicros(micros_), items);
      ASSERT_TRUE(executed.ok()) << executed.status().message();
      replies.push_back(*std::move(executed));
    }
    for (std::size_t other = 1; other < ledgers.size(); ++other) {
      for (std::size_t i = 0; i < items.size(); ++i) {
        EXPECT_EQ(replies[0][i].result.sequenced, replies[other][i].result.sequenced);
        ExpectSame(replies[0][i], replies[other][i]);
      }
      ASSERT_EQ(ledgers[0]->engine().root(), ledgers[other]->engine().root()) << step;
      ASSERT_EQ(ledgers[0]->engine().ledger().StateRoot(),
                ledgers[other]->engine().ledger().StateRoot())
          << step;
      if (random.Bernoulli(1, 20)) ledgers[other]->Snapshot();
      if (random.Bernoulli(1, 20)) ledgers[other]->Restart();
    }
    if (HasFailure()) FAIL() << "step " << step;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, EndedSettlementsAgreeTest, ::testing::Values(1, 2, 3, 4, 5, 6));

// Bytes that say no more made terms as long as anybody liked, for all who keep them.
TEST_F(EndedSettlementsTest, TermsThatAreNotCanonicalAreRefusedBeforeTheyAreRecorded) {
  const auto ledger = MakeLedger(Keys::kAllInMemory);
  const Proposed proposed = Propose(1, {100});
  const core::TermsHeader terms = *codec::DecodeTerms(proposed.prepare.envelope.payload);
  // The nonce, field 5, once more.
  const std::string padded = proposed.prepare.envelope.payload + "\x2a\x10" + terms.nonce;
  const Item item{*core::SignEnvelope(core::kTermsPayloadType, padded, *Key("ALPHA")),
                  proposed.prepare.attachments};
  const ItemReply reply = Run(*ledger, item);
  ASSERT_TRUE(reply.result.refused.has_value());
  EXPECT_EQ(reply.result.refused->outcome, core::Outcome::kMalformed);
  EXPECT_NE(reply.result.refused->message.find("canonical"), std::string::npos);
  EXPECT_EQ(Run(*ledger, proposed.prepare).result.settlement_status, InstructionStatus::kPrepared);
}

}  // namespace
}  // namespace causeway::node
