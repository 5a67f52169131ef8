#include "scenarios/mechanisms/net_settlement.h"

namespace causeway::sim {

fx_queue::Trade TradeOf(const SettlePvp& trade) {
  return {.party = trade.party,
          .counterparty = trade.counterparty,
          .party_ledger = trade.party_ledger,
          .counterparty_ledger = trade.counterparty_ledger,
          .party_amount = trade.party_amount,
          .counterparty_amount = trade.counterparty_amount};
}

std::optional<NetPositions> NetOf(const std::vector<SettlePvp>& trades) {
  std::vector<fx_queue::Trade> all;
  all.reserve(trades.size());
  for (const SettlePvp& trade : trades) all.push_back(TradeOf(trade));
  return fx_queue::NetOf(all);
}

}  // namespace causeway::sim
