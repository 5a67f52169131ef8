// The settlement queue of fx-bridge/queue for the trades of a plan, whose actions name them.
#ifndef CAUSEWAY_SCENARIOS_MECHANISMS_SETTLEMENT_QUEUE_H_
#define CAUSEWAY_SCENARIOS_MECHANISMS_SETTLEMENT_QUEUE_H_

#include <utility>
#include <vector>

#include "fx-bridge/queue/settlement_queue.h"
#include "scenarios/mechanisms/net_settlement.h"
#include "scenarios/spec/plan.h"

namespace causeway::sim {

class SettlementQueue : public fx_queue::SettlementQueue {
 public:
  // By the plan's rules. `plan` outlives it.
  explicit SettlementQueue(const Plan& plan);

  Effects Enter(core::LedgerTime now, ActionIndex id, const SettlePvp& trade, ParticipantIndex by) {
    return fx_queue::SettlementQueue::Enter(now, id, TradeOf(trade), by);
  }
  Effects Withdraw(core::LedgerTime now, ActionIndex id, const SettlePvp& trade,
                   ParticipantIndex by) {
    return fx_queue::SettlementQueue::Withdraw(now, id, TradeOf(trade), by);
  }
  // What each settled trade moves.
  std::vector<std::pair<ActionIndex, SettlePvp>> settled_trades() const;
  // Both legs in the plan's value currency; without reference rates for both, 1.
  core::Amount ValueOf(const SettlePvp& trade) const {
    return fx_queue::SettlementQueue::ValueOf(TradeOf(trade));
  }
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_MECHANISMS_SETTLEMENT_QUEUE_H_
