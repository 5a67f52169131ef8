#include "settlement/client/retry.h"

#include <algorithm>
#include <cstdint>
#include <thread>

#include "settlement/client/commands.h"
#include "settlement/client/errors.h"
#include "settlement/core/bytes.h"

namespace causeway::client {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Half of `backoff`, and a random part of the other half.
milliseconds WithJitter(milliseconds backoff) {
  const absl::StatusOr<std::string> random = RandomBytes(sizeof(std::uint32_t));
  const std::uint32_t draw = random.ok() ? core::Reader(*random).U32() : 0;
  const auto half = backoff / 2;
  return half + milliseconds(static_cast<std::int64_t>(draw) % (half.count() + 1));
}

}  // namespace

absl::Status RetryUntilKnown(const RetryOptions& options,
                             const std::function<absl::Status(milliseconds deadline)>& attempt) {
  const Clock::time_point end = Clock::now() + options.deadline;
  milliseconds backoff = std::max(options.backoff_first, milliseconds(1));
  absl::Status unknown;  // of the latest attempt that may have been recorded
  while (true) {
    const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
    const milliseconds deadline =
        options.attempt_deadline.count() > 0 ? std::min(options.attempt_deadline, left) : left;
    absl::Status status = attempt(std::max(deadline, milliseconds(1)));
    if (status.ok() || !IsTransient(status)) return status;
    if (OutcomeUnknown(status)) unknown = status;
    const milliseconds pause = WithJitter(backoff);
    if (Clock::now() + pause >= end) return unknown.ok() ? status : unknown;
    std::this_thread::sleep_for(pause);
    backoff = std::min(backoff * 2, std::max(options.backoff_max, milliseconds(1)));
  }
}

}  // namespace causeway::client
