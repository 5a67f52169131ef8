#include "scenarios/simulator/shared_ledger_mechanism.h"

#include <array>
#include <utility>

#include "fmt/format.h"
#include "scenarios/mechanisms/meter.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/prng.h"

namespace causeway::sim {
namespace {

core::LedgerTime ValidUntilOf(const Plan& plan, ActionIndex exchange) {
  return plan.actions[exchange].date.AddDays(1).StartInUtc();
}

core::Pay SideOf(const Plan& plan, ActionIndex exchange, bool counterparty) {
  const auto& trade = std::get<SettlePvp>(plan.actions[exchange].what);
  const LedgerIndex ledger = counterparty ? trade.counterparty_ledger : trade.party_ledger;
  const ParticipantIndex payer = counterparty ? trade.counterparty : trade.party;
  const ParticipantIndex payee = counterparty ? trade.party : trade.counterparty;
  core::RandomStream random(plan.seed, fmt::format("exchange/{}/{}", plan.actions[exchange].id,
                                                   counterparty ? 'C' : 'P'));
  return {.id = {},
          .uetr = core::Uetr::FromRandomBytes(random.Bytes16()),
          .debtor = plan.AccountOf(payer, ledger),
          .creditor = plan.AccountOf(payee, ledger),
          .amount = {plan.ledgers[ledger].currency,
                     counterparty ? trade.counterparty_amount : trade.party_amount},
          .purpose = "",
          .private_data_hash = {},
          .cites = {}};
}

}  // namespace

ExchangeSides SignExchange(const Plan& plan, const KeyRing& keys, ActionIndex exchange) {
  const auto& trade = std::get<SettlePvp>(plan.actions[exchange].what);
  std::array<core::Pay, 2> pays = {SideOf(plan, exchange, false), SideOf(plan, exchange, true)};
  const core::Hash256 hash = ExchangeHashOf(pays[0], pays[1]);
  ExchangeSides sides;
  for (std::size_t side = 0; side < sides.size(); ++side) {
    pays[side].private_data_hash = hash;
    const PlannedLedger& ledger =
        plan.ledgers[side == 0 ? trade.party_ledger : trade.counterparty_ledger];
    const core::InstructionKey key = ExchangeKeyOf(plan, exchange, side == 1);
    const core::Command command{.ledger = ledger.origin,
                                .genesis_hash = ledger.genesis.hash,
                                .party = key.party,
                                .id = key.id,
                                .valid_until = ValidUntilOf(plan, exchange),
                                .action = pays[side]};
    const core::Signer* const signer =
        &keys.participant(side == 0 ? trade.party : trade.counterparty);
    absl::StatusOr<core::Envelope> envelope =
        core::SignEnvelope(core::kCommandPayloadType, codec::EncodeCommand(command), {&signer, 1});
    CW_CHECK(envelope.ok(), "a command of a plan can be signed with the plan's keys");
    sides[side] = core::Item{.envelope = *std::move(envelope), .attachments = {}};
  }
  return sides;
}

bool SharedLedgerMechanism::Apart(ActionIndex action) const {
  return std::get<SettlePvp>(world_.plan.actions[action].what).sign_apart ||
         Withholds(world_.plan, action, false) || Withholds(world_.plan, action, true);
}

SharedLedgerMechanism::SharedLedgerMechanism(World& world, const KeyRing& keys,
                                             CorridorNode& corridor)
    : world_(world),
      keys_(keys),
      corridor_(corridor),
      trades_(
          world, corridor.index(),
          [this](ActionIndex action, ParticipantIndex by) { Arrive(action, by); },
          /*withdraw=*/nullptr,
          [this](ActionIndex action, bool counterparty) {
            if (counterparty && !Apart(action)) return false;
            return !Withholds(world_.plan, action, counterparty);
          }) {}

void SharedLedgerMechanism::Arrive(ActionIndex action, ParticipantIndex by) {
  const auto& trade = std::get<SettlePvp>(world_.plan.actions[action].what);
  auto found = signed_.find(action);
  if (found == signed_.end()) {
    found = signed_.emplace(action, SignExchange(world_.plan, keys_, action)).first;
    for (const bool counterparty : {false, true}) {
      if (world_.meter == nullptr) break;
      world_.meter->Link(counterparty ? trade.counterparty_ledger : trade.party_ledger,
                         ExchangeKeyOf(world_.plan, action, counterparty),
                         {action, counterparty, ValidUntilOf(world_.plan, action)});
    }
  }
  ExchangeSides sides = found->second;
  if (Apart(action)) sides[by == trade.party ? 1 : 0].reset();
  corridor_.HandIn(action, std::move(sides), [this, action](const core::Rejection& outcome) {
    trades_.Tell({action, outcome});
  });
}

std::optional<std::vector<Movement>> SharedLedgerMechanism::Moved() const {
  if (!corridor_.up()) return std::nullopt;
  std::vector<Movement> moved;
  for (const auto& [action, sides] : signed_) {
    if (!corridor_.IsBooked(action)) continue;
    const auto& trade = std::get<SettlePvp>(world_.plan.actions[action].what);
    moved.push_back({trade.party_ledger, trade.party, trade.counterparty, trade.party_amount});
    moved.push_back(
        {trade.counterparty_ledger, trade.counterparty, trade.party, trade.counterparty_amount});
  }
  return moved;
}

}  // namespace causeway::sim
