#include "scenarios/simulator/hand_in_mechanism.h"

#include <utility>

#include "fmt/format.h"
#include "scenarios/simulator/checkers.h"

namespace causeway::sim {

void HandInMechanism::Settle(ActionIndex action, Done done) {
  if (const std::optional<ActionResult> unheard = EndOfUnheard(world_, action)) {
    done(*unheard);
    return;
  }
  open_[action] = {std::move(done), world_.clock.now()};
  const auto& trade = std::get<SettlePvp>(world_.plan.actions[action].what);
  if (HandsIn(action, false)) HandIn(action, trade.party);
  if (HandsIn(action, true)) HandIn(action, trade.counterparty);
}

void HandInMechanism::HandIn(ActionIndex action, ParticipantIndex by) {
  if (!open_.contains(action)) return;
  world_.network.Send(world_.nodes.Participant(by), desk(),
                      [this, action, by] { Arrive(action, by); });
  world_.clock.After(world_.plan.network.reply_timeout, EventKind::kTimer,
                     [this, action, by] { HandIn(action, by); });
}

void HandInMechanism::Tell(ActionIndex trade, const core::Rejection& outcome) {
  const auto& what = std::get<SettlePvp>(world_.plan.actions[trade].what);
  for (const ParticipantIndex party : {what.party, what.counterparty}) {
    world_.network.Send(desk(), world_.nodes.Participant(party),
                        [this, trade, outcome] { OnTold(trade, outcome); });
  }
}

void HandInMechanism::OnTold(ActionIndex trade, const core::Rejection& outcome) {
  if (told_.emplace(trade, outcome.outcome).first->second != outcome.outcome) {
    world_.checkers->Fail(
        fmt::format("parties are told two outcomes of trade {}", world_.plan.actions[trade].id));
  }
  const auto open = open_.find(trade);
  if (open == open_.end()) return;
  const Open ended = std::move(open->second);
  open_.erase(open);
  ended.done(EndOfPvp(world_, trade, outcome, ended.started));
}

}  // namespace causeway::sim
