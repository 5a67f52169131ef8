#include "scenarios/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace causeway::load {
namespace {

// Values below 2^11 are their own class; above, each power of two has 2^10 classes.
constexpr int kExactBits = 11;
constexpr std::int64_t kExactValues = std::int64_t{1} << kExactBits;
constexpr std::int64_t kClassesPerPower = kExactValues / 2;
constexpr int kValueBits = 42;
constexpr auto kClasses =
    static_cast<std::size_t>(kExactValues + (kValueBits - kExactBits) * kClassesPerPower);
// Points of a curve while the distance to 100% halves.
constexpr int kPointsPerHalving = 4;

std::size_t ClassOf(std::int64_t value) {
  if (value < kExactValues) return static_cast<std::size_t>(value);
  const int shift =
      static_cast<int>(std::bit_width(static_cast<std::uint64_t>(value))) - kExactBits;
  return static_cast<std::size_t>(kExactValues + (shift - 1) * kClassesPerPower +
                                  ((value >> shift) - kClassesPerPower));
}

std::int64_t HighestOf(std::size_t index) {
  const auto at = static_cast<std::int64_t>(index);
  if (at < kExactValues) return at;
  const std::int64_t above = at - kExactValues;
  const auto shift = static_cast<int>(above / kClassesPerPower) + 1;
  return ((above % kClassesPerPower + kClassesPerPower + 1) << shift) - 1;
}

}  // namespace

LatencyHistogram::LatencyHistogram() : counts_(kClasses) {}

void LatencyHistogram::Record(std::int64_t latency_ns) {
  const std::int64_t value = std::clamp<std::int64_t>(latency_ns, 0, kValueMaxNs);
  counts_[ClassOf(value)] += 1;
  min_ns_ = count_ == 0 ? value : std::min(min_ns_, value);
  max_ns_ = std::max(max_ns_, value);
  sum_ns_ += static_cast<double>(value);
  count_ += 1;
}

void LatencyHistogram::Merge(const LatencyHistogram& other) {
  if (other.count_ == 0) return;
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  min_ns_ = count_ == 0 ? other.min_ns_ : std::min(min_ns_, other.min_ns_);
  max_ns_ = std::max(max_ns_, other.max_ns_);
  sum_ns_ += other.sum_ns_;
  count_ += other.count_;
}

void LatencyHistogram::Clear() {
  if (count_ == 0) return;
  std::fill(counts_.begin(), counts_.end(), 0);
  count_ = 0;
  min_ns_ = max_ns_ = 0;
  sum_ns_ = 0;
}

double LatencyHistogram::mean_ns() const {
  return count_ == 0 ? 0 : sum_ns_ / static_cast<double>(count_);
}

std::int64_t LatencyHistogram::ValueAtPercentile(double percentile) const {
  if (count_ == 0) return 0;
  const double share = std::clamp(percentile, 0.0, 100.0) / 100;
  // Rounding must not ask for one value more than there is.
  const auto wanted = std::clamp<std::uint64_t>(
      static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_) - 1e-9)), 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= wanted) return std::min(HighestOf(i), max_ns_);
  }
  return max_ns_;
}

std::vector<LatencyHistogram::Point> LatencyHistogram::Curve() const {
  std::vector<Point> points;
  if (count_ == 0) return points;
  const double smallest = 1 / static_cast<double>(count_);
  for (int step = 0;; ++step) {
    const double distance = std::exp2(-1.0 - static_cast<double>(step) / kPointsPerHalving);
    if (distance < smallest) break;
    const double percentile = 100 * (1 - distance);
    points.push_back({percentile, ValueAtPercentile(percentile)});
  }
  points.push_back({100, max_ns_});
  return points;
}

}  // namespace causeway::load
