// Operations with a number of them in flight: as many threads, each with one operation at a time.
#ifndef CAUSEWAY_TESTS_BENCH_IN_FLIGHT_H_
#define CAUSEWAY_TESTS_BENCH_IN_FLIGHT_H_

#include <cstddef>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace causeway::bench {

// What one run of operations took, as the caller saw it.
struct Sample {
  double operations_per_s = 0;
  double latency_us_median = 0;
  double latency_us_p99 = 0;
};

// Middle value; of an even number the upper of the two in the middle. `values` must not be empty.
double Median(std::vector<double> values);

// Does operations 0 to count - 1, in about that order, on `in_flight` threads. The clock runs from
// the moment when every thread is ready to the end of the last operation. The first error ends the
// run and is returned; Cancelled after InterruptRuns.
absl::StatusOr<Sample> RunInFlight(std::size_t count, std::size_t in_flight,
                                   const std::function<absl::Status(std::size_t)>& operation);

// Ends the run under way and all later ones before their next operation. May be called from a
// signal handler.
void InterruptRuns();
bool RunsInterrupted();

}  // namespace causeway::bench

#endif  // CAUSEWAY_TESTS_BENCH_IN_FLIGHT_H_
