// What central banks do by order of a court, and when they change policies, keys and accounts.
#include <utility>

#include "fmt/format.h"
#include "scenarios/spec/action_steps.h"

namespace causeway::sim {
namespace {

constexpr char kLegalBasis[] = "order of a scenario";

}  // namespace

std::optional<Request> ActionScript::Steps::Ask(const OverrideFunds& what) {
  const std::span<const core::Signer* const> approvers = keys_.approvers(what.ledger);
  std::vector<core::Item> items;
  items.push_back(Sign(what.ledger, plan_.ledgers[what.ledger].central_bank, id_,
                       core::OperatorOverride{.debtor = plan_.AccountOf(what.from, what.ledger),
                                              .creditor = plan_.AccountOf(what.to, what.ledger),
                                              .amount = MoneyOf(what.ledger, what.amount),
                                              .legal_basis = kLegalBasis},
                       approvers.first(what.approvers)));
  result_.legs = {{what.ledger, what.amount}};
  return ByCentralBank(what.ledger, std::move(items));
}

std::optional<Request> ActionScript::Steps::Ask(const OrderAbortOf& what) {
  if (stage_ == 0) {
    if (settlement_of_) ordered_ = settlement_of_(what.action);
    if (ordered_.IsZero()) {
      result_.status = ActionStatus::kSkipped;
      return std::nullopt;
    }
    if (!what.unrecorded) {
      std::vector<core::Item> items;
      items.push_back(SignByCentralBank(what.ledger, id_, core::OrderAbort{ordered_, kLegalBasis}));
      return ByCentralBank(what.ledger, std::move(items));
    }
  }
  return Request{.sender = 0,
                 .by_central_bank = true,
                 .what = CarryOrder{what.ledger, ordered_, ordered_entry_, what.unrecorded}};
}

std::optional<Request> ActionScript::Steps::Ask(const ChangePolicy& what) {
  const PlannedBridge& bridge = *plan_.bridge;
  std::vector<core::Item> items;
  if (!what.withdraws) {
    items.push_back(SignByCentralBank(
        what.ledger, id_,
        core::SetSettlementPolicy{bridge.later_policies[what.policy].policy, false}));
    return ByCentralBank(what.ledger, std::move(items));
  }
  const auto withdraw = [&](const core::SettlementPolicy& policy) {
    items.push_back(SignByCentralBank(what.ledger,
                                      IdOf(fmt::format("{}-{}", action_.id, policy.epoch)),
                                      core::SetSettlementPolicy{policy, true}));
  };
  withdraw(bridge.policy);
  for (std::size_t i = 0; i < what.policy; ++i) withdraw(bridge.later_policies[i].policy);
  return ByCentralBank(what.ledger, std::move(items));
}

std::optional<Request> ActionScript::Steps::Ask(const ChangeKeys& what) {
  const PlannedParticipant& holder = plan_.participants[what.holder];
  std::vector<core::Item> items;
  const auto revoke = [&](const PlannedKey& key, core::InstructionId id) {
    items.push_back(SignByCentralBank(what.ledger, id,
                                      core::UpdateKeys{holder.id, {}, {core::KeyIdOf(key.key)}}));
  };
  if (what.revokes_all) {
    // Each by itself: which of them the ledger knows, and has not revoked, is not known here.
    revoke(holder.key, IdOf(fmt::format("{}-1", action_.id)));
    for (const PlannedParticipant::LaterKey& later : holder.later_keys) {
      revoke(later.key, IdOf(fmt::format("{}-{}", action_.id, later.number)));
    }
    return ByCentralBank(what.ledger, std::move(items));
  }
  core::UpdateKeys update{.participant = holder.id};
  if (what.add > 0) update.add.push_back(holder.FindKey(what.add)->key);
  if (what.revoke > 0) update.revoke.push_back(core::KeyIdOf(holder.FindKey(what.revoke)->key));
  items.push_back(SignByCentralBank(what.ledger, id_, std::move(update)));
  return ByCentralBank(what.ledger, std::move(items));
}

std::optional<Request> ActionScript::Steps::Ask(const CloseAccountOf& what) {
  std::vector<core::Item> items;
  items.push_back(SignByCentralBank(what.ledger, id_,
                                    core::CloseAccount{plan_.AccountOf(what.holder, what.ledger)}));
  return ByCentralBank(what.ledger, std::move(items));
}

void ActionScript::Steps::Read(const OrderReply& reply) {
  if (reply.rejection.outcome == core::Outcome::kAccepted) {
    result_.status = ActionStatus::kSettled;
  } else {
    Reject(reply.rejection);
  }
}

}  // namespace causeway::sim
