#include "scenarios/explore/seeds.h"

#include <algorithm>
#include <array>
#include <utility>

#include "scenarios/explore/shrink.h"
#include "scenarios/explore/workers.h"
#include "scenarios/spec/scenario_file.h"
#include "settlement/core/bytes.h"
#include "settlement/core/hash.h"

namespace causeway::sim {
namespace {

// What drawn seeds with another mechanism than the coordinated one do, and no others.
constexpr std::array kOfMechanisms = {
    Covered::kCrashOfOperator, Covered::kHtlcSettled,         Covered::kHtlcReturned,
    Covered::kHtlcHalfDone,    Covered::kNettingSettled,      Covered::kNettingReturned,
    Covered::kClsSettled,      Covered::kSharedLedgerSettled, Covered::kSharedLedgerReturned,
    Covered::kClsReturned,     Covered::kQueueSettled,        Covered::kQueueReturned,
};

// What drawn seeds with orders of courts and changes of rules do, and no others.
bool IsOfInterventions(Covered what) {
  return what >= Covered::kOverrideSettled && what <= Covered::kAccountNotClosed;
}

// What enough seeds of a profile must exercise; of those that are not named here, nothing.
bool IsExpected(const Profile& profile, Covered what) {
  const bool of_mechanisms =
      std::find(kOfMechanisms.begin(), kOfMechanisms.end(), what) != kOfMechanisms.end();
  if (profile.name == kMechanismsProfile) return of_mechanisms;
  if (profile.name == kInterventionsProfile) return IsOfInterventions(what);
  // With k = 0 nothing rules out a bridge that keeps two logs.
  return profile.name == Profiles().front().name && !of_mechanisms && !IsOfInterventions(what) &&
         what != Covered::kBridgeEquivocated;
}

void AddCounts(const SimulatorCounts& more, SimulatorCounts& sum) {
  sum.messages += more.messages;
  sum.timers += more.timers;
  sum.writes += more.writes;
  sum.coverage.Merge(more.coverage);
}

absl::Status ShrinkFailure(const SeedsOptions& options, SeedFailure& failure) {
  absl::Status problem;
  const auto run = [&](const causeway::v1::Scenario& scenario) {
    absl::StatusOr<Outcome> outcome = RunAlone([&] { return RunScenario(scenario, options.run); });
    if (!outcome.ok()) problem = outcome.status();
    return outcome.ok() ? *std::move(outcome) : Outcome{};
  };
  // What does not compile fails for no reason of its own: without one step, another may refer to
  // nothing.
  const auto fails = [&](const causeway::v1::Scenario& scenario) {
    return std::holds_alternative<Plan>(CompileScenario(scenario)) &&
           !run(scenario).breaches.empty();
  };
  if (fails(failure.scenario)) {  // else it fails for a reason outside of the simulation
    failure.scenario = Shrink(std::move(failure.scenario), fails, kShrinkAttemptsMax).scenario;
    failure.scenario_breaches = run(failure.scenario).breaches;
  }
  return problem;
}

}  // namespace

std::string SeedsResult::Digest() const {
  core::Writer writer;
  for (const auto& [seed, digest] : digests) writer.U64(seed).Sized(digest);
  return core::Sha256(writer.bytes()).ToHex();
}

absl::StatusOr<SeedsResult> RunSeeds(const SeedsOptions& options) {
  const Profile& profile = options.profile != nullptr ? *options.profile : Profiles().front();
  SeedsResult result;
  std::map<std::uint64_t, std::vector<std::string>> failed;
  const auto on_outcome = [&](std::uint64_t seed, const Outcome& outcome) {
    ++result.seeds;
    AddCounts(outcome.counts, result.counts);
    result.principal_lost_minor += outcome.principal_lost_minor;
    result.digests.emplace(seed, outcome.digest);
    if (!outcome.breaches.empty()) failed.emplace(seed, outcome.breaches);
    if (options.on_progress) options.on_progress(result.seeds, failed.size());
    return failed.empty() || !options.stop_at_failure;
  };
  WorkersUsage usage;
  const absl::Status ran = RunJobs(
      options.first, options.count, std::max(1U, options.processes),
      [&](std::uint64_t seed) {
        return RunScenario(DrawScenario(seed, profile, options.modelled_signatures), options.run);
      },
      on_outcome, &usage);
  if (!ran.ok()) return ran;
  result.cpu_us = usage.cpu_us;
  result.failed = failed.size();
  for (auto& [seed, breaches] : failed) {
    if (result.failures.size() == kFailuresShrunkMax) break;
    SeedFailure& failure = result.failures.emplace_back();
    failure.seed = seed;
    failure.breaches = std::move(breaches);
    failure.scenario = DrawScenario(seed, profile, options.modelled_signatures);
    failure.scenario_breaches = failure.breaches;
    if (!options.shrink) continue;
    if (absl::Status shrunk = ShrinkFailure(options, failure); !shrunk.ok()) return shrunk;
  }
  for (std::size_t i = 0; i < kCoveredCount && result.seeds >= kSeedsForCoverage; ++i) {
    const auto what = static_cast<Covered>(i);
    if (result.counts.coverage[what] == 0 && IsExpected(profile, what)) {
      result.not_exercised.push_back(what);
    }
  }
  return result;
}

}  // namespace causeway::sim
