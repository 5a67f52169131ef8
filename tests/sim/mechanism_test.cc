// PvP trades under the mechanisms, in virtual time, with and without faults.
#include <gtest/gtest.h>

#include <string>

#include "scenarios/report/mechanism_report.h"
#include "scenarios/report/summary.h"
#include "tests/sim/scenario_text.h"

namespace causeway::sim {
namespace {

// Two banks with 1000.00 each of their own currency.
std::string Trade(const std::string& id, const std::string& time, const std::string& eur,
                  const std::string& usd) {
  return "steps { id: \"" + id + "\" date: \"2024-01-04\" time: \"" + time +
         R"(" pvp { party: "DE-BANK-1" party_currency: "EUR" party_amount: ")" + eur +
         R"(" counterparty: "US-BANK-1" counterparty_currency: "USD" counterparty_amount: ")" +
         usd + "\" } }\n";
}

// What each gives back.
std::string Opposite(const std::string& id, const std::string& time, const std::string& eur,
                     const std::string& usd) {
  return "steps { id: \"" + id + "\" date: \"2024-01-04\" time: \"" + time +
         R"(" pvp { party: "US-BANK-1" party_currency: "EUR" party_amount: ")" + eur +
         R"(" counterparty: "DE-BANK-1" counterparty_currency: "USD" counterparty_amount: ")" +
         usd + "\" } }\n";
}

constexpr char kNetting[] = R"(concurrent: true
mechanism: MECHANISM_NETTING_CYCLE
mechanism_terms { operator: "US-BANK-2" netting_cycle { times: "10:00" times: "12:00" } }
)";

RunResult RunMeasured(const std::string& text) {
  absl::StatusOr<RunResult> result = RunSimulation(Compiled(text), {.measure = true});
  EXPECT_TRUE(result.ok()) << result.status();
  if (!result.ok()) return {};
  EXPECT_EQ(result->all_or_none_breaches, std::vector<std::string>{});
  EXPECT_EQ(result->other_breaches, std::vector<std::string>{});
  EXPECT_TRUE(result->observer.verified);
  return *std::move(result);
}

std::string FirstFinding(const std::string& text) {
  const std::vector<Finding> findings = Findings(text);
  return findings.empty() ? "" : findings.front().message;
}

ActionStatus StatusOf(const std::string& text, const RunResult& result, const std::string& id) {
  return ResultOf(Compiled(text), result, id).status;
}

TEST(NettingMechanismTest, CycleMovesOnlyTheDifference) {
  const std::string text = TwoCurrenciesWith(kNetting + Trade("a", "09:00", "900.00", "950.00") +
                                             Opposite("b", "09:10", "890.00", "930.00"));
  const RunResult result = RunMeasured(text);
  EXPECT_EQ(StatusOf(text, result, "a"), ActionStatus::kSettled);
  EXPECT_EQ(StatusOf(text, result, "b"), ActionStatus::kSettled);
  ASSERT_TRUE(result.mechanism.has_value());
  EXPECT_EQ(result.mechanism->currencies[0].liquidity_needed.minor(), 1000);
  EXPECT_EQ(result.mechanism->currencies[1].liquidity_needed.minor(), 2000);
  EXPECT_EQ(result.observer.settlements_settled, 1U);
}

TEST(NettingMechanismTest, GrossSettlementOfTheSameNeedsMore) {
  const std::string text =
      TwoCurrenciesWith("concurrent: true\n" + Trade("a", "09:00", "900.00", "950.00") +
                        Opposite("b", "09:10", "890.00", "930.00"));
  const RunResult result = RunMeasured(text);
  EXPECT_EQ(result.mechanism->currencies[0].liquidity_needed.minor(), 90'000);
  EXPECT_EQ(result.mechanism->principal_lost.minor(), 0);
}

TEST(NettingMechanismTest, MemberThatCannotFundIsUnwoundAndTheOthersSettle) {
  const std::string other =
      R"(steps { id: "c" date: "2024-01-04" time: "09:20" pvp { party: "DEALER"
  party_currency: "EUR" party_amount: "100.00" counterparty: "US-BANK-1"
  counterparty_currency: "USD" counterparty_amount: "110.00" } })";
  const std::string text =
      TwoCurrenciesWith(kNetting + Trade("a", "09:00", "1000.01", "10.00") + other);
  const RunResult result = RunMeasured(text);
  const ActionResult returned = ResultOf(Compiled(text), result, "a");
  EXPECT_EQ(returned.status, ActionStatus::kRejected);
  EXPECT_EQ(returned.rejection.outcome, core::Outcome::kInsufficientFunds);
  EXPECT_EQ(StatusOf(text, result, "c"), ActionStatus::kSettled);
}

TEST(NettingMechanismTest, TradeThatOnePartyWithholdsIsReturnedAtCutOff) {
  const std::string text = TwoCurrenciesWith(kNetting + Trade("a", "09:00", "10.00", "11.00") + R"(
faults { client { step: "a" kind: CLIENT_FAULT_KIND_WITHHOLD_COUNTERPARTY } })");
  const RunResult result = RunMeasured(text);
  EXPECT_EQ(ResultOf(Compiled(text), result, "a").rejection.outcome,
            core::Outcome::kApprovalsMissing);
}

TEST(NettingMechanismTest, MemberThatIsCutOffIsLeftOut) {
  const std::string text = TwoCurrenciesWith(kNetting + Trade("a", "09:00", "10.00", "11.00") + R"(
faults { date: "2024-01-04" time: "09:30" duration_ms: 3600000 partition { nodes: "DE-BANK-1" } })");
  const RunResult result = RunMeasured(text);
  EXPECT_EQ(ResultOf(Compiled(text), result, "a").rejection.outcome,
            core::Outcome::kNotSignedByParty);
}

TEST(NettingMechanismTest, DeadLedgerLeavesTheTradesToTheNextCycle) {
  const std::string text = TwoCurrenciesWith(kNetting + Trade("a", "09:00", "10.00", "11.00") + R"(
faults { date: "2024-01-04" time: "09:59" duration_ms: 600000
  partition { nodes: "us.example/usd" } })");
  const RunResult result = RunMeasured(text);
  const ActionResult trade = ResultOf(Compiled(text), result, "a");
  EXPECT_EQ(trade.status, ActionStatus::kSettled);
  EXPECT_GE(trade.ended,
            core::BusinessDate::Parse("2024-01-04")->StartInUtc() + core::Duration::FromHours(12));
  EXPECT_EQ(result.observer.settlements_aborted, 1U);
}

// Whatever moment of a cycle the operator and the bridge stop at, it settles once and completely.
TEST(NettingMechanismTest, OperatorAndBridgeMayStopAtAnyMomentOfACycle) {
  for (int millis = 0; millis <= 100; millis += 4) {
    const std::string at = std::to_string(1000 + millis).substr(1);
    const std::string text = TwoCurrenciesWith(
        kNetting + Trade("a", "09:00", "10.00", "11.00") + Trade("b", "09:01", "1.00", "1.10") +
        "faults { date: \"2024-01-04\" time: \"10:00:00." + at + R"(" duration_ms: 1
  crash { nodes: "US-BANK-2" nodes: "BRIDGE" down_ms_max: 3000 } })");
    const RunResult result = RunMeasured(text);
    EXPECT_EQ(StatusOf(text, result, "a"), ActionStatus::kSettled) << millis;
    EXPECT_EQ(StatusOf(text, result, "b"), ActionStatus::kSettled) << millis;
    EXPECT_TRUE(Summarise(Compiled(text), result).conserved);
  }
}

TEST(MechanismScenarioTest, TermsThatAreMissingOrWrongAreNamed) {
  EXPECT_NE(FirstFinding(TwoCurrenciesWith("mechanism: MECHANISM_NETTING_CYCLE\n"))
                .find("operator is missing"),
            std::string::npos);
  EXPECT_NE(FirstFinding(TwoCurrenciesWith(R"(mechanism: MECHANISM_NETTING_CYCLE
mechanism_terms { operator: "US-BANK-2" netting_cycle { times: "12:00" times: "10:00" } })"))
                .find("must be ascending"),
            std::string::npos);
  EXPECT_NE(FirstFinding(TwoCurrenciesWith(std::string(kNetting) + R"(
steps { date: "2024-01-04" time: "09:00"
  swap { taker: "DE-BANK-1" sell_currency: "EUR" buy_currency: "USD" sell_amount: "1.00" } })"))
                .find("swaps on quotes"),
            std::string::npos);
}

TEST(MechanismScenarioTest, OptionsReplaceTheMechanismAndChooseFaults) {
  const std::string text = TwoCurrenciesWith(R"(
mechanism_terms { operator: "US-BANK-2" netting_cycle { times: "10:00" } }
faults { name: "down.1" date: "2024-01-04" time: "09:00" crash { nodes: "US-BANK-2" } }
faults { name: "cut" date: "2024-01-04" time: "09:00" partition { nodes: "DE-BANK-1" } })");
  const auto compiled = CompileScenario(
      text, {.mechanism = MechanismKind::kNettingCycle, .fault_groups = {{"down"}}});
  ASSERT_TRUE(std::holds_alternative<Plan>(compiled));
  const Plan& plan = std::get<Plan>(compiled);
  EXPECT_EQ(plan.mechanism.kind, MechanismKind::kNettingCycle);
  ASSERT_EQ(plan.faults.size(), 1U);
  EXPECT_EQ(plan.faults[0].name, "down.1");
}

}  // namespace
}  // namespace causeway::sim
