// A ledger whose disk fills up, fails a sync or loses power: what it acknowledged is there after
// the next start, once, and it goes on.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "central-bank-node/runtime/node_files.h"
#include "settlement/core/bulk.h"
#include "settlement/store/memory_key_index.h"
#include "tests/node/live_ledger.h"
#include "tests/store/faulty_file_system.h"

namespace causeway::node {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSmallBulkPayments = 500;
constexpr std::uint64_t kMebibyte = 1 << 20;

class FailingDiskTest : public LiveLedgerTest {
 protected:
  // The segments lie in memory, LMDB's index of them here.
  FailingDiskTest()
      : folder_(fs::path(::testing::TempDir()) / fmt::format("failing-{}", ::getpid())) {
    fs::remove_all(folder_);
  }
  ~FailingDiskTest() override { fs::remove_all(folder_); }

  // As after a start of the process.
  void Open() {
    engine_.reset();
    auto journal = store::SegmentJournal::Open(
        folder_, LedgerJournalIdentity(genesis_),
        {.segment_bytes = 4 * kMebibyte, .files = &files_, .archive = {}, .instance = {}});
    ASSERT_TRUE(journal.ok()) << journal.status();
    auto engine =
        LedgerEngine::Open(genesis_,
                           {.signer = Key("ledger"),
                            .verifier = std::make_shared<core::OpenSslSignatureVerifier>(),
                            .salt_key = std::string(32, 's'),
                            .keys = std::make_unique<store::MemoryKeyIndex>()},
                           *std::move(journal));
    ASSERT_TRUE(engine.ok()) << engine.status();
    engine_ = *std::move(engine);
  }

  core::Item Bulk(std::uint8_t number) {
    const auto ref = [&](std::string_view body) {
      const core::AccountState* account = engine_->ledger().FindAccount(Address(body));
      return core::AccountRef{account->number, account->check};
    };
    core::Bulk bulk{.ledger = genesis_.ledger,
                    .genesis_hash = genesis_.hash,
                    .party = Party("ALPHA"),
                    .id = {number},
                    .valid_until = kStart + core::Duration::FromHours(1),
                    .payments = {}};
    for (std::size_t i = 0; i < kSmallBulkPayments; ++i) {
      core::BulkPayment& payment = bulk.payments.emplace_back(core::BulkPayment{
          .debtor = ref("ALPHA"), .creditor = ref("BETA"), .amount = core::Amount::FromMinor(1)});
      payment.id = {number, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
      payment.uetr = SomeUetr(static_cast<std::uint32_t>(i));
    }
    return {.envelope =
                *core::SignEnvelope(core::kBulkPayloadType, core::EncodeBulk(bulk), *Key("ALPHA"))};
  }

  // Bulks until one is not acknowledged; the status of that one.
  absl::Status SubmitUntilItFails() {
    for (std::uint8_t number = 1; number < 100; ++number) {
      bulks_.push_back(Bulk(number));
      auto replies = engine_->Submit(kStart, {&bulks_.back(), 1});
      if (!replies.ok()) return replies.status();
      EXPECT_TRUE(replies->front().result.sequenced);
      first_leaves_.push_back(replies->front().result.bulk->first_index);
    }
    return absl::OkStatus();
  }

  // What was acknowledged is a repeat now. What was not is a repeat or new; and more follows.
  void ExpectNothingLost() {
    Open();
    ASSERT_EQ(bulks_.size(), first_leaves_.size() + 1);
    bulks_.push_back(Bulk(200));
    std::size_t settled = 0;
    for (std::size_t i = 0; i < bulks_.size(); ++i) {
      const auto replies = engine_->Submit(kStart, {&bulks_[i], 1});
      ASSERT_TRUE(replies.ok()) << replies.status();
      const core::ItemResult& result = replies->front().result;
      ASSERT_NE(result.bulk, nullptr) << i;
      if (i < first_leaves_.size()) {
        EXPECT_FALSE(result.sequenced) << i;
        EXPECT_EQ(result.bulk->first_index, first_leaves_[i]);
      }
      settled += result.bulk->results.size();
    }
    EXPECT_EQ(engine_->ledger().FindAccount(Address("BETA"))->available.minor(),
              static_cast<std::int64_t>(settled));
    engine_->ledger().CheckConservation();
  }

  const fs::path folder_;
  store::FaultyFileSystem files_{7};
  std::unique_ptr<LedgerEngine> engine_;
  std::vector<core::Item> bulks_;
  std::vector<std::uint64_t> first_leaves_;  // of the acknowledged bulks' payments
};

TEST_F(FailingDiskTest, FullDiskEndsTheLedgerWithItsReasonAndLosesNothing) {
  Open();
  SetUpParticipants(*engine_);
  files_.SetCapacity(2 * kMebibyte);
  const absl::Status full = SubmitUntilItFails();
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted) << full;
  EXPECT_GT(first_leaves_.size(), 10u);
  // As long as nobody made room it starts, and the next write ends it again.
  Open();
  EXPECT_EQ(engine_->Submit(kStart, {&bulks_.back(), 1}).status().code(),
            absl::StatusCode::kResourceExhausted);
  files_.SetCapacity(~std::uint64_t{0});
  ExpectNothingLost();
}

TEST_F(FailingDiskTest, FailedSyncEndsTheLedgerAndLosesNothing) {
  for (const bool power_fails_too : {false, true}) {
    SCOPED_TRACE(power_fails_too);
    engine_.reset();
    fs::remove_all(folder_);
    files_ = store::FaultyFileSystem(8);
    bulks_.clear();
    first_leaves_.clear();
    Open();
    SetUpParticipants(*engine_);
    for (std::uint8_t number = 1; number < 5; ++number) {
      bulks_.push_back(Bulk(number));
      auto replies = engine_->Submit(kStart, {&bulks_.back(), 1});
      ASSERT_TRUE(replies.ok());
      first_leaves_.push_back(replies->front().result.bulk->first_index);
    }
    files_.FailSyncs(true);
    bulks_.push_back(Bulk(5));
    const absl::Status failed = engine_->Submit(kStart, {&bulks_.back(), 1}).status();
    EXPECT_EQ(failed.code(), absl::StatusCode::kInternal) << failed;
    EXPECT_NE(failed.ToString().find("unknown"), std::string::npos) << failed;
    // Who read the batch from where it was under way read freed memory.
    const std::uint64_t under_way = engine_->batch_count();
    const auto read = engine_->ReadBatch(under_way);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->header.number, under_way);
    // No second try in the same process: what a failed sync left behind cannot be known.
    files_.FailSyncs(false);
    const core::Item another = Bulk(6);
    EXPECT_EQ(engine_->Submit(kStart, {&another, 1}).status().code(), absl::StatusCode::kInternal);
    engine_.reset();
    if (power_fails_too) files_.Restart();
    ExpectNothingLost();
  }
}

TEST_F(FailingDiskTest, FullDiskStopsTheProcessWithoutAnAnswer) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        Open();
        SetUpParticipants(*engine_);
        files_.SetCapacity(kMebibyte);
        std::vector<core::Item> items;
        for (std::uint8_t number = 1; number < 100; ++number) items.push_back(Bulk(number));
        Drive(std::move(engine_));
        // Each alone, so that all but the last are answered.
        for (core::Item& item : items) SubmitOne(std::move(item));
        ::_exit(1);  // everything was answered
      },
      ::testing::ExitedWithCode(kOutcomeUnknownExitStatus), "no room to grow");
}

}  // namespace
}  // namespace causeway::node
