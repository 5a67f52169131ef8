#include "settlement/core/fixed_point.h"

#include <array>
#include <bit>
#include <cstddef>
#include <limits>

#include "settlement/core/check.h"

namespace causeway::core {
namespace {

using Uint128 = unsigned __int128;

// Both functions look up the leading 8 bits of the fraction and finish with a short series on the
// rest. The tables are computed at compile time by slow exact methods: no constants to mistype.
constexpr std::size_t kTableSize = 256;
constexpr std::uint64_t kOneQ63 = std::uint64_t{1} << 63;
constexpr std::uint64_t kLn2Q64 = 0xb17217f7d1cf79ac;
// 1 / ln 2 = 1.4426950...
constexpr std::uint64_t kLog2EQ63 = 0xb8aa3b295c17f0bc;

constexpr std::uint64_t MultiplyQ64(std::uint64_t left, std::uint64_t right) {
  return static_cast<std::uint64_t>(static_cast<Uint128>(left) * right >> 64);
}

constexpr std::uint64_t MultiplyQ63(std::uint64_t left, std::uint64_t right) {
  return static_cast<std::uint64_t>(static_cast<Uint128>(left) * right >> 63);
}

// log2 of x in [1, 2), one result bit for each squaring. Q63 to Q60.
constexpr std::uint64_t SlowLog2(std::uint64_t x_q63) {
  Uint128 x = x_q63;
  std::uint64_t result = 0;
  for (int bit = 0; bit < 60; ++bit) {
    x = x * x >> 63;
    result <<= 1;
    if (x >> 64 != 0) {
      x >>= 1;
      result |= 1;
    }
  }
  return result;
}

// Largest integer whose square is at most `square`.
constexpr std::uint64_t SquareRoot(Uint128 square) {
  Uint128 root = 0;
  for (int bit = 63; bit >= 0; --bit) {
    const Uint128 candidate = root | static_cast<Uint128>(1) << bit;
    if (candidate * candidate <= square) root = candidate;
  }
  return static_cast<std::uint64_t>(root);
}

// log2(1 + i/256), Q60, rounded down.
constexpr std::array<std::uint64_t, kTableSize> kLog2Table = [] {
  std::array<std::uint64_t, kTableSize> table{};
  for (std::size_t i = 0; i < kTableSize; ++i) table[i] = SlowLog2(kOneQ63 + (i << 55));
  return table;
}();

// 1 / (1 + i/256), Q63, rounded down.
constexpr std::array<std::uint64_t, kTableSize> kReciprocalTable = [] {
  std::array<std::uint64_t, kTableSize> table{};
  for (std::size_t i = 0; i < kTableSize; ++i) {
    table[i] = static_cast<std::uint64_t>((static_cast<Uint128>(1) << 126) / (kOneQ63 + (i << 55)));
  }
  return table;
}();

// 2^(i/256), Q63: products of 2^(1/2), 2^(1/4), ... 2^(1/256), each the square root of the last.
constexpr std::array<std::uint64_t, kTableSize> kExp2Table = [] {
  std::array<std::uint64_t, kTableSize> table{};
  for (std::uint64_t& entry : table) entry = kOneQ63;
  std::uint64_t root_q62 = std::uint64_t{1} << 63;  // 2
  for (std::size_t bit = kTableSize / 2; bit > 0; bit /= 2) {
    root_q62 = SquareRoot(static_cast<Uint128>(root_q62) << 62);
    for (std::size_t i = 0; i < kTableSize; ++i) {
      if ((i & bit) != 0) table[i] = MultiplyQ63(table[i], root_q62 << 1);
    }
  }
  return table;
}();

}  // namespace

std::int64_t Log2Q48(std::uint64_t value) {
  CW_CHECK(value > 0, "only positive numbers have a logarithm");
  const int leading_zeros = std::countl_zero(value);
  const std::uint64_t x_q63 = value << leading_zeros;
  const auto index = static_cast<std::size_t>(x_q63 >> 55 & (kTableSize - 1));
  const std::uint64_t excess_q63 = x_q63 & ((std::uint64_t{1} << 55) - 1);
  // x = (1 + i/256) (1 + t) with 0 <= t < 2^-8; ln(1 + t) by its series to t^5.
  const std::uint64_t t_q64 = MultiplyQ63(excess_q63, kReciprocalTable[index]) << 1;
  std::uint64_t series_q64 = ~std::uint64_t{0} / 5;
  series_q64 = (std::uint64_t{1} << 62) - MultiplyQ64(t_q64, series_q64);
  series_q64 = ~std::uint64_t{0} / 3 - MultiplyQ64(t_q64, series_q64);
  series_q64 = kOneQ63 - MultiplyQ64(t_q64, series_q64);
  const std::uint64_t ln_q64 = t_q64 - MultiplyQ64(t_q64, MultiplyQ64(t_q64, series_q64));
  const std::uint64_t log2_q60 = kLog2Table[index] + (MultiplyQ63(ln_q64, kLog2EQ63) >> 4);
  const auto whole = static_cast<std::int64_t>(63 - leading_zeros);
  return (whole << kQ48Bits) + static_cast<std::int64_t>(log2_q60 >> (60 - kQ48Bits));
}

BinaryFloat Exp2(std::int64_t power_q48) {
  BinaryFloat result;
  result.exponent = static_cast<int>(power_q48 >> kQ48Bits);  // rounds down, negative ones too
  const auto fraction_q48 =
      static_cast<std::uint64_t>(power_q48) & ((std::uint64_t{1} << kQ48Bits) - 1);
  const auto index = static_cast<std::size_t>(fraction_q48 >> (kQ48Bits - 8));
  const std::uint64_t rest_q64 = (fraction_q48 & ((std::uint64_t{1} << (kQ48Bits - 8)) - 1))
                                 << (64 - kQ48Bits);
  // e^y with 0 <= y < 2^-8 ln 2, by its series to y^5.
  const std::uint64_t y_q64 = MultiplyQ64(rest_q64, kLn2Q64);
  std::uint64_t series_q63 = kOneQ63 + y_q64 / 10;
  series_q63 = kOneQ63 + MultiplyQ64(y_q64, series_q63) / 4;
  series_q63 = kOneQ63 + MultiplyQ64(y_q64, series_q63) / 3;
  series_q63 = kOneQ63 + MultiplyQ64(y_q64, series_q63) / 2;
  series_q63 = kOneQ63 + MultiplyQ64(y_q64, series_q63);
  result.significand = MultiplyQ63(kExp2Table[index], series_q63);
  return result;
}

std::int64_t ScaleSaturating(std::int64_t count, const BinaryFloat& factor) {
  CW_CHECK(count >= 0, "only counts that are not negative are scaled");
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (count == 0) return 0;
  const Uint128 product_q63 = static_cast<Uint128>(count) * factor.significand;  // below 2^127
  const int shift = 63 - factor.exponent;
  if (shift > 127) return 0;
  if (shift <= 0) return kMax;  // the product is at least 2^63
  const Uint128 half = static_cast<Uint128>(1) << (shift - 1);
  const Uint128 rounded = (product_q63 + half) >> shift;
  return rounded > static_cast<Uint128>(kMax) ? kMax : static_cast<std::int64_t>(rounded);
}

}  // namespace causeway::core
