#include "scenarios/simulator/net_operator.h"

#include "fmt/format.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/prng.h"
#include "settlement/core/settlement.h"

namespace causeway::sim {
core::Signature SignNetted(const core::Signer& signer, const std::string& terms) {
  const core::Signer* const one = &signer;
  absl::StatusOr<core::Envelope> envelope =
      core::SignEnvelope(core::kTermsPayloadType, terms, {&one, 1});
  CW_CHECK(envelope.ok(), "terms can be signed with the plan's keys");
  return envelope->signatures.front();
}

bool IsRightFor(const Plan& plan, ParticipantIndex member, const std::vector<ActionIndex>& trades,
                const std::vector<NetLeg>& legs) {
  std::vector<SettlePvp> own;
  for (const ActionIndex id : trades) {
    const auto& trade = std::get<SettlePvp>(plan.actions[id].what);
    if (trade.party == member || trade.counterparty == member) own.push_back(trade);
  }
  std::optional<NetPositions> expected = NetOf(own);
  if (!expected) return false;
  for (const NetLeg& leg : legs) {
    if (leg.from != member && leg.to != member) continue;
    core::Amount& net = (*expected)[{leg.ledger, member}];
    const auto after =
        leg.from == member ? core::CheckedAdd(net, leg.amount) : core::CheckedSub(net, leg.amount);
    if (!after) return false;
    net = *after;
  }
  return std::all_of(expected->begin(), expected->end(), [member](const auto& position) {
    return position.first.second != member || position.second.IsZero();
  });
}

NettedTerms MakeNettedTerms(const Plan& plan, const NetAttempt& attempt,
                            core::Duration signing_timeout) {
  core::RandomStream secrets(plan.seed, fmt::format("netting/{}", attempt.number));
  std::vector<bridge::NettedLeg> legs;
  for (const NetLeg& leg : attempt.legs) {
    legs.push_back({.ledger = plan.ledgers[leg.ledger].origin,
                    .party = plan.participants[leg.from].id,
                    .debtor = plan.AccountOf(leg.from, leg.ledger),
                    .creditor = plan.AccountOf(leg.to, leg.ledger),
                    .amount = {plan.ledgers[leg.ledger].currency, leg.amount}});
  }
  return bridge::MakeNettedTerms(
      legs,
      {.policy_hash = plan.bridge->policy.hash,
       .deadline = attempt.began + signing_timeout + plan.bridge->settlement_deadline,
       .id_prefix = fmt::format("net-{}", attempt.number)},
      [&secrets](std::size_t size) { return secrets.Bytes(size); });
}

std::optional<NetBlame> ToBlame(const Plan& plan, const std::vector<NetLeg>& legs,
                                const core::Rejection& rejection) {
  return fx_queue::BlameOf(legs, rejection, [&](ParticipantIndex member, LedgerIndex ledger) {
    return std::string(plan.AccountOf(member, ledger).text());
  });
}

std::vector<Movement> MovementsOf(const std::vector<std::pair<ActionIndex, SettlePvp>>& settled) {
  std::vector<Movement> moved;
  for (const auto& [id, trade] : settled) {
    moved.push_back({trade.party_ledger, trade.party, trade.counterparty, trade.party_amount});
    moved.push_back(
        {trade.counterparty_ledger, trade.counterparty, trade.party, trade.counterparty_amount});
  }
  return moved;
}

}  // namespace causeway::sim
