#include "settlement/store/key_runs_probe.h"

#include <algorithm>
#include <atomic>

#include "settlement/core/check.h"
#include "settlement/store/key_runs_run_filter.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define CAUSEWAY_WIDE 1
#define CAUSEWAY_WIDE_TARGET [[gnu::target("avx2")]]
#endif

namespace causeway::store {
namespace {

// How far ahead of the key that is looked at cache lines are fetched. One key's at a time:
// processors drop what is asked for in bursts.
constexpr std::size_t kAheadKeys = 24;

struct ScalarLines {
  static bool TestAndAdd(std::uint64_t* line, std::uint64_t fingerprint) {
    return KeyFilter::TestAndAddLine(line, fingerprint);
  }
  static bool Test(const std::uint64_t* line, std::uint64_t fingerprint) {
    return KeyFilter::TestLine(line, fingerprint);
  }
  static RunFilterAnswer TestRun(const char* block, std::uint64_t base, std::uint64_t fingerprint) {
    return TestRunFilterBlock(block, base, fingerprint);
  }
};

// The loops are the same for both kinds of lines; an attribute of a function is not a parameter of
// a template, hence a macro.
#define CAUSEWAY_PROBE_KEYS(Probe, Filter, Lines, TARGET)                                         \
  TARGET std::size_t Probe##By##Lines(Filter& newer, const KeyFilter* older,                      \
                                      std::span<const std::uint64_t> keys, std::uint8_t* maybe) { \
    const std::size_t count = keys.size();                                                        \
    std::size_t known = 0;                                                                        \
    for (std::size_t i = 0; i < std::min(kAheadKeys, count); ++i) {                               \
      newer.Prefetch(keys[i]);                                                                    \
      if (older != nullptr) older->Prefetch(keys[i]);                                             \
    }                                                                                             \
    for (std::size_t i = 0; i < count; ++i) {                                                     \
      if (i + kAheadKeys < count) {                                                               \
        newer.Prefetch(keys[i + kAheadKeys]);                                                     \
        if (older != nullptr) older->Prefetch(keys[i + kAheadKeys]);                              \
      }                                                                                           \
      bool in = Lines::Probe(newer.LineOf(keys[i]), keys[i]);                                     \
      if (older != nullptr) in |= Lines::Test(older->LineOf(keys[i]), keys[i]);                   \
      maybe[i] = in ? 1 : 0;                                                                      \
      known += in ? 1 : 0;                                                                        \
    }                                                                                             \
    return known;                                                                                 \
  }

#define CAUSEWAY_PROBE_LOOPS(Lines, TARGET)                                                     \
  CAUSEWAY_PROBE_KEYS(TestAndAdd, KeyFilter, Lines, TARGET)                                     \
  CAUSEWAY_PROBE_KEYS(Test, const KeyFilter, Lines, TARGET)                                     \
  TARGET std::size_t TestRunBy##Lines(const MappedRunFilter& filter,                            \
                                      std::span<const std::uint64_t> keys, std::uint8_t* maybe, \
                                      bool& damaged) {                                          \
    const std::size_t count = keys.size();                                                      \
    std::size_t known = 0;                                                                      \
    for (std::size_t i = 0; i < std::min(kAheadKeys, count); ++i) {                             \
      __builtin_prefetch(filter.bytes +                                                         \
                         kRunFilterBlockBytes * ScaleFingerprint(keys[i], filter.blocks));      \
    }                                                                                           \
    for (std::size_t i = 0; i < count; ++i) {                                                   \
      if (i + kAheadKeys < count) {                                                             \
        __builtin_prefetch(filter.bytes +                                                       \
                           kRunFilterBlockBytes *                                               \
                               ScaleFingerprint(keys[i + kAheadKeys], filter.blocks));          \
      }                                                                                         \
      const std::uint64_t block = ScaleFingerprint(keys[i], filter.blocks);                     \
      const RunFilterAnswer answer =                                                            \
          Lines::TestRun(filter.bytes + kRunFilterBlockBytes * block,                           \
                         RunFilterBase(filter.run_number, block), keys[i]);                     \
      maybe[i] = answer == RunFilterAnswer::kAbsent ? 0 : 1;                                    \
      known += maybe[i];                                                                        \
      if (answer == RunFilterAnswer::kDamaged) [[unlikely]] {                                   \
        damaged = true;                                                                         \
      }                                                                                         \
    }                                                                                           \
    return known;                                                                               \
  }

CAUSEWAY_PROBE_LOOPS(ScalarLines, )

#ifdef CAUSEWAY_WIDE

// A line is two registers of four words.
struct WideLines {
  // In each word the bit of a key: bits 63 to 58 of the mixed fingerprint say which in the first
  // word, the six below them in the second, and so on.
  CAUSEWAY_WIDE_TARGET [[gnu::always_inline]] static inline void BitsOf(std::uint64_t fingerprint,
                                                                        __m256i& low,
                                                                        __m256i& high) {
    const __m256i mixed =
        _mm256_set1_epi64x(static_cast<long long>(fingerprint * run_filter::kMultiplier));
    const __m256i mask = _mm256_set1_epi64x(63);
    const __m256i one = _mm256_set1_epi64x(1);
    const __m256i low_shifts = _mm256_setr_epi64x(58, 52, 46, 40);
    const __m256i high_shifts = _mm256_setr_epi64x(34, 28, 22, 16);
    low = _mm256_sllv_epi64(one, _mm256_and_si256(_mm256_srlv_epi64(mixed, low_shifts), mask));
    high = _mm256_sllv_epi64(one, _mm256_and_si256(_mm256_srlv_epi64(mixed, high_shifts), mask));
  }
  CAUSEWAY_WIDE_TARGET [[gnu::always_inline]] static inline bool TestAndAdd(
      std::uint64_t* line, std::uint64_t fingerprint) {
    auto* words = reinterpret_cast<__m256i*>(line);
    __m256i low;
    __m256i high;
    BitsOf(fingerprint, low, high);
    const __m256i old_low = _mm256_loadu_si256(words);
    const __m256i old_high = _mm256_loadu_si256(words + 1);
    _mm256_storeu_si256(words, _mm256_or_si256(old_low, low));
    _mm256_storeu_si256(words + 1, _mm256_or_si256(old_high, high));
    const __m256i missing =
        _mm256_or_si256(_mm256_andnot_si256(old_low, low), _mm256_andnot_si256(old_high, high));
    return _mm256_testz_si256(missing, missing) != 0;
  }
  CAUSEWAY_WIDE_TARGET [[gnu::always_inline]] static inline bool Test(const std::uint64_t* line,
                                                                      std::uint64_t fingerprint) {
    const auto* words = reinterpret_cast<const __m256i*>(line);
    __m256i low;
    __m256i high;
    BitsOf(fingerprint, low, high);
    const __m256i missing =
        _mm256_or_si256(_mm256_andnot_si256(_mm256_loadu_si256(words), low),
                        _mm256_andnot_si256(_mm256_loadu_si256(words + 1), high));
    return _mm256_testz_si256(missing, missing) != 0;
  }
  CAUSEWAY_WIDE_TARGET [[gnu::always_inline]] static inline RunFilterAnswer TestRun(
      const char* block, std::uint64_t base, std::uint64_t fingerprint) {
    const auto* words = reinterpret_cast<const __m256i*>(block);
    __m256i low;
    __m256i high;
    BitsOf(fingerprint, low, high);
    const __m256i low_words = _mm256_loadu_si256(words);
    const __m256i high_words = _mm256_loadu_si256(words + 1);
    // The last word is the checksum, and no bit is missing there.
    const __m256i bits_of_high = _mm256_and_si256(high, _mm256_setr_epi64x(-1, -1, -1, 0));
    const __m256i missing = _mm256_or_si256(_mm256_andnot_si256(low_words, low),
                                            _mm256_andnot_si256(high_words, bits_of_high));
    const __m256i four = _mm256_xor_si256(low_words, high_words);
    const __m128i two =
        _mm_xor_si128(_mm256_castsi256_si128(four), _mm256_extracti128_si256(four, 1));
    const auto sum = static_cast<std::uint64_t>(
        _mm_cvtsi128_si64(_mm_xor_si128(two, _mm_unpackhi_epi64(two, two))));
    if (sum != base) [[unlikely]] {
      return RunFilterAnswer::kDamaged;
    }
    return _mm256_testz_si256(missing, missing) != 0 ? RunFilterAnswer::kMaybe
                                                     : RunFilterAnswer::kAbsent;
  }
};

CAUSEWAY_PROBE_LOOPS(WideLines, CAUSEWAY_WIDE_TARGET)

std::atomic<bool> use_wide = __builtin_cpu_supports("avx2") != 0;
#endif

#undef CAUSEWAY_PROBE_LOOPS
#undef CAUSEWAY_PROBE_KEYS

bool Wide() {
#ifdef CAUSEWAY_WIDE
  return use_wide.load(std::memory_order_relaxed);
#else
  return false;
#endif
}

#ifndef CAUSEWAY_WIDE
using WideLines = ScalarLines;
#define TestAndAddByWideLines TestAndAddByScalarLines
#define TestByWideLines TestByScalarLines
#define TestRunByWideLines TestRunByScalarLines
#endif

}  // namespace

std::size_t TestAndAddKeys(KeyFilter& newer, const KeyFilter* older,
                           std::span<const std::uint64_t> fingerprints, std::uint8_t* maybe) {
  CW_CHECK(fingerprints.size() <= kProbeKeysMax, "a call has room for its keys");
  const std::size_t known = Wide() ? TestAndAddByWideLines(newer, older, fingerprints, maybe)
                                   : TestAndAddByScalarLines(newer, older, fingerprints, maybe);
  newer.CountAdded(fingerprints.size() - known);
  return known;
}

std::size_t TestKeys(const KeyFilter& newer, const KeyFilter* older,
                     std::span<const std::uint64_t> fingerprints, std::uint8_t* maybe) {
  CW_CHECK(fingerprints.size() <= kProbeKeysMax, "a call has room for its keys");
  return Wide() ? TestByWideLines(newer, older, fingerprints, maybe)
                : TestByScalarLines(newer, older, fingerprints, maybe);
}

std::size_t TestRunKeys(const MappedRunFilter& filter, std::span<const std::uint64_t> fingerprints,
                        std::uint8_t* maybe, bool& damaged) {
  CW_CHECK(fingerprints.size() <= kProbeKeysMax, "a call has room for its keys");
  return Wide() ? TestRunByWideLines(filter, fingerprints, maybe, damaged)
                : TestRunByScalarLines(filter, fingerprints, maybe, damaged);
}

void UseWideRegisters([[maybe_unused]] bool use) {
#ifdef CAUSEWAY_WIDE
  use_wide = use && __builtin_cpu_supports("avx2") != 0;
#endif
}

}  // namespace causeway::store
