// One Bloom filter over all instruction ids of a ledger: what says "never seen" of nearly every new
// one with a single cache line, and so keeps runs and tables out of the hot path. Blocks of 512
// bits, one bit in each of their eight words; 16 bits a key at capacity, where about 0.1% of new
// keys look as if they were known (half full: 0.001%). Blocks are in the order of the fingerprints,
// so adding sorted keys writes sequentially.
//
// Only in memory: made from the runs. One thread.
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
        blocks_(capacity / kBlockKeys + 1),
        memory_(blocks_ * kBlockWords * sizeof(std::uint64_t)) {
    memory_.Touch();
  }

  std::uint64_t capacity() const { return capacity_; }
  std::uint64_t keys() const { return keys_; }
  std::size_t memory_bytes() const { return memory_.bytes(); }

  CAUSEWAY_PREFETCH_INLINE void Prefetch(std::uint64_t fingerprint) const {
    __builtin_prefetch(BlockOf(fingerprint), 1);
  }
  // False: the fingerprint was surely not added.
  bool Test(std::uint64_t fingerprint) const {
    const std::uint64_t* block = BlockOf(fingerprint);
    std::uint64_t mixed = fingerprint * kFilterMultiplier;
    std::uint64_t missing = 0;
    for (std::size_t word = 0; word < kBlockWords; ++word, mixed <<= 6) {
      missing |= (std::uint64_t{1} << (mixed >> 58)) & ~block[word];
    }
    return missing == 0;
  }
  // Adds the fingerprint. True when it may have been there before; false: it surely was not.
  bool TestAndAdd(std::uint64_t fingerprint) {
    std::uint64_t* block = BlockOf(fingerprint);
    std::uint64_t mixed = fingerprint * kFilterMultiplier;
    std::uint64_t missing = 0;
    for (std::size_t word = 0; word < kBlockWords; ++word, mixed <<= 6) {
      const std::uint64_t bit = std::uint64_t{1} << (mixed >> 58);
      missing |= bit & ~block[word];
      block[word] |= bit;
    }
    if (missing == 0) return true;
    ++keys_;
    return false;
  }

 private:
  static constexpr std::uint64_t kFilterMultiplier = 0x9E37'79B9'7F4A'7C15;  // odd
  static constexpr std::size_t kBlockWords = 8;
  static constexpr std::size_t kBlockKeys = 32;
  std::uint64_t* BlockOf(std::uint64_t fingerprint) const {
    return memory_.as<std::uint64_t>() + ScaleFingerprint(fingerprint, blocks_) * kBlockWords;
  }

  std::uint64_t capacity_ = 0;
  std::uint64_t blocks_ = 0;
  PageMemory memory_;
  std::uint64_t keys_ = 0;
};

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_FILTER_H_
