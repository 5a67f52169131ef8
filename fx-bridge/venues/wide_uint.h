// Unsigned integers of up to 1,024 bits, for the products that pools compare: exact, and checked.
#ifndef CAUSEWAY_FX_BRIDGE_VENUES_WIDE_UINT_H_
#define CAUSEWAY_FX_BRIDGE_VENUES_WIDE_UINT_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace causeway::bridge {

// A value type, zero by default. A result beyond 1,024 bits or below zero, and a division by zero,
// break an invariant and stop the process: whoever computes with it has bounded its operands.
class WideUint {
 public:
  static constexpr std::size_t kLimbs = 16;  // of 64 bits

  constexpr WideUint() = default;
  // Implicit on purpose: constants read as numbers.
  constexpr WideUint(std::uint64_t value) : size_(value == 0 ? 0 : 1) {  // NOLINT
    limbs_[0] = value;
  }

  bool IsZero() const { return size_ == 0; }
  std::size_t BitLength() const;
  bool FitsU64() const { return size_ <= 1; }
  // FitsU64() must hold.
  std::uint64_t ToU64() const;

  friend WideUint operator+(const WideUint& left, const WideUint& right);
  friend WideUint operator-(const WideUint& left, const WideUint& right);  // left >= right
  friend WideUint operator*(const WideUint& left, const WideUint& right);
  // Rounded down.
  friend WideUint operator/(const WideUint& dividend, const WideUint& divisor);
  friend std::strong_ordering operator<=>(const WideUint& left, const WideUint& right);
  friend bool operator==(const WideUint& left, const WideUint& right) {
    return (left <=> right) == 0;
  }

 private:
  void Trim();
  WideUint ShiftedLeft(unsigned bits) const;  // by less than 64

  std::array<std::uint64_t, kLimbs> limbs_{};  // least significant first
  std::size_t size_ = 0;                       // limbs in use: the last one is not zero
};

// Rounded up.
WideUint DivideUp(const WideUint& dividend, const WideUint& divisor);
// The largest whole number whose square is at most `value`, which is below 2^1000.
WideUint SquareRoot(const WideUint& value);
WideUint PowerOfTen(int exponent);  // 0..100

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_VENUES_WIDE_UINT_H_
