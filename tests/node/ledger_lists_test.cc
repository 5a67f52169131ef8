// Settlement lists through the engine: votes, journal, restarts, receipts, histories. The same with
// everything in memory and with a key index over the log, from a snapshot and from the beginning.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "central-bank-node/runtime/ledger_queries.h"
#include "settlement/core/prng.h"
#include "settlement/store/memory_key_index.h"
#include "settlement/store/snapshot.h"
#include "tests/node/borrowed_journal.h"
#include "tests/node/live_ledger.h"

namespace causeway::node {
namespace {

using core::InstructionStatus;
using core::Item;

class LedgerListsTest : public LiveLedgerTest, public ::testing::WithParamInterface<bool> {
 protected:
  LedgerListsTest()
      : disk_(store::NewMemoryJournal(
            {.kind = "ledger", .name = genesis_.ledger.ToString(), .genesis = genesis_.hash})),
        far_(*core::LedgerOrigin::Parse("th.example/thb")) {
    if (GetParam()) snapshots_ = store::MakeMemorySnapshotStore();
    Open();
    SetUpParticipants(*engine_);
    policy_ = {.epoch = 1,
               .decision_log = *core::LedgerOrigin::Parse("bridge.example/decisions"),
               .decision_log_key = Key("BRIDGE")->public_key(),
               .ledgers = {{genesis_.ledger, genesis_.hash, genesis_.ledger_key},
                           {far_, core::Sha256("far"), Key("far")->public_key()}}};
    policy_ = *codec::DecodePolicy(codec::EncodePolicy(policy_));
    Run(ByCentral(core::SetSettlementPolicy{policy_}));
  }

  void Open() {
    LedgerEngine::Options options{.signer = Key("ledger"),
                                  .verifier = std::make_shared<core::OpenSslSignatureVerifier>(),
                                  .salt_key = std::string(32, 's')};
    if (GetParam()) {
      options.keys = std::make_unique<store::MemoryKeyIndex>();
      options.tree_lowest_level = 3;
      options.snapshots = snapshots_;
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
    if (!GetParam()) return;
    auto writer = snapshots_->Create();
    const absl::Status written =
        engine_->WriteSnapshot(**writer, {.between_batches = [](const auto& step) { step(); },
                                          .until_durable = [](std::uint64_t) {}});
    ASSERT_TRUE(written.ok()) << written.message();
  }
  ItemReply Run(const Item& item) {
    micros_ += 1000;
    const auto replies = engine_->Submit(core::LedgerTime::FromMicros(micros_), {&item, 1});
    EXPECT_TRUE(replies.ok()) << replies.status().message();
    return replies->front();
  }

  // Legs of ALPHA to BETA here; the far part is only a hash.
  Item ListItem(const std::vector<std::int64_t>& amounts, std::uint8_t first_id) {
    std::vector<core::BulkPayment> legs;
    const core::AccountState* from = engine_->ledger().FindAccount(Address("ALPHA"));
    const core::AccountState* to = engine_->ledger().FindAccount(Address("BETA"));
    for (const std::int64_t amount : amounts) {
      core::BulkPayment& leg = legs.emplace_back();
      leg.debtor = {.number = from->number, .check = from->check};
      leg.creditor = {.number = to->number, .check = to->check};
      leg.amount = core::Amount::FromMinor(amount);
      leg.id = Raw(first_id);
      leg.uetr = SomeUetr(1000U + first_id);
      ++first_id;
    }
    const std::string part = core::EncodeListPart(std::string(16, 's'), legs);
    const auto count = static_cast<std::uint32_t>(legs.size());
    const core::TermsHeader terms{.policy_hash = policy_.hash,
                                  .deadline = kStart + core::Duration::FromMinutes(10),
                                  .ledgers = {{genesis_.ledger, count}, {far_, count}},
                                  .nonce = std::string(16, static_cast<char>(first_id)),
                                  .list_count = count,
                                  .parts = {{Party("ALPHA"), core::ListPartHash(part)},
                                            {Party("BETA"), core::Sha256("far part")}}};
    return codec::MakePrepareItem(
        *core::SignEnvelope(core::kSettlementListPayloadType, core::EncodeSettlementList(terms),
                            *Key("ALPHA")),
        part);
  }
  // Payments of ALPHA to BETA, some of them refused.
  Item BulkItem(std::uint8_t number, std::size_t count) {
    core::Bulk bulk{.ledger = genesis_.ledger,
                    .genesis_hash = genesis_.hash,
                    .party = Party("ALPHA"),
                    .id = {number, 0xB0},
                    .valid_until = kStart + core::Duration::FromHours(1)};
    const core::AccountState* from = engine_->ledger().FindAccount(Address("ALPHA"));
    const core::AccountState* to = engine_->ledger().FindAccount(Address("BETA"));
    for (std::size_t i = 0; i < count; ++i) {
      core::BulkPayment& payment = bulk.payments.emplace_back();
      payment.debtor = {.number = from->number, .check = from->check};
      payment.creditor = {.number = to->number, .check = to->check};
      if (i % 11 == 10) payment.creditor.check ^= 1;
      payment.amount = core::Amount::FromMinor(i % 9 == 8 ? 1'000'000'000 : 1);
      payment.id = {number, 0xB1, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
      payment.uetr = SomeUetr(static_cast<std::uint32_t>(10'000 + 1'000 * number + i));
    }
    return {.envelope =
                *core::SignEnvelope(core::kBulkPayloadType, core::EncodeBulk(bulk), *Key("ALPHA"))};
  }
  // Batches of bulks, lists, completions and single payments, in any order and number.
  void RunAnyBatches(int batches) {
    core::RandomStream random(23, "items");
    std::uint8_t bulks = 0;
    std::uint8_t leg = 1;
    std::vector<Item> commits;
    for (int i = 0; i < batches; ++i) {
      std::vector<Item> items = std::exchange(commits, {});
      for (std::uint64_t left = 1 + random.Uniform(5); left > 0; --left) {
        const std::uint64_t kind = random.Uniform(4);
        if (kind <= 1) items.push_back(BulkItem(++bulks, 1 + random.Uniform(400)));
        if (kind == 2) items.push_back(PayItem("ALPHA", "BETA", 1));
        if (kind == 3) items.push_back(ListItem({1, 1'000'000'000, 2}, leg));
        if (kind == 3) leg = static_cast<std::uint8_t>(leg + 3);
      }
      random.Shuffle(items);
      micros_ += 1000;
      const auto replies = engine_->Submit(core::LedgerTime::FromMicros(micros_), items);
      ASSERT_TRUE(replies.ok()) << replies.status().message();
      for (const ItemReply& reply : *replies) {
        ASSERT_FALSE(reply.result.refused) << core::Describe(*reply.result.refused);
        core::PositionSet far_held(3);
        far_held.Insert(random.Uniform(2) == 0 ? 0 : 2);
        if (!reply.vote.empty()) commits.push_back(CommitItem(reply.vote, far_held));
      }
    }
  }
  // What the query says when it must not wait for the log.
  template <typename Query>
  auto WithLogReads(const Query& query) {
    LogReads reads;
    for (;;) {
      auto result = [&] {
        const LogReads::Scope scope(reads);
        return query();
      }();
      if (!reads.WantsMore()) return result;
      engine_->Load(reads);
    }
  }
  static void ExpectSame(const absl::StatusOr<DatedEntry>& actual, const DatedEntry& expected) {
    ASSERT_TRUE(actual.ok()) << actual.status().message();
    EXPECT_EQ(actual->entry, expected.entry) << expected.entry.index;
    EXPECT_EQ(actual->time, expected.time);
    EXPECT_EQ(actual->date, expected.date);
  }
  static core::RawInstructionId Raw(std::uint8_t seed) {
    core::RawInstructionId raw{};
    raw.fill(seed);
    return raw;
  }
  // The commit of what this ledger holds and the far one does; the far one alone when that is all.
  Item CommitItem(const std::string& vote_bytes, const core::PositionSet& far_held) {
    core::CompleteSettlement completion;
    core::Certificate& certificate = completion.certificate;
    certificate.votes.push_back(*core::DecodeVote(vote_bytes));
    completion.settlement_id = certificate.votes[0].settlement_id;
    const std::vector<core::Hold> far = {{completion.settlement_id, 5, far_held}};
    certificate.votes.push_back(
        core::SignVotes(far_, core::Sha256("far"), far, *Key("far"))->at(0));
    certificate.record = {.settlement_id = completion.settlement_id,
                          .verdict = core::Verdict::kCommit,
                          .policy_hash = policy_.hash,
                          .decided = kStart};
    for (const core::Vote& vote : certificate.votes) {
      certificate.record.vote_hashes.push_back(core::VoteHash(vote));
    }
    certificate.record_bytes = core::EncodeDecisionRecord(certificate.record);
    core::MerkleTree log;
    log.Append(core::LeafHash(certificate.record_bytes));
    const std::string origin = policy_.decision_log.ToString();
    certificate.checkpoint = *core::SignCheckpoint(
        {.origin = origin, .size = 1, .root = log.Root()}, origin, *Key("BRIDGE"));
    return codec::MakeCompletionItem(codec::EncodeCompletion(completion));
  }
  InstructionStatus StatusOf(std::uint8_t id) {
    const auto found = engine_->FindInstruction(
        {Party("ALPHA"), core::ActionKind::kSettlementLeg, core::InstructionIdOf(Raw(id))});
    EXPECT_TRUE(found.ok()) << found.status().message();
    return found.ok() && found->has_value() ? (*found)->status : InstructionStatus::kNone;
  }
  std::int64_t Available(std::string_view body) {
    return engine_->ledger().FindAccount(Address(body))->available.minor();
  }
  // Every leaf has a receipt that leads to the checkpoint.
  void CheckReceipts() {
    for (std::uint64_t leaf = 1; leaf < engine_->size(); ++leaf) {
      const auto receipt = engine_->GetReceipt(leaf);
      if (absl::IsNotFound(receipt.status())) continue;  // a batch header
      ASSERT_TRUE(receipt.ok()) << receipt.status().message();
      const auto note = core::ParseCheckpoint(receipt->checkpoint);
      EXPECT_TRUE(core::VerifyInclusion(core::LeafHash(receipt->entry), leaf, note->checkpoint.size,
                                        receipt->entry_proof, note->checkpoint.root))
          << leaf;
    }
  }

  std::shared_ptr<store::Journal> disk_;
  std::shared_ptr<store::SnapshotStore> snapshots_;
  const core::LedgerOrigin far_;
  std::unique_ptr<LedgerEngine> engine_;
  std::int64_t micros_ = kStart.micros();
};

TEST_P(LedgerListsTest, AVoteSaysWhichSettlementsAreHeldAndStaysTheSame) {
  const Item list = ListItem({100, 1'000'000, 300}, 1);
  const ItemReply reply = Run(list);
  ASSERT_FALSE(reply.result.refused) << core::Describe(*reply.result.refused);
  const core::Vote vote = *core::DecodeVote(reply.vote);
  EXPECT_EQ(vote.listed.bits(), "\x05");
  EXPECT_TRUE(core::VerifyVote(vote, policy_, core::OpenSslSignatureVerifier()).ok());
  Restart();
  const ItemReply again = Run(list);
  EXPECT_FALSE(again.result.sequenced);
  EXPECT_EQ(core::VoteHash(*core::DecodeVote(again.vote)), core::VoteHash(vote));
}

TEST_P(LedgerListsTest, ACompletedListIsFoundInTheLog) {
  const Item list = ListItem({100, 200, 1'000'000, 300}, 1);
  const std::string vote = Run(list).vote;
  EXPECT_EQ(StatusOf(1), InstructionStatus::kPrepared);
  EXPECT_EQ(StatusOf(3), InstructionStatus::kRejected);
  Snapshot();
  core::PositionSet far_held(4);
  far_held.Insert(0);
  far_held.Insert(2);
  far_held.Insert(3);
  const Item commit = CommitItem(vote, far_held);
  const ItemReply done = Run(commit);
  ASSERT_FALSE(done.result.refused) << core::Describe(*done.result.refused);
  EXPECT_EQ(done.result.settlement_status, InstructionStatus::kSettled);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Available("BETA"), 400);
    EXPECT_EQ(Available("ALPHA"), 100'000 - 400);
    EXPECT_EQ(StatusOf(1), InstructionStatus::kSettled);
    EXPECT_EQ(StatusOf(2), InstructionStatus::kAborted);
    EXPECT_EQ(StatusOf(3), InstructionStatus::kRejected);
    EXPECT_EQ(StatusOf(4), InstructionStatus::kSettled);
    const core::Hash256 id = core::SettlementIdOf(list.envelope.payload);
    EXPECT_EQ(engine_->ledger().FindSettlement(id), nullptr);
    const auto completion = engine_->FindCompletion(id);
    ASSERT_TRUE(completion.ok() && completion->has_value());
    EXPECT_EQ((*completion)->status, InstructionStatus::kSettled);
    EXPECT_EQ(Run(commit).result.settlement_status, InstructionStatus::kSettled);
    EXPECT_TRUE(Run(list).result.refused.has_value());
    CheckReceipts();
    Restart();
  }
  // The ids are taken for ever.
  const ItemReply other = Run(ListItem({1}, 4));
  EXPECT_EQ(core::DecodeVote(other.vote)->listed.Count(), 0u);
}

// A flood of repeats must not cost a look-up of each leg, or payment, of each.
TEST_P(LedgerListsTest, OfWhatTheLogHasAsAWholeNoLegOrPaymentIsReadAgain) {
  if (!GetParam()) GTEST_SKIP() << "everything is in memory";
  const Item list = ListItem({100, 200, 300}, 1);
  const std::string vote = Run(list).vote;
  Run(CommitItem(vote, core::PositionSet(3)));
  core::Bulk bulk{.ledger = genesis_.ledger,
                  .genesis_hash = genesis_.hash,
                  .party = Party("ALPHA"),
                  .id = Raw(50),
                  .valid_until = kStart + core::Duration::FromHours(1)};
  const core::AccountState* from = engine_->ledger().FindAccount(Address("ALPHA"));
  const core::AccountState* to = engine_->ledger().FindAccount(Address("BETA"));
  for (std::uint8_t i = 0; i < 3; ++i) {
    bulk.payments.push_back({.debtor = {.number = from->number, .check = from->check},
                             .creditor = {.number = to->number, .check = to->check},
                             .amount = core::Amount::FromMinor(1),
                             .id = Raw(static_cast<std::uint8_t>(60 + i)),
                             .uetr = SomeUetr(2000U + i)});
  }
  const Item bulk_item{.envelope = *core::SignEnvelope(core::kBulkPayloadType,
                                                       core::EncodeBulk(bulk), *Key("ALPHA"))};
  ASSERT_TRUE(Run(bulk_item).result.sequenced);
  for (const auto& [item, leaves] : {std::pair(list, 2u), std::pair(bulk_item, 1u)}) {
    const auto admitted = std::get<core::AdmittedItem>(engine_->Admit(item));
    IndexedInstructions::Recall recall;
    const auto missing = engine_->LeavesToRecall(admitted, recall);
    ASSERT_TRUE(missing.ok());
    EXPECT_EQ(missing->size(), leaves);
    ASSERT_TRUE(engine_->ReadLeaves(*missing, recall).ok());
    EXPECT_TRUE(engine_->LeavesToRecall(admitted, recall)->empty());
    EXPECT_FALSE(Run(item).result.sequenced);
  }
}

TEST_P(LedgerListsTest, AReturnMayCiteALegThatSettledHoweverLongAgo) {
  const std::string vote = Run(ListItem({100, 200, 1'000'000}, 1)).vote;
  const auto returned = [&](std::uint8_t leg) {
    core::Pay pay = PayOf("BETA", "ALPHA", 10);
    pay.cites = {Party("ALPHA"), core::ActionKind::kSettlementLeg, core::InstructionIdOf(Raw(leg))};
    return Signed("BETA", pay, {"BETA"});
  };
  const auto status_of = [&](const Item& item) {
    return Run(item).result.instructions.at(0).status;
  };
  core::PositionSet far_held(3);
  far_held.Insert(0);
  far_held.Insert(2);
  EXPECT_EQ(status_of(returned(1)), InstructionStatus::kRejected);
  Snapshot();
  Run(CommitItem(vote, far_held));
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(status_of(returned(1)), InstructionStatus::kSettled);
    EXPECT_EQ(status_of(returned(2)), InstructionStatus::kRejected);
    EXPECT_EQ(status_of(returned(3)), InstructionStatus::kRejected);
    if (round == 1) Snapshot();
    Restart();
  }
}

// In one batch with what it cites, and so before the log can show it.
TEST_P(LedgerListsTest, AReturnMayCiteALegThatItsOwnBatchSettled) {
  const std::string vote = Run(ListItem({100, 200}, 1)).vote;
  core::PositionSet far_held(2);
  far_held.Insert(0);
  std::vector<Item> items = {CommitItem(vote, far_held)};
  for (const std::uint8_t leg : {std::uint8_t{1}, std::uint8_t{2}}) {
    core::Pay pay = PayOf("BETA", "ALPHA", 10);
    pay.cites = {Party("ALPHA"), core::ActionKind::kSettlementLeg, core::InstructionIdOf(Raw(leg))};
    items.push_back(Signed("BETA", pay, {"BETA"}));
  }
  micros_ += 1000;
  const auto replies = engine_->Submit(core::LedgerTime::FromMicros(micros_), items);
  ASSERT_TRUE(replies.ok());
  EXPECT_EQ((*replies)[1].result.instructions.at(0).status, InstructionStatus::kSettled);
  EXPECT_EQ((*replies)[2].result.instructions.at(0).status, InstructionStatus::kRejected);
  Restart();
}

// All that deciding such a return needs can be read before.
TEST_P(LedgerListsTest, WhatAReturnOfALegNeedsIsReadAhead) {
  if (!GetParam()) GTEST_SKIP() << "everything is in memory";
  const std::string vote = Run(ListItem({100}, 1)).vote;
  core::PositionSet far_held(1);
  far_held.Insert(0);
  Run(CommitItem(vote, far_held));
  core::Pay pay = PayOf("BETA", "ALPHA", 10);
  pay.cites = {Party("ALPHA"), core::ActionKind::kSettlementLeg, core::InstructionIdOf(Raw(1))};
  const auto admitted = std::get<core::AdmittedItem>(engine_->Admit(Signed("BETA", pay, {"BETA"})));
  IndexedInstructions::Recall recall;
  for (const char* what : {"the hold", "the completion of its list"}) {
    const auto missing = engine_->LeavesToRecall(admitted, recall);
    ASSERT_TRUE(missing.ok());
    EXPECT_EQ(missing->size(), 1u) << what;
    ASSERT_TRUE(engine_->ReadLeaves(*missing, recall).ok());
  }
  EXPECT_TRUE(engine_->LeavesToRecall(admitted, recall)->empty());
}

TEST_P(LedgerListsTest, HistoriesHaveHoldsAndWhatBecameOfThem) {
  const std::string vote = Run(ListItem({100, 200}, 1)).vote;
  core::PositionSet far_held(2);
  far_held.Insert(0);
  Run(CommitItem(vote, far_held));
  Restart();
  const auto statement = engine_->GetStatement(*engine_->MomentOf(Address("ALPHA")),
                                               engine_->ledger().date(), engine_->ledger().date());
  ASSERT_TRUE(statement.ok()) << statement.status().message();
  std::int64_t sum = statement->opening.minor();
  std::vector<core::TransactionCode> codes;
  for (const StatementLine& line : statement->lines) {
    sum += line.posting.amount.minor();
    codes.push_back(line.posting.code);
  }
  EXPECT_EQ(sum, statement->closing.minor());
  EXPECT_EQ(statement->closing.minor(), 100'000 - 100);
  using core::TransactionCode;
  EXPECT_EQ(codes, (std::vector{TransactionCode::kIssue, TransactionCode::kHold,
                                TransactionCode::kHold, TransactionCode::kHold,
                                TransactionCode::kHold, TransactionCode::kSettlement,
                                TransactionCode::kRelease, TransactionCode::kRelease}));
  const auto page = engine_->ListEntriesOf(*engine_->MomentOf(Address("BETA")), 0, 100);
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->entries.size(), 1u);
  EXPECT_EQ(page->entries.front().entry.instruction.party, Party("ALPHA"));
  EXPECT_EQ(page->entries.front().entry.status, InstructionStatus::kSettled);
  const auto by_uetr = engine_->FindByUetr(SomeUetr(1001), 0, 2);
  ASSERT_TRUE(by_uetr.ok());
  ASSERT_EQ(by_uetr->instructions.size(), 1u);
  EXPECT_EQ(by_uetr->instructions.front().status, InstructionStatus::kSettled);
}

// Whole batches are decoded for the list of everything; the others read what they need.
TEST_P(LedgerListsTest, EveryWayToAnEntrySaysWhatItsWholeBatchSays) {
  RunAnyBatches(40);
  const auto everything = engine_->ListEntries(1, 1'000'000);
  ASSERT_TRUE(everything.ok()) << everything.status().message();
  ASSERT_GT(everything->entries.size(), 10'000u);
  std::uint64_t next = 1;
  for (const DatedEntry& expected : everything->entries) {
    const std::uint64_t index = expected.entry.index;
    for (; next < index; ++next) {
      EXPECT_TRUE(absl::IsNotFound(engine_->ReadEntry(next).status())) << next << " is a header";
    }
    ++next;
    ExpectSame(engine_->ReadEntry(index), expected);
    if (index % 7 == 0) {
      ExpectSame(WithLogReads([&] { return engine_->ReadEntry(index); }), expected);
    }
    if (index % 5 != 0 || expected.entry.instruction.kind != core::ActionKind::kPay) continue;
    const auto by_id =
        WithLogReads([&] { return engine_->FindInstruction(expected.entry.instruction); });
    ASSERT_TRUE(by_id.ok() && by_id->has_value());
    EXPECT_EQ((*by_id)->entry_index, index);
    EXPECT_EQ((*by_id)->status, expected.entry.status);
    EXPECT_EQ((*by_id)->rejection.outcome, expected.entry.rejection.outcome);
    EXPECT_EQ((*by_id)->rejection.rule, expected.entry.rejection.rule);
    const auto by_uetr =
        WithLogReads([&] { return engine_->FindByUetr(expected.entry.uetr, index, 1); });
    ASSERT_TRUE(by_uetr.ok()) << by_uetr.status().message();
    EXPECT_EQ(by_uetr->instructions.at(0).key, expected.entry.instruction);
    EXPECT_EQ(by_uetr->instructions.at(0).entry_index, index);
    EXPECT_EQ(by_uetr->instructions.at(0).status, expected.entry.status);
  }
}

TEST_P(LedgerListsTest, AnAccountsNewestEntriesAreThoseOfTheWholeLog) {
  RunAnyBatches(40);
  const auto everything = engine_->ListEntries(1, 1'000'000);
  ASSERT_TRUE(everything.ok()) << everything.status().message();
  for (const char* name : {"ALPHA", "BETA"}) {
    std::vector<const DatedEntry*> touching;
    for (const DatedEntry& entry : everything->entries) {
      const auto& postings = entry.entry.postings;
      if (std::any_of(postings.begin(), postings.end(), [&](const core::Posting& posting) {
            return posting.address == Address(name);
          })) {
        touching.push_back(&entry);
      }
    }
    std::uint64_t before = 0;
    do {
      const auto page = engine_->ListNewestOf(*engine_->MomentOf(Address(name)), before, 300);
      ASSERT_TRUE(page.ok()) << page.status().message();
      for (const DatedEntry& entry : page->entries) {
        ASSERT_FALSE(touching.empty());
        ExpectSame(entry, *touching.back());
        touching.pop_back();
      }
      before = page->older;
    } while (before != 0);
    EXPECT_TRUE(touching.empty());
  }
}

TEST_P(LedgerListsTest, AListIsShownToThoseWhoPayInIt) {
  const Item list = ListItem({100, 200}, 1);
  causeway::v1::GetLedgerSettlementRequest request;
  request.set_settlement_id(std::string(core::SettlementIdOf(list.envelope.payload).view()));
  const auto status_for = [&](std::string_view name) {
    causeway::v1::LedgerSettlement shown;
    const QueryEnd end =
        GetSettlement(*engine_, {Standing::kParticipant, Party(name)}, request, &shown);
    if (end.refused) {
      EXPECT_EQ(end.refused->outcome, core::Outcome::kSenderNotEntitled);
    }
    return end.ok() ? shown.status() : causeway::v1::INSTRUCTION_STATUS_UNSPECIFIED;
  };
  const auto expect = [&](causeway::v1::InstructionStatus status) {
    EXPECT_EQ(status_for("ALPHA"), status);
    EXPECT_EQ(status_for("BETA"), status) << "pays on the other ledger";
    EXPECT_EQ(status_for("GAMMA"), causeway::v1::INSTRUCTION_STATUS_UNSPECIFIED);
  };
  expect(causeway::v1::INSTRUCTION_STATUS_UNSPECIFIED);
  const std::string vote = Run(list).vote;
  expect(causeway::v1::INSTRUCTION_STATUS_PREPARED);
  core::PositionSet far_held(2);
  far_held.Insert(0);
  Run(CommitItem(vote, far_held));
  expect(causeway::v1::INSTRUCTION_STATUS_SETTLED);
  Restart();
  expect(causeway::v1::INSTRUCTION_STATUS_SETTLED);
}

INSTANTIATE_TEST_SUITE_P(InMemoryAndByTheLog, LedgerListsTest, ::testing::Bool());

}  // namespace
}  // namespace causeway::node
