#include "central-bank-node/runtime/witness_service.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "causeway/v1/witness_service.grpc.pb.h"
#include "central-bank-node/runtime/witness_runtime.h"
#include "settlement/core/decision_checkpoint.h"
#include "settlement/rpc/peer.h"
#include "settlement/rpc/server.h"
#include "settlement/rpc/tls.h"
#include "tests/witness/test_log.h"

namespace causeway::node {
namespace {

namespace v1 = causeway::v1;
using ::testing::HasSubstr;

class WitnessServiceTest : public ::testing::Test {
 protected:
  WitnessServiceTest()
      : runtime_(*witness::OpenWitness(disk_), [] { return std::uint64_t{1'660'000'000}; }),
        service_(&runtime_, *core::ParticipantId::Parse("BRIDGE")) {
    server_ = *rpc::Server::Start(
        {.listen = "127.0.0.1:0", .request_bytes_max = rpc::kCosignRequestBytesMax},
        {service_.service()});
    stub_ = v1::Witness::NewStub(*rpc::OpenChannel(
        server_->address(), std::nullopt, {.request_bytes_max = rpc::kCosignRequestBytesMax}));
  }
  ~WitnessServiceTest() override {
    runtime_.Stop();
    server_->Shutdown();
  }

  // `sender` is named by the connection, as a certificate would.
  grpc::Status CosignAs(const std::string& sender, const v1::CosignRequest& request,
                        v1::CosignResponse& response) {
    grpc::ClientContext context;
    if (!sender.empty()) rpc::NameParticipant(*core::ParticipantId::Parse(sender), context);
    return stub_->Cosign(&context, request, &response);
  }
  v1::CosignResponse Cosign(const std::vector<std::string>& batches) {
    v1::CosignRequest request;
    for (const std::string& batch : batches) request.add_batches(batch);
    v1::CosignResponse response;
    const grpc::Status status = CosignAs("BRIDGE", request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  v1::WitnessState State() {
    grpc::ClientContext context;
    v1::WitnessState state;
    const grpc::Status status = stub_->GetWitness(&context, v1::GetWitnessRequest(), &state);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return state;
  }

  witness::Disk disk_;
  witness::TestLog log_;
  WitnessRuntime runtime_;
  WitnessService service_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<v1::Witness::Stub> stub_;
};

TEST_F(WitnessServiceTest, CosignsAndTellsHowFarItIs) {
  const v1::CosignResponse cosigned = Cosign({log_.Write(witness::Commit(1))});
  EXPECT_EQ(cosigned.refusal(), v1::WITNESS_REFUSAL_NONE) << cosigned.message();
  ASSERT_EQ(cosigned.cosignatures_size(), 1);
  EXPECT_EQ(cosigned.cosignatures(0).size(), 1U);
  core::SignedCheckpoint note = *core::ParseCheckpoint(log_.Note());
  note.signatures.push_back(*core::ParseNoteSignature(cosigned.cosignatures(0).line()));
  const core::OpenSslSignatureVerifier verifier;
  EXPECT_EQ(*core::CosignersOf(note, witness::Policy(), verifier), std::vector<std::size_t>{0});

  const v1::CosignResponse asked = Cosign({});
  EXPECT_EQ(asked.batches(), 1U);
  EXPECT_EQ(core::ParseCheckpoint(asked.checkpoint())->checkpoint.root, log_.tree().Root());
}

TEST_F(WitnessServiceTest, ShowsWhatItFound) {
  Cosign({log_.Write(witness::Commit(1))});
  EXPECT_FALSE(State().refusing());
  witness::TestLog other;
  const v1::CosignResponse refused = Cosign({other.Write(witness::Abort(1))});
  EXPECT_EQ(refused.refusal(), v1::WITNESS_REFUSAL_REFUSING);
  const v1::WitnessState state = State();
  EXPECT_EQ(state.name(), witness::WitnessName(0));
  EXPECT_EQ(state.decision_log(), witness::kLog);
  EXPECT_EQ(state.size(), 1U);
  EXPECT_TRUE(state.refusing());
  EXPECT_EQ(state.evidence().kind(), v1::WitnessEvidence::KIND_FORKED_LOG);
  EXPECT_EQ(state.evidence().ours(), log_.Note());
  EXPECT_EQ(state.evidence().theirs(), other.Note());
}

TEST_F(WitnessServiceTest, TellsWhichBatchItWaitsFor) {
  log_.Write(witness::Commit(1));
  const v1::CosignResponse gap = Cosign({log_.Write(witness::Commit(2))});
  EXPECT_EQ(gap.refusal(), v1::WITNESS_REFUSAL_GAP);
  EXPECT_EQ(gap.batches(), 0U);
}

TEST_F(WitnessServiceTest, CallsAtOnceBecomeDurableInTheOrderOfTheirBatches) {
  for (int i = 0; i < 40; ++i) log_.Write(witness::Commit(i));
  std::vector<std::thread> callers;
  for (int i = 0; i < 40; ++i) {
    callers.emplace_back([this, i] {
      // Some come too early: their callers send again.
      while (Cosign({log_.batches()[static_cast<std::size_t>(i)]}).refusal() ==
             v1::WITNESS_REFUSAL_GAP) {
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(State().size(), 40U);
  EXPECT_EQ(disk_.record_count(), 40U);
}

// The log signs trees, not batches. Somebody who merged two batches of it into one made the witness
// count another number of them than the bridge, for ever.
TEST_F(WitnessServiceTest, BatchesOfAnybodyButTheBridgeAreRefused) {
  const std::vector<std::string> batches = {log_.Write(witness::Commit(1)),
                                            log_.Write(witness::Commit(2))};
  core::DecisionBatch merged = *core::DecodeDecisionBatch(batches[0]);
  const core::DecisionBatch second = *core::DecodeDecisionBatch(batches[1]);
  merged.decided.insert(merged.decided.end(), second.decided.begin(), second.decided.end());
  merged.checkpoint = second.checkpoint;
  v1::CosignRequest request;
  request.add_batches(core::EncodeDecisionBatch(merged));
  for (const std::string sender : {"BANKA", ""}) {
    v1::CosignResponse response;
    const grpc::Status status = CosignAs(sender, request, response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED) << sender;
    EXPECT_THAT(status.error_message(), HasSubstr("are taken from the bridge BRIDGE only"));
  }
  EXPECT_EQ(disk_.record_count(), 0U);
  EXPECT_EQ(Cosign(batches).cosignatures_size(), 2);
  EXPECT_EQ(State().batches(), 2U);
}

TEST_F(WitnessServiceTest, AnybodyMayAskAndShowACheckpoint) {
  Cosign({log_.Write(witness::Commit(1))});
  witness::TestLog other;
  other.Write(witness::Abort(1));
  v1::CosignRequest request;
  request.set_known(other.Note());
  v1::CosignResponse response;
  ASSERT_TRUE(CosignAs("BANKA", request, response).ok());
  EXPECT_EQ(response.batches(), 1U);
  EXPECT_EQ(response.refusal(), v1::WITNESS_REFUSAL_REFUSING);
  EXPECT_EQ(State().evidence().kind(), v1::WitnessEvidence::KIND_FORKED_LOG);
}

TEST_F(WitnessServiceTest, TooManyBatchesInOneCallAreRefused) {
  v1::CosignRequest request;
  for (int i = 0; i <= kWitnessCallBatchesMax; ++i) request.add_batches("batch");
  v1::CosignResponse response;
  const grpc::Status status = CosignAs("BRIDGE", request, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("batches: has 65 elements; at most 64"));
}

TEST_F(WitnessServiceTest, AStoppedWitnessTakesNothing) {
  runtime_.Stop();
  v1::CosignRequest request;
  request.add_batches(log_.Write(witness::Commit(1)));
  v1::CosignResponse response;
  EXPECT_EQ(CosignAs("BRIDGE", request, response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(disk_.record_count(), 0U);
}

// A bridge that ended batches by their count alone may have written one that is larger than any
// other request, and can part it no more.
TEST_F(WitnessServiceTest, ABatchOfAnyBytesIsCosigned) {
  const std::string terms(std::size_t{60} << 20, 't');
  core::DecisionRecord record;
  record.settlement_id = core::SettlementIdOf(terms);
  record.verdict = core::Verdict::kAbort;
  record.policy_hash = witness::Policy().hash;
  record.decided = core::LedgerTime::FromMicros(2'000'000'000);
  const std::string batch = log_.Write({core::EncodeDecisionRecord(record), terms, {}});
  ASSERT_GT(batch.size(), static_cast<std::size_t>(rpc::kRequestBytesMax));
  EXPECT_EQ(Cosign({batch}).cosignatures_size(), 1);
  EXPECT_EQ(State().size(), 1U);
}

}  // namespace
}  // namespace causeway::node
