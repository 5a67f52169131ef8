#include "settlement/liquidity/bypass_index.h"

#include <algorithm>
#include <limits>

#include "settlement/core/check.h"

namespace causeway::liquidity {
namespace {

constexpr std::uint32_t kCapacityMin = 16;
constexpr std::int64_t kEmptySlot = std::numeric_limits<std::int64_t>::max();

}  // namespace

void BypassIndex::Reset(std::uint32_t live) {
  capacity_ = kCapacityMin;
  while (capacity_ < 2 * live) capacity_ *= 2;
  used_ = 0;
  minima_.assign(std::size_t{2} * capacity_, kEmptySlot);
  payments_.assign(capacity_, kNoPayment);
}

std::uint32_t BypassIndex::Append(PaymentId payment, std::int64_t value) {
  CW_CHECK(HasRoom(), "room for one more payment");
  const std::uint32_t slot = used_++;
  payments_[slot] = payment;
  Set(slot, value);
  return slot;
}

void BypassIndex::Remove(std::uint32_t slot) {
  payments_[slot] = kNoPayment;
  Set(slot, kEmptySlot);
}

void BypassIndex::Set(std::uint32_t slot, std::int64_t value) {
  std::size_t node = std::size_t{capacity_} + slot;
  minima_[node] = value;
  while (node > 1) {
    node /= 2;
    const std::int64_t lower = std::min(minima_[2 * node], minima_[2 * node + 1]);
    if (minima_[node] == lower) return;
    minima_[node] = lower;
  }
}

std::uint32_t BypassIndex::Find(std::uint32_t from, std::int64_t value_max) const {
  if (from >= capacity_) return kNoSlot;
  std::size_t node = std::size_t{capacity_} + from;
  // Up, until a subtree to the right holds one; then down to the first of it.
  while (minima_[node] > value_max) {
    while (node % 2 == 1) {
      node /= 2;
      if (node <= 1) return kNoSlot;  // climbed along the right edge
    }
    ++node;
  }
  while (node < capacity_) {
    node *= 2;
    if (minima_[node] > value_max) ++node;
  }
  return static_cast<std::uint32_t>(node - capacity_);
}

}  // namespace causeway::liquidity
