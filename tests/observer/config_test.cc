#include "observer/runtime/config.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "settlement/codec/codec.h"
#include "tests/observer/test_corridor.h"

namespace causeway::observer {
namespace {

constexpr char kLedger[] =
    "ledgers { origin: 'hk.example/hkd' address: '127.0.0.1:7001' genesis_hash: "
    "'00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff' }\n";

std::string ErrorOf(const std::string& text) {
  const auto config = ParseConfig(text, "");
  EXPECT_FALSE(config.ok());
  return std::string(config.status().message());
}

TEST(ConfigTest, ReadsLedgersAndReaders) {
  const auto config = ParseConfig(std::string(kLedger) + "readers: 'AUDITOR'", "");
  ASSERT_TRUE(config.ok()) << config.status().message();
  ASSERT_EQ(config->ledgers.size(), 1u);
  EXPECT_EQ(config->ledgers[0].origin.text(), "hk.example/hkd");
  EXPECT_EQ(config->ledgers[0].genesis_hash.ToHex().substr(0, 8), "00112233");
  EXPECT_FALSE(config->bridge.has_value());
  ASSERT_EQ(config->readers.size(), 1u);
  EXPECT_EQ(config->readers[0].text(), "AUDITOR");
}

TEST(ConfigTest, ReadsThePolicyBesideTheFile) {
  const TestCorridor world;
  std::string pattern = (std::filesystem::temp_directory_path() / "config-XXXXXX").string();
  const std::string folder = ::mkdtemp(pattern.data());
  std::ofstream(folder + "/policy.bin", std::ios::binary) << world.policy_bytes;
  std::ofstream(folder + "/observer.txtpb")
      << kLedger
      << "bridge { decision_log: 'bridge.example/decisions' policy_file: 'policy.bin' "
         "address: '127.0.0.1:7005' }";
  const auto config = LoadConfig(folder + "/observer.txtpb");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->bridge->policies, std::vector{world.policy_bytes});
  std::filesystem::remove_all(folder);
}

TEST(ConfigTest, ReadsTheWitnessesThatThePoliciesName) {
  const TestCorridor world;
  core::SettlementPolicy policy = world.bridge->policy();
  for (const char* name : {"w1", "w2", "w3", "w4"}) {
    policy.witnesses.push_back({name, KeyNamed(name)->public_key()});
  }
  policy.witnesses_needed = 3;
  policy.witnesses_faulty_max = 1;
  std::string pattern = (std::filesystem::temp_directory_path() / "config-XXXXXX").string();
  const std::string folder = ::mkdtemp(pattern.data());
  std::ofstream(folder + "/policy.bin", std::ios::binary) << codec::EncodePolicy(policy);
  const auto read = [&](const std::string& witnesses) {
    return ParseConfig(std::string(kLedger) +
                           "bridge { decision_log: 'bridge.example/decisions' policy_file: "
                           "'policy.bin' address: '127.0.0.1:7005' " +
                           witnesses + "}",
                       folder);
  };
  const std::string second = "witnesses { name: 'w2' address: '127.0.0.1:7006' }";
  const auto config = read(second);
  ASSERT_TRUE(config.ok()) << config.status().message();
  ASSERT_EQ(config->bridge->witnesses.size(), 1U);
  EXPECT_EQ(config->bridge->witnesses[0].name, "w2");
  EXPECT_EQ(config->bridge->witnesses[0].address, "127.0.0.1:7006");
  EXPECT_EQ(read(second + second).status().message(),
            "bridge.witnesses[1].name: 'w2' is no witness of the policies, or there twice");
  EXPECT_EQ(read("witnesses { name: 'w9' address: '127.0.0.1:7006' }").status().message(),
            "bridge.witnesses[0].name: 'w9' is no witness of the policies, or there twice");
  EXPECT_FALSE(read("witnesses { name: 'w2' address: 'nowhere' }").ok());
  std::filesystem::remove_all(folder);
}

TEST(ConfigTest, RefusesTwoPoliciesOfOneEpoch) {
  const TestCorridor world;
  core::SettlementPolicy other = world.bridge->policy();
  other.ledgers.pop_back();
  std::string pattern = (std::filesystem::temp_directory_path() / "config-XXXXXX").string();
  const std::string folder = ::mkdtemp(pattern.data());
  std::ofstream(folder + "/policy.bin", std::ios::binary) << world.policy_bytes;
  std::ofstream(folder + "/other.bin", std::ios::binary) << codec::EncodePolicy(other);
  const auto config =
      ParseConfig(std::string(kLedger) +
                      "bridge { decision_log: 'bridge.example/decisions' address: 'h:1' "
                      "policy_file: 'policy.bin' policy_file: 'other.bin' }",
                  folder);
  const std::string message(config.status().message());
  EXPECT_EQ(message.find("bridge.policy_file: settlement policies "), 0u) << message;
  EXPECT_NE(message.find("both have epoch 1"), std::string::npos) << message;
  std::filesystem::remove_all(folder);
}

TEST(ConfigTest, NamesLineAndColumnOfASyntaxError) {
  EXPECT_EQ(ErrorOf(std::string(kLedger) + "  colour: 'blue'").substr(0, 15), "line 2, column ");
}

TEST(ConfigTest, NamesTheFieldThatIsWrong) {
  EXPECT_NE(ErrorOf("").find("ledgers: there are 0"), std::string::npos);
  EXPECT_NE(ErrorOf(std::string(kLedger) + kLedger).find("ledgers[1].origin"), std::string::npos);
  EXPECT_NE(ErrorOf("ledgers { origin: 'hk.example/hkd' genesis_hash: '12' }")
                .find("ledgers[0].genesis_hash: is '12'; must be 64 hexadecimal digits"),
            std::string::npos);
  EXPECT_NE(ErrorOf(std::string(kLedger) + "readers: 'small'").find("readers[0]"),
            std::string::npos);
  EXPECT_NE(ErrorOf(std::string(kLedger) +
                    "bridge { decision_log: 'b.example/d' address: 'h:1' policy_file: 'none' }")
                .find("none"),
            std::string::npos);
}

}  // namespace
}  // namespace causeway::observer
