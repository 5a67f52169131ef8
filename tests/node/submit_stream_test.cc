// SubmitStream over a live ledger: window, back-pressure, outcomes, ends.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

#include "settlement/core/bulk.h"
#include "tests/node/live_service.h"

namespace causeway::node {
namespace {

class SubmitStreamTest : public LiveServiceTest {
 protected:
  using Stream = grpc::ClientReaderWriter<causeway::v1::StreamRequest, causeway::v1::StreamReply>;

  static causeway::v1::StreamRequest Tagged(std::uint64_t tag, const core::Item& item) {
    causeway::v1::StreamRequest request;
    request.set_tag(tag);
    *request.mutable_request() = RequestOf(item);
    return request;
  }
  // Reads `count` replies, by tag.
  static std::map<std::uint64_t, causeway::v1::StreamReply> Read(Stream& stream, int count) {
    std::map<std::uint64_t, causeway::v1::StreamReply> replies;
    causeway::v1::StreamReply reply;
    for (int i = 0; i < count && stream.Read(&reply); ++i) replies[reply.tag()] = reply;
    EXPECT_EQ(replies.size(), static_cast<std::size_t>(count));
    return replies;
  }
  static bool IsSettled(const causeway::v1::StreamReply& reply) {
    return reply.has_response() && reply.response().instructions_size() == 1 &&
           reply.response().instructions(0).status() == causeway::v1::INSTRUCTION_STATUS_SETTLED;
  }

  core::AccountRef RefOf(std::string_view body) {
    return runtime_->Read([&](const LedgerEngine& engine) {
      const core::AccountState* account = engine.ledger().FindAccount(Address(body));
      return core::AccountRef{account->number, account->check};
    });
  }
  core::Item BulkItem(const std::vector<std::int64_t>& amounts, std::uint8_t id) {
    core::Bulk bulk{.ledger = genesis_.ledger,
                    .genesis_hash = genesis_.hash,
                    .party = Party("ALPHA"),
                    .id = {id},
                    .valid_until = kStart + core::Duration::FromHours(1),
                    .payments = {}};
    for (const std::int64_t amount : amounts) {
      core::BulkPayment payment{.debtor = RefOf("ALPHA"),
                                .creditor = RefOf("BETA"),
                                .amount = core::Amount::FromMinor(amount)};
      payment.id = {id, static_cast<std::uint8_t>(bulk.payments.size() + 1)};
      payment.uetr = SomeUetr(static_cast<std::uint32_t>(++ids_));
      bulk.payments.push_back(payment);
    }
    return {.envelope =
                *core::SignEnvelope(core::kBulkPayloadType, core::EncodeBulk(bulk), *Key("ALPHA")),
            .attachments = {}};
  }
};

TEST_F(SubmitStreamTest, AnswersEveryRequestByItsTag) {
  StartService();
  ClientCall call("ALPHA");
  const auto stream = stub_->SubmitStream(&call.context);
  for (const std::uint64_t tag : {7u, 0u, 3'000'000'000u}) {
    ASSERT_TRUE(stream->Write(Tagged(tag, PayItem("ALPHA", "BETA", 100))));
  }
  for (const auto& [tag, reply] : Read(*stream, 3)) EXPECT_TRUE(IsSettled(reply)) << tag;
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(Available("BETA"), 300);
}

TEST_F(SubmitStreamTest, BulkTellsWhatDidNotSettle) {
  StartService();
  ClientCall call("ALPHA");
  const auto stream = stub_->SubmitStream(&call.context);
  ASSERT_TRUE(stream->Write(Tagged(1, BulkItem({100, 1'000'000, 200}, 1))));
  const auto replies = Read(*stream, 1);
  ASSERT_TRUE(replies.at(1).has_bulk()) << replies.at(1).ShortDebugString();
  const causeway::v1::BulkResults& bulk = replies.at(1).bulk();
  EXPECT_EQ(bulk.payment_count(), 3u);
  ASSERT_EQ(bulk.rejections_size(), 1);
  EXPECT_EQ(bulk.rejections(0).position(), 1u);
  EXPECT_EQ(bulk.rejections(0).outcome(), causeway::v1::OUTCOME_INSUFFICIENT_FUNDS);
  EXPECT_EQ(bulk.rejections(0).detail_actual(), 99'900);
  EXPECT_EQ(bulk.rejections(0).detail_required(), 1'000'000);
  EXPECT_GT(bulk.first_index(), 0u);
  EXPECT_EQ(bulk.business_date(), "2022-08-15");
  EXPECT_EQ(Available("BETA"), 300);
}

TEST_F(SubmitStreamTest, BulkThatCameBeforeIsKnown) {
  StartService();
  ClientCall call("ALPHA");
  const auto stream = stub_->SubmitStream(&call.context);
  const core::Item bulk = BulkItem({100}, 1);
  ASSERT_TRUE(stream->Write(Tagged(1, bulk)));
  causeway::v1::StreamReply first = Read(*stream, 1).at(1);
  ASSERT_TRUE(first.has_bulk());
  EXPECT_FALSE(first.bulk().repeated());
  ASSERT_TRUE(stream->Write(Tagged(2, bulk)));
  const causeway::v1::StreamReply again = Read(*stream, 1).at(2);
  EXPECT_TRUE(again.bulk().repeated());
  first.mutable_bulk()->set_repeated(true);
  EXPECT_EQ(again.bulk().SerializeAsString(), first.bulk().SerializeAsString());
  EXPECT_EQ(Available("BETA"), 100);
}

TEST_F(SubmitStreamTest, RefusalsAreRepliesAndTheStreamGoesOn) {
  StartService();
  ClientCall call("ALPHA");
  const auto stream = stub_->SubmitStream(&call.context);
  core::Item terms = PayItem("ALPHA", "BETA", 1);
  terms.envelope.payload_type = core::kTermsPayloadType;
  core::Item with_data = BulkItem({1}, 2);
  with_data.attachments = {"secret"};
  ASSERT_TRUE(stream->Write(Tagged(1, terms)));
  ASSERT_TRUE(stream->Write(Tagged(2, PayItem("BETA", "ALPHA", 1))));
  ASSERT_TRUE(stream->Write(Tagged(3, with_data)));
  ASSERT_TRUE(stream->Write(Tagged(4, PayItem("ALPHA", "BETA", 1))));
  const auto replies = Read(*stream, 4);
  EXPECT_EQ(replies.at(1).rejection().outcome(), causeway::v1::OUTCOME_MALFORMED);
  EXPECT_EQ(replies.at(2).rejection().outcome(), causeway::v1::OUTCOME_SENDER_NOT_ENTITLED);
  EXPECT_EQ(replies.at(3).rejection().outcome(), causeway::v1::OUTCOME_MALFORMED);
  EXPECT_TRUE(IsSettled(replies.at(4)));
}

TEST_F(SubmitStreamTest, BulkIsSentByItsPartyOrTheCentralBank) {
  StartService();
  ClientCall stranger("BETA");
  const auto refused = stub_->SubmitStream(&stranger.context);
  ASSERT_TRUE(refused->Write(Tagged(1, BulkItem({100}, 1))));
  EXPECT_EQ(Read(*refused, 1).at(1).rejection().outcome(),
            causeway::v1::OUTCOME_SENDER_NOT_ENTITLED);
  ClientCall central("CENTRAL");
  const auto taken = stub_->SubmitStream(&central.context);
  ASSERT_TRUE(taken->Write(Tagged(1, BulkItem({100}, 1))));
  EXPECT_TRUE(Read(*taken, 1).at(1).has_bulk());
}

TEST_F(SubmitStreamTest, LoadBeyondTheQueuesWaitsAndIsNotRefused) {
  StartService({.items_max = 2});
  constexpr int kStreams = 3;
  constexpr int kRequests = 40;
  std::vector<std::unique_ptr<ClientCall>> calls;
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < kStreams; ++i) {
    calls.push_back(std::make_unique<ClientCall>("ALPHA"));
    streams.push_back(stub_->SubmitStream(&calls.back()->context));
  }
  for (int i = 0; i < kRequests; ++i) {
    for (const auto& stream : streams) {
      ASSERT_TRUE(
          stream->Write(Tagged(static_cast<std::uint64_t>(i), PayItem("ALPHA", "BETA", 1))));
    }
  }
  for (const auto& stream : streams) {
    stream->WritesDone();
    for (const auto& [tag, reply] : Read(*stream, kRequests)) {
      EXPECT_TRUE(IsSettled(reply)) << reply.ShortDebugString();
    }
    EXPECT_TRUE(stream->Finish().ok());
  }
  EXPECT_EQ(Available("BETA"), kStreams * kRequests);
}

TEST_F(SubmitStreamTest, ACallerHasSoManyStreamsAndNoMore) {
  StartService({}, {.submit_streams_max = 2});
  std::vector<std::unique_ptr<ClientCall>> calls;
  std::vector<std::unique_ptr<Stream>> streams;
  const auto open = [&](std::string_view participant) {
    calls.push_back(std::make_unique<ClientCall>(participant));
    streams.push_back(stub_->SubmitStream(&calls.back()->context));
    // Opened, or refused, when something comes back.
    causeway::v1::StreamReply reply;
    streams.back()->Write(Tagged(1, PayItem("ALPHA", "BETA", 1)));
    return streams.back()->Read(&reply);
  };
  EXPECT_TRUE(open("ALPHA"));
  EXPECT_TRUE(open("ALPHA"));
  EXPECT_FALSE(open("ALPHA"));
  EXPECT_EQ(streams.back()->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(calls.back()->Refusal(), core::Outcome::kOverloaded);
  EXPECT_TRUE(open("BETA")) << "another caller";
  streams.front()->WritesDone();
  EXPECT_TRUE(streams.front()->Finish().ok());
  bool opened = false;  // once the server is through with the one that ended
  for (int i = 0; i < 100 && !opened; ++i) {
    opened = open("ALPHA");
    if (!opened) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(opened);
}

// Each stream had a window of its own, so that many of them took any amount of memory.
TEST_F(SubmitStreamTest, ABudgetHoldsOverAllStreamsAndCallsOfACaller) {
  StartService({}, {.bytes_max = 1});
  journal_->Close();
  ClientCall first_call("ALPHA");
  ClientCall second_call("ALPHA");
  const auto first = stub_->SubmitStream(&first_call.context);
  const auto second = stub_->SubmitStream(&second_call.context);
  constexpr int kRequests = 20;
  for (int i = 0; i < kRequests; ++i) {
    for (const auto& stream : {first.get(), second.get()}) {
      ASSERT_TRUE(
          stream->Write(Tagged(static_cast<std::uint64_t>(i), PayItem("ALPHA", "BETA", 1))));
    }
  }
  journal_->AwaitAppend();
  ClientCall call("ALPHA");
  causeway::v1::CheckpointResponse checkpoint;
  EXPECT_EQ(stub_->GetCheckpoint(&call.context, {}, &checkpoint).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(call.Refusal(), core::Outcome::kOverloaded);
  std::thread opener([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    journal_->Open();
  });
  ClientCall other("BETA");
  EXPECT_TRUE(stub_->GetCheckpoint(&other.context, {}, &checkpoint).ok());
  opener.join();
  for (const auto& stream : {first.get(), second.get()}) {
    for (const auto& [tag, reply] : Read(*stream, kRequests)) EXPECT_TRUE(IsSettled(reply)) << tag;
    stream->WritesDone();
    EXPECT_TRUE(stream->Finish().ok());
  }
  EXPECT_EQ(Available("BETA"), 2 * kRequests);
}

TEST_F(SubmitStreamTest, StoppedNodeAnswersWhatItReadAndEndsTheStream) {
  StartService({.items_max = 1});
  ClientCall call("ALPHA");
  const auto stream = stub_->SubmitStream(&call.context);
  journal_->Close();
  for (std::uint64_t tag = 1; tag <= 3; ++tag) {
    ASSERT_TRUE(stream->Write(Tagged(tag, PayItem("ALPHA", "BETA", 10))));
  }
  journal_->AwaitAppend();
  // The second is held back by now or soon; the third is not read before it.
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  service_->EndStreams();
  journal_->Open();
  std::map<std::uint64_t, causeway::v1::StreamReply> replies;
  causeway::v1::StreamReply reply;
  while (stream->Read(&reply)) replies[reply.tag()] = reply;
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  ASSERT_TRUE(replies.contains(1));
  EXPECT_TRUE(IsSettled(replies.at(1)));
  ASSERT_TRUE(replies.contains(2));
  EXPECT_EQ(replies.at(2).rejection().outcome(), causeway::v1::OUTCOME_UNAVAILABLE);
  EXPECT_FALSE(replies.contains(3));
  EXPECT_EQ(Available("BETA"), 10);
  ClientCall late("ALPHA");
  EXPECT_EQ(stub_->SubmitStream(&late.context)->Finish().error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST_F(SubmitStreamTest, ClientThatGoesAwayLeavesWholeOutcomes) {
  StartService({.items_max = 2});
  journal_->Close();
  {
    ClientCall call("ALPHA");
    const auto stream = stub_->SubmitStream(&call.context);
    for (std::uint64_t tag = 1; tag <= 5; ++tag) {
      ASSERT_TRUE(stream->Write(Tagged(tag, PayItem("ALPHA", "BETA", 10))));
    }
    journal_->AwaitAppend();
    call.context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  journal_->Open();
  ClientCall call("ALPHA");
  const auto stream = stub_->SubmitStream(&call.context);
  ASSERT_TRUE(stream->Write(Tagged(1, PayItem("ALPHA", "BETA", 1))));
  EXPECT_TRUE(IsSettled(Read(*stream, 1).at(1)));
  EXPECT_EQ(Available("BETA") % 10, 1);
}

}  // namespace
}  // namespace causeway::node
