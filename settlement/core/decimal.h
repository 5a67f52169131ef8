// Decimal text to and from scaled integers: the common part of amounts and rates.
#ifndef CAUSEWAY_SETTLEMENT_CORE_DECIMAL_H_
#define CAUSEWAY_SETTLEMENT_CORE_DECIMAL_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace causeway::core {

// value = digits / 10^scale.
struct UnsignedDecimal {
  std::uint64_t digits = 0;
  int scale = 0;  // decimals as written
};

// Digits, then optionally a point and 1 to `scale_max` digits. Messages begin with `what`
// ("amount") and show `whole` (the text that the user wrote, of which `text` is the part to read).
// InvalidArgument for a wrong form, OutOfRange when the digits do not fit 64 bits.
absl::StatusOr<UnsignedDecimal> ParseUnsignedDecimal(std::string_view text, int scale_max,
                                                     std::string_view what, std::string_view whole);

// Exactly `scale` decimals (0..19), and at least one digit before the point.
std::string FormatUnsignedDecimal(std::uint64_t digits, int scale);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_DECIMAL_H_
