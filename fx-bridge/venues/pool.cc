#include "fx-bridge/venues/pool.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "settlement/core/check.h"

namespace causeway::bridge {
namespace {

constexpr std::uint64_t kPpm = 1'000'000;
constexpr std::uint64_t kE18 = 1'000'000'000'000'000'000;

WideUint Wide(core::Amount amount) {
  CW_CHECK(!amount.IsNegative(), "a balance is not negative");
  return static_cast<std::uint64_t>(amount.minor());
}

std::optional<core::Amount> Narrow(const WideUint& value) {
  if (value > Wide(core::Amount::Max())) return std::nullopt;
  return core::Amount::FromMinor(static_cast<std::int64_t>(value.ToU64()));
}

std::optional<core::Amount> PositiveOnly(core::Amount amount) {
  if (!amount.IsPositive()) return std::nullopt;
  return amount;
}

absl::Status CheckFee(std::uint32_t fee_ppm, const char* name) {
  if (fee_ppm <= kFeePpmMax) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("{}: {} millionths; at most {}", name, fee_ppm, kFeePpmMax));
}

}  // namespace

std::optional<Reserves> AfterTrade(const Reserves& reserves, bool sells_base, core::Amount in,
                                   core::Amount out) {
  Reserves after = reserves;
  core::Amount& grows = sells_base ? after.base : after.quote;
  core::Amount& shrinks = sells_base ? after.quote : after.base;
  const auto grown = core::CheckedAdd(grows, in);
  const auto shrunk = core::CheckedSub(shrinks, out);
  if (!grown || !shrunk || !shrunk->IsPositive()) return std::nullopt;
  grows = *grown;
  shrinks = *shrunk;
  return after;
}

absl::StatusOr<std::unique_ptr<ConstantProduct>> ConstantProduct::Create(std::uint32_t fee_ppm) {
  if (absl::Status status = CheckFee(fee_ppm, "fee"); !status.ok()) return status;
  return std::unique_ptr<ConstantProduct>(new ConstantProduct(fee_ppm));
}

std::optional<core::Amount> ConstantProduct::Out(const Reserves& reserves, bool sells_base,
                                                 core::Amount in) const {
  const WideUint x = Wide(sells_base ? reserves.base : reserves.quote);
  const WideUint y = Wide(sells_base ? reserves.quote : reserves.base);
  const WideUint counted = Wide(in) * WideUint(kPpm - fee_ppm_);
  const auto out = Narrow(y * counted / (x * WideUint(kPpm) + counted));
  if (!out || !AfterTrade(reserves, sells_base, in, *out)) return std::nullopt;
  return PositiveOnly(*out);
}

std::optional<core::Amount> ConstantProduct::In(const Reserves& reserves, bool sells_base,
                                                core::Amount out) const {
  const core::Amount payable = sells_base ? reserves.quote : reserves.base;
  if (out >= payable) return std::nullopt;
  const WideUint x = Wide(sells_base ? reserves.base : reserves.quote);
  const WideUint left = Wide(payable) - Wide(out);
  const auto in =
      Narrow(DivideUp(x * Wide(out) * WideUint(kPpm), left * WideUint(kPpm - fee_ppm_)));
  if (!in || !AfterTrade(reserves, sells_base, *in, out)) return std::nullopt;
  return in;
}

bool ConstantProduct::KeepsInvariant(const Reserves& before, const Reserves& after) const {
  return Wide(after.base) * Wide(after.quote) >= Wide(before.base) * Wide(before.quote);
}

absl::StatusOr<std::unique_ptr<HybridPool>> HybridPool::Create(const Options& options) {
  if (absl::Status status = HybridCurve::Check(options.curve); !status.ok()) return status;
  if (absl::Status status = CheckFee(options.mid_fee_ppm, "mid_fee"); !status.ok()) return status;
  if (absl::Status status = CheckFee(options.out_fee_ppm, "out_fee"); !status.ok()) return status;
  if (options.out_fee_ppm < options.mid_fee_ppm) {
    return absl::InvalidArgumentError("out_fee: must not be below mid_fee");
  }
  if (options.fee_gamma_e18 == 0 || options.fee_gamma_e18 > kE18) {
    return absl::InvalidArgumentError(fmt::format(
        "fee_gamma: {} in units of 10^-18; must be 1 to {}", options.fee_gamma_e18, kE18));
  }
  return std::unique_ptr<HybridPool>(new HybridPool(options));
}

// One minor unit of base is worth mantissa * 10^exponent minor units of quote at the price scale.
HybridPool::HybridPool(const Options& options) : options_(options), curve_(options.curve) {
  const int exponent = options.pair.quote.minor_digits() - options.pair.base.minor_digits() -
                       options.price_scale.scale();
  base_unit_ = WideUint(static_cast<std::uint64_t>(options.price_scale.mantissa())) *
               PowerOfTen(std::max(exponent, 0));
  quote_unit_ = PowerOfTen(std::max(-exponent, 0));
}

WideUint HybridPool::Scaled(core::Amount balance, bool is_base) const {
  return Wide(balance) * (is_base ? base_unit_ : quote_unit_);
}

bool HybridPool::InRange(core::Amount balance, bool is_base) const {
  return balance.IsPositive() &&
         Scaled(balance, is_base).BitLength() <= HybridCurve::kBalanceBitsMax;
}

// g mid + (1 - g) out with g = fee_gamma / (fee_gamma + 1 - K), K = 4 x y / (x + y)^2.
std::uint32_t HybridPool::FeePpmAt(const WideUint& x, const WideUint& y) const {
  const WideUint sum = x + y;
  const WideUint balance = WideUint(kE18) * 4 * x * y / (sum * sum);
  const WideUint off = WideUint(kE18) - balance;
  const WideUint gamma = options_.fee_gamma_e18;
  const WideUint fee = DivideUp(
      WideUint(options_.mid_fee_ppm) * gamma + WideUint(options_.out_fee_ppm) * off, gamma + off);
  return static_cast<std::uint32_t>(fee.ToU64());
}

std::uint32_t HybridPool::FeePpm(const Reserves& reserves) const {
  return FeePpmAt(Scaled(reserves.base, true), Scaled(reserves.quote, false));
}

bool HybridPool::Holds(const Reserves& reserves) const {
  return InRange(reserves.base, true) && InRange(reserves.quote, false);
}

WideUint HybridPool::SizeOf(const Reserves& reserves) const {
  CW_CHECK(Holds(reserves), "a size is of reserves in range");
  return curve_.SizeOf(Scaled(reserves.base, true), Scaled(reserves.quote, false));
}

std::optional<core::Rate> HybridPool::MarginalPrice(const Reserves& reserves) const {
  const WideUint size = SizeOf(reserves);
  const WideUint base = Scaled(reserves.base, true);
  const WideUint quote = Scaled(reserves.quote, false);
  const WideUint in = DivideUp(quote, WideUint(kPpm));
  if ((quote + in).BitLength() > HybridCurve::kBalanceBitsMax) return std::nullopt;
  const WideUint left = curve_.OtherBalance(quote + in, size, base);
  if (left >= base) return std::nullopt;
  const WideUint price = WideUint(static_cast<std::uint64_t>(options_.price_scale.mantissa())) *
                         PowerOfTen(core::Rate::kScaleMax - options_.price_scale.scale()) * in /
                         (base - left);
  if (price.IsZero() || price > Wide(core::Amount::Max())) return std::nullopt;
  return core::Rate::Make(static_cast<std::int64_t>(price.ToU64()), core::Rate::kScaleMax).value();
}

std::optional<core::Amount> HybridPool::Out(const Reserves& reserves, bool sells_base,
                                            core::Amount in) const {
  const core::Amount x = sells_base ? reserves.base : reserves.quote;
  const core::Amount y = sells_base ? reserves.quote : reserves.base;
  const auto x_after = core::CheckedAdd(x, in);
  if (!x_after || !InRange(*x_after, sells_base) || !InRange(x, sells_base) ||
      !InRange(y, !sells_base)) {
    return std::nullopt;
  }
  const WideUint size = curve_.SizeOf(Scaled(x, sells_base), Scaled(y, !sells_base));
  const WideUint wide_x = Scaled(*x_after, sells_base);
  const WideUint unit = sells_base ? quote_unit_ : base_unit_;
  const WideUint wide_left = curve_.OtherBalance(wide_x, size, Scaled(y, !sells_base));
  const WideUint left = DivideUp(wide_left, unit);
  if (left.IsZero() || left > Wide(y)) return std::nullopt;
  const WideUint gross = Wide(y) - left;
  const WideUint fee = DivideUp(gross * WideUint(FeePpmAt(wide_x, left * unit)), WideUint(kPpm));
  return PositiveOnly(*Narrow(gross - fee));
}

// By halving, because the fee depends on the answer. What the pool would pay beyond `out` it keeps.
std::optional<core::Amount> HybridPool::In(const Reserves& reserves, bool sells_base,
                                           core::Amount out) const {
  const core::Amount payable = sells_base ? reserves.quote : reserves.base;
  const core::Amount grows = sells_base ? reserves.base : reserves.quote;
  if (out >= payable || !InRange(grows, sells_base)) return std::nullopt;
  const auto pays = [&](std::int64_t in) {
    const auto paid = Out(reserves, sells_base, core::Amount::FromMinor(in));
    return paid.has_value() && *paid >= out;
  };
  // Twice as much each time until it suffices, or the arithmetic ends.
  std::int64_t low = 0;
  std::int64_t high = 1;
  const std::int64_t most = core::Amount::Max().minor() - grows.minor();
  while (!pays(high)) {
    const auto grown = core::CheckedAdd(grows, core::Amount::FromMinor(high));
    if (!grown || !InRange(*grown, sells_base) || high > most / 2) return std::nullopt;
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (pays(middle) ? high : low) = middle;
  }
  return core::Amount::FromMinor(high);
}

bool HybridPool::KeepsInvariant(const Reserves& before, const Reserves& after) const {
  const WideUint size = curve_.SizeOf(Scaled(before.base, true), Scaled(before.quote, false));
  return curve_.Reaches(Scaled(after.base, true), Scaled(after.quote, false), size);
}

}  // namespace causeway::bridge
