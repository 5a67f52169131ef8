// The net settlement of fx-bridge/queue for the trades of a plan. Pure.
#ifndef CAUSEWAY_SCENARIOS_MECHANISMS_NET_SETTLEMENT_H_
#define CAUSEWAY_SCENARIOS_MECHANISMS_NET_SETTLEMENT_H_

#include <optional>
#include <vector>

#include "fx-bridge/queue/net_settlement.h"
#include "scenarios/spec/plan.h"

namespace causeway::sim {

using fx_queue::AskNetSignatures;
using fx_queue::LegsOf;
using fx_queue::NetAttempt;
using fx_queue::NetBlame;
using fx_queue::NetLeg;
using fx_queue::NetPositions;
using fx_queue::SubmitNetted;
using fx_queue::TellTradeEnd;

fx_queue::Trade TradeOf(const SettlePvp& trade);
// As fx_queue::NetOf.
std::optional<NetPositions> NetOf(const std::vector<SettlePvp>& trades);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_MECHANISMS_NET_SETTLEMENT_H_
