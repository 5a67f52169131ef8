// Means over seeds and how sure they are.
#ifndef CAUSEWAY_SCENARIOS_SWEEP_STATISTICS_H_
#define CAUSEWAY_SCENARIOS_SWEEP_STATISTICS_H_

#include <cstddef>
#include <vector>

namespace causeway::sim {

// Of independent runs that differ in nothing but their seed. The interval is Student's t: mean ±
// t(0.975, n - 1) · s / √n, s with n - 1 in the denominator. It covers the mean of all seeds in 95
// of 100 such samples when means of n runs are near normal, whatever the single runs are. With
// fewer than two values there is no interval: low = high = mean.
struct Estimate {
  std::size_t count = 0;
  double mean = 0;
  double low = 0;
  double high = 0;
};
Estimate EstimateOf(const std::vector<double>& values);

// The 97.5% quantile of Student's t with `degrees` (from 1) degrees of freedom, from the tables;
// between their entries that of the fewer degrees, so that an interval is never too narrow.
double StudentT975(std::size_t degrees);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SWEEP_STATISTICS_H_
