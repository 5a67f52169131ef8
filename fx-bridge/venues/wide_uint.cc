#include "fx-bridge/venues/wide_uint.h"

#include <algorithm>
#include <bit>

#include "settlement/core/check.h"

namespace causeway::bridge {
namespace {

using Uint128 = unsigned __int128;
constexpr unsigned kLimbBits = 64;

std::uint64_t Low(Uint128 value) { return static_cast<std::uint64_t>(value); }
std::uint64_t High(Uint128 value) { return static_cast<std::uint64_t>(value >> kLimbBits); }

}  // namespace

void WideUint::Trim() {
  while (size_ > 0 && limbs_[size_ - 1] == 0) --size_;
}

std::size_t WideUint::BitLength() const {
  if (size_ == 0) return 0;
  return size_ * kLimbBits - static_cast<std::size_t>(std::countl_zero(limbs_[size_ - 1]));
}

std::uint64_t WideUint::ToU64() const {
  CW_CHECK(FitsU64(), "the value fits 64 bits");
  return limbs_[0];
}

std::strong_ordering operator<=>(const WideUint& left, const WideUint& right) {
  if (left.size_ != right.size_) return left.size_ <=> right.size_;
  for (std::size_t i = left.size_; i-- > 0;) {
    if (left.limbs_[i] != right.limbs_[i]) return left.limbs_[i] <=> right.limbs_[i];
  }
  return std::strong_ordering::equal;
}

WideUint operator+(const WideUint& left, const WideUint& right) {
  WideUint sum;
  const std::size_t size = std::max(left.size_, right.size_);
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const Uint128 limb = Uint128{left.limbs_[i]} + right.limbs_[i] + carry;
    sum.limbs_[i] = Low(limb);
    carry = High(limb);
  }
  sum.size_ = size;
  if (carry != 0) {
    CW_CHECK(size < WideUint::kLimbs, "a sum fits 1,024 bits");
    sum.limbs_[sum.size_++] = carry;
  }
  return sum;
}

WideUint operator-(const WideUint& left, const WideUint& right) {
  CW_CHECK(left >= right, "a difference is not below zero");
  WideUint difference;
  std::uint64_t borrow = 0;
  for (std::size_t i = 0; i < left.size_; ++i) {
    const Uint128 limb = Uint128{left.limbs_[i]} - right.limbs_[i] - borrow;
    difference.limbs_[i] = Low(limb);
    borrow = High(limb) != 0 ? 1 : 0;
  }
  difference.size_ = left.size_;
  difference.Trim();
  return difference;
}

WideUint operator*(const WideUint& left, const WideUint& right) {
  WideUint product;
  if (left.IsZero() || right.IsZero()) return product;
  for (std::size_t i = 0; i < left.size_; ++i) {
    std::uint64_t carry = 0;
    for (std::size_t j = 0; j < right.size_ || carry != 0; ++j) {
      const std::uint64_t factor = j < right.size_ ? right.limbs_[j] : 0;
      if (i + j >= WideUint::kLimbs) {
        CW_CHECK(factor == 0 && carry == 0, "a product fits 1,024 bits");
        continue;
      }
      const Uint128 limb =
          Uint128{left.limbs_[i]} * factor + product.limbs_[i + j] + Uint128{carry};
      product.limbs_[i + j] = Low(limb);
      carry = High(limb);
    }
  }
  product.size_ = std::min(left.size_ + right.size_, WideUint::kLimbs);
  product.Trim();
  return product;
}

WideUint WideUint::ShiftedLeft(unsigned bits) const {
  WideUint shifted;
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    shifted.limbs_[i] = (limbs_[i] << bits) | carry;
    carry = bits == 0 ? 0 : limbs_[i] >> (kLimbBits - bits);
  }
  shifted.size_ = size_;
  if (carry != 0) {
    CW_CHECK(size_ < kLimbs, "a shifted value fits 1,024 bits");
    shifted.limbs_[shifted.size_++] = carry;
  }
  return shifted;
}

// Long division by limbs (Knuth, The Art of Computer Programming, volume 2, 4.3.1): with a divisor
// whose highest bit is set, a guess from the two highest limbs is at most two too large.
WideUint operator/(const WideUint& dividend, const WideUint& divisor) {
  CW_CHECK(!divisor.IsZero(), "a divisor is not zero");
  WideUint quotient;
  if (dividend < divisor) return quotient;
  const auto shift = static_cast<unsigned>(std::countl_zero(divisor.limbs_[divisor.size_ - 1]));
  WideUint rest = dividend.ShiftedLeft(shift);
  const WideUint scaled = divisor.ShiftedLeft(shift);
  const std::size_t digits = scaled.size_;
  const auto limb = [&rest](std::size_t i) {
    return i < WideUint::kLimbs ? rest.limbs_[i] : std::uint64_t{0};
  };
  for (std::size_t place = rest.size_ - digits + 1; place-- > 0;) {
    // `rest` is below scaled * 2^(64 (place + 1)) here.
    const Uint128 top = (Uint128{limb(place + digits)} << kLimbBits) | limb(place + digits - 1);
    const Uint128 most = Low(~Uint128{0});
    std::uint64_t guess = Low(std::min(top / scaled.limbs_[digits - 1], most));
    WideUint part;
    const auto take = [&] {
      const WideUint product = scaled * WideUint(guess);
      part = WideUint();
      if (product.size_ + place > WideUint::kLimbs) return false;
      std::copy_n(product.limbs_.begin(), product.size_,
                  part.limbs_.begin() + static_cast<std::ptrdiff_t>(place));
      part.size_ = product.size_ == 0 ? 0 : product.size_ + place;
      return part <= rest;
    };
    while (!take()) --guess;
    rest = rest - part;
    quotient.limbs_[place] = guess;
    quotient.size_ = std::max(quotient.size_, guess == 0 ? 0 : place + 1);
  }
  return quotient;
}

WideUint DivideUp(const WideUint& dividend, const WideUint& divisor) {
  const WideUint quotient = dividend / divisor;
  return quotient * divisor == dividend ? quotient : quotient + 1;
}

// Newton's method from above falls until it has reached the root.
WideUint SquareRoot(const WideUint& value) {
  if (value.IsZero()) return {};
  WideUint root = 1;
  for (std::size_t bits = 0; bits < value.BitLength(); bits += 2) root = root + root;
  while (true) {
    const WideUint next = (root + value / root) / 2;
    if (next >= root) return root;
    root = next;
  }
}

WideUint PowerOfTen(int exponent) {
  CW_CHECK(exponent >= 0 && exponent <= 100, "a power of ten in range");
  WideUint power = 1;
  for (int i = 0; i < exponent; ++i) power = power * 10;
  return power;
}

}  // namespace causeway::bridge
