// A bridge's journal, made again from what witnesses keep.
#include "fx-bridge/runtime/rebuild.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "fx-bridge/runtime/decision_journal.h"
#include "settlement/core/settlement.h"
#include "settlement/store/segment_journal.h"
#include "tests/bridge/fixture.h"

namespace causeway::bridge {
namespace {

class RebuildTest : public ::testing::Test {
 protected:
  RebuildTest()
      : folder_((std::filesystem::path(::testing::TempDir()) /
                 fmt::format("rebuild-{}-{}", ::getpid(),
                             ::testing::UnitTest::GetInstance()->current_test_info()->name()))
                    .string()) {
    std::filesystem::create_directories(folder_);
    std::ofstream(PathOf("policy.bin"), std::ios::binary) << world_.policy_bytes;
  }
  ~RebuildTest() override { std::filesystem::remove_all(folder_); }

  std::string PathOf(const std::string& name) const { return folder_ + "/" + name; }
  // Aborts of these settlements, one batch each.
  static void Abort(BridgeEngine& engine, const std::vector<std::string>& terms) {
    for (const std::string& each : terms) {
      engine.JudgeDeadline(At(2000), core::SettlementIdOf(each), each);
      ASSERT_TRUE(engine.Flush(At(2000)).ok());
    }
  }
  // The journal of a witness that has these batches of the log.
  std::string MakeWitness(const std::string& name, const std::vector<std::string>& batches) const {
    store::JournalIdentity identity;
    identity.kind = "witness";
    identity.name = world_.policy().decision_log.ToString();
    auto journal = Must(store::SegmentJournal::Open(PathOf(name), identity));
    for (const std::string& body : batches) {
      store::Block block;
      block.number = journal->block_count();
      block.first_index = journal->record_count();
      block.count = 1;
      block.body = body;
      CW_CHECK(journal->Append({&block, 1}, {}).ok(), "a test's journal is written");
    }
    CW_CHECK(journal->Close().ok(), "a test's journal is closed");
    return PathOf(name);
  }
  static std::vector<std::string> BatchesOf(const BridgeEngine& engine) {
    std::vector<std::string> batches;
    for (std::uint64_t i = 0; i < engine.batch_count(); ++i) {
      batches.push_back(Must(engine.ReadBatchBytes(i)));
    }
    return batches;
  }
  absl::StatusOr<RebuiltLog> Rebuild(std::vector<std::string> from) const {
    return RebuildDecisionLog({{PathOf("policy.bin")}, std::move(from), PathOf("bridge")});
  }

  const std::string folder_;
  World world_;
};

TEST_F(RebuildTest, BridgeGoesOnWithWhatTheLongestJournalHolds) {
  std::vector<std::string> terms;
  for (int i = 0; i < 5; ++i) terms.push_back(world_.TermsOfNobody(i));
  auto engine = world_.Open();
  Abort(*engine, terms);
  std::vector<std::string> batches = BatchesOf(*engine);
  const std::string all = MakeWitness("all", batches);
  batches.resize(3);
  const auto rebuilt = Rebuild({MakeWitness("behind", batches), all});
  ASSERT_TRUE(rebuilt.ok()) << rebuilt.status();
  EXPECT_EQ(rebuilt->from, all);
  EXPECT_EQ(rebuilt->records, 5u);
  EXPECT_EQ(rebuilt->root, engine->root());

  auto journal = Must(OpenDecisionJournal(PathOf("bridge"), world_.policy().decision_log));
  auto again = Must(BridgeEngine::Open(world_.Options(), std::move(journal)));
  EXPECT_EQ(again->checkpoint(), engine->checkpoint());
  for (const std::string& each : terms) {
    EXPECT_EQ(again->Find(core::SettlementIdOf(each))->state, SettlementState::kAborting);
  }
  // It decides nothing of that again, and goes on behind it.
  Abort(*again, {terms[0], world_.TermsOfNobody(5)});
  EXPECT_EQ(again->size(), 6u);
}

// One ledger was down when the decision was made, and still is when the journal is made again: the
// other has booked. Only the certificate can end its hold.
TEST_F(RebuildTest, LedgerThatWasDownIsToldWhatWasDecided) {
  auto engine = world_.Open();
  const Deal deal = world_.Swap("half carried", At(60'000));
  engine->Submit(At(0), deal.terms, deal.legs);
  ASSERT_TRUE(engine->Flush(At(0)).ok());
  for (const LedgerRequest& request : engine->TakeRequests()) {
    FakeLedger& ledger = world_.ledger(request.ledger);
    const PrepareAnswer vote = ledger.Prepare(At(1), request);
    engine->OnPrepareReply(At(1), deal.id, request.ledger, vote);
  }
  ASSERT_TRUE(engine->Flush(At(2)).ok());
  const core::LedgerOrigin down = world_.ledgers[1]->origin();
  for (const LedgerRequest& request : engine->TakeRequests()) {
    if (request.ledger != down) world_.ledger(request.ledger).Complete(request);
  }
  ASSERT_TRUE(Rebuild({MakeWitness("one", BatchesOf(*engine))}).ok());
  engine.reset();

  auto journal = Must(OpenDecisionJournal(PathOf("bridge"), world_.policy().decision_log));
  auto again = Must(BridgeEngine::Open(world_.Options(), std::move(journal)));
  EXPECT_EQ(again->ListOpen().size(), 1u);
  EXPECT_EQ(again->Find(deal.id)->state, SettlementState::kCommitted);
  again->Tick(At(3));
  ASSERT_TRUE(again->Flush(At(3)).ok());
  std::vector<LedgerRequest> requests = again->TakeRequests();
  ASSERT_EQ(requests.size(), 2u);
  for (const LedgerRequest& request : requests) {
    if (request.ledger == down) {
      again->OnSendFailed(At(4), request.kind, deal.id, request.ledger);
    } else {
      again->OnCompleteReply(At(4), deal.id, request.ledger,
                             world_.ledger(request.ledger).Complete(request));
    }
  }
  const SettlementView half_done = *again->Find(deal.id);
  for (const pvp::LedgerProgress& ledger : half_done.ledgers) {
    EXPECT_EQ(ledger.complete, ledger.ledger != down);
  }
  again->Tick(At(1000));
  ASSERT_TRUE(again->Flush(At(1000)).ok());
  requests = again->TakeRequests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].ledger, down);
  again->OnCompleteReply(At(1001), deal.id, down, world_.ledger(down).Complete(requests[0]));
  EXPECT_EQ(again->Find(deal.id)->state, SettlementState::kSettled);
  for (const auto& ledger : world_.ledgers) {
    EXPECT_EQ(ledger->entries[deal.id].status, core::InstructionStatus::kSettled);
    EXPECT_EQ(ledger->entries[deal.id].resolutions, 1);
  }
}

TEST_F(RebuildTest, BatchThatDoesNotFollowIsNamed) {
  auto engine = world_.Open();
  Abort(*engine, {world_.TermsOfNobody(0), world_.TermsOfNobody(1)});
  std::vector<std::string> batches = BatchesOf(*engine);
  std::swap(batches[0], batches[1]);
  const absl::Status status = Rebuild({MakeWitness("swapped", batches)}).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_NE(std::string(status.message()).find("batch 0"), std::string::npos) << status;
}

TEST_F(RebuildTest, LogOfAnotherKeyIsRefused) {
  World other;
  other.log_key = KeyOf("another decision log");
  core::SettlementPolicy policy = other.policy();
  policy.decision_log_key = other.log_key->public_key();
  policy.epoch = 1;
  other.policy_files.clear();
  other.AddPolicy(policy);
  auto engine = other.Open();
  Abort(*engine, {world_.TermsOfNobody(0)});
  EXPECT_EQ(engine->size(), 0u);  // terms are under the first world's policy
  core::TermsHeader header = Must(codec::DecodeTerms(world_.TermsOfNobody(0)));
  header.policy_hash = other.policy().hash;
  Abort(*engine, {codec::EncodeTerms(header)});
  ASSERT_EQ(engine->size(), 1u);
  const absl::Status status = Rebuild({MakeWitness("other", BatchesOf(*engine))}).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

TEST_F(RebuildTest, TwoHistoriesAreRefused) {
  auto engine = world_.Open();
  Abort(*engine, {world_.TermsOfNobody(0), world_.TermsOfNobody(1)});
  World same;
  auto forked = same.Open();
  Abort(*forked, {world_.TermsOfNobody(2)});
  const absl::Status status =
      Rebuild({MakeWitness("one", BatchesOf(*engine)), MakeWitness("two", BatchesOf(*forked))})
          .status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_NE(std::string(status.message()).find("forked"), std::string::npos) << status;
}

// Files of this process may not grow beyond so many bytes.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    CW_CHECK(::getrlimit(RLIMIT_FSIZE, &before_) == 0, "limits can be read");
    const rlimit lower{bytes, before_.rlim_max};
    CW_CHECK(::setrlimit(RLIMIT_FSIZE, &lower) == 0, "a limit can be lowered");
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST_F(RebuildTest, NothingIsLeftOfOneThatFailsHalfWay) {
  auto engine = world_.Open();
  Abort(*engine, {world_.TermsOfNobody(0)});
  const std::string witness = MakeWitness("one", BatchesOf(*engine));
  {
    const FileSizeLimit too_low(256 << 10);  // not enough for its index or a segment
    const absl::Status status = Rebuild({witness}).status();
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  }
  EXPECT_FALSE(std::filesystem::exists(PathOf("bridge")));
  EXPECT_FALSE(std::filesystem::exists(PathOf("bridge") + kUnfinishedSuffix));
  EXPECT_TRUE(Rebuild({witness}).ok());
}

TEST_F(RebuildTest, WhatAnEndedAttemptLeftIsNoHindrance) {
  auto engine = world_.Open();
  Abort(*engine, {world_.TermsOfNobody(0)});
  const std::string witness = MakeWitness("one", BatchesOf(*engine));
  // As after an end in the middle of it, with batches of another history.
  World same;
  auto other = same.Open();
  Abort(*other, {world_.TermsOfNobody(1), world_.TermsOfNobody(2)});
  ASSERT_TRUE(Rebuild({MakeWitness("two", BatchesOf(*other))}).ok());
  std::filesystem::rename(PathOf("bridge"), PathOf("bridge") + kUnfinishedSuffix);
  std::filesystem::create_directory(PathOf("bridge"));  // empty: as good as none

  ASSERT_TRUE(Rebuild({witness}).ok());
  EXPECT_FALSE(std::filesystem::exists(PathOf("bridge") + kUnfinishedSuffix));
  auto journal = Must(OpenDecisionJournal(PathOf("bridge"), world_.policy().decision_log));
  auto again = Must(BridgeEngine::Open(world_.Options(), std::move(journal)));
  EXPECT_EQ(again->checkpoint(), engine->checkpoint());
}

TEST_F(RebuildTest, LinkToAnEmptyDirectoryIsFollowed) {
  auto engine = world_.Open();
  Abort(*engine, {world_.TermsOfNobody(0)});
  std::filesystem::create_directory(PathOf("elsewhere"));
  std::filesystem::create_directory_symlink(PathOf("elsewhere"), PathOf("bridge"));
  ASSERT_TRUE(Rebuild({MakeWitness("one", BatchesOf(*engine))}).ok());
  EXPECT_TRUE(std::filesystem::is_symlink(PathOf("bridge")));
  EXPECT_FALSE(std::filesystem::is_empty(PathOf("elsewhere")));
}

TEST_F(RebuildTest, DirectoryThatHoldsAnythingIsLeftAlone) {
  auto engine = world_.Open();
  Abort(*engine, {world_.TermsOfNobody(0)});
  const std::string witness = MakeWitness("one", BatchesOf(*engine));
  EXPECT_TRUE(absl::IsNotFound(Rebuild({PathOf("nothing")}).status()));
  std::filesystem::create_directory(PathOf("bridge"));
  std::ofstream(PathOf("bridge/note")) << "somebody's";
  EXPECT_TRUE(absl::IsAlreadyExists(Rebuild({witness}).status()));
  EXPECT_TRUE(std::filesystem::exists(PathOf("bridge/note")));
}

}  // namespace
}  // namespace causeway::bridge
