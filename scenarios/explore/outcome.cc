#include "scenarios/explore/outcome.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "fmt/format.h"
#include "scenarios/spec/scenario_file.h"
#include "settlement/core/bytes.h"
#include "settlement/core/hash.h"

namespace causeway::sim {
namespace {

std::string DigestOf(const RunResult& result) {
  core::Sha256Hasher hasher;
  const auto add = [&hasher](std::string_view part) {
    hasher.Update(core::Writer().Size(part.size()).bytes()).Update(part);
  };
  for (const RunResult::LogTrace& log : result.logs) {
    add(log.origin);
    for (const std::string& batch : log.batches) add(batch);
  }
  for (const LedgerResult& ledger : result.ledgers) add(ledger.state_root);
  return hasher.Finish().ToHex();
}

// How trades settle, and are returned, under each mechanism but the coordinated one.
struct TradesOf {
  MechanismKind kind;
  Covered settled;
  Covered returned;
};
constexpr std::array kTradesOf = {
    TradesOf{MechanismKind::kHtlc, Covered::kHtlcSettled, Covered::kHtlcReturned},
    TradesOf{MechanismKind::kNettingCycle, Covered::kNettingSettled, Covered::kNettingReturned},
    TradesOf{MechanismKind::kSharedLedger, Covered::kSharedLedgerSettled,
             Covered::kSharedLedgerReturned},
    TradesOf{MechanismKind::kClsStyle, Covered::kClsSettled, Covered::kClsReturned},
    TradesOf{MechanismKind::kSettlementQueue, Covered::kQueueSettled, Covered::kQueueReturned},
};

// Half-done trades are a breach but under hash time-locks, where they are counted.
void TakeTrades(const Plan& plan, const RunResult& result, Outcome& outcome) {
  const auto* const counted =
      std::find_if(kTradesOf.begin(), kTradesOf.end(),
                   [&plan](const TradesOf& trades) { return trades.kind == plan.mechanism.kind; });
  if (counted == kTradesOf.end()) return;
  for (const ActionResult& action : result.actions) {
    const PlannedAction& planned = plan.actions[action.action];
    if (!std::holds_alternative<SettlePvp>(planned.what)) continue;
    Coverage& coverage = outcome.counts.coverage;
    if (action.status == ActionStatus::kSettled) coverage.Add(counted->settled);
    if (action.status == ActionStatus::kRejected) coverage.Add(counted->returned);
    if (action.status != ActionStatus::kHalfDone) continue;
    if (plan.mechanism.kind == MechanismKind::kHtlc) {
      coverage.Add(Covered::kHtlcHalfDone);
    } else {
      outcome.breaches.push_back(fmt::format("{} settled for one party only", planned.id));
    }
  }
  if (result.mechanism) outcome.principal_lost_minor = result.mechanism->principal_lost.minor();
}

}  // namespace

Outcome RunScenario(const causeway::v1::Scenario& scenario, const RunOptions& options) {
  Outcome outcome;
  const auto compiled = CompileScenario(scenario);
  if (const auto* findings = std::get_if<std::vector<Finding>>(&compiled)) {
    for (const Finding& finding : *findings) {
      outcome.breaches.push_back(fmt::format("the scenario does not compile: {}", finding.message));
    }
    return outcome;
  }
  SimulatorOptions simulator;
  simulator.observe = options.observe;
  simulator.stop_at_breach = true;
  simulator.nodes = options.nodes;
  const Plan& plan = std::get<Plan>(compiled);
  simulator.measure = plan.mechanism.kind == MechanismKind::kHtlc;
  const absl::StatusOr<RunResult> result = RunSimulation(plan, simulator, &outcome.counts);
  if (!result.ok()) {
    outcome.breaches.push_back(std::string(result.status().message()));
    return outcome;
  }
  outcome.breaches = result->all_or_none_breaches;
  outcome.breaches.insert(outcome.breaches.end(), result->other_breaches.begin(),
                          result->other_breaches.end());
  for (const std::string& alert : result->observer.alerts) {
    outcome.breaches.push_back(fmt::format("the observer: {}", alert));
  }
  TakeTrades(plan, *result, outcome);
  outcome.digest = DigestOf(*result);
  return outcome;
}

std::string EncodeOutcome(const Outcome& outcome) {
  core::Writer writer;
  writer.U32(static_cast<std::uint32_t>(outcome.breaches.size()));
  for (const std::string& breach : outcome.breaches) writer.Sized(breach);
  writer.U64(outcome.counts.messages).U64(outcome.counts.timers).U64(outcome.counts.writes);
  for (std::size_t i = 0; i < kCoveredCount; ++i) {
    writer.U64(outcome.counts.coverage[static_cast<Covered>(i)]);
  }
  writer.I64(outcome.principal_lost_minor).Sized(outcome.digest);
  return std::move(writer).Take();
}

absl::StatusOr<Outcome> DecodeOutcome(std::string_view bytes) {
  core::Reader reader(bytes);
  Outcome outcome;
  const std::uint32_t breaches = reader.U32();
  for (std::uint32_t i = 0; i < breaches && reader.ok(); ++i) {
    outcome.breaches.emplace_back(reader.Sized());
  }
  outcome.counts.messages = reader.U64();
  outcome.counts.timers = reader.U64();
  outcome.counts.writes = reader.U64();
  for (std::size_t i = 0; i < kCoveredCount; ++i) {
    outcome.counts.coverage.Add(static_cast<Covered>(i), reader.U64());
  }
  outcome.principal_lost_minor = reader.I64();
  outcome.digest = reader.Sized();
  if (!reader.Done()) return absl::DataLossError("an outcome is cut short");
  return outcome;
}

}  // namespace causeway::sim
