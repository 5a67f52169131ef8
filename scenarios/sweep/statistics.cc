#include "scenarios/sweep/statistics.h"

#include <cmath>
#include <iterator>

namespace causeway::sim {

double StudentT975(std::size_t degrees) {
  constexpr double kUpTo30[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306,
                                2.262,  2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
                                2.110,  2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064,
                                2.060,  2.056, 2.052, 2.048, 2.045, 2.042};
  if (degrees == 0) return kUpTo30[0];
  if (degrees <= std::size(kUpTo30)) return kUpTo30[degrees - 1];
  if (degrees < 40) return 2.042;
  if (degrees < 60) return 2.021;
  if (degrees < 120) return 2.000;
  if (degrees < 1000) return 1.980;
  return 1.962;
}

Estimate EstimateOf(const std::vector<double>& values) {
  Estimate estimate;
  estimate.count = values.size();
  if (values.empty()) return estimate;
  const auto count = static_cast<double>(values.size());
  for (const double value : values) estimate.mean += value;
  estimate.mean /= count;
  estimate.low = estimate.high = estimate.mean;
  if (values.size() < 2) return estimate;
  double squares = 0;
  for (const double value : values) {
    squares += (value - estimate.mean) * (value - estimate.mean);
  }
  const double error = std::sqrt(squares / (count - 1) / count);
  estimate.low -= StudentT975(values.size() - 1) * error;
  estimate.high += StudentT975(values.size() - 1) * error;
  return estimate;
}

}  // namespace causeway::sim
