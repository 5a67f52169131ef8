// A few hundred drawn scenarios, with real and with modelled signatures, none of which may breach
// anything. `./dev sim --seeds N` runs more. To look at one: CAUSEWAY_SEED=S simulation_test, or
// the command that a failure prints.
#include "scenarios/explore/seeds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "scenarios/explore/shrink.h"
#include "scenarios/explore/workers.h"
#include "scenarios/spec/scenario_file.h"

namespace causeway::sim {
namespace {

SeedsResult RunProfile(std::uint64_t first, std::uint64_t count, const char* profile,
                       bool modelled) {
  SeedsOptions options;
  options.first = first;
  options.count = count;
  if (const char* chosen = std::getenv("CAUSEWAY_SEED")) {
    options.first = std::strtoull(chosen, nullptr, 10);
    options.count = 1;
  }
  options.profile = FindProfile(profile);
  options.modelled_signatures = modelled;
  options.processes = 2;
  absl::StatusOr<SeedsResult> result = RunSeeds(options);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *std::move(result) : SeedsResult{};
}

void ExpectNoBreach(const SeedsResult& result, const std::string& flags) {
  for (const SeedFailure& failure : result.failures) {
    std::string said;
    for (const std::string& breach : failure.breaches) said += breach + "\n";
    ADD_FAILURE() << "replay with: ./dev sim seeds --seeds 1 --first " << failure.seed << flags
                  << "\n"
                  << said << ToText(failure.scenario, "shrunk");
  }
  EXPECT_EQ(result.failed, 0U);
}

TEST(SeedsTest, NothingIsBreachedWithModelledSignatures) {
  const SeedsResult result = RunProfile(1, kSeedsForCoverage, "mixed", true);
  ExpectNoBreach(result, " --modelled");
  if (result.seeds == 1) return;
  for (const Covered what : result.not_exercised) {
    ADD_FAILURE() << "not exercised: " << CoveredName(what);
  }
}

TEST(SeedsTest, NothingIsBreachedWithRealSignatures) {
  ExpectNoBreach(RunProfile(1, 25, "mixed", false), "");
}

// Conservation, balances, outcomes and the end of everything hold under the other mechanisms too;
// only hash time-locks may leave a trade half done, and then say what was lost.
TEST(SeedsTest, NothingIsBreachedUnderTheOtherMechanisms) {
  const SeedsResult result = RunProfile(1, kSeedsForCoverage, "mechanisms", true);
  ExpectNoBreach(result, " --modelled --profile mechanisms");
  if (result.seeds == 1) return;
  for (const Covered what : result.not_exercised) {
    ADD_FAILURE() << "not exercised: " << CoveredName(what);
  }
  EXPECT_GT(result.principal_lost_minor, 0);
}

// What is held stays held whatever courts order and central banks change, and observers see every
// order.
TEST(SeedsTest, NothingIsBreachedByOrdersOfCourtsAndChangesOfRules) {
  const SeedsResult result = RunProfile(1, kSeedsForCoverage, "interventions", true);
  ExpectNoBreach(result, " --modelled --profile interventions");
  if (result.seeds == 1) return;
  for (const Covered what : result.not_exercised) {
    ADD_FAILURE() << "not exercised: " << CoveredName(what);
  }
}

// Of "mechanisms". 96: a ledger put a payment off, the payer took that for a rejection, and a copy
// of the request was executed. 112: a trade that both parties withheld never ended. 517: the party
// of an exchange by time-locks asked for its money too early by the ledger's clock, and never
// again.
TEST(SeedsTest, NoMechanismThatFailedOnceFailsAgain) {
  for (const std::uint64_t seed : {96U, 112U, 517U, 1270U, 2340U}) {
    ExpectNoBreach(RunProfile(seed, 1, "mechanisms", true), " --modelled --profile mechanisms");
  }
}

TEST(SeedsTest, NothingIsBreachedUnderAnyProfile) {
  for (const char* profile : {"calm", "crashes", "network", "clients", "witnesses"}) {
    ExpectNoBreach(RunProfile(1, 40, profile, true),
                   std::string(" --modelled --profile ") + profile);
  }
}

// 9165: a ledger's answer of before a crash of the bridge was measured against a decision whose
// certificate was still being collected again, and counted as its opposite.
// 3258, 9553: the answer with a witness's cosignature was lost, and the bridge took the next
// answer, which said that the witness held everything, for the end of it: the log stood still.
TEST(SeedsTest, NoSeedThatFailedOnceFailsAgain) {
  for (const std::uint64_t seed : {9165U, 3258U, 9553U}) {
    SeedsOptions options;
    options.first = seed;
    options.count = 1;
    options.modelled_signatures = true;
    const absl::StatusOr<SeedsResult> result = RunSeeds(options);
    ASSERT_TRUE(result.ok()) << result.status();
    ExpectNoBreach(*result, " --modelled");
  }
}

TEST(SeedsTest, SameSeedGivesTheSameBytes) {
  const SeedsResult first = RunProfile(1, 20, "mixed", true);
  const SeedsResult second = RunProfile(1, 20, "mixed", true);
  EXPECT_EQ(first.digests, second.digests);
  EXPECT_EQ(first.counts.coverage, second.counts.coverage);
  EXPECT_EQ(first.counts.events(), second.counts.events());
}

TEST(SeedsTest, ScenarioFileOfASeedRunsAsTheSeedDoes) {
  const causeway::v1::Scenario drawn = DrawScenario(3, Profiles().front(), true);
  const auto compiled = CompileScenario(ToText(drawn, "seed 3\nas a file"));
  ASSERT_TRUE(std::holds_alternative<Plan>(compiled));
  const absl::StatusOr<RunResult> result = RunSimulation(std::get<Plan>(compiled));
  ASSERT_TRUE(result.ok());
  SimulatorCounts counts;
  const auto direct = CompileScenario(drawn);
  ASSERT_TRUE(std::holds_alternative<Plan>(direct));
  const absl::StatusOr<RunResult> same = RunSimulation(std::get<Plan>(direct), {}, &counts);
  ASSERT_TRUE(same.ok());
  ASSERT_EQ(result->logs.size(), same->logs.size());
  for (std::size_t i = 0; i < result->logs.size(); ++i) {
    EXPECT_EQ(result->logs[i].batches, same->logs[i].batches);
  }
}

// Rare among drawn scenarios: the bridge's own notes of what is open are damaged, and nobody has a
// copy of them. It does not start again, and what waits for it is excused.
TEST(SeedsTest, NodeThatStaysDownStopsNobodyElse) {
  causeway::v1::Scenario scenario = DrawScenario(1, *FindProfile("calm"), true);
  const auto add_fault = [&scenario] {
    causeway::v1::Fault* fault = scenario.add_faults();
    fault->set_name("f" + std::to_string(scenario.faults_size()));
    fault->set_date("2024-01-08");
    fault->set_time("08:00:25");
    fault->set_duration_ms(1);
    return fault;
  };
  causeway::v1::CorruptionFault* corruption = add_fault()->mutable_corruption();
  corruption->set_node("BRIDGE");
  corruption->set_metadata(true);
  add_fault()->mutable_crash()->add_nodes("BRIDGE");
  const Outcome outcome = RunScenario(scenario, {});
  EXPECT_THAT(outcome.breaches, ::testing::IsEmpty());
  const Coverage& coverage = outcome.counts.coverage;
  EXPECT_EQ(coverage[Covered::kMetadataCorrupted], 1U);
  EXPECT_GT(coverage[Covered::kCorruptionDetected], 0U);
  EXPECT_EQ(coverage[Covered::kNodeStayedDown], 1U);
  EXPECT_GT(coverage[Covered::kMessageToStoppedNode], 0U);
}

TEST(SeedsTest, OneMoreFaultShiftsNoOtherDraw) {
  causeway::v1::Scenario drawn = DrawScenario(5, Profiles().front(), true);
  const Outcome before = RunScenario(drawn, {});
  // It is at work all the time and takes part in every message, and its chances are zero.
  causeway::v1::Fault* fault = drawn.add_faults();
  fault->set_name("idle");
  fault->set_date("2024-01-08");
  fault->set_time("08:00:00");
  fault->set_duration_ms(60'000);
  fault->mutable_messages()->set_delay_ms_max(1);
  const Outcome after = RunScenario(drawn, {});
  EXPECT_EQ(before.digest, after.digest);
}

TEST(WorkersTest, ProcessThatDiesIsAFailureAndTheOthersGoOn) {
  std::uint64_t good = 0;
  std::string said;
  const absl::Status status = RunJobs(
      10, 20, 3,
      [](std::uint64_t number) {
        if (number == 17) {
          std::fputs("the last words\n", stderr);
          std::abort();
        }
        return Outcome{};
      },
      [&](std::uint64_t number, const Outcome& outcome) {
        if (outcome.breaches.empty()) ++good;
        if (number == 17) said = outcome.breaches.at(0);
        return true;
      });
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(good, 19U);
  EXPECT_NE(said.find("the last words"), std::string::npos) << said;
}

TEST(ShrinkTest, KeepsWhatIsNeededToFailAndNothingElse) {
  causeway::v1::Scenario scenario = DrawScenario(7, Profiles().front(), true);
  ASSERT_GT(scenario.steps_size(), 2);
  const std::string needed = scenario.steps(1).id();
  const Shrunk shrunk = Shrink(
      scenario,
      [&](const causeway::v1::Scenario& candidate) {
        for (const causeway::v1::Step& step : candidate.steps()) {
          if (step.id() == needed) return true;
        }
        return false;
      },
      400);
  EXPECT_EQ(shrunk.scenario.faults_size(), 0);
  ASSERT_EQ(shrunk.scenario.steps_size(), 1);
  EXPECT_EQ(shrunk.scenario.steps(0).id(), needed);
}

}  // namespace
}  // namespace causeway::sim
