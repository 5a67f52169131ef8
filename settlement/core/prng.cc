#include "settlement/core/prng.h"

#include <bit>
#include <limits>

#include "settlement/core/bytes.h"
#include "settlement/core/check.h"
#include "settlement/core/fixed_point.h"
#include "settlement/core/hash.h"

namespace causeway::core {
namespace {

using Uint128 = unsigned __int128;

constexpr std::string_view kSeedDomain = "causeway/random-stream/v1";
constexpr std::uint64_t kLn2Q64 = 0xb17217f7d1cf79ac;
constexpr std::uint64_t kLog2EQ63 = 0xb8aa3b295c17f0bc;  // 1 / ln 2
constexpr std::uint32_t kSigmaMilliMax = 10'000;

// -ln(value / 2^bits) for 0 < value <= 2^bits.
std::uint64_t MinusLnQ48(std::uint64_t value, int bits) {
  const std::int64_t log2_q48 = (std::int64_t{bits} << kQ48Bits) - Log2Q48(value);
  return static_cast<std::uint64_t>(static_cast<Uint128>(log2_q48) * kLn2Q64 >> 64);
}

}  // namespace

RandomStream::RandomStream(std::uint64_t root_seed, std::string_view stream_name) {
  Writer writer;
  writer.Raw(kSeedDomain).U8(0).U64(root_seed).Raw(stream_name);
  const Hash256 digest = Sha256(writer.bytes());
  Reader reader(digest.view());
  for (std::uint64_t& word : state_) word = reader.U64();
  CW_CHECK(!digest.IsZero(), "xoshiro needs a state that is not all zeros");
}

std::uint64_t RandomStream::NextU64() {
  // xoshiro256** 1.0 by Blackman and Vigna (public domain).
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t RandomStream::Uniform(std::uint64_t bound) {
  CW_CHECK(bound > 0, "a uniform draw needs at least one outcome");
  // Lemire, "Fast random integer generation in an interval" (2019).
  Uint128 product = static_cast<Uint128>(NextU64()) * bound;
  if (static_cast<std::uint64_t>(product) < bound) {
    const std::uint64_t threshold = (0 - bound) % bound;
    while (static_cast<std::uint64_t>(product) < threshold) {
      product = static_cast<Uint128>(NextU64()) * bound;
    }
  }
  return static_cast<std::uint64_t>(product >> 64);
}

std::int64_t RandomStream::UniformInRange(std::int64_t low, std::int64_t high) {
  CW_CHECK(low <= high, "the range must not be empty");
  const std::uint64_t span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  const std::uint64_t offset =
      span == std::numeric_limits<std::uint64_t>::max() ? NextU64() : Uniform(span + 1);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
}

bool RandomStream::Bernoulli(std::uint64_t numerator, std::uint64_t denominator) {
  return Uniform(denominator) < numerator;
}

std::size_t RandomStream::Weighted(const std::vector<std::uint64_t>& weights) {
  std::uint64_t sum = 0;
  for (const std::uint64_t weight : weights) {
    CW_CHECK(!__builtin_add_overflow(sum, weight, &sum), "the weights' sum fits 64 bits");
  }
  std::uint64_t point = Uniform(sum);
  std::size_t index = 0;
  while (point >= weights[index]) point -= weights[index++];
  return index;
}

std::string RandomStream::Bytes(std::size_t size) {
  Writer writer;
  for (std::size_t made = 0; made < size; made += 8) writer.U64(NextU64());
  std::string bytes = std::move(writer).Take();
  bytes.resize(size);
  return bytes;
}

std::array<std::uint8_t, 16> RandomStream::Bytes16() {
  std::array<std::uint8_t, 16> bytes{};
  const std::string drawn = Bytes(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(drawn[i]);
  return bytes;
}

std::int64_t RandomStream::NextExponentialMicros(std::int64_t mean_micros) {
  CW_CHECK(mean_micros >= 0, "a mean gap is not negative");
  std::uint64_t uniform = NextU64();
  while (uniform == 0) uniform = NextU64();
  const std::uint64_t gaps_q48 = MinusLnQ48(uniform, 64);
  const Uint128 product_q48 = static_cast<Uint128>(gaps_q48) * static_cast<Uint128>(mean_micros);
  const Uint128 rounded = (product_q48 + (Uint128{1} << (kQ48Bits - 1))) >> kQ48Bits;
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  return rounded > static_cast<Uint128>(kMax) ? kMax : static_cast<std::int64_t>(rounded);
}

std::int64_t RandomStream::NextNormalQ32() {
  // A point (x, y) in the unit disc gives x * sqrt(-2 ln(s) / s) with s = x^2 + y^2.
  std::int64_t x_q31 = 0;
  std::uint64_t s_q62 = 0;
  constexpr std::uint64_t kOneQ62 = std::uint64_t{1} << 62;
  do {
    const std::uint64_t draw = NextU64();
    x_q31 = static_cast<std::int32_t>(static_cast<std::uint32_t>(draw >> 32));
    const std::int64_t y_q31 = static_cast<std::int32_t>(static_cast<std::uint32_t>(draw));
    s_q62 = static_cast<std::uint64_t>(x_q31 * x_q31) + static_cast<std::uint64_t>(y_q31 * y_q31);
  } while (s_q62 == 0 || s_q62 >= kOneQ62);

  const std::uint64_t minus_2_ln_s_q48 = 2 * MinusLnQ48(s_q62, 62);
  if (minus_2_ln_s_q48 == 0) return 0;
  const std::int64_t log2_numerator =
      Log2Q48(minus_2_ln_s_q48) - (std::int64_t{kQ48Bits} << kQ48Bits);
  const std::int64_t log2_s = Log2Q48(s_q62) - (std::int64_t{62} << kQ48Bits);
  BinaryFloat factor = Exp2((log2_numerator - log2_s) / 2);
  factor.exponent += 1;  // from 31 to 32 fractional bits
  const std::int64_t magnitude = ScaleSaturating(x_q31 < 0 ? -x_q31 : x_q31, factor);
  return x_q31 < 0 ? -magnitude : magnitude;
}

std::int64_t RandomStream::NextLogNormal(std::int64_t median, std::uint32_t sigma_milli) {
  CW_CHECK(median >= 0, "a median is not negative");
  CW_CHECK(sigma_milli <= kSigmaMilliMax, "sigma in range");
  const std::int64_t normal_q32 = NextNormalQ32();
  // sigma * z / ln 2 in Q48, on the magnitude so that both signs round alike.
  const auto magnitude = static_cast<std::uint64_t>(normal_q32 < 0 ? -normal_q32 : normal_q32);
  const auto power = static_cast<std::int64_t>(
      (static_cast<Uint128>(magnitude * sigma_milli) * kLog2EQ63 / 1000) >> (63 + 32 - kQ48Bits));
  return ScaleSaturating(median, Exp2(normal_q32 < 0 ? -power : power));
}

}  // namespace causeway::core
