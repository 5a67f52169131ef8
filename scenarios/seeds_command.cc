// causeway-sim seeds: many drawn scenarios, and a report for a person.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "scenarios/commands.h"
#include "scenarios/explore/seeds.h"
#include "scenarios/explore/shrink.h"

namespace causeway::sim {
namespace {

constexpr std::size_t kBreachesPrinted = 5;

std::string ReplayOf(const SeedsFlags& flags, std::uint64_t seed) {
  return fmt::format("./dev sim seeds --seeds 1 --first {}{}{}", seed,
                     flags.profile == "mixed" ? "" : " --profile " + flags.profile,
                     flags.modelled ? " --modelled" : "");
}

// The file, or nothing when it cannot be written.
std::string WriteScenario(const SeedsFlags& flags, const SeedFailure& failure) {
  std::error_code error;
  std::filesystem::create_directories(flags.out, error);
  const std::string path = fmt::format("{}/seed-{}.txtpb", flags.out, failure.seed);
  std::string comment = fmt::format("Shrunk from: {}\n", ReplayOf(flags, failure.seed));
  for (const std::string& breach : failure.scenario_breaches) comment += breach + "\n";
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << ToText(failure.scenario, comment);
  file.close();
  return file.fail() ? "" : path;
}

void PrintFailure(const SeedsFlags& flags, const SeedFailure& failure) {
  fmt::print("\nseed {} FAILS\n", failure.seed);
  const std::size_t printed = std::min(kBreachesPrinted, failure.breaches.size());
  for (std::size_t i = 0; i < printed; ++i) fmt::print("    {}\n", failure.breaches[i]);
  fmt::print("  replay:   {}\n", ReplayOf(flags, failure.seed));
  if (flags.no_shrink) return;
  const std::string path = WriteScenario(flags, failure);
  if (path.empty()) {
    fmt::print("  {} cannot be written; the smallest scenario that fails:\n\n{}\n", flags.out,
               ToText(failure.scenario, ""));
    return;
  }
  fmt::print("  smallest: {} step{} and {} fault{}: ./dev sim run {}\n",
             failure.scenario.steps_size(), failure.scenario.steps_size() == 1 ? "" : "s",
             failure.scenario.faults_size(), failure.scenario.faults_size() == 1 ? "" : "s", path);
  for (std::size_t i = 0; i < std::min(kBreachesPrinted, failure.scenario_breaches.size()); ++i) {
    fmt::print("    {}\n", failure.scenario_breaches[i]);
  }
}

// Of one core.
std::uint64_t EventsPerSecond(const SeedsResult& result) {
  return result.cpu_us == 0 ? 0 : result.counts.events() * 1'000'000 / result.cpu_us;
}

// In whole units of the value currency of drawn scenarios.
std::string PrincipalLost(const SeedsResult& result) {
  return fmt::format("{}.{:02}", result.principal_lost_minor / 100,
                     result.principal_lost_minor % 100);
}

bool WriteJson(const SeedsFlags& flags, const SeedsResult& result) {
  nlohmann::ordered_json coverage = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < kCoveredCount; ++i) {
    const auto what = static_cast<Covered>(i);
    coverage[std::string(CoveredName(what))] = result.counts.coverage[what];
  }
  const nlohmann::ordered_json json = {
      {"seeds", result.seeds},
      {"first", flags.first},
      {"profile", flags.profile},
      {"signatures", flags.modelled ? "modelled" : "ed25519-sha256"},
      {"violations", result.failed},
      {"events", result.counts.events()},
      {"messages", result.counts.messages},
      {"timers", result.counts.timers},
      {"writes", result.counts.writes},
      {"cpu_us", result.cpu_us},
      {"sim_events_per_s", EventsPerSecond(result)},
      {"principal_lost", PrincipalLost(result)},
      {"digest", result.Digest()},
      {"coverage", coverage},
  };
  std::ofstream file(flags.json, std::ios::binary | std::ios::trunc);
  file << json.dump(2) << "\n";
  file.close();
  return !file.fail();
}

}  // namespace

std::string ProfileNames() {
  std::string names;
  for (const Profile& profile : Profiles()) {
    names += (names.empty() ? "" : ", ") + std::string(profile.name);
  }
  return names;
}

int SeedsCommand(const SeedsFlags& flags) {
  SeedsOptions options;
  options.first = flags.first;
  options.count = flags.seeds;
  options.profile = FindProfile(flags.profile);
  options.modelled_signatures = flags.modelled;
  options.processes =
      flags.jobs != 0 ? flags.jobs : std::max(1U, std::thread::hardware_concurrency());
  options.shrink = !flags.no_shrink;
  if (options.profile == nullptr) {
    fmt::print(stderr, "--profile {}: there are {}\n", flags.profile, ProfileNames());
    return kExitUsage;
  }
  if (::isatty(STDERR_FILENO) != 0) {
    options.on_progress = [&](std::uint64_t done, std::uint64_t failed) {
      fmt::print(stderr, "\r\033[K  {} of {} seeds, {} failed", done, flags.seeds, failed);
      if (done == flags.seeds) fmt::print(stderr, "\r\033[K");
      std::fflush(stderr);
    };
  }
  const absl::StatusOr<SeedsResult> result = RunSeeds(options);
  if (!result.ok()) {
    fmt::print(stderr, "{}\n", std::string(result.status().message()));
    return kExitFailed;
  }
  for (const SeedFailure& failure : result->failures) PrintFailure(flags, failure);
  const SimulatorCounts& counts = result->counts;
  fmt::print("{} seeds from {}, profile {}, {} signatures: {} failed\n", result->seeds, flags.first,
             flags.profile, flags.modelled ? "modelled" : "real", result->failed);
  fmt::print("  {} events ({} messages, {} timers, {} durable writes), {} a second on one core\n",
             counts.events(), counts.messages, counts.timers, counts.writes,
             EventsPerSecond(*result));
  if (options.profile->name == kMechanismsProfile) {
    fmt::print("  hash time-locks: {} trades half done, principal of {} EUR lost\n",
               counts.coverage[Covered::kHtlcHalfDone], PrincipalLost(*result));
  }
  fmt::print("  digest of all logs {}\n", result->Digest());
  for (const Covered what : result->not_exercised) {
    fmt::print("  NOT EXERCISED: {}\n", CoveredName(what));
  }
  if (!flags.json.empty() && !WriteJson(flags, *result)) {
    fmt::print(stderr, "cannot write {}\n", flags.json);
    return kExitFailed;
  }
  return result->failed == 0 && result->not_exercised.empty() ? kExitMet : kExitNotMet;
}

}  // namespace causeway::sim
