// PvP settlements that wait for liquidity, in virtual time, with and without faults.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "nlohmann/json.hpp"
#include "scenarios/report/report.h"
#include "scenarios/report/settlement_queue_report.h"
#include "scenarios/report/summary.h"
#include "tests/sim/scenario_text.h"

namespace causeway::sim {
namespace {

using ::testing::HasSubstr;

std::string ScenarioText(const std::string& name) {
  std::ifstream file(ScenarioPath(name), std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_FALSE(text.empty());
  return text;
}

std::string Changed(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

// The ring of the scenario, which the run at 09:40 settles, without the trade that never does.
std::string RingText() {
  std::string text = ScenarioText("pvp-gridlock");
  const std::size_t from = text.find("steps {\n  date: \"2026-03-02\" time: \"10:00\"");
  const std::size_t to = text.find("expectations {");
  EXPECT_TRUE(from != std::string::npos && to != std::string::npos);
  return text.substr(0, from) + text.substr(to);
}

struct QueuedRun {
  Plan plan;
  RunResult result;
  std::size_t settled = 0;  // trades
};

QueuedRun RunSoundly(const std::string& text) {
  QueuedRun ran{.plan = Compiled(text), .result = {}};
  absl::StatusOr<RunResult> result = RunSimulation(ran.plan, {.measure = true});
  EXPECT_TRUE(result.ok()) << result.status();
  if (!result.ok()) return ran;
  EXPECT_EQ(result->all_or_none_breaches, std::vector<std::string>{});
  EXPECT_EQ(result->other_breaches, std::vector<std::string>{});
  EXPECT_TRUE(result->observer.verified);
  ran.result = *std::move(result);
  EXPECT_TRUE(Summarise(ran.plan, ran.result).conserved);
  for (const ActionResult& action : ran.result.actions) {
    const bool trade = std::holds_alternative<SettlePvp>(ran.plan.actions[action.action].what);
    ran.settled += trade && action.status == ActionStatus::kSettled ? 1 : 0;
  }
  return ran;
}

std::string QueueFaultAt(const std::string& time, const std::string& what) {
  return "faults { date: \"2026-03-02\" time: \"" + time + "\" " + what + " }\n";
}

TEST(SettlementQueueMechanismTest, RingOverThreeCurrenciesSettlesTogether) {
  const QueuedRun ran = RunSoundly(ScenarioText("pvp-gridlock"));
  EXPECT_TRUE(Summarise(ran.plan, ran.result).expectations_met);
  ASSERT_TRUE(ran.result.settlement_queue.has_value());
  const SettlementQueueResult& queue = *ran.result.settlement_queue;
  EXPECT_EQ(queue.settled_together, 4U);
  EXPECT_EQ(queue.settled_alone, 0U);
  EXPECT_EQ(queue.returned, 1U);
  // The ring is one settlement of few legs; the other decisions refused single trades.
  EXPECT_EQ(ran.result.observer.settlements_settled, 1U);
}

TEST(SettlementQueueMechanismTest, RingDoesNotSettleWithoutResolution) {
  EXPECT_EQ(RunSoundly(Changed(ScenarioText("pvp-gridlock"), "SETTLEMENT_SELECTION_LARGEST",
                               "SETTLEMENT_SELECTION_NONE"))
                .settled,
            0U);
  EXPECT_EQ(RunSoundly(Changed(ScenarioText("pvp-gridlock"), "MECHANISM_SETTLEMENT_QUEUE",
                               "MECHANISM_COORDINATED"))
                .settled,
            0U);
}

TEST(SettlementQueueMechanismTest, EverySelectionSettlesTheRing) {
  for (const char* selection : {"SETTLEMENT_SELECTION_GREEDY", "SETTLEMENT_SELECTION_EXACT"}) {
    EXPECT_EQ(RunSoundly(Changed(RingText(), "SETTLEMENT_SELECTION_LARGEST", selection)).settled,
              4U)
        << selection;
  }
}

TEST(SettlementQueueMechanismTest, GridlockIsToldFromDeadlock) {
  const QueuedRun ran = RunSoundly(ScenarioText("pvp-gridlock"));
  const SettlementQueueTotals totals = TotalOf(ran.plan, *ran.result.settlement_queue);
  EXPECT_EQ(totals.gridlocks, 1U);
  EXPECT_GT(totals.deadlocks, 40U);  // before the ring is complete, and of what never settles
  EXPECT_EQ(totals.undecided, 0U);
  EXPECT_EQ(totals.found_value, totals.exact_value);
}

TEST(SettlementQueueMechanismTest, WhatHasMoneySettlesAtOnce) {
  const QueuedRun ran = RunSoundly(
      Changed(Changed(RingText(), "party_amount: \"900000.00\"", "party_amount: \"90000.00\""),
              "counterparty_amount: \"1000000.00\"", "counterparty_amount: \"100000.00\""));
  EXPECT_EQ(ran.result.settlement_queue->settled_alone, 1U);
  const ActionResult first = ResultOf(ran.plan, ran.result, "ring-1");
  EXPECT_EQ(first.status, ActionStatus::kSettled);
  EXPECT_LT((first.ended - first.started).micros(), 1'000'000);
}

// Whatever moment of a run the operator and the bridge stop at, between selection and decision too,
// nothing is lost and nothing settles twice.
TEST(SettlementQueueMechanismTest, OperatorAndBridgeMayStopAtAnyMomentOfARun) {
  for (int millis = 0; millis <= 300; millis += 12) {
    const std::string at = "09:40:00." + std::to_string(1000 + millis).substr(1);
    for (const char* nodes : {"nodes: \"BRIDGE\"", "nodes: \"QUEUE-OPERATOR\"",
                              "nodes: \"BRIDGE\" nodes: \"QUEUE-OPERATOR\""}) {
      const QueuedRun ran =
          RunSoundly(RingText() + QueueFaultAt(at, std::string("duration_ms: 1 crash { ") + nodes +
                                                       " down_ms_max: 3000 }"));
      EXPECT_EQ(ran.settled, 4U) << at << " " << nodes;
    }
  }
}

TEST(SettlementQueueMechanismTest, LedgersMayStopInAnyWriteOfARun) {
  for (int millis = 0; millis <= 300; millis += 20) {
    const std::string at = "09:40:00." + std::to_string(1000 + millis).substr(1);
    const QueuedRun ran = RunSoundly(
        RingText() + QueueFaultAt(at,
                                  "duration_ms: 2000 crash { nodes: \"us.example/usd\" "
                                  "nodes: \"jp.example/jpy\" point: CRASH_POINT_IN_WRITE "
                                  "down_ms_max: 3000 }"));
    EXPECT_EQ(ran.settled, 4U) << at;
  }
}

TEST(SettlementQueueMechanismTest, MessagesMayBeLostAndDoubled) {
  for (int seed = 1; seed <= 20; ++seed) {
    const QueuedRun ran = RunSoundly(
        Changed(RingText(), "seed: 2015", "seed: " + std::to_string(seed)) +
        QueueFaultAt("08:59",
                     "duration_ms: 7200000 messages { drop_per_mille: 100 "
                     "duplicate_per_mille: 100 delay_per_mille: 100 delay_ms_max: 500 }"));
    EXPECT_EQ(ran.settled, 4U) << seed;
  }
}

// Two trades that cancel each other out, of banks that cannot pay them singly.
std::string Opposites(const std::string& one, const std::string& other) {
  const auto trade = [](const std::string& id, const std::string& time, const std::string& sells,
                        const std::string& buys) {
    return "steps { date: \"2026-03-02\" time: \"" + time + "\" id: \"" + id +
           R"(" pvp { party: ")" + sells + R"(" party_currency: "EUR" party_amount: "500000.00"
  counterparty: ")" +
           buys + R"(" counterparty_currency: "USD" counterparty_amount: "500000.00" } })" + "\n";
  };
  return trade("other-1", "09:35", one, other) + trade("other-2", "09:36", other, one);
}

// The others settle while `away` is cut off, from 09:39 to 10:29, and the ring when it is back.
void ExpectOnlyTheRingWaitsFor(const std::string& away, const std::string& opposites) {
  const QueuedRun ran = RunSoundly(
      Changed(RingText(), "SETTLEMENT_SELECTION_LARGEST", "SETTLEMENT_SELECTION_GREEDY") +
      opposites +
      QueueFaultAt("09:39", "duration_ms: 3000000 partition { nodes: \"" + away + "\" }"));
  EXPECT_EQ(ran.settled, 6U);
  const core::LedgerTime back =
      core::BusinessDate::Parse("2026-03-02")->StartInUtc() + core::Duration::FromSeconds(37'740);
  EXPECT_LT(ResultOf(ran.plan, ran.result, "other-1").ended, back);
  EXPECT_LT(ResultOf(ran.plan, ran.result, "other-2").ended, back);
  EXPECT_GT(ResultOf(ran.plan, ran.result, "ring-2").ended, back);
}

TEST(SettlementQueueMechanismTest, DeadLedgerHoldsUpOnlyWhatTouchesIt) {
  ExpectOnlyTheRingWaitsFor("jp.example/jpy", Opposites("BANK-A", "BANK-C"));
}

TEST(SettlementQueueMechanismTest, MemberThatIsCutOffHoldsUpOnlyItsOwnTrades) {
  ExpectOnlyTheRingWaitsFor("BANK-C", Opposites("BANK-A", "BANK-B"));
}

// The bank pays away what it had said it has.
TEST(SettlementQueueMechanismTest, BalanceThatFallsDuringARunIsMetByAnotherSelection) {
  bool selected_again = false;
  for (int millis = 20; millis <= 120; millis += 10) {
    const std::string text =
        RingText() + "steps { date: \"2026-03-02\" time: \"09:40:00." +
        std::to_string(1000 + millis).substr(1) +
        R"(" id: "away" pay { from: "BANK-A" to: "BANK-C" currency: "EUR" amount: "90000.00" } })";
    const QueuedRun ran = RunSoundly(text);
    for (const SettlementQueueRun& run : ran.result.settlement_queue->runs) {
      selected_again =
          selected_again || run.selections > 1 || (run.selections == 1 && run.settled == 0);
    }
  }
  EXPECT_TRUE(selected_again);
}

TEST(SettlementQueueMechanismTest, SameFileGivesTheSameReportToTheByte) {
  const std::string text = ScenarioText("pvp-gridlock");
  const QueuedRun one = RunSoundly(text);
  const QueuedRun two = RunSoundly(text);
  EXPECT_EQ(RenderReportJson(one.plan, one.result, Summarise(one.plan, one.result)),
            RenderReportJson(two.plan, two.result, Summarise(two.plan, two.result)));
}

// The trade of the scenario that never settles, which holds up another of its parties' behind it.
std::string WithdrawnText(int after_s, const std::string& more = "") {
  const std::string step = R"(counterparty: "BANK-A" counterparty_currency: "EUR" )";
  return Changed(ScenarioText("pvp-gridlock"), step,
                 step + "withdraw_after_s: " + std::to_string(after_s) + " ") +
         R"(steps { date: "2026-03-02" time: "10:30" id: "behind" pvp {
  party: "BANK-B" party_currency: "USD" party_amount: "50000.00"
  counterparty: "BANK-A" counterparty_currency: "EUR" counterparty_amount: "45000.00" } })" +
         "\n" + more;
}

core::LedgerTime OnTheDayAt(std::int64_t seconds) {
  return core::BusinessDate::Parse("2026-03-02")->StartInUtc() +
         core::Duration::FromSeconds(seconds);
}

TEST(SettlementQueueMechanismTest, WithdrawnTradeMakesWayForWhatWaitsBehindIt) {
  EXPECT_EQ(RunSoundly(WithdrawnText(0)).settled, 4U);  // returned at the close: too late
  const QueuedRun ran = RunSoundly(WithdrawnText(3600));
  EXPECT_EQ(ran.settled, 5U);
  const ActionResult withdrawn = ResultOf(ran.plan, ran.result, "too-much");
  EXPECT_EQ(withdrawn.status, ActionStatus::kRejected);
  EXPECT_EQ(withdrawn.rejection.rule, "withdrawn");
  EXPECT_LT((withdrawn.ended - OnTheDayAt(11 * 3600)).micros(), 1'000'000);
  const ActionResult behind = ResultOf(ran.plan, ran.result, "behind");
  EXPECT_LT((behind.ended - withdrawn.ended).micros(), 1'000'000);
  EXPECT_EQ(ran.result.settlement_queue->withdrawn, 1U);
  EXPECT_EQ(ran.result.settlement_queue->returned, 0U);
}

TEST(SettlementQueueMechanismTest, TradeThatSettlesIsNotWithdrawn) {
  // 09:40, when the run settles the ring, and after it.
  for (const int after_s : {2399, 2401, 3600}) {
    const std::string step = R"(counterparty: "BANK-B" counterparty_currency: "USD" )";
    const QueuedRun ran = RunSoundly(
        Changed(RingText(), step, step + "withdraw_after_s: " + std::to_string(after_s) + " "));
    EXPECT_EQ(ran.settled, after_s == 2399 ? 0U : 4U) << after_s;
    EXPECT_EQ(ran.result.settlement_queue->withdrawn, after_s == 2399 ? 1U : 0U) << after_s;
  }
}

// Whatever moment of a withdrawal the operator stops at, and whatever messages are lost or come
// twice, the trade ends once and both parties are told the same.
TEST(SettlementQueueMechanismTest, OperatorMayStopAtAnyMomentOfAWithdrawal) {
  for (int millis = 0; millis <= 100; millis += 4) {
    const std::string at = "11:00:00." + std::to_string(1000 + millis).substr(1);
    const QueuedRun ran = RunSoundly(WithdrawnText(
        3600,
        QueueFaultAt(at, "duration_ms: 1 crash { nodes: \"QUEUE-OPERATOR\" down_ms_max: 3000 }")));
    EXPECT_EQ(ran.settled, 5U) << at;
    EXPECT_EQ(ran.result.settlement_queue->withdrawn, 1U) << at;
  }
}

TEST(SettlementQueueMechanismTest, MessagesOfAWithdrawalMayBeLostAndDoubled) {
  for (int seed = 1; seed <= 20; ++seed) {
    const QueuedRun ran = RunSoundly(
        Changed(WithdrawnText(3600), "seed: 2015", "seed: " + std::to_string(seed)) +
        QueueFaultAt("10:59",
                     "duration_ms: 600000 messages { drop_per_mille: 300 "
                     "duplicate_per_mille: 200 delay_per_mille: 100 delay_ms_max: 500 }"));
    EXPECT_EQ(ran.settled, 5U) << seed;
  }
}

TEST(SettlementQueueMechanismTest, DayWithLittleMoneySettlesMoreThanOneByOneAndSavesLiquidity) {
  const QueuedRun ran = RunSoundly(ScenarioText("pvp-gridlock-day"));
  EXPECT_TRUE(Summarise(ran.plan, ran.result).expectations_met);
  const SettlementQueueTotals totals = TotalOf(ran.plan, *ran.result.settlement_queue);
  EXPECT_LT(*totals.needed_as_settled, *totals.needed_one_by_one);
  EXPECT_LE(*totals.needed_together, *totals.needed_as_settled);
  EXPECT_LE(totals.found_value, totals.exact_value);
  EXPECT_GT(totals.runs_solved, 0U);
  EXPECT_GT(ran.result.settlement_queue->settled_together, 100U);
  const QueuedRun singly =
      RunSoundly(Changed(ScenarioText("pvp-gridlock-day"), "SETTLEMENT_SELECTION_GREEDY",
                         "SETTLEMENT_SELECTION_NONE bypass: true"));
  EXPECT_GT(ran.settled, singly.settled);
}

TEST(SettlementQueueReportTest, JsonHasTheRunsWithTheOptimumBesideThem) {
  const QueuedRun ran = RunSoundly(ScenarioText("pvp-gridlock"));
  const nlohmann::ordered_json json = SettlementQueueJson(ran.plan, ran.result);
  EXPECT_EQ(json["settled_together"], 4);
  EXPECT_EQ(json["gridlocks"], 1);
  EXPECT_EQ(json["currencies"]["EUR"]["needed_as_settled"], 2'000'000);
  EXPECT_EQ(json["currencies"]["EUR"]["needed_one_by_one"], 90'000'000);
  bool seen = false;
  for (const auto& run : json["runs"]) {
    if (run["state"] != "gridlock") continue;
    seen = true;
    EXPECT_EQ(run["settled"], 4);
    EXPECT_EQ(run["exact_value"], run["settled_value"]);
  }
  EXPECT_TRUE(seen);
}

TEST(SettlementQueueReportTest, OtherMechanismsHaveNone) {
  const QueuedRun ran = RunSoundly(
      Changed(ScenarioText("pvp-gridlock"), "MECHANISM_SETTLEMENT_QUEUE", "MECHANISM_COORDINATED"));
  EXPECT_TRUE(SettlementQueueJson(ran.plan, ran.result).is_null());
}

TEST(SettlementQueueReportTest, PageShowsQueueLiquidityAndRuns) {
  const QueuedRun ran = RunSoundly(ScenarioText("pvp-gridlock"));
  const std::string html =
      page::RenderPage(RunPage(ran.plan, ran.result, Summarise(ran.plan, ran.result), ""));
  EXPECT_THAT(html, HasSubstr("Settlement queue over time"));
  EXPECT_THAT(html, HasSubstr("Liquidity needed and saved"));
  EXPECT_THAT(html, HasSubstr("exact optimum"));
  EXPECT_THAT(html, HasSubstr("deadlock"));
}

std::string FirstOf(const std::string& text) {
  const std::vector<Finding> findings = Findings(text);
  return findings.empty() ? "" : findings.front().message;
}

std::string GeneratedText(const std::string& more) {
  const std::string place = "pvp_foreign_per_mille: 500\n";
  return Changed(ScenarioText("pvp-gridlock-day"), place, place + more);
}

TEST(SettlementQueueScenarioTest, WithdrawalOfAGeneratorsTradesShiftsNothingThatIsDrawn) {
  const Plan without = Compiled(GeneratedText(""));
  const Plan with = Compiled(GeneratedText("  withdraw_after_s: 3600\n"));
  ASSERT_EQ(with.actions.size(), without.actions.size());
  int trades = 0;
  for (std::size_t i = 0; i < with.actions.size(); ++i) {
    EXPECT_EQ(with.actions[i].id, without.actions[i].id);
    EXPECT_EQ(with.actions[i].time, without.actions[i].time);
    const auto* pvp = std::get_if<SettlePvp>(&with.actions[i].what);
    if (pvp == nullptr) continue;
    const auto& other = std::get<SettlePvp>(without.actions[i].what);
    EXPECT_EQ(pvp->party, other.party);
    EXPECT_EQ(pvp->counterparty, other.counterparty);
    EXPECT_EQ(pvp->party_amount, other.party_amount);
    EXPECT_EQ(pvp->counterparty_amount, other.counterparty_amount);
    EXPECT_EQ(pvp->withdraw_after, core::Duration::FromSeconds(3600));
    EXPECT_EQ(other.withdraw_after, std::nullopt);
    ++trades;
  }
  EXPECT_EQ(trades, 400);
}

TEST(SettlementQueueMechanismTest, GeneratedTradesAreWithdrawnWhenTheirTimeIsUp) {
  const QueuedRun ran = RunSoundly(GeneratedText("  withdraw_after_s: 3600\n"));
  const SettlementQueueResult& queue = *ran.result.settlement_queue;
  EXPECT_GT(queue.withdrawn, 0U);
  EXPECT_EQ(ran.settled + queue.withdrawn + queue.returned, 400U);
  for (const ActionResult& action : ran.result.actions) {
    if (action.rejection.rule != "withdrawn") continue;
    const core::Duration waited = action.ended - ran.plan.actions[action.action].time;
    EXPECT_GE(waited, core::Duration::FromSeconds(3600));
    EXPECT_LT(waited, core::Duration::FromSeconds(3700));
  }
}

TEST(SettlementQueueScenarioTest, TermsThatAreWrongAreNamed) {
  EXPECT_THAT(FirstOf(Changed(RingText(), "concurrent: true", "concurrent: false")),
              HasSubstr("concurrent: must be true"));
  EXPECT_THAT(FirstOf(Changed(RingText(), "every_s: 600", "every_s: 100000")),
              HasSubstr("every_s: at most 86400"));
  EXPECT_THAT(FirstOf(Changed(RingText(), "every_s: 600", "exact_max: 29")),
              HasSubstr("exact_max: at most 28"));
  EXPECT_THAT(FirstOf(Changed(RingText(), "every_s: 600", "answer_timeout_s: 3601")),
              HasSubstr("answer_timeout_s: at most 3600"));
  EXPECT_THAT(FirstOf(Changed(RingText(), "party_currency: \"EUR\" ",
                              "withdraw_after_s: 86401 party_currency: \"EUR\" ")),
              HasSubstr("withdraw_after_s: at most 86400"));
  EXPECT_THAT(FirstOf(GeneratedText("  withdraw_after_s: 86401\n")),
              HasSubstr("withdraw_after_s: at most 86400"));
  EXPECT_THAT(FirstOf(Changed(RingText(), "SETTLEMENT_SELECTION_LARGEST", "77")),
              HasSubstr("selection: there is none of that number"));
  EXPECT_THAT(FirstOf(Changed(RingText(), "operator: \"QUEUE-OPERATOR\"", "")),
              HasSubstr("operator is missing"));
}

}  // namespace
}  // namespace causeway::sim
