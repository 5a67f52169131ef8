#include "scenarios/simulator/netting_mechanism.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace causeway::sim {

NettingOperator::NettingOperator(World& world, const KeyRing& keys, BridgeNode& bridge, Tell tell)
    : NetOperator(world, keys, bridge, world.plan.mechanism.netting.signing_timeout,
                  std::move(tell)) {}

void NettingOperator::Enter(ActionIndex action, ParticipantIndex by) {
  const auto& trade = std::get<SettlePvp>(world_.plan.actions[action].what);
  Happen([action, trade, by](NettingCycle& cycle) { return cycle.Enter(action, trade, by); });
}

void NettingOperator::OnUp() {
  for (const core::BusinessDate date : world_.plan.days) ScheduleDay(date);
  if (const NettingCycle::Attempt* attempt = machine()->attempt()) {
    const std::uint32_t number = attempt->number;
    At(attempt->began + world_.plan.mechanism.netting.signing_timeout,
       [number](NettingCycle& cycle, core::LedgerTime at) {
         return cycle.OnSigningTimeout(at, number);
       });
  }
}

// What fell due while the operator was down happens now; of several cycles the last.
void NettingOperator::ScheduleDay(core::BusinessDate date) {
  const Plan& plan = world_.plan;
  const auto [opens, closes] = OpeningTimesOf(plan, date);
  const EventAt close = [](NettingCycle& cycle, core::LedgerTime) { return cycle.Close(); };
  if (closes <= now()) {
    if (machine()->is_open()) HappenNow(close);
    return;
  }
  At(opens, [](NettingCycle& cycle, core::LedgerTime) { return cycle.Open(); });
  At(closes, close);
  const auto day = static_cast<std::size_t>(
      std::lower_bound(plan.days.begin(), plan.days.end(), date) - plan.days.begin());
  const std::vector<core::Duration>& times = plan.mechanism.netting.times;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto number = static_cast<std::uint32_t>(day * times.size() + i + 1);
    const bool next_is_due = i + 1 < times.size() && date.StartInUtc() + times[i + 1] <= now();
    if (number <= machine()->cycles_begun() || next_is_due) continue;
    At(date.StartInUtc() + times[i],
       [number](NettingCycle& cycle, core::LedgerTime at) { return cycle.Begin(at, number); });
  }
}

NettingCycle::Effects NettingOperator::OnOutcome(NettingCycle& machine, core::LedgerTime now,
                                                 std::uint32_t attempt,
                                                 const core::Rejection& outcome,
                                                 const std::optional<NetBlame>& blame) const {
  return machine.OnOutcome(now, attempt, outcome,
                           blame ? std::optional(blame->member) : std::nullopt);
}

void NettingOperator::Perform(const Effects& effects) {
  for (const NettingCycle::Effect& effect : effects) {
    std::visit([this](const auto& what) { Carry(what); }, effect);
  }
}

NettingMechanism::NettingMechanism(World& world, const KeyRing& keys, BridgeNode& bridge)
    : operator_(world, keys, bridge, [this](const TellTradeEnd& tell) { trades_.Tell(tell); }),
      trades_(world, operator_.index(),
              [this](ActionIndex action, ParticipantIndex by) { operator_.Enter(action, by); }) {}

std::optional<std::vector<Movement>> NettingMechanism::Moved() const {
  if (operator_.running() == nullptr) return std::nullopt;
  return MovementsOf(operator_.running()->settled_trades());
}

}  // namespace causeway::sim
