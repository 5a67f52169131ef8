// The client library against a ledger that answers as the test says, over loopback.
#include <gmock/gmock.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

#include "settlement/client/errors.h"
#include "settlement/client/ledger_client.h"
#include "settlement/codec/codec.h"
#include "settlement/rpc/rejection_status.h"
#include "settlement/rpc/server.h"
#include "tests/wallet/fake_ledger.h"
#include "tests/wallet/wallet_test_util.h"

namespace causeway::wallet {
namespace {

using ::testing::HasSubstr;

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    options_.address = "127.0.0.1:" + std::to_string(port);
  }
  ~ClientTest() override { server_->Shutdown(std::chrono::system_clock::now()); }

  client::LedgerClient Connect() {
    auto client = client::LedgerClient::Connect(options_);
    EXPECT_TRUE(client.ok()) << client.status();
    return *std::move(client);
  }
  static core::Envelope SomeEnvelope() {
    return *client::SignCommand(PayCommand(), *KeyNamed("alpha"));
  }
  static void Settle(v1::SubmitResponse* response) {
    v1::Instruction* instruction = response->add_instructions();
    codec::ToProto(
        core::InstructionKey{ParseOrDie<core::ParticipantId>("ALPHA"), core::ActionKind::kPay,
                             ParseOrDie<core::InstructionId>("INV-1")},
        instruction->mutable_reference());
    instruction->set_status(v1::INSTRUCTION_STATUS_SETTLED);
    instruction->set_business_date("2022-08-15");
    instruction->set_entry_index(7);
  }

  FakeLedger service_;
  std::unique_ptr<grpc::Server> server_;
  client::ConnectionOptions options_;
};

TEST_F(ClientTest, SubmitGivesTheInstructionsStatus) {
  const core::Envelope sent = SomeEnvelope();
  service_.on_submit = [&](grpc::ServerContext&, const v1::SubmitRequest& request,
                           v1::SubmitResponse* response) {
    EXPECT_EQ(*codec::FromProto(request.envelope()), sent);
    Settle(response);
    return grpc::Status::OK;
  };
  const auto views = Connect().Submit(sent);
  ASSERT_TRUE(views.ok()) << views.status();
  ASSERT_EQ(views->size(), 1u);
  EXPECT_EQ(views->front().status, core::InstructionStatus::kSettled);
  EXPECT_EQ(views->front().entry_index, 7u);
  EXPECT_EQ(views->front().rejection.outcome, core::Outcome::kAccepted);
}

TEST_F(ClientTest, ARefusalComesWithItsRejection) {
  service_.on_submit = [](grpc::ServerContext& context, const v1::SubmitRequest&,
                          v1::SubmitResponse*) {
    return rpc::Refuse(core::Outcome::kWrongLedger, "another ledger", context);
  };
  const auto views = Connect().SubmitUntilKnown(SomeEnvelope());
  EXPECT_TRUE(absl::IsInvalidArgument(views.status())) << views.status();
  const auto rejection = client::RejectionOf(views.status());
  ASSERT_TRUE(rejection.has_value());
  EXPECT_EQ(rejection->outcome, core::Outcome::kWrongLedger);
  EXPECT_FALSE(client::OutcomeUnknown(views.status()));
}

TEST_F(ClientTest, TheSameBytesAreSentUntilTheOutcomeIsKnown) {
  std::atomic<int> calls{0};
  std::string first;
  service_.on_submit = [&](grpc::ServerContext& context, const v1::SubmitRequest& request,
                           v1::SubmitResponse* response) {
    const std::string bytes = request.SerializeAsString();
    if (++calls == 1) {
      first = bytes;
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "connection lost");
    }
    EXPECT_EQ(bytes, first);
    if (calls == 2) return rpc::Refuse(core::Outcome::kOverloaded, "full", context);
    Settle(response);
    return grpc::Status::OK;
  };
  client::RetryOptions retry;
  retry.backoff_first = std::chrono::milliseconds(1);
  const auto views = Connect().SubmitUntilKnown(SomeEnvelope(), {}, retry);
  ASSERT_TRUE(views.ok()) << views.status();
  EXPECT_EQ(calls, 3);
}

TEST_F(ClientTest, ADeadlineLeavesTheOutcomeUnknown) {
  service_.on_submit = [](grpc::ServerContext& context, const v1::SubmitRequest&,
                          v1::SubmitResponse*) {
    while (!context.IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return grpc::Status::CANCELLED;
  };
  const auto views = Connect().Submit(SomeEnvelope(), {std::chrono::milliseconds(50)});
  EXPECT_TRUE(absl::IsDeadlineExceeded(views.status())) << views.status();
  EXPECT_TRUE(client::OutcomeUnknown(views.status()));
}

TEST_F(ClientTest, AnAnswerThatDoesNotDecodeIsDataLoss) {
  service_.on_submit = [](grpc::ServerContext&, const v1::SubmitRequest&,
                          v1::SubmitResponse* response) {
    Settle(response);
    response->mutable_instructions(0)->set_settlement_id("short");
    return grpc::Status::OK;
  };
  const auto views = Connect().Submit(SomeEnvelope());
  EXPECT_TRUE(absl::IsDataLoss(views.status())) << views.status();
  EXPECT_THAT(std::string(views.status().message()), HasSubstr("instructions[0].settlement_id"));
}

TEST_F(ClientTest, AStatementMustAddUp) {
  service_.statement.set_address(Address("HKD", "ALPHA0001").ToString());
  service_.statement.set_from_date("2022-08-15");
  service_.statement.set_to_date("2022-08-15");
  service_.statement.set_opening_balance(10);
  service_.statement.set_closing_balance(11);
  const auto date = ParseOrDie<core::BusinessDate>("2022-08-15");
  const auto statement = Connect().GetStatement(Address("HKD", "ALPHA0001"), date, date);
  EXPECT_TRUE(absl::IsDataLoss(statement.status())) << statement.status();
}

TEST_F(ClientTest, ALedgersIdentityMustBeThatOfItsGenesis) {
  service_.info = VectorLedgerInfo();
  options_.participant = ParseOrDie<core::ParticipantId>("ALPHA");
  const auto info = Connect().GetInfo();
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->genesis.hash, VectorGenesisHash());
  EXPECT_EQ(service_.participant, "ALPHA");

  service_.info.set_genesis_hash(std::string(32, 'x'));
  EXPECT_TRUE(absl::IsDataLoss(Connect().GetInfo().status()));
}

TEST_F(ClientTest, AWatchEndsWhenTheCallbackHasEnough) {
  const client::LedgerClient client = Connect();
  std::vector<std::uint64_t> seen;
  const auto stream = client.Watch({}, 5, [&](const client::EntryView& entry) {
    seen.push_back(entry.index);
    return seen.size() < 3;
  });
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_TRUE((*stream)->Wait().ok());
  EXPECT_THAT(seen, ::testing::ElementsAre(5u, 6u, 7u));
}

TEST_F(ClientTest, AWatchThatIsCancelledEndsInOrder) {
  const client::LedgerClient client = Connect();
  std::atomic<int> seen{0};
  const auto stream = client.Watch({}, 0, [&](const client::EntryView&) {
    ++seen;
    return true;
  });
  ASSERT_TRUE(stream.ok()) << stream.status();
  while (seen == 0) std::this_thread::yield();
  (*stream)->Cancel();
  EXPECT_TRUE((*stream)->Wait().ok());
  EXPECT_TRUE((*stream)->done());
}

TEST_F(ClientTest, AWatchOfALedgerThatIsGoneSaysSo) {
  options_.address = "127.0.0.1:1";
  const client::LedgerClient client = Connect();
  const auto stream = client.Watch({}, 0, [](const client::EntryView&) { return true; });
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_TRUE(absl::IsUnavailable((*stream)->Wait()));
}

// A program that only calls did not come back from its first failure to connect: nothing moved the
// connection forward between the calls.
TEST(ReconnectTest, TheCallAfterARestartOfTheServerSucceedsSoon) {
  FakeLedger service;
  auto server = rpc::Server::Start({.listen = "127.0.0.1:0"}, {&service});
  ASSERT_TRUE(server.ok()) << server.status();
  const std::string address = (*server)->address();
  const auto client = client::LedgerClient::Connect({.address = address});
  ASSERT_TRUE(client.ok()) << client.status();
  const client::CallOptions quick{std::chrono::milliseconds(1000)};
  ASSERT_TRUE(client->GetCheckpoint(quick).ok());
  for (int restart = 0; restart < 2; ++restart) {
    server->reset();
    for (int call = 0; call < 2; ++call) {
      const absl::Status gone = client->GetCheckpoint(quick).status();
      EXPECT_TRUE(absl::IsUnavailable(gone)) << gone;
    }
    server = rpc::Server::Start({.listen = address}, {&service});
    ASSERT_TRUE(server.ok()) << server.status();
    const auto begin = std::chrono::steady_clock::now();
    const absl::Status back = client->GetCheckpoint().status();
    EXPECT_TRUE(back.ok()) << back;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  }
}

}  // namespace
}  // namespace causeway::wallet
