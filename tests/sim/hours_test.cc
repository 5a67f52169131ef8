#include <gtest/gtest.h>

#include <string>

#include "scenarios/report/report.h"
#include "scenarios/report/summary.h"
#include "tests/sim/scenario_text.h"

namespace causeway::sim {
namespace {

// kTwoCurrencies with more fields in the ledgers.
std::string WithLedgers(const std::string& eur, const std::string& usd, const std::string& more) {
  std::string text = TwoCurrenciesWith(more);
  const auto insert = [&text](const std::string& place, const std::string& fields) {
    text.insert(text.find(place) + place.size(), " " + fields);
  };
  insert("country: \"US\"", usd);
  insert("country: \"DE\"", eur);
  return text;
}
std::string Hours(const std::string& offset, const std::string& opens, const std::string& cuts_off,
                  const std::string& more = "") {
  return "hours { utc_offset: \"" + offset + "\" opens: \"" + opens + "\" cuts_off: \"" + cuts_off +
         "\" " + more + " }";
}
std::string PayEur(const std::string& date, const std::string& time) {
  return "steps { date: \"" + date + "\" time: \"" + time +
         "\" pay { from: \"DE-BANK-1\" to: \"US-BANK-1\" currency: \"EUR\" amount: \"10.00\" } }\n";
}
core::LedgerTime At(std::string_view text) { return core::LedgerTime::Parse(text).value(); }
constexpr char kKeeps[] = "outside_hours: OUTSIDE_HOURS_WAREHOUSE";

TEST(HoursTest, TheScenarioOfHoursEndsAsItSays) {
  const absl::StatusOr<Plan> plan = LoadScenario(ScenarioPath("rtgs-hours"));
  ASSERT_TRUE(plan.ok()) << plan.status();
  const RunResult result = Simulated(*plan);
  const Summary summary = Summarise(*plan, result);
  EXPECT_TRUE(summary.expectations_met) << RenderTable(*plan, result, summary);
  EXPECT_TRUE(result.observer.verified);
  EXPECT_EQ(ResultOf(*plan, result, "late-in-tokyo").rejection.outcome,
            core::Outcome::kLedgerClosed);
  EXPECT_EQ(FindAction(*plan, "kept-for-frankfurt")->time, At("2024-04-02T05:00:00Z"));
  EXPECT_EQ(FindAction(*plan, "kept-for-new-york")->time, At("2024-04-01T01:00:00Z"));
  EXPECT_EQ(FindAction(*plan, "kept-for-both")->time, At("2024-04-02T05:00:00Z"));
}

TEST(HoursTest, WithoutHoursOfItsOwnALedgerKeepsTheCalendars) {
  const Plan plan = Compiled(TwoCurrenciesWith(""));
  ASSERT_EQ(plan.ledgers[0].days.size(), 3U);
  EXPECT_EQ(plan.ledgers[0].days[1].opens, At("2024-01-05T08:00:00Z"));
  EXPECT_EQ(plan.ledgers[0].days[1].cuts_off, At("2024-01-05T17:00:00Z"));
}

TEST(HoursTest, ALedgerInTheEastOpensOnTheDayBeforeInUtc) {
  const Plan plan =
      Compiled(WithLedgers(Hours("+13:00", "08:00", "17:00"), "", PayEur("2024-01-04", "01:00")));
  EXPECT_EQ(plan.ledgers[0].days[0].opens, At("2024-01-03T19:00:00Z"));
  const RunResult result = Simulated(plan);
  EXPECT_EQ(BalanceOf(plan, result, "US-BANK-1", "EUR"), 1'000);
  EXPECT_TRUE(result.observer.verified);
}

TEST(HoursTest, ABusinessDayMayRunOverMidnightFromEitherSide) {
  const Plan plan = Compiled(WithLedgers(
      Hours("Z", "21:00", "43:00"), Hours("-05:00", "21:00", "19:00", "opens_day_before: true"),
      PayEur("2024-01-05", "02:30") + PayEur("2024-01-05", "20:00")));
  EXPECT_EQ(plan.ledgers[0].days[0].date.ToString(), "2024-01-04");
  EXPECT_EQ(plan.ledgers[0].days[0].opens, At("2024-01-04T21:00:00Z"));
  EXPECT_EQ(plan.ledgers[0].days[0].cuts_off, At("2024-01-05T19:00:00Z"));
  EXPECT_EQ(plan.ledgers[1].days[0].opens, At("2024-01-04T02:00:00Z"));
  EXPECT_EQ(plan.ledgers[1].days[0].cuts_off, At("2024-01-05T00:00:00Z"));
  const RunResult result = Simulated(plan);
  EXPECT_EQ(ResultOf(plan, result, "step-0001").status, ActionStatus::kSettled);
  EXPECT_EQ(ResultOf(plan, result, "step-0002").rejection.outcome, core::Outcome::kLedgerClosed);
  EXPECT_TRUE(result.observer.verified);
}

TEST(HoursTest, ACutOffAfterTheNextDayIsNone) {
  const std::vector<Finding> findings = Findings(WithLedgers(Hours("Z", "21:00", "48:00"), "", ""));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_NE(findings[0].message.find("00:00 to 47:59:59.999"), std::string::npos)
      << findings[0].message;
}

TEST(HoursTest, WhatComesOutsideOfHoursIsRejectedOrKept) {
  const std::string late = PayEur("2024-01-04", "18:00");
  const Plan rejects = Compiled(WithLedgers(Hours("+01:00", "08:00", "17:00"), "", late));
  EXPECT_EQ(ResultOf(rejects, Simulated(rejects), "step-0001").rejection.outcome,
            core::Outcome::kLedgerClosed);
  const Plan keeps = Compiled(WithLedgers(Hours("+01:00", "08:00", "17:00", kKeeps), "", late));
  EXPECT_EQ(FindAction(keeps, "step-0001")->time, At("2024-01-05T07:00:00Z"));
  EXPECT_EQ(FindAction(keeps, "step-0001")->date.ToString(), "2024-01-05");
  EXPECT_EQ(ResultOf(keeps, Simulated(keeps), "step-0001").status, ActionStatus::kSettled);
}

TEST(HoursTest, WhatNoLaterDayTakesIsRejected) {
  const Plan plan = Compiled(
      WithLedgers(Hours("+01:00", "08:00", "17:00", kKeeps), "", PayEur("2024-01-08", "18:00")));
  EXPECT_EQ(FindAction(plan, "step-0001")->time, At("2024-01-08T18:00:00Z"));
  EXPECT_EQ(ResultOf(plan, Simulated(plan), "step-0001").rejection.outcome,
            core::Outcome::kLedgerClosed);
}

TEST(HoursTest, ASettlementIsKeptOnlyWhenEveryClosedLedgerKeepsIt) {
  const std::string pvp =
      "steps { date: \"2024-01-04\" time: \"20:00\" pvp { party: \"DE-BANK-1\" party_currency: "
      "\"EUR\" party_amount: \"1.00\" counterparty: \"US-BANK-1\" counterparty_currency: \"USD\" "
      "counterparty_amount: \"1.00\" } }\n";
  const std::string keeps = Hours("Z", "08:00", "17:00", kKeeps);
  const Plan both = Compiled(WithLedgers(keeps, Hours("-05:00", "08:00", "14:00", kKeeps), pvp));
  EXPECT_EQ(FindAction(both, "step-0001")->time, At("2024-01-05T13:00:00Z"));
  const Plan one = Compiled(WithLedgers(keeps, Hours("-05:00", "08:00", "14:00"), pvp));
  EXPECT_EQ(FindAction(one, "step-0001")->time, At("2024-01-04T20:00:00Z"));
  EXPECT_EQ(ResultOf(one, Simulated(one), "step-0001").status, ActionStatus::kAborted);
}

std::string PvpInDays(int days) {
  return "steps { date: \"2024-01-04\" time: \"10:00\" pvp { party: \"DE-BANK-1\" "
         "party_currency: \"EUR\" party_amount: \"1.00\" counterparty: \"US-BANK-1\" "
         "counterparty_currency: \"USD\" counterparty_amount: \"1.00\" value_days: " +
         std::to_string(days) + " } }\n";
}

TEST(HoursTest, ASettlementIsMadeOnItsValueDate) {
  const std::string eur = Hours("+01:00", "08:00", "17:00");
  const std::string usd = Hours("-05:00", "07:00", "18:00");
  const Plan spot = Compiled(WithLedgers(eur, usd, PvpInDays(2)));
  EXPECT_EQ(FindAction(spot, "step-0001")->time, At("2024-01-08T12:00:00Z"));
  EXPECT_EQ(FindAction(spot, "step-0001")->date.ToString(), "2024-01-08");
  EXPECT_EQ(ResultOf(spot, Simulated(spot), "step-0001").status, ActionStatus::kSettled);
}

TEST(HoursTest, AHolidayOfEitherLedgerPutsTheValueDateOff) {
  const std::string usd = Hours("-05:00", "07:00", "18:00", "holidays: \"2024-01-05\"");
  const Plan plan = Compiled(WithLedgers("", usd, PvpInDays(1)));
  EXPECT_EQ(FindAction(plan, "step-0001")->date.ToString(), "2024-01-08");
  const std::vector<Finding> findings = Findings(WithLedgers("", usd, PvpInDays(2)));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].message, "value_days: the value date is after the end of the calendar");
}

TEST(HoursTest, OnlyStrangersAreSwept) {
  const std::string pay = PayEur("2024-01-04", "09:00");
  const Plan plan =
      Compiled(WithLedgers("overnight { non_resident_limit: \"4.00\" sweep: true }", "", pay));
  const RunResult result = Simulated(plan);
  EXPECT_EQ(BalanceOf(plan, result, "US-BANK-1", "EUR"), 400);
  EXPECT_EQ(BalanceOf(plan, result, "DE-BANK-1", "EUR"), 99'000);
  EXPECT_EQ(ResultOf(plan, result, "sweep-240104-EUR-US-BANK-1").legs[0].amount,
            core::Amount::FromMinor(600));
}

TEST(HoursTest, ANightIsChargedForAtTheNextOpeningAndAWeekendIsThree) {
  const Plan plan = Compiled(
      WithLedgers("overnight { resident_limit: \"100.00\" annual_rate_ppm: 3600000 }", "", ""));
  const RunResult result = Simulated(plan);
  // 900.00 at 1% a night: 9.00; then 891.00 for three nights: 26.73.
  const ActionResult first = ResultOf(plan, result, "charge-240105-EUR-DE-BANK-1");
  const ActionResult second = ResultOf(plan, result, "charge-240108-EUR-DE-BANK-1");
  EXPECT_EQ(first.legs[0].amount, core::Amount::FromMinor(900));
  EXPECT_EQ(second.legs[0].amount, core::Amount::FromMinor(2'673));
  EXPECT_EQ(BalanceOf(plan, result, "DE-BANK-1", "EUR"), 100'000 - 900 - 2'673);
  EXPECT_TRUE(result.observer.verified);
  EXPECT_TRUE(Summarise(plan, result).conserved);
}

TEST(HoursTest, RefusesHoursAndRulesThatContradict) {
  const auto finding = [](const std::string& eur) {
    const std::vector<Finding> findings = Findings(WithLedgers(eur, "", ""));
    return findings.empty() ? std::string("none") : findings.front().message;
  };
  EXPECT_EQ(finding(Hours("+01:00", "08:00", "08:00")), "cuts_off: must be after opens");
  EXPECT_EQ(finding(Hours("+25:00", "08:00", "09:00")),
            "offset \"+25:00\": must be \"Z\" or \"+HH:MM\" or \"-HH:MM\", at most 14 hours");
  EXPECT_EQ(finding(Hours("Z", "08:00", "08:30", "opens_day_before: true")),
            "cuts_off: must be at most 23 hours after opens");
  EXPECT_EQ(finding("overnight { sweep: true }"), "an overnight rule needs a limit");
  EXPECT_EQ(finding("overnight { resident_limit: \"1\" }"),
            "exactly one of sweep and annual_rate_ppm must be given");
}

}  // namespace
}  // namespace causeway::sim
