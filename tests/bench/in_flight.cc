#include "tests/bench/in_flight.h"

#include <algorithm>
#include <atomic>
#include <latch>
#include <mutex>
#include <thread>

#include "settlement/core/check.h"
#include "tests/bench/machine_limits.h"

namespace causeway::bench {
namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

constexpr double kMicrosPerSecond = 1e6;

}  // namespace

void InterruptRuns() { interrupted = true; }
bool RunsInterrupted() { return interrupted; }

double Median(std::vector<double> values) {
  CW_CHECK(!values.empty(), "a median is of something");
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

absl::StatusOr<Sample> RunInFlight(std::size_t count, std::size_t in_flight,
                                   const std::function<absl::Status(std::size_t)>& operation) {
  CW_CHECK(count > 0 && in_flight > 0, "a run has operations");
  std::vector<double> latencies_us(count);
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  absl::Status error;
  std::latch ready(static_cast<std::ptrdiff_t>(in_flight) + 1);

  const auto work = [&] {
    ready.arrive_and_wait();
    while (!failed && !interrupted) {
      const std::size_t number = next.fetch_add(1);
      if (number >= count) return;
      const double start = Now();
      const absl::Status status = operation(number);
      latencies_us[number] = (Now() - start) * kMicrosPerSecond;
      if (status.ok()) continue;
      const std::lock_guard<std::mutex> lock(mutex);
      if (error.ok()) error = status;
      failed = true;
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < in_flight; ++i) threads.emplace_back(work);
  ready.arrive_and_wait();
  const double start = Now();
  for (std::thread& thread : threads) thread.join();
  const double seconds = Now() - start;
  if (!error.ok()) return error;
  if (interrupted) return absl::CancelledError("interrupted");

  std::sort(latencies_us.begin(), latencies_us.end());
  return Sample{.operations_per_s = static_cast<double>(count) / seconds,
                .latency_us_median = latencies_us[count / 2],
                .latency_us_p99 = latencies_us[count * 99 / 100]};
}

}  // namespace causeway::bench
