// Ledgers with a queue, in virtual time.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "scenarios/report/ledger_indicators.h"
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

TEST(QueueSimulationTest, LargePaymentsSettleInParts) {
  const Plan plan = Compiled(FileText("queue-splitting"));
  const absl::StatusOr<RunResult> result = RunSimulation(plan, {.measure = true});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->other_breaches, std::vector<std::string>{});
  EXPECT_TRUE(result->observer.verified);
  const Summary summary = Summarise(plan, *result);
  EXPECT_TRUE(summary.expectations_met);
  EXPECT_EQ(summary.currencies[0].settled.minor(), 2500 + 600 + 900 + 600 + 300 + 400);
  EXPECT_EQ(ResultOf(plan, *result, "large").status, ActionStatus::kSettled);
  EXPECT_TRUE(ResultOf(plan, *result, "large").settled_in_parts.IsZero());
  EXPECT_EQ(ResultOf(plan, *result, "too-much").status, ActionStatus::kExpired);
  EXPECT_EQ(ResultOf(plan, *result, "too-much").settled_in_parts.minor(), 400);
  EXPECT_EQ(ResultOf(plan, *result, "over-the-limit").status, ActionStatus::kExpired);
  ASSERT_EQ(result->ledger_queues.size(), 1u);
  const LedgerQueueResult::Settled& alone = result->ledger_queues[0].settled.at("alone");
  EXPECT_EQ(alone.count, 1u);
  EXPECT_EQ(alone.parts, 4u) << "8, 2 and 8, and 4 of what was too much";
  EXPECT_EQ(alone.value.minor(), 2500 + 400);
}

// It stops in the middle of writes all morning, and takes up each payment where its log has it.
TEST(QueueSimulationTest, ALedgerThatStopsBetweenPartsGoesOnWithTheRest) {
  const std::string text = FileText("queue-splitting") + R"(
concurrent: true
network { latency_us_min: 1000 latency_us_max: 9000 sync_us: 500 reply_timeout_ms: 2000 }
faults {
  date: "2026-03-02" time: "08:59" duration_ms: 7500000
  crash { nodes: "eu.example/eur" point: CRASH_POINT_IN_WRITE times: 40 down_ms_max: 60000 }
})";
  const Plan plan = Compiled(text);
  SimulatorCounts counts;
  const absl::StatusOr<RunResult> result = RunSimulation(plan, {}, &counts);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->other_breaches, std::vector<std::string>{});
  EXPECT_TRUE(result->observer.verified);
  EXPECT_TRUE(Summarise(plan, *result).expectations_met);
  EXPECT_GT(counts.coverage[Covered::kCrashOfLedger], 0u);
}

// As in studies: by payment and value, parts count when they settled.
TEST(QueueSimulationTest, PartsCountInTheIndicatorsOfTheirLedger) {
  const Plan plan = Compiled(FileText("queue-splitting"));
  const absl::StatusOr<RunResult> result = RunSimulation(plan, {.measure = true});
  ASSERT_TRUE(result.ok());
  const std::vector<study::Part> parts = LedgerParts(plan, *result);
  ASSERT_EQ(parts.size(), 1u);
  const study::RunResult& run = parts[0].result;
  ASSERT_EQ(run.parts.size(), 4u);
  EXPECT_EQ(run.parts[0].amount, 800);
  EXPECT_EQ(run.parts[1].amount, 200);
  EXPECT_EQ(run.parts[0].after, 0u);
  EXPECT_EQ(run.parts[2].amount, 800);
  EXPECT_EQ(run.parts[2].after, 2u) << "after what BANK-2 and BANK-3 passed on";
  EXPECT_EQ(run.parts[3].amount, 400);
  const study::DayIndicators& day = parts[0].indicators.days.at(0);
  EXPECT_EQ(day.settled.count, 5u);
  EXPECT_EQ(day.settled.value, 2500 + 600 + 900 + 600 + 300 + 400);
  EXPECT_EQ(day.unsettled.count, 2u);
  EXPECT_EQ(day.unsettled.value, 1600 + 500);
  std::vector<std::int64_t> closing;
  for (const study::AccountDay& account : run.account_days) closing.push_back(account.closing);
  EXPECT_EQ(closing, (std::vector<std::int64_t>{400, 1000, 0}));
}

TEST(QueueSimulationTest, FaultyPartsAreNamedWhereTheyStand) {
  const auto message = [](const std::string& from, const std::string& to) {
    std::string text = FileText("queue-splitting");
    text.replace(text.find(from), from.size(), to);
    const std::vector<Finding> findings = Findings(text);
    return findings.size() == 1 ? findings[0].message : "not one finding";
  };
  EXPECT_EQ(message("part_min: \"2.00\"", ""), "splitting.part_min: at least one minor unit");
  EXPECT_EQ(message("\"8.00\"", "\"1.99\""), "splitting.part_max: at least part_min, or unset");
  EXPECT_EQ(message("part_max: \"8.00\"", "part_max: \"0.00\""),
            "amount \"0.00\": must be above zero");
  EXPECT_EQ(message("QUEUE_DISCIPLINE_FIFO", "QUEUE_DISCIPLINE_IMMEDIATE"),
            "splitting: needs a discipline by which payments wait and settle alone");
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
