// Runs many scenarios on several cores, each in a process that may die of it: a broken invariant
// stops the process, and is a finding here.
#ifndef CAUSEWAY_SCENARIOS_EXPLORE_WORKERS_H_
#define CAUSEWAY_SCENARIOS_EXPLORE_WORKERS_H_

#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "scenarios/explore/outcome.h"

namespace causeway::sim {

// Must give the same for the same number. Runs in a child process.
using Job = std::function<Outcome(std::uint64_t number)>;

// What workers spent, in CPU time of their processes.
struct WorkersUsage {
  std::uint64_t cpu_us = 0;
};

// Runs the jobs numbered first to first + count - 1 in `processes` processes, and tells each
// outcome in this process, in no particular order. A process that dies leaves an outcome that says
// of what, and another takes its place. When `on_outcome` returns false no further job is begun.
// Call without other threads. An error only when the system gives no processes or pipes.
absl::Status RunJobs(std::uint64_t first, std::uint64_t count, std::uint32_t processes,
                     const Job& job,
                     const std::function<bool(std::uint64_t number, const Outcome&)>& on_outcome,
                     WorkersUsage* usage = nullptr);

// One job in a process of its own.
absl::StatusOr<Outcome> RunAlone(const std::function<Outcome()>& job);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_EXPLORE_WORKERS_H_
