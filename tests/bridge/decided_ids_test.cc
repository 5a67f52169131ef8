// A bridge whose decided ids lie in files, as those of the live program do.
#include "fx-bridge/engine/decided_ids.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <filesystem>

#include "fx-bridge/runtime/decision_journal.h"
#include "settlement/core/settlement.h"
#include "settlement/store/memory_key_index.h"
#include "tests/bridge/fixture.h"

namespace causeway::bridge {
namespace {

class DecidedIdsOnDiskTest : public ::testing::Test {
 protected:
  DecidedIdsOnDiskTest()
      : folder_((std::filesystem::path(::testing::TempDir()) /
                 fmt::format("bridge-ids-{}-{}", ::getpid(),
                             ::testing::UnitTest::GetInstance()->current_test_info()->name()))
                    .string()) {
    Reopen();
  }
  ~DecidedIdsOnDiskTest() override {
    engine_.reset();
    std::filesystem::remove_all(folder_);
  }

  void Reopen() {
    engine_.reset();
    const core::LedgerOrigin& log = world_.policy().decision_log;
    auto journal = Must(OpenDecisionJournal(folder_, log));
    BridgeEngine::Options options = world_.Options();
    // Small tables, so that files are written and merged.
    auto ids = Must(store::KeyRuns::Open({.directory = folder_ + "/ids",
                                          .ledger = core::Sha256(log.text()),
                                          .fingerprint_key = {},
                                          .table_keys_max = 2048,
                                          .table_keys_min = 2048,
                                          .batch_keys_max = 2048},
                                         journal->record_count()));
    ids_ = ids.get();
    options.ids = std::move(ids);
    engine_ = Must(BridgeEngine::Open(std::move(options), std::move(journal)));
  }
  // Decides the settlements up to `end`, all of them aborts, and completes them on their ledgers.
  void AbortUpTo(int end) {
    for (; aborted_ < end; ++aborted_) {
      const std::string terms = world_.TermsOfNobody(aborted_);
      engine_->JudgeDeadline(At(2000), core::SettlementIdOf(terms), terms);
      if (aborted_ % kDecisionsPerFlush == kDecisionsPerFlush - 1) Complete();
    }
    Complete();
  }
  void Complete() {
    ASSERT_TRUE(engine_->Flush(At(2000)).ok());
    for (const LedgerRequest& request : engine_->TakeRequests()) {
      engine_->OnCompleteReply(At(2000), request.settlement_id, request.ledger,
                               core::InstructionStatus::kAborted);
    }
    ASSERT_TRUE(engine_->Flush(At(2000)).ok());
    engine_->TakeChanged();
  }
  std::optional<SettlementView> ViewOf(int number) const {
    return engine_->Find(core::SettlementIdOf(world_.TermsOfNobody(number)));
  }

  static constexpr int kDecisionsPerFlush = 1000;

  const std::string folder_;
  World world_;
  store::KeyRuns* ids_ = nullptr;
  std::unique_ptr<BridgeEngine> engine_;
  int aborted_ = 0;
};

TEST_F(DecidedIdsOnDiskTest, OldSettlementIsAnsweredAsItWas) {
  const Deal deal = world_.Swap("s", At(1000));
  engine_->Submit(At(0), deal.terms, deal.legs);
  ASSERT_TRUE(engine_->Flush(At(0)).ok());
  for (const bool completes : {false, true}) {
    for (const LedgerRequest& request : engine_->TakeRequests()) {
      FakeLedger& ledger = world_.ledger(request.ledger);
      if (completes) {
        engine_->OnCompleteReply(At(0), deal.id, request.ledger, ledger.Complete(request));
      } else {
        engine_->OnPrepareReply(At(0), deal.id, request.ledger, ledger.Prepare(At(0), request));
      }
    }
    ASSERT_TRUE(engine_->Flush(At(0)).ok());
  }
  AbortUpTo(20'000);  // more than there are full views and nodes of the tree in memory
  ids_->WaitUntilIdle();
  EXPECT_GT(ids_->stats().runs[0], 0u);
  for (const bool restarted : {false, true}) {
    if (restarted) Reopen();
    const auto again = engine_->Submit(At(2000), deal.terms, deal.legs);
    ASSERT_TRUE(std::holds_alternative<SettlementView>(again)) << restarted;
    EXPECT_EQ(std::get<SettlementView>(again).state, SettlementState::kSettled) << restarted;
    const auto certificate = engine_->MakeCertificate(deal.id);
    ASSERT_TRUE(certificate.ok()) << certificate.status();
    EXPECT_EQ(certificate->index, 0u);
    const core::TermsHeader terms = Must(codec::DecodeTerms(deal.terms.payload));
    EXPECT_EQ(
        core::VerifyCertificate({deal.id, *certificate}, world_.policy(), &terms, *world_.verifier)
            .outcome,
        core::Outcome::kAccepted);
    EXPECT_EQ(ViewOf(0)->state, SettlementState::kAborted);
    EXPECT_EQ(ViewOf(19'999)->state, SettlementState::kAborted);
    EXPECT_FALSE(ViewOf(20'000).has_value());
    // Nothing of it is decided again.
    ASSERT_TRUE(engine_->Flush(At(3000)).ok());
    EXPECT_EQ(engine_->size(), 20'001u);
  }
}

TEST_F(DecidedIdsOnDiskTest, MemoryDoesNotGrowWithSettlements) {
  const auto in_use = [] { return static_cast<std::int64_t>(mallinfo2().uordblks); };
  AbortUpTo(50'000);
  const std::int64_t before = in_use();
  AbortUpTo(150'000);
  // In memory these would take 11 MB. The tree's recent nodes vary by 1 MB.
  EXPECT_LT(in_use() - before, 3'000'000);
}

TEST_F(DecidedIdsOnDiskTest, LostFilesAreMadeAgainFromTheLog) {
  AbortUpTo(10'000);
  engine_.reset();
  std::filesystem::remove_all(folder_ + "/ids");
  Reopen();
  EXPECT_EQ(ViewOf(0)->state, SettlementState::kAborted);
  EXPECT_FALSE(ViewOf(10'000).has_value());
}

// All ids have the same fingerprint: the log tells them apart.
class SameFingerprints final : public store::MemoryKeyIndex {
 public:
  using store::MemoryKeyIndex::Find;
  absl::StatusOr<std::vector<std::uint64_t>> Find(store::KeyFamily family, std::uint64_t,
                                                  std::uint64_t from_leaf,
                                                  std::size_t limit) const override {
    return store::MemoryKeyIndex::Find(family, 0, from_leaf, limit);
  }
  absl::Status FindNewest(std::span<const std::uint64_t> fingerprints,
                          std::span<std::uint64_t> newest) const override {
    const std::vector<std::uint64_t> same(fingerprints.size(), 0);
    return store::MemoryKeyIndex::FindNewest(same, newest);
  }
  void Insert(store::KeyFamily family, std::span<const std::uint64_t> fingerprints,
              std::uint64_t first_leaf) override {
    const std::vector<std::uint64_t> same(fingerprints.size(), 0);
    store::MemoryKeyIndex::Insert(family, same, first_leaf);
  }
};

TEST(DecidedIdsTest, IdsThatShareAFingerprintAreToldApartByTheLog) {
  std::vector<core::Hash256> log;
  DecidedIds ids(std::make_unique<SameFingerprints>(), {},
                 [&log](std::uint64_t record) -> absl::StatusOr<core::Hash256> {
                   if (record >= log.size()) return absl::DataLossError("past the end");
                   return log[record];
                 });
  for (const char* text : {"a", "b", "c"}) log.push_back(core::Sha256(text));
  ASSERT_TRUE(ids.Add(log, 0).ok());
  EXPECT_EQ(**ids.Find(log[1]), 1u);
  EXPECT_EQ(**ids.Find(log[2]), 2u);
  EXPECT_FALSE(ids.Find(core::Sha256("d"))->has_value());
  // Where the log cannot be read it is not known.
  log.clear();
  EXPECT_TRUE(absl::IsDataLoss(ids.Find(core::Sha256("a")).status()));
}

}  // namespace
}  // namespace causeway::bridge
