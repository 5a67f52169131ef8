// Logarithm and exponential to base 2 in integer arithmetic. The mathematical library may round
// differently on every machine and compiler; these give the same bits everywhere.
#ifndef CAUSEWAY_SETTLEMENT_CORE_FIXED_POINT_H_
#define CAUSEWAY_SETTLEMENT_CORE_FIXED_POINT_H_

#include <cstdint>

namespace causeway::core {

// Values named ...Q48 have 48 fractional bits: 2^48 stands for 1.
inline constexpr int kQ48Bits = 48;

// log2(value) for value > 0; absolute error below 2^-46.
std::int64_t Log2Q48(std::uint64_t value);

// significand / 2^63 * 2^exponent, with the significand in [2^63, 2^64).
struct BinaryFloat {
  std::uint64_t significand = 0;
  int exponent = 0;
};

// 2^power; relative error below 2^-46.
BinaryFloat Exp2(std::int64_t power_q48);

// count * factor, rounded to the nearest (ties up), for count >= 0. Saturates at the largest int64.
std::int64_t ScaleSaturating(std::int64_t count, const BinaryFloat& factor);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_FIXED_POINT_H_
