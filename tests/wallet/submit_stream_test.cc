// The client's side of SubmitStream against a ledger that answers as the test says.
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "causeway/v1/ledger_service.grpc.pb.h"
#include "settlement/client/bulk.h"
#include "settlement/client/errors.h"
#include "settlement/client/ledger_client.h"
#include "settlement/codec/codec.h"
#include "tests/wallet/wallet_test_util.h"

namespace causeway::wallet {
namespace {

class StreamingLedger final : public v1::Ledger::Service {
 public:
  using Stream = grpc::ServerReaderWriter<v1::StreamReply, v1::StreamRequest>;
  std::function<grpc::Status(Stream&)> on_stream;

  grpc::Status SubmitStream(grpc::ServerContext*, Stream* stream) override {
    return on_stream(*stream);
  }
};

class SubmitStreamClientTest : public ::testing::Test {
 protected:
  SubmitStreamClientTest() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.SetMaxReceiveMessageSize(rpc::kRequestBytesMax);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    ledger_ = std::make_unique<client::LedgerClient>(
        *client::LedgerClient::Connect({.address = "127.0.0.1:" + std::to_string(port)}));
    service_.on_stream = [](StreamingLedger::Stream& stream) {
      v1::StreamRequest request;
      while (stream.Read(&request)) stream.Write(Settled(request.tag()));
      return grpc::Status::OK;
    };
  }
  ~SubmitStreamClientTest() override { server_->Shutdown(std::chrono::system_clock::now()); }

  static v1::StreamReply Settled(std::uint64_t tag) {
    v1::StreamReply reply;
    reply.set_tag(tag);
    v1::BulkResults* const bulk = reply.mutable_bulk();
    bulk->set_first_index(5);
    bulk->set_payment_count(3);
    bulk->set_business_date("2022-08-15");
    v1::BulkRejection* const rejected = bulk->add_rejections();
    rejected->set_position(2);
    rejected->set_outcome(v1::OUTCOME_INSUFFICIENT_FUNDS);
    rejected->set_detail_actual(1);
    rejected->set_detail_required(2);
    return reply;
  }
  static core::Envelope SomeEnvelope() {
    return *client::SignCommand(PayCommand(), *KeyNamed("alpha"));
  }
  std::unique_ptr<client::SubmitStream> Open(const client::SubmitStreamOptions& options = {}) {
    return ledger_->OpenSubmitStream(options, [this](client::StreamReply reply) {
      const std::lock_guard<std::mutex> lock(mutex_);
      replies_[reply.tag] = std::move(reply);
      changed_.notify_all();
    });
  }
  void AwaitReplies(std::size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return replies_.size() >= count; });
  }

  StreamingLedger service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<client::LedgerClient> ledger_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, client::StreamReply> replies_;
};

TEST_F(SubmitStreamClientTest, RequestArrivesAsItWasEncodedWhateverItsSize) {
  core::Envelope large = SomeEnvelope();
  large.payload.assign(3'000'000, 'x');
  std::vector<core::Envelope> arrived;
  service_.on_stream = [&](StreamingLedger::Stream& stream) {
    v1::StreamRequest request;
    while (stream.Read(&request)) {
      arrived.push_back(*codec::FromProto(request.request().envelope()));
      EXPECT_EQ(request.request().private_data_size(), 1);
      stream.Write(Settled(request.tag()));
    }
    return grpc::Status::OK;
  };
  const std::vector<std::string> data = {"secret"};
  const auto stream = Open();
  EXPECT_TRUE(stream->Send(1, client::EncodeRequest(SomeEnvelope(), data)));
  const client::EncodedRequest again = client::EncodeRequest(large, data);
  EXPECT_TRUE(stream->Send(2, again));
  EXPECT_TRUE(stream->Send(3, again));
  ASSERT_TRUE(stream->Finish().ok());
  ASSERT_EQ(arrived.size(), 3u);
  EXPECT_EQ(arrived[0], SomeEnvelope());
  EXPECT_EQ(arrived[1], large);
  EXPECT_EQ(arrived[2], large);
}

TEST_F(SubmitStreamClientTest, RepliesComeBackUnderTheCallersTags) {
  const auto stream = Open();
  for (const std::uint64_t tag : {9u, 0u, 4'000'000'000u}) {
    EXPECT_TRUE(stream->Send(tag, client::EncodeRequest(SomeEnvelope())));
  }
  ASSERT_TRUE(stream->Finish().ok());
  ASSERT_EQ(replies_.size(), 3u);
  const auto& outcome = replies_.at(4'000'000'000u).outcome;
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  const auto& bulk = std::get<client::BulkReply>(*outcome);
  EXPECT_EQ(bulk.first_index, 5u);
  EXPECT_EQ(bulk.payment_count, 3u);
  ASSERT_EQ(bulk.rejections.size(), 1u);
  EXPECT_EQ(bulk.rejections[0].position, 2u);
  EXPECT_EQ(bulk.rejections[0].rejection.outcome, core::Outcome::kInsufficientFunds);
  EXPECT_EQ(bulk.rejections[0].rejection.required, 2);
  EXPECT_EQ(stream->in_flight(), 0u);
}

TEST_F(SubmitStreamClientTest, WindowHoldsBackUntilAnAnswerComes) {
  std::mutex mutex;
  std::condition_variable changed;
  bool answer = false;
  service_.on_stream = [&](StreamingLedger::Stream& stream) {
    v1::StreamRequest request;
    {
      std::unique_lock<std::mutex> lock(mutex);
      changed.wait(lock, [&] { return answer; });
    }
    while (stream.Read(&request)) stream.Write(Settled(request.tag()));
    return grpc::Status::OK;
  };
  const auto stream = Open({.requests_max = 2});
  const client::EncodedRequest request = client::EncodeRequest(SomeEnvelope());
  EXPECT_EQ(stream->TrySend(1, request), client::SubmitStream::Sent::kSent);
  EXPECT_EQ(stream->TrySend(2, request), client::SubmitStream::Sent::kSent);
  EXPECT_EQ(stream->TrySend(3, request), client::SubmitStream::Sent::kWindowFull);
  {
    const std::lock_guard<std::mutex> lock(mutex);
    answer = true;
  }
  changed.notify_all();
  EXPECT_TRUE(stream->Send(3, request));
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(replies_.size(), 3u);
}

TEST_F(SubmitStreamClientTest, RequestLargerThanTheWindowGoesAlone) {
  const auto stream = Open({.requests_max = 10, .bytes_max = 1});
  EXPECT_TRUE(stream->Send(1, client::EncodeRequest(SomeEnvelope())));
  EXPECT_TRUE(stream->Send(2, client::EncodeRequest(SomeEnvelope())));
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(replies_.size(), 2u);
}

TEST_F(SubmitStreamClientTest, RefusalIsAReplyWithItsRejection) {
  service_.on_stream = [](StreamingLedger::Stream& stream) {
    v1::StreamRequest request;
    v1::StreamReply reply;
    while (stream.Read(&request)) {
      reply.set_tag(request.tag());
      reply.mutable_rejection()->set_outcome(v1::OUTCOME_WRONG_LEDGER);
      stream.Write(reply);
    }
    return grpc::Status::OK;
  };
  const auto stream = Open();
  EXPECT_TRUE(stream->Send(1, client::EncodeRequest(SomeEnvelope())));
  ASSERT_TRUE(stream->Finish().ok());
  const absl::Status status = replies_.at(1).outcome.status();
  ASSERT_TRUE(client::RejectionOf(status).has_value()) << status;
  EXPECT_EQ(client::RejectionOf(status)->outcome, core::Outcome::kWrongLedger);
}

TEST_F(SubmitStreamClientTest, BrokenStreamTellsWhatHasNoAnswer) {
  service_.on_stream = [](StreamingLedger::Stream& stream) {
    v1::StreamRequest request;
    stream.Read(&request);
    stream.Write(Settled(request.tag()));
    stream.Read(&request);
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "going home");
  };
  const auto stream = Open();
  EXPECT_TRUE(stream->Send(7, client::EncodeRequest(SomeEnvelope())));
  AwaitReplies(1);
  EXPECT_TRUE(stream->Send(8, client::EncodeRequest(SomeEnvelope())));
  const absl::Status status = stream->Finish();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_TRUE(client::OutcomeUnknown(status));
  EXPECT_EQ(stream->UnansweredTags(), std::vector<std::uint64_t>{8});
  EXPECT_TRUE(stream->ended());
  EXPECT_FALSE(stream->Send(9, client::EncodeRequest(SomeEnvelope())));
}

TEST_F(SubmitStreamClientTest, ServerThatForgetsARequestIsNoSuccess) {
  service_.on_stream = [](StreamingLedger::Stream& stream) {
    v1::StreamRequest request;
    while (stream.Read(&request)) {
    }
    return grpc::Status::OK;
  };
  const auto stream = Open();
  EXPECT_TRUE(stream->Send(7, client::EncodeRequest(SomeEnvelope())));
  EXPECT_FALSE(stream->Finish().ok());
}

TEST_F(SubmitStreamClientTest, AnswerToNothingBreaksTheStream) {
  service_.on_stream = [](StreamingLedger::Stream& stream) {
    v1::StreamRequest request;
    stream.Read(&request);
    stream.Write(Settled(request.tag() + 1));
    while (stream.Read(&request)) {
    }
    return grpc::Status::OK;
  };
  const auto stream = Open();
  EXPECT_TRUE(stream->Send(7, client::EncodeRequest(SomeEnvelope())));
  EXPECT_TRUE(absl::IsDataLoss(stream->Finish()));
  EXPECT_TRUE(replies_.empty());
}

TEST_F(SubmitStreamClientTest, CallbackMaySendTheNext) {
  std::unique_ptr<client::SubmitStream> stream;
  std::atomic<int> answered{0};
  const client::EncodedRequest request = client::EncodeRequest(SomeEnvelope());
  stream = ledger_->OpenSubmitStream({.requests_max = 1}, [&](const client::StreamReply&) {
    if (++answered < 50) {
      EXPECT_EQ(stream->TrySend(1, request), client::SubmitStream::Sent::kSent);
    } else {
      stream->CloseSending();
    }
  });
  EXPECT_TRUE(stream->Send(1, request));
  while (!stream->ended()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(answered, 50);
}

TEST_F(SubmitStreamClientTest, DestructorEndsWhatIsUnderWay) {
  service_.on_stream = [](StreamingLedger::Stream& stream) {
    v1::StreamRequest request;
    while (stream.Read(&request)) {
    }
    return grpc::Status::OK;
  };
  for (int i = 0; i < 20; ++i) {
    const auto stream = Open();
    EXPECT_TRUE(stream->Send(1, client::EncodeRequest(SomeEnvelope())));
  }
  EXPECT_TRUE(replies_.empty());
}

TEST_F(SubmitStreamClientTest, LedgerThatIsNotThereIsUnavailable) {
  server_->Shutdown(std::chrono::system_clock::now());
  const auto stream = Open();
  stream->Send(1, client::EncodeRequest(SomeEnvelope()));
  EXPECT_TRUE(absl::IsUnavailable(stream->Finish()));
}

class BulkBuilderTest : public ::testing::Test {
 protected:
  static client::BulkBuilder NewBuilder() {
    return {{ParseOrDie<core::LedgerOrigin>("hkma.example/hkd"), core::Sha256("genesis")},
            ParseOrDie<core::ParticipantId>("ALPHA"),
            {1},
            core::LedgerTime::FromMicros(1'660'525'200'000'000)};
  }
  static core::BulkPayment SomePayment() {
    return {.debtor = {.number = 1, .check = 2},
            .creditor = {.number = 3, .check = 4},
            .amount = core::Amount::FromMinor(5),
            .id = {7},
            .uetr = core::Uetr::FromRandomBytes({1, 2, 3})};
  }
};

TEST_F(BulkBuilderTest, SignedBulkReadsBack) {
  client::BulkBuilder builder = NewBuilder();
  EXPECT_TRUE(builder.Add(SomePayment()));
  const auto envelope = client::SignBulk(builder.bulk(), *KeyNamed("alpha"));
  ASSERT_TRUE(envelope.ok()) << envelope.status();
  EXPECT_EQ(envelope->payload_type, core::kBulkPayloadType);
  EXPECT_EQ(*core::DecodeBulk(envelope->payload), builder.bulk());
  EXPECT_EQ(envelope->signatures.size(), 1u);
}

TEST_F(BulkBuilderTest, TakesNoMoreThanABulkMayHave) {
  client::BulkBuilder builder = NewBuilder();
  for (std::size_t i = 0; i < core::kBulkPaymentsMax; ++i) EXPECT_TRUE(builder.Add(SomePayment()));
  EXPECT_FALSE(builder.Add(SomePayment()));
  EXPECT_EQ(builder.size(), core::kBulkPaymentsMax);
  builder.Restart({2}, core::LedgerTime::FromMicros(7));
  EXPECT_EQ(builder.size(), 0u);
  EXPECT_EQ(builder.bulk().id, core::RawInstructionId{2});
}

TEST_F(BulkBuilderTest, NobodySignsWhatNoLedgerReads) {
  client::BulkBuilder builder = NewBuilder();
  EXPECT_FALSE(client::SignBulk(builder.bulk(), *KeyNamed("alpha")).ok());  // no payments
  core::BulkPayment nameless = SomePayment();
  nameless.uetr = core::Uetr();
  builder.Add(nameless);
  EXPECT_FALSE(client::SignBulk(builder.bulk(), *KeyNamed("alpha")).ok());
}

}  // namespace
}  // namespace causeway::wallet
