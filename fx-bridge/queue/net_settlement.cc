#include "fx-bridge/queue/net_settlement.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "settlement/core/check.h"

namespace causeway::fx_queue {
namespace {

constexpr std::string_view kLegPrefix = "leg ";

}  // namespace

std::optional<NetPositions> NetOf(const std::vector<Trade>& trades) {
  NetPositions positions;
  bool fits = true;
  const auto add = [&](LedgerIndex ledger, MemberIndex from, MemberIndex to, core::Amount amount) {
    core::Amount& payer = positions[{ledger, from}];
    core::Amount& payee = positions[{ledger, to}];
    const std::optional<core::Amount> paid = core::CheckedSub(payer, amount);
    const std::optional<core::Amount> got = core::CheckedAdd(payee, amount);
    fits = fits && paid && got;
    if (!fits) return;
    payer = *paid;
    payee = *got;
  };
  for (const Trade& trade : trades) {
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
    std::vector<std::pair<MemberIndex, std::int64_t>> debtors;
    std::vector<std::pair<MemberIndex, std::int64_t>> creditors;
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

std::optional<NetBlame> BlameOf(
    const std::vector<NetLeg>& legs, const core::Rejection& rejection,
    const std::function<std::string(MemberIndex, LedgerIndex)>& account_of) {
  const std::string_view rule = rejection.rule;
  if (rejection.outcome == core::Outcome::kLedgerClosed || rule.rfind(kLegPrefix, 0) != 0) {
    return std::nullopt;
  }
  std::size_t position = 0;
  const auto [end, error] =
      std::from_chars(rule.data() + kLegPrefix.size(), rule.data() + rule.size(), position);
  if (error != std::errc() || position >= legs.size()) return std::nullopt;
  const NetLeg& leg = legs[position];
  const std::string_view rest(end, static_cast<std::size_t>(rule.data() + rule.size() - end));
  const bool payee = rest.find(account_of(leg.to, leg.ledger)) != std::string_view::npos;
  return NetBlame{position, payee ? leg.to : leg.from};
}

}  // namespace causeway::fx_queue
