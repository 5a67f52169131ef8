#include "scenarios/simulator/simulator.h"

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "absl/numeric/int128.h"
#include "fmt/format.h"
#include "scenarios/mechanisms/meter.h"
#include "scenarios/simulator/booking_record.h"
#include "scenarios/simulator/checkers.h"
#include "scenarios/simulator/fault_driver.h"
#include "scenarios/simulator/market.h"
#include "scenarios/simulator/mechanism.h"
#include "scenarios/simulator/modelled_suite.h"
#include "scenarios/simulator/participants.h"
#include "scenarios/simulator/policy_changes.h"
#include "scenarios/simulator/queue_watch.h"
#include "scenarios/simulator/virtual_world.h"
#include "scenarios/simulator/witness_node.h"
#include "scenarios/spec/actor.h"

namespace causeway::sim {
namespace {

// What repeats of lost messages, and writes, may add to a settlement's deadline.
constexpr core::Duration kSettlementSlack = core::Duration::FromSeconds(30);
constexpr core::Duration kOverdueCheckEvery = core::Duration::FromSeconds(5);

// How long one attempt of an action may take, repeats of what was lost included.
core::Duration AttemptBound(const Plan& plan) {
  core::Duration bound = plan.network.reply_timeout + kSettlementSlack;
  if (plan.bridge) bound = bound + plan.bridge->settlement_deadline + kSettlementSlack;
  return bound;
}

class Simulation {
 public:
  Simulation(const Plan& plan, const SimulatorOptions& options)
      : plan_(plan),
        options_(options),
        verifier_(std::make_shared<SimulatorSignatureVerifier>()),
        world_(plan),
        checkers_(world_, world_.coverage, *verifier_) {
    world_.checkers = &checkers_;
    if (!options.measure) return;
    world_.meter = &meter_.emplace(plan);
    world_.queue_watch = &queue_watch_.emplace(plan.ledgers.size());
    world_.bookings = &bookings_.emplace(plan);
  }

  absl::Status Build();
  void MakeLedgers(const NodeFactory& make);
  absl::Status StartNodes();
  void Run();
  RunResult Collect();
  SimulatorCounts counts() const;

 private:
  void ScheduleOverdueCheck(core::LedgerTime time);
  void CheckOverdue();
  void CheckStandstill();
  void CollectActions(RunResult& result) const;
  void CollectQueued(RunResult& result) const;
  void CollectLedger(LedgerIndex index, RunResult& result) const;
  void CollectAccounts(const core::Ledger& ledger, LedgerIndex index, LedgerResult& out,
                       RunResult& result) const;
  void CollectObserver(RunResult& result) const;
  void CollectLogs(RunResult& result) const;
  void CheckSettlements(RunResult& result) const;
  void CheckFlows(RunResult& result) const;
  bool IsUp(LedgerIndex ledger) const { return ledgers_[ledger]->up(); }
  bool AnyDownForGood() const;
  bool TooFewWitnesses() const;

  const Plan& plan_;
  const SimulatorOptions& options_;
  std::shared_ptr<const core::SignatureVerifier> verifier_;
  World world_;
  Checkers checkers_;
  std::unique_ptr<KeyRing> keys_;
  std::unique_ptr<ObserverNode> observer_;
  std::unique_ptr<CorridorNode> corridor_;  // where one ledger has all currencies
  std::vector<std::unique_ptr<LedgerNode>> ledgers_;
  std::vector<std::unique_ptr<WitnessNode>> witnesses_;
  std::unique_ptr<BridgeNode> bridge_;
  std::unique_ptr<FaultDriver> faults_;
  std::unique_ptr<Mechanism> mechanism_;
  std::unique_ptr<Participants> participants_;
  std::optional<Meter> meter_;
  std::optional<QueueWatch> queue_watch_;
  std::optional<BookingRecord> bookings_;
  // When the last fault is over, and the last policy taken up.
  core::LedgerTime over_ = core::LedgerTime::Min();
  core::LedgerTime end_ = core::LedgerTime::Max();
  // When the last durable write was seen, and how many there had been.
  core::LedgerTime last_write_ = core::LedgerTime::Min();
  std::uint64_t writes_seen_ = 0;
  bool stands_still_ = false;
};

absl::Status Simulation::Build() {
  absl::StatusOr<std::unique_ptr<KeyRing>> keys =
      KeyRing::Create(plan_, plan_.modelled_signatures ? &MakeModelledSigner : nullptr);
  if (!keys.ok()) return keys.status();
  keys_ = *std::move(keys);
  // Virtual time begins with the first business day, or before where a ledger opens earlier.
  const core::LedgerTime begin =
      std::min(plan_.days.front().StartInUtc(), plan_.actions.front().time);
  world_.clock.At(begin, EventKind::kOther, [] {});
  world_.clock.Step();
  if (options_.observe) observer_ = std::make_unique<ObserverNode>(world_, *verifier_);
  const NodeFactory as_they_are;
  const NodeFactory& make = options_.nodes != nullptr ? *options_.nodes : as_they_are;
  MakeLedgers(make);
  if (plan_.bridge) {
    for (std::size_t i = 0; i < plan_.bridge->witnesses.size(); ++i) {
      witnesses_.push_back(make.MakeWitness(world_, i, *keys_, verifier_, observer_.get()));
    }
    bridge_ = make.MakeBridge(world_, *keys_, verifier_, ledgers_, observer_.get());
    bridge_->Connect(witnesses_);
  }
  if (absl::Status started = StartNodes(); !started.ok()) return started;
  mechanism_ = MakeMechanism(world_, *keys_, ledgers_, bridge_.get(), corridor_.get());
  if (mechanism_ != nullptr) {
    if (absl::Status started = mechanism_->Start(); !started.ok()) return started;
  }
  faults_ =
      std::make_unique<FaultDriver>(world_, ledgers_, witnesses_, bridge_.get(), observer_.get(),
                                    mechanism_ == nullptr ? nullptr : mechanism_->operator_node());
  faults_->Schedule();
  SchedulePolicyChanges(world_, witnesses_, bridge_.get(), observer_.get());
  const AccountBehaviours behaviours =
      options_.behaviours ? options_.behaviours : BehavioursOf(plan_);
  participants_ = std::make_unique<Participants>(
      world_, *keys_, ledgers_, bridge_.get(), mechanism_.get(), behaviours, options_.on_progress);
  return absl::OkStatus();
}

void Simulation::MakeLedgers(const NodeFactory& make) {
  if (plan_.mechanism.kind == MechanismKind::kSharedLedger) {
    corridor_ = make.MakeCorridor(world_);
  }
  for (std::size_t i = 0; i < plan_.ledgers.size(); ++i) {
    const auto ledger = static_cast<LedgerIndex>(i);
    ledgers_.push_back(corridor_ != nullptr
                           ? corridor_->MakeBook(ledger, *keys_, verifier_, observer_.get())
                           : make.MakeLedger(world_, ledger, *keys_, verifier_, observer_.get()));
  }
}

absl::Status Simulation::StartNodes() {
  if (observer_ != nullptr) {
    for (const auto& ledger : ledgers_) observer_->Follow(ledger.get());
    if (bridge_ != nullptr) observer_->Follow(bridge_.get());
    if (absl::Status started = observer_->Start(); !started.ok()) return started;
  }
  if (corridor_ != nullptr) {
    if (absl::Status started = corridor_->Start(); !started.ok()) return started;
  }
  for (const auto& ledger : ledgers_) {
    if (corridor_ != nullptr) break;
    if (absl::Status started = ledger->Start(); !started.ok()) return started;
  }
  for (const auto& witness : witnesses_) {
    if (!witness->IsNamed()) continue;
    if (absl::Status started = witness->Start(); !started.ok()) return started;
  }
  return bridge_ == nullptr ? absl::OkStatus() : bridge_->Start();
}

void Simulation::Run() {
  participants_->Begin();
  over_ = std::max(faults_->over(), PolicyChangesOver(plan_));
  if (plan_.NodesStop()) {
    end_ = std::max(over_, plan_.actions.back().time) + DrainBound(plan_);
    ScheduleOverdueCheck(over_);
  }
  std::uint64_t until_recount = kEventsBetweenRecounts;
  while (!stands_still_ && world_.clock.now() < end_ && world_.clock.Step()) {
    if (options_.stop_at_breach && checkers_.failed()) return;
    if (--until_recount > 0) continue;
    until_recount = kEventsBetweenRecounts;
    checkers_.Recount(ledgers_, observer_.get());
  }
  checkers_.Recount(ledgers_, observer_.get());
  checkers_.CheckDrained(ledgers_, bridge_.get(), TooFewWitnesses(), observer_.get());
}

void Simulation::ScheduleOverdueCheck(core::LedgerTime time) {
  world_.clock.At(time, EventKind::kOther, [this] {
    CheckOverdue();
    CheckStandstill();
    // As long as anything else is going to happen.
    if (!world_.clock.empty()) ScheduleOverdueCheck(world_.clock.now() + kOverdueCheckEvery);
  });
}

// Once faults are over, a settlement has ended soon after its deadline.
void Simulation::CheckOverdue() {
  if (bridge_ == nullptr || !bridge_->at_rest() || AnyDownForGood()) return;
  for (const bridge::SettlementView& view : bridge_->engine()->ListOpen()) {
    const core::LedgerTime due = std::max(over_, view.deadline) + kSettlementSlack;
    if (world_.clock.now() <= due) continue;
    checkers_.Fail(fmt::format("settlement {} is {} {} s after its deadline and the last fault",
                               view.settlement_id.ToHex().substr(0, 12),
                               pvp::SettlementStateName(view.state),
                               (world_.clock.now() - due + kSettlementSlack).micros() / 1'000'000));
  }
}

// A run in which somebody is gone for good, or a lying operator has stopped its log, does not come
// to an end by itself: clients and nodes go on asking. It has come to one when nothing became
// durable for longer than it takes each of them to ask again and each deadline to pass: whoever
// could move has had its turn, and nodes that have not changed do the same again.
void Simulation::CheckStandstill() {
  const core::LedgerTime now = world_.clock.now();
  const std::uint64_t writes = world_.clock.events_run(EventKind::kWrite);
  if (writes != writes_seen_ || !AnyDownForGood()) {
    writes_seen_ = writes;
    last_write_ = now;
    return;
  }
  // The other mechanisms have times of their own.
  if (mechanism_ != nullptr) return;
  const core::LedgerTime since = std::max(last_write_, plan_.actions.back().time);
  stands_still_ = now - since > AttemptBound(plan_);
}

bool Simulation::AnyDownForGood() const {
  return (bridge_ != nullptr && bridge_->down_for_good()) || TooFewWitnesses() ||
         std::any_of(ledgers_.begin(), ledgers_.end(),
                     [](const auto& ledger) { return ledger->down_for_good(); });
}

// Whether those that can still cosign the log are fewer than a certificate, or a start of the
// bridge, needs: more of them are faulty, or kept from the log by its operator, than may be.
bool Simulation::TooFewWitnesses() const {
  if (witnesses_.empty()) return false;
  std::vector<bool> able(witnesses_.size());
  for (std::size_t i = 0; i < witnesses_.size(); ++i) {
    const WitnessNode& node = *witnesses_[i];
    able[i] = !node.down_for_good() && !node.has_lost_state() && !bridge_->Withholds(i) &&
              !(node.up() && node.engine()->refusing());
  }
  for (const PlannedFault& fault : plan_.faults) {
    const auto* witness = std::get_if<ByzantineWitness>(&fault.what);
    if (witness == nullptr || witness->kind != ByzantineWitnessKind::kBadCosignatures) continue;
    able[witness->witness] = false;
  }
  std::vector<std::size_t> named(plan_.bridge->policy.witnesses.size());
  std::iota(named.begin(), named.end(), std::size_t{0});
  const auto too_few = [&able](const core::SettlementPolicy& policy,
                               const std::vector<std::size_t>& positions) {
    const std::size_t to_start =
        positions.size() - policy.witnesses_needed + policy.witnesses_faulty_max + 1;
    const auto left = static_cast<std::size_t>(
        std::count_if(positions.begin(), positions.end(),
                      [&able](std::size_t position) { return able[position]; }));
    return policy.witnesses_needed > 0 &&
           left < std::max<std::size_t>(policy.witnesses_needed, to_start);
  };
  // Of any policy that settlements may be under.
  return too_few(plan_.bridge->policy, named) ||
         std::any_of(
             plan_.bridge->later_policies.begin(), plan_.bridge->later_policies.end(),
             [&](const PlannedPolicy& later) { return too_few(later.policy, later.witnesses); });
}

SimulatorCounts Simulation::counts() const {
  return {.messages = world_.clock.events_run(EventKind::kMessage),
          .timers = world_.clock.events_run(EventKind::kTimer),
          .writes = world_.clock.events_run(EventKind::kWrite),
          .coverage = world_.coverage};
}

RunResult Simulation::Collect() {
  RunResult result;
  result.mode = "simulated";
  result.all_or_none_breaches = checkers_.all_or_none();
  result.other_breaches = checkers_.others();
  result.actions = participants_->TakeResults();
  CollectQueued(result);
  CollectActions(result);
  for (std::size_t i = 0; i < ledgers_.size(); ++i) {
    CollectLedger(static_cast<LedgerIndex>(i), result);
  }
  if (bridge_ != nullptr && bridge_->up()) {
    result.decisions = bridge_->engine()->size();
    result.decision_log_root = bridge_->engine()->root().ToHex();
    if (bridge_->engine()->contradictions() > 0) {
      result.all_or_none_breaches.push_back(fmt::format(
          "{} replies of ledgers went against a decision", bridge_->engine()->contradictions()));
    }
  }
  CheckSettlements(result);
  CheckFlows(result);
  if (meter_.has_value()) result.mechanism = meter_->Finish(world_.clock.now());
  if (queue_watch_.has_value()) result.ledger_queues = queue_watch_->Finish(world_.clock.now());
  if (bridge_ != nullptr && bridge_->market() != nullptr) {
    result.pools = PoolsOf(plan_, *bridge_->market());
  }
  if (bookings_.has_value()) {
    result.bookings = bookings_->Take();
    result.credit_uses = bookings_->TakeCreditUses();
  }
  if (mechanism_ != nullptr) result.settlement_queue = mechanism_->QueueFigures();
  CollectObserver(result);
  CollectLogs(result);
  return result;
}

// Payments that waited for funds when their action ended: what became of them since.
void Simulation::CollectQueued(RunResult& result) const {
  for (ActionResult& action : result.actions) {
    if (action.status != ActionStatus::kQueued) continue;
    const PlannedAction& planned = plan_.actions[action.action];
    const auto& pay = std::get<PayOneWay>(planned.what);
    if (!IsUp(pay.ledger)) continue;
    const core::Ledger& ledger = ledgers_[pay.ledger]->engine()->ledger();
    const auto state =
        ledger.FindInstruction({plan_.participants[pay.from].id, core::ActionKind::kPay,
                                *core::InstructionId::Parse(planned.id)});
    CW_CHECK(state.ok() && state->has_value(), "what is queued is recorded");
    FollowQueued((*state)->status, (*state)->time, core::SettledPartsOf((*state)->rejection),
                 action);
  }
}

// Actions that did not end are a breach, but for those that wait for a node that is gone.
void Simulation::CollectActions(RunResult& result) const {
  const bool excused = AnyDownForGood() || (options_.stop_at_breach && checkers_.failed());
  for (const ActionResult& action : result.actions) {
    if (action.status != ActionStatus::kPending || excused) continue;
    result.other_breaches.push_back(fmt::format("{} did not end", plan_.actions[action.action].id));
  }
}

void Simulation::CollectLedger(LedgerIndex index, RunResult& result) const {
  LedgerResult& out = result.ledgers.emplace_back();
  out.ledger = index;
  if (!IsUp(index)) return;
  const node::LedgerEngine& engine = *ledgers_[index]->engine();
  const core::Ledger& ledger = engine.ledger();
  ledger.CheckConservation();
  out.state_root = ledger.StateRoot().ToHex();
  out.log_root = engine.root().ToHex();
  out.log_size = engine.size();
  out.in_circulation = ledger.issued();
  CollectAccounts(ledger, index, out, result);
}

void Simulation::CollectAccounts(const core::Ledger& ledger, LedgerIndex index, LedgerResult& out,
                                 RunResult& result) const {
  if (!plan_.ledgers[index].fees.IsEmpty()) {
    const core::AccountState* fees = ledger.FindAccount(plan_.ledgers[index].fees);
    if (fees != nullptr) out.fees = fees->available;
  }
  for (std::size_t p = 0; p < plan_.participants.size(); ++p) {
    const core::AccountAddress& address = plan_.participants[p].accounts[index];
    if (address.IsEmpty()) continue;
    const core::AccountState* account = ledger.FindAccount(address);
    if (account == nullptr) {
      if (options_.stop_at_breach && checkers_.failed()) continue;
      result.other_breaches.push_back(fmt::format("account {} was not opened", address.text()));
      continue;
    }
    out.accounts.push_back(
        {static_cast<ParticipantIndex>(p), address, account->available, account->held});
  }
}

// What clients were told of settlements is so on all their ledgers.
void Simulation::CheckSettlements(RunResult& result) const {
  if (checkers_.failed()) return;  // the first breach says it
  for (const ActionResult& action : result.actions) {
    const bool told = action.status == ActionStatus::kSettled ||
                      action.status == ActionStatus::kAborted ||
                      action.status == ActionStatus::kRejected;
    // A list that is complete has left the ledger; the checkers have followed its legs.
    if (action.settlement_id.IsZero() || !told || action.list_count > 0) continue;
    const bool settled = action.status == ActionStatus::kSettled;
    for (const ActionLeg& leg : action.legs) {
      if (!IsUp(leg.ledger)) continue;
      const auto ended = ledgers_[leg.ledger]->engine()->ledger().FindEnded(action.settlement_id);
      const bool settled_here =
          ended.ok() && ended->has_value() && (*ended)->status == core::InstructionStatus::kSettled;
      if (settled_here == settled) continue;
      result.all_or_none_breaches.push_back(fmt::format(
          "settlement {} {} on {}, against its outcome", plan_.actions[action.action].id,
          settled_here ? "settled" : "did not settle", plan_.ledgers[leg.ledger].origin.text()));
    }
  }
}

// Under a mechanism of its own, each trade moved money exactly as often as it settled: what every
// account holds is what issues, redemptions, payments and settled trades brought it.
void Simulation::CheckFlows(RunResult& result) const {
  const std::optional<std::vector<Movement>> moved =
      mechanism_ == nullptr ? std::nullopt : mechanism_->Moved();
  if (!moved || checkers_.failed()) return;
  std::map<std::pair<LedgerIndex, ParticipantIndex>, absl::int128> expected;
  const auto move = [&expected](LedgerIndex ledger, ParticipantIndex from, ParticipantIndex to,
                                core::Amount amount) {
    expected[{ledger, from}] -= amount.minor();
    expected[{ledger, to}] += amount.minor();
  };
  for (const ActionResult& action : result.actions) {
    const PlannedWhat& what = plan_.actions[action.action].what;
    if (action.status != ActionStatus::kSettled) {
      const auto* pay = std::get_if<PayOneWay>(&what);
      if (pay != nullptr) move(pay->ledger, pay->from, pay->to, action.settled_in_parts);
      continue;
    }
    if (const auto* issue = std::get_if<IssueTo>(&what)) {
      expected[{issue->ledger, issue->to}] += issue->amount.minor();
    } else if (const auto* redeem = std::get_if<RedeemFrom>(&what)) {
      expected[{redeem->ledger, redeem->from}] -= action.legs.front().amount.minor();
    } else if (const auto* pay = std::get_if<PayOneWay>(&what)) {
      move(pay->ledger, pay->from, pay->to, pay->amount);
    }
  }
  for (const Movement& each : *moved) move(each.ledger, each.from, each.to, each.amount);
  for (const LedgerResult& ledger : result.ledgers) {
    for (const AccountResult& account : ledger.accounts) {
      const absl::int128 actual = absl::int128(account.available.minor()) + account.held.minor();
      if (actual == expected[{ledger.ledger, account.participant}]) continue;
      result.other_breaches.push_back(fmt::format(
          "account {} does not hold what the settled trades brought it", account.address.text()));
    }
  }
}

void Simulation::CollectObserver(RunResult& result) const {
  if (observer_ == nullptr || !observer_->up()) return;
  const observer::CorridorVerifier& corridor = *observer_->corridor();
  const observer::CorridorStatus status = corridor.Status();
  ObserverResult& out = result.observer;
  out.ran = true;
  out.settlements_settled = status.settlements.settled;
  out.settlements_aborted = status.settlements.aborted;
  out.settlements_open = status.settlements.open;
  for (const observer::Finding& finding : observer_->findings()) {
    out.alerts.push_back(fmt::format("{}: {}", finding.origin, finding.message));
    if (finding.kind == observer::FindingKind::kSettlementNotAtomic) ++out.alerts_all_or_none;
  }
  out.verified = out.alerts.empty() && (out.settlements_open == 0 || AnyDownForGood());
  for (const observer::LogStatus& log : status.logs) {
    std::uint64_t size = result.decisions;
    bool is_up = bridge_ != nullptr && bridge_->up();
    if (log.is_ledger) {
      const auto ledger = plan_.FindLedger(*core::LedgerOrigin::Parse(log.origin));
      const LedgerResult& operated = result.ledgers[*ledger];
      size = operated.log_size;
      is_up = IsUp(*ledger);
      const std::string seen = log.state_root ? log.state_root->ToHex() : "";
      if (is_up && log.size == size && seen != operated.state_root) {
        out.verified = false;
        out.alerts.push_back(
            fmt::format("{}: the observer's copy differs from the ledger", log.origin));
      }
    }
    if ((is_up && log.size != size) || log.halted) out.verified = false;
  }
  if (!out.verified && out.alerts.empty() && !checkers_.failed()) {
    result.other_breaches.emplace_back("the observer has not verified every log to its end");
  }
}

void Simulation::CollectLogs(RunResult& result) const {
  const auto collect = [&result](std::string origin, std::string genesis, const auto* engine) {
    RunResult::LogTrace& log = result.logs.emplace_back();
    log.origin = std::move(origin);
    log.genesis = std::move(genesis);
    if (engine == nullptr) return;
    for (std::uint64_t i = 0; i < engine->batch_count(); ++i) {
      absl::StatusOr<std::string> bytes = engine->ReadBatchBytes(i);
      if (!bytes.ok()) return;  // damaged, and nobody has met it yet
      log.batches.push_back(*std::move(bytes));
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

std::unique_ptr<LedgerNode> NodeFactory::MakeLedger(
    World& world, LedgerIndex ledger, const KeyRing& keys,
    const std::shared_ptr<const core::SignatureVerifier>& verifier, ObserverNode* observer) const {
  return std::make_unique<LedgerNode>(world, ledger, keys, verifier, observer);
}

std::unique_ptr<BridgeNode> NodeFactory::MakeBridge(
    World& world, const KeyRing& keys,
    const std::shared_ptr<const core::SignatureVerifier>& verifier,
    const std::vector<std::unique_ptr<LedgerNode>>& ledgers, ObserverNode* observer) const {
  return std::make_unique<BridgeNode>(world, keys, verifier, ledgers, observer);
}

std::unique_ptr<WitnessNode> NodeFactory::MakeWitness(
    World& world, std::size_t position, const KeyRing& keys,
    const std::shared_ptr<const core::SignatureVerifier>& verifier,
    const ObserverNode* observer) const {
  return std::make_unique<WitnessNode>(world, position, keys, verifier, observer);
}

std::unique_ptr<CorridorNode> NodeFactory::MakeCorridor(World& world) const {
  return std::make_unique<CorridorNode>(world);
}

core::Duration DrainBound(const Plan& plan) {
  core::Duration bound = plan.network.reply_timeout + kSettlementSlack;
  if (plan.mechanism.kind == MechanismKind::kHtlc) {
    // What went in last, and what a bank that was cut off finds when it comes back.
    bound = bound + plan.mechanism.htlc.first_timeout + plan.mechanism.htlc.first_timeout;
  }
  if (plan.mechanism.kind == MechanismKind::kSharedLedger) {
    bound = bound + plan.mechanism.shared_ledger.matching_timeout;
  }
  if (!plan.bridge) return bound;
  for (std::uint32_t attempt = 0; attempt <= kSettlementAttemptsMax; ++attempt) {
    bound = bound + plan.bridge->settlement_deadline + kSettlementSlack;
  }
  return bound;
}

absl::StatusOr<RunResult> RunSimulation(const Plan& plan, const SimulatorOptions& options,
                                        SimulatorCounts* counts) {
  Simulation simulation(plan, options);
  const absl::Status built = simulation.Build();
  if (!built.ok()) return built;
  simulation.Run();
  if (counts != nullptr) *counts = simulation.counts();
  return simulation.Collect();
}

}  // namespace causeway::sim
