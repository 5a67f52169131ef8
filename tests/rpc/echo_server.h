// A server for the tests of rpc: GetLedger answers with who called, Submit refuses with a
// rejection, Subscribe counts from the index given.
#ifndef CAUSEWAY_TESTS_RPC_ECHO_SERVER_H_
#define CAUSEWAY_TESTS_RPC_ECHO_SERVER_H_

#include <grpcpp/channel.h>
#include <grpcpp/server_context.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "causeway/v1/ledger_service.grpc.pb.h"
#include "settlement/rpc/peer.h"
#include "settlement/rpc/rejection_status.h"
#include "settlement/rpc/server.h"
#include "settlement/rpc/stream.h"

namespace causeway::rpc {

// Numbers from `from` on, as far as `limit` goes; ends at `end`.
class NumberSource final : public StreamSource<causeway::v1::BatchMessage> {
 public:
  NumberSource(std::uint64_t from, const std::atomic<std::uint64_t>* limit, std::uint64_t end)
      : next_(from), limit_(limit), end_(end) {}
  Pull Next(causeway::v1::BatchMessage* message, grpc::Status* status) override {
    if (next_ >= end_) {
      *status = grpc::Status(grpc::StatusCode::OUT_OF_RANGE, "that was all");
      return Pull::kEnd;
    }
    if (next_ >= limit_->load()) return Pull::kNothing;
    message->set_number(next_++);
    return Pull::kMessage;
  }

 private:
  std::uint64_t next_;
  const std::atomic<std::uint64_t>* limit_;
  std::uint64_t end_;
};

class EchoService final : public causeway::v1::Ledger::CallbackService {
 public:
  grpc::ServerUnaryReactor* GetLedger(grpc::CallbackServerContext* context,
                                      const causeway::v1::GetLedgerRequest*,
                                      causeway::v1::LedgerInfo* response) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    absl::StatusOr<Peer> peer = PeerOf(*context);
    if (!peer.ok()) {
      reactor->Finish(ToGrpc(peer.status()));
      return reactor;
    }
    response->set_ledger(peer->participant ? peer->participant->ToString() : "nobody");
    response->set_currency(peer->insecure ? "insecure" : "tls");
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  grpc::ServerUnaryReactor* Submit(grpc::CallbackServerContext* context,
                                   const causeway::v1::SubmitRequest*,
                                   causeway::v1::SubmitResponse*) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    core::Rejection rejection;
    rejection.outcome = core::Outcome::kInsufficientFunds;
    rejection.actual = 5;
    rejection.required = 7;
    rejection.rule = "HKD94ALPHA0001";
    reactor->Finish(rpc::Refuse(rejection, *context));
    return reactor;
  }
  grpc::ServerWriteReactor<causeway::v1::BatchMessage>* Subscribe(
      grpc::CallbackServerContext*, const causeway::v1::SubscribeRequest* request) override {
    return hub.Open<causeway::v1::BatchMessage>(
        std::make_unique<NumberSource>(request->from_index(), &limit, end));
  }

  StreamHub hub{2};
  std::atomic<std::uint64_t> limit{0};
  std::uint64_t end = 1'000'000;
};

class EchoServerTest : public ::testing::Test {
 protected:
  void Start(const std::optional<TlsFiles>& tls = std::nullopt, std::string ready_file = "") {
    absl::StatusOr<std::unique_ptr<Server>> server =
        Server::Start({"127.0.0.1:0", tls, std::move(ready_file)}, {&service_});
    ASSERT_TRUE(server.ok()) << server.status().message();
    server_ = *std::move(server);
  }
  std::unique_ptr<causeway::v1::Ledger::Stub> Connect(
      const std::optional<TlsFiles>& tls = std::nullopt) {
    absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = OpenChannel(server_->address(), tls);
    EXPECT_TRUE(channel.ok()) << channel.status().message();
    return causeway::v1::Ledger::NewStub(*channel);
  }
  static void SetDeadline(grpc::ClientContext& context, int seconds = 10) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(seconds));
  }

  EchoService service_;
  std::unique_ptr<Server> server_;
};

}  // namespace causeway::rpc

#endif  // CAUSEWAY_TESTS_RPC_ECHO_SERVER_H_
