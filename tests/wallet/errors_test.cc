#include "settlement/client/errors.h"

#include <gtest/gtest.h>

#include "settlement/client/retry.h"

namespace causeway::wallet {
namespace {

core::Rejection Rejected(core::Outcome outcome) {
  core::Rejection rejection;
  rejection.outcome = outcome;
  rejection.actual = 5;
  rejection.required = 7;
  rejection.rule = "rule 1";
  return rejection;
}

TEST(Errors, ARejectionTravelsWithTheStatus) {
  const absl::Status status = client::StatusFor(Rejected(core::Outcome::kInsufficientFunds));
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  const auto back = client::RejectionOf(status);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->outcome, core::Outcome::kInsufficientFunds);
  EXPECT_EQ(back->actual, 5);
  EXPECT_EQ(back->required, 7);
  EXPECT_EQ(back->rule, "rule 1");
}

TEST(Errors, OtherStatusesCarryNoRejection) {
  EXPECT_FALSE(client::RejectionOf(absl::OkStatus()).has_value());
  EXPECT_FALSE(client::RejectionOf(absl::UnavailableError("gone")).has_value());
}

TEST(Errors, OnlyAnAnswerMakesTheOutcomeKnown) {
  EXPECT_TRUE(client::OutcomeUnknown(absl::UnavailableError("gone")));
  EXPECT_TRUE(client::OutcomeUnknown(absl::DeadlineExceededError("late")));
  EXPECT_FALSE(client::OutcomeUnknown(absl::OkStatus()));
  EXPECT_FALSE(client::OutcomeUnknown(absl::UnauthenticatedError("who?")));
  EXPECT_FALSE(client::OutcomeUnknown(client::StatusFor(Rejected(core::Outcome::kUnavailable))));
}

TEST(Errors, FullQueuesAndBrokenConnectionsAreTransient) {
  EXPECT_TRUE(client::IsTransient(absl::UnavailableError("gone")));
  EXPECT_TRUE(client::IsTransient(client::StatusFor(Rejected(core::Outcome::kOverloaded))));
  EXPECT_TRUE(client::IsTransient(client::StatusFor(Rejected(core::Outcome::kUnavailable))));
  EXPECT_FALSE(client::IsTransient(client::StatusFor(Rejected(core::Outcome::kBatchTooLarge))));
  EXPECT_FALSE(client::IsTransient(absl::InvalidArgumentError("wrong")));
}

TEST(Retry, RepeatsUntilTheOutcomeIsKnown) {
  int attempts = 0;
  client::RetryOptions options;
  options.backoff_first = std::chrono::milliseconds(1);
  const absl::Status status = client::RetryUntilKnown(options, [&](std::chrono::milliseconds) {
    return ++attempts < 4 ? absl::UnavailableError("gone") : absl::OkStatus();
  });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(attempts, 4);
}

// The first attempt may have been recorded and only its answer lost; that the ledger had no room
// for the repeats says nothing of it. Told as "nothing was recorded", somebody would pay twice.
TEST(Retry, DoesNotForgetAnUnknownOutcomeWhenRepeatsAreRefused) {
  int attempts = 0;
  client::RetryOptions options;
  options.deadline = std::chrono::milliseconds(50);
  options.backoff_first = std::chrono::milliseconds(1);
  const absl::Status status = client::RetryUntilKnown(options, [&](std::chrono::milliseconds) {
    if (++attempts == 1) return absl::UnavailableError("the connection broke");
    return client::StatusFor(Rejected(core::Outcome::kOverloaded));
  });
  EXPECT_GT(attempts, 1);
  EXPECT_TRUE(client::OutcomeUnknown(status)) << status;
  EXPECT_EQ(status.message(), "the connection broke");
}

TEST(Retry, TellsThatNothingWasRecordedWhenNoAttemptCouldHaveBeen) {
  client::RetryOptions options;
  options.deadline = std::chrono::milliseconds(20);
  options.backoff_first = std::chrono::milliseconds(1);
  const absl::Status status = client::RetryUntilKnown(options, [&](std::chrono::milliseconds) {
    return client::StatusFor(Rejected(core::Outcome::kOverloaded));
  });
  EXPECT_FALSE(client::OutcomeUnknown(status)) << status;
}

TEST(Retry, DoesNotRepeatARefusal) {
  int attempts = 0;
  const absl::Status status = client::RetryUntilKnown({}, [&](std::chrono::milliseconds) {
    ++attempts;
    return client::StatusFor(Rejected(core::Outcome::kUnknownAccount));
  });
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(attempts, 1);
}

TEST(Retry, EndsAtItsDeadlineWithTheLastStatus) {
  client::RetryOptions options;
  options.deadline = std::chrono::milliseconds(50);
  options.backoff_first = std::chrono::milliseconds(1);
  options.backoff_max = std::chrono::milliseconds(4);
  int attempts = 0;
  const absl::Status status = client::RetryUntilKnown(options, [&](auto deadline) {
    EXPECT_LE(deadline.count(), 50);
    ++attempts;
    return absl::UnavailableError("gone");
  });
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_GT(attempts, 1);
}

// A server may call something refused and say that it accepted it: that ends no client.
TEST(StatusForTest, WhatIsRefusedWithoutAReasonIsAnErrorToo) {
  const absl::Status status = client::StatusFor(Rejected(core::Outcome::kAccepted));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_FALSE(client::RejectionOf(status).has_value());
  EXPECT_FALSE(client::OutcomeUnknown(status));
}

}  // namespace
}  // namespace causeway::wallet
