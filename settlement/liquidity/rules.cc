#include "settlement/liquidity/rules.h"

#include "absl/status/status.h"
#include "fmt/format.h"

namespace causeway::liquidity {
namespace {

absl::Status CheckOptimisation(const Optimisation& optimisation, std::size_t index) {
  const auto wrong = [&](std::string_view what) {
    return absl::InvalidArgumentError(fmt::format("optimisations[{}]: {}", index, what));
  };
  if (optimisation.algorithm == Algorithm::kNone) return wrong("algorithm: must be given");
  if (optimisation.every < core::Duration::Zero()) return wrong("every: must not be negative");
  if (optimisation.wait_min < core::Duration::Zero()) {
    return wrong("wait_min: must not be negative");
  }
  if (optimisation.algorithm == Algorithm::kBilateralSingle &&
      optimisation.counter_payments_max == 0) {
    return wrong("counter_payments_max: must be at least 1");
  }
  if (optimisation.algorithm == Algorithm::kCycle &&
      (optimisation.cycle_banks_max < 2 || optimisation.cycle_banks_max > kCycleBanksMax)) {
    return wrong(fmt::format("cycle_banks_max: must lie between 2 and {}", kCycleBanksMax));
  }
  if (optimisation.exact_payments_max < 1 || optimisation.exact_payments_max > kExactPaymentsMax) {
    return wrong(fmt::format("exact_payments_max: must lie between 1 and {}", kExactPaymentsMax));
  }
  if (optimisation.only_if_previous_settled_nothing && index == 0) {
    return wrong("only_if_previous_settled_nothing: there is none before it");
  }
  return absl::OkStatus();
}

absl::Status CheckSplitting(const Splitting& splitting) {
  if (splitting.threshold.IsNegative() || splitting.part_min.IsNegative() ||
      splitting.part_max.IsNegative()) {
    return absl::InvalidArgumentError("splitting: must not be negative");
  }
  const bool used = splitting.threshold.IsPositive() || splitting.part_min.IsPositive() ||
                    splitting.part_max.IsPositive();
  if (used && splitting.part_min.IsZero()) {
    return absl::InvalidArgumentError("splitting.part_min: must be at least one minor unit");
  }
  if (splitting.part_max.IsPositive() && splitting.part_max < splitting.part_min) {
    return absl::InvalidArgumentError("splitting.part_max: must not be less than part_min");
  }
  return absl::OkStatus();
}

absl::Status CheckLinks(const Rules& rules) {
  if (!rules.links_settle_together) return absl::OkStatus();
  const auto wrong = [](std::string_view what) {
    return absl::InvalidArgumentError(fmt::format("links_settle_together: {}", what));
  };
  if (rules.discipline == Discipline::kImmediate) {
    return wrong(
        "not with the discipline immediate: the payment of a link that comes first must wait for "
        "the other, and there is no queue");
  }
  if (rules.splitting.part_min.IsPositive()) {
    return wrong(
        "not with splitting: a part of a payment would have to settle with a part of the other at "
        "the same rate, and whole minor units seldom have one");
  }
  return absl::OkStatus();
}

}  // namespace

std::int64_t CreditLineOf(core::Amount collateral, std::uint32_t haircut_basis_points,
                          core::Amount uncollateralised) {
  const std::int64_t counted = kHaircutBasisPointsMax - haircut_basis_points;
  const std::int64_t whole = collateral.minor() / kHaircutBasisPointsMax * counted;
  const std::int64_t rest =
      collateral.minor() % kHaircutBasisPointsMax * counted / kHaircutBasisPointsMax;
  return whole + rest + uncollateralised.minor();
}

absl::Status CheckRules(const Rules& rules) {
  if (rules.optimisations.size() > kOptimisationsMax) {
    return absl::InvalidArgumentError(
        fmt::format("optimisations: at most {} may be given", kOptimisationsMax));
  }
  for (std::size_t i = 0; i < rules.optimisations.size(); ++i) {
    absl::Status checked = CheckOptimisation(rules.optimisations[i], i);
    if (!checked.ok()) return checked;
  }
  if (rules.normal_bypass && rules.discipline != Discipline::kPriority) {
    return absl::InvalidArgumentError("normal_bypass: only with the discipline priority");
  }
  if (rules.release == Release::kReceiptReactive &&
      rules.receipt_window <= core::Duration::Zero()) {
    return absl::InvalidArgumentError("receipt_window: must be positive");
  }
  if (rules.entry_offset == EntryOffset::kSingle && rules.entry_counter_payments_max == 0) {
    return absl::InvalidArgumentError("entry_counter_payments_max: must be at least 1");
  }
  if (rules.entry_offset != EntryOffset::kNone &&
      (rules.discipline == Discipline::kImmediate || rules.discipline == Discipline::kDeferred)) {
    return absl::InvalidArgumentError("entry_offset: needs a queue that is tested at entry");
  }
  if (rules.credit_price_ppm_per_day < 0 || rules.credit_price_ppm_per_day > 1'000'000) {
    return absl::InvalidArgumentError("credit_price_ppm_per_day: must lie between 0 and 1000000");
  }
  if (rules.splitting.part_min.IsPositive() && rules.discipline == Discipline::kImmediate) {
    return absl::InvalidArgumentError("splitting: needs a queue for what remains");
  }
  absl::Status checked = CheckSplitting(rules.splitting);
  if (checked.ok()) checked = CheckLinks(rules);
  return checked;
}

}  // namespace causeway::liquidity
