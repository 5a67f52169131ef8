#include "scenarios/simulator/simulator.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "observer/verifier/corridor_verifier.h"
#include "scenarios/simulator/bridge_node.h"
#include "scenarios/simulator/ledger_node.h"
#include "scenarios/simulator/participants.h"
#include "scenarios/simulator/virtual_world.h"
#include "scenarios/simulator/witness_node.h"
#include "scenarios/spec/actor.h"

namespace causeway::sim {
namespace {

class Simulation {
 public:
  Simulation(const Plan& plan, const SimulatorOptions& options)
      : plan_(plan),
        options_(options),
        verifier_(std::make_shared<core::OpenSslSignatureVerifier>()),
        network_(plan, clock_),
        corridor_(*verifier_) {}

  absl::Status Build();
  void Run();
  RunResult Collect();
  std::uint64_t events() const { return clock_.events_run(); }

 private:
  absl::Status AddLedger(LedgerIndex index);
  absl::Status AddBridge();
  LedgerResult CollectLedger(LedgerIndex index, RunResult& result) const;
  void CollectAccounts(const core::Ledger& ledger, LedgerIndex index, LedgerResult& out,
                       RunResult& result) const;
  void CollectObserver(RunResult& result) const;
  void CollectLogs(RunResult& result) const;
  void CheckSettlements(RunResult& result) const;

  const Plan& plan_;
  const SimulatorOptions& options_;
  std::shared_ptr<const core::SignatureVerifier> verifier_;
  VirtualClock clock_;
  VirtualNetwork network_;
  observer::CorridorVerifier corridor_;
  std::vector<OrderedLink> links_;  // to the observer: from each ledger, then from the bridge
  std::unique_ptr<KeyRing> keys_;
  std::vector<std::unique_ptr<LedgerNode>> ledgers_;
  std::vector<std::unique_ptr<WitnessNode>> witnesses_;
  std::unique_ptr<BridgeNode> bridge_;
  std::unique_ptr<Participants> participants_;
};

absl::Status Simulation::Build() {
  absl::StatusOr<std::unique_ptr<KeyRing>> keys = KeyRing::Create(plan_);
  if (!keys.ok()) return keys.status();
  keys_ = *std::move(keys);
  for (std::size_t i = 0; i <= plan_.ledgers.size(); ++i) links_.emplace_back(network_);
  // Virtual time begins with the first business day.
  clock_.At(plan_.days.front().StartInUtc(), [] {});
  clock_.Step();
  if (options_.observe && plan_.bridge) {
    const absl::Status added = corridor_.AddDecisionLog({plan_.bridge->policy_bytes});
    if (!added.ok()) return added;
  }
  for (std::size_t i = 0; i < plan_.ledgers.size(); ++i) {
    const absl::Status added = AddLedger(static_cast<LedgerIndex>(i));
    if (!added.ok()) return added;
  }
  if (plan_.bridge) {
    const absl::Status added = AddBridge();
    if (!added.ok()) return added;
  }
  participants_ = std::make_unique<Participants>(plan_, *keys_, clock_, network_, ledgers_,
                                                 bridge_.get(), options_.on_progress);
  return absl::OkStatus();
}

absl::Status Simulation::AddLedger(LedgerIndex index) {
  const PlannedLedger& planned = plan_.ledgers[index];
  if (options_.observe) {
    const absl::Status added = corridor_.AddLedger(planned.origin, planned.genesis.hash);
    if (!added.ok()) return added;
  }
  LedgerNode::Publish publish = [this, index](const std::string& batch) {
    if (!options_.observe) return;
    links_[index].Send(
        [this, index, batch] { corridor_.OnLedgerBatch(plan_.ledgers[index].origin, batch); });
  };
  absl::StatusOr<std::unique_ptr<LedgerNode>> node =
      LedgerNode::Create(plan_, index, *keys_, verifier_, clock_, std::move(publish));
  if (!node.ok()) return node.status();
  ledgers_.push_back(*std::move(node));
  return absl::OkStatus();
}

absl::Status Simulation::AddBridge() {
  for (std::size_t i = 0; i < plan_.bridge->witnesses.size(); ++i) {
    absl::StatusOr<std::unique_ptr<WitnessNode>> witness =
        WitnessNode::Create(plan_, i, *keys_, verifier_, clock_);
    if (!witness.ok()) return witness.status();
    witnesses_.push_back(*std::move(witness));
  }
  BridgeNode::Publish publish = [this](const std::string& batch) {
    if (!options_.observe) return;
    links_.back().Send([this, batch] { corridor_.OnDecisionBatch(batch); });
  };
  absl::StatusOr<std::unique_ptr<BridgeNode>> node = BridgeNode::Create(
      plan_, *keys_, verifier_, clock_, network_, ledgers_, witnesses_, std::move(publish));
  if (!node.ok()) return node.status();
  bridge_ = *std::move(node);
  return absl::OkStatus();
}

void Simulation::Run() {
  participants_->Begin();
  while (clock_.Step()) {
  }
}

RunResult Simulation::Collect() {
  RunResult result;
  result.mode = "simulated";
  result.actions = participants_->TakeResults();
  for (const ActionResult& action : result.actions) {
    if (action.status != ActionStatus::kPending) continue;
    result.other_breaches.push_back(fmt::format("{} did not end", plan_.actions[action.action].id));
  }
  for (std::size_t i = 0; i < ledgers_.size(); ++i) {
    result.ledgers.push_back(CollectLedger(static_cast<LedgerIndex>(i), result));
  }
  if (bridge_ != nullptr) {
    result.decisions = bridge_->engine().size();
    result.decision_log_root = bridge_->engine().root().ToHex();
    if (bridge_->engine().contradictions() > 0) {
      result.all_or_none_breaches.push_back(fmt::format(
          "{} replies of ledgers went against a decision", bridge_->engine().contradictions()));
    }
  }
  for (const std::unique_ptr<WitnessNode>& witness : witnesses_) {
    if (!witness->engine().evidence().has_value()) continue;
    result.other_breaches.push_back(fmt::format("witness {} signs no more: {}",
                                                witness->engine().name(),
                                                witness->engine().evidence()->message));
  }
  CheckSettlements(result);
  if (options_.observe) CollectObserver(result);
  CollectLogs(result);
  return result;
}

LedgerResult Simulation::CollectLedger(LedgerIndex index, RunResult& result) const {
  const node::LedgerEngine& engine = ledgers_[index]->engine();
  const core::Ledger& ledger = engine.ledger();
  ledger.CheckConservation();
  LedgerResult out;
  out.ledger = index;
  out.state_root = ledger.StateRoot().ToHex();
  out.log_root = engine.root().ToHex();
  out.log_size = engine.size();
  out.in_circulation = ledger.issued();
  CollectAccounts(ledger, index, out, result);
  return out;
}

void Simulation::CollectAccounts(const core::Ledger& ledger, LedgerIndex index, LedgerResult& out,
                                 RunResult& result) const {
  for (std::size_t p = 0; p < plan_.participants.size(); ++p) {
    const core::AccountAddress& address = plan_.participants[p].accounts[index];
    if (address.IsEmpty()) continue;
    const core::AccountState* account = ledger.FindAccount(address);
    if (account == nullptr) {
      result.other_breaches.push_back(fmt::format("account {} was not opened", address.text()));
      continue;
    }
    out.accounts.push_back(
        {static_cast<ParticipantIndex>(p), address, account->available, account->held});
  }
  const std::size_t prepared = ledger.PreparedSettlements().size();
  if (prepared > 0) {
    result.all_or_none_breaches.push_back(
        fmt::format("{} holds {} settlements that have no outcome",
                    plan_.ledgers[index].origin.text(), prepared));
  }
}

// Every settlement has one outcome, on all its ledgers.
void Simulation::CheckSettlements(RunResult& result) const {
  for (const ActionResult& action : result.actions) {
    if (action.settlement_id.IsZero()) continue;
    const bool settled = action.status == ActionStatus::kSettled;
    for (const ActionLeg& leg : action.legs) {
      const core::SettlementState* state =
          ledgers_[leg.ledger]->engine().ledger().FindSettlement(action.settlement_id);
      const bool settled_here =
          state != nullptr && state->status == core::InstructionStatus::kSettled;
      if (settled_here == settled) continue;
      result.all_or_none_breaches.push_back(fmt::format(
          "settlement {} {} on {}, against its outcome", plan_.actions[action.action].id,
          settled_here ? "settled" : "did not settle", plan_.ledgers[leg.ledger].origin.text()));
    }
  }
}

void Simulation::CollectObserver(RunResult& result) const {
  const observer::CorridorStatus status = corridor_.Status();
  ObserverResult& out = result.observer;
  out.ran = true;
  out.settlements_settled = status.settlements.settled;
  out.settlements_aborted = status.settlements.aborted;
  out.settlements_open = status.settlements.open;
  for (const observer::Finding& finding : corridor_.findings()) {
    out.alerts.push_back(fmt::format("{}: {}", finding.origin, finding.message));
    if (finding.kind == observer::FindingKind::kSettlementNotAtomic) ++out.alerts_all_or_none;
  }
  out.verified = out.alerts.empty() && out.settlements_open == 0;
  for (const observer::LogStatus& log : status.logs) {
    std::uint64_t size = result.decisions;
    if (log.is_ledger) {
      const auto ledger = plan_.FindLedger(*core::LedgerOrigin::Parse(log.origin));
      const LedgerResult& operated = result.ledgers[*ledger];
      size = operated.log_size;
      const std::string seen = log.state_root ? log.state_root->ToHex() : "";
      if (seen != operated.state_root) {
        out.verified = false;
        out.alerts.push_back(
            fmt::format("{}: the observer's copy differs from the ledger", log.origin));
      }
    }
    if (log.size != size || log.halted) out.verified = false;
  }
}

void Simulation::CollectLogs(RunResult& result) const {
  const auto collect = [&result](std::string origin, std::string genesis, const auto& engine) {
    RunResult::LogTrace& log = result.logs.emplace_back();
    log.origin = std::move(origin);
    log.genesis = std::move(genesis);
    for (std::uint64_t i = 0; i < engine.batch_count(); ++i) {
      log.batches.push_back(*engine.ReadBatchBytes(i));
    }
  };
  for (std::size_t i = 0; i < ledgers_.size(); ++i) {
    collect(plan_.ledgers[i].origin.ToString(), plan_.ledgers[i].genesis.bytes,
            ledgers_[i]->engine());
  }
  if (bridge_ != nullptr) {
    collect(plan_.bridge->decision_log.ToString(), plan_.bridge->policy_bytes, bridge_->engine());
  }
}

}  // namespace

absl::StatusOr<RunResult> RunSimulation(const Plan& plan, const SimulatorOptions& options,
                                        SimulatorCounts* counts) {
  Simulation simulation(plan, options);
  const absl::Status built = simulation.Build();
  if (!built.ok()) return built;
  simulation.Run();
  if (counts != nullptr) counts->events = simulation.events();
  return simulation.Collect();
}

}  // namespace causeway::sim
