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
  kRejected,   // refused at entry: without a queue, what is not covered
  kLate,       // due at or after the close of its day; never entered
  kWithheld,   // its sender's behaviour kept it back beyond the close
  kCancelled,  // taken out of the queue by a change
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

// A part of a payment that settled before the rest of it (liquidity::Splitting).
struct SettledPart {
  TimeUs settled = 0;
  std::int64_t amount = 0;
  // Of RunResult::settlement_order, so many had settled before.
  std::size_t after = 0;
  PaymentIndex payment = 0;
  liquidity::Cause cause = liquidity::Cause::kNone;
};

// By a time of every day, so much of the value of a day is to have settled.
struct ThroughputTarget {
  TimeUs by = 0;  // since midnight
  std::int64_t millionths = 0;
};
inline constexpr std::size_t kThroughputTargetsMax = 24;

// What credit limits lose of their worth in BCBS 248's market-wide stress, for which the paper
// names no figure ("changes in the value of collateral"): ours, unless the options say otherwise.
inline constexpr std::int64_t kStressCreditLossBasisPoints = 3000;

// What became of Input::changes, by place.
struct ChangeResult {
  bool made = false;  // without a refusal: its payment was not submitted yet, or the day had closed
  liquidity::Refusal refusal = liquidity::Refusal::kNone;
};

// One account on one day.
struct AccountDay {
  std::int64_t opening = 0;       // balance at the opening
  std::int64_t closing = 0;       // balance at the close
  std::int64_t credit_limit = 0;  // how far below zero it could go
  // Of that, by collateral less its haircut; the rest is further credit.
  std::int64_t collateral_credit = 0;
  std::int64_t peak_credit = 0;    // the furthest that it went
  std::int64_t credit_charge = 0;  // the price of that, by value and time
  std::int64_t added = 0;          // from outside by changes, less what went there
};

// The queue at a sampled time, after everything that happens at it; and, `between` these, as it
// stood from a time on at which it came into another state.
struct QueueSample {
  TimeUs time = 0;
  std::uint32_t queued_count = 0;
  std::int64_t queued_value = 0;
  liquidity::QueueState state = liquidity::QueueState::kEmpty;
  std::uint32_t day = 0;       // place in Input::days; a close at 24:00 is of the day that it ends
  std::uint32_t currency = 0;  // place in Input::currencies; of the state, all that wait
  bool between = false;
  // The most that waited since the sampled time before, after any single event; with several
  // currencies zero: then the counts above are all that is known.
  std::uint32_t peak_count = 0;
  std::int64_t peak_value = 0;
};

// How the legs of linked payments settled, whatever their currencies.
struct LinkOutcome {
  TimeUs first = kNoTime;  // of those that settled
  TimeUs last = kNoTime;
  bool open = false;  // some did not
};

struct RunResult {
  TimeUs opens = 0;   // of every day, since its midnight
  TimeUs closes = 0;  // of every day; above `opens`
  // By day, since its midnight, where days differ; else empty. `closes` is then the latest.
  std::vector<TimeUs> day_closes;
  std::vector<ThroughputTarget> targets;                                        // of the options
  std::int64_t stress_credit_loss_basis_points = kStressCreditLossBasisPoints;  // of the options
  std::vector<ChangeResult> changes;                                            // as Input::changes
  std::vector<PaymentResult> payments;  // as Input::payments
  // The settled ones; those of a set in a row. Of a payment that settled in parts: its last part.
  std::vector<PaymentIndex> settlement_order;
  std::vector<SettledPart> parts;  // all but last ones, by time; empty without splitting
  // As Input::payments, what settled in `parts`; empty without splitting.
  std::vector<std::int64_t> settled_in_parts;
  std::vector<AccountDay> account_days;  // day * accounts + account
  std::vector<QueueSample> samples;      // by time
  // By number of a link (place 0 is of none); empty: as the links of the input itself settled.
  std::vector<LinkOutcome> links;
  std::uint32_t sets = 0;  // that settled together
  std::uint32_t optimisation_runs = 0;

  TimeUs ClosesOf(std::size_t day) const { return day_closes.empty() ? closes : day_closes[day]; }
  // What of a payment settled at `settled`, or never did.
  std::int64_t Rest(const Input& input, PaymentIndex payment) const {
    const std::int64_t before = settled_in_parts.empty() ? 0 : settled_in_parts[payment];
    return input.payments[payment].amount - before;
  }
};

// Calls function(payment, amount, settled, set) for everything that settled, parts included, in the
// order in which it did; with the same `set` above 0 for what settled together.
template <typename Function>
void ForEachSettlement(const Input& input, const RunResult& result, Function function) {
  std::size_t part = 0;
  for (std::size_t i = 0; i <= result.settlement_order.size(); ++i) {
    for (; part < result.parts.size() && result.parts[part].after == i; ++part) {
      const SettledPart& of = result.parts[part];
      function(of.payment, of.amount, of.settled, std::uint32_t{0});
    }
    if (i == result.settlement_order.size()) break;
    const PaymentIndex payment = result.settlement_order[i];
    const PaymentResult& out = result.payments[payment];
    function(payment, result.Rest(input, payment), out.settled, out.set);
  }
}

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_RESULTS_H_
