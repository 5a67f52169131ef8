// Requests that need old parts of the log, when these cannot be read, are slow or are asked for in
// a flood: the requests wait or are refused, and nobody else notices.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "central-bank-node/runtime/ledger_queries.h"
#include "central-bank-node/runtime/node_files.h"
#include "settlement/core/bulk.h"
#include "settlement/store/segment_format.h"
#include "tests/node/live_service.h"
#include "tests/store/gated_files.h"
#include "tests/store/store_test_util.h"

namespace causeway::node {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kOldBulkPayments = 4'000;  // three bulks fill a segment of 1 MiB
constexpr int kOldBulks = 9;

class UnreadableLogTest : public LiveServiceTest {
 protected:
  UnreadableLogTest()
      : folder_(fs::path(::testing::TempDir()) / fmt::format("unreadable-{}", ::getpid())) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override {
    files_.Release();
    LiveServiceTest::TearDown();
    fs::remove_all(folder_);
  }

  // A ledger with an old single payment "OLD", old bulks, and all but the newest archived.
  void Start(RuntimeLimits limits = {}) {
    absl::StatusOr<LedgerStore> opened = OpenLedgerStore(
        folder_ / "data", genesis_, std::string(32, 's'),
        {.segment_bytes = 1 << 20, .files = &files_, .archive = archive(), .instance = {}});
    ASSERT_TRUE(opened.ok()) << opened.status();
    store::SegmentJournal* const segments = opened->segments;
    auto engine =
        LedgerEngine::Open(genesis_,
                           {.signer = Key("ledger"),
                            .verifier = std::make_shared<core::OpenSslSignatureVerifier>(),
                            .salt_key = std::string(32, 's'),
                            .keys = std::move(opened->keys)},
                           std::move(opened->journal));
    ASSERT_TRUE(engine.ok()) << engine.status();
    SetUpParticipants(**engine);
    Drive(*std::move(engine), limits);
    Serve();
    old_ = PayItem("ALPHA", "BETA", 1, "OLD");
    ASSERT_FALSE(SubmitOne(old_).result.refused);
    for (int i = 0; i < kOldBulks; ++i) {
      const ItemReply reply = SubmitOne(Bulk(i, kOldBulkPayments));
      ASSERT_NE(reply.result.bulk, nullptr);
      bulks_.push_back(reply.result.bulk);
    }
    ASSERT_TRUE(segments->Archive(segments->block_count(), archive()).ok());
    ASSERT_GE(segments->archived_count(), 3u);
  }
  std::string archive() const { return folder_ / "archive"; }
  void LoseArchive() { fs::rename(archive(), folder_ / "elsewhere"); }
  void FindArchive() { fs::rename(folder_ / "elsewhere", archive()); }

  core::BulkPayment BulkPay(int bulk, std::size_t position) {
    core::BulkPayment payment{
        .debtor = Ref("ALPHA"), .creditor = Ref("BETA"), .amount = core::Amount::FromMinor(1)};
    payment.id = {static_cast<std::uint8_t>(bulk + 1), static_cast<std::uint8_t>(position >> 8),
                  static_cast<std::uint8_t>(position)};
    payment.uetr = SomeUetr(1'000'000 + static_cast<std::uint32_t>(position));
    return payment;
  }
  // The same bytes each time.
  core::Item Bulk(int number, std::size_t count, std::vector<core::BulkPayment> more = {}) {
    core::Bulk bulk{.ledger = genesis_.ledger,
                    .genesis_hash = genesis_.hash,
                    .party = Party("ALPHA"),
                    .id = {static_cast<std::uint8_t>(number + 1)},
                    .valid_until = kStart + core::Duration::FromHours(1),
                    .payments = std::move(more)};
    for (std::size_t i = 0; i < count; ++i) bulk.payments.push_back(BulkPay(number, i));
    return {.envelope =
                *core::SignEnvelope(core::kBulkPayloadType, core::EncodeBulk(bulk), *Key("ALPHA"))};
  }
  core::Item ReturnOfOld() {
    core::Pay pay = PayOf("BETA", "ALPHA", 1);
    pay.cites = {Party("ALPHA"), core::ActionKind::kPay, *core::InstructionId::Parse("OLD")};
    return Signed("BETA", pay, {"BETA"}, "RETURN");
  }
  core::AccountRef Ref(std::string_view body) {
    return runtime_->Read([&](const LedgerEngine& engine) {
      const core::AccountState* account = engine.ledger().FindAccount(Address(body));
      return core::AccountRef{account->number, account->check};
    });
  }
  std::uint64_t Leaves() { return runtime_->DurableLeaves(); }
  static core::Outcome OutcomeOf(const ItemReply& reply) {
    return reply.result.refused ? reply.result.refused->outcome : core::Outcome::kAccepted;
  }
  template <typename Request, typename Response>
  grpc::StatusCode Ask(grpc::Status (causeway::v1::Ledger::Stub::*method)(grpc::ClientContext*,
                                                                          const Request&,
                                                                          Response*),
                       const Request& request, Response* response) {
    ClientCall call("ALPHA");
    return ((*stub_).*method)(&call.context, request, response).error_code();
  }

  const fs::path folder_;
  store::GatedFiles files_;
  core::Item old_;
  std::vector<std::shared_ptr<const core::BulkExecution>> bulks_;
};

TEST_F(UnreadableLogTest, WhatNeedsALostArchiveIsRefusedWithoutATraceAndTheRestGoesOn) {
  Start();
  LoseArchive();
  const std::uint64_t leaves = Leaves();
  // The first payment of the last bulk is old, the others are new.
  const core::Item mixed = Bulk(100, 20, {BulkPay(0, 7)});
  for (const core::Item& item : {old_, Bulk(0, kOldBulkPayments), ReturnOfOld(), mixed}) {
    EXPECT_EQ(OutcomeOf(SubmitOne(item)), core::Outcome::kUnavailable);
  }
  EXPECT_EQ(Leaves(), leaves);
  EXPECT_FALSE(SubmitOne(PayItem("ALPHA", "BETA", 1, "NEW")).result.refused);
  EXPECT_FALSE(SubmitOne(Bulk(101, 20)).result.refused);

  FindArchive();
  const ItemReply repeat = SubmitOne(old_);
  EXPECT_EQ(OutcomeOf(repeat), core::Outcome::kAccepted);
  EXPECT_FALSE(repeat.result.sequenced);
  const ItemReply bulk = SubmitOne(Bulk(0, kOldBulkPayments));
  ASSERT_NE(bulk.result.bulk, nullptr);
  EXPECT_FALSE(bulk.result.sequenced);
  EXPECT_EQ(bulk.result.bulk->first_index, bulks_[0]->first_index);
  EXPECT_EQ(bulk.result.bulk->results, bulks_[0]->results);
  EXPECT_TRUE(SubmitOne(ReturnOfOld()).result.sequenced);
  const ItemReply partly = SubmitOne(mixed);
  ASSERT_NE(partly.result.bulk, nullptr);
  EXPECT_EQ(partly.result.bulk->results[0].outcome, core::Outcome::kInstructionIdReused);
  for (std::size_t i = 1; i <= 20; ++i) {
    EXPECT_EQ(partly.result.bulk->results[i].outcome, core::Outcome::kAccepted);
  }
}

TEST_F(UnreadableLogTest, QueriesOfALostArchiveAreUnavailableAndAnsweredWhenItIsBack) {
  Start();
  causeway::v1::GetInstructionRequest by_key;
  by_key.mutable_reference()->set_instructing_party("ALPHA");
  by_key.mutable_reference()->set_kind(causeway::v1::ACTION_KIND_PAY);
  by_key.mutable_reference()->set_instruction_id("OLD");
  causeway::v1::FindByUetrRequest by_uetr;
  by_uetr.set_uetr(std::string(BulkPay(0, 3).uetr.view()));
  causeway::v1::GetReceiptRequest receipt;
  receipt.set_entry_index(bulks_[0]->first_index);
  causeway::v1::ListEntriesRequest entries;
  entries.set_from_index(1);
  entries.set_address(Text(Address("ALPHA")));
  causeway::v1::GetStatementRequest statement;
  statement.set_address(Text(Address("ALPHA")));
  statement.set_from_date("2022-08-15");
  statement.set_to_date("2022-08-15");
  using Stub = causeway::v1::Ledger::Stub;
  causeway::v1::FindByUetrResponse found;
  const auto expect = [&](grpc::StatusCode code) {
    causeway::v1::Instruction instruction;
    EXPECT_EQ(Ask(&Stub::GetInstruction, by_key, &instruction), code);
    found.Clear();
    EXPECT_EQ(Ask(&Stub::FindByUetr, by_uetr, &found), code);
    causeway::v1::Receipt proof;
    EXPECT_EQ(Ask(&Stub::GetReceipt, receipt, &proof), code);
    causeway::v1::ListEntriesResponse page;
    EXPECT_EQ(Ask(&Stub::ListEntries, entries, &page), code);
    causeway::v1::Statement lines;
    // More lines than a statement has, once they can be read.
    EXPECT_EQ(Ask(&Stub::GetStatement, statement, &lines),
              code == grpc::StatusCode::OK ? grpc::StatusCode::RESOURCE_EXHAUSTED : code);
  };
  LoseArchive();
  expect(grpc::StatusCode::UNAVAILABLE);
  FindArchive();
  expect(grpc::StatusCode::OK);
  EXPECT_EQ(found.instructions_size(), kOldBulks);
  EXPECT_EQ(found.next_index(), 0u);
}

// A bulk of 4,000 payments lies in a block of a dozen pieces that are verified by themselves.
TEST_F(UnreadableLogTest, DamageToAPartOfABlockIsMetByLookUpsInThatPartAlone) {
  Start();
  const core::BulkPayment damaged = BulkPay(0, 1'000);
  const std::string id(damaged.id.begin(), damaged.id.end());
  const fs::path segment = archive() + "/" + store::SegmentFileName(0);
  std::string bytes = store::ReadWholeFile(segment);
  const std::size_t at = bytes.find(id);
  ASSERT_NE(at, std::string::npos);
  bytes[at - 1] = static_cast<char>(bytes[at - 1] ^ 1);  // of its amount
  store::WriteWholeFile(segment, bytes);
  using Stub = causeway::v1::Ledger::Stub;
  const auto by_id = [&](std::size_t position) {
    causeway::v1::GetInstructionRequest request;
    request.mutable_reference()->set_instructing_party("ALPHA");
    request.mutable_reference()->set_kind(causeway::v1::ACTION_KIND_PAY);
    request.mutable_reference()->set_instruction_id(
        core::InstructionIdOf(BulkPay(0, position).id).ToString());
    causeway::v1::Instruction instruction;
    return Ask(&Stub::GetInstruction, request, &instruction);
  };
  EXPECT_EQ(by_id(1'000), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(by_id(1'001), grpc::StatusCode::UNAVAILABLE) << "in the same piece";
  EXPECT_EQ(by_id(3'000), grpc::StatusCode::OK);
  causeway::v1::GetReceiptRequest request;
  request.set_entry_index(bulks_[0]->first_index + 3'000);
  causeway::v1::Receipt receipt;
  EXPECT_EQ(Ask(&Stub::GetReceipt, request, &receipt), grpc::StatusCode::UNAVAILABLE)
      << "it has all of the bulk";
  EXPECT_EQ(OutcomeOf(SubmitOne(Bulk(100, 5, {BulkPay(0, 1'000)}))), core::Outcome::kUnavailable);
}

TEST_F(UnreadableLogTest, PagesOfAUetrThatManyPaymentsShareAreWhole) {
  Start();
  std::vector<core::BulkPayment> alike(50, BulkPay(200, 0));
  for (std::size_t i = 0; i < alike.size(); ++i) alike[i].id[1] = static_cast<std::uint8_t>(i);
  for (core::BulkPayment& payment : alike) payment.uetr = SomeUetr(77);
  const std::uint64_t first = SubmitOne(Bulk(201, 1, alike)).result.bulk->first_index;
  causeway::v1::FindByUetrRequest request;
  request.set_uetr(std::string(SomeUetr(77).view()));
  std::vector<std::uint64_t> indices;
  int pages = 0;
  do {
    causeway::v1::FindByUetrResponse response;
    ASSERT_EQ(Ask(&causeway::v1::Ledger::Stub::FindByUetr, request, &response),
              grpc::StatusCode::OK);
    EXPECT_LE(response.instructions_size(), static_cast<int>(kUetrPageMax));
    for (const auto& one : response.instructions()) indices.push_back(one.entry_index());
    request.set_from_index(response.next_index());
    ++pages;
  } while (request.from_index() != 0);
  ASSERT_EQ(indices.size(), alike.size());
  for (std::size_t i = 0; i < indices.size(); ++i) EXPECT_EQ(indices[i], first + i);
  EXPECT_EQ(pages, 4);
  request.set_page_size(kUetrPageMax + 1);
  causeway::v1::FindByUetrResponse response;
  EXPECT_EQ(Ask(&causeway::v1::Ledger::Stub::FindByUetr, request, &response),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(UnreadableLogTest, SlowArchiveDelaysOnlyWhatNeedsIt) {
  Start({.recalls_max = 2});
  files_.HoldBack(archive());
  // In their order: the return is new, and what follows it in its group waits for it.
  std::vector<core::Item> group;
  group.push_back(PayItem("ALPHA", "BETA", 1, "BEFORE"));
  group.push_back(ReturnOfOld());
  group.push_back(PayItem("ALPHA", "BETA", 1, "AFTER"));
  auto waits = SubmitSoon(std::move(group));
  files_.AwaitWaiter();
  auto repeat = SubmitSoon(List(old_));
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(SubmitOne(PayItem("ALPHA", "BETA", 1)).result.refused);
  }
  EXPECT_EQ(OutcomeOf(SubmitOne(Bulk(0, kOldBulkPayments))), core::Outcome::kOverloaded);
  EXPECT_EQ(waits.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  EXPECT_EQ(repeat.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  files_.Release();
  const std::vector<ItemReply> replies = waits.get();
  ASSERT_EQ(replies.size(), 3u);
  std::vector<std::uint64_t> indices;
  for (const ItemReply& reply : replies) {
    ASSERT_TRUE(reply.result.sequenced);
    indices.push_back(reply.result.instructions[0].entry_index);
  }
  EXPECT_LT(indices[0], indices[1]);
  EXPECT_LT(indices[1], indices[2]);
  EXPECT_FALSE(repeat.get().front().result.sequenced);
}

// A history may be long and lie anywhere: who reads one must not hold off those who pay.
TEST_F(UnreadableLogTest, WhoReadsAHistoryHoldsOffNobody) {
  Start();
  files_.HoldBack(archive());
  using Stub = causeway::v1::Ledger::Stub;
  causeway::v1::ListEntriesRequest entries;
  entries.set_address(Text(Address("ALPHA")));
  causeway::v1::GetStatementRequest statement;
  statement.set_address(Text(Address("ALPHA")));
  statement.set_from_date("2022-08-15");
  statement.set_to_date("2022-08-15");
  auto listed = std::async(std::launch::async, [&] {
    causeway::v1::ListEntriesResponse page;
    return Ask(&Stub::ListEntries, entries, &page);
  });
  auto stated = std::async(std::launch::async, [&] {
    causeway::v1::Statement lines;
    return Ask(&Stub::GetStatement, statement, &lines);
  });
  files_.AwaitWaiter();
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(SubmitOne(PayItem("ALPHA", "BETA", 1)).result.refused);
  }
  EXPECT_EQ(listed.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  files_.Release();
  EXPECT_EQ(listed.get(), grpc::StatusCode::OK);
  EXPECT_EQ(stated.get(), grpc::StatusCode::RESOURCE_EXHAUSTED) << "36,000 lines";
}

// Once a look-up read the log while nobody could pay.
TEST_F(UnreadableLogTest, WhoLooksUpAnOldPaymentHoldsOffNobody) {
  Start();
  files_.HoldBack(archive());
  using Stub = causeway::v1::Ledger::Stub;
  auto by_key = std::async(std::launch::async, [&] {
    causeway::v1::GetInstructionRequest request;
    request.mutable_reference()->set_instructing_party("ALPHA");
    request.mutable_reference()->set_kind(causeway::v1::ACTION_KIND_PAY);
    request.mutable_reference()->set_instruction_id("OLD");
    causeway::v1::Instruction instruction;
    EXPECT_EQ(Ask(&Stub::GetInstruction, request, &instruction), grpc::StatusCode::OK);
    return instruction;
  });
  auto by_uetr = std::async(std::launch::async, [&] {
    causeway::v1::FindByUetrRequest request;
    request.set_uetr(std::string(BulkPay(0, 3).uetr.view()));
    causeway::v1::FindByUetrResponse found;
    EXPECT_EQ(Ask(&Stub::FindByUetr, request, &found), grpc::StatusCode::OK);
    return found;
  });
  auto receipt = std::async(std::launch::async, [&] {
    causeway::v1::GetReceiptRequest request;
    request.set_entry_index(bulks_[0]->first_index);
    causeway::v1::Receipt proof;
    EXPECT_EQ(Ask(&Stub::GetReceipt, request, &proof), grpc::StatusCode::OK);
    return proof;
  });
  files_.AwaitWaiter();
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(SubmitOne(PayItem("ALPHA", "BETA", 1)).result.refused);
  }
  EXPECT_EQ(by_key.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  files_.Release();
  EXPECT_EQ(by_key.get().reference().instruction_id(), "OLD");
  EXPECT_EQ(by_uetr.get().instructions_size(), kOldBulks) << "each once, however often it ran";
  EXPECT_EQ(receipt.get().entry_index(), bulks_[0]->first_index);
}

TEST_F(UnreadableLogTest, RepeatsOutOfTheirTimeAreAnsweredAndOthersRefused) {
  Start();
  now_micros_ = (kStart + core::Duration::FromHours(2)).micros();
  EXPECT_EQ(OutcomeOf(SubmitOne(old_)), core::Outcome::kAccepted);
  EXPECT_NE(SubmitOne(Bulk(0, kOldBulkPayments)).result.bulk, nullptr);
  EXPECT_EQ(OutcomeOf(SubmitOne(PayItem("ALPHA", "BETA", 1))), core::Outcome::kPastValidUntil);
  EXPECT_EQ(OutcomeOf(SubmitOne(PayBatchItem(3))), core::Outcome::kPastValidUntil);
}

}  // namespace
}  // namespace causeway::node
