#include "central-bank-node/runtime/node_program.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "settlement/codec/codec.h"
#include "settlement/core/hash.h"
#include "settlement/core/key_file.h"

namespace causeway::node {
namespace {

using ::testing::HasSubstr;

class NodeProgramTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(::testing::TempDir()) /
              fmt::format("program-{}-{}", ::getpid(),
                          ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    core::Genesis genesis;
    genesis.ledger = *core::LedgerOrigin::Parse("hk.example/hkd");
    genesis.currency = *core::Currency::Parse("HKD");
    genesis.ledger_key = MakeKey("ledger");
    genesis.central_bank.participant = *core::ParticipantId::Parse("CENTRAL");
    genesis.central_bank.role = core::Role::kCentralBank;
    genesis.central_bank.country = *core::Country::Parse("HK");
    genesis.central_bank.keys = {MakeKey("first"), MakeKey("second")};
    genesis.liability_account = *core::AccountAddress::Make(genesis.currency, "LIABILITY");
    genesis.suites = {core::SuiteId::kEd25519Sha256};
    genesis.business_date = *core::BusinessDate::Parse("2022-08-15");
    genesis.created = core::LedgerTime::FromMicros(1'660'500'000'000'000);
    Write("genesis", codec::EncodeGenesis(genesis));
    Write("salt", std::string(64, 'a') + "\n");
    options_.genesis_file = Path("genesis");
    options_.data_directory = Path("data");
    options_.key_file = Path("ledger.pem");
    options_.salt_key_file = Path("salt");
    options_.server.listen = "127.0.0.1:0";
    options_.server.ready_file = Path("ready");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  void Write(const std::string& name, const std::string& content) const {
    std::ofstream(Path(name), std::ios::binary) << content;
  }
  core::PublicKey MakeKey(const std::string& name) const {
    const auto key = core::SoftwareSigner::FromEd25519Seed(core::Sha256(name).view());
    Write(name + ".pem", *core::EncodePrivateKeyPem(**key, ""));
    return (*key)->public_key();
  }

  std::filesystem::path folder_;
  NodeOptions options_;
};

TEST_F(NodeProgramTest, ServesUntilItIsToldToStopAndStartsAgainOnItsJournal) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        rpc::BlockStopSignals();
        int served = 0;
        for (int start = 0; start < 2; ++start) {
          std::atomic<bool> over = false;
          std::thread stopper([&] {
            while (!over && !std::filesystem::exists(Path("ready"))) {
              std::this_thread::sleep_for(std::chrono::milliseconds(10));
            }
            ::kill(::getpid(), SIGTERM);
          });
          const absl::Status status = RunNode(options_);
          over = true;
          stopper.join();
          if (!status.ok()) fmt::print(stderr, "{}\n", std::string(status.message()));
          served += status.ok() ? 1 : 0;
        }
        ::_exit(served == 2 && !std::filesystem::exists(Path("ready")) ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "serving on 127.0.0.1");
}

TEST_F(NodeProgramTest, KeyThatIsNotTheLedgersIsRefusedAndLeavesNothingBehind) {
  options_.key_file = Path("first.pem");
  const absl::Status status = RunNode(options_);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("first.pem"));
  EXPECT_FALSE(std::filesystem::exists(options_.data_directory));
}

TEST_F(NodeProgramTest, TheDataDirectoryIsNeitherItsArchiveNorTheRootOfItsBackups) {
  std::filesystem::create_directory(Path("data"));
  std::filesystem::create_directory_symlink(Path("data"), Path("link"));
  for (std::string NodeOptions::*const member :
       {&NodeOptions::archive_directory, &NodeOptions::backup_root}) {
    for (const char* const name : {"data", "data/", "link"}) {
      NodeOptions options = options_;
      options.*member = Path(name);
      const absl::Status status = RunNode(options);
      EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << name;
      EXPECT_THAT(std::string(status.message()), HasSubstr("--data"));
      EXPECT_TRUE(std::filesystem::is_empty(options.data_directory)) << name;
    }
  }
}

TEST_F(NodeProgramTest, ListeningWithoutTlsBeyondLoopbackIsRefused) {
  options_.server.listen = "0.0.0.0:0";
  EXPECT_EQ(RunNode(options_).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(std::filesystem::exists(Path("ready")));
}

}  // namespace
}  // namespace causeway::node
