#include "central-bank-node/runtime/access.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace causeway::node {
namespace {

bool Owns(const core::Ledger& ledger, const Caller& caller, const core::AccountAddress& address) {
  const core::AccountState* account = ledger.FindAccount(address);
  return account != nullptr && ledger.OwnerOf(*account) == caller.id;
}

}  // namespace

Caller CallerOf(const core::Ledger& ledger, const rpc::Peer& peer) {
  if (peer.IsLocalOperator()) return {Standing::kLocalOperator, {}};
  if (!peer.participant.has_value()) return {};
  Caller caller{Standing::kStranger, *peer.participant};
  const core::Participant* participant = ledger.FindParticipant(caller.id);
  if (participant == nullptr) return caller;
  if (caller.id == ledger.genesis().central_bank.participant) {
    caller.standing = Standing::kCentralBank;
  } else if (participant->role == core::Role::kObserver) {
    caller.standing = Standing::kObserver;
  } else if (participant->role == core::Role::kBridge) {
    caller.standing = Standing::kBridge;
  } else {
    caller.standing = Standing::kParticipant;
  }
  return caller;
}

std::optional<core::Rejection> CheckMaySend(const Caller& caller, const core::AdmittedItem& item) {
  if (caller.standing == Standing::kLocalOperator || caller.standing == Standing::kCentralBank) {
    return std::nullopt;
  }
  const auto* command = std::get_if<core::Command>(&item.body);
  const auto* bulk = std::get_if<core::Bulk>(&item.body);
  if (command != nullptr || bulk != nullptr) {
    const core::ParticipantId& party = command != nullptr ? command->party : bulk->party;
    if (party == caller.id) return std::nullopt;
    return Refusal(core::Outcome::kSenderNotEntitled,
                   fmt::format("the connection is {}'s, the instruction is {}'s: an instruction is "
                               "sent by its instructing party or by the central bank",
                               caller.id.text(), party.text()));
  }
  if (const auto* prepare = std::get_if<core::PrepareSettlement>(&item.body)) {
    const bool pays =
        std::any_of(prepare->legs.begin(), prepare->legs.end(),
                    [&](const core::ProvenLeg& leg) { return leg.leg.party == caller.id; });
    if (pays || caller.standing == Standing::kBridge) return std::nullopt;
    return Refusal(core::Outcome::kSenderNotEntitled,
                   fmt::format("the connection is {}'s, which is no payer in these legs: a prepare "
                               "is sent by the bridge, a payer or the central bank",
                               caller.id.text()));
  }
  if (const auto* list = std::get_if<core::PrepareList>(&item.body)) {
    const bool pays =
        std::any_of(list->terms.parts.begin(), list->terms.parts.end(),
                    [&](const core::ListPart& part) { return part.payer == caller.id; });
    if (pays || caller.standing == Standing::kBridge) return std::nullopt;
    return Refusal(core::Outcome::kSenderNotEntitled,
                   fmt::format("the connection is {}'s, which is no payer in this list: a prepare "
                               "is sent by the bridge, a payer or the central bank",
                               caller.id.text()));
  }
  return std::nullopt;
}

bool MaySee(const core::Ledger& ledger, const Caller& caller, const core::Entry& entry) {
  if (caller.SeesEverything() || entry.instruction.party == caller.id) return true;
  return std::any_of(
      entry.postings.begin(), entry.postings.end(),
      [&](const core::Posting& posting) { return Owns(ledger, caller, posting.address); });
}

bool MaySee(const core::Ledger& ledger, const Caller& caller, const core::AccountState& account) {
  return caller.SeesEverything() || ledger.OwnerOf(account) == caller.id;
}

bool MaySee(const core::Ledger& ledger, const Caller& caller, const core::Leg& leg) {
  return caller.SeesSettlements() || leg.party == caller.id || Owns(ledger, caller, leg.debtor) ||
         Owns(ledger, caller, leg.creditor);
}

core::Rejection Refusal(core::Outcome outcome, std::string message) {
  core::Rejection rejection;
  rejection.outcome = outcome;
  rejection.message = std::move(message);
  return rejection;
}

}  // namespace causeway::node
