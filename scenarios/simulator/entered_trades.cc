#include "scenarios/simulator/entered_trades.h"

#include <optional>
#include <variant>

#include "fmt/format.h"
#include "scenarios/simulator/checkers.h"

namespace causeway::sim {

void EnteredTrades::Settle(ActionIndex action, Mechanism::Done done) {
  if (const std::optional<ActionResult> unheard = EndOfUnheard(world_, action)) {
    done(*unheard);
    return;
  }
  open_[action] = {.done = std::move(done), .started = world_.clock.now()};
  for (const ParticipantIndex party : PartiesOf(action)) HandIn(action, party);
  const auto& trade = std::get<SettlePvp>(world_.plan.actions[action].what);
  if (!trade.withdraw_after || withdraw_ == nullptr) return;
  // Nobody waits for it: while the trade is open, the parties say again what they want.
  world_.clock.After(*trade.withdraw_after, EventKind::kOther, [this, action] {
    const auto open = open_.find(action);
    if (open == open_.end()) return;
    open->second.withdrawing = true;
    for (const ParticipantIndex party : PartiesOf(action)) Say(action, party);
  });
}

std::vector<ParticipantIndex> EnteredTrades::PartiesOf(ActionIndex action) const {
  const auto& trade = std::get<SettlePvp>(world_.plan.actions[action].what);
  std::vector<ParticipantIndex> parties;
  for (const bool counterparty : {false, true}) {
    const bool hands_in =
        hands_in_ ? hands_in_(action, counterparty) : !Withholds(world_.plan, action, counterparty);
    if (hands_in) parties.push_back(counterparty ? trade.counterparty : trade.party);
  }
  return parties;
}

void EnteredTrades::Tell(const TellTradeEnd& tell) {
  const auto& trade = std::get<SettlePvp>(world_.plan.actions[tell.trade].what);
  for (const ParticipantIndex party : {trade.party, trade.counterparty}) {
    world_.network.Send(desk_, world_.nodes.Participant(party), [this, tell] { OnTold(tell); });
  }
}

void EnteredTrades::Say(ActionIndex action, ParticipantIndex by) {
  const Enter& say = open_.at(action).withdrawing ? withdraw_ : enter_;
  world_.network.Send(world_.nodes.Participant(by), desk_, [&say, action, by] { say(action, by); });
}

void EnteredTrades::HandIn(ActionIndex action, ParticipantIndex by) {
  if (!open_.contains(action)) return;
  Say(action, by);
  world_.clock.After(world_.plan.network.reply_timeout, EventKind::kTimer,
                     [this, action, by] { HandIn(action, by); });
}

void EnteredTrades::OnTold(const TellTradeEnd& tell) {
  const core::Outcome outcome = tell.outcome.outcome;
  const auto told = told_.emplace(tell.trade, outcome);
  if (told.first->second != outcome) {
    world_.checkers->Fail(fmt::format("parties are told two outcomes of trade {}",
                                      world_.plan.actions[tell.trade].id));
  }
  const auto open = open_.find(tell.trade);
  if (open == open_.end()) return;
  const Open ended = std::move(open->second);
  open_.erase(open);
  ended.done(EndOfPvp(world_, tell.trade, tell.outcome, ended.started));
}

}  // namespace causeway::sim
