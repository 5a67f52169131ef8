#include "settlement/core/rate.h"

#include <array>

#include "fmt/format.h"
#include "settlement/core/check.h"
#include "settlement/core/decimal.h"
#include "settlement/core/quote.h"

namespace causeway::core {
namespace {

using Uint128 = unsigned __int128;

// Largest exponent met below: scale 12 and 6 minor digits.
constexpr int kPowerMax = Rate::kScaleMax + kMinorDigitsMax;

constexpr std::array<std::uint64_t, kPowerMax + 1> kPowersOfTen = [] {
  std::array<std::uint64_t, kPowerMax + 1> powers{};
  std::uint64_t power = 1;
  for (std::uint64_t& entry : powers) {
    entry = power;
    power *= 10;
  }
  return powers;
}();

Uint128 PowerOfTen(int exponent) { return kPowersOfTen[static_cast<std::size_t>(exponent)]; }

Uint128 Widen(std::int64_t not_negative) { return static_cast<Uint128>(not_negative); }

std::optional<Amount> RoundedQuotient(Uint128 dividend, Uint128 divisor, Rounding rounding) {
  Uint128 quotient = dividend / divisor;
  const Uint128 remainder = dividend % divisor;
  switch (rounding) {
    case Rounding::kDown:
      break;
    case Rounding::kUp:
      quotient += remainder != 0 ? 1U : 0U;
      break;
    case Rounding::kHalfEven: {
      const Uint128 to_next = divisor - remainder;
      const bool tie = remainder == to_next;
      if (remainder > to_next || (tie && quotient % 2 != 0)) quotient += 1;
      break;
    }
  }
  if (quotient > Widen(Amount::Max().minor())) return std::nullopt;
  return Amount::FromMinor(static_cast<std::int64_t>(quotient));
}

// amount * factor * 10^exponent / divisor. Every product below fits 128 bits unless the result is
// beyond 64 bits anyway: amount, factor and divisor are below 2^63, one of factor and divisor is 1,
// and 10^18 < 2^60.
std::optional<Amount> Convert(Amount amount, std::int64_t factor, std::int64_t divisor,
                              int exponent, Rounding rounding) {
  if (amount.IsNegative()) return std::nullopt;
  Uint128 dividend = Widen(amount.minor()) * Widen(factor);
  Uint128 wide_divisor = Widen(divisor);
  if (exponent < 0) {
    wide_divisor *= PowerOfTen(-exponent);
  } else if (__builtin_mul_overflow(dividend, PowerOfTen(exponent), &dividend)) {
    return std::nullopt;
  }
  return RoundedQuotient(dividend, wide_divisor, rounding);
}

void CheckMinorDigits(int base_minor_digits, int quote_minor_digits) {
  CW_CHECK(base_minor_digits >= 0 && base_minor_digits <= kMinorDigitsMax,
           "minor digits of the base currency in range");
  CW_CHECK(quote_minor_digits >= 0 && quote_minor_digits <= kMinorDigitsMax,
           "minor digits of the quote currency in range");
}

}  // namespace

absl::StatusOr<Rate> Rate::Make(std::int64_t mantissa, int scale) {
  if (mantissa <= 0) {
    return absl::InvalidArgumentError(
        fmt::format("rate mantissa {}: must be greater than zero", mantissa));
  }
  if (scale < 0 || scale > kScaleMax) {
    return absl::InvalidArgumentError(
        fmt::format("rate scale {}: must be between 0 and {}", scale, kScaleMax));
  }
  return Rate(mantissa, scale);
}

absl::StatusOr<Rate> Rate::Parse(std::string_view decimal) {
  const absl::StatusOr<UnsignedDecimal> parsed =
      ParseUnsignedDecimal(decimal, kScaleMax, "rate", decimal);
  if (!parsed.ok()) return parsed.status();
  if (parsed->digits == 0) {
    return absl::InvalidArgumentError(
        fmt::format("rate {}: must be greater than zero", Quoted(decimal)));
  }
  if (parsed->digits > static_cast<std::uint64_t>(Amount::Max().minor())) {
    return absl::OutOfRangeError(fmt::format("rate {}: too large, its digits must not exceed {}",
                                             Quoted(decimal), Amount::Max().minor()));
  }
  return Rate(static_cast<std::int64_t>(parsed->digits), parsed->scale);
}

std::string Rate::ToString() const {
  return FormatUnsignedDecimal(static_cast<std::uint64_t>(mantissa_), scale_);
}

std::weak_ordering operator<=>(const Rate& left, const Rate& right) {
  const Uint128 left_scaled = Widen(left.mantissa_) * PowerOfTen(right.scale_);
  const Uint128 right_scaled = Widen(right.mantissa_) * PowerOfTen(left.scale_);
  if (left_scaled < right_scaled) return std::weak_ordering::less;
  if (left_scaled > right_scaled) return std::weak_ordering::greater;
  return std::weak_ordering::equivalent;
}

Rate Rate::WithoutTrailingZeros() const {
  Rate shortest = *this;
  while (shortest.scale_ > 0 && shortest.mantissa_ % 10 == 0) {
    shortest.mantissa_ /= 10;
    --shortest.scale_;
  }
  return shortest;
}

std::optional<Amount> ConvertBaseToQuote(Amount base, const Rate& rate, int base_minor_digits,
                                         int quote_minor_digits, Rounding rounding) {
  CheckMinorDigits(base_minor_digits, quote_minor_digits);
  return Convert(base, rate.mantissa(), 1, quote_minor_digits - base_minor_digits - rate.scale(),
                 rounding);
}

std::optional<Amount> ConvertQuoteToBase(Amount quote, const Rate& rate, int base_minor_digits,
                                         int quote_minor_digits, Rounding rounding) {
  CheckMinorDigits(base_minor_digits, quote_minor_digits);
  return Convert(quote, 1, rate.mantissa(), base_minor_digits - quote_minor_digits + rate.scale(),
                 rounding);
}

}  // namespace causeway::core
