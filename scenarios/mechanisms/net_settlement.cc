#include "scenarios/mechanisms/net_settlement.h"

#include <algorithm>

#include "settlement/core/check.h"

namespace causeway::sim {

std::optional<NetPositions> NetOf(const std::vector<SettlePvp>& trades) {
  NetPositions positions;
  bool fits = true;
  const auto add = [&](LedgerIndex ledger, ParticipantIndex from, ParticipantIndex to,
                       core::Amount amount) {
    core::Amount& payer = positions[{ledger, from}];
    core::Amount& payee = positions[{ledger, to}];
    const std::optional<core::Amount> paid = core::CheckedSub(payer, amount);
    const std::optional<core::Amount> got = core::CheckedAdd(payee, amount);
    fits = fits && paid && got;
    if (!fits) return;
    payer = *paid;
    payee = *got;
  };
  for (const SettlePvp& trade : trades) {
    add(trade.party_ledger, trade.party, trade.counterparty, trade.party_amount);
    add(trade.counterparty_ledger, trade.counterparty, trade.party, trade.counterparty_amount);
  }
  return fits ? std::optional(std::move(positions)) : std::nullopt;
}

std::vector<NetLeg> LegsOf(const NetPositions& positions) {
  std::vector<NetLeg> legs;
  for (auto begin = positions.begin(); begin != positions.end();) {
    const LedgerIndex ledger = begin->first.first;
    const auto end = std::find_if(begin, positions.end(), [ledger](const auto& position) {
      return position.first.first != ledger;
    });
    std::vector<std::pair<ParticipantIndex, std::int64_t>> debtors;
    std::vector<std::pair<ParticipantIndex, std::int64_t>> creditors;
    for (auto each = begin; each != end; ++each) {
      const std::int64_t net = each->second.minor();
      if (net < 0) debtors.emplace_back(each->first.second, -net);
      if (net > 0) creditors.emplace_back(each->first.second, net);
    }
    auto creditor = creditors.begin();
    for (auto& [debtor, owed] : debtors) {
      while (owed > 0) {
        CW_CHECK(creditor != creditors.end(), "positions of a ledger sum to zero");
        const std::int64_t amount = std::min(owed, creditor->second);
        legs.push_back({ledger, debtor, creditor->first, core::Amount::FromMinor(amount)});
        owed -= amount;
        creditor->second -= amount;
        if (creditor->second == 0) ++creditor;
      }
    }
    CW_CHECK(creditor == creditors.end(), "positions of a ledger sum to zero");
    begin = end;
  }
  return legs;
}

}  // namespace causeway::sim
