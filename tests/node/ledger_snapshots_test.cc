// Snapshots of the engine: opening with one is as opening without, only sooner.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "central-bank-node/runtime/snapshot_keeper.h"
#include "settlement/core/prng.h"
#include "settlement/store/memory_key_index.h"
#include "settlement/store/snapshot.h"
#include "tests/node/borrowed_journal.h"
#include "tests/node/live_ledger.h"

namespace causeway::node {
namespace {

using core::Item;

class LedgerSnapshotsTest : public LiveLedgerTest {
 protected:
  static constexpr int kTreeLevel = 3;

  LedgerSnapshotsTest()
      : disk_(store::NewMemoryJournal(
            {.kind = "ledger", .name = genesis_.ledger.ToString(), .genesis = genesis_.hash})),
        snapshots_(store::MakeMemorySnapshotStore()) {
    Open();
    SetUpParticipants(*engine_);
  }

  absl::StatusOr<std::unique_ptr<LedgerEngine>> TryOpen() {
    auto journal = std::make_unique<BorrowedJournal>(disk_);
    opened_ = journal.get();
    return LedgerEngine::Open(genesis_,
                              {.signer = Key("ledger"),
                               .verifier = std::make_shared<core::OpenSslSignatureVerifier>(),
                               .salt_key = std::string(32, 's'),
                               .keys = std::make_unique<store::MemoryKeyIndex>(),
                               .tree_lowest_level = kTreeLevel,
                               .snapshots = snapshots_},
                              std::move(journal));
  }
  void Open() {
    auto engine = TryOpen();
    ASSERT_TRUE(engine.ok()) << engine.status().message();
    engine_ = *std::move(engine);
  }
  void Run(const Item& item) {
    micros_ += 1000;
    const auto replies = engine_->Submit(core::LedgerTime::FromMicros(micros_), {&item, 1});
    ASSERT_TRUE(replies.ok()) << replies.status().message();
    ASSERT_FALSE(replies->front().result.refused);
  }
  // Single payments and a bulk, so that every kind of leaf is there.
  void Pay(int payments) {
    for (int i = 0; i < payments; ++i) Run(PayItem("ALPHA", "BETA", 1));
    Run(BulkOf(payments));
  }
  Item BulkOf(int payments) {
    core::Bulk bulk{.ledger = genesis_.ledger,
                    .genesis_hash = genesis_.hash,
                    .party = Party("ALPHA"),
                    .valid_until = kStart + core::Duration::FromHours(1)};
    bulk.id.fill(++bulks_);
    const core::AccountState* from = engine_->ledger().FindAccount(Address("ALPHA"));
    const core::AccountState* to = engine_->ledger().FindAccount(Address("BETA"));
    for (int i = 0; i < payments; ++i) {
      core::BulkPayment& payment = bulk.payments.emplace_back();
      payment.debtor = {.number = from->number, .check = from->check};
      payment.creditor = {.number = to->number, .check = to->check};
      payment.amount = core::Amount::FromMinor(1);
      // The first of each bulk has an id that was there: a repeat.
      payment.id.fill(i == 0 ? 1 : bulks_);
      payment.id[0] = static_cast<std::uint8_t>(i);
      payment.uetr = SomeUetr(static_cast<std::uint32_t>(1000 * bulks_ + i));
    }
    return {.envelope =
                *core::SignEnvelope(core::kBulkPayloadType, core::EncodeBulk(bulk), *Key("ALPHA"))};
  }
  absl::Status Snapshot() {
    auto writer = snapshots_->Create();
    return engine_->WriteSnapshot(**writer, {.between_batches = [](const auto& step) { step(); },
                                             .until_durable = [](std::uint64_t) {}});
  }
  struct State {
    core::Hash256 root;
    core::Hash256 state_root;
    std::string checkpoint;
    friend bool operator==(const State&, const State&) = default;
  };
  State Now() const {
    return {engine_->root(), engine_->ledger().StateRoot(), engine_->checkpoint()};
  }

  std::shared_ptr<store::Journal> disk_;
  std::shared_ptr<store::SnapshotStore> snapshots_;
  BorrowedJournal* opened_ = nullptr;
  std::unique_ptr<LedgerEngine> engine_;
  std::int64_t micros_ = kStart.micros();
  std::uint8_t bulks_ = 0;
};

TEST_F(LedgerSnapshotsTest, OpeningWithOneIsAsWithout) {
  Pay(20);
  ASSERT_TRUE(Snapshot().ok());
  Pay(7);
  const State before = Now();
  const std::uint64_t leaves = engine_->size();
  Open();
  EXPECT_EQ(Now(), before);
  EXPECT_GT(engine_->snapshot_leaves(), 0u);
  EXPECT_LT(engine_->snapshot_leaves(), leaves);
  EXPECT_TRUE(engine_->notes().empty());
  // What came before the snapshot is known: ids, proofs, histories.
  const auto bulk = BulkOf(3);
  Run(bulk);
  for (std::uint64_t leaf = 1; leaf < leaves; ++leaf) {
    const auto receipt = engine_->GetReceipt(leaf);
    if (absl::IsNotFound(receipt.status())) continue;  // a batch header
    ASSERT_TRUE(receipt.ok()) << receipt.status().message();
    const auto note = core::ParseCheckpoint(receipt->checkpoint);
    EXPECT_TRUE(core::VerifyInclusion(core::LeafHash(receipt->entry), leaf, note->checkpoint.size,
                                      receipt->entry_proof, note->checkpoint.root));
  }
  const State with = Now();
  snapshots_ = store::MakeMemorySnapshotStore();
  Open();
  EXPECT_EQ(engine_->snapshot_leaves(), 0u);
  EXPECT_EQ(Now(), with) << "ids from before the snapshot were found as when all is replayed";
}

// A payment of 2,500.00 of which 1,000.00 are there, so that the rest waits.
TEST_F(LedgerSnapshotsTest, APaymentThatSettlesInPartsIsTheSameWithOneBetweenThem) {
  core::QueueRules rules{.discipline = core::QueueDiscipline::kFifo, .queued_max = 10};
  rules.splitting.part_min = core::Amount::FromMinor(100);
  Run(ByCentral(core::SetQueueRules{rules}));
  const core::InstructionKey key{Party("ALPHA"), core::ActionKind::kPay,
                                 *core::InstructionId::Parse("PARTS")};
  core::Pay pay = PayOf("ALPHA", "BETA", 250'000);
  pay.uetr = SomeUetr(999'999);
  const Item item = Signed("ALPHA", pay, {"ALPHA"}, "PARTS");
  const auto parts_now = [&] {
    const auto found = engine_->FindInstruction(key);
    EXPECT_TRUE(found.ok() && found->has_value());
    const auto parts = core::SettledPartsOf((*found)->rejection);
    return parts.has_value() ? parts->settled.minor() : -1;
  };
  Run(item);
  ASSERT_TRUE(Snapshot().ok());
  Run(PayItem("BETA", "ALPHA", 60'000));
  const core::InstructionState waiting = **engine_->FindInstruction(key);
  EXPECT_EQ(waiting.status, core::InstructionStatus::kQueued);
  EXPECT_EQ(parts_now(), 160'000);
  const State before = Now();
  Open();
  EXPECT_GT(engine_->snapshot_leaves(), 0u);
  EXPECT_EQ(Now(), before);
  EXPECT_EQ(parts_now(), 160'000);
  EXPECT_EQ((*engine_->FindInstruction(key))->entry_index, waiting.entry_index);

  Run(PayItem("BETA", "ALPHA", 90'000));
  EXPECT_EQ(parts_now(), 250'000);
  const State with = Now();
  for (const bool snapshots : {true, false}) {
    if (!snapshots) snapshots_ = store::MakeMemorySnapshotStore();
    Open();
    EXPECT_EQ(Now(), with);
    EXPECT_EQ(parts_now(), 250'000);
    const core::InstructionState ended = **engine_->FindInstruction(key);
    EXPECT_EQ(ended.status, core::InstructionStatus::kSettled);
    EXPECT_EQ(ended.payload_hash, waiting.payload_hash);
    const auto page = engine_->FindByUetr(SomeUetr(999'999), 0, 16);
    ASSERT_TRUE(page.ok());
    ASSERT_EQ(page->instructions.size(), 1u) << "parts are no instructions";
    EXPECT_EQ(page->instructions[0].entry_index, ended.entry_index);
    Run(item);
    EXPECT_EQ(Now(), with) << "the same bytes again are no other payment";
  }
}

TEST_F(LedgerSnapshotsTest, OneOfTheEndReplaysNothing) {
  Pay(20);
  ASSERT_TRUE(Snapshot().ok());
  const State before = Now();
  Open();
  EXPECT_EQ(Now(), before);
  EXPECT_EQ(engine_->snapshot_leaves(), engine_->size());
}

TEST_F(LedgerSnapshotsTest, OlderOneServesWhenTheNewestIsDamaged) {
  Pay(10);
  ASSERT_TRUE(Snapshot().ok());
  const std::uint64_t older = engine_->size();
  Pay(10);
  ASSERT_TRUE(Snapshot().ok());
  const State before = Now();
  const auto there = snapshots_->List();
  ASSERT_EQ(there->size(), 2u);

  // Every frame in turn with a changed byte, and without its last frame.
  auto reader = snapshots_->Open(there->front());
  std::vector<std::string> frames;
  for (auto frame = (*reader)->Next(); frame.ok(); frame = (*reader)->Next()) {
    frames.push_back(*frame);
  }
  for (std::size_t damaged = 0; damaged <= frames.size(); ++damaged) {
    auto writer = snapshots_->Create();
    for (std::size_t i = 0; i < frames.size(); ++i) {
      std::string frame = frames[i];
      if (i == damaged) frame[frame.size() / 2] = static_cast<char>(frame[frame.size() / 2] ^ 1);
      if (damaged == frames.size() && i + 1 == frames.size()) continue;
      ASSERT_TRUE((*writer)->Append(frame).ok());
    }
    ASSERT_TRUE((*writer)->Publish(there->front()).ok());
    Open();
    EXPECT_EQ(Now(), before) << damaged;
    EXPECT_EQ(engine_->snapshot_leaves(), older) << damaged;
    ASSERT_EQ(engine_->notes().size(), 1u) << damaged;
  }
}

// As a node wrote it before settlements that have ended were found by the key index.
TEST_F(LedgerSnapshotsTest, OneOfVersion1IsNotUsedHoweverWhole) {
  Pay(5);
  ASSERT_TRUE(Snapshot().ok());
  const State before = Now();
  const std::uint64_t batches = snapshots_->List()->front();
  std::vector<std::string> frames;
  auto reader = snapshots_->Open(batches);
  for (auto frame = (*reader)->Next(); frame.ok(); frame = (*reader)->Next()) {
    frames.push_back(*frame);
  }
  const std::size_t version = frames.front().find("/v2\n");
  ASSERT_NE(version, std::string::npos);
  frames.front().replace(version, 4, "/v1\n");
  core::Sha256Hasher hasher;
  for (std::size_t i = 0; i + 1 < frames.size(); ++i) {
    hasher.Update(core::Writer().U32(static_cast<std::uint32_t>(frames[i].size())).bytes());
    hasher.Update(frames[i]);
  }
  const core::Hash256 key =
      core::HmacSha256(std::string(32, 's'), "causeway/snapshot-authentication/v1");
  frames.back() = std::string(core::HmacSha256(key.view(), hasher.Finish().view()).view());
  auto writer = snapshots_->Create();
  for (const std::string& frame : frames) ASSERT_TRUE((*writer)->Append(frame).ok());
  ASSERT_TRUE((*writer)->Publish(batches).ok());
  Open();
  EXPECT_EQ(Now(), before);
  EXPECT_EQ(engine_->snapshot_leaves(), 0u);
  ASSERT_EQ(engine_->notes().size(), 1u);
  EXPECT_NE(engine_->notes().front().find("version 2"), std::string::npos);
}

TEST_F(LedgerSnapshotsTest, OneFromBeyondTheJournalOrOfAnotherHistoryIsNotUsed) {
  Pay(5);
  auto shorter = store::NewMemoryJournal(
      {.kind = "ledger", .name = genesis_.ledger.ToString(), .genesis = genesis_.hash});
  for (std::uint64_t number = 0; number < disk_->block_count(); ++number) {
    const store::Block block = *disk_->Read(number);
    ASSERT_TRUE(shorter->Append({&block, 1}, {}).ok());
  }
  const State at_backup = Now();
  Pay(5);
  ASSERT_TRUE(Snapshot().ok());
  disk_ = std::move(shorter);  // a backup was put back, the snapshots were not
  Open();
  EXPECT_EQ(Now(), at_backup);
  ASSERT_EQ(engine_->notes().size(), 1u);
  EXPECT_NE(engine_->notes()[0].find("the journal has only"), std::string::npos);
  // As long as the other and different.
  for (int i = 0; i < 6; ++i) Run(PayItem("ALPHA", "BETA", 2));
  const State other = Now();
  Open();
  EXPECT_EQ(Now(), other);
  ASSERT_EQ(engine_->notes().size(), 1u);
}

// What is final lies in the log and is found by the key index; the simulator keeps it in memory.
// Both decide alike, also while a journal is executed again.
TEST_F(LedgerSnapshotsTest, WhatIsFoundInTheLogDecidesAsWhatIsKeptInMemory) {
  auto in_memory = LedgerEngine::Open(
      genesis_,
      {.signer = Key("ledger"),
       .verifier = std::make_shared<core::OpenSslSignatureVerifier>(),
       .salt_key = std::string(32, 's')},
      store::NewMemoryJournal(
          {.kind = "ledger", .name = genesis_.ledger.ToString(), .genesis = genesis_.hash}));
  ASSERT_TRUE(in_memory.ok());
  for (std::uint64_t number = 1; number < disk_->block_count(); ++number) {
    const core::Batch batch = *core::DecodeBatch(disk_->Read(number)->body);
    ASSERT_TRUE((*in_memory)->Submit(batch.header.time, batch.items).ok());
  }
  ASSERT_EQ((*in_memory)->root(), engine_->root());

  core::RandomStream random(11, "final instructions");
  std::vector<Item> given;
  const auto some_id = [&] { return "ID-" + std::to_string(random.Uniform(40)); };
  const auto raw_id = [&] {
    core::RawInstructionId raw{};
    raw.fill(static_cast<std::uint8_t>(1 + random.Uniform(4)));
    raw[0] = static_cast<std::uint8_t>(random.Uniform(5));
    return core::InstructionIdOf(raw).ToString();
  };
  for (int step = 0; step < 500; ++step) {
    std::vector<Item> items;
    for (std::uint64_t left = 1 + random.Uniform(4); left > 0; --left) {
      switch (random.Uniform(10)) {
        case 0:
          items.push_back(BulkOf(4));
          break;
        case 1: {
          core::PayBatch batch;
          for (int i = 0; i < 3; ++i) {
            batch.payments.push_back(PayOf("ALPHA", "BETA", 1));
            batch.payments.back().id = *core::InstructionId::Parse(some_id());
          }
          items.push_back(Signed("ALPHA", std::move(batch), {"ALPHA"}));
          break;
        }
        case 2:
          items.push_back(PayItem("ALPHA", "BETA", 1, raw_id()));
          break;
        case 4:
          items.push_back(Signed("ALPHA", core::RequestIssue{Address("ALPHA"), Hkd(10), "RTGS"},
                                 {"ALPHA"}, some_id()));
          break;
        case 5: {
          const core::InstructionKey asked{Party("ALPHA"), core::ActionKind::kRequestIssue,
                                           *core::InstructionId::Parse(some_id())};
          if (random.Bernoulli(1, 2)) {
            items.push_back(ByCentral(core::Approve{asked}));
          } else {
            items.push_back(ByCentral(core::Refuse{asked, "no"}));
          }
          break;
        }
        case 6: {
          core::Pay pay = PayOf("ALPHA", "BETA", 1);  // of what may come later only
          pay.cites = {Party("ALPHA"), core::ActionKind::kPay,
                       *core::InstructionId::Parse(random.Bernoulli(1, 2) ? raw_id() : some_id())};
          items.push_back(Signed("ALPHA", pay, {"ALPHA"}));
          break;
        }
        case 3:
          items.push_back(given.empty() ? PayItem("ALPHA", "BETA", 1)
                                        : given[random.Uniform(given.size())]);
          break;
        default:
          items.push_back(PayItem("ALPHA", "BETA", 1, some_id()));
      }
      given.push_back(items.back());
    }
    micros_ += 1000;
    const core::LedgerTime now = core::LedgerTime::FromMicros(micros_);
    const auto one = engine_->Submit(now, items);
    const auto other = (*in_memory)->Submit(now, items);
    ASSERT_TRUE(one.ok() && other.ok());
    for (std::size_t i = 0; i < items.size(); ++i) {
      const core::ItemResult& left = (*one)[i].result;
      const core::ItemResult& right = (*other)[i].result;
      ASSERT_EQ(left.refused.has_value(), right.refused.has_value()) << step;
      if (left.refused) {
        EXPECT_EQ(left.refused->outcome, right.refused->outcome) << step;
      }
      ASSERT_EQ(left.sequenced, right.sequenced) << step;
      ASSERT_EQ(left.instructions.size(), right.instructions.size()) << step;
      for (std::size_t k = 0; k < left.instructions.size(); ++k) {
        EXPECT_EQ(left.instructions[k].status, right.instructions[k].status) << step;
        EXPECT_EQ(left.instructions[k].entry_index, right.instructions[k].entry_index) << step;
        EXPECT_EQ(left.instructions[k].payload_hash, right.instructions[k].payload_hash) << step;
        EXPECT_EQ(left.instructions[k].item, right.instructions[k].item) << step;
        EXPECT_EQ(left.instructions[k].rejection.outcome, right.instructions[k].rejection.outcome);
      }
    }
    ASSERT_EQ(engine_->root(), (*in_memory)->root()) << step;
    ASSERT_EQ(engine_->ledger().StateRoot(), (*in_memory)->ledger().StateRoot()) << step;
    if (random.Bernoulli(1, 30)) {
      ASSERT_TRUE(Snapshot().ok());
    }
    if (!random.Bernoulli(1, 15)) continue;
    Open();
    ASSERT_EQ(engine_->root(), (*in_memory)->root()) << step;
    ASSERT_EQ(engine_->ledger().StateRoot(), (*in_memory)->ledger().StateRoot()) << step;
  }
}

TEST_F(LedgerSnapshotsTest, KeeperWritesBesideThePaymentsAndARestartBeginsThere) {
  {
    LedgerRuntime runtime(std::move(engine_), {}, [this] {
      return core::LedgerTime::FromMicros(now_micros_.fetch_add(1));
    });
    SnapshotKeeper keeper(&runtime, snapshots_, 50, 0);
    std::vector<std::future<std::vector<ItemReply>>> replies;
    for (int i = 0; i < 400; ++i) {
      auto promise = std::make_shared<std::promise<std::vector<ItemReply>>>();
      replies.push_back(promise->get_future());
      runtime.Submit({PayItem("ALPHA", "BETA", 1)}, {}, {}, [promise](std::vector<ItemReply> done) {
        promise->set_value(std::move(done));
      });
      if (i % 100 == 99) std::this_thread::sleep_for(std::chrono::milliseconds(300));
    }
    for (auto& reply : replies) EXPECT_FALSE(reply.get().front().result.refused);
    keeper.Stop();
    EXPECT_FALSE(snapshots_->List()->empty()) << "some were written beside the payments";
    runtime.Stop();
    keeper.WriteLast();
  }
  const std::uint64_t leaves = disk_->record_count();
  Open();
  EXPECT_EQ(engine_->size(), leaves);
  EXPECT_LT(leaves - engine_->snapshot_leaves(), 50u);
  EXPECT_TRUE(engine_->notes().empty());
  const State with = Now();
  snapshots_ = store::MakeMemorySnapshotStore();
  Open();
  EXPECT_EQ(Now(), with);
}

TEST_F(LedgerSnapshotsTest, PaymentsSettleWhileASnapshotRests) {
  std::uint64_t held = 0;
  int settled = 0;
  {
    LedgerRuntime runtime(std::move(engine_), {}, [this] {
      return core::LedgerTime::FromMicros(now_micros_.fetch_add(1));
    });
    const auto written = runtime.WriteSnapshot(*snapshots_, [&] {
      auto promise = std::make_shared<std::promise<std::vector<ItemReply>>>();
      runtime.Submit({PayItem("ALPHA", "BETA", 1)}, {}, {}, [promise](std::vector<ItemReply> done) {
        promise->set_value(std::move(done));
      });
      EXPECT_FALSE(promise->get_future().get().front().result.refused);
      ++settled;
    });
    ASSERT_TRUE(written.ok()) << written.status().message();
    held = *written;
  }
  // The one before the snapshot began is in it, those during it are not.
  EXPECT_GT(settled, 2);
  const std::uint64_t leaves = disk_->record_count();
  EXPECT_EQ(leaves - held, 2u * (static_cast<std::uint64_t>(settled) - 1));
  Open();
  EXPECT_EQ(engine_->snapshot_leaves(), held);
  EXPECT_EQ(engine_->size(), leaves);
}

TEST_F(LedgerSnapshotsTest, AFailingWriterLeavesTheLedgerAsItWas) {
  class Failing final : public store::SnapshotWriter {
   public:
    absl::Status Append(std::string_view) override {
      return ++frames_ < 3 ? absl::OkStatus() : absl::ResourceExhaustedError("the disk is full");
    }
    absl::Status Publish(std::uint64_t) override { return absl::OkStatus(); }

   private:
    int frames_ = 0;
  } failing;
  Pay(5);
  EXPECT_TRUE(absl::IsResourceExhausted(
      engine_->WriteSnapshot(failing, {.between_batches = [](const auto& step) { step(); },
                                       .until_durable = [](std::uint64_t) {}})));
  Pay(5);
  const State before = Now();
  ASSERT_TRUE(Snapshot().ok());
  Open();
  EXPECT_EQ(Now(), before);
}

}  // namespace
}  // namespace causeway::node
