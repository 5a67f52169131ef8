// The gRPC service over a live ledger, on loopback without TLS: callers say who they are by
// metadata.
#ifndef CAUSEWAY_TESTS_NODE_LIVE_SERVICE_H_
#define CAUSEWAY_TESTS_NODE_LIVE_SERVICE_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "causeway/v1/ledger_service.grpc.pb.h"
#include "central-bank-node/runtime/ledger_service.h"
#include "settlement/rpc/peer.h"
#include "settlement/rpc/rejection_status.h"
#include "settlement/rpc/server.h"
#include "tests/node/live_ledger.h"

namespace causeway::node {

// A call by a participant; "" is the local operator.
struct ClientCall {
  explicit ClientCall(std::string_view participant,
                      std::chrono::milliseconds deadline = std::chrono::seconds(30)) {
    context.set_deadline(std::chrono::system_clock::now() + deadline);
    if (!participant.empty()) {
      rpc::NameParticipant(*core::ParticipantId::Parse(participant), context);
    }
  }
  core::Outcome Refusal() const {
    const std::optional<core::Rejection> rejection = rpc::RejectionOf(context);
    return rejection ? rejection->outcome : core::Outcome::kAccepted;
  }
  grpc::ClientContext context;
};

class LiveServiceTest : public LiveLedgerTest {
 protected:
  void StartService(RuntimeLimits limits = {}, CallerLimits caller_limits = {}) {
    StartRuntime(limits);
    Serve(caller_limits);
  }
  // Over `runtime_`.
  void Serve(CallerLimits caller_limits = {}) {
    service_ = std::make_unique<LedgerService>(runtime_.get(), caller_limits);
    auto server = rpc::Server::Start({"127.0.0.1:0", std::nullopt, ""}, {service_->service()});
    ASSERT_TRUE(server.ok()) << server.status().message();
    server_ = *std::move(server);
    auto channel = rpc::OpenChannel(server_->address(), std::nullopt);
    ASSERT_TRUE(channel.ok()) << channel.status().message();
    stub_ = causeway::v1::Ledger::NewStub(*channel);
  }
  void TearDown() override {
    if (service_ == nullptr) return;
    if (journal_ != nullptr) journal_->Open();
    service_->EndStreams();
    runtime_->Stop();
    server_->Shutdown();
  }

  static causeway::v1::SubmitRequest RequestOf(const core::Item& item) {
    causeway::v1::SubmitRequest request;
    codec::ToProto(item.envelope, request.mutable_envelope());
    for (const std::string& data : item.attachments) request.add_private_data(data);
    return request;
  }
  // The instruction in the answer; fails the test when the call was refused.
  causeway::v1::Instruction Submit(std::string_view caller, const core::Item& item) {
    ClientCall call(caller);
    causeway::v1::SubmitResponse response;
    const grpc::Status status = stub_->Submit(&call.context, RequestOf(item), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.instructions_size(), 1);
    return response.instructions_size() == 1 ? response.instructions(0)
                                             : causeway::v1::Instruction();
  }
  // Expects a refusal: its code and outcome.
  void ExpectRefused(std::string_view caller, const causeway::v1::SubmitRequest& request,
                     grpc::StatusCode code, core::Outcome outcome) {
    ClientCall call(caller);
    causeway::v1::SubmitResponse response;
    const grpc::Status status = stub_->Submit(&call.context, request, &response);
    EXPECT_EQ(status.error_code(), code) << status.error_message();
    EXPECT_EQ(core::OutcomeName(call.Refusal()), core::OutcomeName(outcome));
    EXPECT_FALSE(status.error_message().empty());
  }
  static std::string Text(const core::AccountAddress& address) { return address.ToString(); }

  std::unique_ptr<LedgerService> service_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<causeway::v1::Ledger::Stub> stub_;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_TESTS_NODE_LIVE_SERVICE_H_
