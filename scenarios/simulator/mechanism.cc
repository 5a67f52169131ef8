#include "scenarios/simulator/mechanism.h"

#include <algorithm>

#include "scenarios/simulator/cls_mechanism.h"
#include "scenarios/simulator/hash_lock_mechanism.h"
#include "scenarios/simulator/netting_mechanism.h"
#include "scenarios/simulator/settlement_queue_mechanism.h"
#include "scenarios/simulator/shared_ledger_mechanism.h"

namespace causeway::sim {

std::unique_ptr<Mechanism> MakeMechanism(World& world, const KeyRing& keys,
                                         const std::vector<std::unique_ptr<LedgerNode>>& ledgers,
                                         BridgeNode* bridge, CorridorNode* corridor) {
  switch (world.plan.mechanism.kind) {
    case MechanismKind::kCoordinated:
      return nullptr;
    case MechanismKind::kHtlc:
      return std::make_unique<HashLockMechanism>(world, keys, ledgers);
    case MechanismKind::kClsStyle:
      return std::make_unique<ClsMechanism>(world, keys, ledgers);
    case MechanismKind::kNettingCycle:
      return std::make_unique<NettingMechanism>(world, keys, *bridge);
    case MechanismKind::kSharedLedger:
      return std::make_unique<SharedLedgerMechanism>(world, keys, *corridor);
    case MechanismKind::kSettlementQueue:
      return std::make_unique<SettlementQueueMechanism>(world, keys, ledgers, *bridge);
  }
  return nullptr;
}

OpeningTimes OpeningTimesOf(const Plan& plan, core::BusinessDate date) {
  OpeningTimes times{core::LedgerTime::Max(), core::LedgerTime::Min()};
  for (const PlannedAction& action : plan.actions) {
    const auto* change = std::get_if<ChangeDayPhase>(&action.what);
    if (change == nullptr || action.date != date) continue;
    if (change->phase == core::DayPhase::kOpen) times.opens = std::min(times.opens, action.time);
    if (change->phase == core::DayPhase::kCutOff) {
      times.closes = std::max(times.closes, action.time);
    }
  }
  return times;
}

bool Withholds(const Plan& plan, ActionIndex action, bool counterparty) {
  const ClientFaultKind kind =
      counterparty ? ClientFaultKind::kWithholdCounterparty : ClientFaultKind::kWithholdParty;
  return std::any_of(plan.faults.begin(), plan.faults.end(), [&](const PlannedFault& fault) {
    const auto* client = std::get_if<ClientFault>(&fault.what);
    return client != nullptr && client->action == action && client->kind == kind;
  });
}

ActionResult EndOfPvp(const World& world, ActionIndex action, const core::Rejection& outcome,
                      core::LedgerTime started) {
  const auto& what = std::get<SettlePvp>(world.plan.actions[action].what);
  const bool settled = outcome.outcome == core::Outcome::kAccepted;
  ActionResult result;
  result.action = action;
  result.status = settled ? ActionStatus::kSettled : ActionStatus::kRejected;
  result.rejection = outcome;
  result.legs = {{what.party_ledger, what.party_amount},
                 {what.counterparty_ledger, what.counterparty_amount}};
  result.attempts = 1;
  result.started = started;
  result.ended = world.clock.now();
  return result;
}

std::optional<ActionResult> EndOfUnheard(const World& world, ActionIndex action) {
  if (!Withholds(world.plan, action, false) || !Withholds(world.plan, action, true)) {
    return std::nullopt;
  }
  return EndOfPvp(world, action,
                  {.outcome = core::Outcome::kApprovalsMissing, .rule = "nobody handed it in"},
                  world.clock.now());
}

}  // namespace causeway::sim
