// Every known-bad variant of the protocol is caught within a stated number of seeds, and what is
// caught shrinks to something that a person can read.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/explore/seeds.h"
#include "tests/simulation/canaries.h"

namespace causeway::sim {
namespace {

// Seeds within which each variant must be caught. Most are within the first few.
constexpr std::uint64_t kSeedsToCatch = 200;

SeedsOptions SearchOptions(const NodeFactory* nodes, const Profile* profile) {
  SeedsOptions options;
  options.count = kSeedsToCatch;
  options.profile = profile;
  options.modelled_signatures = true;
  options.processes = 2;
  options.shrink = false;
  options.stop_at_failure = true;
  options.run.nodes = nodes;
  // Without the observer, which would be the first to see some of them: the checkers must see all.
  options.run.observe = false;
  return options;
}

SeedsResult Search(const SeedsOptions& options) {
  absl::StatusOr<SeedsResult> result = RunSeeds(options);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *std::move(result) : SeedsResult{};
}

SeedsResult Search(const NodeFactory* nodes, const Profile* profile) {
  return Search(SearchOptions(nodes, profile));
}

std::string Said(const SeedsResult& result) {
  std::string all;
  for (const SeedFailure& failure : result.failures) {
    for (const std::string& breach : failure.breaches) all += breach + "\n";
  }
  return all;
}

// Caught, and for what it does wrong: in other seeds the same variant may break other promises. In
// one process, because of two the first failure is that of the faster.
void ExpectCaught(const NodeFactory* nodes, const Profile* profile, const std::string& breach) {
  SeedsOptions options = SearchOptions(nodes, profile);
  options.processes = 1;
  std::string said;
  while (options.first <= kSeedsToCatch) {
    options.count = kSeedsToCatch + 1 - options.first;
    const SeedsResult result = Search(options);
    if (result.failures.empty()) break;
    said += Said(result);
    if (Said(result).find(breach) != std::string::npos) {
      ::testing::Test::RecordProperty("seeds", std::to_string(result.failures.front().seed));
      return;
    }
    options.first = result.failures.front().seed + 1;
  }
  ADD_FAILURE() << "not caught in " << kSeedsToCatch << " seeds, which said:\n" << said;
}

void ExpectCaught(const NodeFactory* nodes, const char* profile, const std::string& breach) {
  ExpectCaught(nodes, FindProfile(profile), breach);
}

// The same seeds, without what is wrong.
void ExpectPasses(const Profile& profile) {
  const SeedsResult result = Search(nullptr, &profile);
  EXPECT_EQ(result.seeds, kSeedsToCatch);
  EXPECT_EQ(result.failed, 0U) << Said(result);
}

// An operator that keeps two logs, among crashes and loss, before witnesses of whom some do what
// they should not.
Profile LyingOperator(WitnessDraw witnesses, std::vector<std::uint64_t> witness_weights) {
  return {.name = "lying-operator",
          .description = "a bridge that keeps two logs",
          .faults_max = 10,
          .fault_weights = {1, 0, 1, 0, 0, 0, 0, 4, 0, 4},
          .witnesses = {witnesses},
          .bridge_equivocates = true,
          .witness_weights = std::move(witness_weights)};
}
const std::vector<std::uint64_t> kCosignsAnything = {1, 0, 0};
const std::vector<std::uint64_t> kOldBackup = {0, 0, 1};
constexpr char kTwoOutcomes[] = "is released, and the decision log says commit";

TEST(CanaryTest, TwoOfThreeWithAByzantineWitnessAndAnEquivocatingBridgeIsCaught) {
  const Profile profile = LyingOperator({3, 2, 0, 1}, kCosignsAnything);
  ExpectCaught(nullptr, &profile, kTwoOutcomes);
}

TEST(CanaryTest, TwoOfThreeWithoutAByzantineWitnessBearsAnEquivocatingBridge) {
  ExpectPasses(LyingOperator({3, 2, 0, 0}, kCosignsAnything));
}

TEST(CanaryTest, ThreeOfFourWithAByzantineWitnessBearsAnEquivocatingBridge) {
  ExpectPasses(LyingOperator({4, 3, 1, 1}, kCosignsAnything));
}

TEST(CanaryTest, WitnessThatIsRestoredFromAnOldBackupAndNotCountedAsFaultyIsCaught) {
  const Profile profile = LyingOperator({3, 2, 0, 1}, kOldBackup);
  ExpectCaught(nullptr, &profile, kTwoOutcomes);
}

TEST(CanaryTest, WitnessThatIsRestoredFromAnOldBackupIsBornWhereThePolicyCountsIt) {
  ExpectPasses(LyingOperator({4, 3, 1, 1}, kOldBackup));
}

TEST(CanaryTest, WitnessThatSignsBeforeItPersistsIsCaught) {
  ExpectCaught(SignsBeforeItPersists().get(), "witnesses", "before it was durable");
}

TEST(CanaryTest, ReleaseOnTimeoutAfterPrepareIsCaught) {
  ExpectCaught(ReleaseOnTimeout().get(), "network", "is released, and the decision log says");
}

TEST(CanaryTest, CertificateThatIsNotCheckedIsCaught) {
  ExpectCaught(CertificateNotChecked().get(), "clients", "is booked, and the decision log says");
}

TEST(CanaryTest, ForgettingAHoldOnRestartIsCaught) {
  ExpectCaught(ForgetsHolds().get(), "crashes", "durable batches are lost");
}

TEST(CanaryTest, FreezingAPreparedHoldIsCaught) {
  ExpectCaught(FreezeStopsHolds().get(), "mixed", "after its deadline and the last fault");
}

TEST(CanaryTest, DecisionToldBeforeItIsDurableIsCaught) {
  ExpectCaught(TellsBeforeDurable().get(), "crashes", "and the decision log says nothing durable");
}

TEST(CanaryTest, InventingACommitWithoutVotesIsCaught) {
  ExpectCaught(InventsCommits().get(), "calm", "is committed without a hold and vote of");
}

TEST(CanaryTest, OverrideThatReleasesAHoldIsCaught) {
  ExpectCaught(OverrideReleasesHolds().get(), "interventions",
               "is released, and the decision log says");
}

TEST(CanaryTest, PolicyChangeThatReleasesAHoldIsCaught) {
  ExpectCaught(WithdrawalReleasesHolds().get(), "interventions",
               "is released, and the decision log says");
}

TEST(CanaryTest, AbortByAnOrderThatNobodyRecordedIsCaught) {
  ExpectCaught(BelievesAnyOrder().get(), "interventions",
               "is aborted by an order that no ledger of it recorded");
}

// The checkers see as much when what settles is not single trades.
TEST(CanaryTest, InventingACommitWithoutVotesIsCaughtUnderTheOtherMechanisms) {
  ExpectCaught(InventsCommits().get(), "mechanisms", "is committed without a hold and vote of");
}

TEST(CanaryTest, ForgettingAHoldOnRestartIsCaughtUnderTheOtherMechanisms) {
  ExpectCaught(ForgetsHolds().get(), "mechanisms", "durable batches are lost");
}

// The one counter that seeds of "mixed" leave at zero.
TEST(CanaryTest, EquivocatingBridgeWithoutWitnessesIsCaught) {
  ExpectCaught(nullptr, "equivocation", "is released, and the decision log says commit");
  const SeedsResult result = Search(nullptr, FindProfile("equivocation"));
  EXPECT_GT(result.counts.coverage[Covered::kBridgeEquivocated], 0U);
}

TEST(CanaryTest, IdThatIsNotBoundToTermsIsCaught) {
  const IdsOfNonceOnly weak;
  ExpectCaught(ShowsOtherTerms().get(), "calm", "holds other terms for settlement");
}

// The attack of the test before, against ids that are bound: money waits, and none is lost.
TEST(CanaryTest, BoundIdsKeepALyingBridgeFromMovingMoney) {
  const SeedsResult result = Search(ShowsOtherTerms().get(), FindProfile("calm"));
  ASSERT_FALSE(result.failures.empty());
  EXPECT_EQ(Said(result).find("other terms"), std::string::npos) << Said(result);
  EXPECT_EQ(Said(result).find("booked"), std::string::npos) << Said(result);
}

TEST(CanaryTest, WhatIsCaughtShrinksToAFewStepsAndOneFault) {
  SeedsOptions options = SearchOptions(nullptr, FindProfile("equivocation"));
  options.shrink = true;
  const SeedsResult result = Search(options);
  ASSERT_FALSE(result.failures.empty());
  const SeedFailure& failure = result.failures.front();
  // Of more than a hundred. Not always the fewest that would do: without one step, the bridge may
  // choose others to lie about.
  EXPECT_LE(failure.scenario.steps_size(), 8);
  EXPECT_EQ(failure.scenario.faults_size(), 1);
  EXPECT_FALSE(failure.scenario_breaches.empty());
}

}  // namespace
}  // namespace causeway::sim
