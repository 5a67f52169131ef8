#include "scenarios/report/ledger_indicators.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

#include "scenarios/report/live_calendar.h"
#include "scenarios/report/report.h"
#include "scenarios/report/summary.h"
#include "scenarios/simulator/log_measures.h"
#include "tests/sim/scenario_text.h"

namespace causeway::sim {
namespace {

using study::DayIndicators;
using study::kHourUs;
using study::kMinuteUs;
using study::Part;
using ::testing::Contains;

struct RanScenario {
  Plan plan;
  RunResult result;
  std::vector<Part> parts;
};

RanScenario RanScenarioOf(const std::string& text) {
  RanScenario ran{Compiled(text), {}, {}};
  absl::StatusOr<RunResult> result = RunSimulation(ran.plan, {.measure = true});
  EXPECT_TRUE(result.ok()) << result.status();
  ran.result = *std::move(result);
  ran.parts = LedgerParts(ran.plan, ran.result);
  return ran;
}

RanScenario RanScenarioFile(const std::string& name) {
  std::ifstream file(ScenarioPath(name));
  return RanScenarioOf({std::istreambuf_iterator<char>(file), {}});
}

std::string IndicatorStep(const std::string& id, const std::string& time, const std::string& what) {
  return "steps { id: \"" + id + "\" date: \"2024-01-04\" time: \"" + time + "\" " + what + " }\n";
}
std::string PayEuros(const std::string& from, const std::string& to, const std::string& amount) {
  return "pay { from: \"" + from + "\" to: \"" + to + "\" currency: \"EUR\" amount: \"" + amount +
         "\" }";
}

TEST(LedgerIndicators, OfAGridlockAreThoseOfItsPaymentsAsAStudyHasThem) {
  const RanScenario ran = RanScenarioFile("gridlock");
  ASSERT_EQ(ran.parts.size(), 1U);
  const Part& part = ran.parts.front();
  EXPECT_EQ(part.currency, "EUR");
  const DayIndicators& day = part.indicators.days.front();
  EXPECT_EQ(day.settled.count, 5U);
  EXPECT_EQ(day.settled_multilaterally.value, 5 * 180'000'000);
  EXPECT_EQ(day.offset_share, 1'000'000);
  EXPECT_EQ(day.unsettled.count, 2U);
  EXPECT_EQ(day.liquidity, 5 * 100'000'000);
  EXPECT_EQ(day.liquidity_used, 0);         // the ring moved nothing on balance
  EXPECT_EQ(day.lower_bound, 300'001'000);  // what EU-BANK-1 owes beyond the ring
  EXPECT_EQ(day.upper_bound, 300'001'000);
  EXPECT_EQ(day.turnover, 1'800'000);
  EXPECT_GE(day.deadlock_us, 7 * kHourUs);
  EXPECT_EQ(day.queue_peak_count, 4U);
  EXPECT_EQ(day.herfindahl, 200'000);
}

// Whatever a scenario does, the balances that its payments, issues and redemptions make are those
// that the ledgers have in the end.
TEST(LedgerIndicators, HaveTheBalancesOfTheLedgers) {
  for (const char* name : {"first-swap", "fx-venues", "rtgs-hours", "pvp-gridlock",
                           "bank-behaviours", "gridlock", "witnessed-swap", "liquidity-terms"}) {
    const RanScenario ran = RanScenarioFile(name);
    ASSERT_EQ(ran.parts.size(), ran.plan.ledgers.size()) << name;
    for (std::size_t l = 0; l < ran.parts.size(); ++l) {
      const Part& part = ran.parts[l];
      const LedgerResult& ledger = ran.result.ledgers[l];
      const std::size_t accounts = part.input.accounts.size();
      ASSERT_EQ(ledger.accounts.size(), accounts) << name;
      const std::size_t last = part.result.account_days.size() - accounts;
      for (std::size_t a = 0; a < accounts; ++a) {
        EXPECT_EQ(part.result.account_days[last + a].closing,
                  ledger.accounts[a].available.minor() + ledger.accounts[a].held.minor())
            << name << " " << part.currency << " " << part.input.accounts[a].id;
      }
    }
  }
}

TEST(LedgerIndicators, CountALegAsAPaymentWhoseLockTimeIsDelay) {
  const RanScenario ran = RanScenarioOf(TwoCurrenciesWith(IndicatorStep(
      "trade", "09:00",
      "pvp { party: \"DE-BANK-1\" counterparty: \"US-BANK-1\" party_currency: \"EUR\" "
      "party_amount: \"90.00\" counterparty_currency: \"USD\" counterparty_amount: \"100.00\" }")));
  ASSERT_EQ(ran.parts.size(), 2U);
  for (const Part& part : ran.parts) {
    const DayIndicators& day = part.indicators.days.front();
    EXPECT_EQ(day.settled.count, 1U) << part.currency;
    EXPECT_EQ(day.linked.count, 1U);
    EXPECT_EQ(day.pvp_share, 1'000'000);
    EXPECT_EQ(day.principal_at_risk_peak, 0);
    ASSERT_TRUE(day.mean_delay_us.has_value());
    EXPECT_GT(*day.mean_delay_us, 1000);  // more than one message takes
    EXPECT_LT(*day.mean_delay_us, kMinuteUs);
    EXPECT_EQ(part.input.links.front(), ran.parts.front().input.links.front());
  }
  EXPECT_EQ(ran.parts[0].indicators.days[0].settled.value, 9'000);
  EXPECT_EQ(ran.parts[1].indicators.days[0].settled.value, 10'000);
}

TEST(LedgerIndicators, TakeTheTimeOfTheBookingAndNotThatOfTheReply) {
  const RanScenario ran = RanScenarioOf(
      TwoCurrenciesWith(IndicatorStep("p", "09:00", PayEuros("DE-BANK-1", "DE-BANK-2", "90.00"))));
  ASSERT_EQ(ran.result.bookings.size(), 1U);
  const Part& part = ran.parts.front();
  const study::TimeUs booked = part.result.payments[0].settled;
  EXPECT_GT(booked, 9 * kHourUs);
  EXPECT_EQ(booked, ran.result.bookings[0].time.micros() -
                        ran.plan.ledgers[0].days[0].date.StartInUtc().micros());
  EXPECT_LT(ran.result.bookings[0].time, ResultOf(ran.plan, ran.result, "p").ended);
}

TEST(LedgerIndicators, OpeningBalancesHaveWhatWasIssuedBeforeTheFirstPaymentAndNothingLater) {
  const std::string issue = "issue { to: \"DE-BANK-2\" currency: \"EUR\" amount: \"50.00\" }";
  const RanScenario ran = RanScenarioOf(
      TwoCurrenciesWith(IndicatorStep("early", "08:30", issue) +
                        IndicatorStep("p", "09:00", PayEuros("DE-BANK-1", "DE-BANK-2", "90.00")) +
                        IndicatorStep("late", "10:00", issue)));
  const Part& part = ran.parts.front();
  ASSERT_EQ(part.input.accounts[1].id, "DE-BANK-2");
  EXPECT_EQ(part.result.account_days[1].opening, 5'000);
  EXPECT_EQ(part.result.account_days[1].added, 5'000);
  EXPECT_EQ(part.result.account_days[1].closing, 19'000);
  const std::size_t accounts = part.input.accounts.size();
  EXPECT_EQ(part.result.account_days[accounts + 1].opening, 19'000);
}

// EU-BANK-4 has 800,000 of collateral less 7.5% and 10,000 besides, and draws 720,000 of that for
// six hours. The bounds are 1,070,000.00 and 1,510,000.01.
TEST(LedgerIndicators, CountCreditLines) {
  const RanScenario ran = RanScenarioFile("liquidity-terms");
  const Part& part = ran.parts.front();
  const DayIndicators& day = part.indicators.days.front();
  EXPECT_EQ(day.liquidity, 375'000'000);
  EXPECT_EQ(day.lower_bound, 107'000'000);
  EXPECT_EQ(day.upper_bound, 151'000'001);
  EXPECT_EQ(day.usage, 6'090'909);
  EXPECT_EQ(day.turnover, 434'667);  // of 1,630,000.00
  EXPECT_EQ(day.peak_credit, 72'000'000);
  EXPECT_EQ(day.credit_charge, 1'850);
  ASSERT_EQ(part.input.accounts[3].id, "EU-BANK-4");
  const study::AccountIndicators& account = part.indicators.accounts[3];
  EXPECT_EQ(account.available, 75'000'000);
  EXPECT_EQ(account.available_balance, 0);
  EXPECT_EQ(account.available_collateral, 74'000'000);
  EXPECT_EQ(account.available_credit, 1'000'000);
  EXPECT_EQ(account.peak_credit, 72'000'000);
  EXPECT_EQ(account.own_stress_available, 0);
  EXPECT_EQ(account.market_stress_available, 52'500'000);  // 30% of the line is lost
  EXPECT_EQ(part.result.account_days[3].closing, -72'001'850);
  EXPECT_EQ(part.result.account_days[3].added, -1'850);
}

TEST(LedgerIndicators, CountCreditThatIsDrawnOverNightOnTheNextDay) {
  std::ifstream file(ScenarioPath("liquidity-terms"));
  std::string text(std::istreambuf_iterator<char>(file), {});
  const std::string last = "last_date: \"2026-03-02\"";
  text.replace(text.find(last), last.size(), "last_date: \"2026-03-03\"");
  text.erase(text.find("expectations"));
  text +=
      "steps { id: \"back\" date: \"2026-03-03\" time: \"10:00\" pay { from: \"EU-BANK-2\" "
      "to: \"EU-BANK-4\" currency: \"EUR\" amount: \"720000.00\" } }\n";
  const RanScenario ran = RanScenarioOf(text);
  const Part& part = ran.parts.front();
  ASSERT_EQ(part.result.account_days.size(), 8U);
  const study::AccountDay& next = part.result.account_days[7];
  EXPECT_EQ(next.opening, -72'001'850);
  EXPECT_EQ(next.credit_limit, 75'000'000);
  EXPECT_EQ(next.collateral_credit, 74'000'000);
  EXPECT_EQ(next.peak_credit, 72'001'850);
  EXPECT_EQ(part.indicators.accounts[7].available, 2'998'150);
  // 15 h 50 min of 720,018.50 and 8 h 10 min of 18.50.
  EXPECT_EQ(next.credit_charge, 4'750);
  EXPECT_EQ(next.closing, -1'850 - 4'750);
  EXPECT_EQ(next.added, -4'750);
}

// What ledger EUR of kTwoCurrencies gives DE-BANK-2, which has nothing.
std::string WithCredit(const std::string& steps) {
  std::string text = TwoCurrenciesWith(steps);
  const std::string place = "country: \"DE\"";
  text.insert(text.find(place) + place.size(),
              " account_terms { participant: \"DE-BANK-2\" uncollateralised_credit: \"500.00\" }");
  return text;
}

// The counterparty never pays, so that nothing settles; but what was held was drawn.
TEST(LedgerIndicators, CountWhatASettlementHoldsAsDrawn) {
  const RanScenario ran = RanScenarioOf(WithCredit(IndicatorStep(
      "trade", "09:00",
      "pvp { party: \"DE-BANK-2\" counterparty: \"US-BANK-2\" party_currency: \"EUR\" "
      "party_amount: \"90.00\" counterparty_currency: \"USD\" counterparty_amount: \"100.00\" }")));
  const DayIndicators& day = ran.parts.front().indicators.days.front();
  EXPECT_EQ(day.settled.count, 0U);
  EXPECT_EQ(day.peak_credit, 9'000);
  EXPECT_EQ(ran.parts.front().indicators.days[1].peak_credit, 0);
}

TEST(LedgerIndicators, CountWhatAListHoldsAsDrawn) {
  const RanScenario ran = RanScenarioOf(WithCredit(IndicatorStep(
      "trades", "09:00",
      "pvp { party: \"DE-BANK-2\" counterparty: \"US-BANK-1\" party_currency: \"EUR\" "
      "counterparty_currency: \"USD\" sign_apart: true "
      "list { party_amount: \"90.00\" counterparty_amount: \"100.00\" } "
      "list { party_amount: \"45.00\" counterparty_amount: \"50.00\" } }")));
  const Part& part = ran.parts.front();
  EXPECT_EQ(part.indicators.days.front().peak_credit, 13'500);
  EXPECT_EQ(part.result.account_days[1].closing, -13'500);
}

// Within a set EU-BANK-1 pays 1.8 million and has one.
TEST(LedgerIndicators, CountNoCreditWithinASet) {
  std::ifstream file(ScenarioPath("gridlock"));
  std::string text(std::istreambuf_iterator<char>(file), {});
  const std::string place = "country: \"DE\"";
  text.insert(text.find(place) + place.size(),
              "\naccount_terms { participant: \"EU-BANK-1\" uncollateralised_credit: \"5.00\" }");
  const RanScenario ran = RanScenarioOf(text);
  const DayIndicators& day = ran.parts.front().indicators.days.front();
  EXPECT_EQ(day.settled_multilaterally.count, 5U);
  EXPECT_EQ(day.peak_credit, 0);
}

TEST(LedgerIndicators, CountRefusedPaymentsAsRejectedOnTheirDay) {
  const RanScenario ran = RanScenarioOf(
      TwoCurrenciesWith(IndicatorStep("p", "09:00", PayEuros("DE-BANK-2", "DE-BANK-1", "90.00"))));
  const DayIndicators& day = ran.parts.front().indicators.days.front();
  EXPECT_EQ(day.rejected.count, 1U);
  EXPECT_EQ(day.submitted.value, 9'000);
  EXPECT_EQ(day.settled.count, 0U);
}

TEST(LedgerIndicators, CountTheDaysOfALedgerFromTheMidnightBeforeItOpens) {
  std::string text = TwoCurrenciesWith("steps { id: \"p\" date: \"2024-01-05\" time: \"02:30\" " +
                                       PayEuros("DE-BANK-1", "DE-BANK-2", "90.00") + " }\n");
  const std::string place = "country: \"DE\"";
  text.insert(text.find(place) + place.size(),
              " hours { utc_offset: \"Z\" opens: \"21:00\" cuts_off: \"43:00\" }");
  const RanScenario ran = RanScenarioOf(text);
  const Part& part = ran.parts.front();
  EXPECT_EQ(part.result.opens, 21 * kHourUs);
  EXPECT_GE(part.result.closes, 43 * kHourUs + 10 * kMinuteUs);
  EXPECT_EQ(part.input.payments[0].due, 26 * kHourUs + 30 * kMinuteUs);
  EXPECT_EQ(part.indicators.days[0].settled.count, 1U);
  EXPECT_EQ(part.indicators.days[0].throughput[26], 1'000'000);
}

// The same run as if it had been live: an action every second of the wall clock, and what happened
// while it was under way at most half a second after its start.
RunResult AsLive(const Plan& plan, RunResult run) {
  constexpr std::int64_t kSecondUs = 1'000'000;
  const std::int64_t wall_us = plan.actions.front().time.micros() + 300 * 24 * kHourUs;
  std::vector<std::int64_t> starts;
  for (const ActionResult& action : run.actions) {
    if (action.started.micros() > 0) starts.push_back(action.started.micros());
  }
  std::sort(starts.begin(), starts.end());
  const auto on_wall = [&](core::LedgerTime& time) {
    if (time.micros() <= 0) return;
    const auto next = std::upper_bound(starts.begin(), starts.end(), time.micros());
    const std::int64_t since_us = next == starts.begin() ? 0 : time.micros() - *(next - 1);
    time = core::LedgerTime::FromMicros(wall_us + (next - starts.begin()) * kSecondUs +
                                        std::min(since_us, kSecondUs / 2));
  };
  run.mode = "live";
  for (ActionResult& action : run.actions) {
    on_wall(action.started);
    on_wall(action.ended);
  }
  for (Booking& booking : run.bookings) on_wall(booking.time);
  for (LedgerQueueResult& queue : run.ledger_queues) {
    for (LedgerQueueResult::Level& level : queue.levels) on_wall(level.at);
  }
  return run;
}

TEST(LedgerIndicators, OfALiveRunAreOnTheCalendarOfTheScenario) {
  const RanScenario ran = RanScenarioFile("gridlock");
  const std::vector<Part> live = LedgerParts(ran.plan, AsLive(ran.plan, ran.result));
  ASSERT_EQ(live.size(), 1U);
  const DayIndicators& expected = ran.parts.front().indicators.days.front();
  const DayIndicators& day = live.front().indicators.days.front();
  EXPECT_EQ(day.settled.count, expected.settled.count);
  EXPECT_EQ(day.settled.value, expected.settled.value);
  EXPECT_EQ(day.unsettled.count, expected.unsettled.count);
  EXPECT_EQ(day.settled_multilaterally.value, expected.settled_multilaterally.value);
  EXPECT_EQ(day.liquidity_used, expected.liquidity_used);
  EXPECT_EQ(day.upper_bound, expected.upper_bound);
  EXPECT_EQ(day.queue_peak_count, expected.queue_peak_count);
  ASSERT_TRUE(day.mean_delay_us && expected.mean_delay_us);
  EXPECT_GT(*day.mean_delay_us, kMinuteUs);
  EXPECT_NEAR(static_cast<double>(*day.mean_delay_us), static_cast<double>(*expected.mean_delay_us),
              1e6);
  EXPECT_NEAR(static_cast<double>(day.deadlock_us), static_cast<double>(expected.deadlock_us), 2e6);
}

TEST(LedgerIndicators, OfALiveRunHaveTheBalancesOfTheLedgers) {
  for (const char* name : {"first-swap", "mbridge-pilot-2022"}) {
    const RanScenario ran = RanScenarioFile(name);
    const std::vector<Part> live = LedgerParts(ran.plan, AsLive(ran.plan, ran.result));
    ASSERT_EQ(live.size(), ran.parts.size());
    for (std::size_t i = 0; i < live.size(); ++i) {
      const std::vector<study::AccountDay>& days = live[i].result.account_days;
      const std::vector<study::AccountDay>& expected = ran.parts[i].result.account_days;
      ASSERT_EQ(days.size(), expected.size());
      for (std::size_t j = 0; j < days.size(); ++j) {
        EXPECT_EQ(days[j].closing, expected[j].closing) << name << " " << i << " " << j;
      }
    }
  }
}

TEST(LiveCalendar, PutsWhatHappensUnderAnActionWhenItWasDue) {
  Plan plan;
  std::vector<ActionResult> actions(3);
  const auto at = [](std::int64_t us) { return core::LedgerTime::FromMicros(us); };
  for (std::size_t i = 0; i < actions.size(); ++i) {
    plan.actions.emplace_back();
    actions[i].action = static_cast<ActionIndex>(i);
  }
  plan.actions[0].time = at(1'000);
  plan.actions[1].time = at(5'000);
  plan.actions[2].time = at(5'010);
  actions[0].started = at(900'000);
  actions[1].started = at(900'100);
  actions[2].started = at(900'200);
  const LiveCalendar calendar(plan, actions);
  EXPECT_EQ(calendar.At(at(899'000)), at(1'000));
  EXPECT_EQ(calendar.At(at(900'000)), at(1'000));
  EXPECT_EQ(calendar.At(at(900'030)), at(1'030));
  EXPECT_EQ(calendar.At(at(900'105)), at(5'005));
  EXPECT_EQ(calendar.At(at(900'150)), at(5'010));  // no later than when the next one is due
  EXPECT_EQ(calendar.At(at(900'250)), at(5'060));
}

// A simulated run's logs tell what was measured while it ran, but for times: those of batches are
// earlier than when they were durable.
TEST(LogMeasures, AreThoseOfTheRunItself) {
  for (const char* name : {"gridlock", "first-swap"}) {
    const RanScenario ran = RanScenarioFile(name);
    RunResult again = ran.result;
    again.bookings.clear();
    again.ledger_queues.clear();
    MeasureLogs(ran.plan, again);
    ASSERT_FALSE(ran.result.bookings.empty());
    ASSERT_EQ(again.bookings.size(), ran.result.bookings.size()) << name;
    for (std::size_t i = 0; i < again.bookings.size(); ++i) {
      const Booking& a = again.bookings[i];
      const Booking& b = ran.result.bookings[i];
      EXPECT_EQ(std::tie(a.ledger, a.from, a.to, a.amount, a.payment, a.settlement_id, a.waited,
                         a.set, a.algorithm),
                std::tie(b.ledger, b.from, b.to, b.amount, b.payment, b.settlement_id, b.waited,
                         b.set, b.algorithm));
      EXPECT_LE(a.time, b.time);
    }
    ASSERT_EQ(again.ledger_queues.size(), ran.result.ledger_queues.size());
    for (std::size_t i = 0; i < again.ledger_queues.size(); ++i) {
      EXPECT_EQ(again.ledger_queues[i].waiting_max, ran.result.ledger_queues[i].waiting_max);
      EXPECT_EQ(again.ledger_queues[i].deadlocks, ran.result.ledger_queues[i].deadlocks);
      EXPECT_EQ(again.ledger_queues[i].levels.size(), ran.result.ledger_queues[i].levels.size());
    }
  }
}

TEST(LedgerIndicators, AreInTheReportByCurrencyWithTheDelay) {
  const RanScenario ran = RanScenarioFile("gridlock");
  const nlohmann::json report = nlohmann::json::parse(
      RenderReportJson(ran.plan, ran.result, Summarise(ran.plan, ran.result)));
  const nlohmann::json& day = report["indicators"]["EUR"]["days"][0];
  EXPECT_EQ(day["day"], "2026-03-02");
  EXPECT_EQ(day["settled_count"], "5");
  EXPECT_EQ(day["offset_share"], "1.000000");
  EXPECT_EQ(report["delay"]["unit"], "EUR");
  EXPECT_EQ(report["delay"]["payments"]["settled"], 5);
  EXPECT_TRUE(report["delay"]["settlements"]["mean_s"].is_null());
  EXPECT_NE(report["delay"]["all"]["delay"], "0.000000");
}

}  // namespace
}  // namespace causeway::sim
