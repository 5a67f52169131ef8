// Latencies as HDR histograms keep them: every value to three significant digits, from a nanosecond
// to more than an hour, in a fixed quarter of a megabyte.
#ifndef CAUSEWAY_SCENARIOS_LOAD_HISTOGRAM_H_
#define CAUSEWAY_SCENARIOS_LOAD_HISTOGRAM_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace causeway::load {

// Not synchronised.
class LatencyHistogram {
 public:
  // Recorded as this when longer: 73 minutes.
  static constexpr std::int64_t kValueMaxNs = (std::int64_t{1} << 42) - 1;

  LatencyHistogram();

  // Below zero counts as zero.
  void Record(std::int64_t latency_ns);
  void Merge(const LatencyHistogram& other);
  void Clear();

  std::uint64_t count() const { return count_; }
  // Exact; 0 of an empty histogram, as all below.
  std::int64_t min_ns() const { return count_ == 0 ? 0 : min_ns_; }
  std::int64_t max_ns() const { return max_ns_; }
  double mean_ns() const;

  // The smallest value that at least `percentile` percent of all do not exceed, 0 to 100, rounded
  // up within its class (less than 1 part in 1,000) and never above max_ns.
  std::int64_t ValueAtPercentile(double percentile) const;

  struct Point {
    double percentile = 0;
    std::int64_t value_ns = 0;
  };
  // For plots: from the median on, each step halves a part of the distance to 100%, down to one
  // value in `count`. Ends with 100.
  std::vector<Point> Curve() const;

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::int64_t min_ns_ = 0;
  std::int64_t max_ns_ = 0;
  double sum_ns_ = 0;
};

}  // namespace causeway::load

#endif  // CAUSEWAY_SCENARIOS_LOAD_HISTOGRAM_H_
