// What the parties of trades do under every mechanism whose operator has a desk for them: both hand
// a trade in there, again and again, until they are told how it ended.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_ENTERED_TRADES_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_ENTERED_TRADES_H_

#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "scenarios/mechanisms/net_settlement.h"
#include "scenarios/simulator/mechanism.h"

namespace causeway::sim {

class EnteredTrades {
 public:
  using Enter = std::function<void(ActionIndex, ParticipantIndex by)>;
  // Whether that side of a trade says anything.
  using HandsIn = std::function<bool(ActionIndex, bool counterparty)>;

  // `enter` is a message of a party that arrives at `desk`, and so is `withdraw`; without it trades
  // cannot be withdrawn. Without `hands_in` a side hands in unless the plan has it withhold.
  EnteredTrades(World& world, NodeIndex desk, Enter enter, Enter withdraw = nullptr,
                HandsIn hands_in = nullptr)
      : world_(world),
        desk_(desk),
        enter_(std::move(enter)),
        withdraw_(std::move(withdraw)),
        hands_in_(std::move(hands_in)) {}

  void Settle(ActionIndex action, Mechanism::Done done);
  // The desk knows how a trade ended, and tells both parties: each time that it is asked.
  void Tell(const TellTradeEnd& tell);

 private:
  struct Open {
    Mechanism::Done done;
    core::LedgerTime started;
    bool withdrawing = false;
  };

  // Hands in the trade, or withdraws it.
  void Say(ActionIndex action, ParticipantIndex by);
  // The same, and again until its end is known.
  void HandIn(ActionIndex action, ParticipantIndex by);
  // Those who handed in.
  std::vector<ParticipantIndex> PartiesOf(ActionIndex action) const;
  void OnTold(const TellTradeEnd& tell);

  World& world_;
  NodeIndex desk_;
  Enter enter_;
  Enter withdraw_;
  HandsIn hands_in_;
  std::map<ActionIndex, Open> open_;
  std::map<ActionIndex, core::Outcome> told_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_ENTERED_TRADES_H_
