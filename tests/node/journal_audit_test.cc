#include "central-bank-node/runtime/journal_audit.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "central-bank-node/runtime/node_files.h"
#include "settlement/store/segment_journal.h"
#include "tests/node/live_ledger.h"

namespace causeway::node {
namespace {

using ::testing::HasSubstr;

// A ledger on disk with payments of all kinds in it.
class JournalAuditTest : public LiveLedgerTest {
 protected:
  void SetUp() override {
    path_ = (std::filesystem::path(::testing::TempDir()) /
             fmt::format("audit-{}-{}", ::getpid(),
                         ::testing::UnitTest::GetInstance()->current_test_info()->name()))
                .string();
    std::unique_ptr<LedgerEngine> engine = OpenEngine();
    SetUpParticipants(*engine);
    const auto run = [&](core::Item item) {
      const auto replies = engine->Submit(kStart, {&item, 1});
      ASSERT_TRUE(replies.ok());
      ASSERT_FALSE(replies->front().result.refused);
    };
    run(PayItem("ALPHA", "BETA", 300));
    run(PayItem("BETA", "ALPHA", 500));  // rejected, for want of funds
    run(PayBatchItem(20));
    run(SetPolicyItem());
    const Prepare prepare = MakePrepare(700, "LEG-1");
    run(codec::MakePrepareItem(prepare.terms, prepare.legs));
    run(codec::MakeCompletionItem(AbortOf(prepare)));
    const Prepare held = MakePrepare(800, "LEG-2");
    run(codec::MakePrepareItem(held.terms, held.legs));
    root_ = engine->root();
    state_root_ = engine->ledger().StateRoot();
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  std::unique_ptr<LedgerEngine> OpenEngine() {
    auto journal = store::SegmentJournal::Open(path_, LedgerJournalIdentity(genesis_));
    EXPECT_TRUE(journal.ok()) << journal.status().message();
    auto engine =
        LedgerEngine::Open(genesis_,
                           {.signer = Key("ledger"),
                            .verifier = std::make_shared<core::OpenSslSignatureVerifier>(),
                            .salt_key = std::string(32, 's')},
                           *std::move(journal));
    EXPECT_TRUE(engine.ok()) << engine.status().message();
    return *std::move(engine);
  }
  // The journal's batches, changed by `change`, in memory.
  absl::Status AuditChanged(const std::function<void(std::vector<core::Batch>&)>& change) {
    std::vector<core::Batch> batches;
    {
      auto journal = *store::SegmentJournal::Open(path_, LedgerJournalIdentity(genesis_));
      for (std::uint64_t number = 0; number < journal->block_count(); ++number) {
        batches.push_back(*core::DecodeBatch(journal->Read(number)->body));
      }
    }
    change(batches);
    auto changed = store::NewMemoryJournal(LedgerJournalIdentity(genesis_));
    std::uint64_t index = 0;
    for (std::uint64_t number = 0; number < batches.size(); ++number) {
      const auto count = static_cast<std::uint32_t>(core::LeavesOf(batches[number])->size());
      const store::Block block{number, index, count, core::EncodeBatch(batches[number])};
      EXPECT_TRUE(changed->Append({&block, 1}, {}).ok());
      index += count;
    }
    return AuditJournal(genesis_, *changed, &verifier_).status();
  }

  std::string path_;
  core::Hash256 root_;
  core::Hash256 state_root_;
  core::OpenSslSignatureVerifier verifier_;
};

TEST_F(JournalAuditTest, ReportsWhatTheEngineHas) {
  for (const core::SignatureVerifier* verifier :
       {static_cast<const core::SignatureVerifier*>(&verifier_),
        static_cast<const core::SignatureVerifier*>(nullptr)}) {
    const absl::StatusOr<JournalReport> report = AuditDirectory(genesis_, path_, verifier);
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_EQ(report->root, root_);
    EXPECT_EQ(report->state_root, state_root_);
    EXPECT_EQ(report->batches, 11U);
    EXPECT_EQ(report->issued.minor(), 100'000);
    EXPECT_EQ(report->participants, 5U);
    EXPECT_EQ(report->accounts, 3U);
    EXPECT_EQ(report->prepared_settlements, 1U);
    EXPECT_EQ(report->phase, core::DayPhase::kOpen);
  }
}

TEST_F(JournalAuditTest, LooksOnlyAndCreatesNothing) {
  const std::string none = path_ + "-none";
  EXPECT_EQ(AuditDirectory(genesis_, none, nullptr).status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(none));
}

TEST_F(JournalAuditTest, JournalThatANodeHasOpenIsLeftAlone) {
  const std::unique_ptr<LedgerEngine> engine = OpenEngine();
  EXPECT_EQ(AuditDirectory(genesis_, path_, nullptr).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(JournalAuditTest, UnchangedBatchesPass) {
  EXPECT_TRUE(AuditChanged([](std::vector<core::Batch>&) {}).ok());
}

TEST_F(JournalAuditTest, ForgedSignatureIsFound) {
  const absl::Status status = AuditChanged([](std::vector<core::Batch>& batches) {
    batches[4].items[0].envelope.signatures[0].signature[7] ^= 1;
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("block 4"));
}

TEST_F(JournalAuditTest, EntryThatTheItemsDoNotGiveIsFound) {
  const absl::Status status = AuditChanged([](std::vector<core::Batch>& batches) {
    core::Entry entry = *core::DecodeEntry(batches[4].entries[0]);
    entry.postings[0].amount = core::Amount::FromMinor(-1);
    batches[4].entries[0] = core::EncodeEntry(entry);
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("entry"));
}

TEST_F(JournalAuditTest, CheckpointOfAnotherKeyIsFound) {
  const absl::Status status = AuditChanged([&](std::vector<core::Batch>& batches) {
    const core::Checkpoint head = core::ParseCheckpoint(batches[5].checkpoint)->checkpoint;
    batches[5].checkpoint = *core::SignCheckpoint(head, head.origin, *Key("mallory"));
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("block 5"));
}

TEST_F(JournalAuditTest, MissingBatchIsFound) {
  const absl::Status status =
      AuditChanged([](std::vector<core::Batch>& batches) { batches.erase(batches.begin() + 5); });
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace causeway::node
