// Money: a signed count of minor units. The currency, and with it the number of decimals, is known
// from the account or the leg that the amount belongs to; an Amount never mixes with plain
// integers.
#ifndef CAUSEWAY_SETTLEMENT_CORE_AMOUNT_H_
#define CAUSEWAY_SETTLEMENT_CORE_AMOUNT_H_

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace causeway::core {

// The most decimals that any unit of account may have. ISO 4217 reaches 4; the rest is room for
// instruments that are not currencies, and keeps conversions within 128 bits (see rate.h).
inline constexpr int kMinorDigitsMax = 6;

// A value type of 64 bits; zero by default. Any number of threads may read one.
class Amount {
 public:
  constexpr Amount() = default;
  static constexpr Amount FromMinor(std::int64_t minor_units) { return Amount(minor_units); }
  static constexpr Amount Zero() { return Amount(0); }
  static constexpr Amount Max() { return Amount(std::numeric_limits<std::int64_t>::max()); }
  static constexpr Amount Min() { return Amount(std::numeric_limits<std::int64_t>::min()); }

  constexpr std::int64_t minor() const { return minor_; }
  constexpr bool IsPositive() const { return minor_ > 0; }
  constexpr bool IsZero() const { return minor_ == 0; }
  constexpr bool IsNegative() const { return minor_ < 0; }

  friend constexpr auto operator<=>(const Amount&, const Amount&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const Amount& amount) {
    return H::combine(std::move(state), amount.minor_);
  }

 private:
  explicit constexpr Amount(std::int64_t minor_units) : minor_(minor_units) {}

  std::int64_t minor_ = 0;
};

// Exact results, or nothing when the result does not fit 64 bits. There are no operators + and - on
// purpose: every place that adds money says what happens when it cannot.
constexpr std::optional<Amount> CheckedAdd(Amount left, Amount right) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(left.minor(), right.minor(), &sum)) return std::nullopt;
  return Amount::FromMinor(sum);
}
constexpr std::optional<Amount> CheckedSub(Amount left, Amount right) {
  std::int64_t difference = 0;
  if (__builtin_sub_overflow(left.minor(), right.minor(), &difference)) return std::nullopt;
  return Amount::FromMinor(difference);
}
constexpr std::optional<Amount> CheckedNegate(Amount amount) {
  return CheckedSub(Amount::Zero(), amount);
}

// Reads "1234.56", "-0.5" or "1234": an optional minus sign, at least one digit, and at most
// `minor_digits` decimals after a point, with at least one digit after the point if there is one.
// No plus sign, grouping, exponent or white space. InvalidArgument says what was wrong; values that
// do not fit 64 bits are OutOfRange. `minor_digits` is 0..kMinorDigitsMax.
absl::StatusOr<Amount> ParseAmount(std::string_view decimal, int minor_digits);

// Always writes exactly `minor_digits` decimals and no grouping: "1234.50", "-0.05", "7" (for 0).
// ParseAmount of the result gives the amount back.
std::string FormatAmount(Amount amount, int minor_digits);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_AMOUNT_H_
