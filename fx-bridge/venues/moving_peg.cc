#include "fx-bridge/venues/moving_peg.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "fmt/format.h"
#include "settlement/core/check.h"
#include "settlement/core/fixed_point.h"

namespace causeway::bridge {
namespace {

constexpr std::uint64_t kPriceMax = std::numeric_limits<std::int64_t>::max();
// After so many half-lives nothing of an average is left in 64 bits.
constexpr std::int64_t kHalfLivesMax = 63;

core::Rate RateOf(std::uint64_t price) {
  return core::Rate::Make(static_cast<std::int64_t>(price), core::Rate::kScaleMax).value();
}

std::optional<std::uint64_t> PriceFrom(const WideUint& price) {
  if (price.IsZero() || price > WideUint(kPriceMax)) return std::nullopt;
  return price.ToU64();
}

std::optional<std::uint64_t> PriceOf(const core::Rate& rate) {
  return PriceFrom(WideUint(static_cast<std::uint64_t>(rate.mantissa())) *
                   PowerOfTen(core::Rate::kScaleMax - rate.scale()));
}

// Quote per base, major units of both, rounded down.
std::optional<std::uint64_t> DealtPrice(const CurrencyPair& pair, core::Amount base,
                                        core::Amount quote) {
  const auto wide = [](core::Amount amount) {
    return WideUint(static_cast<std::uint64_t>(amount.minor()));
  };
  return PriceFrom(wide(quote) * PowerOfTen(core::Rate::kScaleMax + pair.base.minor_digits()) /
                   (wide(base) * PowerOfTen(pair.quote.minor_digits())));
}

// What is left of an old weight after `elapsed`: 2^-(elapsed / half_life).
std::uint64_t OldWeight(core::Duration elapsed, core::Duration half_life) {
  const __int128 halvings_q48 =
      (static_cast<__int128>(elapsed.micros()) << core::kQ48Bits) / half_life.micros();
  if (halvings_q48 >> core::kQ48Bits >= kHalfLivesMax) return 0;
  return static_cast<std::uint64_t>(core::ScaleSaturating(
      static_cast<std::int64_t>(kPegUnit), core::Exp2(-static_cast<std::int64_t>(halvings_q48))));
}

// a (1 - weight) + b weight, rounded down.
std::uint64_t Mixed(std::uint64_t a, std::uint64_t b, std::uint64_t weight) {
  return ((WideUint(a) * WideUint(kPegUnit - weight) + WideUint(b) * WideUint(weight)) /
          WideUint(kPegUnit))
      .ToU64();
}

absl::Status CheckRules(const PegRules& rules) {
  const auto invalid = [](const std::string& what) {
    return absl::InvalidArgumentError("moving scale: " + what);
  };
  if (rules.half_life <= core::Duration::Zero()) return invalid("half_life: must be above zero");
  if (rules.step == 0 || rules.step > kPegUnit) {
    return invalid(
        fmt::format("step: {} in units of 10^-18; must be 1 to {}", rules.step, kPegUnit));
  }
  if (rules.extra_profit >= kPegUnit) {
    return invalid(fmt::format("extra_profit: {} in units of 10^-18; must be below {}",
                               rules.extra_profit, kPegUnit));
  }
  return absl::OkStatus();
}

}  // namespace

MovingPeg::MovingPeg(const HybridPool::Options& options, const PegRules& rules)
    : options_(options), rules_(rules) {}

absl::StatusOr<MovingPeg> MovingPeg::Create(const HybridPool::Options& pool, const PegRules& rules,
                                            const Reserves& reserves) {
  if (absl::Status status = CheckRules(rules); !status.ok()) return status;
  if (auto fixed = HybridPool::Create(pool); !fixed.ok()) return fixed.status();
  const auto scale = PriceOf(pool.price_scale);
  if (!scale) {
    return absl::InvalidArgumentError(
        fmt::format("moving scale: the price scale {} has too many digits before the point to be "
                    "kept with twelve after it",
                    pool.price_scale.ToString()));
  }
  MovingPeg peg(pool, rules);
  peg.options_.price_scale = RateOf(*scale);
  peg.pool_ = PoolAt(peg.options_, reserves);
  if (peg.pool_ == nullptr) {
    return absl::InvalidArgumentError(
        "moving scale: the reserves are out of the range of the arithmetic");
  }
  peg.first_scale_ = peg.last_price_ = peg.average_ = *scale;
  peg.first_size_ = peg.pool_->SizeOf(reserves);
  return peg;
}

core::Rate MovingPeg::price_average() const { return RateOf(average_); }

std::shared_ptr<const HybridPool> MovingPeg::PoolAt(const HybridPool::Options& options,
                                                    const Reserves& reserves) {
  auto pool = HybridPool::Create(options);
  CW_CHECK(pool.ok(), "only the price scale changes, and any is admitted");
  if (!(*pool)->Holds(reserves)) return nullptr;
  return *std::move(pool);
}

// At balance a pool of size D holds D/2 of quote currency and D/(2p) of base, whose geometric mean
// is D / (2 sqrt(p)). With twelve decimals of every scale, all sizes are in one unit.
WideUint MovingPeg::WorthOf(const WideUint& size, std::uint64_t scale) const {
  return SquareRoot(WideUint(kPegUnit) * WideUint(kPegUnit) * size * size * WideUint(first_scale_) /
                    (first_size_ * first_size_ * WideUint(scale)));
}

void MovingPeg::Observe(core::LedgerTime now, const Reserves& reserves, core::Amount base,
                        core::Amount quote) {
  // The price of a trade enters when a later one comes, by how long it stood.
  if (averaged_at_ && *averaged_at_ < now) {
    average_ = Mixed(last_price_, average_, OldWeight(now - *averaged_at_, rules_.half_life));
  }
  if (!averaged_at_ || *averaged_at_ < now) averaged_at_ = now;
  const core::Amount least = core::Amount::FromMinor(kDealtPriceMinorUnits);
  std::optional<std::uint64_t> price;
  if (base > least && quote > least) {
    price = DealtPrice(options_.pair, base, quote);
  } else if (const auto margin = pool_->MarginalPrice(reserves)) {
    price = PriceOf(*margin);
  }
  last_price_ = price.value_or(last_price_);
  due_ = true;
}

// By `step` of itself towards the average; where it is when that is not as far away.
std::uint64_t MovingPeg::ScaleOneStepOn() const {
  const std::uint64_t scale = *PriceOf(options_.price_scale);
  const WideUint ratio = WideUint(average_) * WideUint(kPegUnit) / WideUint(scale);
  const WideUint unit = kPegUnit;
  const WideUint away = ratio > unit ? ratio - unit : unit - ratio;
  if (away <= WideUint(rules_.step)) return scale;
  return ((WideUint(scale) * (away - WideUint(rules_.step)) +
           WideUint(rules_.step) * WideUint(average_)) /
          away)
      .ToU64();
}

bool MovingPeg::Rest(const Reserves& reserves) {
  if (!due_) return false;
  due_ = false;
  const WideUint earned = WorthOf(pool_->SizeOf(reserves), *PriceOf(options_.price_scale));
  CW_CHECK(earned >= worth_, "trades do not lower the size of their pool");
  profit_ = DivideUp(profit_ * earned, worth_);
  worth_ = earned;
  const WideUint unit = kPegUnit;
  const auto keeps_half = [&](const WideUint& worth, std::uint64_t extra) {
    return worth + worth > profit_ + unit + WideUint(extra) + WideUint(extra);
  };
  behind_ = behind_ || keeps_half(worth_, rules_.extra_profit);
  if (!behind_) return false;
  const std::uint64_t scale = ScaleOneStepOn();
  if (scale == *PriceOf(options_.price_scale)) return false;
  HybridPool::Options moved = options_;
  moved.price_scale = RateOf(scale);
  auto pool = PoolAt(moved, reserves);
  if (pool != nullptr) {
    const WideUint worth = WorthOf(pool->SizeOf(reserves), scale);
    if (worth > unit && keeps_half(worth, 0)) {
      options_ = moved;
      pool_ = std::move(pool);
      worth_ = worth;
      return true;
    }
  }
  behind_ = false;
  return false;
}

}  // namespace causeway::bridge
