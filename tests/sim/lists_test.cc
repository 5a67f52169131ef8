// Settlement lists in scenario files, and what becomes of them in a run.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "scenarios/report/summary.h"
#include "tests/sim/scenario_text.h"

namespace causeway::sim {
namespace {

// Three settlements, of which the second is above what DE-BANK-1 has (1000.00 EUR).
const char kList[] = R"(
steps { id: "s" date: "2024-01-04" time: "09:00"
  pvp { party: "DE-BANK-1" party_currency: "EUR"
        counterparty: "US-BANK-1" counterparty_currency: "USD" sign_apart: true
        list { party_amount: "400.00" counterparty_amount: "440.00" }
        list { party_amount: "700.00" counterparty_amount: "10.00" }
        list { party_amount: "5.00" counterparty_amount: "5.50" } } })";

TEST(ListsTest, EachSettlementOfAListSettlesOrFailsByItself) {
  const Plan plan = Compiled(TwoCurrenciesWith(kList));
  SimulatorCounts counts;
  const absl::StatusOr<RunResult> result = RunSimulation(plan, {}, &counts);
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->all_or_none_breaches.empty());
  EXPECT_TRUE(result->other_breaches.empty());
  EXPECT_TRUE(result->observer.verified);
  const ActionResult list = ResultOf(plan, *result, "s");
  EXPECT_EQ(list.status, ActionStatus::kSettled);
  EXPECT_EQ(list.list_count, 3U);
  EXPECT_EQ(list.list_settled, 2U);
  EXPECT_EQ(BalanceOf(plan, *result, "DE-BANK-1", "EUR"), 59'500);
  EXPECT_EQ(BalanceOf(plan, *result, "DE-BANK-1", "USD"), 44'550);
  EXPECT_EQ(BalanceOf(plan, *result, "US-BANK-1", "EUR"), 40'500);
  EXPECT_EQ(BalanceOf(plan, *result, "US-BANK-1", "USD"), 55'450);
  EXPECT_EQ(counts.coverage[Covered::kListCommittedInPart], 1U);
  EXPECT_EQ(counts.coverage[Covered::kListedLegBooked], 4U);
  EXPECT_EQ(counts.coverage[Covered::kListedLegRejected], 1U);
  EXPECT_EQ(counts.coverage[Covered::kListedLegReleased], 1U);
}

TEST(ListsTest, SettlementsOfAListCountOneByOne) {
  const Plan plan = Compiled(TwoCurrenciesWith(kList));
  const Summary summary = Summarise(plan, Simulated(plan));
  EXPECT_EQ(summary.settled, 2U);
  EXPECT_EQ(summary.settlements_settled, 2U);
  EXPECT_EQ(summary.rejected, 1U);
}

TEST(ListsTest, ListIsAbortedAsAWholeWhenOneOfTheTwoNeverSigns) {
  const std::string text = TwoCurrenciesWith(std::string(kList) + R"(
faults { client { step: "s" kind: CLIENT_FAULT_KIND_WITHHOLD_COUNTERPARTY } })");
  const Plan plan = Compiled(text);
  const RunResult result = Simulated(plan);
  EXPECT_TRUE(result.all_or_none_breaches.empty());
  EXPECT_TRUE(result.other_breaches.empty());
  const ActionResult list = ResultOf(plan, result, "s");
  EXPECT_EQ(list.status, ActionStatus::kAborted);
  EXPECT_EQ(list.list_settled, 0U);
  EXPECT_EQ(Summarise(plan, result).rejected, 3U);
}

TEST(ListsTest, ListTakesThePlaceOfTheAmounts) {
  const auto findings = Findings(TwoCurrenciesWith(R"(
steps { id: "s" date: "2024-01-04" time: "09:00"
  pvp { party: "DE-BANK-1" party_currency: "EUR" party_amount: "1.00"
        counterparty: "US-BANK-1" counterparty_currency: "USD"
        list { party_amount: "4.00" counterparty_amount: "4.00" } } })"));
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_NE(findings[0].message.find("takes the place"), std::string::npos);
}

// Actions of the generator, by the settlements in their lists; 0: not a list.
std::vector<std::size_t> ListsOf(const Plan& plan) {
  std::vector<std::size_t> sizes;
  for (const PlannedAction& action : plan.actions) {
    const auto* pvp = std::get_if<SettlePvp>(&action.what);
    if (pvp != nullptr) sizes.push_back(pvp->list.size());
  }
  return sizes;
}

std::string PerList(int per_list) {
  std::string text = GeneratorText("lists", 0, 10);
  return text.insert(text.rfind('}'),
                     " pvp_settlements_per_list: " + std::to_string(per_list) + " ");
}

TEST(ListsTest, GeneratorMakesListsOfTheSizeThatItIsTold) {
  const Plan plan = Compiled(TwoCurrenciesWith(PerList(4)));
  std::vector<std::size_t> sizes = ListsOf(plan);
  std::sort(sizes.begin(), sizes.end());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{2, 4, 4}));
  const RunResult result = Simulated(plan);
  const Summary summary = Summarise(plan, result);
  EXPECT_EQ(summary.settlements_settled, 10U);
  EXPECT_EQ(summary.rejected, 0U);
  EXPECT_TRUE(result.observer.verified);
}

TEST(ListsTest, OneSettlementInAListIsASingleSettlement) {
  EXPECT_EQ(ListsOf(Compiled(TwoCurrenciesWith(PerList(1)))), std::vector<std::size_t>(10, 0));
}

}  // namespace
}  // namespace causeway::sim
