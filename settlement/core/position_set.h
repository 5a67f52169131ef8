// Which of the positions 0 to size - 1 are in a set: of the settlements of a list, those that a
// ledger holds, or those that are committed. A value; any thread.
#ifndef CAUSEWAY_SETTLEMENT_CORE_POSITION_SET_H_
#define CAUSEWAY_SETTLEMENT_CORE_POSITION_SET_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace causeway::core {

class PositionSet {
 public:
  // Of no positions: what is said of a single settlement.
  PositionSet() = default;
  // None of `size` positions.
  explicit PositionSet(std::uint32_t size) : size_(size), bits_((size + 7) / 8, '\0') {}
  // As of bits(). Nothing unless there is one bit for each position, and zeros after them.
  static std::optional<PositionSet> FromBits(std::uint32_t size, std::string_view bits);

  std::uint32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Position i is bit i % 8, from the lowest, of byte i / 8.
  const std::string& bits() const { return bits_; }

  bool Contains(std::uint32_t position) const {
    return position < size_ &&
           (static_cast<unsigned char>(bits_[position / 8]) >> (position % 8) & 1U) != 0;
  }
  void Insert(std::uint32_t position) {
    bits_[position / 8] =
        static_cast<char>(static_cast<unsigned char>(bits_[position / 8]) | (1U << (position % 8)));
  }
  // Keeps what is in both; they have one size.
  void Intersect(const PositionSet& other);
  std::uint32_t Count() const;

  friend bool operator==(const PositionSet&, const PositionSet&) = default;

 private:
  std::uint32_t size_ = 0;
  std::string bits_;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_POSITION_SET_H_
