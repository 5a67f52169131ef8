// Blocks of the filter of a run (key_runs_file.h): Bloom filters of one cache line, each with its
// own checksum, so that a block that the disk gives back wrong rules nothing out, whenever that is.
// Seven words of bits, one bit of a key in each, and the checksum. Format:
// docs/formats/key-runs.md.
//
// At 24 keys a block, 21 bits a key, 0.03 to 0.1% of other keys look as if they were there.
//
// Pure functions; any thread.
#ifndef CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_RUN_FILTER_H_
#define CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_RUN_FILTER_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace causeway::store {

inline constexpr std::size_t kRunFilterBlockBytes = 64;
inline constexpr std::size_t kRunFilterBlockWords = 7;  // of bits
inline constexpr std::size_t kRunFilterBlockKeys = 24;  // on average

enum class RunFilterAnswer { kAbsent, kMaybe, kDamaged };

namespace run_filter {

inline constexpr std::uint64_t kMultiplier = 0x9E37'79B9'7F4A'7C15;  // odd
inline std::uint64_t LoadLittle64(const char* from) {
  std::uint64_t value;
  std::memcpy(&value, from, sizeof(value));
  return std::endian::native == std::endian::big ? __builtin_bswap64(value) : value;
}
inline void StoreLittle64(char* to, std::uint64_t value) {
  if (std::endian::native == std::endian::big) value = __builtin_bswap64(value);
  std::memcpy(to, &value, sizeof(value));
}

}  // namespace run_filter

// What the eight words of a block come to, joined by exclusive or. Never 0, so that a page of zeros
// is not a filter, and another one for each block and run, so that none stands for another.
inline std::uint64_t RunFilterBase(std::uint64_t run_number, std::uint64_t block) {
  return ((run_number << 40) + block + 1) * run_filter::kMultiplier;
}

inline void AddToRunFilterBlock(std::uint64_t* words, std::uint64_t fingerprint) {
  std::uint64_t mixed = fingerprint * run_filter::kMultiplier;
  for (std::size_t i = 0; i < kRunFilterBlockWords; ++i, mixed <<= 6) {
    words[i] |= std::uint64_t{1} << (mixed >> 58);
  }
}

inline void EncodeRunFilterBlock(const std::uint64_t* words, std::uint64_t base, char* to) {
  std::uint64_t checksum = base;
  for (std::size_t i = 0; i < kRunFilterBlockWords; ++i) {
    checksum ^= words[i];
    run_filter::StoreLittle64(to + 8 * i, words[i]);
  }
  run_filter::StoreLittle64(to + 8 * kRunFilterBlockWords, checksum);
}

// `base`: of this block and run.
inline RunFilterAnswer TestRunFilterBlock(const char* bytes, std::uint64_t base,
                                          std::uint64_t fingerprint) {
  std::uint64_t sum = run_filter::LoadLittle64(bytes + 8 * kRunFilterBlockWords);
  std::uint64_t mixed = fingerprint * run_filter::kMultiplier;
  std::uint64_t present = 1;
  for (std::size_t i = 0; i < kRunFilterBlockWords; ++i, mixed <<= 6) {
    const std::uint64_t word = run_filter::LoadLittle64(bytes + 8 * i);
    present &= word >> (mixed >> 58);
    sum ^= word;
  }
  if (sum != base) [[unlikely]] {
    return RunFilterAnswer::kDamaged;
  }
  return present == 0 ? RunFilterAnswer::kAbsent : RunFilterAnswer::kMaybe;
}

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_RUN_FILTER_H_
