#include "settlement/core/position_set.h"

#include <bit>

#include "settlement/core/check.h"

namespace causeway::core {

std::optional<PositionSet> PositionSet::FromBits(std::uint32_t size, std::string_view bits) {
  if (bits.size() != (std::size_t{size} + 7) / 8) return std::nullopt;
  const unsigned used = size % 8;
  if (used != 0 && (static_cast<unsigned char>(bits.back()) >> used) != 0) return std::nullopt;
  PositionSet set;
  set.size_ = size;
  set.bits_ = bits;
  return set;
}

void PositionSet::Intersect(const PositionSet& other) {
  CW_CHECK(size_ == other.size_, "both are of the same list");
  for (std::size_t i = 0; i < bits_.size(); ++i) {
    bits_[i] = static_cast<char>(static_cast<unsigned char>(bits_[i]) &
                                 static_cast<unsigned char>(other.bits_[i]));
  }
}

std::uint32_t PositionSet::Count() const {
  std::uint32_t count = 0;
  for (const char byte : bits_) {
    count += static_cast<std::uint32_t>(std::popcount(static_cast<unsigned char>(byte)));
  }
  return count;
}

}  // namespace causeway::core
