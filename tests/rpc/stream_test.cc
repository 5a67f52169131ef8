#include "settlement/rpc/stream.h"

#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/rpc/echo_server.h"

namespace causeway::rpc {
namespace {

class StreamTest : public EchoServerTest {
 protected:
  void SetUp() override { Start(); }
  void TearDown() override {
    service_.hub.EndAll({grpc::StatusCode::UNAVAILABLE, "stopping"});
    server_->Shutdown();
  }

  struct Call {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<causeway::v1::BatchMessage>> reader;

    std::uint64_t Read() {
      causeway::v1::BatchMessage message;
      return reader->Read(&message) ? message.number() : UINT64_MAX;
    }
  };
  std::unique_ptr<Call> Subscribe(std::uint64_t from) {
    auto call = std::make_unique<Call>();
    SetDeadline(call->context, 30);
    causeway::v1::SubscribeRequest request;
    request.set_from_index(from);
    stub_ = Connect();
    call->reader = stub_->Subscribe(&call->context, request);
    return call;
  }
  void Grow(std::uint64_t limit) {
    service_.limit = limit;
    service_.hub.Wake();
  }

  std::unique_ptr<causeway::v1::Ledger::Stub> stub_;
};

TEST_F(StreamTest, SendsWhatIsThereAndThenWhatComes) {
  service_.limit = 3;
  auto call = Subscribe(1);
  EXPECT_EQ(call->Read(), 1U);
  EXPECT_EQ(call->Read(), 2U);
  Grow(5);
  EXPECT_EQ(call->Read(), 3U);
  EXPECT_EQ(call->Read(), 4U);
  call->context.TryCancel();
}

TEST_F(StreamTest, InitialMetadataSaysThatItIsOpenBeforeTheFirstMessage) {
  auto call = Subscribe(0);
  call->reader->WaitForInitialMetadata();
  Grow(1);
  EXPECT_EQ(call->Read(), 0U);
  call->context.TryCancel();
}

TEST_F(StreamTest, EndsWithTheStatusOfItsSource) {
  service_.end = 2;
  service_.limit = 10;
  auto call = Subscribe(0);
  EXPECT_EQ(call->Read(), 0U);
  EXPECT_EQ(call->Read(), 1U);
  EXPECT_EQ(call->Read(), UINT64_MAX);
  const grpc::Status status = call->reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(status.error_message(), "that was all");
}

TEST_F(StreamTest, EndAllEndsWaitingAndLaterStreams) {
  auto waiting = Subscribe(0);
  waiting->reader->WaitForInitialMetadata();
  service_.hub.EndAll({grpc::StatusCode::UNAVAILABLE, "stopping"});
  EXPECT_EQ(waiting->Read(), UINT64_MAX);
  EXPECT_EQ(waiting->reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  auto later = Subscribe(0);
  EXPECT_EQ(later->Read(), UINT64_MAX);
  EXPECT_EQ(later->reader->Finish().error_message(), "stopping");
}

TEST_F(StreamTest, ClientThatDoesNotReadHoldsUpNobody) {
  service_.limit = 200'000;
  auto stalled = Subscribe(0);
  auto quick = Subscribe(199'000);
  for (std::uint64_t number = 199'000; number < 200'000; ++number) {
    ASSERT_EQ(quick->Read(), number);
  }
  // And gets everything once it reads.
  for (std::uint64_t number = 0; number < 20'000; ++number) ASSERT_EQ(stalled->Read(), number);
  stalled->context.TryCancel();
  quick->context.TryCancel();
}

TEST_F(StreamTest, StreamsComeAndGoWhileNewsArrive) {
  std::vector<std::thread> clients;
  auto stub = Connect();
  for (int client = 0; client < 8; ++client) {
    clients.emplace_back([&, client] {
      for (int round = 0; round < 20; ++round) {
        grpc::ClientContext context;
        SetDeadline(context, 30);
        causeway::v1::SubscribeRequest request;
        auto reader = stub->Subscribe(&context, request);
        causeway::v1::BatchMessage message;
        for (int i = 0; i < client + round; ++i) {
          if (!reader->Read(&message)) break;
          EXPECT_EQ(message.number(), static_cast<std::uint64_t>(i));
        }
        context.TryCancel();
        while (reader->Read(&message)) {
        }
        EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
      }
    });
  }
  for (std::uint64_t limit = 1; limit <= 100; ++limit) {
    Grow(limit);
    std::this_thread::yield();
  }
  for (std::thread& client : clients) client.join();
}

TEST_F(StreamTest, ShutdownEndsAStreamWhoseClientDoesNotRead) {
  service_.limit = 1'000'000;
  auto stalled = Subscribe(0);
  EXPECT_EQ(stalled->Read(), 0U);
  service_.hub.EndAll({grpc::StatusCode::UNAVAILABLE, "stopping"});
  server_->Shutdown(std::chrono::milliseconds(200));
  causeway::v1::BatchMessage message;
  while (stalled->reader->Read(&message)) {
  }
  EXPECT_FALSE(stalled->reader->Finish().ok());
}

}  // namespace
}  // namespace causeway::rpc
