// Venues of a plan: where swaps are dealt. Plain values; indices are positions in
// Plan::participants and Plan::ledgers. docs/fx-venues.md tells what each venue does.
#ifndef CAUSEWAY_SCENARIOS_SPEC_PLANNED_VENUE_H_
#define CAUSEWAY_SCENARIOS_SPEC_PLANNED_VENUE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "settlement/core/amount.h"
#include "settlement/core/rate.h"
#include "settlement/core/time.h"

namespace causeway::sim {

// Other rates from this base amount on.
struct PlannedRateTier {
  core::Amount base_amount_from;
  core::Rate bid;
  core::Rate ask;
};

struct PlannedRfq {
  std::vector<std::uint32_t> dealers;  // participants that are providers
};

struct PlannedBookOrder {
  std::uint32_t participant = 0;
  bool buys_base = false;
  core::Rate price;
  core::Amount base;
};
struct PlannedBook {
  std::uint32_t base_ledger = 0;
  std::uint32_t quote_ledger = 0;
  core::Duration quote_validity;
  std::vector<PlannedBookOrder> orders;  // do not cross
};

struct PlannedConstantProduct {
  std::uint32_t fee_ppm = 0;
};
struct PlannedMovingScale {
  core::Duration half_life;
  std::uint64_t step_e18 = 0;
  std::uint64_t extra_profit_e18 = 0;
};
struct PlannedHybridCurve {
  std::uint64_t amplification_e4 = 0;
  std::uint64_t gamma_e18 = 0;
  core::Rate price_scale;
  std::uint32_t mid_fee_ppm = 0;
  std::uint32_t out_fee_ppm = 0;
  std::uint64_t fee_gamma_e18 = 0;
  std::optional<PlannedMovingScale> moving_scale;
};
struct PlannedPool {
  std::uint32_t participant = 0;
  std::uint32_t base_ledger = 0;
  std::uint32_t quote_ledger = 0;
  core::Amount base_amount;
  core::Amount quote_amount;
  core::Duration quote_validity;
  std::variant<PlannedConstantProduct, PlannedHybridCurve> curve;
};

struct PlannedVenue {
  std::string name;
  std::variant<PlannedRfq, PlannedBook, PlannedPool> what;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SPEC_PLANNED_VENUE_H_
