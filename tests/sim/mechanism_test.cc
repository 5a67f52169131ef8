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

constexpr char kHtlc[] = R"(concurrent: true
mechanism: MECHANISM_HTLC
mechanism_terms { htlc { first_timeout_s: 1200 second_timeout_s: 600 claim_margin_s: 60
                         annual_volatility: "0.10" } }
)";

TEST(HtlcMechanismTest, BothClaimWhenBothAreThere) {
  const std::string text = TwoCurrenciesWith(kHtlc + Trade("a", "09:00", "10.00", "11.00"));
  const RunResult result = RunMeasured(text);
  EXPECT_EQ(StatusOf(text, result, "a"), ActionStatus::kSettled);
  const Plan plan = Compiled(text);
  EXPECT_EQ(BalanceOf(plan, result, "US-BANK-1", "EUR"), 1000);
  EXPECT_EQ(BalanceOf(plan, result, "DE-BANK-1", "USD"), 1100);
  EXPECT_EQ(result.mechanism->principal_lost.minor(), 0);
  ASSERT_EQ(result.mechanism->options.size(), 1U);
  EXPECT_EQ(result.mechanism->options[0].value.minor(), 1100);
  EXPECT_LT(result.mechanism->options[0].held, core::Duration::FromSeconds(5));
  EXPECT_GT(result.mechanism->options[0].granted, core::Duration::FromSeconds(598));
}

TEST(HtlcMechanismTest, PartyThatWalksAwayUsesItsOptionAndBothAreRefunded) {
  const std::string text = TwoCurrenciesWith(kHtlc + Trade("a", "09:00", "10.00", "11.00") + R"(
faults { client { step: "a" kind: CLIENT_FAULT_KIND_WITHHOLD_PARTY } })");
  const RunResult result = RunMeasured(text);
  EXPECT_EQ(StatusOf(text, result, "a"), ActionStatus::kRejected);
  EXPECT_EQ(BalanceOf(Compiled(text), result, "US-BANK-1", "USD"), 100'000);
  ASSERT_EQ(result.mechanism->options.size(), 1U);
  EXPECT_EQ(result.mechanism->options[0].held, result.mechanism->options[0].granted);
  // 10.00 for twenty minutes, and a little more until the refund is booked.
  const std::int64_t locked = result.mechanism->currencies[0].locked_amount_seconds;
  EXPECT_GE(locked, 1000 * 1200);
  EXPECT_LT(locked, 1000 * 1210);
  EXPECT_EQ(result.mechanism->currencies[0].locked_at_end.minor(), 0);
}

TEST(HtlcMechanismTest, CounterpartyThatNeverLocksCostsThePartyTheFirstTimeout) {
  const std::string text = TwoCurrenciesWith(kHtlc + Trade("a", "09:00", "10.00", "11.00") + R"(
faults { client { step: "a" kind: CLIENT_FAULT_KIND_WITHHOLD_COUNTERPARTY } })");
  const RunResult result = RunMeasured(text);
  EXPECT_EQ(StatusOf(text, result, "a"), ActionStatus::kRejected);
  EXPECT_TRUE(result.mechanism->options.empty());
  EXPECT_GE(result.mechanism->currencies[0].locked_amount_seconds, 1000 * 1200);
  EXPECT_EQ(result.mechanism->currencies[1].locked_amount_seconds, 0);
}

// The counterparty is cut off just before it can read the secret, until the first lock has expired.
TEST(HtlcMechanismTest, CounterpartyThatIsCutOffPastTheFirstTimeoutLosesItsPrincipal) {
  const std::string text = TwoCurrenciesWith(kHtlc + Trade("a", "09:00", "10.00", "11.00") + R"(
faults { date: "2024-01-04" time: "09:00:01.500" duration_ms: 1500000
  partition { nodes: "US-BANK-1" } })");
  const RunResult result = RunMeasured(text);
  const Plan plan = Compiled(text);
  EXPECT_EQ(StatusOf(text, result, "a"), ActionStatus::kHalfDone);
  EXPECT_EQ(BalanceOf(plan, result, "DE-BANK-1", "EUR"), 100'000);
  EXPECT_EQ(BalanceOf(plan, result, "DE-BANK-1", "USD"), 1100);
  EXPECT_EQ(BalanceOf(plan, result, "US-BANK-1", "USD"), 98'900);
  EXPECT_EQ(BalanceOf(plan, result, "US-BANK-1", "EUR"), 0);
  EXPECT_EQ(result.mechanism->principal_lost.minor(), 1100);
  EXPECT_EQ(result.mechanism->exchanges_half_done, 1U);
  const Summary summary = Summarise(plan, result);
  EXPECT_FALSE(summary.all_or_none);
  EXPECT_TRUE(summary.conserved);
}

TEST(HtlcMechanismTest, CounterpartyThatIsBackInTimeLosesNothing) {
  const std::string text = TwoCurrenciesWith(kHtlc + Trade("a", "09:00", "10.00", "11.00") + R"(
faults { date: "2024-01-04" time: "09:00:01.500" duration_ms: 600000
  partition { nodes: "US-BANK-1" } })");
  const RunResult result = RunMeasured(text);
  EXPECT_EQ(StatusOf(text, result, "a"), ActionStatus::kSettled);
  EXPECT_EQ(result.mechanism->principal_lost.minor(), 0);
  // What the party owed meanwhile: 11.00 for ten minutes.
  EXPECT_GT(result.mechanism->principal_at_risk_value_seconds, 1100 * 590);
}

TEST(HtlcMechanismTest, LedgerThatStopsAtAnyMomentOfAnExchangeDelaysItOnly) {
  for (int millis = 0; millis <= 4000; millis += 200) {
    const std::string at = "09:00:0" + std::to_string(millis / 1000) + "." +
                           std::to_string(1000 + millis % 1000).substr(1);
    const std::string text = TwoCurrenciesWith(kHtlc + Trade("a", "09:00", "10.00", "11.00") +
                                               "faults { date: \"2024-01-04\" time: \"" + at +
                                               R"(" duration_ms: 10000
  crash { nodes: "us.example/usd" point: CRASH_POINT_IN_WRITE down_ms_max: 3000 } })");
    const RunResult result = RunMeasured(text);
    const ActionStatus status = StatusOf(text, result, "a");
    EXPECT_TRUE(status == ActionStatus::kSettled || status == ActionStatus::kRejected) << millis;
    EXPECT_EQ(result.mechanism->principal_lost.minor(), 0) << millis;
  }
}

TEST(HtlcMechanismTest, OptionsAreWorthTheShareThatTheirTimeAndVolatilityGive) {
  Plan plan;
  plan.mechanism.htlc.volatility_per_mille = 100;
  MechanismResult mechanism;
  mechanism.options.push_back({.value = core::Amount::FromMinor(1'000'000),
                               .granted = core::Duration::FromHours(365 * 24),
                               .held = core::Duration::FromSeconds(2)});
  // 2 N(0.05) - 1 = 0.0398776...
  EXPECT_EQ(OptionsWorth(plan, mechanism), 39'878);
  EXPECT_EQ(OptionValueSeconds(mechanism), 2'000'000);
}

constexpr char kCls[] = R"(concurrent: true
mechanism: MECHANISM_CLS_STYLE
mechanism_terms { operator: "US-BANK-2" cls_style {
  sessions: "10:00" sessions: "12:00" session_length_s: 600
  instalments { after_s: 0 percent: 50 } instalments { after_s: 300 percent: 100 }
  haircut_per_mille: 50 short_limit: "5000.00" short_limit_all: "5000.00" } }
)";

TEST(ClsMechanismTest, TradesSettleGrossAndTheDifferenceIsPaidIn) {
  // At the reference rate, and without a haircut: each trade leaves an account's value as it was.
  std::string terms = kCls;
  terms.replace(terms.find("haircut_per_mille: 50"), 21, "haircut_per_mille: 0");
  const std::string text = TwoCurrenciesWith(terms + Trade("a", "09:00", "900.00", "1000.00") +
                                             Opposite("b", "09:10", "890.10", "989.00"));
  const RunResult result = RunMeasured(text);
  const Plan plan = Compiled(text);
  EXPECT_EQ(StatusOf(text, result, "a"), ActionStatus::kSettled);
  EXPECT_EQ(StatusOf(text, result, "b"), ActionStatus::kSettled);
  EXPECT_EQ(BalanceOf(plan, result, "DE-BANK-1", "EUR"), 99'010);
  EXPECT_EQ(BalanceOf(plan, result, "DE-BANK-1", "USD"), 1'100);
  EXPECT_EQ(BalanceOf(plan, result, "US-BANK-2", "EUR"), 0);
  EXPECT_EQ(BalanceOf(plan, result, "US-BANK-2", "USD"), 0);
  EXPECT_EQ(result.mechanism->currencies[0].liquidity_needed.minor(), 990);
  EXPECT_GT(result.mechanism->currencies[0].locked_amount_seconds, 0);
  EXPECT_EQ(result.mechanism->currencies[0].locked_at_end.minor(), 0);
}

TEST(ClsMechanismTest, MemberWithoutFundsGetsItsTradesBackAndTheOtherItsMoney) {
  const std::string text = TwoCurrenciesWith(kCls + Trade("a", "09:00", "2000.00", "900.00"));
  const RunResult result = RunMeasured(text);
  const Plan plan = Compiled(text);
  EXPECT_EQ(StatusOf(text, result, "a"), ActionStatus::kRejected);
  EXPECT_EQ(BalanceOf(plan, result, "DE-BANK-1", "EUR"), 100'000);
  EXPECT_EQ(BalanceOf(plan, result, "US-BANK-1", "USD"), 100'000);
}

TEST(ClsMechanismTest, MemberThatIsCutOffAfterItPaidInIsPaidBackWhenItIsThere) {
  const std::string text = TwoCurrenciesWith(kCls + Trade("a", "09:00", "10.00", "11.00") + R"(
faults { date: "2024-01-04" time: "10:00:00.030" duration_ms: 3600000
  partition { nodes: "DE-BANK-1" } })");
  const RunResult result = RunMeasured(text);
  const Plan plan = Compiled(text);
  const bool settled = StatusOf(text, result, "a") == ActionStatus::kSettled;
  EXPECT_EQ(BalanceOf(plan, result, "DE-BANK-1", "EUR"), settled ? 99'000 : 100'000);
  EXPECT_EQ(BalanceOf(plan, result, "US-BANK-1", "USD"), settled ? 98'900 : 100'000);
  EXPECT_EQ(BalanceOf(plan, result, "US-BANK-2", "EUR"), 0);
}

// Whatever moment the institution stops at, its books and the ledgers agree in the end.
TEST(ClsMechanismTest, InstitutionMayStopAtAnyMoment) {
  for (int millis = 0; millis <= 120; millis += 10) {
    const std::string at = std::to_string(1000 + millis).substr(1);
    const std::string text = TwoCurrenciesWith(kCls + Trade("a", "09:00", "10.00", "11.00") +
                                               "faults { date: \"2024-01-04\" time: \"10:05:00." +
                                               at + R"(" duration_ms: 1
  crash { nodes: "US-BANK-2" down_ms_max: 3000 } })");
    const RunResult result = RunMeasured(text);
    const Plan plan = Compiled(text);
    EXPECT_EQ(StatusOf(text, result, "a"), ActionStatus::kSettled) << millis;
    EXPECT_EQ(BalanceOf(plan, result, "US-BANK-1", "EUR"), 1000) << millis;
    EXPECT_EQ(BalanceOf(plan, result, "DE-BANK-1", "USD"), 1100) << millis;
  }
}

TEST(MechanismScenarioTest, TradeThatBothPartiesWithholdIsOverWhereverTradesAreHandedIn) {
  for (const std::string& mechanism :
       {std::string(kNetting), std::string(kCls), std::string("mechanism: MECHANISM_SHARED_LEDGER"),
        std::string("concurrent: true mechanism: MECHANISM_SETTLEMENT_QUEUE "
                    "mechanism_terms { operator: \"US-BANK-2\" }")}) {
    const std::string text = TwoCurrenciesWith(
        mechanism + "\n" + Trade("a", "09:00", "10.00", "11.00") +
        Trade("b", "09:01", "10.00", "11.00") +
        "faults { name: \"p\" client { step: \"a\" kind: CLIENT_FAULT_KIND_WITHHOLD_PARTY } }\n"
        "faults { name: \"c\" client { step: \"a\" "
        "kind: CLIENT_FAULT_KIND_WITHHOLD_COUNTERPARTY } }");
    const RunResult result = RunMeasured(text);
    EXPECT_EQ(ResultOf(Compiled(text), result, "a").rejection.outcome,
              core::Outcome::kApprovalsMissing)
        << mechanism;
    EXPECT_EQ(StatusOf(text, result, "b"), ActionStatus::kSettled) << mechanism;
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

TEST(MechanismScenarioTest, TermsOfAMechanismThatIsNotChosenAreCheckedAndLeftOutOfThePlan) {
  const std::string wrong = FirstFinding(TwoCurrenciesWith(R"(
mechanism_terms { operator: "US-BANK-2" netting_cycle { times: "12:00" times: "10:00" } })"));
  EXPECT_NE(wrong.find("must be ascending"), std::string::npos) << wrong;
  const std::string none = FirstFinding(TwoCurrenciesWith(R"(
mechanism_terms { operator: "US-BANK-2" netting_cycle { signing_timeout_s: 5 } })"));
  EXPECT_NE(none.find("mechanism netting_cycle needs at least one"), std::string::npos) << none;
  const Plan plan = Compiled(TwoCurrenciesWith(R"(
mechanism_terms { operator: "US-BANK-2" netting_cycle { times: "10:00" } })"));
  EXPECT_EQ(plan.mechanism.kind, MechanismKind::kCoordinated);
  EXPECT_TRUE(plan.mechanism.netting.times.empty());
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
