#include <gtest/gtest.h>

#include <string>

#include "scenarios/report/report.h"
#include "scenarios/report/summary.h"
#include "tests/sim/scenario_text.h"

namespace causeway::sim {
namespace {

TEST(SimulationTest, FirstSwapEndsAsTheTutorialSays) {
  const absl::StatusOr<Plan> plan = LoadScenario(ScenarioPath("first-swap"));
  ASSERT_TRUE(plan.ok()) << plan.status();
  const RunResult result = Simulated(*plan);
  const Summary summary = Summarise(*plan, result);
  EXPECT_TRUE(summary.expectations_met) << RenderTable(*plan, result, summary);
  EXPECT_TRUE(result.observer.verified);
  EXPECT_EQ(BalanceOf(*plan, result, "BANK-EUR", "USD"), 1'094'000);
}

TEST(SimulationTest, WitnessedSwapEndsAsTheOneWithoutWitnesses) {
  const absl::StatusOr<Plan> plan = LoadScenario(ScenarioPath("witnessed-swap"));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->bridge->policy.witnesses.size(), 4U);
  EXPECT_EQ(plan->bridge->policy.witnesses_needed, 3U);
  const RunResult result = Simulated(*plan);
  const Summary summary = Summarise(*plan, result);
  EXPECT_TRUE(summary.expectations_met) << RenderTable(*plan, result, summary);
  EXPECT_TRUE(result.observer.verified);
  EXPECT_EQ(BalanceOf(*plan, result, "BANK-EUR", "USD"), 1'094'000);
}

// Messages to witnesses overtake one another here all the time.
TEST(SimulationTest, ManyWitnessedSettlementsEndAsWithoutWitnesses) {
  const std::string traffic = GeneratorText("traffic", 20, 60);
  const Plan without = Compiled(TwoCurrenciesWith(traffic));
  std::string text = TwoCurrenciesWith(traffic);
  const std::string place = "decision_log: \"bridge.example/decisions\"";
  text.insert(text.find(place) + place.size(),
              " witnesses: 7 witnesses_needed: 5 witnesses_faulty_max: 2");
  const Plan with = Compiled(text);
  const RunResult plain = Simulated(without);
  const RunResult result = Simulated(with);
  EXPECT_TRUE(result.observer.verified);
  EXPECT_TRUE(result.other_breaches.empty());
  EXPECT_EQ(result.decisions, plain.decisions);
  const Summary summary = Summarise(with, result);
  EXPECT_EQ(summary.settled, Summarise(without, plain).settled);
  for (std::size_t i = 0; i < result.ledgers.size(); ++i) {
    EXPECT_EQ(result.ledgers[i].in_circulation, plain.ledgers[i].in_circulation);
  }
}

TEST(SimulationTest, PilotMeetsItsExpectations) {
  const absl::StatusOr<Plan> plan = LoadScenario(ScenarioPath("mbridge-pilot-2022"));
  ASSERT_TRUE(plan.ok()) << plan.status();
  const RunResult result = Simulated(*plan);
  const Summary summary = Summarise(*plan, result);
  EXPECT_TRUE(summary.expectations_met) << RenderTable(*plan, result, summary);
  EXPECT_EQ(summary.settled, 164u);
  EXPECT_TRUE(result.observer.verified);
  EXPECT_EQ(result.observer.settlements_settled, summary.settlements_settled);
  // The central banks that clear balances have nothing in circulation at the end.
  for (const LedgerResult& ledger : result.ledgers) {
    EXPECT_EQ(ledger.in_circulation.IsZero(), plan->ledgers[ledger.ledger].redeem_at_cut_off);
  }
}

// The values were computed once; every compiler, build type and machine must arrive at them. They
// change when a format of settlement/core does.
TEST(SimulationTest, FirstSwapHasTheSameRootsEverywhere) {
  const absl::StatusOr<Plan> plan = LoadScenario(ScenarioPath("first-swap"));
  ASSERT_TRUE(plan.ok()) << plan.status();
  const RunResult result = Simulated(*plan);
  EXPECT_EQ(result.ledgers[0].state_root,
            "350ef3b407e4d518044a0bc73b31491d879d7231ed3902e2769a6e8dc8d32aa5");
  EXPECT_EQ(result.ledgers[1].state_root,
            "0439a212cdb21d4f8b542ce2ec0f93f678a55b3cac07b181941a99319b425fcc");
  EXPECT_EQ(result.ledgers[0].log_root,
            "6525a3cb5630e6e9ac2a0db025a85955bc806387d1e2191d7223b2c4663820b1");
  EXPECT_EQ(result.ledgers[1].log_root,
            "986d9ababc67dcc2da06f3603b15a09e60f4b8be5e63a06fd42f6a046467d797");
  EXPECT_EQ(result.decision_log_root,
            "31557ae01e9f8dc42f9dafa4c191cee76c3003757c71418a1bd2edecb7b3bd8a");
}

TEST(SimulationTest, SameScenarioTwiceGivesTheSameReport) {
  const Plan plan = Compiled(TwoCurrenciesWith(GeneratorText("traffic", 30, 15)));
  const RunResult first = Simulated(plan);
  const RunResult second = Simulated(plan);
  EXPECT_EQ(RenderReportJson(plan, first, Summarise(plan, first)),
            RenderReportJson(plan, second, Summarise(plan, second)));
  EXPECT_EQ(RenderPaymentsCsv(plan, first), RenderPaymentsCsv(plan, second));
  EXPECT_EQ(RenderBalancesCsv(plan, first), RenderBalancesCsv(plan, second));
  for (std::size_t i = 0; i < first.logs.size(); ++i) {
    EXPECT_EQ(first.logs[i].batches, second.logs[i].batches);
  }
}

TEST(SimulationTest, GeneratedTrafficKeepsEveryInvariant) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const Plan plan = Compiled(TwoCurrenciesWith(GeneratorText("traffic", 30, 30)), {.seed = seed});
    const RunResult result = Simulated(plan);
    const Summary summary = Summarise(plan, result);
    EXPECT_EQ(summary.settled, 60u) << "seed " << seed;
    EXPECT_EQ(summary.rejected, 0u) << "seed " << seed;
    EXPECT_EQ(summary.breaches, 0u) << "seed " << seed;
    EXPECT_TRUE(summary.conserved) << "seed " << seed;
    EXPECT_TRUE(summary.all_or_none) << "seed " << seed;
    EXPECT_TRUE(result.observer.verified) << "seed " << seed;
  }
}

// Another network shifts every batch and every draw of latency, and changes no balance.
TEST(SimulationTest, BalancesDoNotDependOnLatency) {
  const std::string text = TwoCurrenciesWith(GeneratorText("traffic", 30, 30));
  std::string slow = text;
  slow.replace(slow.find("latency_us_max: 9000"), 20, "latency_us_max: 400000");
  const Plan plan = Compiled(text);
  const Plan slow_plan = Compiled(slow);
  EXPECT_EQ(RenderBalancesCsv(plan, Simulated(plan)),
            RenderBalancesCsv(slow_plan, Simulated(slow_plan)));
}

TEST(SimulationTest, PaymentBeyondTheBalanceIsRejected) {
  const Plan plan = Compiled(TwoCurrenciesWith(R"(steps { id: "p" date: "2024-01-04" time: "09:00"
    pay { from: "DE-BANK-1" to: "US-BANK-1" currency: "EUR" amount: "1000.01" } })"));
  const RunResult result = Simulated(plan);
  const ActionResult payment = ResultOf(plan, result, "p");
  EXPECT_EQ(payment.status, ActionStatus::kRejected);
  EXPECT_EQ(payment.rejection.outcome, core::Outcome::kInsufficientFunds);
  EXPECT_EQ(BalanceOf(plan, result, "DE-BANK-1", "EUR"), 100'000);
  EXPECT_EQ(Summarise(plan, result).rejected, 1u);
}

TEST(SimulationTest, PvpThatOnePartyCannotPayMovesNothing) {
  const Plan plan = Compiled(TwoCurrenciesWith(R"(steps { id: "s" date: "2024-01-04" time: "09:00"
    pvp { party: "DE-BANK-1" party_currency: "EUR" party_amount: "10.00"
          counterparty: "US-BANK-2" counterparty_currency: "USD"
          counterparty_amount: "11.00" } })"));
  const RunResult result = Simulated(plan);
  const ActionResult settlement = ResultOf(plan, result, "s");
  EXPECT_EQ(settlement.status, ActionStatus::kAborted);
  EXPECT_EQ(settlement.rejection.outcome, core::Outcome::kInsufficientFunds);
  EXPECT_EQ(BalanceOf(plan, result, "DE-BANK-1", "EUR"), 100'000);
  EXPECT_EQ(result.observer.settlements_aborted, 1u);
  EXPECT_TRUE(result.observer.verified);
  const Summary summary = Summarise(plan, result);
  EXPECT_EQ(summary.settlements_aborted, 1u);
  EXPECT_TRUE(summary.all_or_none);
}

TEST(SimulationTest, SwapBuysAnExactAmountForAnotherPayee) {
  const Plan plan = Compiled(TwoCurrenciesWith(R"(steps { id: "s" date: "2024-01-04" time: "09:00"
    swap { taker: "DE-BANK-1" sell_currency: "EUR" buy_currency: "USD" buy_amount: "110.00"
           payee: "US-BANK-2" } })"));
  const RunResult result = Simulated(plan);
  EXPECT_EQ(ResultOf(plan, result, "s").status, ActionStatus::kSettled);
  EXPECT_EQ(BalanceOf(plan, result, "US-BANK-2", "USD"), 11'000);
  EXPECT_EQ(BalanceOf(plan, result, "DE-BANK-1", "EUR"), 90'000);  // 110 at the bid of 1.10
  EXPECT_EQ(BalanceOf(plan, result, "DEALER", "EUR"), 60'000);
}

TEST(SimulationTest, SwapBeyondTheDealersMoneyAborts) {
  const Plan plan = Compiled(TwoCurrenciesWith(R"(steps { id: "s" date: "2024-01-04" time: "09:00"
    swap { taker: "DE-BANK-1" sell_currency: "EUR" buy_currency: "USD"
           sell_amount: "1000.00" } })"));
  const RunResult result = Simulated(plan);
  EXPECT_EQ(ResultOf(plan, result, "s").status, ActionStatus::kAborted);
  EXPECT_EQ(BalanceOf(plan, result, "DE-BANK-1", "EUR"), 100'000);
  EXPECT_EQ(BalanceOf(plan, result, "DEALER", "USD"), 50'000);
}

TEST(SimulationTest, RedemptionTakesMoneyOutOfCirculation) {
  const Plan plan = Compiled(TwoCurrenciesWith(R"(
steps { id: "part" date: "2024-01-04" time: "09:00"
  redeem { from: "DE-BANK-1" currency: "EUR" amount: "400.00" } }
steps { id: "rest" date: "2024-01-05" time: "09:00"
  redeem { from: "DE-BANK-1" currency: "EUR" } }
steps { id: "nothing" date: "2024-01-08" time: "09:00"
  redeem { from: "DE-BANK-1" currency: "EUR" } })"));
  const RunResult result = Simulated(plan);
  EXPECT_EQ(ResultOf(plan, result, "part").legs[0].amount.minor(), 40'000);
  EXPECT_EQ(ResultOf(plan, result, "rest").legs[0].amount.minor(), 60'000);
  EXPECT_EQ(ResultOf(plan, result, "nothing").status, ActionStatus::kSkipped);
  EXPECT_EQ(result.ledgers[0].in_circulation.minor(), 50'000);  // the dealer's
  const Summary summary = Summarise(plan, result);
  EXPECT_TRUE(summary.conserved);
  EXPECT_EQ(summary.rejected, 0u);
}

TEST(SimulationTest, BalancesAreClearedAtCutOffWhereTheLedgerAsks) {
  std::string text = TwoCurrenciesWith(GeneratorText("traffic", 20, 20));
  text.replace(text.find("country: \"DE\" }"), 15, "country: \"DE\" redeem_at_cut_off: true }");
  const Plan plan = Compiled(text);
  const RunResult result = Simulated(plan);
  EXPECT_TRUE(result.ledgers[0].in_circulation.IsZero());
  EXPECT_FALSE(result.ledgers[1].in_circulation.IsZero());
  EXPECT_EQ(Summarise(plan, result).settled, 40u);
}

TEST(SimulationTest, ProgressReachesTheEnd) {
  const Plan plan = Compiled(kTwoCurrencies);
  std::size_t last = 0;
  SimulatorOptions options;
  options.on_progress = [&](std::size_t done, std::size_t all) {
    EXPECT_EQ(done, last + 1);
    EXPECT_EQ(all, plan.actions.size());
    last = done;
  };
  ASSERT_TRUE(RunSimulation(plan, options).ok());
  EXPECT_EQ(last, plan.actions.size());
}

TEST(SimulationTest, RunWithoutObserverEndsAlike) {
  const Plan plan = Compiled(TwoCurrenciesWith(GeneratorText("traffic", 10, 10)));
  SimulatorOptions options;
  options.observe = false;
  const absl::StatusOr<RunResult> result = RunSimulation(plan, options);
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(result->observer.ran);
  EXPECT_EQ(RenderBalancesCsv(plan, *result), RenderBalancesCsv(plan, Simulated(plan)));
}

}  // namespace
}  // namespace causeway::sim
