// Runs a study: its days through the liquidity engine, one after the other.
#ifndef CAUSEWAY_SCENARIOS_STUDY_RUNNER_H_
#define CAUSEWAY_SCENARIOS_STUDY_RUNNER_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "scenarios/study/behaviour.h"
#include "scenarios/study/input.h"
#include "scenarios/study/results.h"
#include "settlement/core/decimal.h"
#include "settlement/liquidity/rules.h"

namespace causeway::study {

struct RunOptions {
  liquidity::Discipline queue = liquidity::Discipline::kFifo;
  // Run one after the other, every `lsm_every` from the opening on and at the close.
  std::vector<liquidity::Algorithm> lsm;
  TimeUs lsm_every = 15 * kMinuteUs;
  liquidity::EntryOffset entry_offset = liquidity::EntryOffset::kNone;
  // Of every day, since its midnight; without them the whole hours around all due times.
  std::optional<TimeUs> opens;
  std::optional<TimeUs> closes;
  // Each account begins each day with LB + alpha (UB - LB) of its own bounds of that day, rounded
  // down, and no credit. Without it: the balances of the input, carried from day to day.
  std::optional<core::UnsignedDecimal> alpha;
  // Posted collateral gives a credit limit of its value, besides the input's credit limits.
  bool credit_on_collateral = false;
  TimeUs sample_every = 15 * kMinuteUs;
  // Without one all pay at once.
  BehaviourFactory behaviours;
};
// Behaviours are asked again about payments that they hold at this interval.
inline constexpr TimeUs kBehaviourEvery = kMinuteUs;
inline constexpr int kAlphaDecimalsMax = 9;
inline constexpr std::uint64_t kAlphaMax = 1000;

// InvalidArgument when options or input are not sound; says what is wrong.
absl::StatusOr<RunResult> RunStudy(const Input& input, const RunOptions& options);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_RUNNER_H_
