// `causeway-wallet witnesses` against a bridge and witnesses that say what the test wants.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "causeway/v1/bridge_service.grpc.pb.h"
#include "causeway/v1/witness_service.grpc.pb.h"
#include "settlement/codec/codec.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/merkle.h"
#include "settlement/rpc/server.h"
#include "tests/vectors/read_vector.h"
#include "tests/wallet/wallet_test_util.h"
#include "wallet-cli/render.h"

namespace causeway::wallet {
namespace {

using ::testing::HasSubstr;

// Of the decision log, at a size.
std::string NoteOf(std::uint64_t size) {
  return *core::SignCheckpoint({"bridge.example/decisions", size, core::EmptyRoot(), {}},
                               "bridge.example/decisions", *KeyNamed("log"));
}

class FakeWitness final : public v1::Witness::Service {
 public:
  v1::WitnessState state;
  grpc::Status GetWitness(grpc::ServerContext*, const v1::GetWitnessRequest*,
                          v1::WitnessState* response) override {
    *response = state;
    return grpc::Status::OK;
  }
};

class FakeBridge final : public v1::Bridge::Service {
 public:
  v1::BridgeInfo info;
  grpc::Status GetBridge(grpc::ServerContext*, const v1::GetBridgeRequest*,
                         v1::BridgeInfo* response) override {
    *response = info;
    return grpc::Status::OK;
  }
  grpc::Status GetDecisionCheckpoint(grpc::ServerContext*, const v1::GetDecisionCheckpointRequest*,
                                     v1::DecisionCheckpoint* response) override {
    response->set_checkpoint(NoteOf(12));
    return grpc::Status::OK;
  }
};

class WitnessCommandsTest : public WalletFixture {
 protected:
  WitnessCommandsTest() {
    witness_.state.set_name("audit.example/witness");
    witness_.state.set_decision_log("bridge.example/decisions");
    codec::ToProto(KeyNamed("witness")->public_key(), witness_.state.mutable_key());
    witness_.state.set_batches(3);
    witness_.state.set_size(7);
    const auto terms = nlohmann::json::parse(testing::ReadVector("terms.json"));
    const std::string policy = *core::FromHex(terms["policy"].get<std::string>());
    bridge_.info.set_decision_log("bridge.example/decisions");
    bridge_.info.set_policy(policy);
    bridge_.info.set_policy_hash(std::string(core::Sha256(policy).view()));
    v1::BridgeWitness* const seen = bridge_.info.add_witnesses();
    seen->set_name("audit.example/witness");
    seen->set_reached(true);
    seen->set_cosigned(9);
    seen->set_refusal("a gap");
    auto server = rpc::Server::Start({.listen = "127.0.0.1:0"}, {&witness_, &bridge_});
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  Json Witnesses(std::vector<std::string> words) {
    words.insert(words.begin(), {"--insecure", "--json"});
    const Run run = Wallet(words);
    EXPECT_EQ(run.code, 0) << run.err;
    return Json::parse(run.out);
  }

  FakeWitness witness_;
  FakeBridge bridge_;
  std::unique_ptr<rpc::Server> server_;
};

TEST_F(WitnessCommandsTest, TellsHowTheBridgeSeesThem) {
  const Json seen = Witnesses({"--bridge", server_->address(), "witnesses"});
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0]["name"], "audit.example/witness");
  EXPECT_EQ(seen[0]["reached"], true);
  EXPECT_EQ(seen[0]["cosigned"], 9);
  EXPECT_EQ(seen[0]["behind"], 3);
  EXPECT_EQ(seen[0]["refusal"], "a gap");
}

TEST_F(WitnessCommandsTest, TellsWhatAWitnessSaysOfItself) {
  const Json alone = Witnesses({"witnesses", "--witness", server_->address()});
  EXPECT_EQ(alone[0]["size"], 7);
  EXPECT_TRUE(alone[0]["behind"].is_null());
  EXPECT_TRUE(alone[0]["evidence"].is_null());
  const Json beside =
      Witnesses({"--bridge", server_->address(), "witnesses", "--witness", server_->address()});
  EXPECT_EQ(beside[0]["behind"], 5);
}

TEST_F(WitnessCommandsTest, ShowsTheEvidence) {
  witness_.state.set_refusing(true);
  v1::WitnessEvidence* const evidence = witness_.state.mutable_evidence();
  evidence->set_kind(v1::WitnessEvidence::KIND_FORKED_LOG);
  evidence->set_epoch(2);
  evidence->set_message("Two histories.");
  evidence->set_ours(NoteOf(7));
  evidence->set_theirs(NoteOf(8));
  evidence->set_batch("\x01\x02");
  const Json shown = Witnesses({"witnesses", "--witness", server_->address()})[0]["evidence"];
  EXPECT_EQ(shown["kind"], "forked-log");
  EXPECT_EQ(shown["epoch"], 2);
  EXPECT_EQ(shown["theirs"], NoteOf(8));
  EXPECT_EQ(shown["batch"], "0102");
  const Run text = Wallet({"--insecure", "witnesses", "--witness", server_->address()});
  EXPECT_THAT(text.out, HasSubstr("forked-log: Two histories."));
}

TEST_F(WitnessCommandsTest, OneThatDoesNotAnswerIsToldAmongTheOthers) {
  const Json told = Witnesses(
      {"--timeout", "2", "witnesses", "--witness", "127.0.0.1:1", "--witness", server_->address()});
  EXPECT_TRUE(told[0].contains("unreachable"));
  EXPECT_EQ(told[1]["size"], 7);
}

}  // namespace
}  // namespace causeway::wallet
