// Banks of a scenario that do not hand in every payment when it falls due.
#include "scenarios/simulator/agents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "fmt/format.h"
#include "scenarios/report/report.h"
#include "scenarios/report/summary.h"
#include "tests/sim/scenario_text.h"

namespace causeway::sim {
namespace {

using ::testing::HasSubstr;

// Three banks with euros on one ledger, from 08:00 to 17:00.
std::string OneLedgerWith(const std::string& more, const std::string& of_ledger = "") {
  return R"(name: "agents"
seed: 3
concurrent: true
modelled_signatures: true
calendar { first_date: "2024-01-08" last_date: "2024-01-08" opens: "08:00" cuts_off: "17:00" }
ledgers { ledger: "eu.example/eur" currency: "EUR" central_bank: "EU-CB" country: "DE" )" +
         of_ledger + R"( }
participants { id: "BANK-A" role: ROLE_COMMERCIAL_BANK country: "DE"
               opening_balances { currency: "EUR" amount: "1000.00" } }
participants { id: "BANK-B" role: ROLE_COMMERCIAL_BANK country: "FR"
               opening_balances { currency: "EUR" amount: "1000.00" } }
participants { id: "BANK-C" role: ROLE_COMMERCIAL_BANK country: "IT"
               opening_balances { currency: "EUR" amount: "1000.00" } }
network { latency_us_min: 1000 latency_us_max: 9000 sync_us: 500 reply_timeout_ms: 2000 }
)" + more;
}

std::string PaymentAt(const std::string& time, const std::string& id, const std::string& from,
                      const std::string& to, const std::string& amount,
                      const std::string& more = "") {
  return "steps { date: \"2024-01-08\" time: \"" + time + "\" id: \"" + id +
         "\" pay { from: \"BANK-" + from + "\" to: \"BANK-" + to +
         "\" currency: \"EUR\" amount: \"" + amount + "\" " + more + " } }\n";
}

std::string BehaviourText(const std::string& bank, const std::string& what) {
  return "behaviours { participants: \"BANK-" + bank + "\" " + what + " }\n";
}

struct AgentsRun {
  Plan plan;
  RunResult result;

  ActionResult Of(const std::string& id) const { return ResultOf(plan, result, id); }
  // Seconds since 00:00 at which it ended.
  double EndOf(const std::string& id) const {
    return static_cast<double>(
               (Of(id).ended - core::BusinessDate::Parse("2024-01-08")->StartInUtc()).micros()) /
           1e6;
  }
};

AgentsRun RunAgents(const std::string& text, const SimulatorOptions& options = {}) {
  AgentsRun ran{.plan = Compiled(text), .result = {}};
  absl::StatusOr<RunResult> result = RunSimulation(ran.plan, options);
  EXPECT_TRUE(result.ok()) << result.status();
  if (!result.ok()) return ran;
  EXPECT_EQ(result->all_or_none_breaches, std::vector<std::string>{});
  EXPECT_EQ(result->other_breaches, std::vector<std::string>{});
  ran.result = *std::move(result);
  EXPECT_TRUE(Summarise(ran.plan, ran.result).conserved);
  return ran;
}

TEST(AgentsTest, ReceiptReactiveBankPaysOnceItHasReceivedAsMuch) {
  const AgentsRun ran =
      RunAgents(OneLedgerWith(BehaviourText("A", "receipt_reactive { allowance_milli: 100 }") +
                              PaymentAt("09:00", "small", "A", "B", "100.00") +
                              PaymentAt("09:10", "large", "A", "B", "300.00") +
                              PaymentAt("10:00", "receipt", "C", "A", "300.00")));
  EXPECT_NEAR(ran.EndOf("small"), 9 * 3600, 0.1);  // its allowance: a tenth of 1000
  EXPECT_EQ(ran.Of("large").status, ActionStatus::kSettled);
  EXPECT_GT(ran.EndOf("large"), ran.EndOf("receipt"));
  EXPECT_LT(ran.EndOf("large"), ran.EndOf("receipt") + 60.1);
}

// Of the large payment 1,000.00 settle at once and 500.00 wait: together they leave room for 500.00
// more by what A may owe beyond its receipts.
TEST(AgentsTest, PartsThatSettledCountAsSentAndTheRestAsWaiting) {
  const AgentsRun ran = RunAgents(OneLedgerWith(
      BehaviourText("A", "receipt_reactive { allowance_milli: 2000 }") +
          PaymentAt("09:00", "large", "A", "B", "1500.00") +
          PaymentAt("09:10", "second", "A", "C", "500.00") +
          PaymentAt("10:00", "receipt", "B", "A", "1000.00"),
      "queue { discipline: QUEUE_DISCIPLINE_FIFO splitting { part_min: \"1.00\" } }"));
  const core::LedgerTime midnight = core::BusinessDate::Parse("2024-01-08")->StartInUtc();
  EXPECT_NEAR(static_cast<double>((ran.Of("second").started - midnight).micros()) / 1e6,
              9 * 3600 + 600, 0.1);
  EXPECT_EQ(ran.Of("large").status, ActionStatus::kSettled);
  EXPECT_EQ(ran.Of("second").status, ActionStatus::kSettled);
  EXPECT_EQ(BalanceOf(ran.plan, ran.result, "BANK-A", "EUR"), 0);
}

TEST(AgentsTest, WhatIsKeptBackUntilCutOffIsWithheldAndMovesNothing) {
  const AgentsRun ran = RunAgents(OneLedgerWith(BehaviourText("A", "receipt_reactive {}") +
                                                PaymentAt("09:00", "kept", "A", "B", "300.00")));
  EXPECT_EQ(ran.Of("kept").status, ActionStatus::kWithheld);
  EXPECT_NEAR(ran.EndOf("kept"), 17 * 3600, 61);
  EXPECT_EQ(BalanceOf(ran.plan, ran.result, "BANK-A", "EUR"), 100'000);
  EXPECT_EQ(Summarise(ran.plan, ran.result).rejected, 1U);
}

// What is due at 20:00 belongs to the business day of the next date, which opened at 19:00.
TEST(AgentsTest, BankKeepsBackOnADayThatOpensOnTheEveToo) {
  std::string text = OneLedgerWith(
      BehaviourText("A", "receipt_reactive {}") + PaymentAt("20:00", "eve", "A", "B", "300.00"),
      R"(hours { utc_offset: "Z" opens: "19:00" cuts_off: "18:00" opens_day_before: true })");
  const std::string last = "last_date: \"2024-01-08\"";
  text.replace(text.find(last), last.size(), "last_date: \"2024-01-09\"");
  const AgentsRun ran = RunAgents(text);
  EXPECT_EQ(ran.Of("eve").status, ActionStatus::kWithheld);
  EXPECT_NEAR(ran.EndOf("eve"), (24 + 18) * 3600, 61);
}

TEST(AgentsTest, BankThatDefaultsPaysNoMoreAndKeepsWhatItGets) {
  const AgentsRun ran = RunAgents(OneLedgerWith(BehaviourText("A", "defaults { at: \"12:00\" }") +
                                                PaymentAt("11:59", "before", "A", "B", "100.00") +
                                                PaymentAt("12:00", "after", "A", "B", "100.00") +
                                                PaymentAt("12:30", "receipt", "B", "A", "50.00")));
  EXPECT_EQ(ran.Of("before").status, ActionStatus::kSettled);
  EXPECT_EQ(ran.Of("after").status, ActionStatus::kWithheld);
  EXPECT_EQ(BalanceOf(ran.plan, ran.result, "BANK-A", "EUR"), 95'000);
}

// The same with one day more.
std::string TwoDaysWith(const std::string& more) {
  std::string text = OneLedgerWith(more);
  const std::string last = "last_date: \"2024-01-08\"";
  return text.replace(text.find(last), last.size(), "last_date: \"2024-01-09\"");
}

std::string OnTheSecondDay(std::string step) {
  const std::string date = "2024-01-08";
  return step.replace(step.find(date), date.size(), "2024-01-09");
}

TEST(AgentsTest, BankThatHasDefaultedPaysNothingOnTheNextDay) {
  const AgentsRun ran =
      RunAgents(TwoDaysWith(BehaviourText("A", "defaults { at: \"12:00\" }") +
                            PaymentAt("11:59", "before", "A", "B", "100.00") +
                            OnTheSecondDay(PaymentAt("09:00", "after", "A", "B", "100.00")) +
                            OnTheSecondDay(PaymentAt("09:30", "receipt", "B", "A", "50.00"))));
  EXPECT_EQ(ran.Of("before").status, ActionStatus::kSettled);
  EXPECT_EQ(ran.Of("after").status, ActionStatus::kWithheld);
  EXPECT_EQ(BalanceOf(ran.plan, ran.result, "BANK-A", "EUR"), 95'000);
}

TEST(AgentsTest, BankMayDefaultOnALaterDate) {
  const AgentsRun ran =
      RunAgents(TwoDaysWith(BehaviourText("A", "defaults { at: \"12:00\" day: \"2024-01-09\" }") +
                            PaymentAt("13:00", "day-before", "A", "B", "1.00") +
                            OnTheSecondDay(PaymentAt("11:00", "before", "A", "B", "1.00")) +
                            OnTheSecondDay(PaymentAt("12:00", "after", "A", "B", "1.00"))));
  EXPECT_EQ(ran.Of("day-before").status, ActionStatus::kSettled);
  EXPECT_EQ(ran.Of("before").status, ActionStatus::kSettled);
  EXPECT_EQ(ran.Of("after").status, ActionStatus::kWithheld);
}

TEST(AgentsTest, BankWaitsForMoneyUntilWaitingHasCostAsMuch) {
  const std::string delay = "delay { delay_ppm_per_hour: 100 liquidity_ppm: 200 }";
  const AgentsRun ran = RunAgents(OneLedgerWith(BehaviourText("A", delay) +
                                                PaymentAt("09:00", "covered", "A", "B", "100.00") +
                                                PaymentAt("09:01", "waits", "A", "B", "1500.00")));
  EXPECT_NEAR(ran.EndOf("covered"), 9 * 3600, 0.1);
  // Two hours later it is handed in all the same, and there is no money.
  EXPECT_EQ(ran.Of("waits").rejection.outcome, core::Outcome::kInsufficientFunds);
  EXPECT_NEAR(ran.EndOf("waits"), 11 * 3600 + 60, 61);
}

TEST(AgentsTest, BankUnderStressKeepsAllButUrgentPaymentsBackForATime) {
  const AgentsRun ran = RunAgents(OneLedgerWith(
      BehaviourText("A", "withhold { from: \"09:00\" to: \"15:00\" probability_milli: 1000 }") +
      PaymentAt("08:30", "before", "A", "B", "1.00") +
      PaymentAt("10:00", "normal", "A", "B", "1.00") +
      PaymentAt("10:00", "urgent", "A", "B", "1.00", "priority: PAYMENT_PRIORITY_URGENT")));
  EXPECT_NEAR(ran.EndOf("before"), 8.5 * 3600, 0.1);
  EXPECT_NEAR(ran.EndOf("normal"), 15 * 3600 + 30, 31);
  EXPECT_NEAR(ran.EndOf("urgent"), 10 * 3600, 0.1);
}

// B cannot pay A what it owes it at nine before C has paid it at noon.
std::string WithAReceiptThatIsLate(const std::string& stress, const std::string& payments) {
  return OneLedgerWith(
      BehaviourText("A", "withhold { probability_milli: 1000 stress { " + stress + " } }") +
          PaymentAt("09:00", "owed", "B", "A", "1500.00") +
          PaymentAt("12:00", "help", "C", "B", "600.00") + payments,
      "queue { discipline: QUEUE_DISCIPLINE_FIFO }");
}

TEST(AgentsTest, BankUnderStressKeepsPaymentsBackWhileReceiptsAreMissing) {
  const AgentsRun ran = RunAgents(WithAReceiptThatIsLate(
      "receipts_missing_milli: 1000", PaymentAt("08:30", "before", "A", "C", "1.00") +
                                          PaymentAt("10:00", "during", "A", "C", "1.00") +
                                          PaymentAt("13:00", "after", "A", "C", "1.00")));
  EXPECT_NEAR(ran.EndOf("before"), 8.5 * 3600, 0.1);
  EXPECT_NEAR(ran.EndOf("during"), 12 * 3600 + 30, 31);
  EXPECT_NEAR(ran.EndOf("after"), 13 * 3600, 0.1);
}

TEST(AgentsTest, BankUnderStressKeepsPaymentsBackOnlyFromThoseThatDoNotPay) {
  const AgentsRun ran = RunAgents(WithAReceiptThatIsLate(
      "counterparty_missing_milli: 500",
      PaymentAt("10:00", "to-b", "A", "B", "1.00") + PaymentAt("10:00", "to-c", "A", "C", "1.00")));
  EXPECT_NEAR(ran.EndOf("to-b"), 12 * 3600 + 30, 31);
  EXPECT_NEAR(ran.EndOf("to-c"), 10 * 3600, 0.1);
}

TEST(AgentsTest, BankUnderStressKeepsPaymentsBackWhileItsBalanceIsLow) {
  const AgentsRun ran = RunAgents(WithAReceiptThatIsLate(
      "balance_below_milli: 500", PaymentAt("08:30", "large", "A", "C", "600.00") +
                                      PaymentAt("10:00", "low", "A", "C", "1.00")));
  EXPECT_NEAR(ran.EndOf("large"), 8.5 * 3600, 0.1);
  EXPECT_NEAR(ran.EndOf("low"), 12 * 3600 + 30, 31);
}

TEST(AgentsTest, BankUnderStressPaysNoneThatHasDefaulted) {
  const AgentsRun ran = RunAgents(OneLedgerWith(
      BehaviourText("A",
                    "withhold { probability_milli: 1000 "
                    "stress { counterparty_missing_milli: 1 } }") +
      BehaviourText("B", "defaults { at: \"08:30\" }") +
      PaymentAt("09:00", "owed", "B", "A", "1.00") + PaymentAt("10:00", "to-b", "A", "B", "1.00") +
      PaymentAt("10:00", "to-c", "A", "C", "1.00")));
  EXPECT_EQ(ran.Of("owed").status, ActionStatus::kWithheld);
  EXPECT_EQ(ran.Of("to-b").status, ActionStatus::kWithheld);
  EXPECT_EQ(ran.Of("to-c").status, ActionStatus::kSettled);
}

TEST(AgentsTest, LastBehaviourOfABankCounts) {
  const AgentsRun ran = RunAgents(OneLedgerWith(BehaviourText("A", "defaults { at: \"08:00\" }") +
                                                BehaviourText("A", "defaults { at: \"12:00\" }") +
                                                PaymentAt("11:00", "before", "A", "B", "1.00")));
  EXPECT_EQ(ran.Of("before").status, ActionStatus::kSettled);
}

// Pays at once, and keeps what it is shown.
class Watching : public study::Behaviour {
 public:
  explicit Watching(std::vector<study::BehaviourView>& seen) : seen_(seen) {}
  bool Submits(const study::BehaviourView& view, const study::Payment&, bool) override {
    seen_.push_back(view);
    return true;
  }

 private:
  std::vector<study::BehaviourView>& seen_;
};

TEST(AgentsTest, StrategyOfAProgramsOwnSeesItsAccountWithWhatWaitsInTheLedgersQueue) {
  std::vector<study::BehaviourView> seen;
  SimulatorOptions options;
  options.behaviours = [&seen](ParticipantIndex participant, LedgerIndex) {
    return participant == 0 ? std::make_unique<Watching>(seen) : nullptr;
  };
  const AgentsRun ran =
      RunAgents(OneLedgerWith(PaymentAt("09:00", "one", "A", "B", "400.00") +
                                  PaymentAt("09:30", "two", "A", "B", "900.00") +
                                  PaymentAt("10:00", "three", "A", "B", "5.00") +
                                  PaymentAt("11:00", "receipt", "C", "A", "500.00") +
                                  PaymentAt("12:00", "four", "A", "B", "1.00"),
                              "queue { discipline: QUEUE_DISCIPLINE_FIFO }"),
                options);
  ASSERT_EQ(seen.size(), 4U);
  for (const study::BehaviourView& view : seen) {
    EXPECT_EQ(view.opening, 100'000);
    EXPECT_EQ(view.opens, 8 * study::kHourUs);
    EXPECT_EQ(view.closes, 17 * study::kHourUs);
  }
  EXPECT_NEAR(static_cast<double>(seen[0].now), static_cast<double>(9 * study::kHourUs), 1e5);
  EXPECT_EQ(seen[1].balance, 60'000);
  EXPECT_EQ(seen[1].sent, 40'000);
  EXPECT_EQ(seen[1].queued, 0);
  EXPECT_EQ(seen[2].queued, 90'000);
  EXPECT_EQ(seen[2].sent, 40'000);
  EXPECT_EQ(seen[3].received, 50'000);
  EXPECT_EQ(seen[3].sent, 130'500);
  EXPECT_EQ(seen[3].queued, 0);
  EXPECT_EQ(ran.Of("four").status, ActionStatus::kSettled);
}

// Every three minutes one of the three pays the next, fifty times each and within what it has.
std::string DayOfPayments() {
  std::string text;
  for (int i = 0; i < 150; ++i) {
    const int minute = 10 + 3 * i;
    text += PaymentAt(fmt::format("{:02}:{:02}", 8 + minute / 60, minute % 60),
                      fmt::format("day-{}", i), std::string(1, "ABC"[i % 3]),
                      std::string(1, "BCA"[i % 3]), "20.00");
  }
  return text;
}

// Which payments of a bank were kept back for a time.
std::set<std::string> KeptBackBy(const AgentsRun& ran, ParticipantIndex bank) {
  std::set<std::string> kept;
  for (const PlannedAction& action : ran.plan.actions) {
    const auto* pay = std::get_if<PayOneWay>(&action.what);
    if (pay == nullptr || pay->from != bank) continue;
    const ActionResult& result = ran.result.actions[action.index];
    if ((result.ended - action.time).micros() > 1'000'000) kept.insert(action.id);
  }
  return kept;
}

TEST(AgentsTest, AgentMoreChangesNoDrawOfTheOthers) {
  const std::string half = "withhold { from: \"08:00\" to: \"16:50\" probability_milli: 500 }";
  const AgentsRun one = RunAgents(OneLedgerWith(DayOfPayments() + BehaviourText("A", half)));
  const AgentsRun two = RunAgents(
      OneLedgerWith(DayOfPayments() + BehaviourText("B", half) + BehaviourText("A", half)));
  EXPECT_GT(KeptBackBy(one, 0).size(), 5U);
  EXPECT_EQ(KeptBackBy(one, 0), KeptBackBy(two, 0));
  EXPECT_TRUE(KeptBackBy(one, 1).empty());
  EXPECT_GT(KeptBackBy(two, 1).size(), 5U);
  EXPECT_NE(KeptBackBy(two, 0), KeptBackBy(two, 1));
}

// A bank that cannot reach its ledger for a time asks late, in another order; what it keeps back of
// the payments after that is the same.
TEST(AgentsTest, FaultBeforehandChangesNoDrawOfTheBankItself) {
  const std::string text = OneLedgerWith(
      DayOfPayments() +
      BehaviourText("A", "withhold { from: \"11:00\" to: \"16:50\" probability_milli: 500 }"));
  const AgentsRun calm = RunAgents(text);
  const AgentsRun cut_off = RunAgents(text +
                                      "faults { date: \"2024-01-08\" time: \"10:00\" duration_ms: "
                                      "3900000 partition { nodes: \"BANK-A\" } }\n");
  const auto later = [](const AgentsRun& ran) {
    std::set<std::string> kept;
    for (const std::string& id : KeptBackBy(ran, 0)) {
      const ActionResult result = ran.Of(id);
      const auto at = ran.plan.actions[result.action].time -
                      core::BusinessDate::Parse("2024-01-08")->StartInUtc();
      if (at.micros() >= 11 * study::kHourUs + 10 * study::kMinuteUs) kept.insert(id);
    }
    return kept;
  };
  EXPECT_NE(KeptBackBy(calm, 0), KeptBackBy(cut_off, 0));  // the fault did hold it up
  EXPECT_GT(later(calm).size(), 5U);
  EXPECT_EQ(later(calm), later(cut_off));
}

TEST(AgentsTest, PaymentMoreChangesNoDrawForTheOthers) {
  const std::string text = OneLedgerWith(
      DayOfPayments() +
      BehaviourText("A", "withhold { from: \"08:00\" to: \"16:50\" probability_milli: 500 }"));
  const AgentsRun without = RunAgents(text);
  const AgentsRun with = RunAgents(text + PaymentAt("08:05", "more", "A", "B", "1.00"));
  std::set<std::string> kept = KeptBackBy(with, 0);
  kept.erase("more");
  EXPECT_GT(kept.size(), 5U);
  EXPECT_EQ(kept, KeptBackBy(without, 0));
}

TEST(AgentsTest, SameFileGivesTheSameReportToTheByte) {
  const std::string text = OneLedgerWith(
      DayOfPayments() +
      BehaviourText("A", "withhold { from: \"08:00\" to: \"12:00\" probability_milli: 500 }") +
      BehaviourText("B", "receipt_reactive { allowance_milli: 20 pays_all_from: \"16:00\" }"));
  const AgentsRun one = RunAgents(text);
  const AgentsRun two = RunAgents(text);
  EXPECT_EQ(RenderReportJson(one.plan, one.result, Summarise(one.plan, one.result)),
            RenderReportJson(two.plan, two.result, Summarise(two.plan, two.result)));
}

// What a bank decides by comes in messages: under faults it decides later, and everything ends.
TEST(AgentsTest, EveryPaymentEndsWithLedgersThatStopAndMessagesThatAreLost) {
  const std::string fault = "faults { date: \"2024-01-08\" time: \"09:00\" duration_ms: 10800000 ";
  for (const std::string& what :
       {fault + "messages { drop_per_mille: 300 duplicate_per_mille: 200 delay_per_mille: 200 "
                "delay_ms_max: 3000 } }\n",
        fault + "partition { nodes: \"BANK-A\" } }\n",
        std::string("faults { date: \"2024-01-08\" time: \"09:30\" duration_ms: 60000 "
                    "crash { nodes: \"eu.example/eur\" down_ms_max: 600000 } }\n")}) {
    const AgentsRun ran = RunAgents(OneLedgerWith(
        DayOfPayments() +
        BehaviourText("A", "receipt_reactive { allowance_milli: 20 pays_all_from: \"16:00\" }") +
        what));
    for (const ActionResult& action : ran.result.actions) {
      EXPECT_NE(action.status, ActionStatus::kPending) << what;
    }
    EXPECT_GT(Summarise(ran.plan, ran.result).settled, 100U) << what;
  }
}

TEST(AgentsTest, ScenarioWithBanksThatBehaveMeetsItsExpectations) {
  std::ifstream file(ScenarioPath("bank-behaviours"));
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const AgentsRun ran = RunAgents(text);
  EXPECT_TRUE(Summarise(ran.plan, ran.result).expectations_met);
  EXPECT_EQ(Summarise(ran.plan, ran.result).settled, 35U);
  Plan without = ran.plan;
  without.behaviours.clear();
  EXPECT_EQ(Summarise(without, *RunSimulation(without)).settled, 40U);
}

TEST(AgentsTest, BehavioursThatAreWrongAreNamed) {
  const auto first = [](const std::string& more) {
    const std::vector<Finding> findings = Findings(OneLedgerWith(more));
    return findings.empty() ? std::string() : findings.front().message;
  };
  EXPECT_THAT(first("behaviours { defaults { at: \"12:00\" } }"),
              HasSubstr("participants: at least one must be named"));
  EXPECT_THAT(first(BehaviourText("X", "defaults { at: \"12:00\" }")),
              HasSubstr("\"BANK-X\" is not listed"));
  EXPECT_THAT(first(BehaviourText("A", "")), HasSubstr("must be one of delay, receipt_reactive"));
  EXPECT_THAT(first(BehaviourText("A", "defaults {}")), HasSubstr("time"));
  EXPECT_THAT(first(BehaviourText("A", "defaults { at: \"12:00\" day: \"2024-01-09\" }")),
              HasSubstr("2024-01-09 is no business day"));
  EXPECT_THAT(first(BehaviourText("A", "withhold { stress {} }")),
              HasSubstr("stress: must state receipts_missing_milli"));
  EXPECT_THAT(first(BehaviourText("A", "withhold { from: \"12:00\" to: \"11:00\" }")),
              HasSubstr("to: must not be before from"));
  EXPECT_THAT(first(BehaviourText("A", "withhold { from: \"1:00\" to: \"11:00\" }")),
              HasSubstr("1:00"));
  std::string text = OneLedgerWith(BehaviourText("A", "defaults { at: \"12:00\" }"));
  text.erase(text.find("concurrent: true"), std::string("concurrent: true").size());
  ASSERT_FALSE(Findings(text).empty());
  EXPECT_THAT(Findings(text).front().message, HasSubstr("concurrent: must be true"));
}

}  // namespace
}  // namespace causeway::sim
