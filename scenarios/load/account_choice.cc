#include "scenarios/load/account_choice.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace causeway::load {
namespace {

// log(1 + x) / x and (exp(x) - 1) / x, also near zero.
double LogOverX(double x) {
  return std::abs(x) > 1e-8 ? std::log1p(x) / x : 1 - x * (0.5 - x * (1.0 / 3 - 0.25 * x));
}
double ExpOverX(double x) {
  return std::abs(x) > 1e-8 ? std::expm1(x) / x : 1 + x * 0.5 * (1 + x / 3 * (1 + 0.25 * x));
}

// Near the golden section of `count`, so that neighbours in rank lie far apart.
std::uint64_t StrideFor(std::uint64_t count) {
  auto stride = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(static_cast<double>(count) * 0.6180339887498949));
  while (std::gcd(stride, count) != 1) ++stride;
  return stride;
}

}  // namespace

ZipfSampler::ZipfSampler(std::uint64_t count, double exponent)
    : count_(count),
      exponent_(exponent),
      integral_first_(HIntegral(1.5) - 1),
      integral_count_(HIntegral(static_cast<double>(count) + 0.5)),
      threshold_(2 - HIntegralInverse(HIntegral(2.5) - H(2))) {}

double ZipfSampler::H(double x) const { return std::exp(-exponent_ * std::log(x)); }

double ZipfSampler::HIntegral(double x) const {
  const double log_x = std::log(x);
  return ExpOverX((1 - exponent_) * log_x) * log_x;
}

double ZipfSampler::HIntegralInverse(double x) const {
  const double scaled = std::max(x * (1 - exponent_), -1.0);
  return std::exp(LogOverX(scaled) * x);
}

std::uint64_t ZipfSampler::Sample(core::RandomStream& random) const {
  for (;;) {
    const double uniform = static_cast<double>(random.NextU64() >> 11) * 0x1p-53;
    const double u = integral_count_ + uniform * (integral_first_ - integral_count_);
    const double x = HIntegralInverse(u);
    const double rank = std::clamp(std::floor(x + 0.5), 1.0, static_cast<double>(count_));
    if (rank - x <= threshold_ || u >= HIntegral(rank + 0.5) - H(rank)) {
      return static_cast<std::uint64_t>(rank);
    }
  }
}

AccountChoice::AccountChoice(std::uint64_t count, double zipf_exponent)
    : count_(count),
      uniform_(zipf_exponent <= 0),
      zipf_(count, uniform_ ? 1 : zipf_exponent),
      stride_(StrideFor(count)) {}

std::uint64_t AccountChoice::Choose(core::RandomStream& random) const {
  if (uniform_) return random.Uniform(count_);
  // Counts are far below 2^32: the product fits.
  return zipf_.Sample(random) * stride_ % count_;
}

}  // namespace causeway::load
