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
  // A genesis file of that ledger.
  std::string WriteGenesis(const std::string& origin, const std::string& currency) const {
    core::Genesis genesis;
    genesis.ledger = Origin(origin);
    genesis.currency = Ccy(currency);
    genesis.ledger_key = KeyOf(origin)->public_key();
    genesis.central_bank.participant = Party("CENTRAL");
    genesis.central_bank.role = core::Role::kCentralBank;
    genesis.central_bank.country = Must(core::Country::Parse("US"));
    genesis.central_bank.keys = {KeyOf("first")->public_key(), KeyOf("second")->public_key()};
    genesis.liability_account = Address(currency, "LIABILITY");
    genesis.suites = {core::SuiteId::kEd25519Sha256};
    genesis.business_date = Must(core::BusinessDate::Parse("2022-08-15"));
    genesis.created = At(1'660'500'000'000);
    Write(currency + ".genesis", codec::EncodeGenesis(genesis));
    return (folder_ / (currency + ".genesis")).string();
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

TEST_F(BridgeFilesTest, ReadsTiersValidityAndLimitsOfAProvider) {
  const std::string config =
      Replaced(Replaced(Config(), "ask: \"147.30\"",
                        "ask: \"147.30\" valid_until_us: 5000000 tiers { base_minor_units_from: "
                        "100000 bid: \"147.00\" ask: \"147.40\" }"),
               "validity_s: 15", "limits { currency: \"JPY\" minor_units_max: 20000 }");
  const BridgeSetup setup = Must(Read(config));
  const Provider& provider = setup.venue->providers()[0];
  ASSERT_EQ(provider.rates[0].tiers.size(), 1U);
  EXPECT_EQ(provider.rates[0].tiers[0].base_amount_from, core::Amount::FromMinor(100'000));
  EXPECT_EQ(provider.rates[0].tiers[0].ask, Must(core::Rate::Parse("147.40")));
  EXPECT_EQ(provider.rates[0].valid_until, core::LedgerTime::FromMicros(5'000'000));
  ASSERT_EQ(provider.limits.size(), 1U);
  EXPECT_EQ(provider.limits[0], (core::Money{Ccy("JPY"), core::Amount::FromMinor(20'000)}));
  ExpectRefused(Replaced(config, "147.40", "146.99"), "ask is below bid");
  ExpectRefused(Replaced(config, "\"JPY\" minor", "\"XXX\" minor"), "limits[0].currency");
}

// Two members with accounts on both ledgers.
std::string QueueConfig(const std::string& rules) {
  std::string text = "participants { participant: \"BANK\" }\nsettlement_queue {\n" + rules + "\n";
  for (const char* member : {"BANK", "DEALER"}) {
    text += std::string("members { participant: \"") + member + "\"\n";
    for (const auto& [ledger, currency] :
         {std::pair{"a.example/usd", "USD"}, std::pair{"b.example/jpy", "JPY"}}) {
      text += std::string("accounts { ledger: \"") + ledger + "\" account: \"" +
              Address(currency, member).ToString() + "\" }\n";
    }
    text += "}\n";
  }
  return text + "}\n";
}

TEST_F(BridgeFilesTest, ReadsASettlementQueue) {
  EXPECT_FALSE(Must(Read(Config())).queue.has_value());
  const BridgeSetup plain = Must(Read(Config() + QueueConfig("")));
  ASSERT_TRUE(plain.queue.has_value());
  EXPECT_EQ(plain.queue->rules.every, core::Duration::FromSeconds(60));
  EXPECT_EQ(plain.queue->rules.selection, fx_queue::SettlementSelection::kLargest);
  EXPECT_EQ(plain.queue->rules.answer_timeout, core::Duration::FromSeconds(5));
  EXPECT_FALSE(plain.queue->rules.wait_max.has_value());
  EXPECT_EQ(plain.queue->decision_log, world_.policy().decision_log);
  EXPECT_EQ(plain.queue->members.at(Party("BANK")).at(Origin("b.example/jpy")),
            Address("JPY", "BANK"));
  const BridgeSetup set = Must(
      Read(Config() + QueueConfig("interval_s: 5 selection: \"exact\" bypass: true wait_s_max: 90 "
                                  "answer_ms_max: 700 trades_max: 12 settlement_window_s: 30")));
  EXPECT_EQ(set.queue->rules.every, core::Duration::FromSeconds(5));
  EXPECT_EQ(set.queue->rules.selection, fx_queue::SettlementSelection::kExact);
  EXPECT_TRUE(set.queue->rules.bypass);
  EXPECT_EQ(set.queue->rules.wait_max, core::Duration::FromSeconds(90));
  EXPECT_EQ(set.queue->rules.answer_timeout, core::Duration::FromMillis(700));
  EXPECT_EQ(set.queue->trades_max, 12U);
  EXPECT_EQ(set.queue->settlement_window, core::Duration::FromSeconds(30));
}

TEST_F(BridgeFilesTest, NamesWhatIsWrongInASettlementQueue) {
  const std::string good = Config() + QueueConfig("");
  ExpectRefused(Config() + QueueConfig("interval_s: -1"), "settlement_queue.interval_s");
  ExpectRefused(Config() + QueueConfig("interval_s: 86401"), "settlement_queue.interval_s");
  ExpectRefused(Config() + QueueConfig("answer_ms_max: 600001"), "settlement_queue.answer_ms_max");
  ExpectRefused(Config() + QueueConfig("trades_max: 100001"), "settlement_queue.trades_max");
  ExpectRefused(Config() + QueueConfig("selection: \"best\""), "settlement_queue.selection");
  ExpectRefused(Config() + "settlement_queue {}", "members");
  ExpectRefused(
      Replaced(good, "members { participant: \"BANK\"", "members { participant: \"NOBODY\""),
      "is not among the participants");
  ExpectRefused(
      Replaced(good, "members { participant: \"BANK\"", "members { participant: \"DEALER\""),
      "stands twice");
  ExpectRefused(
      Replaced(good, Address("JPY", "BANK").ToString(), Address("USD", "BANK").ToString()),
      "has an account in");
  ExpectRefused(
      Replaced(
          good,
          "accounts { ledger: \"b.example/jpy\" account: \"" + Address("JPY", "BANK").ToString(),
          "accounts { ledger: \"c.example/jpy\" account: \"" + Address("JPY", "BANK").ToString()),
      "is not in the policy");
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

// Operators wrote policies with protoc --encode, and copied hashes and keys by hand.
TEST_F(BridgeFilesTest, MakesAPolicyFromTheGenesisOfEveryLedger) {
  PolicySpec spec;
  spec.epoch = 3;
  spec.decision_log = "bridge.example/decisions";
  Write("log.pub", Must(core::EncodePublicKeyPem(world_.log_key->public_key())));
  spec.decision_log_key_path = (folder_ / "log.pub").string();
  spec.genesis_paths = {WriteGenesis("a.example/usd", "USD"), WriteGenesis("b.example/jpy", "JPY")};
  const std::string bytes = Must(MakePolicy(spec));
  const core::SettlementPolicy policy = Must(codec::DecodePolicy(bytes));
  EXPECT_EQ(policy.epoch, 3U);
  EXPECT_EQ(policy.decision_log, Origin("bridge.example/decisions"));
  EXPECT_EQ(policy.decision_log_key, world_.log_key->public_key());
  ASSERT_EQ(policy.ledgers.size(), 2U);
  EXPECT_EQ(policy.ledgers[1].ledger, Origin("b.example/jpy"));
  EXPECT_EQ(policy.ledgers[1].key, KeyOf("b.example/jpy")->public_key());
  std::ifstream genesis(spec.genesis_paths[1], std::ios::binary);
  const std::string genesis_bytes{std::istreambuf_iterator<char>(genesis), {}};
  EXPECT_EQ(policy.ledgers[1].genesis_hash, core::Sha256(genesis_bytes));
  EXPECT_EQ(policy.witnesses_needed, 0U);
  // What the bridge starts with.
  Write("policy.bin", bytes);
  EXPECT_EQ(Must(Read(Config())).policies->latest().hash, policy.hash);
}

TEST_F(BridgeFilesTest, MakesAPolicyWithWitnessesThatAreSafeAndLive) {
  PolicySpec spec;
  spec.epoch = 1;
  spec.decision_log = "bridge.example/decisions";
  Write("log.pub", Must(core::EncodePublicKeyPem(world_.log_key->public_key())));
  spec.decision_log_key_path = (folder_ / "log.pub").string();
  spec.genesis_paths = {WriteGenesis("a.example/usd", "USD")};
  for (const char* name : {"w1", "w2", "w3", "w4"}) {
    const std::string file = std::string(name) + ".pub";
    Write(file, Must(core::EncodePublicKeyPem(KeyOf(name)->public_key())));
    spec.witnesses.push_back({std::string("witness.example/") + name, (folder_ / file).string()});
  }
  spec.witnesses_needed = 3;
  spec.witnesses_faulty_max = 1;
  const core::SettlementPolicy policy = Must(codec::DecodePolicy(Must(MakePolicy(spec))));
  ASSERT_EQ(policy.witnesses.size(), 4U);
  EXPECT_EQ(policy.witnesses[3].name, "witness.example/w4");
  EXPECT_EQ(policy.witnesses[3].key, KeyOf("w4")->public_key());
  EXPECT_EQ(policy.witnesses_needed, 3U);
  spec.witnesses_needed = 2;
  const absl::Status unsafe = MakePolicy(spec).status();
  EXPECT_NE(std::string(unsafe.message()).find("2 * needed - witnesses = 0"), std::string::npos)
      << unsafe;
}

TEST_F(BridgeFilesTest, MakesNoPolicyOfWhatIsWrong) {
  Write("log.pub", Must(core::EncodePublicKeyPem(world_.log_key->public_key())));
  const std::string genesis = WriteGenesis("a.example/usd", "USD");
  const PolicySpec good{1, "bridge.example/decisions", (folder_ / "log.pub").string(), {genesis}};
  ASSERT_TRUE(MakePolicy(good).ok());
  const auto expect_refused = [&](auto change, const std::string& part) {
    PolicySpec spec = good;
    change(spec);
    const absl::Status status = MakePolicy(spec).status();
    EXPECT_FALSE(status.ok());
    EXPECT_NE(std::string(status.message()).find(part), std::string::npos) << status;
  };
  expect_refused([](PolicySpec& spec) { spec.epoch = 0; }, "epoch: is 0");
  expect_refused([](PolicySpec& spec) { spec.decision_log = "no origin"; }, "decision log: ");
  expect_refused([&](PolicySpec& spec) { spec.decision_log_key_path = genesis; }, "USD.genesis: ");
  expect_refused([&](PolicySpec& spec) { spec.genesis_paths = {spec.decision_log_key_path}; },
                 "log.pub: ");
  expect_refused(
      [&](PolicySpec& spec) {
        spec.genesis_paths = {genesis, genesis};
      },
      "stands in the list twice");
  expect_refused([](PolicySpec& spec) { spec.genesis_paths.clear(); }, "the policy: ledgers");
}

TEST_F(BridgeFilesTest, NamesAFileThatIsMissing) {
  ExpectRefused(Replaced(Config(), "dealer.pem", "absent.pem"), "absent.pem");
}

}  // namespace
}  // namespace causeway::bridge
