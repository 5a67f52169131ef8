// Curves of automated market makers: what a pool pays for what it is paid, in whole minor units,
// always rounded in favour of the pool. Formulas and sources are in docs/fx-venues.md.
#ifndef CAUSEWAY_FX_BRIDGE_VENUES_POOL_H_
#define CAUSEWAY_FX_BRIDGE_VENUES_POOL_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "fx-bridge/venues/hybrid_curve.h"
#include "fx-bridge/venues/venue.h"
#include "settlement/core/amount.h"
#include "settlement/core/rate.h"

namespace causeway::bridge {

inline constexpr std::uint32_t kFeePpmMax = 500'000;  // half of the trade

struct Reserves {
  core::Amount base;
  core::Amount quote;

  friend bool operator==(const Reserves&, const Reserves&) = default;
};

// After a payment of `in`, base when `sells_base`, and one of `out` in the other currency. Nothing
// when a reserve would overflow or not stay above zero.
std::optional<Reserves> AfterTrade(const Reserves& reserves, bool sells_base, core::Amount in,
                                   core::Amount out);

// Immutable; any thread.
class PoolCurve {
 public:
  virtual ~PoolCurve() = default;
  // What the pool pays for `in` > 0; at least one minor unit is left to it. Nothing when that is
  // less than one minor unit, or reserves would grow too large for the arithmetic.
  virtual std::optional<core::Amount> Out(const Reserves& reserves, bool sells_base,
                                          core::Amount in) const = 0;
  // The least payment for which the pool pays `out` > 0: Out of it is at least `out`. Nothing when
  // there is none.
  virtual std::optional<core::Amount> In(const Reserves& reserves, bool sells_base,
                                         core::Amount out) const = 0;
  // Whether the invariant at `after` is at least that at `before`.
  virtual bool KeepsInvariant(const Reserves& before, const Reserves& after) const = 0;
};

// base * quote constant, with a fee on what is paid in (Uniswap v2).
class ConstantProduct : public PoolCurve {
 public:
  // fee_ppm in millionths, at most kFeePpmMax, else InvalidArgument.
  static absl::StatusOr<std::unique_ptr<ConstantProduct>> Create(std::uint32_t fee_ppm);

  std::optional<core::Amount> Out(const Reserves& reserves, bool sells_base,
                                  core::Amount in) const override;
  std::optional<core::Amount> In(const Reserves& reserves, bool sells_base,
                                 core::Amount out) const override;
  bool KeepsInvariant(const Reserves& before, const Reserves& after) const override;

 private:
  explicit ConstantProduct(std::uint32_t fee_ppm) : fee_ppm_(fee_ppm) {}
  std::uint32_t fee_ppm_;
};

// The hybrid curve around a price (Curve v2), with a fee on what is paid out that rises from
// mid_fee at balance to out_fee far from it.
class HybridPool : public PoolCurve {
 public:
  struct Options {
    CurrencyPair pair;
    HybridCurve::Parameters curve;
    // Where liquidity is concentrated, quote per base.
    core::Rate price_scale;
    std::uint32_t mid_fee_ppm = 0;
    std::uint32_t out_fee_ppm = 0;    // not below mid_fee_ppm
    std::uint64_t fee_gamma_e18 = 1;  // 1..10^18
  };
  static absl::StatusOr<std::unique_ptr<HybridPool>> Create(const Options& options);

  std::optional<core::Amount> Out(const Reserves& reserves, bool sells_base,
                                  core::Amount in) const override;
  std::optional<core::Amount> In(const Reserves& reserves, bool sells_base,
                                 core::Amount out) const override;
  bool KeepsInvariant(const Reserves& before, const Reserves& after) const override;
  // The fee in millionths at these balances, rounded up.
  std::uint32_t FeePpm(const Reserves& reserves) const;

  // Whether the arithmetic has room for them; what follows is of reserves for which it has.
  bool Holds(const Reserves& reserves) const;
  // The size D of their curve. The unit is a part of a minor unit of the quote currency that
  // depends on the decimals of the price scale, and on nothing else of it.
  WideUint SizeOf(const Reserves& reserves) const;
  // Quote per base when as much quote is paid in as makes its reserve a millionth larger, without
  // the fee, rounded down. Nothing when that buys nothing, or the rate has too many digits.
  std::optional<core::Rate> MarginalPrice(const Reserves& reserves) const;

 private:
  explicit HybridPool(const Options& options);
  bool InRange(core::Amount balance, bool is_base) const;
  WideUint Scaled(core::Amount balance, bool is_base) const;
  std::uint32_t FeePpmAt(const WideUint& x, const WideUint& y) const;

  Options options_;
  HybridCurve curve_;
  // Balances in units of 1 / quote_unit_ of the quote currency's minor unit: exact for both.
  WideUint base_unit_;
  WideUint quote_unit_;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_VENUES_POOL_H_
