// A Bloom filter in memory over recent instruction ids of a ledger: what says "never seen" of
// nearly every new one with a single cache line, and so keeps runs and tables out of the hot path.
// Lines of 512 bits, one bit in each of their eight words; 16 bits a key at capacity, where about
// 0.1% of new keys look as if they were known (half full: 0.001%).
//
// One thread.
#ifndef CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_FILTER_H_
#define CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_FILTER_H_

#include <cstddef>
#include <cstdint>

#include "settlement/store/key_runs_memory.h"

namespace causeway::store {

class KeyFilter {
 public:
  KeyFilter() = default;
  // `capacity` is a guide: beyond it, more keys look known that are not.
  explicit KeyFilter(std::uint64_t capacity)
      : capacity_(capacity),
        lines_(capacity / kLineKeys + 1),
        memory_(lines_ * kLineWords * sizeof(std::uint64_t)) {
    memory_.Touch();
  }

  std::uint64_t capacity() const { return capacity_; }
  std::uint64_t keys() const { return keys_; }
  std::size_t memory_bytes() const { return memory_.bytes(); }

  CAUSEWAY_PREFETCH_INLINE void Prefetch(std::uint64_t fingerprint) const {
    __builtin_prefetch(LineOf(fingerprint), 1);
  }
  // Adds the fingerprint. True when it may have been there before; false: it surely was not.
  bool TestAndAdd(std::uint64_t fingerprint) {
    if (TestAndAddLine(LineOf(fingerprint), fingerprint)) return true;
    ++keys_;
    return false;
  }

  // For key_runs_probe.h, which asks for many keys at once.
  std::uint64_t* LineOf(std::uint64_t fingerprint) const {
    return memory_.as<std::uint64_t>() + ScaleFingerprint(fingerprint, lines_) * kLineWords;
  }
  void CountAdded(std::uint64_t keys) { keys_ += keys; }
  static bool TestLine(const std::uint64_t* line, std::uint64_t fingerprint) {
    std::uint64_t mixed = fingerprint * kFilterMultiplier;
    std::uint64_t present = 1;
    for (std::size_t word = 0; word < kLineWords; ++word, mixed <<= 6) {
      present &= line[word] >> (mixed >> 58);
    }
    return present != 0;
  }
  static bool TestAndAddLine(std::uint64_t* line, std::uint64_t fingerprint) {
    std::uint64_t mixed = fingerprint * kFilterMultiplier;
    std::uint64_t missing = 0;
    for (std::size_t word = 0; word < kLineWords; ++word, mixed <<= 6) {
      const std::uint64_t bit = std::uint64_t{1} << (mixed >> 58);
      missing |= bit & ~line[word];
      line[word] |= bit;
    }
    return missing == 0;
  }

 private:
  static constexpr std::uint64_t kFilterMultiplier = 0x9E37'79B9'7F4A'7C15;  // odd
  static constexpr std::size_t kLineWords = 8;
  static constexpr std::size_t kLineKeys = 32;

  std::uint64_t capacity_ = 0;
  std::uint64_t lines_ = 0;
  PageMemory memory_;
  std::uint64_t keys_ = 0;
};

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_FILTER_H_
