#include "central-bank-node/engine/ledger_engine.h"

#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "settlement/codec/codec.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/hash.h"
#include "settlement/store/memory_journal.h"

namespace causeway::node {
namespace {

using core::Amount;
using core::Command;
using core::Hash256;
using core::InstructionStatus;
using core::Item;
using OpeningClosing = std::pair<std::int64_t, std::int64_t>;

// A journal that several engines open one after another, as a file would be, and that a test may
// damage or make fail.
struct SharedDisk {
  std::vector<store::Block> blocks;
  bool failing = false;
};

class DiskJournal final : public store::Journal {
 public:
  explicit DiskJournal(std::shared_ptr<SharedDisk> disk) : disk_(std::move(disk)) {}

  absl::Status Append(std::span<const store::Block> blocks,
                      std::span<const store::MetaWrite>) override {
    if (disk_->failing) return absl::InternalError("outcome unknown");
    disk_->blocks.insert(disk_->blocks.end(), blocks.begin(), blocks.end());
    return absl::OkStatus();
  }
  absl::StatusOr<store::Block> Read(std::uint64_t number) const override {
    if (number >= disk_->blocks.size()) return absl::NotFoundError("no such block");
    return disk_->blocks[number];
  }
  absl::StatusOr<std::uint64_t> FindBlock(std::uint64_t index) const override {
    for (const store::Block& block : disk_->blocks) {
      if (index < block.first_index + block.count) return block.number;
    }
    return absl::NotFoundError("past the end");
  }
  std::uint64_t block_count() const override { return disk_->blocks.size(); }
  std::uint64_t record_count() const override {
    return disk_->blocks.empty() ? 0
                                 : disk_->blocks.back().first_index + disk_->blocks.back().count;
  }
  Hash256 head() const override { return {}; }
  absl::StatusOr<std::optional<std::string>> GetMeta(std::string_view) const override {
    return std::nullopt;
  }
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ListMeta(
      std::string_view) const override {
    return std::vector<std::pair<std::string, std::string>>{};
  }

 private:
  std::shared_ptr<SharedDisk> disk_;
};

class LedgerEngineTest : public ::testing::Test {
 protected:
  LedgerEngineTest() {
    google::protobuf::SetLogHandler(nullptr);  // refusals are reported by status
    core::Genesis genesis;
    genesis.ledger = *core::LedgerOrigin::Parse("hk.example/hkd");
    genesis.currency = *core::Currency::Parse("HKD");
    genesis.ledger_key = Key("ledger")->public_key();
    genesis.central_bank = {
        .participant = *core::ParticipantId::Parse("CENTRAL"),
        .role = core::Role::kCentralBank,
        .country = *core::Country::Parse("HK"),
        .keys = {Key("central-1")->public_key(), Key("central-2")->public_key()}};
    genesis.liability_account = Address("LIABILITY");
    genesis.suites = {core::SuiteId::kEd25519Sha256};
    genesis.business_date = *core::BusinessDate::Parse("2022-08-15");
    genesis.created = now_;
    genesis_ = *codec::DecodeGenesis(codec::EncodeGenesis(genesis));
    engine_ = *OpenEngine();
  }

  void SetUp() override {
    for (const char* bank : {"ALPHA", "BETA"}) {
      Run(ByCentral(core::RegisterParticipant{.participant = *core::ParticipantId::Parse(bank),
                                              .role = core::Role::kCommercialBank,
                                              .country = *core::Country::Parse("HK"),
                                              .keys = {Key(bank)->public_key()}}));
      Run(ByCentral(core::OpenAccount{.address = Address(bank),
                                      .owner = *core::ParticipantId::Parse(bank),
                                      .purpose = core::AccountPurpose::kSettlement}));
    }
    Run(ByCentral(core::SetDayPhase{genesis_.business_date, core::DayPhase::kOpen}));
    Run(ByCentral(core::Issue{Address("ALPHA"), Hkd(100'000), "RTGS-1"}));
  }

  absl::StatusOr<std::unique_ptr<LedgerEngine>> OpenEngine(
      std::string salt_key = std::string(32, 's')) {
    return LedgerEngine::Open(
        genesis_, {.signer = Key("ledger"), .verifier = verifier_, .salt_key = salt_key},
        std::make_unique<DiskJournal>(disk_));
  }
  std::shared_ptr<core::SoftwareSigner> Key(const std::string& name) {
    auto& key = keys_[name];
    if (key == nullptr) key = *core::SoftwareSigner::FromEd25519Seed(core::Sha256(name).view());
    return key;
  }
  core::AccountAddress Address(std::string_view body) const {
    return *core::AccountAddress::Make(*core::Currency::Parse("HKD"), body);
  }
  core::Money Hkd(std::int64_t minor) const {
    return {*core::Currency::Parse("HKD"), Amount::FromMinor(minor)};
  }
  Item Signed(std::string_view party, core::Action action, std::vector<std::string> signers) {
    Command command{.ledger = genesis_.ledger,
                    .genesis_hash = genesis_.hash,
                    .party = *core::ParticipantId::Parse(party),
                    .id = *core::InstructionId::Parse("I-" + std::to_string(++ids_)),
                    .valid_until = now_ + core::Duration::FromHours(1),
                    .action = std::move(action)};
    if (auto* pay = std::get_if<core::Pay>(&command.action)) pay->id = command.id;
    std::vector<const core::Signer*> keys;
    for (const std::string& name : signers) keys.push_back(Key(name).get());
    return {.envelope = *core::SignEnvelope(core::kCommandPayloadType,
                                            codec::EncodeCommand(command), keys)};
  }
  Item ByCentral(core::Action action) {
    return Signed("CENTRAL", std::move(action), {"central-1", "central-2"});
  }
  Item PayItem(std::int64_t minor) {
    std::array<std::uint8_t, 16> random{};
    random[0] = static_cast<std::uint8_t>(ids_);
    return Signed("ALPHA",
                  core::Pay{.uetr = core::Uetr::FromRandomBytes(random),
                            .debtor = Address("ALPHA"),
                            .creditor = Address("BETA"),
                            .amount = Hkd(minor)},
                  {"ALPHA"});
  }
  core::AccountRef Ref(std::string_view body) const {
    const core::AccountState* account = engine_->ledger().FindAccount(Address(body));
    return {.number = account->number, .check = account->check};
  }
  // ALPHA pays BETA each of the amounts.
  Item BulkItem(std::uint8_t id, const std::vector<std::int64_t>& amounts) {
    core::Bulk bulk{.ledger = genesis_.ledger,
                    .genesis_hash = genesis_.hash,
                    .party = *core::ParticipantId::Parse("ALPHA"),
                    .valid_until = now_ + core::Duration::FromHours(1)};
    bulk.id.fill(id);
    for (std::size_t i = 0; i < amounts.size(); ++i) {
      core::BulkPayment& payment = bulk.payments.emplace_back();
      payment.debtor = Ref("ALPHA");
      payment.creditor = Ref("BETA");
      payment.amount = Amount::FromMinor(amounts[i]);
      payment.id.fill(id);
      payment.id[0] = static_cast<std::uint8_t>(i);
      std::array<std::uint8_t, 16> random{};
      random[0] = id;
      random[1] = static_cast<std::uint8_t>(i);
      payment.uetr = core::Uetr::FromRandomBytes(random);
    }
    return {.envelope =
                *core::SignEnvelope(core::kBulkPayloadType, core::EncodeBulk(bulk), *Key("ALPHA"))};
  }
  // The leaf hash that a receipt proves, or a test failure.
  void ExpectProven(const Receipt& receipt) {
    const auto note = core::ParseCheckpoint(receipt.checkpoint);
    ASSERT_TRUE(note.ok());
    const core::Checkpoint& head = note->checkpoint;
    EXPECT_TRUE(core::VerifyInclusion(core::LeafHash(receipt.entry), receipt.entry_index, head.size,
                                      receipt.entry_proof, head.root));
    EXPECT_TRUE(core::VerifyInclusion(core::LeafHash(receipt.batch_header),
                                      receipt.batch_header_index, head.size,
                                      receipt.batch_header_proof, head.root));
    if (receipt.bulk_entry.empty()) return;
    EXPECT_TRUE(core::VerifyInclusion(core::LeafHash(receipt.bulk_entry), receipt.bulk_entry_index,
                                      head.size, receipt.bulk_entry_proof, head.root));
  }
  ItemReply Run(const Item& item) {
    now_ = now_ + core::Duration::FromMillis(1);
    auto replies = engine_->Submit(now_, {&item, 1});
    EXPECT_TRUE(replies.ok()) << replies.status().message();
    ItemReply reply = std::move(replies->front());
    EXPECT_FALSE(reply.result.refused) << core::Describe(*reply.result.refused);
    return reply;
  }

  core::LedgerTime now_ = core::LedgerTime::FromMicros(1'660'500'000'000'000);
  core::Genesis genesis_;
  std::shared_ptr<SharedDisk> disk_ = std::make_shared<SharedDisk>();
  std::shared_ptr<core::OpenSslSignatureVerifier> verifier_ =
      std::make_shared<core::OpenSslSignatureVerifier>();
  std::map<std::string, std::shared_ptr<core::SoftwareSigner>> keys_;
  std::unique_ptr<LedgerEngine> engine_;
  int ids_ = 0;
};

TEST_F(LedgerEngineTest, ABulkSettlesReplaysAndIsFoundAgain) {
  Run(PayItem(1));
  const ItemReply reply = Run(BulkItem(1, {10, 20, 1'000'000, 30}));
  ASSERT_NE(reply.result.bulk, nullptr);
  const std::uint64_t first = reply.result.bulk->first_index;
  EXPECT_EQ(engine_->ledger().FindAccount(Address("BETA"))->available.minor(), 61);
  const Hash256 state = engine_->ledger().StateRoot();
  const Hash256 root = engine_->root();
  engine_ = *OpenEngine();
  EXPECT_EQ(engine_->ledger().StateRoot(), state);
  EXPECT_EQ(engine_->root(), root);

  const DatedEntry second = *engine_->ReadEntry(first + 1);
  EXPECT_EQ(second.entry.index, first + 1);
  EXPECT_EQ(second.entry.item, 1u);
  EXPECT_EQ(second.entry.status, InstructionStatus::kSettled);
  ASSERT_EQ(second.entry.postings.size(), 2u);
  EXPECT_EQ(second.entry.postings[1].address, Address("BETA"));
  EXPECT_EQ(second.entry.postings[1].balance_after.minor(), 31);
  EXPECT_EQ(second.entry.postings[1].previous, first);
  const auto found = *engine_->FindInstruction(second.entry.instruction);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->entry_index, first + 1);
  EXPECT_EQ(engine_->FindByUetr(second.entry.uetr, 0, 9)->instructions.at(0).entry_index,
            first + 1);
  const DatedEntry third = *engine_->ReadEntry(first + 2);
  EXPECT_EQ(third.entry.status, InstructionStatus::kRejected);
  EXPECT_EQ(third.entry.rejection.outcome, core::Outcome::kInsufficientFunds);
  EXPECT_EQ(third.entry.rejection.required, 1'000'000);
}

TEST_F(LedgerEngineTest, ARepeatedBulkGetsItsResultsAgain) {
  const Item bulk = BulkItem(1, {10, 1'000'000});
  const ItemReply first = Run(bulk);
  engine_ = *OpenEngine();
  const ItemReply again = Run(bulk);
  EXPECT_FALSE(again.result.sequenced);
  ASSERT_NE(again.result.bulk, nullptr);
  EXPECT_EQ(again.result.bulk->first_index, first.result.bulk->first_index);
  EXPECT_EQ(again.result.bulk->results, first.result.bulk->results);
}

TEST_F(LedgerEngineTest, EveryPaymentOfABulkHasItsReceipt) {
  const ItemReply reply = Run(BulkItem(1, {10, 20, 30}));
  Run(PayItem(5));
  for (std::uint64_t i = 0; i < 3; ++i) {
    const auto receipt = engine_->GetReceipt(reply.result.bulk->first_index + i);
    ASSERT_TRUE(receipt.ok()) << receipt.status().message();
    ExpectProven(*receipt);
    const auto leaf = core::DecodePaymentLeaf(receipt->entry);
    ASSERT_TRUE(leaf.ok());
    EXPECT_EQ(leaf->position, i);
    EXPECT_EQ(leaf->payment.amount.minor(), 10 * static_cast<std::int64_t>(i + 1));
    const auto whole = core::DecodeEntry(receipt->bulk_entry);
    ASSERT_TRUE(whole.ok());
    EXPECT_EQ(whole->index, receipt->entry_index - 1 - i);
    EXPECT_EQ(whole->payload_hash, core::PayloadHash(receipt->item.envelope));
  }
}

TEST_F(LedgerEngineTest, AnAccountsHistoryHasTheStatementsAndListsOfBothKindsOfPayment) {
  Run(PayItem(1));
  Run(BulkItem(1, {10, 1'000'000, 20}));
  Run(PayItem(2));
  const AccountMoment beta = *engine_->MomentOf(Address("BETA"));
  const auto all = engine_->ListEntriesOf(beta, 0, 100)->entries;
  std::vector<std::int64_t> amounts;
  for (const DatedEntry& entry : all) amounts.push_back(entry.entry.postings.at(1).amount.minor());
  EXPECT_EQ(amounts, (std::vector<std::int64_t>{1, 10, 20, 2}));
  const EntryPage found = *engine_->ListEntriesOf(beta, all[1].entry.index, 2);
  const auto& page = found.entries;
  ASSERT_EQ(page.size(), 2u);
  EXPECT_EQ(found.next, page[1].entry.index + 1);
  EXPECT_EQ(page[0].entry.index, all[1].entry.index);
  EXPECT_EQ(page[1].entry.index, all[2].entry.index);
  const Statement statement =
      *engine_->GetStatement(beta, genesis_.business_date, genesis_.business_date);
  EXPECT_EQ(statement.opening.minor(), 0);
  EXPECT_EQ(statement.closing.minor(), 33);
  EXPECT_EQ(statement.lines.size(), 4u);
}

// One page costs a bounded number of batches, however long the history is.
TEST_F(LedgerEngineTest, PagesOfALongHistoryAreTheWholeOfIt) {
  std::vector<std::uint64_t> expected;
  for (std::size_t i = 0; i < 2 * kHistoryBatchesMax + 40; ++i) {
    // In between, what does not touch the account; and a bulk now and then, of which one payment
    // is refused.
    const bool is_bulk = i % 7 == 0;
    const ItemReply reply =
        Run(is_bulk ? BulkItem(static_cast<std::uint8_t>(i), {1, 100'000'000, 2}) : PayItem(1));
    if (i % 3 == 0) Run(ByCentral(core::SetLimits{.address = Address("ALPHA")}));
    if (!is_bulk) {
      expected.push_back(reply.result.instructions.at(0).entry_index);
      continue;
    }
    expected.push_back(reply.result.bulk->first_index);
    expected.push_back(reply.result.bulk->first_index + 2);
  }
  const AccountMoment beta = *engine_->MomentOf(Address("BETA"));
  for (const std::size_t count : {1'000u, 50u, 7u}) {
    std::vector<std::uint64_t> listed;
    std::uint64_t next = 0;
    for (int pages = 0; next < beta.log_size; ++pages) {
      ASSERT_LT(pages, 100);
      const auto page = engine_->ListEntriesOf(beta, next, count);
      ASSERT_TRUE(page.ok()) << page.status().message();
      ASSERT_GT(page->next, next);
      EXPECT_LE(page->entries.size(), count);
      for (const DatedEntry& entry : page->entries) listed.push_back(entry.entry.index);
      next = page->next;
    }
    EXPECT_EQ(listed, expected) << "by " << count;
  }
}

// A page costs what the account's own entries cost: nothing of the log between them is read.
TEST_F(LedgerEngineTest, TheNewestEntriesOfAnAccountComeFirstPageByPage) {
  std::vector<std::uint64_t> expected;
  for (std::size_t i = 0; i < kHistoryBatchesMax + 40; ++i) {
    const bool is_bulk = i % 7 == 0;
    const ItemReply reply =
        Run(is_bulk ? BulkItem(static_cast<std::uint8_t>(i), {1, 100'000'000, 2}) : PayItem(1));
    if (i % 3 == 0) Run(ByCentral(core::SetLimits{.address = Address("ALPHA")}));
    if (!is_bulk) {
      expected.push_back(reply.result.instructions.at(0).entry_index);
      continue;
    }
    expected.push_back(reply.result.bulk->first_index);
    expected.push_back(reply.result.bulk->first_index + 2);
  }
  std::reverse(expected.begin(), expected.end());
  const AccountMoment beta = *engine_->MomentOf(Address("BETA"));
  for (const std::size_t count : {1'000u, 50u, 1u}) {
    std::vector<std::uint64_t> listed;
    std::uint64_t before = 0;
    do {
      const auto page = engine_->ListNewestOf(beta, before, count);
      ASSERT_TRUE(page.ok()) << page.status().message();
      ASSERT_FALSE(page->entries.empty());
      ASSERT_LE(page->entries.size(), count);
      for (const DatedEntry& entry : page->entries) listed.push_back(entry.entry.index);
      before = page->older;
    } while (before != 0 && listed.size() <= expected.size());
    EXPECT_EQ(listed, expected) << "by " << count;
  }
}

TEST_F(LedgerEngineTest, NewestEntriesGoOnOnlyFromWhereAPageEnded) {
  for (int i = 0; i < 3; ++i) Run(PayItem(1));
  Run(ByCentral(core::SetLimits{.address = Address("ALPHA")}));
  const AccountMoment beta = *engine_->MomentOf(Address("BETA"));
  const std::uint64_t newest = engine_->ListNewestOf(beta, 0, 1)->entries.at(0).entry.index;
  // Past its newest entry there is nothing to leave out.
  EXPECT_EQ(engine_->ListNewestOf(beta, engine_->size() + 5, 1)->entries.at(0).entry.index, newest);
  // Just before the newest is the header of its batch, and the genesis is no entry of the account.
  EXPECT_TRUE(absl::IsInvalidArgument(engine_->ListNewestOf(beta, newest, 1).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(engine_->ListNewestOf(beta, 1, 1).status()));
  EXPECT_EQ(engine_->ListNewestOf(beta, newest + 1, 10)->entries.size(), 3u);
}

TEST_F(LedgerEngineTest, ReplaysToExactlyTheSameStateAndLog) {
  for (int i = 1; i <= 20; ++i) Run(PayItem(i));
  const Hash256 state = engine_->ledger().StateRoot();
  const Hash256 root = engine_->root();
  const std::string checkpoint = engine_->checkpoint();
  engine_ = *OpenEngine();
  EXPECT_EQ(engine_->ledger().StateRoot(), state);
  EXPECT_EQ(engine_->root(), root);
  EXPECT_EQ(engine_->checkpoint(), checkpoint);
  const ItemReply more = Run(PayItem(7));
  EXPECT_EQ(more.result.instructions.at(0).status, InstructionStatus::kSettled);
}

TEST_F(LedgerEngineTest, RepeatAfterRestartGetsTheRecordedStatus) {
  const Item payment = PayItem(500);
  const ItemReply first = Run(payment);
  engine_ = *OpenEngine();
  const ItemReply again = Run(payment);
  EXPECT_FALSE(again.result.sequenced);
  EXPECT_EQ(again.result.instructions.at(0).entry_index,
            first.result.instructions.at(0).entry_index);
  EXPECT_EQ(engine_->ledger().FindAccount(Address("BETA"))->available.minor(), 500);
}

// The store's checksums catch every flipped bit; this is the second line behind them. Replay does
// not verify the items' signatures again, so a change there may pass, but then nothing differs that
// anybody was told.
TEST_F(LedgerEngineTest, AlteredJournalIsRefusedOrChangesNothing) {
  Run(PayItem(500));
  const std::vector<store::Block> intact = disk_->blocks;
  const Hash256 state = engine_->ledger().StateRoot();
  const Hash256 root = engine_->root();
  int refused = 0;
  for (std::size_t position = 0; position < intact.back().body.size(); ++position) {
    disk_->blocks = intact;
    disk_->blocks.back().body[position] ^= 0x20;
    auto opened = OpenEngine();
    refused += opened.ok() ? 0 : 1;
    if (!opened.ok()) continue;
    EXPECT_EQ((*opened)->ledger().StateRoot(), state) << "byte " << position;
    EXPECT_EQ((*opened)->root(), root) << "byte " << position;
  }
  EXPECT_GT(refused, 600);
}

TEST_F(LedgerEngineTest, RefusesAnotherGenesisKeyOrSalt) {
  EXPECT_EQ(OpenEngine(std::string(32, 'x')).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(OpenEngine("short").status().code(), absl::StatusCode::kInvalidArgument);
  core::Genesis other = genesis_;
  other.approvers_needed = 3;
  other.central_bank.keys.push_back(Key("central-3")->public_key());
  other = *codec::DecodeGenesis(codec::EncodeGenesis(other));
  const auto opened = LedgerEngine::Open(
      other, {.signer = Key("ledger"), .verifier = verifier_, .salt_key = std::string(32, 's')},
      std::make_unique<DiskJournal>(disk_));
  EXPECT_EQ(opened.status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(LedgerEngineTest, FailedSyncAnswersNothing) {
  const Item payment = PayItem(500);
  disk_->failing = true;
  EXPECT_FALSE(engine_->Submit(now_, {&payment, 1}).ok());
  // What the process would find after it exits and restarts: the payment never happened.
  disk_->failing = false;
  engine_ = *OpenEngine();
  EXPECT_EQ(engine_->ledger().FindAccount(Address("BETA"))->available.minor(), 0);
}

TEST_F(LedgerEngineTest, ReceiptLeadsFromTheEntryToTheSignedCheckpoint) {
  const ItemReply reply = Run(PayItem(500));
  Run(PayItem(501));
  const Receipt receipt = *engine_->GetReceipt(reply.result.instructions.at(0).entry_index);
  const core::SignedCheckpoint checkpoint = *core::ParseCheckpoint(receipt.checkpoint);
  EXPECT_TRUE(
      core::VerifyCheckpoint(checkpoint, "hk.example/hkd", genesis_.ledger_key, *verifier_).ok());
  EXPECT_TRUE(core::VerifyInclusion(core::LeafHash(receipt.entry), receipt.entry_index,
                                    checkpoint.checkpoint.size, receipt.entry_proof,
                                    checkpoint.checkpoint.root));
  EXPECT_TRUE(core::VerifyInclusion(core::LeafHash(receipt.batch_header),
                                    receipt.batch_header_index, checkpoint.checkpoint.size,
                                    receipt.batch_header_proof, checkpoint.checkpoint.root));
  const core::Entry entry = *core::DecodeEntry(receipt.entry);
  EXPECT_EQ(entry.postings.at(1).amount.minor(), 500);
  EXPECT_EQ(entry.payload_hash, core::PayloadHash(receipt.item.envelope));
  EXPECT_FALSE(engine_->GetReceipt(receipt.batch_header_index).ok());
  EXPECT_FALSE(engine_->GetReceipt(engine_->size()).ok());
}

TEST_F(LedgerEngineTest, EntriesHaveSaltsThatDifferAndAreReproducible) {
  Run(PayItem(5));
  Run(PayItem(5));
  const auto entries = engine_->ListEntriesOf(*engine_->MomentOf(Address("BETA")), 0, 100)->entries;
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_NE(entries[0].entry.salt, entries[1].entry.salt);
}

TEST_F(LedgerEngineTest, StatementAddsUpOverAnyDates) {
  Run(PayItem(300));
  const core::BusinessDate first = genesis_.business_date;
  for (const core::DayPhase phase : {core::DayPhase::kCutOff, core::DayPhase::kClosed}) {
    Run(ByCentral(core::SetDayPhase{first, phase}));
  }
  Run(ByCentral(core::SetDayPhase{first.AddDays(1), core::DayPhase::kOpen}));
  Run(PayItem(200));
  const auto day = [&](core::BusinessDate from, core::BusinessDate to) {
    const Statement statement =
        *engine_->GetStatement(*engine_->MomentOf(Address("ALPHA")), from, to);
    std::int64_t sum = statement.opening.minor();
    for (const StatementLine& line : statement.lines) sum += line.posting.amount.minor();
    EXPECT_EQ(sum, statement.closing.minor());
    return std::pair(statement.opening.minor(), statement.closing.minor());
  };
  EXPECT_EQ(day(first, first), OpeningClosing(0, 99'700));
  EXPECT_EQ(day(first.AddDays(1), first.AddDays(1)), OpeningClosing(99'700, 99'500));
  EXPECT_EQ(day(first, first.AddDays(9)), OpeningClosing(0, 99'500));
  EXPECT_EQ(day(first.AddDays(-9), first.AddDays(-1)), OpeningClosing(0, 0));
}

TEST_F(LedgerEngineTest, RefusedItemsStandBesideAcceptedOnesAndLeaveNoTrace) {
  const std::uint64_t size = engine_->size();
  Item broken = PayItem(5);
  broken.envelope.payload += "x";
  Item garbage{.envelope = {.payload_type = core::kCommandPayloadType, .payload = "\xff\xff"}};
  const std::vector<Item> items = {broken, PayItem(6), garbage};
  const auto replies = *engine_->Submit(now_, items);
  EXPECT_TRUE(replies[0].result.refused.has_value());
  EXPECT_EQ(replies[1].result.instructions.at(0).status, InstructionStatus::kSettled);
  EXPECT_EQ(replies[2].result.refused->outcome, core::Outcome::kMalformed);
  EXPECT_EQ(engine_->size(), size + 2);
  EXPECT_EQ(engine_->ReadBatch(engine_->batch_count() - 1)->items.size(), 1u);
}

TEST_F(LedgerEngineTest, PrepareIsAnsweredWithAVoteThatThePolicyVerifies) {
  core::SettlementPolicy policy{
      .epoch = 1,
      .decision_log = *core::LedgerOrigin::Parse("bridge.example/decisions"),
      .decision_log_key = Key("bridge")->public_key(),
      .ledgers = {{genesis_.ledger, genesis_.hash, genesis_.ledger_key}}};
  policy = *codec::DecodePolicy(codec::EncodePolicy(policy));
  Run(ByCentral(core::SetSettlementPolicy{policy}));
  std::array<std::uint8_t, 16> random{};
  const core::Leg leg{.salt = std::string(16, 's'),
                      .ledger = genesis_.ledger,
                      .party = *core::ParticipantId::Parse("ALPHA"),
                      .id = *core::InstructionId::Parse("LEG-1"),
                      .uetr = core::Uetr::FromRandomBytes(random),
                      .debtor = Address("ALPHA"),
                      .creditor = Address("BETA"),
                      .amount = Hkd(900)};
  const std::vector<std::string> legs = {codec::EncodeLeg(leg)};
  const core::TermsHeader terms{.policy_hash = policy.hash,
                                .deadline = now_ + core::Duration::FromMinutes(1),
                                .ledgers = {{genesis_.ledger, 1}},
                                .legs_root = core::LegsRoot(legs),
                                .nonce = std::string(16, 'n')};
  const std::string terms_bytes = codec::EncodeTerms(terms);
  const Item prepare = codec::MakePrepareItem(
      *core::SignEnvelope(core::kTermsPayloadType, terms_bytes, *Key("ALPHA")),
      {{.bytes = legs[0], .leg = leg, .index = 0, .proof = core::LegProof(legs, 0)}});
  const ItemReply reply = Run(prepare);
  ASSERT_EQ(reply.result.settlement_status, InstructionStatus::kPrepared);
  const core::Vote vote = *core::DecodeVote(reply.vote);
  EXPECT_EQ(vote.settlement_id, core::SettlementIdOf(terms_bytes));
  EXPECT_TRUE(core::VerifyVote(vote, policy, *verifier_).ok());
  // After a restart the hold stands, and a repeat gets a vote with the same hash.
  engine_ = *OpenEngine();
  EXPECT_EQ(engine_->ledger().FindAccount(Address("ALPHA"))->held.minor(), 900);
  EXPECT_EQ(core::VoteHash(*core::DecodeVote(Run(prepare).vote)), core::VoteHash(vote));
}

TEST_F(LedgerEngineTest, ConsistencyHoldsBetweenAnyTwoCheckpoints) {
  const std::uint64_t old_size = engine_->size();
  const Hash256 old_root = engine_->root();
  for (int i = 1; i <= 9; ++i) Run(PayItem(i));
  const auto proof = *engine_->ConsistencyProof(old_size, engine_->size());
  EXPECT_TRUE(core::VerifyConsistency(old_size, engine_->size(), old_root, engine_->root(), proof));
}

}  // namespace
}  // namespace causeway::node
