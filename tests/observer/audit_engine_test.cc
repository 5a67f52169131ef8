#include "observer/runtime/audit_engine.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "fmt/format.h"
#include "observer/runtime/report.h"
#include "settlement/core/hash.h"
#include "settlement/store/lmdb_journal.h"
#include "tests/observer/test_corridor.h"

namespace causeway::observer {
namespace {

ObserverConfig ConfigOf(const TestCorridor& world) {
  ObserverConfig config;
  for (const TestLedger* ledger : {&world.hkd, &world.thb}) {
    config.ledgers.push_back({ledger->genesis().ledger, ledger->genesis().hash, "127.0.0.1:1"});
  }
  config.bridge =
      FollowedBridge{world.bridge->policy().decision_log, {world.policy_bytes}, "127.0.0.1:1"};
  return config;
}

class AuditEngineTest : public ::testing::Test {
 protected:
  AuditEngineTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "audit-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    config_ = ConfigOf(world_);
    engine_ = *Open();
  }
  ~AuditEngineTest() override {
    engine_.reset();
    std::filesystem::remove_all(folder_);
  }

  absl::StatusOr<std::unique_ptr<AuditEngine>> Open() {
    auto store = AuditStore::OpenLmdb(folder_, config_);
    if (!store.ok()) return store.status();
    return AuditEngine::Open(config_, *std::move(store), signatures_,
                             [] { return core::LedgerTime::FromMicros(42); });
  }
  void Restart() {
    engine_.reset();
    auto opened = Open();
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    engine_ = *std::move(opened);
  }
  // What an observer reads when it reads everything: each log to its end.
  void CatchUp() {
    for (const TestLedger* ledger : {&world_.hkd, &world_.thb}) {
      Feed(ledger->origin(), ledger->batches());
    }
    Feed(world_.bridge->origin(), world_.bridge->batches());
  }
  void Feed(const std::string& origin, const std::vector<std::string>& batches) {
    std::uint64_t known = 0;
    for (const LogStatus& log : engine_->corridor().Status(false).logs) {
      if (log.origin == origin) known = log.batches;
    }
    for (std::uint64_t i = known; i < batches.size(); ++i) {
      ASSERT_TRUE(engine_->OnBatch(origin, batches[i]).ok());
    }
  }

  TestCorridor world_;
  ObserverConfig config_;
  core::OpenSslSignatureVerifier signatures_;
  std::string folder_;
  std::unique_ptr<AuditEngine> engine_;
};

TEST_F(AuditEngineTest, ARestartContinuesWhereItWas) {
  world_.Settle(300, 400);
  CatchUp();
  const std::string before = JsonReport(*engine_);
  Restart();
  EXPECT_EQ(JsonReport(*engine_), before);
  world_.Settle(5, 6);
  CatchUp();
  const CorridorStatus status = engine_->corridor().Status();
  EXPECT_EQ(status.settlements.settled, 2u);
  EXPECT_EQ(status.logs[0].root, world_.hkd.tree().Root());
  EXPECT_TRUE(engine_->alerts().empty());
}

TEST_F(AuditEngineTest, StoredBatchesAreReadPageByPage) {
  world_.Settle(300, 400);
  CatchUp();
  const std::string origin = world_.hkd.origin();
  ASSERT_EQ(engine_->BatchCountOf(origin), world_.hkd.batches().size());
  std::vector<std::string> all;
  while (all.size() < engine_->BatchCountOf(origin)) {
    auto page = engine_->ReadBatches(origin, all.size(), /*bytes_max=*/1);
    ASSERT_TRUE(page.ok());
    ASSERT_EQ(page->size(), 1u);  // the one that passes the limit
    all.push_back(page->front());
  }
  EXPECT_EQ(all, world_.hkd.batches());
  EXPECT_TRUE(engine_->ReadBatches(origin, all.size(), 1)->empty());
  EXPECT_TRUE(absl::IsNotFound(engine_->ReadBatches("no.example/x", 0, 1).status()));
}

TEST_F(AuditEngineTest, TheStoreStaysWhenAPolicyEpochIsAdded) {
  world_.Settle(300, 400);
  CatchUp();
  world_.NewEpoch();
  config_.bridge->policies.insert(config_.bridge->policies.begin(), world_.policy_bytes);
  Restart();
  world_.Settle(5, 6);
  CatchUp();
  EXPECT_EQ(engine_->corridor().Status().settlements.settled, 2u);
  EXPECT_TRUE(engine_->alerts().empty());
}

TEST_F(AuditEngineTest, ARestartAfterEveryBatchGivesTheSame) {
  world_.Settle(300, 400);
  for (const std::string& batch : world_.hkd.batches()) {
    ASSERT_TRUE(engine_->OnBatch(world_.hkd.origin(), batch).ok());
    Restart();
  }
  EXPECT_EQ(engine_->SizeOf(world_.hkd.origin()), world_.hkd.tree().size());
}

TEST_F(AuditEngineTest, AnAlertIsStoredAndItsLogStaysHalted) {
  CatchUp();
  core::Batch batch = world_.hkd.Make({world_.hkd.Payment("ALPHA", "BETA", 500)});
  batch.items[0].envelope.signatures[0].signature[5] ^= 1;
  const std::string bytes = world_.hkd.Seal(batch);
  const std::uint64_t size = engine_->SizeOf(world_.hkd.origin());
  ASSERT_TRUE(engine_->OnBatch(world_.hkd.origin(), bytes).ok());
  for (int life = 0; life < 3; ++life) {
    ASSERT_EQ(engine_->alerts().size(), 1u);
    const causeway::v1::Alert& alert = engine_->alerts()[0];
    EXPECT_EQ(alert.number(), 1u);
    EXPECT_EQ(alert.kind(), causeway::v1::ALERT_KIND_BAD_SIGNATURE);
    EXPECT_EQ(alert.origin(), world_.hkd.origin());
    EXPECT_EQ(alert.raised_us(), 42);
    EXPECT_EQ(alert.evidence(alert.evidence_size() - 1).content(), bytes);
    EXPECT_TRUE(engine_->IsHalted(world_.hkd.origin()));
    EXPECT_FALSE(engine_->IsHalted(world_.thb.origin()));
    EXPECT_EQ(engine_->SizeOf(world_.hkd.origin()), size);
    Restart();
  }
}

TEST_F(AuditEngineTest, ASettlementIsReportedOnceInAllLives) {
  const TestSettlement settlement = world_.Propose(300, 400);
  world_.hkd.Write({settlement.prepare_hkd});
  world_.thb.Write({settlement.prepare_thb});
  TestBridge committing(world_.bridge->policy());
  committing.Write({committing.Commit(settlement, world_.Votes(settlement))});
  TestBridge aborting(world_.bridge->policy());
  aborting.Write({aborting.Abort(settlement.id)});
  world_.hkd.Write({committing.Completion(0)});
  world_.thb.Write({aborting.Completion(0)});
  CatchUp();
  ASSERT_EQ(engine_->alerts().size(), 2u);  // and the fork of the decision log
  EXPECT_EQ(engine_->alerts()[0].kind(), causeway::v1::ALERT_KIND_FORKED_LOG);
  EXPECT_EQ(engine_->alerts()[1].kind(), causeway::v1::ALERT_KIND_SETTLEMENT_NOT_ATOMIC);
  Restart();
  EXPECT_EQ(engine_->alerts().size(), 2u);
  EXPECT_TRUE(engine_->IsHalted(world_.bridge->origin()));
  EXPECT_FALSE(engine_->IsHalted(world_.hkd.origin()));
}

TEST_F(AuditEngineTest, ARollbackSeenAfterARestartIsAnAlert) {
  const std::string before = world_.hkd.Checkpoint();
  world_.hkd.Write({world_.hkd.Payment("ALPHA", "BETA", 500)});
  CatchUp();
  Restart();
  ASSERT_TRUE(engine_->OnHead(world_.hkd.origin(), before, std::nullopt).ok());
  ASSERT_EQ(engine_->alerts().size(), 1u);
  EXPECT_EQ(engine_->alerts()[0].kind(), causeway::v1::ALERT_KIND_LOG_ROLLED_BACK);
}

TEST_F(AuditEngineTest, AStoreWithABatchThatDoesNotVerifyIsRefused) {
  CatchUp();
  engine_.reset();
  // A whole block, well formed for the journal, that no ledger signed.
  {
    const store::JournalIdentity identity{"audit", world_.hkd.origin(), world_.hkd.genesis().hash};
    auto journal = store::OpenLmdbJournal(folder_ + "/logs/hk.example_hkd", identity);
    ASSERT_TRUE(journal.ok()) << journal.status().message();
    core::Batch batch = world_.hkd.Make({world_.hkd.Payment("ALPHA", "BETA", 500)});
    batch.checkpoint =
        SignedNote(world_.hkd.origin(), world_.hkd.tree().size() + 2, core::LeafHash("x"), "thief");
    const store::Block block{(*journal)->block_count(), (*journal)->record_count(), 2,
                             core::EncodeBatch(batch)};
    ASSERT_TRUE((*journal)->Append({&block, 1}, {}).ok());
  }
  const auto opened = Open();
  ASSERT_FALSE(opened.ok());
  EXPECT_TRUE(absl::IsDataLoss(opened.status())) << opened.status().message();
}

TEST_F(AuditEngineTest, AStoreOfAnotherGenesisIsRefused) {
  engine_.reset();
  config_.bridge.reset();
  config_.ledgers[0].genesis_hash = core::LeafHash("another");
  EXPECT_TRUE(absl::IsFailedPrecondition(Open().status()));
}

// An operator could otherwise silence its observer by a batch that no alert can hold.
TEST_F(AuditEngineTest, EvidenceThatIsTooLargeIsKeptAsItsHash) {
  const std::string nonsense(kEvidenceBytesMax + 1, 'x');
  ASSERT_TRUE(engine_->OnBatch(world_.thb.origin(), nonsense).ok());
  Restart();
  ASSERT_EQ(engine_->alerts().size(), 1u);
  const causeway::v1::Alert& alert = engine_->alerts()[0];
  EXPECT_LT(alert.ByteSizeLong(), 100'000u);
  EXPECT_NE(alert.message().find(fmt::format("of {} bytes", nonsense.size())), std::string::npos);
  const auto piece = std::find_if(alert.evidence().begin(), alert.evidence().end(),
                                  [](const auto& each) { return each.name() == "batch-sha256"; });
  ASSERT_NE(piece, alert.evidence().end());
  EXPECT_EQ(piece->content(), core::Sha256(nonsense).view());
}

TEST_F(AuditEngineTest, TheReportTellsOverridesInEveryLife) {
  world_.hkd.Write({world_.hkd.ByCentral(
      core::OperatorOverride{world_.hkd.Address("ALPHA"), world_.hkd.Address("BETA"),
                             world_.hkd.Money(1'000), "judgment 12"})});
  CatchUp();
  Restart();
  const std::string text = TextReport(*engine_);
  EXPECT_NE(text.find("OVERRIDE on hk.example/hkd, entry "), std::string::npos) << text;
  EXPECT_NE(text.find("on the basis of: judgment 12"), std::string::npos) << text;
  EXPECT_NE(JsonReport(*engine_).find("\"legal_basis\": \"judgment 12\""), std::string::npos);
  EXPECT_TRUE(engine_->alerts().empty());
}

TEST_F(AuditEngineTest, TheReportTellsRepeatedRtgsReferencesInEveryLife) {
  const auto issue = [&] {
    return world_.hkd.ByCentral(
        core::Issue{world_.hkd.Address("BETA"), world_.hkd.Money(1'000), "CHATS-7"});
  };
  world_.hkd.Write({issue()});
  CatchUp();
  EXPECT_EQ(TextReport(*engine_).find("REPEATED"), std::string::npos);
  world_.hkd.Write({issue()});
  CatchUp();
  Restart();
  const std::string text = TextReport(*engine_);
  EXPECT_NE(text.find("REPEATED RTGS REFERENCE on hk.example/hkd, entry "), std::string::npos)
      << text;
  EXPECT_NE(text.find("of CENTRAL: 10.00 HKD to HKD"), std::string::npos) << text;
  EXPECT_NE(text.find("under \"CHATS-7\", which entry "), std::string::npos) << text;
  const std::string json = JsonReport(*engine_);
  EXPECT_NE(json.find("\"rtgs_reference\": \"CHATS-7\""), std::string::npos) << json;
  EXPECT_NE(json.find("\"repeated_references_count\": 1"), std::string::npos) << json;
  EXPECT_TRUE(engine_->alerts().empty());
}

TEST_F(AuditEngineTest, TheReportTellsSupplyAndAlerts) {
  world_.Settle(300, 400);
  CatchUp();
  const std::string text = TextReport(*engine_);
  EXPECT_NE(text.find("HKD  issued 2000.00  in circulation 2000.00"), std::string::npos) << text;
  EXPECT_NE(text.find("1 settled on all ledgers, 0 aborted on all, 0 open"), std::string::npos);
  EXPECT_NE(text.find("No alerts: everything verified."), std::string::npos);
  EXPECT_EQ(text.find("OVERRIDE"), std::string::npos);
  ASSERT_TRUE(engine_->OnBatch(world_.thb.origin(), "nonsense").ok());
  const std::string after = TextReport(*engine_);
  EXPECT_NE(after.find("ALERT malformed-batch (kind 1), number 1, about th.example/thb"),
            std::string::npos)
      << after;
  EXPECT_NE(after.find("HALTED"), std::string::npos);
  EXPECT_NE(JsonReport(*engine_).find("\"kind\": \"malformed-batch\""), std::string::npos);
}

}  // namespace
}  // namespace causeway::observer
