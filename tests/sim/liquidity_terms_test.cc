// Ledgers whose accounts have liquidity terms, in virtual time.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "scenarios/report/summary.h"
#include "tests/sim/scenario_text.h"

namespace causeway::sim {
namespace {

std::string TermsText() {
  std::ifstream file(ScenarioPath("liquidity-terms"));
  return {std::istreambuf_iterator<char>(file), {}};
}

void ReplaceIn(std::string& text, const std::string& from, const std::string& to) {
  ASSERT_NE(text.find(from), std::string::npos) << from;
  text.replace(text.find(from), from.size(), to);
}

TEST(TermsSimulationTest, PaymentsKeepToTheTermsOfTheirAccounts) {
  const Plan plan = Compiled(TermsText());
  const RunResult result = Simulated(plan);
  EXPECT_EQ(result.other_breaches, std::vector<std::string>{});
  EXPECT_TRUE(result.observer.verified);
  const auto ended = [&](const char* id) { return ResultOf(plan, result, id).ended; };
  const auto second = core::Duration::FromSeconds(1);
  EXPECT_LE(ended("beside-the-reservation"), ended("urgent"));
  EXPECT_GE(ended("kept-back") + second, ended("releases")) << "it waited for a receipt";
  EXPECT_LE(ended("urgent"), ended("over-the-limit"));
  EXPECT_GE(ended("over-the-limit") + second, ended("gives-room")) << "it waited for room";
  EXPECT_EQ(ResultOf(plan, result, "on-credit").status, ActionStatus::kSettled);
  EXPECT_EQ(ResultOf(plan, result, "beyond-the-line").status, ActionStatus::kExpired);
  EXPECT_EQ(ResultOf(plan, result, "below-the-threshold").status, ActionStatus::kExpired);
  EXPECT_TRUE(Summarise(plan, result).expectations_met);
}

// 720,000.00 at 100 millionths a day of 24 hours, from noon until the day closes, ten minutes after
// its cut-off.
TEST(TermsSimulationTest, DrawnCreditIsChargedWhenTheDayCloses) {
  const Plan plan = Compiled(TermsText());
  const RunResult result = Simulated(plan);
  const core::LedgerTime drawn = ResultOf(plan, result, "on-credit").ended;
  const core::LedgerTime closed =
      plan.ledgers.at(0).days.at(0).cuts_off + core::Duration::FromMinutes(10);
  const double days = static_cast<double>((closed - drawn).micros()) / 86'400e6;
  const std::int64_t charge = result.ledgers.at(0).fees.minor();
  EXPECT_NEAR(static_cast<double>(charge), 72'000'000 * 100e-6 * days, 1.0);
  EXPECT_GT(charge, 1'790);
  EXPECT_EQ(BalanceOf(plan, result, "EU-BANK-4", "EUR"), -72'000'000 - charge);
}

TEST(TermsSimulationTest, WithoutTermsNothingWaits) {
  std::string text = TermsText();
  const std::size_t from = text.find("  account_terms");
  text.erase(from, text.find("  credit_price_ppm_per_day") - from);
  const Plan plan = Compiled(text);
  const RunResult result = Simulated(plan);
  const core::Duration second = core::Duration::FromSeconds(1);
  EXPECT_LE(ResultOf(plan, result, "kept-back").ended,
            ResultOf(plan, result, "urgent").ended - second);
  EXPECT_LE(ResultOf(plan, result, "over-the-limit").ended,
            ResultOf(plan, result, "gives-room").ended - second);
  EXPECT_EQ(ResultOf(plan, result, "below-the-threshold").status, ActionStatus::kSettled);
  EXPECT_EQ(ResultOf(plan, result, "on-credit").status, ActionStatus::kExpired);
  EXPECT_EQ(result.ledgers.at(0).fees, core::Amount::Zero());
}

// What a limit or a reservation alone holds back is no gridlock: no set of it could settle.
TEST(TermsSimulationTest, WhatTermsHoldBackIsADeadlock) {
  const Plan plan = Compiled(TermsText());
  const absl::StatusOr<RunResult> result = RunSimulation(plan, {.measure = true});
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->ledger_queues.size(), 1u);
  EXPECT_EQ(result->ledger_queues[0].gridlocks, 0u);
  EXPECT_GT(result->ledger_queues[0].deadlocks, 0u);
  EXPECT_EQ(result->ledger_queues[0].undecided, core::Duration::Zero());
}

TEST(TermsSimulationTest, FaultyTermsAreNamed) {
  const auto fault = [](const std::string& from, const std::string& to) {
    std::string text = TermsText();
    ReplaceIn(text, from, to);
    const std::vector<Finding> findings = Findings(text);
    EXPECT_EQ(findings.size(), 1u) << to;
    return findings.empty() ? std::string() : findings[0].message;
  };
  EXPECT_NE(fault("haircut_basis_points: 750", "haircut_basis_points: 10001").find("at most"),
            std::string::npos);
  EXPECT_NE(fault("reserved_urgent: \"600000.00\"", "reserved_urgent: \"-1.00\"").find("negative"),
            std::string::npos);
  EXPECT_NE(fault("release_threshold: \"900000.00\"", "release_threshold: \"0.001\"").size(), 0u);
  EXPECT_NE(fault("to: \"EU-BANK-3\" limit", "to: \"EU-BANK-2\" limit").find("itself"),
            std::string::npos);
  EXPECT_NE(fault("participant: \"EU-BANK-3\" release", "participant: \"EU-BANK-1\" release")
                .find("already"),
            std::string::npos);
  EXPECT_NE(
      fault("credit_price_ppm_per_day: 100", "credit_price_ppm_per_day: 1000001").find("at most"),
      std::string::npos);
}

}  // namespace
}  // namespace causeway::sim
