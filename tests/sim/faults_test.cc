// Faults in scenario files, and what single ones do to a run.
#include <gtest/gtest.h>

#include <string>

#include "scenarios/report/report.h"
#include "scenarios/report/summary.h"
#include "tests/sim/scenario_text.h"

namespace causeway::sim {
namespace {

// One PvP at nine o'clock, and a fault around it.
std::string PvpWith(const std::string& more) {
  return TwoCurrenciesWith(R"(steps { id: "s" date: "2024-01-04" time: "09:00"
    pvp { party: "DE-BANK-1" party_currency: "EUR" party_amount: "10.00" sign_apart: true
          counterparty: "US-BANK-1" counterparty_currency: "USD"
          counterparty_amount: "11.00" } })" +
                           more);
}

RunResult RunText(const std::string& text, SimulatorCounts& counts) {
  absl::StatusOr<RunResult> result = RunSimulation(Compiled(text), {}, &counts);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *std::move(result) : RunResult{};
}

void ExpectClean(const RunResult& result) {
  EXPECT_EQ(result.all_or_none_breaches, std::vector<std::string>{});
  EXPECT_EQ(result.other_breaches, std::vector<std::string>{});
  EXPECT_TRUE(result.observer.verified);
}

TEST(FaultsTest, UnknownNodesStepsAndChancesAreNamedWithTheirPlace) {
  const auto findings = Findings(PvpWith(R"(
faults { name: "a" date: "2024-01-04" time: "09:00" partition { nodes: "NOBODY" } }
faults { name: "a" date: "2024-01-04" time: "09:00"
  messages { drop_per_mille: 1001 } }
faults { client { step: "no-such" kind: CLIENT_FAULT_KIND_VANISH } }
faults { date: "2024-01-04" time: "09:00" crash { nodes: "DE-BANK-1" } }
faults { date: "2024-01-04" time: "09:00" })"));
  ASSERT_EQ(findings.size(), 6U);
  EXPECT_NE(findings[0].message.find("there is no node \"NOBODY\""), std::string::npos);
  EXPECT_NE(findings[1].message.find("a fault \"a\" exists already"), std::string::npos);
  EXPECT_NE(findings[2].message.find("at most 1000"), std::string::npos);
  EXPECT_NE(findings[3].message.find("there is no step \"no-such\""), std::string::npos);
  EXPECT_NE(findings[4].message.find("name ledgers, the bridge, the observer or witnesses"),
            std::string::npos);
  EXPECT_NE(findings[5].message.find("a fault must be one of"), std::string::npos);
}

TEST(FaultsTest, LedgerThatIsCutOffPastTheDeadlineLetsTheSettlementAbortAndTryAgain) {
  SimulatorCounts counts;
  const std::string text = PvpWith(R"(
faults { date: "2024-01-04" time: "08:59:00" duration_ms: 150000
  partition { nodes: "us.example/usd" } })");
  const RunResult result = RunText(text, counts);
  ExpectClean(result);
  const ActionResult settlement = ResultOf(Compiled(text), result, "s");
  EXPECT_EQ(settlement.status, ActionStatus::kSettled);
  EXPECT_GT(settlement.attempts, 1U);
  EXPECT_GT(counts.coverage[Covered::kMessageCutBothWays], 0U);
  EXPECT_GT(counts.coverage[Covered::kAbortedByDeadline], 0U);
}

// A ledger that puts a payment off has recorded nothing: another copy may still come. So whoever
// took that for the end of it would be told of a payment that it believes rejected.
TEST(FaultsTest, PaymentThatAnOverloadedLedgerPutsOffIsSentAgain) {
  SimulatorCounts counts;
  const std::string text = TwoCurrenciesWith(R"(
steps { id: "p" date: "2024-01-04" time: "09:00"
  pay { from: "DE-BANK-1" to: "DE-BANK-2" currency: "EUR" amount: "10.00" } }
faults { name: "a" date: "2024-01-04" time: "08:59:59" duration_ms: 20000
  overload { nodes: "eu.example/eur" per_mille: 1000 } })");
  const RunResult result = RunText(text, counts);
  ExpectClean(result);
  const ActionResult payment = ResultOf(Compiled(text), result, "p");
  EXPECT_EQ(payment.status, ActionStatus::kSettled);
  EXPECT_GT(payment.ended - payment.started, core::Duration::FromSeconds(10));
  EXPECT_GT(counts.coverage[Covered::kOverloaded], 0U);
}

TEST(FaultsTest, BridgeThatStopsInEveryWriteStillEndsOnOneOutcome) {
  SimulatorCounts counts;
  const RunResult result = RunText(PvpWith(R"(
faults { date: "2024-01-04" time: "08:59:59" duration_ms: 20000
  crash { nodes: "BRIDGE" point: CRASH_POINT_IN_WRITE times: 30 down_ms_max: 100 } })"),
                                   counts);
  ExpectClean(result);
  EXPECT_GT(counts.coverage[Covered::kCrashInWrite], 0U);
  EXPECT_EQ(result.decisions,
            result.observer.settlements_settled + result.observer.settlements_aborted);
}

TEST(FaultsTest, WithheldSignatureAbortsAtTheDeadlineAndHoldsNothing) {
  SimulatorCounts counts;
  const std::string text = PvpWith(R"(
faults { client { step: "s" kind: CLIENT_FAULT_KIND_WITHHOLD_COUNTERPARTY } })");
  const RunResult result = RunText(text, counts);
  ExpectClean(result);
  EXPECT_EQ(ResultOf(Compiled(text), result, "s").status, ActionStatus::kAborted);
  EXPECT_EQ(counts.coverage[Covered::kPrepared], 0U);
}

TEST(FaultsTest, TermsCarriedPastTheBridgeHoldMoneyUntilSomebodyAsks) {
  SimulatorCounts counts;
  const RunResult result = RunText(PvpWith(R"(
faults { client { step: "s" kind: CLIENT_FAULT_KIND_CARRY_PAST } })"),
                                   counts);
  ExpectClean(result);
  EXPECT_GT(counts.coverage[Covered::kPrepared], 0U);
  EXPECT_GT(counts.coverage[Covered::kAbortedUnseen], 0U);
  EXPECT_EQ(counts.coverage[Covered::kReleased], counts.coverage[Covered::kPrepared]);
}

TEST(FaultsTest, DamagedBlockIsPutBackFromTheObserversCopy) {
  SimulatorCounts counts;
  const RunResult result = RunText(PvpWith(R"(
faults { date: "2024-01-04" time: "09:30" corruption { node: "us.example/usd" } }
faults { date: "2024-01-04" time: "09:31" crash { nodes: "us.example/usd" } })"),
                                   counts);
  ExpectClean(result);
  EXPECT_EQ(counts.coverage[Covered::kCorruptionDetected], 1U);
  EXPECT_EQ(counts.coverage[Covered::kBlockRepairedFromCopy], 1U);
}

// The network above with three of four witnesses, one of whom may be faulty.
std::string WitnessedPvpWith(const std::string& more) {
  std::string text = PvpWith(more);
  const std::string log = "decision_log: \"bridge.example/decisions\"";
  return text.replace(
      text.find(log), log.size(),
      log + " witnesses: 4 witnesses_needed: 3 witnesses_faulty_max: 1 settlement_deadline_s: 10");
}

TEST(FaultsTest, WitnessThatIsNotThereOrDoesNothingWrongIsNamedWithItsPlace) {
  const auto findings = Findings(WitnessedPvpWith(R"(
faults { date: "2024-01-04" time: "09:00" byzantine_witness {
  witness: "bridge.example/decisions/witness-5" kind: BYZANTINE_WITNESS_KIND_OLD_BACKUP } }
faults { date: "2024-01-04" time: "09:00" byzantine_witness {
  witness: "bridge.example/decisions/witness-4" } })"));
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_NE(findings[0].message.find("there is no witness"), std::string::npos);
  EXPECT_NE(findings[1].message.find("say what the witness does wrong"), std::string::npos);
}

TEST(FaultsTest, WitnessesThatStopDelayTheCertificateAndLoseNothing) {
  SimulatorCounts counts;
  const RunResult result = RunText(WitnessedPvpWith(R"(
faults { date: "2024-01-04" time: "08:59:59" duration_ms: 20000
  crash { nodes: "bridge.example/decisions/witness-1" nodes: "bridge.example/decisions/witness-2"
          point: CRASH_POINT_IN_WRITE times: 20 down_ms_max: 2000 } })"),
                                   counts);
  ExpectClean(result);
  EXPECT_GT(counts.coverage[Covered::kCrashOfWitness], 0U);
  EXPECT_EQ(result.decisions, 1U);
  EXPECT_EQ(counts.coverage[Covered::kSettled], 1U);
}

TEST(FaultsTest, DamagedBatchOfAWitnessIsPutBackFromTheObserversCopy) {
  SimulatorCounts counts;
  const RunResult result = RunText(WitnessedPvpWith(R"(
faults { date: "2024-01-04" time: "09:30"
  corruption { node: "bridge.example/decisions/witness-3" } }
faults { date: "2024-01-04" time: "09:31"
  crash { nodes: "bridge.example/decisions/witness-3" } })"),
                                   counts);
  ExpectClean(result);
  EXPECT_EQ(counts.coverage[Covered::kCorruptionDetected], 1U);
  EXPECT_EQ(counts.coverage[Covered::kBlockRepairedFromCopy], 1U);
}

TEST(FaultsTest, CosignaturesThatDoNotVerifyAreMadeUpForByTheOthers) {
  SimulatorCounts counts;
  const RunResult result = RunText(WitnessedPvpWith(R"(
faults { date: "2024-01-04" time: "08:00" duration_ms: 7200000 byzantine_witness {
  witness: "bridge.example/decisions/witness-1" kind: BYZANTINE_WITNESS_KIND_BAD_COSIGNATURES } })"),
                                   counts);
  ExpectClean(result);
  EXPECT_GT(counts.coverage[Covered::kWitnessSignedWrongly], 0U);
  EXPECT_EQ(counts.coverage[Covered::kSettled], 1U);
}

TEST(FaultsTest, OperatorWithTwoLogsConvincesNobodyBeforeWitnesses) {
  SimulatorCounts counts;
  const std::string text = WitnessedPvpWith(R"(
faults { date: "2024-01-04" time: "08:59" duration_ms: 90000
  byzantine_bridge { kind: BYZANTINE_BRIDGE_KIND_EQUIVOCATE } }
faults { date: "2024-01-04" time: "08:00" duration_ms: 7200000 byzantine_witness {
  witness: "bridge.example/decisions/witness-2" kind: BYZANTINE_WITNESS_KIND_COSIGN_ANYTHING } })");
  const RunResult result = RunText(text, counts);
  ExpectClean(result);
  EXPECT_EQ(ResultOf(Compiled(text), result, "s").status, ActionStatus::kSettled);
  EXPECT_GT(counts.coverage[Covered::kBridgeEquivocatedBeforeWitnesses], 0U);
  EXPECT_GT(counts.coverage[Covered::kWitnessCosignedSecondLog], 0U);
  EXPECT_GT(counts.coverage[Covered::kCompletionRefused], 0U);
  EXPECT_EQ(counts.coverage[Covered::kWitnessFoundFork], 1U);
}

TEST(FaultsTest, WitnessFromAnOldBackupIsFoundOutAndSignsNoMore) {
  SimulatorCounts counts;
  const RunResult result = RunText(WitnessedPvpWith(R"(
steps { id: "later" date: "2024-01-04" time: "10:00"
  pvp { party: "DE-BANK-1" party_currency: "EUR" party_amount: "1.00"
        counterparty: "US-BANK-1" counterparty_currency: "USD" counterparty_amount: "1.00" } }
faults { date: "2024-01-04" time: "08:59" duration_ms: 1800000 byzantine_witness {
  witness: "bridge.example/decisions/witness-1" kind: BYZANTINE_WITNESS_KIND_OLD_BACKUP } })"),
                                   counts);
  ExpectClean(result);
  EXPECT_EQ(counts.coverage[Covered::kWitnessLostState], 1U);
  EXPECT_EQ(counts.coverage[Covered::kWitnessFoundLostState], 1U);
  EXPECT_EQ(counts.coverage[Covered::kSettled], 2U);
}

TEST(FaultsTest, ModelledSignaturesGiveTheSameBalancesAndAreSaidInTheReport) {
  const std::string text = PvpWith("");
  const Plan real = Compiled(text);
  const Plan modelled = Compiled(text + "modelled_signatures: true\n");
  const RunResult result = Simulated(modelled);
  ExpectClean(result);
  EXPECT_EQ(BalanceOf(modelled, result, "US-BANK-1", "EUR"),
            BalanceOf(real, Simulated(real), "US-BANK-1", "EUR"));
  const std::string report = RenderReportJson(modelled, result, Summarise(modelled, result));
  EXPECT_NE(report.find("\"signatures\": \"modelled\""), std::string::npos);
}

TEST(FaultsTest, FrozenAccountPaysNothingUntilTheFreezeIsLifted) {
  const Plan plan = Compiled(TwoCurrenciesWith(R"(
steps { id: "freeze" date: "2024-01-04" time: "09:00"
  freeze { participant: "DE-BANK-1" currency: "EUR" } }
steps { id: "no" date: "2024-01-04" time: "09:01"
  pay { from: "DE-BANK-1" to: "DE-BANK-2" currency: "EUR" amount: "1.00" } }
steps { id: "thaw" date: "2024-01-04" time: "09:02"
  freeze { participant: "DE-BANK-1" currency: "EUR" lift: true } }
steps { id: "yes" date: "2024-01-04" time: "09:03:00.500"
  pay { from: "DE-BANK-1" to: "DE-BANK-2" currency: "EUR" amount: "1.00" } })"));
  const RunResult result = Simulated(plan);
  EXPECT_EQ(ResultOf(plan, result, "no").rejection.outcome, core::Outcome::kAccountFrozen);
  EXPECT_EQ(ResultOf(plan, result, "yes").status, ActionStatus::kSettled);
}

}  // namespace
}  // namespace causeway::sim
