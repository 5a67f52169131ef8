// A hybrid pool whose price scale follows the prices that are dealt, as in Curve v2: M. Egorov,
// "Automatic market-making with dynamic peg" (2021), in the rules of the pool of two currencies
// that he published with it (CurveCryptoSwap2.vy, tweak_price). docs/fx-venues.md has the rules.
//
// To move the scale costs the pool: what it holds is then out of balance about the new price, and
// worth less. So it moves only out of what fees have earned, at most half of it.
//
// A value type. Pure: time is given.
#ifndef CAUSEWAY_FX_BRIDGE_VENUES_MOVING_PEG_H_
#define CAUSEWAY_FX_BRIDGE_VENUES_MOVING_PEG_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "fx-bridge/venues/pool.h"
#include "settlement/core/rate.h"
#include "settlement/core/time.h"

namespace causeway::bridge {

// Shares and ratios in units of 10^-18.
inline constexpr std::uint64_t kPegUnit = 1'000'000'000'000'000'000;
// A dealt price counts when both amounts are above so many minor units; else the price at the
// margin does, so that rounding of a small trade moves nothing.
inline constexpr std::int64_t kDealtPriceMinorUnits = 100'000;

struct PegRules {
  // In which the weight of an earlier price halves in the average; above zero.
  core::Duration half_life;
  // The scale moves by this share of itself at a time, and not while the average is nearer; 1 to
  // kPegUnit.
  std::uint64_t step = 0;
  // What must have been earned beyond half of all profit before a move is tried; below kPegUnit.
  std::uint64_t extra_profit = 0;
};

class MovingPeg {
 public:
  // Starts at the pool's price scale, which is also the first average. InvalidArgument names what
  // is out of range, of the rules or of the pool; also reserves that the arithmetic cannot hold.
  static absl::StatusOr<MovingPeg> Create(const HybridPool::Options& pool, const PegRules& rules,
                                          const Reserves& reserves);

  // The curve at the scale as it stands.
  const HybridPool& pool() const { return *pool_; }
  const core::Rate& price_scale() const { return options_.price_scale; }
  // Of dealt prices, the last one not yet in it.
  core::Rate price_average() const;
  // Worth of the liquidity at the last rest, in units of what the pool began with: the geometric
  // mean of what it would hold at balance. Rounded down.
  const WideUint& worth() const { return worth_; }
  // What worth would be without moves of the scale. Rounded up.
  const WideUint& profit() const { return profit_; }

  // A trade settled at `now` and left `reserves`.
  void Observe(core::LedgerTime now, const Reserves& reserves, core::Amount base,
               core::Amount quote);
  // No trade that was priced on the curve is open any more: takes up what those observed since the
  // last call have earned, which together is not less than nothing, and moves the scale once when
  // it may. Afterwards 2 worth - 1 > profit, and worth > 1, if it moved; then true.
  bool Rest(const Reserves& reserves);

 private:
  MovingPeg(const HybridPool::Options& options, const PegRules& rules);
  // Nothing when a scale is out of range for these reserves.
  static std::shared_ptr<const HybridPool> PoolAt(const HybridPool::Options& options,
                                                  const Reserves& reserves);
  WideUint WorthOf(const WideUint& size, std::uint64_t scale) const;
  std::uint64_t ScaleOneStepOn() const;

  HybridPool::Options options_;  // with the scale as it stands, of 12 decimals
  PegRules rules_;
  std::shared_ptr<const HybridPool> pool_;
  // Prices in 10^-12.
  std::uint64_t first_scale_ = 0;
  WideUint first_size_;
  std::uint64_t last_price_ = 0;
  std::uint64_t average_ = 0;
  std::optional<core::LedgerTime> averaged_at_;  // nothing: no trade yet
  WideUint worth_ = kPegUnit;
  WideUint profit_ = kPegUnit;
  bool behind_ = false;  // earned enough once, and not yet tried in vain
  bool due_ = false;     // a trade was observed since the last rest
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_VENUES_MOVING_PEG_H_
