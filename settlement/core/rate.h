// Exchange rates as exact decimals, and conversion of amounts with one rounding.
#ifndef CAUSEWAY_SETTLEMENT_CORE_RATE_H_
#define CAUSEWAY_SETTLEMENT_CORE_RATE_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "settlement/core/amount.h"

namespace causeway::core {

// Units of the quote currency per one unit of the base currency (major units both):
// mantissa / 10^scale, greater than zero. 1 by default. A value type.
class Rate {
 public:
  static constexpr int kScaleMax = 12;

  constexpr Rate() = default;

  // mantissa > 0 and 0 <= scale <= kScaleMax, else InvalidArgument.
  static absl::StatusOr<Rate> Make(std::int64_t mantissa, int scale);
  // Digits with an optional point and 1..kScaleMax decimals after it: "7.8123", "148", "0.0068".
  // No sign, exponent, grouping or white space. InvalidArgument says what was wrong; a mantissa
  // that does not fit 64 bits is OutOfRange.
  static absl::StatusOr<Rate> Parse(std::string_view decimal);

  constexpr std::int64_t mantissa() const { return mantissa_; }
  constexpr int scale() const { return scale_; }
  // With exactly scale() decimals, so "7.80" stays "7.80".
  std::string ToString() const;

  // By value: 7.80 and 7.8 are equal (and hash alike) though mantissa and scale differ.
  friend std::weak_ordering operator<=>(const Rate& left, const Rate& right);
  friend bool operator==(const Rate& left, const Rate& right) { return (left <=> right) == 0; }
  template <typename H>
  friend H AbslHashValue(H state, const Rate& rate) {
    const Rate shortest = rate.WithoutTrailingZeros();
    return H::combine(std::move(state), shortest.mantissa_, shortest.scale_);
  }

 private:
  constexpr Rate(std::int64_t mantissa, int scale) : mantissa_(mantissa), scale_(scale) {}
  Rate WithoutTrailingZeros() const;

  std::int64_t mantissa_ = 1;
  int scale_ = 0;
};

// What becomes of the part below one minor unit. Between parties kHalfEven is the rule; a pool
// rounds what it pays kDown and what it collects kUp.
enum class Rounding {
  kHalfEven,  // to the nearest, ties to the even minor unit
  kDown,      // towards zero
  kUp,        // away from zero
};

// base x rate, in minor units of the quote currency, computed exactly in 128 bits and rounded once.
// Nothing when `base` is negative or the result exceeds 64 bits.
// The digit counts are 0..kMinorDigitsMax (as Currency::minor_digits gives).
std::optional<Amount> ConvertBaseToQuote(Amount base, const Rate& rate, int base_minor_digits,
                                         int quote_minor_digits, Rounding rounding);
// quote / rate, in minor units of the base currency; otherwise the same.
std::optional<Amount> ConvertQuoteToBase(Amount quote, const Rate& rate, int base_minor_digits,
                                         int quote_minor_digits, Rounding rounding);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_RATE_H_
