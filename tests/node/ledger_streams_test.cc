#include "central-bank-node/runtime/ledger_streams.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "settlement/core/batch.h"
#include "tests/node/live_service.h"

namespace causeway::node {
namespace {

using core::Outcome;
using grpc::StatusCode;

class LedgerStreamsTest : public LiveServiceTest {
 protected:
  void SetUp() override { StartService(); }

  template <typename Message>
  struct Stream {
    explicit Stream(std::string_view caller) : call(caller) {}
    ~Stream() { call.context.TryCancel(); }
    bool Read() { return reader->Read(&message); }
    grpc::Status End() {
      while (reader->Read(&message)) {
      }
      return reader->Finish();
    }
    ClientCall call;
    std::unique_ptr<grpc::ClientReader<Message>> reader;
    Message message;
  };
  std::unique_ptr<Stream<causeway::v1::BatchMessage>> Subscribe(std::string_view caller,
                                                                std::uint64_t from) {
    auto stream = std::make_unique<Stream<causeway::v1::BatchMessage>>(caller);
    causeway::v1::SubscribeRequest request;
    request.set_from_index(from);
    stream->reader = stub_->Subscribe(&stream->call.context, request);
    return stream;
  }
  std::unique_ptr<Stream<causeway::v1::EntryView>> Watch(std::string_view caller,
                                                         std::uint64_t from = 0,
                                                         const std::string& address = "") {
    auto stream = std::make_unique<Stream<causeway::v1::EntryView>>(caller);
    causeway::v1::WatchRequest request;
    request.set_from_index(from);
    request.set_address(address);
    stream->reader = stub_->Watch(&stream->call.context, request);
    return stream;
  }
  std::uint64_t Size() {
    return runtime_->Read([](const LedgerEngine& engine) { return engine.size(); });
  }
};

TEST_F(LedgerStreamsTest, SubscribersGetEveryBatchFromTheGenesisAndThenNewOnes) {
  auto stream = Subscribe("AUDITOR", 0);
  std::uint64_t leaves = 0;
  for (std::uint64_t number = 0; number < 4; ++number) {
    ASSERT_TRUE(stream->Read());
    EXPECT_EQ(stream->message.number(), number);
    const absl::StatusOr<core::Batch> batch = core::DecodeBatch(stream->message.batch());
    ASSERT_TRUE(batch.ok()) << batch.status().message();
    leaves += core::LeavesOf(*batch)->size();
  }
  EXPECT_EQ(leaves, Size());
  Submit("ALPHA", PayItem("ALPHA", "BETA", 300));
  ASSERT_TRUE(stream->Read());
  EXPECT_EQ(stream->message.number(), 4U);
}

TEST_F(LedgerStreamsTest, SubscriptionStartsWithTheBatchThatContainsTheIndex) {
  auto inside = Subscribe("BRIDGE", 3);  // among the registrations of batch 1
  ASSERT_TRUE(inside->Read());
  EXPECT_EQ(inside->message.number(), 1U);
  auto next = Subscribe("CENTRAL", Size());
  next->reader->WaitForInitialMetadata();
  Submit("ALPHA", PayItem("ALPHA", "BETA", 300));
  ASSERT_TRUE(next->Read());
  EXPECT_EQ(next->message.number(), 4U);
}

TEST_F(LedgerStreamsTest, SubscriberThatKnowsMoreThanTheLogIsTold) {
  auto stream = Subscribe("AUDITOR", Size() + 1);
  EXPECT_EQ(stream->End().error_code(), StatusCode::OUT_OF_RANGE);
}

TEST_F(LedgerStreamsTest, BanksMayNotSubscribe) {
  for (const char* caller : {"ALPHA", "STRANGER"}) {
    auto stream = Subscribe(caller, 0);
    EXPECT_EQ(stream->End().error_code(), StatusCode::PERMISSION_DENIED);
    EXPECT_EQ(stream->call.Refusal(), Outcome::kSenderNotEntitled);
  }
}

TEST_F(LedgerStreamsTest, SubscriberSeesNothingThatIsNotDurable) {
  auto stream = Subscribe("AUDITOR", Size());
  stream->reader->WaitForInitialMetadata();
  journal_->Close();
  auto reply = SubmitSoon(List(PayItem("ALPHA", "BETA", 300)));
  journal_->AwaitAppend();
  std::atomic<bool> seen = false;
  std::thread reader([&] { seen = stream->Read(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(seen);
  journal_->Open();
  reader.join();
  EXPECT_TRUE(seen);
  reply.get();
}

TEST_F(LedgerStreamsTest, SlowSubscriberHoldsUpNobodyAndMissesNothing) {
  auto slow = Subscribe("AUDITOR", 0);
  ASSERT_TRUE(slow->Read());
  for (int i = 0; i < 30; ++i) SubmitSoon(List(PayBatchItem(500))).get();  // about 10 MB
  EXPECT_EQ(Available("BETA"), 15'000);
  for (std::uint64_t number = 1; number < 34; ++number) {
    ASSERT_TRUE(slow->Read());
    ASSERT_EQ(slow->message.number(), number);
  }
}

TEST_F(LedgerStreamsTest, WatchShowsTheCallersOwnEntriesFromNowOn) {
  Submit("ALPHA", PayItem("ALPHA", "BETA", 1));
  auto beta = Watch("BETA");
  beta->reader->WaitForInitialMetadata();
  Submit("CENTRAL", ByCentral(core::Issue{Address("ALPHA"), Hkd(5), "RTGS-2"}));
  Submit("ALPHA", PayItem("ALPHA", "BETA", 2, "SECOND"));
  Submit("BETA", PayItem("BETA", "ALPHA", 1'000, "THIRD"));
  ASSERT_TRUE(beta->Read());
  EXPECT_EQ(beta->message.instruction().instruction_id(), "SECOND");
  ASSERT_TRUE(beta->Read());
  EXPECT_EQ(beta->message.instruction().instruction_id(), "THIRD");
  EXPECT_EQ(beta->message.status(), causeway::v1::INSTRUCTION_STATUS_REJECTED);
}

TEST_F(LedgerStreamsTest, WatchFromAnIndexFirstShowsWhatWas) {
  for (int i = 0; i < 250; ++i) SubmitSoon(List(PayItem("ALPHA", "BETA", 1))).get();
  auto stream = Watch("BETA", 1, Text(Address("BETA")));
  std::uint64_t last = 0;
  for (int i = 0; i < 250; ++i) {
    ASSERT_TRUE(stream->Read());
    EXPECT_GT(stream->message.index(), last);
    last = stream->message.index();
  }
  Submit("ALPHA", PayItem("ALPHA", "BETA", 1, "NEW"));
  ASSERT_TRUE(stream->Read());
  EXPECT_EQ(stream->message.instruction().instruction_id(), "NEW");
}

TEST_F(LedgerStreamsTest, WatchOfSomebodyElsesAccountIsRefused) {
  auto stream = Watch("BETA", 0, Text(Address("ALPHA")));
  EXPECT_EQ(stream->End().error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(stream->call.Refusal(), Outcome::kSenderNotEntitled);
}

TEST_F(LedgerStreamsTest, StreamsEndAsUnavailableWhenTheNodeStops) {
  auto subscribed = Subscribe("AUDITOR", Size());
  auto watching = Watch("ALPHA");
  subscribed->reader->WaitForInitialMetadata();
  watching->reader->WaitForInitialMetadata();
  service_->EndStreams();
  EXPECT_EQ(subscribed->End().error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(watching->End().error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(Watch("ALPHA")->End().error_code(), StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace causeway::node
