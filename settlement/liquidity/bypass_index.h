// The payments of one bank's queue by place and value: finds the next one, from some place on, of
// at most a given value. With it, a bank whose payments may pass one another is not read from end
// to end each time that it receives something.
#ifndef CAUSEWAY_SETTLEMENT_LIQUIDITY_BYPASS_INDEX_H_
#define CAUSEWAY_SETTLEMENT_LIQUIDITY_BYPASS_INDEX_H_

#include <cstdint>
#include <vector>

#include "settlement/liquidity/ids.h"

namespace causeway::liquidity {

// A tree of minima over slots in the order of the queue. Empty slots hold the largest value.
class BypassIndex {
 public:
  static constexpr std::uint32_t kNoSlot = ~std::uint32_t{0};

  // Whether Append would find a free slot; if not, Rebuild first.
  bool HasRoom() const { return used_ < capacity_; }
  // Forgets everything, and makes room for twice `live` payments.
  void Reset(std::uint32_t live);
  // Puts the payment behind all others; returns its slot. HasRoom() must hold.
  std::uint32_t Append(PaymentId payment, std::int64_t value);
  void Remove(std::uint32_t slot);
  void Change(std::uint32_t slot, std::int64_t value) { Set(slot, value); }
  // The first slot at or after `from` whose value is at most `value_max`, or kNoSlot.
  std::uint32_t Find(std::uint32_t from, std::int64_t value_max) const;
  PaymentId At(std::uint32_t slot) const { return payments_[slot]; }
  std::uint32_t used() const { return used_; }

 private:
  void Set(std::uint32_t slot, std::int64_t value);

  std::uint32_t capacity_ = 0;  // a power of two, or zero
  std::uint32_t used_ = 0;
  std::vector<std::int64_t> minima_;  // of node n: children 2n and 2n + 1, leaves from capacity_
  std::vector<PaymentId> payments_;
};

}  // namespace causeway::liquidity

#endif  // CAUSEWAY_SETTLEMENT_LIQUIDITY_BYPASS_INDEX_H_
