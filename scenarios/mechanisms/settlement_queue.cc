#include "scenarios/mechanisms/settlement_queue.h"

#include <algorithm>
#include <optional>

namespace causeway::sim {
namespace {

core::Amount ValueIn(const Plan& plan, const fx_queue::Trade& trade) {
  const auto party = plan.ValueOf(plan.ledgers[trade.party_ledger].currency, trade.party_amount);
  const auto counterparty =
      plan.ValueOf(plan.ledgers[trade.counterparty_ledger].currency, trade.counterparty_amount);
  if (!party || !counterparty) return core::Amount::FromMinor(1);
  const core::Amount most = core::Amount::FromMinor(fx_liquidity::kTotalMinorMax);
  const std::optional<core::Amount> sum = core::CheckedAdd(*party, *counterparty);
  return sum ? std::min(*sum, most) : most;
}

}  // namespace

SettlementQueue::SettlementQueue(const Plan& plan)
    : fx_queue::SettlementQueue(
          plan.mechanism.settlement_queue,
          [&plan](const fx_queue::Trade& trade) { return ValueIn(plan, trade); }) {}

std::vector<std::pair<ActionIndex, SettlePvp>> SettlementQueue::settled_trades() const {
  std::vector<std::pair<ActionIndex, SettlePvp>> settled;
  for (const auto& [id, trade] : fx_queue::SettlementQueue::settled_trades()) {
    settled.emplace_back(id, SettlePvp{.party = trade.party,
                                       .counterparty = trade.counterparty,
                                       .party_ledger = trade.party_ledger,
                                       .counterparty_ledger = trade.counterparty_ledger,
                                       .party_amount = trade.party_amount,
                                       .counterparty_amount = trade.counterparty_amount});
  }
  return settled;
}

}  // namespace causeway::sim
