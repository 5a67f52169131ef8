#include "settlement/core/amount.h"

#include "fmt/format.h"
#include "settlement/core/check.h"
#include "settlement/core/decimal.h"
#include "settlement/core/quote.h"

namespace causeway::core {

absl::StatusOr<Amount> ParseAmount(std::string_view decimal, int minor_digits) {
  CW_CHECK(minor_digits >= 0 && minor_digits <= kMinorDigitsMax, "minor digits in range");
  std::string_view magnitude_text = decimal;
  const bool negative = magnitude_text.starts_with('-');
  if (negative) magnitude_text.remove_prefix(1);

  const absl::StatusOr<UnsignedDecimal> parsed =
      ParseUnsignedDecimal(magnitude_text, minor_digits, "amount", decimal);
  if (!parsed.ok()) return parsed.status();

  std::uint64_t magnitude = parsed->digits;
  bool fits = true;
  for (int scale = parsed->scale; scale < minor_digits; ++scale) {
    fits = fits && !__builtin_mul_overflow(magnitude, std::uint64_t{10}, &magnitude);
  }
  const auto magnitude_max =
      static_cast<std::uint64_t>(Amount::Max().minor()) + (negative ? 1U : 0U);
  if (!fits || magnitude > magnitude_max) {
    return absl::OutOfRangeError(fmt::format(
        "amount {}: must lie between {} and {}", Quoted(decimal),
        FormatAmount(Amount::Min(), minor_digits), FormatAmount(Amount::Max(), minor_digits)));
  }
  return Amount::FromMinor(static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude));
}

std::string FormatAmount(Amount amount, int minor_digits) {
  CW_CHECK(minor_digits >= 0 && minor_digits <= kMinorDigitsMax, "minor digits in range");
  const auto bits = static_cast<std::uint64_t>(amount.minor());
  const std::uint64_t magnitude = amount.IsNegative() ? 0 - bits : bits;
  const std::string text = FormatUnsignedDecimal(magnitude, minor_digits);
  return amount.IsNegative() ? "-" + text : text;
}

}  // namespace causeway::core
