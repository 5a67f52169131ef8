// What a study's run came to, payment by payment. Indicators (indicators.h) are a function of the
// input and of this.
#ifndef CAUSEWAY_SCENARIOS_STUDY_RESULTS_H_
#define CAUSEWAY_SCENARIOS_STUDY_RESULTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/study/input.h"
#include "settlement/liquidity/types.h"

namespace causeway::study {

enum class Status : std::uint8_t {
  kUnsettled,  // still waited at the close of its day
  kSettled,
  kRejected,  // refused at entry: without a queue, what is not covered
  kLate,      // due at or after the close of its day; never entered
  kWithheld,  // its sender's behaviour kept it back beyond the close
};
std::string_view Name(Status status);

// 24 bytes; there may be ten million of them.
struct PaymentResult {
  TimeUs submitted = 0;  // when it entered: at its due time, or later by opening or behaviour
  TimeUs settled = 0;    // with kSettled
  // Payments that settled together have one number other than 0, unique in the run.
  std::uint32_t set = 0;
  Status status = Status::kUnsettled;
  liquidity::Cause cause = liquidity::Cause::kNone;  // with kSettled
  liquidity::Algorithm algorithm = liquidity::Algorithm::kNone;
};

// One account on one day.
struct AccountDay {
  std::int64_t opening = 0;       // balance at the opening
  std::int64_t closing = 0;       // balance at the close
  std::int64_t credit_limit = 0;  // how far below zero it could go
};

// The queue at a sampled time, after everything that happens at it.
struct QueueSample {
  TimeUs time = 0;
  std::uint32_t queued_count = 0;
  std::int64_t queued_value = 0;
  liquidity::QueueState state = liquidity::QueueState::kEmpty;
  std::uint32_t day = 0;  // place in Input::days; a close at 24:00 is of the day that it ends
};

struct RunResult {
  TimeUs opens = 0;                            // of every day, since its midnight
  TimeUs closes = 0;                           // of every day; above `opens`
  std::vector<PaymentResult> payments;         // as Input::payments
  std::vector<PaymentIndex> settlement_order;  // the settled ones; those of a set in a row
  std::vector<AccountDay> account_days;        // day * accounts + account
  std::vector<QueueSample> samples;            // by time
  std::uint32_t sets = 0;                      // that settled together
  std::uint32_t optimisation_runs = 0;
};

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_RESULTS_H_
