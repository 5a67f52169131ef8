// Ledgers with a queue, in virtual time.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "scenarios/report/summary.h"
#include "tests/sim/scenario_text.h"

namespace causeway::sim {
namespace {

std::string FileText(const std::string& name) {
  std::ifstream file(ScenarioPath(name));
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(QueueSimulationTest, ARingOfBanksWithoutFundsSettlesTogetherAndTheRestExpires) {
  const Plan plan = Compiled(FileText("gridlock"));
  const RunResult result = Simulated(plan);
  EXPECT_EQ(result.other_breaches, std::vector<std::string>{});
  EXPECT_TRUE(result.observer.verified);
  const core::LedgerTime settled = ResultOf(plan, result, "ring-5").ended;
  for (int i = 1; i <= 5; ++i) {
    const ActionResult payment = ResultOf(plan, result, "ring-" + std::to_string(i));
    EXPECT_EQ(payment.status, ActionStatus::kSettled) << i;
    EXPECT_LE(payment.ended, settled) << i;
    EXPECT_GE(payment.ended + core::Duration::FromSeconds(1), settled) << i;
    EXPECT_EQ(BalanceOf(plan, result, "EU-BANK-" + std::to_string(i), "EUR"), 100'000'000) << i;
  }
  EXPECT_EQ(ResultOf(plan, result, "too-much").status, ActionStatus::kExpired);
  EXPECT_EQ(ResultOf(plan, result, "behind-it").status, ActionStatus::kExpired);
  EXPECT_TRUE(Summarise(plan, result).expectations_met);
}

TEST(QueueSimulationTest, WithoutOptimisationTheRingExpires) {
  std::string text = FileText("gridlock");
  const std::string optimisation = "optimisation: QUEUE_OPTIMISATION_BECH_SORAMAKI";
  ASSERT_NE(text.find(optimisation), std::string::npos);
  text.erase(text.find(optimisation), optimisation.size());
  const Plan plan = Compiled(text);
  const RunResult result = Simulated(plan);
  EXPECT_EQ(result.other_breaches, std::vector<std::string>{});
  EXPECT_EQ(ResultOf(plan, result, "ring-1").status, ActionStatus::kExpired);
}

// The ring is incomplete until its last payment, which an optimisation two minutes after the first
// batch settles with the others; what is too much then waits in vain until the day closes.
TEST(QueueSimulationTest, GridlockIsToldFromDeadlock) {
  const Plan plan = Compiled(FileText("gridlock"));
  const absl::StatusOr<RunResult> result = RunSimulation(plan, {.measure = true});
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->ledger_queues.size(), 1u);
  const LedgerQueueResult& queue = result->ledger_queues[0];
  EXPECT_EQ(queue.waiting_max, 4u);
  EXPECT_EQ(queue.deadlocks, 2u);
  EXPECT_EQ(queue.undecided, core::Duration::Zero());
  EXPECT_GT(queue.deadlock_longest, core::Duration::FromHours(7));
}

TEST(QueueSimulationTest, RingThatNobodyOptimisesIsAGridlockUntilTheDayCloses) {
  std::string text = FileText("gridlock");
  const std::string optimisation = "optimisation: QUEUE_OPTIMISATION_BECH_SORAMAKI";
  text.erase(text.find(optimisation), optimisation.size());
  const Plan plan = Compiled(text);
  const absl::StatusOr<RunResult> result = RunSimulation(plan, {.measure = true});
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->ledger_queues.size(), 1u);
  EXPECT_EQ(result->ledger_queues[0].gridlocks, 1u);
  EXPECT_GT(result->ledger_queues[0].in_gridlock, core::Duration::FromHours(8));
}

// The observer executes both logs, with a selector of its own.
TEST(QueueSimulationTest, LedgersSettleByTheAlgorithmsOfTheirRules) {
  const Plan plan = Compiled(FileText("queue-algorithms"));
  const absl::StatusOr<RunResult> result = RunSimulation(plan, {.measure = true});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->other_breaches, std::vector<std::string>{});
  EXPECT_TRUE(result->observer.verified);
  EXPECT_TRUE(Summarise(plan, *result).expectations_met);
  ASSERT_EQ(result->ledger_queues.size(), 2u);
  const auto counts = [](const LedgerQueueResult& queue) {
    std::map<std::string, std::uint64_t> by;
    for (const auto& [name, settled] : queue.settled) by[name] = settled.count;
    return by;
  };
  EXPECT_EQ(counts(result->ledger_queues[0]),
            (std::map<std::string, std::uint64_t>{
                {"all-or-nothing", 3}, {"at-once", 3}, {"multiple", 2}, {"partial", 2}}));
  EXPECT_EQ(counts(result->ledger_queues[1]),
            (std::map<std::string, std::uint64_t>{{"cycle", 3}, {"greedy", 2}}));
  EXPECT_EQ(result->ledger_queues[1].settled.at("cycle").value.minor(), 6000);
}

TEST(QueueSimulationTest, FaultsOfARunAreNamedWhereTheyStand) {
  std::string text = FileText("queue-algorithms");
  const std::string banks = "cycle_banks_max: 3";
  text.replace(text.find(banks), banks.size(), "cycle_banks_max: 17");
  const std::vector<Finding> findings = Findings(text);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].message,
            "optimisations[0].cycle_banks_max: 2 to 16 with cycle, else unset");
  EXPECT_GT(findings[0].line, 1);
}

TEST(QueueSimulationTest, FaultyRulesAreNamed) {
  std::string text = FileText("gridlock");
  const std::string discipline = "discipline: QUEUE_DISCIPLINE_FIFO";
  text.erase(text.find(discipline), discipline.size());
  const std::vector<Finding> findings = Findings(text);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].message.substr(0, 11), "discipline:");
}

}  // namespace
}  // namespace causeway::sim
