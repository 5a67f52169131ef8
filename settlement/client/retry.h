// Repeating a request until its outcome is known. Everything that may be repeated so is idempotent:
// the same bytes again give the current status and are never executed twice. Any thread; the
// calling thread sleeps between attempts.
#ifndef CAUSEWAY_SETTLEMENT_CLIENT_RETRY_H_
#define CAUSEWAY_SETTLEMENT_CLIENT_RETRY_H_

#include <chrono>
#include <functional>

#include "absl/status/status.h"

namespace causeway::client {

struct RetryOptions {
  // For all attempts together. One attempt never gets more than is left.
  std::chrono::milliseconds deadline{60'000};
  // For one attempt; zero: all that is left.
  std::chrono::milliseconds attempt_deadline{10'000};
  // The pause after the first attempt; it doubles up to the second figure. Half of every pause is
  // drawn at random, so that clients that failed together do not come back together.
  std::chrono::milliseconds backoff_first{50};
  std::chrono::milliseconds backoff_max{2'000};
};

// Calls `attempt` with its deadline until its status is not transient (IsTransient of errors.h) or
// the overall deadline is past; then gives the last status. But once an attempt ended with its
// outcome unknown, a refusal that only means "not now" says nothing of that attempt: then the
// status given is the unknown one.
absl::Status RetryUntilKnown(
    const RetryOptions& options,
    const std::function<absl::Status(std::chrono::milliseconds deadline)>& attempt);

}  // namespace causeway::client

#endif  // CAUSEWAY_SETTLEMENT_CLIENT_RETRY_H_
