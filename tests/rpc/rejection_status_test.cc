#include "settlement/rpc/rejection_status.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>

#include "tests/rpc/echo_server.h"

namespace causeway::rpc {
namespace {

using core::Outcome;
using RejectionStatusTest = EchoServerTest;

TEST(CodeOf, EveryOutcomeHasACanonicalCode) {
  int outcomes = 0;
  for (int number = 0; number <= 0xFFFF; ++number) {
    const auto outcome = core::OutcomeFromNumber(static_cast<std::uint16_t>(number));
    if (!outcome) continue;
    outcomes += 1;
    EXPECT_EQ(*outcome == Outcome::kAccepted, CodeOf(*outcome) == absl::StatusCode::kOk) << number;
    EXPECT_NE(CodeOf(*outcome), absl::StatusCode::kUnknown) << number;
    // These tell a client that the outcome is unknown, which a refusal never is.
    EXPECT_NE(CodeOf(*outcome), absl::StatusCode::kDeadlineExceeded) << number;
    EXPECT_NE(CodeOf(*outcome), absl::StatusCode::kInternal) << number;
  }
  EXPECT_GE(outcomes, 49);
}

TEST(CodeOf, FollowsTheMeaningOfTheOutcome) {
  const std::map<Outcome, absl::StatusCode> expected = {
      {Outcome::kMalformed, absl::StatusCode::kInvalidArgument},
      {Outcome::kBadSignature, absl::StatusCode::kUnauthenticated},
      {Outcome::kUnknownKey, absl::StatusCode::kUnauthenticated},
      {Outcome::kNotSignedByParty, absl::StatusCode::kPermissionDenied},
      {Outcome::kSenderNotEntitled, absl::StatusCode::kPermissionDenied},
      {Outcome::kInstructionIdReused, absl::StatusCode::kAlreadyExists},
      {Outcome::kOverloaded, absl::StatusCode::kResourceExhausted},
      {Outcome::kBatchTooLarge, absl::StatusCode::kResourceExhausted},
      {Outcome::kUnavailable, absl::StatusCode::kUnavailable},
      {Outcome::kNotFound, absl::StatusCode::kNotFound},
      {Outcome::kInsufficientFunds, absl::StatusCode::kFailedPrecondition},
      {Outcome::kPastDeadline, absl::StatusCode::kFailedPrecondition},
      {Outcome::kQuoteExpired, absl::StatusCode::kFailedPrecondition},
  };
  for (const auto& [outcome, code] : expected) {
    EXPECT_EQ(CodeOf(outcome), code) << core::OutcomeName(outcome);
  }
}

TEST(ToGrpc, KeepsCodeAndMessageBothWays) {
  const absl::Status status = absl::DataLossError("block 7: checksum");
  const grpc::Status sent = ToGrpc(status);
  EXPECT_EQ(sent.error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_EQ(FromGrpc(sent), status);
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
}

TEST_F(RejectionStatusTest, RejectionReachesTheClientWhole) {
  Start();
  auto stub = Connect();
  grpc::ClientContext context;
  SetDeadline(context);
  causeway::v1::SubmitResponse response;
  const grpc::Status status = stub->Submit(&context, {}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  const std::optional<core::Rejection> rejection = RejectionOf(context);
  ASSERT_TRUE(rejection.has_value());
  EXPECT_EQ(rejection->outcome, Outcome::kInsufficientFunds);
  EXPECT_EQ(rejection->actual, 5);
  EXPECT_EQ(rejection->required, 7);
  EXPECT_EQ(rejection->rule, "HKD94ALPHA0001");
  EXPECT_EQ(rejection->message, status.error_message());
  EXPECT_EQ(RejectionOf(context, status), *rejection);
}

TEST_F(RejectionStatusTest, StatusWithoutRejectionGetsTheNearestOutcome) {
  Start();
  auto stub = Connect();
  grpc::ClientContext context;
  SetDeadline(context);
  causeway::v1::SubmitManyResponse response;
  const grpc::Status status = stub->SubmitMany(&context, {}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_FALSE(RejectionOf(context).has_value());
  EXPECT_EQ(RejectionOf(context, status).outcome, Outcome::kMalformed);
}

TEST_F(RejectionStatusTest, UnreachableServerIsUnavailable) {
  Start();
  auto stub = Connect();
  server_->Shutdown();
  grpc::ClientContext context;
  SetDeadline(context);
  causeway::v1::SubmitResponse response;
  const grpc::Status status = stub->Submit(&context, {}, &response);
  EXPECT_EQ(RejectionOf(context, status).outcome, Outcome::kUnavailable);
}

}  // namespace
}  // namespace causeway::rpc
