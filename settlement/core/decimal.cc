#include "settlement/core/decimal.h"

#include <cstddef>

#include "fmt/format.h"
#include "settlement/core/quote.h"

namespace causeway::core {

absl::StatusOr<UnsignedDecimal> ParseUnsignedDecimal(std::string_view text, int scale_max,
                                                     std::string_view what,
                                                     std::string_view whole) {
  const auto refuse = [&](std::string_view why) {
    return absl::InvalidArgumentError(fmt::format("{} {}: {}", what, Quoted(whole), why));
  };
  const std::size_t point = text.find('.');
  const std::string_view integer = text.substr(0, point);
  const std::string_view fraction =
      point == std::string_view::npos ? std::string_view() : text.substr(point + 1);

  if (integer.empty()) return refuse("needs a digit before the decimal point");
  if (point != std::string_view::npos && fraction.empty()) {
    return refuse("needs a digit after the decimal point");
  }
  UnsignedDecimal decimal;
  bool fits = true;
  for (const std::string_view part : {integer, fraction}) {
    for (const char character : part) {
      if (character < '0' || character > '9') {
        return refuse("only digits and one decimal point are allowed, without grouping");
      }
      const auto digit = static_cast<std::uint64_t>(character - '0');
      fits = fits && !__builtin_mul_overflow(decimal.digits, std::uint64_t{10}, &decimal.digits) &&
             !__builtin_add_overflow(decimal.digits, digit, &decimal.digits);
    }
  }
  if (fraction.size() > static_cast<std::size_t>(scale_max)) {
    return refuse(scale_max == 0 ? std::string("no decimals are allowed")
                                 : fmt::format("at most {} decimals are allowed, got {}", scale_max,
                                               fraction.size()));
  }
  if (!fits) {
    return absl::OutOfRangeError(fmt::format("{} {}: too large", what, Quoted(whole)));
  }
  decimal.scale = static_cast<int>(fraction.size());
  return decimal;
}

std::string FormatUnsignedDecimal(std::uint64_t digits, int scale) {
  const auto decimals = static_cast<std::size_t>(scale);
  std::string text = fmt::format("{:0{}}", digits, decimals + 1);
  if (decimals > 0) text.insert(text.size() - decimals, 1, '.');
  return text;
}

}  // namespace causeway::core
