#include "fx-bridge/runtime/bridge_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "settlement/core/key_file.h"
#include "tests/bridge/fixture.h"

namespace causeway::bridge {
namespace {

class BridgeFilesTest : public ::testing::Test {
 protected:
  BridgeFilesTest() : world_({"a.example/usd", "b.example/jpy"}) {
    folder_ = std::filesystem::path(::testing::TempDir()) /
              ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
    Write("policy.bin", world_.policy_bytes);
    Write("dealer.pem", Must(core::EncodePrivateKeyPem(*KeyOf("DEALER"), "")));
    Write("dealer-public.pem", Must(core::EncodePublicKeyPem(KeyOf("DEALER")->public_key())));
  }
  ~BridgeFilesTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }
  static std::string Replaced(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    CW_CHECK(at != std::string::npos, "the text has what is replaced");
    return text.replace(at, from.size(), to);
  }
  std::string Config() const {
    return R"(policy_file: "policy.bin"
participant: "BRIDGE"
ledgers { origin: "a.example/usd" address: "127.0.0.1:7001" }
ledgers { origin: "b.example/jpy" address: "127.0.0.1:7002" }
providers {
  participant: "DEALER"
  key_file: "dealer.pem"
  accounts { ledger: "a.example/usd" account: ")" +
           Address("USD", "DEALER").ToString() + R"(" }
  accounts { ledger: "b.example/jpy" account: ")" +
           Address("JPY", "DEALER").ToString() + R"(" }
  rates { base: "USD" quote: "JPY" bid: "147.10" ask: "147.30" }
  validity_s: 15
}
participants { participant: "DEALER" key_files: "dealer-public.pem" }
observers: "WATCH"
limits { ledger_call_ms_max: 2000 }
)";
  }
  absl::StatusOr<BridgeSetup> Read(const std::string& config) const {
    Write("bridge.txtpb", config);
    return ReadBridgeConfig((folder_ / "bridge.txtpb").string());
  }
  void ExpectRefused(const std::string& config, const std::string& part) const {
    const absl::StatusOr<BridgeSetup> setup = Read(config);
    ASSERT_FALSE(setup.ok());
    EXPECT_NE(std::string(setup.status().message()).find(part), std::string::npos)
        << std::string(setup.status().message());
  }

  World world_;
  std::filesystem::path folder_;
};

TEST_F(BridgeFilesTest, ReadsWhatABridgeServes) {
  const BridgeSetup setup = Must(Read(Config()));
  EXPECT_EQ(setup.policies->latest().hash, world_.policy().hash);
  EXPECT_EQ(setup.ledgers.size(), 2U);
  EXPECT_TRUE(setup.participants.contains(Party("DEALER")));
  EXPECT_TRUE(setup.observers.contains(Party("WATCH")));
  EXPECT_EQ(setup.calls.participant, Party("BRIDGE"));
  EXPECT_EQ(setup.calls.call_time_max, core::Duration::FromSeconds(2));
  EXPECT_EQ(setup.coordinator.answer_wait_max, core::Duration::FromSeconds(7));
  ASSERT_NE(setup.venue, nullptr);
  EXPECT_EQ(setup.venue->providers()[0].validity, core::Duration::FromSeconds(15));
  EXPECT_TRUE(
      setup.keys->SignsFor(KeyOf("DEALER")->key_id(), Party("DEALER"), Origin("a.example/usd")));
}

TEST_F(BridgeFilesTest, NamesLineAndColumnOfATextThatDoesNotParse) {
  ExpectRefused("policy_file: \"policy.bin\"\nnonsense: 1\n", "bridge.txtpb:2:");
}

TEST_F(BridgeFilesTest, RefusesALedgerOutsideThePolicy) {
  ExpectRefused(Config() + "ledgers { origin: \"c.example/eur\" address: \"127.0.0.1:1\" }\n",
                "ledgers[2].origin");
}

TEST_F(BridgeFilesTest, RefusesAPolicyOfWhichALedgerIsMissing) {
  ExpectRefused(
      Replaced(Config(), "ledgers { origin: \"b.example/jpy\" address: \"127.0.0.1:7002\" }", ""),
      "b.example/jpy of the policy of epoch 1 is missing");
}

TEST_F(BridgeFilesTest, ReadsAPolicyOfEveryEpoch) {
  world_.AddEpoch();
  Write("next.bin", world_.policy_bytes);
  const BridgeSetup setup = Must(Read("policy_file: \"next.bin\"\n" + Config()));
  EXPECT_EQ(setup.policies->all().size(), 2U);
  EXPECT_EQ(setup.policies->latest().hash, world_.policy().hash);
}

TEST_F(BridgeFilesTest, RefusesTwoPoliciesOfOneEpoch) {
  core::SettlementPolicy other = world_.policy();
  other.ledgers.pop_back();
  Write("other.bin", codec::EncodePolicy(other));
  ExpectRefused("policy_file: \"other.bin\"\n" + Config(),
                "bridge.txtpb: policy_file: settlement policies ");
}

TEST_F(BridgeFilesTest, RefusesAnAddressThatIsNone) {
  ExpectRefused(Replaced(Config(), "127.0.0.1:7001", "nowhere"), "ledgers[0].address");
}

TEST_F(BridgeFilesTest, RefusesAKeyOfTwoParticipants) {
  ExpectRefused(
      Config() + "participants { participant: \"ALPHA\" key_files: \"dealer-public.pem\" }\n",
      "participants[1].key_files");
}

TEST_F(BridgeFilesTest, RefusesARateThatIsNone) {
  ExpectRefused(Replaced(Config(), "147.10", "-1"), "providers[0].rates[0].bid");
}

TEST_F(BridgeFilesTest, NamesAFileThatIsMissing) {
  ExpectRefused(Replaced(Config(), "dealer.pem", "absent.pem"), "absent.pem");
}

}  // namespace
}  // namespace causeway::bridge
