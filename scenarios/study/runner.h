// Runs a study: its days through the liquidity engine, one after the other.
#ifndef CAUSEWAY_SCENARIOS_STUDY_RUNNER_H_
#define CAUSEWAY_SCENARIOS_STUDY_RUNNER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scenarios/study/behaviour.h"
#include "scenarios/study/input.h"
#include "scenarios/study/results.h"
#include "settlement/core/decimal.h"
#include "settlement/liquidity/rules.h"

namespace causeway::study {

// Shares are of an account's funds at the opening: its balance and its credit line, or 0 when it
// has less than none.
using FundsShare = core::UnsignedDecimal;

// How the payments of a study settle. docs/liquidity.md tells the conditions in full; the options'
// words and defaults for people are in options.cc.
struct RunOptions {
  liquidity::Discipline queue = liquidity::Discipline::kFifo;
  bool normal_bypass = false;  // with kPriority
  // Run one after the other, every `lsm_every` from the opening on and at the close; with
  // `lsm_until_settled` only as far as the first that settles something.
  std::vector<liquidity::Algorithm> lsm;
  bool lsm_until_settled = false;
  TimeUs lsm_every = 15 * kMinuteUs;
  liquidity::EntryOffset entry_offset = liquidity::EntryOffset::kNone;
  std::uint32_t counter_payments_max = 10;  // of kSingle and kBilateralSingle
  TimeUs offset_after = kMinuteUs;          // kBilateralSingle: so long a payment must have waited
  std::uint32_t cycle_banks_max = 5;
  std::uint32_t exact_payments_max = 16;
  std::uint32_t queue_max = liquidity::kPaymentsMax;  // more are refused

  liquidity::Release release = liquidity::Release::kFunds;
  TimeUs receipt_window = kDayUs;
  // Besides what the input keeps for its accounts.
  std::optional<FundsShare> reserve_urgent;
  std::optional<FundsShare> reserve_high;
  std::optional<TimeUs> reserve_until;  // of the day: then all reservations end
  std::optional<FundsShare> release_threshold;
  std::optional<TimeUs> promote_at;  // of the day: from then on all payments are urgent
  // For accounts, and pairs with payments on the day, that the input has no limit for.
  std::optional<FundsShare> bilateral_limit;
  std::optional<FundsShare> multilateral_limit;
  bool limits_bind_all = false;  // else normal payments only
  liquidity::Splitting splitting;

  // Of every day, since its midnight; without them the whole hours around all due times.
  std::optional<TimeUs> opens;
  std::optional<TimeUs> closes;
  // Each bank begins each day with LB + alpha (UB - LB) of its own bounds of that day, rounded
  // down; or with LB and its part of the rest of `liquidity_total`, in proportion to what it is to
  // send, rounded down. Of several accounts of a bank each has a part of its LB as its own is of
  // all theirs, and so of the rest by UB - LB. Without either: the balances of the input, carried
  // from day to day.
  std::optional<core::UnsignedDecimal> alpha;
  std::optional<std::int64_t> liquidity_total;
  // The part of that which is collateral for credit, and not balance.
  std::optional<FundsShare> credit_share;
  // Posted collateral gives a credit line, besides the input's credit limits.
  bool credit_on_collateral = false;
  std::uint32_t haircut_basis_points = 0;  // of accounts without one of their own
  std::int64_t credit_price_ppm_per_day = 0;
  // In market-wide stress (BCBS 248), of credit limits.
  std::uint32_t stress_credit_loss_basis_points =
      static_cast<std::uint32_t>(kStressCreditLossBasisPoints);
  // The two legs of a link settle in one instant or not at all; else links are only measured.
  bool pvp_together = false;
  TimeUs sample_every = 15 * kMinuteUs;
  std::vector<ThroughputTarget> targets;  // by ascending time, at most kThroughputTargetsMax
  // Without one all pay at once.
  BehaviourFactory behaviours;
};
// Behaviours are asked again about payments that they hold at this interval.
inline constexpr TimeUs kBehaviourEvery = kMinuteUs;
inline constexpr int kAlphaDecimalsMax = 9;
inline constexpr std::uint64_t kAlphaMax = 1000;

// InvalidArgument when options do not fit together; names them as people know them.
absl::Status CheckOptions(const RunOptions& options);

// What was asked for and can have no effect on this input, for people: one sentence each. Not
// refused, since sweeps compare rules of which some do not know an option.
std::vector<std::string> UnusedOptions(const Input& input, const RunOptions& options);

// The whole hours around all due times: opening and close, since midnight.
std::pair<TimeUs, TimeUs> HoursAround(const Input& input);

// Runs all accounts as those of one system. InvalidArgument when options or input are not sound;
// says what is wrong.
absl::StatusOr<RunResult> RunStudy(const Input& input, const RunOptions& options);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_RUNNER_H_
