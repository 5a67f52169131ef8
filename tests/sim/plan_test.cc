#include "scenarios/spec/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "settlement/core/hash.h"
#include "tests/sim/scenario_text.h"

namespace causeway::sim {
namespace {

// Everything of an action that a driver acts on, as text.
std::string TextOf(const PlannedAction& action) {
  std::string text = action.id + " " + action.time.ToString() + " " + action.date.ToString();
  struct Parts {
    std::string operator()(const SetUpLedger& a) const { return std::to_string(a.ledger); }
    std::string operator()(const ChangeDayPhase& a) const {
      return std::to_string(a.ledger) + "," + std::string(core::DayPhaseName(a.phase));
    }
    std::string operator()(const IssueTo& a) const {
      return std::to_string(a.ledger) + "," + std::to_string(a.to) + "," +
             std::to_string(a.amount.minor());
    }
    std::string operator()(const RedeemFrom& a) const {
      return std::to_string(a.ledger) + "," + std::to_string(a.from);
    }
    std::string operator()(const PayOneWay& a) const {
      return std::to_string(a.ledger) + "," + std::to_string(a.from) + "," + std::to_string(a.to) +
             "," + std::to_string(a.amount.minor());
    }
    std::string operator()(const FreezeAccount& a) const { return std::to_string(a.holder); }
    std::string operator()(const ChargeOvernight& a) const { return std::to_string(a.from); }
    std::string operator()(const OverrideFunds& a) const { return std::to_string(a.from); }
    std::string operator()(const OrderAbortOf& a) const { return a.settles; }
    std::string operator()(const ChangePolicy& a) const { return std::to_string(a.policy); }
    std::string operator()(const ChangeKeys& a) const { return std::to_string(a.holder); }
    std::string operator()(const CloseAccountOf& a) const { return std::to_string(a.holder); }
    std::string operator()(const SwapOnQuote& a) const { return std::to_string(a.taker); }
    std::string operator()(const SettlePvp& a) const {
      return std::to_string(a.party) + "," + std::to_string(a.counterparty) + "," +
             std::to_string(a.party_amount.minor()) + "," +
             std::to_string(a.counterparty_amount.minor());
    }
  };
  text += " " + std::string(KindName(action.what)) + " " + std::visit(Parts{}, action.what);
  for (const ActionIndex earlier : action.after) text += " " + std::to_string(earlier);
  return text + "\n";
}

std::string TextOf(const Plan& plan) {
  std::string text;
  for (const PlannedAction& action : plan.actions) text += TextOf(action);
  return text;
}

// Transactions of one generator, without what they wait for.
std::vector<std::string> DrawnBy(const Plan& plan, const std::string& generator) {
  std::vector<std::string> drawn;
  for (PlannedAction action : plan.actions) {
    if (action.id.substr(0, generator.size() + 1) != generator + "-") continue;
    action.after.clear();
    drawn.push_back(TextOf(action));
  }
  return drawn;
}

TEST(PlanTest, SameFileAndSeedGiveTheSamePlan) {
  const std::string text = TwoCurrenciesWith(GeneratorText("traffic", 40, 20));
  EXPECT_EQ(TextOf(Compiled(text)), TextOf(Compiled(text)));
}

TEST(PlanTest, AnotherSeedGivesAnotherPlan) {
  const std::string text = TwoCurrenciesWith(GeneratorText("traffic", 40, 20));
  EXPECT_NE(TextOf(Compiled(text)), TextOf(Compiled(text, {.seed = 8})));
}

// The value was computed once; every compiler, build type and machine must arrive at it.
TEST(PlanTest, PilotIsTheSameEverywhere) {
  const absl::StatusOr<Plan> plan = LoadScenario(ScenarioPath("mbridge-pilot-2022"));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(core::Sha256(TextOf(*plan)).ToHex(),
            "4d024e68463d64f8ebf75b3d059126f4598e25478f1b6d61f569e69db3327965");
}

TEST(PlanTest, AnotherGeneratorDoesNotShiftTheDrawsOfTheFirst) {
  const std::string one = GeneratorText("first", 40, 20);
  const std::string both = GeneratorText("other", 30, 30) + one;
  const std::vector<std::string> alone = DrawnBy(Compiled(TwoCurrenciesWith(one)), "first");
  EXPECT_EQ(alone.size(), 60u + 40u + 2u * 20u);  // with the issues that fund them
  EXPECT_EQ(alone, DrawnBy(Compiled(TwoCurrenciesWith(both)), "first"));
}

TEST(PlanTest, AnotherStepDoesNotShiftTheDrawsOfAGenerator) {
  const std::string generator = GeneratorText("first", 40, 20);
  const std::string step = R"(steps { date: "2024-01-04" time: "09:00"
    pay { from: "DE-BANK-1" to: "US-BANK-1" currency: "EUR" amount: "1.00" } })";
  EXPECT_EQ(DrawnBy(Compiled(TwoCurrenciesWith(generator)), "first"),
            DrawnBy(Compiled(TwoCurrenciesWith(step + generator)), "first"));
}

TEST(PlanTest, KeysAreDerivedFromSeedAndName) {
  const Plan plan = Compiled(kTwoCurrencies);
  const Plan again = Compiled(kTwoCurrencies);
  const Plan other = Compiled(kTwoCurrencies, {.seed = 8});
  std::set<std::string> seeds;
  for (std::size_t i = 0; i < plan.participants.size(); ++i) {
    EXPECT_EQ(plan.participants[i].key.seed, again.participants[i].key.seed);
    EXPECT_NE(plan.participants[i].key.seed, other.participants[i].key.seed);
    seeds.insert(plan.participants[i].key.seed);
  }
  for (const PlannedLedger& ledger : plan.ledgers) {
    seeds.insert(ledger.key.seed);
    seeds.insert(ledger.salt_key);
    for (const PlannedKey& approver : ledger.approvers) seeds.insert(approver.seed);
  }
  EXPECT_EQ(seeds.size(), plan.participants.size() + plan.ledgers.size() * (2 + kApprovers));
}

TEST(PlanTest, BridgeAndObserverFollowTheParticipantsOfTheFile) {
  const Plan plan = Compiled(kTwoCurrencies);
  ASSERT_EQ(plan.participants.size(), 7u);
  EXPECT_EQ(plan.participants[plan.bridge->participant].id.text(), "BRIDGE");
  EXPECT_EQ(plan.participants[plan.observer].id.text(), "OBSERVER");
}

TEST(PlanTest, PolicyNamesEveryLedgerSorted) {
  const Plan plan = Compiled(kTwoCurrencies);
  ASSERT_EQ(plan.bridge->policy.ledgers.size(), 2u);
  EXPECT_EQ(plan.bridge->policy.ledgers[0].ledger.text(), "eu.example/eur");
  EXPECT_EQ(plan.bridge->policy.ledgers[0].genesis_hash, plan.ledgers[0].genesis.hash);
  EXPECT_EQ(plan.bridge->policy.hash, core::Sha256(plan.bridge->policy_bytes));
}

TEST(PlanTest, CalendarSkipsWeekendsAndHolidays) {
  std::string text = kTwoCurrencies;
  text.replace(text.find("2024-01-08"), 10, "2024-01-09");
  text.replace(text.find("  opens"), 7, "  holidays: \"2024-01-08\"\n  opens");
  const Plan plan = Compiled(text);
  ASSERT_EQ(plan.days.size(), 3u);
  EXPECT_EQ(plan.days[1].ToString(), "2024-01-05");
  EXPECT_EQ(plan.days[2].ToString(), "2024-01-09");
}

TEST(PlanTest, EveryDayOpensCutsOffAndCloses) {
  const Plan plan = Compiled(kTwoCurrencies);
  for (const char* id : {"open-240105-EUR", "cut-off-240105-EUR", "close-240105-EUR"}) {
    EXPECT_NE(FindAction(plan, id), nullptr) << id;
  }
  EXPECT_EQ(FindAction(plan, "open-240106-EUR"), nullptr);  // a Saturday
}

TEST(PlanTest, LedgerThatJoinsLaterHasNoEarlierDays) {
  std::string text = kTwoCurrencies;
  text.replace(text.find("country: \"US\" }"), 15, "country: \"US\" joins: \"2024-01-06\" }");
  const Plan plan = Compiled(text);
  EXPECT_EQ(FindAction(plan, "open-240105-USD"), nullptr);
  EXPECT_NE(FindAction(plan, "open-240108-USD"), nullptr);  // the first business day after
  EXPECT_EQ(plan.ledgers[1].joins.ToString(), "2024-01-08");
}

TEST(PlanTest, ActionsWaitForEarlierOnesOnTheSameAccountOnly) {
  const Plan plan = Compiled(TwoCurrenciesWith(R"(
steps { id: "a" date: "2024-01-04" time: "09:00"
  pay { from: "DE-BANK-1" to: "DE-BANK-2" currency: "EUR" amount: "1.00" } }
steps { id: "b" date: "2024-01-04" time: "10:00"
  pay { from: "DE-BANK-2" to: "US-BANK-1" currency: "EUR" amount: "1.00" } }
steps { id: "c" date: "2024-01-04" time: "11:00"
  pay { from: "US-BANK-1" to: "US-BANK-2" currency: "USD" amount: "1.00" } })"));
  const auto waits_for = [&](const char* later, const char* earlier) {
    const std::vector<ActionIndex>& after = FindAction(plan, later)->after;
    return std::find(after.begin(), after.end(), FindAction(plan, earlier)->index) != after.end();
  };
  EXPECT_TRUE(waits_for("b", "a"));
  EXPECT_FALSE(waits_for("c", "a"));
  EXPECT_FALSE(waits_for("c", "b"));
  EXPECT_TRUE(waits_for("a", "fund-EUR-DE-BANK-1"));
  EXPECT_TRUE(waits_for("cut-off-240104-EUR", "b"));
  EXPECT_TRUE(waits_for("open-240105-EUR", "close-240104-EUR"));
}

TEST(PlanTest, OnlyTouchedAccountsAreRedeemedAtCutOff) {
  std::string text = kTwoCurrencies;
  text.replace(text.find("country: \"DE\" }"), 15, "country: \"DE\" redeem_at_cut_off: true }");
  const Plan plan = Compiled(text);
  EXPECT_NE(FindAction(plan, "redeem-240104-EUR-DE-BANK-1"), nullptr);
  EXPECT_EQ(FindAction(plan, "redeem-240104-EUR-DE-BANK-2"), nullptr);
  EXPECT_EQ(FindAction(plan, "redeem-240105-EUR-DE-BANK-1"),
            nullptr);  // empty since the day before
}

TEST(GeneratorTest, PilotKeepsToThePublishedFigures) {
  const absl::StatusOr<Plan> plan = LoadScenario(ScenarioPath("mbridge-pilot-2022"));
  ASSERT_TRUE(plan.ok()) << plan.status();
  std::map<std::string_view, int> kinds;
  for (const PlannedAction& action : plan->actions) {
    kinds[KindName(action.what)] += IsTransaction(action.what) ? 1 : 0;
  }
  EXPECT_EQ(kinds["payment"] + kinds["pvp"], 164);
  EXPECT_GT(kinds["payment"], kinds["pvp"]);
  EXPECT_EQ(plan->ledgers.size(), 4u);
  EXPECT_EQ(plan->participants.size(), 20u + 2u);
}

TEST(GeneratorTest, CurrencyTakesPartOnlyOnceItsLedgerJoined) {
  const absl::StatusOr<Plan> plan = LoadScenario(ScenarioPath("mbridge-pilot-2022"));
  ASSERT_TRUE(plan.ok()) << plan.status();
  for (const PlannedAction& action : plan->actions) {
    if (const auto* pay = std::get_if<PayOneWay>(&action.what)) {
      EXPECT_GE(action.date, plan->ledgers[pay->ledger].joins) << action.id;
    } else if (const auto* pvp = std::get_if<SettlePvp>(&action.what)) {
      EXPECT_GE(action.date, plan->ledgers[pvp->party_ledger].joins) << action.id;
      EXPECT_GE(action.date, plan->ledgers[pvp->counterparty_ledger].joins) << action.id;
    }
  }
}

TEST(GeneratorTest, PaymentsCrossABorder) {
  const Plan plan = Compiled(TwoCurrenciesWith(GeneratorText("traffic", 50, 0)));
  for (const PlannedAction& action : plan.actions) {
    const auto* pay = std::get_if<PayOneWay>(&action.what);
    if (pay == nullptr) continue;
    EXPECT_NE(plan.participants[pay->from].country, plan.participants[pay->to].country);
  }
}

TEST(GeneratorTest, ValuesSumToTheTotal) {
  const Plan plan = Compiled(TwoCurrenciesWith(
      "generators { name: \"g\" payments: 30 pvp_settlements: 10 value_median: \"100.00\" "
      "value_sigma: \"1.5\" value_total: \"100000.00\" fund_by_issue: true }"));
  std::int64_t total = 0;
  const auto add = [&](LedgerIndex ledger, core::Amount amount) {
    total += plan.ValueOf(plan.ledgers[ledger].currency, amount)->minor();
  };
  for (const PlannedAction& action : plan.actions) {
    if (const auto* pay = std::get_if<PayOneWay>(&action.what)) add(pay->ledger, pay->amount);
    if (const auto* pvp = std::get_if<SettlePvp>(&action.what)) {
      add(pvp->party_ledger, pvp->party_amount);
      add(pvp->counterparty_ledger, pvp->counterparty_amount);
    }
  }
  // Each of the 50 legs is rounded to a minor unit twice.
  EXPECT_NEAR(static_cast<double>(total), 10'000'000.0, 100.0);
}

}  // namespace
}  // namespace causeway::sim
