#include "observer/runtime/program.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "observer/runtime/audit_engine.h"
#include "tests/observer/test_corridor.h"

namespace causeway::observer {
namespace {

class ProgramTest : public ::testing::Test {
 protected:
  ProgramTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "program-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    std::ofstream(folder_ + "/policy.bin", std::ios::binary) << world_.policy_bytes;
    std::ofstream config(folder_ + "/observer.txtpb");
    for (const TestLedger* ledger : {&world_.hkd, &world_.thb}) {
      config << fmt::format(
          "ledgers {{ origin: '{}' genesis_hash: '{}' address: 'localhost:1' }}\n",
          ledger->origin(), ledger->genesis().hash.ToHex());
    }
    config << fmt::format(
        "bridge {{ decision_log: '{}' policy_file: 'policy.bin' address: 'localhost:1' }}\n",
        world_.bridge->origin());
    options_.config = folder_ + "/observer.txtpb";
    options_.data = folder_ + "/data";
  }
  ~ProgramTest() override { std::filesystem::remove_all(folder_); }

  // A store with everything of the honest corridor, and what `more` adds.
  void MakeStore(const std::function<void(AuditEngine&)>& more) {
    const ObserverConfig config = *LoadConfig(options_.config);
    const core::OpenSslSignatureVerifier verifier;
    auto engine = *AuditEngine::Open(config, *AuditStore::OpenLmdb(options_.data, config), verifier,
                                     [] { return core::LedgerTime::FromMicros(42); });
    for (const TestLedger* ledger : {&world_.hkd, &world_.thb}) {
      for (const std::string& batch : ledger->batches()) {
        ASSERT_TRUE(engine->OnBatch(ledger->origin(), batch).ok());
      }
    }
    more(*engine);
  }
  int Report() {
    ::testing::internal::CaptureStdout();
    const int exit_status = ReportObserver(options_);
    printed_ = ::testing::internal::GetCapturedStdout();
    return exit_status;
  }

  TestCorridor world_;
  std::string folder_;
  ReportOptions options_;
  std::string printed_;
};

TEST_F(ProgramTest, ReportOfAHonestCorridorExitsWithZero) {
  MakeStore([](AuditEngine&) {});
  EXPECT_EQ(Report(), kExitOk);
  EXPECT_NE(printed_.find("No alerts: everything verified."), std::string::npos);
  options_.json = true;
  EXPECT_EQ(Report(), kExitOk);
  EXPECT_EQ(printed_.front(), '{');
}

TEST_F(ProgramTest, ReportWithAlertsExitsWithTwo) {
  MakeStore([this](AuditEngine& engine) {
    ASSERT_TRUE(engine.OnBatch(world_.hkd.origin(), "nonsense").ok());
  });
  EXPECT_EQ(Report(), kExitAlerts);
  EXPECT_NE(printed_.find("ALERT malformed-batch (kind 1), number 1, about "), std::string::npos);
}

TEST_F(ProgramTest, ReportWithoutAStoreExitsWithDataErrorAndMakesNone) {
  EXPECT_EQ(Report(), kExitData);
  EXPECT_FALSE(std::filesystem::exists(options_.data));
}

TEST_F(ProgramTest, AConfigurationThatCannotBeReadExitsWithDataError) {
  options_.config = folder_ + "/none.txtpb";
  EXPECT_EQ(Report(), kExitData);
}

}  // namespace
}  // namespace causeway::observer
