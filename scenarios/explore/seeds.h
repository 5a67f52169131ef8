// The search for seeds that fail: draws, runs, shrinks and reports. What `causeway-sim seeds` does.
#ifndef CAUSEWAY_SCENARIOS_EXPLORE_SEEDS_H_
#define CAUSEWAY_SCENARIOS_EXPLORE_SEEDS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "scenarios/explore/draw.h"
#include "scenarios/explore/outcome.h"

namespace causeway::sim {

// Runs of at least so many seeds of the profiles "mixed", "mechanisms" and "interventions" must
// exercise everything that these are there for.
inline constexpr std::uint64_t kSeedsForCoverage = 500;
// Failures that are shrunk and reported; later ones are counted.
inline constexpr std::size_t kFailuresShrunkMax = 3;
inline constexpr std::uint32_t kShrinkAttemptsMax = 400;

struct SeedsOptions {
  std::uint64_t first = 1;
  std::uint64_t count = 100;
  const Profile* profile = nullptr;  // null: the first of Profiles()
  bool modelled_signatures = false;
  std::uint32_t processes = 1;
  bool shrink = true;
  RunOptions run;
  // No further seeds after the first that fails.
  bool stop_at_failure = false;
  // After each seed; may be empty.
  std::function<void(std::uint64_t done, std::uint64_t failed)> on_progress;
};

struct SeedFailure {
  std::uint64_t seed = 0;
  std::vector<std::string> breaches;
  // As small as was found; the drawn scenario when it was not shrunk.
  causeway::v1::Scenario scenario;
  std::vector<std::string> scenario_breaches;
};

struct SeedsResult {
  std::uint64_t seeds = 0;
  std::uint64_t failed = 0;
  std::vector<SeedFailure> failures;      // by seed; at most kFailuresShrunkMax
  SimulatorCounts counts;                 // of all
  std::int64_t principal_lost_minor = 0;  // as Outcome has it, in the value currency of draws
  std::map<std::uint64_t, std::string> digests;
  std::uint64_t cpu_us = 0;  // of the processes that ran the seeds
  // What a run of this size and profile should have exercised and did not.
  std::vector<Covered> not_exercised;

  // SHA-256 over all digests by seed, hexadecimal: two programs that simulate the same seeds to the
  // same bytes have the same.
  std::string Digest() const;
};

// An error only when the system gives no processes.
absl::StatusOr<SeedsResult> RunSeeds(const SeedsOptions& options);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_EXPLORE_SEEDS_H_
