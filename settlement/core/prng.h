// Random streams for the simulator and for tests: the same seed and name give the same numbers on
// every compiler, optimisation level and machine, because everything is integer arithmetic.
// Not for keys, salts or anything that must not be guessed.
#ifndef CAUSEWAY_SETTLEMENT_CORE_PRNG_H_
#define CAUSEWAY_SETTLEMENT_CORE_PRNG_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace causeway::core {

// xoshiro256** whose 256 bits of state are SHA-256("causeway/random-stream/v1" || 0x00 ||
// root seed as 8 big-endian bytes || stream name). Streams of different names are independent, so
// adding a draw to one leaves all others as they were: give every source of chance its own.
// Not thread-safe; copying forks the stream into two that continue alike.
//
// Two draws in one argument list are evaluated in either order, depending on the compiler: draw
// into named variables.
class RandomStream {
 public:
  RandomStream(std::uint64_t root_seed, std::string_view stream_name);

  std::uint64_t NextU64();
  // Uniform over 0..bound-1, without bias; bound > 0.
  std::uint64_t Uniform(std::uint64_t bound);
  // Uniform over low..high, both included; low <= high.
  std::int64_t UniformInRange(std::int64_t low, std::int64_t high);
  // True with probability numerator / denominator exactly; denominator > 0.
  bool Bernoulli(std::uint64_t numerator, std::uint64_t denominator);
  // An index of `weights` with probability proportional to its weight. The weights' sum is positive
  // and fits 64 bits.
  std::size_t Weighted(const std::vector<std::uint64_t>& weights);
  std::string Bytes(std::size_t size);
  std::array<std::uint8_t, 16> Bytes16();  // what Uetr::FromRandomBytes takes

  // Exponentially distributed with the given mean (>= 0), rounded to the nearest microsecond: the
  // gaps of a Poisson process. The fixed-point logarithm is exact to 2^-46 of the mean; the tail
  // ends at 44.4 means. Saturates at the largest int64.
  std::int64_t NextExponentialMicros(std::int64_t mean_micros);
  // Standard normal, as fixed point with 32 fractional bits (2^32 is one standard deviation), by
  // Marsaglia's polar method: absolute error below 2^-20, largest magnitude about 9.3.
  std::int64_t NextNormalQ32();
  // Log-normal: median * exp(sigma * standard normal), rounded to the nearest, median >= 0, sigma
  // in thousandths (500 is sigma = 0.5), at most 10,000. Units are the median's. The mean is median
  // * exp(sigma^2 / 2). Relative error below 2^-20 per unit of sigma, plus the final rounding.
  // Saturates at the largest int64.
  std::int64_t NextLogNormal(std::int64_t median, std::uint32_t sigma_milli);

  // Every permutation equally likely (Fisher-Yates from the back).
  template <typename T>
  void Shuffle(std::vector<T>& items) {
    for (std::size_t left = items.size(); left > 1; --left) {
      const auto chosen = static_cast<std::size_t>(Uniform(left));
      using std::swap;
      swap(items[left - 1], items[chosen]);
    }
  }

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_PRNG_H_
