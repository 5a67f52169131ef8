// Steps by which courts and central banks interfere with what is under way.
#include <gtest/gtest.h>

#include <string>

#include "tests/sim/scenario_text.h"

namespace causeway::sim {
namespace {

// One PvP at nine o'clock.
std::string InterventionWith(const std::string& more) {
  return TwoCurrenciesWith(R"(concurrent: true
steps { id: "s" date: "2024-01-04" time: "09:00"
    pvp { party: "DE-BANK-1" party_currency: "EUR" party_amount: "900.00"
          counterparty: "US-BANK-1" counterparty_currency: "USD"
          counterparty_amount: "11.00" } })" +
                           more);
}

// The bridge cannot reach the American ledger for a while: what the European one holds stays held.
constexpr char kCutOff[] = R"(
faults { date: "2024-01-04" time: "08:59:59" duration_ms: 20000
  partition { nodes: "us.example/usd" others: "BRIDGE" } })";

class InterventionsTest : public ::testing::Test {
 protected:
  void Run(const std::string& text) {
    plan_ = Compiled(text);
    absl::StatusOr<RunResult> result = RunSimulation(plan_, {}, &counts_);
    ASSERT_TRUE(result.ok()) << result.status();
    result_ = *std::move(result);
    EXPECT_EQ(result_.all_or_none_breaches, std::vector<std::string>{});
    EXPECT_EQ(result_.other_breaches, std::vector<std::string>{});
    EXPECT_TRUE(result_.observer.verified);
  }
  ActionResult Of(const std::string& id) const { return ResultOf(plan_, result_, id); }
  std::uint64_t Times(Covered what) const { return counts_.coverage[what]; }

  Plan plan_;
  RunResult result_;
  SimulatorCounts counts_;
};

TEST_F(InterventionsTest, OrderAbortsWhatIsHeldAndNotDecided) {
  Run(InterventionWith(std::string(kCutOff) + R"(
steps { id: "order" date: "2024-01-04" time: "09:00:05"
  order_abort { step: "s" currency: "EUR" } })"));
  EXPECT_EQ(Of("order").status, ActionStatus::kSettled);
  EXPECT_EQ(Of("s").status, ActionStatus::kAborted);
  EXPECT_EQ(Of("s").rejection.outcome, core::Outcome::kAbortOrdered);
  EXPECT_EQ(Times(Covered::kAbortOrderedWhileHeld), 1U);
  EXPECT_GT(Times(Covered::kOrderSeenByObserver), 0U);
}

// What the banks send is late, and what the central bank sends is not.
TEST_F(InterventionsTest, OrderThatComesBeforeTheSettlementAbortsItWhenItIsHandedIn) {
  Run(InterventionWith(R"(
faults { date: "2024-01-04" time: "08:59:59" duration_ms: 1500
  messages { from: "DE-BANK-1" from: "US-BANK-1" to: "BRIDGE"
             delay_per_mille: 1000 delay_ms_max: 20000 } }
steps { id: "order" date: "2024-01-04" time: "09:00:01"
  order_abort { step: "s" currency: "EUR" } })"));
  EXPECT_EQ(Of("order").status, ActionStatus::kSettled);
  EXPECT_EQ(Of("s").status, ActionStatus::kAborted);
  EXPECT_EQ(Of("s").rejection.outcome, core::Outcome::kAbortOrdered);
  EXPECT_EQ(Times(Covered::kAbortOrderKept), 1U);
  EXPECT_EQ(Times(Covered::kAbortedByKeptOrder), 1U);
}

TEST_F(InterventionsTest, OrderThatNobodyRecordedOrThatComesTooLateAbortsNothing) {
  Run(InterventionWith(std::string(kCutOff) + R"(
steps { id: "made-up" date: "2024-01-04" time: "09:00:05"
  order_abort { step: "s" currency: "EUR" unrecorded: true } }
steps { id: "late" date: "2024-01-04" time: "09:10"
  order_abort { step: "s" currency: "EUR" } })"));
  EXPECT_EQ(Of("made-up").rejection.outcome, core::Outcome::kBadAbortOrder);
  EXPECT_EQ(Of("late").rejection.outcome, core::Outcome::kWrongInstructionState);
  EXPECT_EQ(Of("s").status, ActionStatus::kSettled);
}

TEST_F(InterventionsTest, OverrideMovesWhatIsAvailableAndNothingThatIsHeld) {
  Run(InterventionWith(std::string(kCutOff) + R"(
steps { id: "too-much" date: "2024-01-04" time: "09:00:05"
  override { from: "DE-BANK-1" to: "DE-BANK-2" currency: "EUR" amount: "100.01" } }
steps { id: "by-one" date: "2024-01-04" time: "09:00:06"
  override { from: "DE-BANK-1" to: "DE-BANK-2" currency: "EUR" amount: "1.00" approvers: 1 } }
steps { id: "good" date: "2024-01-04" time: "09:00:07"
  override { from: "DE-BANK-1" to: "DE-BANK-2" currency: "EUR" amount: "100.00" } })"));
  EXPECT_EQ(Of("too-much").rejection.outcome, core::Outcome::kFundsHeld);
  EXPECT_EQ(Of("by-one").rejection.outcome, core::Outcome::kApprovalsMissing);
  EXPECT_EQ(Of("good").status, ActionStatus::kSettled);
  EXPECT_EQ(Of("s").status, ActionStatus::kSettled);
  EXPECT_EQ(Times(Covered::kOverrideBesideHold), 1U);
}

TEST_F(InterventionsTest, WhatIsHeldUnderAPolicyIsResolvedAfterItIsWithdrawn) {
  Run(InterventionWith(std::string(kCutOff) + R"(
steps { id: "rules" date: "2024-01-04" time: "09:00:05"
  policy { epoch: 2 witnesses: 1 witnesses: 2 witnesses: 3 witnesses: 4 witnesses_needed: 3
           witnesses_faulty_max: 1 spread_ms: 1000 withdraw_after_ms: 60000 } }
steps { id: "after" date: "2024-01-04" time: "09:05"
    pvp { party: "DE-BANK-1" party_currency: "EUR" party_amount: "1.00"
          counterparty: "US-BANK-1" counterparty_currency: "USD"
          counterparty_amount: "2.00" } })"));
  EXPECT_EQ(Of("rules-EUR").status, ActionStatus::kSettled);
  EXPECT_EQ(Of("rules-end-USD").status, ActionStatus::kSettled);
  EXPECT_EQ(Of("s").status, ActionStatus::kSettled);
  EXPECT_EQ(Of("after").status, ActionStatus::kSettled);
  EXPECT_EQ(Times(Covered::kWitnessJoined), 4U);
  EXPECT_EQ(Times(Covered::kCommittedUnderLaterPolicy), 1U);
}

TEST_F(InterventionsTest, ParticipantSignsWithTheNewestKey) {
  Run(InterventionWith(R"(
steps { id: "rotate" date: "2024-01-04" time: "08:30"
  keys { participant: "DE-BANK-1" add: 2 } }
steps { id: "end" date: "2024-01-04" time: "08:40"
  keys { participant: "DE-BANK-1" revoke: 1 } })"));
  EXPECT_EQ(Of("end-EUR").status, ActionStatus::kSettled);
  EXPECT_EQ(Of("s").status, ActionStatus::kSettled);
}

TEST_F(InterventionsTest, ParticipantThatFailsSettlesNothingMore) {
  Run(InterventionWith(std::string(kCutOff) + R"(
steps { id: "fails" date: "2024-01-04" time: "09:00:05" default { participant: "US-BANK-1" } }
steps { id: "pay" date: "2024-01-04" time: "09:05"
  pay { from: "US-BANK-1" to: "US-BANK-2" currency: "USD" amount: "1.00" } })"));
  EXPECT_EQ(Of("pay").rejection.outcome, core::Outcome::kUnknownKey);
  EXPECT_EQ(Of("s").status, ActionStatus::kAborted);
  EXPECT_EQ(Times(Covered::kKeyRevoked), 2U);
}

TEST_F(InterventionsTest, AccountIsClosedOnceItIsEmpty) {
  Run(TwoCurrenciesWith(R"(concurrent: true
steps { id: "full" date: "2024-01-04" time: "09:00"
  close_account { participant: "DE-BANK-1" currency: "EUR" } }
steps { id: "empty" date: "2024-01-04" time: "09:01"
  close_account { participant: "DE-BANK-2" currency: "EUR" } })"));
  EXPECT_EQ(Of("full").rejection.outcome, core::Outcome::kAccountNotEmpty);
  EXPECT_EQ(Of("empty").status, ActionStatus::kSettled);
}

TEST(InterventionsLintTest, StepsThatReferToNothingAreNamed) {
  const auto findings = Findings(InterventionWith(R"(
steps { id: "a" date: "2024-01-04" time: "09:00" order_abort { step: "none" currency: "EUR" } }
steps { id: "b" date: "2024-01-04" time: "09:00" policy { epoch: 1 } }
steps { id: "c" date: "2024-01-04" time: "09:00" keys { participant: "DE-BANK-1" revoke: 2 } }
steps { id: "d" date: "2024-01-04" time: "09:00"
  override { from: "DE-BANK-1" to: "DE-BANK-2" currency: "EUR" amount: "1" approvers: 3 } })"));
  ASSERT_EQ(findings.size(), 4U);
  EXPECT_NE(findings[0].message.find("no pvp or swap step"), std::string::npos);
  EXPECT_NE(findings[1].message.find("must be above 1"), std::string::npos);
  EXPECT_NE(findings[2].message.find("no step before it adds key 2"), std::string::npos);
  EXPECT_NE(findings[3].message.find("approvers: there are 2"), std::string::npos);
}

}  // namespace
}  // namespace causeway::sim
