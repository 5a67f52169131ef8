// When requests of an open loop are due: a plan that does not wait for answers, so that a slow
// server cannot slow the load that it is measured with.
#ifndef CAUSEWAY_SCENARIOS_LOAD_ARRIVALS_H_
#define CAUSEWAY_SCENARIOS_LOAD_ARRIVALS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace causeway::load {

// The due times of requests, in order.
class Arrivals {
 public:
  virtual ~Arrivals() = default;
  // Nanoseconds since the start of the load; nothing after the last.
  virtual std::optional<std::int64_t> Next() = 0;
};

// Rates are requests per second, above zero.
std::unique_ptr<Arrivals> FixedRate(double rate_per_s);

struct RateStep {
  double rate_per_s = 0;  // zero: a pause
  double duration_s = 0;
};
// One rate after the other; ends with the last.
std::unique_ptr<Arrivals> SteppedRate(std::vector<RateStep> steps);

// A Poisson process: gaps are independent and exponentially distributed. The same seed gives the
// same times.
std::unique_ptr<Arrivals> PoissonRate(double rate_per_s, std::uint64_t seed);

// Times of a recorded run.
std::unique_ptr<Arrivals> Replay(std::vector<std::int64_t> times_ns);

// "RATE:SECONDS,RATE:SECONDS,...". InvalidArgument says what is wrong.
absl::StatusOr<std::vector<RateStep>> ParseSteps(std::string_view text);

// A trace of send times: one a line, in nanoseconds since the start, never falling; empty lines and
// those that begin with '#' are skipped. InvalidArgument names the line.
absl::StatusOr<std::vector<std::int64_t>> ParseTrace(std::string_view text);
std::string FormatTrace(const std::vector<std::int64_t>& times_ns);

}  // namespace causeway::load

#endif  // CAUSEWAY_SCENARIOS_LOAD_ARRIVALS_H_
