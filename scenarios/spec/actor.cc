#include "scenarios/spec/actor.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "scenarios/spec/action_steps.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/hash.h"
#include "settlement/core/prng.h"
#include "settlement/core/settlement.h"
#include "settlement/core/settlement_list.h"

namespace causeway::sim {
namespace {

// Whether the same settlement may succeed under fresh terms: nobody refused, time ran out.
bool MayTryAgain(const core::Rejection& rejection) {
  return rejection.outcome == core::Outcome::kPastDeadline ||
         rejection.outcome == core::Outcome::kQuoteExpired ||
         rejection.outcome == core::Outcome::kUnknownQuote;
}

}  // namespace

std::optional<LedgerIndex> Request::ledger() const {
  if (const auto* items = std::get_if<SubmitItems>(&what)) return items->ledger;
  if (const auto* balance = std::get_if<ReadBalance>(&what)) return balance->ledger;
  if (const auto* order = std::get_if<CarryOrder>(&what)) return order->ledger;
  return std::nullopt;
}

void ActionScript::Steps::BeginAttempt() {
  result_.attempts += 1;
  stage_ = 0;
  const bool again = result_.attempts > 1;
  id_ = IdOf(again ? fmt::format("{}-A{}", action_.id, result_.attempts) : action_.id);
  secrets_.emplace(plan_.seed, fmt::format("secrets/{}/{}", action_.id, result_.attempts));
  if (IsTransaction(action_.what) || std::holds_alternative<ChargeOvernight>(action_.what)) {
    result_.uetr = core::Uetr::FromRandomBytes(secrets_->Bytes16());
  }
}

core::Item ActionScript::Steps::Sign(LedgerIndex ledger, const core::ParticipantId& party,
                                     core::InstructionId id, core::Action action,
                                     std::span<const core::Signer* const> signers) const {
  core::Command command{.ledger = plan_.ledgers[ledger].origin,
                        .genesis_hash = plan_.ledgers[ledger].genesis.hash,
                        .party = party,
                        .id = id,
                        .valid_until = now_ + kValidFor,
                        .action = std::move(action)};
  absl::StatusOr<core::Envelope> envelope =
      core::SignEnvelope(core::kCommandPayloadType, codec::EncodeCommand(command), signers);
  CW_CHECK(envelope.ok(), "a command of a plan can be signed with the plan's keys");
  return {.envelope = *std::move(envelope), .attachments = {}};
}

core::Item ActionScript::Steps::SignByCentralBank(LedgerIndex ledger, core::InstructionId id,
                                                  core::Action action) const {
  return Sign(ledger, plan_.ledgers[ledger].central_bank, id, std::move(action),
              keys_.approvers(ledger));
}

Request ActionScript::Steps::ByCentralBank(LedgerIndex ledger,
                                           std::vector<core::Item> items) const {
  return {.sender = 0, .by_central_bank = true, .what = SubmitItems{ledger, std::move(items)}};
}

std::optional<Request> ActionScript::Steps::Ask(const SetUpLedger& what) {
  // What owners sign is admitted once they are registered.
  if (stage_ == 1) return ByCentralBank(what.ledger, OwnersTerms(what.ledger));
  std::vector<core::Item> items;
  for (const PlannedParticipant& participant : plan_.participants) {
    const core::AccountAddress& account = participant.accounts[what.ledger];
    const bool system =
        participant.role == core::Role::kBridge || participant.role == core::Role::kObserver;
    if (account.IsEmpty() && !system) continue;
    items.push_back(SignByCentralBank(what.ledger,
                                      IdOf(fmt::format("register-{}", participant.id.text())),
                                      core::RegisterParticipant{.participant = participant.id,
                                                                .role = participant.role,
                                                                .country = participant.country,
                                                                .bic = participant.bic,
                                                                .lei = participant.lei,
                                                                .keys = {participant.key.key}}));
    if (system) continue;
    items.push_back(
        SignByCentralBank(what.ledger, IdOf(fmt::format("account-{}", participant.id.text())),
                          core::OpenAccount{.address = account,
                                            .owner = participant.id,
                                            .purpose = core::AccountPurpose::kSettlement,
                                            .holding_limit = {},
                                            .credit_line = {}}));
  }
  const PlannedLedger& ledger = plan_.ledgers[what.ledger];
  if (!ledger.fees.IsEmpty()) {
    items.push_back(SignByCentralBank(what.ledger, IdOf("account-fees"),
                                      core::OpenAccount{.address = ledger.fees,
                                                        .owner = ledger.central_bank,
                                                        .purpose = core::AccountPurpose::kFees,
                                                        .holding_limit = {},
                                                        .credit_line = {}}));
  }
  if (plan_.bridge) {
    items.push_back(SignByCentralBank(
        what.ledger, IdOf(fmt::format("policy-{}", plan_.bridge->policy.epoch)),
        core::SetSettlementPolicy{.policy = plan_.bridge->policy, .withdraw = false}));
  }
  if (const core::QueueRules& rules = plan_.ledgers[what.ledger].queue;
      rules.discipline != core::QueueDiscipline::kNone) {
    items.push_back(
        SignByCentralBank(what.ledger, IdOf("queue-rules"), core::SetQueueRules{rules}));
  }
  AddCredit(what.ledger, items);
  return ByCentralBank(what.ledger, std::move(items));
}

void ActionScript::Steps::AddCredit(LedgerIndex index, std::vector<core::Item>& items) const {
  const PlannedLedger& ledger = plan_.ledgers[index];
  if (ledger.credit_price_ppm_per_day > 0) {
    items.push_back(
        SignByCentralBank(index, IdOf("credit-price"),
                          core::SetCreditPrice{ledger.credit_price_ppm_per_day, ledger.fees}));
  }
  for (const PlannedAccountTerms& terms : ledger.account_terms) {
    if (terms.collateral.IsZero() && terms.uncollateralised.IsZero()) continue;
    const core::ParticipantId& holder = plan_.participants[terms.holder].id;
    items.push_back(
        SignByCentralBank(index, IdOf(fmt::format("credit-{}", holder.text())),
                          core::SetCredit{plan_.AccountOf(terms.holder, index), terms.collateral,
                                          terms.haircut_basis_points, terms.uncollateralised}));
  }
}

bool ActionScript::Steps::HaveOwnersTerms(LedgerIndex index) const {
  const std::vector<PlannedAccountTerms>& terms = plan_.ledgers[index].account_terms;
  return std::any_of(terms.begin(), terms.end(), [](const PlannedAccountTerms& each) {
    return each.reserved_urgent.IsPositive() || each.reserved_high.IsPositive() ||
           each.release_threshold.IsPositive() || each.multilateral_limit.has_value() ||
           !each.bilateral_limits.empty();
  });
}

std::vector<core::Item> ActionScript::Steps::OwnersTerms(LedgerIndex index) const {
  std::vector<core::Item> items;
  for (const PlannedAccountTerms& terms : plan_.ledgers[index].account_terms) {
    const core::ParticipantId& holder = plan_.participants[terms.holder].id;
    const core::AccountAddress& account = plan_.AccountOf(terms.holder, index);
    const core::Signer* const signer = &SignerOf(terms.holder);
    const auto by_holder = [&](const std::string& id, core::Action action) {
      items.push_back(Sign(index, holder, IdOf(id), std::move(action), {&signer, 1}));
    };
    if (terms.reserved_urgent.IsPositive() || terms.reserved_high.IsPositive()) {
      by_holder("reservations",
                core::SetReservations{account, terms.reserved_urgent, terms.reserved_high});
    }
    if (terms.release_threshold.IsPositive()) {
      by_holder("release-threshold", core::SetReleaseThreshold{account, terms.release_threshold});
    }
    if (terms.multilateral_limit) {
      by_holder("limit", core::SetSenderLimit{account, {}, terms.multilateral_limit});
    }
    for (const PlannedBilateralLimit& limit : terms.bilateral_limits) {
      by_holder(fmt::format("limit-{}", plan_.participants[limit.to].id.text()),
                core::SetSenderLimit{account, plan_.AccountOf(limit.to, index), limit.limit});
    }
  }
  return items;
}

std::optional<Request> ActionScript::Steps::Ask(const ChangeDayPhase& what) {
  std::vector<core::Item> items;
  items.push_back(SignByCentralBank(what.ledger, id_, core::SetDayPhase{action_.date, what.phase}));
  return ByCentralBank(what.ledger, std::move(items));
}

std::optional<Request> ActionScript::Steps::Ask(const IssueTo& what) {
  std::vector<core::Item> items;
  items.push_back(
      SignByCentralBank(what.ledger, id_,
                        core::Issue{.creditor = plan_.AccountOf(what.to, what.ledger),
                                    .amount = MoneyOf(what.ledger, what.amount),
                                    .rtgs_reference = fmt::format("RTGS-{}", action_.id)}));
  result_.legs = {{what.ledger, what.amount}};
  return ByCentralBank(what.ledger, std::move(items));
}

std::optional<Request> ActionScript::Steps::Ask(const FreezeAccount& what) {
  std::vector<core::Item> items;
  items.push_back(SignByCentralBank(what.ledger, id_,
                                    core::SetFreeze{plan_.AccountOf(what.holder, what.ledger),
                                                    !what.lift, "order of a scenario"}));
  return ByCentralBank(what.ledger, std::move(items));
}

std::optional<Request> ActionScript::Steps::Ask(const RedeemFrom& what) {
  const core::ParticipantId& party = plan_.participants[what.from].id;
  const core::AccountAddress& account = plan_.AccountOf(what.from, what.ledger);
  if (stage_ == 0 && what.amount) {
    amount_ = *what.amount;
    stage_ = 1;
  }
  if (stage_ == 0) {
    return Request{
        .sender = what.from, .by_central_bank = false, .what = ReadBalance{what.ledger, account}};
  }
  result_.legs = {{what.ledger, amount_}};
  std::vector<core::Item> items;
  if (stage_ == 1) {
    const core::Signer* signer = &SignerOf(what.from);
    items.push_back(Sign(what.ledger, party, id_,
                         core::Redeem{account, MoneyOf(what.ledger, amount_)}, {&signer, 1}));
    return Request{.sender = what.from,
                   .by_central_bank = false,
                   .what = SubmitItems{what.ledger, std::move(items)}};
  }
  items.push_back(
      SignByCentralBank(what.ledger, id_,
                        core::Approve{.instruction = {party, core::ActionKind::kRedeem, id_},
                                      .rtgs_reference = fmt::format("RTGS-{}", action_.id)}));
  return ByCentralBank(what.ledger, std::move(items));
}

std::optional<Request> ActionScript::Steps::Ask(const ChargeOvernight& what) {
  const core::AccountAddress& account = plan_.AccountOf(what.from, what.ledger);
  if (stage_ == 0) {
    return Request{
        .sender = what.from, .by_central_bank = false, .what = ReadBalance{what.ledger, account}};
  }
  const core::Signer* signer = &SignerOf(what.from);
  core::Pay pay{.id = {},
                .uetr = result_.uetr,
                .debtor = account,
                .creditor = plan_.ledgers[what.ledger].fees,
                .amount = MoneyOf(what.ledger, amount_),
                .purpose = "CHRG",
                .private_data_hash = {},
                .cites = {}};
  result_.legs = {{what.ledger, amount_}};
  std::vector<core::Item> items;
  items.push_back(
      Sign(what.ledger, plan_.participants[what.from].id, id_, std::move(pay), {&signer, 1}));
  return Request{.sender = what.from,
                 .by_central_bank = false,
                 .what = SubmitItems{what.ledger, std::move(items)}};
}

std::optional<Request> ActionScript::Steps::Ask(const PayOneWay& what) {
  const core::Signer* signer = &SignerOf(what.from);
  core::Pay pay{.id = {},
                .uetr = result_.uetr,
                .debtor = plan_.AccountOf(what.from, what.ledger),
                .creditor = plan_.AccountOf(what.to, what.ledger),
                .amount = MoneyOf(what.ledger, what.amount),
                .purpose = what.purpose,
                .private_data_hash = {},
                .cites = {},
                .priority = what.priority};
  result_.legs = {{what.ledger, what.amount}};
  std::vector<core::Item> items;
  items.push_back(
      Sign(what.ledger, plan_.participants[what.from].id, id_, std::move(pay), {&signer, 1}));
  return Request{.sender = what.from,
                 .by_central_bank = false,
                 .what = SubmitItems{what.ledger, std::move(items)}};
}

std::optional<Request> ActionScript::Steps::Ask(const SwapOnQuote& what) {
  if (stage_ == 0) {
    return Request{.sender = what.taker,
                   .by_central_bank = false,
                   .what = AskQuote{.taker = plan_.participants[what.taker].id,
                                    .sell_currency = plan_.ledgers[what.sell_ledger].currency,
                                    .buy_currency = plan_.ledgers[what.buy_ledger].currency,
                                    .sell = what.sell,
                                    .buy = what.buy,
                                    .sell_account = plan_.AccountOf(what.taker, what.sell_ledger),
                                    .buy_account = plan_.AccountOf(what.payee, what.buy_ledger),
                                    .instruction_id = id_,
                                    .uetr = result_.uetr,
                                    .venue = what.venue}};
  }
  result_.legs = {{what.sell_ledger, quote_.sell}, {what.buy_ledger, quote_.buy}};
  return SubmitTermsOf(quote_.terms, quote_.legs, {&SignerOf(what.taker)}, what.taker);
}

core::Leg ActionScript::Steps::MakeLeg(LedgerIndex ledger, ParticipantIndex from,
                                       ParticipantIndex to, core::Amount amount) {
  return {.salt = Secret(),
          .ledger = plan_.ledgers[ledger].origin,
          .party = plan_.participants[from].id,
          .id = id_,
          .uetr = result_.uetr,
          .debtor = plan_.AccountOf(from, ledger),
          .creditor = plan_.AccountOf(to, ledger),
          .amount = MoneyOf(ledger, amount),
          .private_data_hash = {},
          .approvals = {}};
}

core::AccountRef ActionScript::Steps::RefOf(ParticipantIndex participant,
                                            LedgerIndex ledger) const {
  return {plan_.AccountNumberOf(participant, ledger),
          core::AccountCheckOf(plan_.AccountOf(participant, ledger))};
}

std::string ActionScript::Steps::MakePart(LedgerIndex ledger, ParticipantIndex from,
                                          ParticipantIndex to, std::span<const ListedPvp> list,
                                          core::Amount ListedPvp::*amount) {
  core::BulkPayment leg;
  leg.debtor = RefOf(from, ledger);
  leg.creditor = RefOf(to, ledger);
  std::vector<core::BulkPayment> legs;
  for (const ListedPvp& each : list) {
    leg.amount = each.*amount;
    leg.id = secrets_->Bytes16();
    leg.uetr = core::Uetr::FromRandomBytes(secrets_->Bytes16());
    legs.push_back(leg);
  }
  return core::EncodeListPart(Secret(), legs);
}

Request ActionScript::Steps::AskList(const SettlePvp& what) {
  const auto count = static_cast<std::uint32_t>(what.list.size());
  struct Side {
    core::TermsLedger ledger;
    core::ListPart part;
    std::string bytes;
  };
  const auto make = [&](LedgerIndex ledger, ParticipantIndex from, ParticipantIndex to,
                        core::Amount ListedPvp::*amount) {
    std::string bytes = MakePart(ledger, from, to, what.list, amount);
    const core::Hash256 hash = core::ListPartHash(bytes);
    return Side{{plan_.ledgers[ledger].origin, count},
                {plan_.participants[from].id, hash},
                std::move(bytes)};
  };
  std::vector<Side> sides;
  sides.push_back(make(what.party_ledger, what.party, what.counterparty, &ListedPvp::party_amount));
  sides.push_back(make(what.counterparty_ledger, what.counterparty, what.party,
                       &ListedPvp::counterparty_amount));
  std::sort(sides.begin(), sides.end(),
            [](const Side& a, const Side& b) { return a.ledger.ledger < b.ledger.ledger; });
  core::TermsHeader terms;
  terms.policy_hash = plan_.bridge->PolicyAt(now_).hash;
  terms.deadline = now_ + plan_.bridge->settlement_deadline;
  terms.nonce = Secret();
  terms.list_count = count;
  std::vector<std::string> parts;
  for (Side& side : sides) {
    terms.ledgers.push_back(side.ledger);
    terms.parts.push_back(side.part);
    parts.push_back(std::move(side.bytes));
  }
  result_.list_count = count;
  result_.legs = {{what.party_ledger, what.party_amount},
                  {what.counterparty_ledger, what.counterparty_amount}};
  return SubmitTermsOf(core::EncodeSettlementList(terms), std::move(parts),
                       {&SignerOf(what.party), &SignerOf(what.counterparty)}, what.party,
                       core::kSettlementListPayloadType);
}

std::optional<Request> ActionScript::Steps::Ask(const SettlePvp& what) {
  if (!what.list.empty()) return AskList(what);
  const core::Leg first =
      MakeLeg(what.party_ledger, what.party, what.counterparty, what.party_amount);
  const core::Leg second =
      MakeLeg(what.counterparty_ledger, what.counterparty, what.party, what.counterparty_amount);
  std::vector<std::string> legs = {codec::EncodeLeg(first), codec::EncodeLeg(second)};
  core::TermsHeader terms;
  terms.policy_hash = plan_.bridge->PolicyAt(now_).hash;
  terms.deadline = now_ + plan_.bridge->settlement_deadline;
  terms.ledgers = {{first.ledger, 1}, {second.ledger, 1}};
  std::sort(terms.ledgers.begin(), terms.ledgers.end(),
            [](const auto& a, const auto& b) { return a.ledger < b.ledger; });
  terms.legs_root = core::LegsRoot(legs);
  terms.nonce = Secret();
  result_.legs = {{what.party_ledger, what.party_amount},
                  {what.counterparty_ledger, what.counterparty_amount}};
  return SubmitTermsOf(codec::EncodeTerms(terms), std::move(legs),
                       {&SignerOf(what.party), &SignerOf(what.counterparty)}, what.party);
}

Request ActionScript::Steps::SubmitTermsOf(std::string_view terms, std::vector<std::string> legs,
                                           std::vector<const core::Signer*> signers,
                                           ParticipantIndex sender, const char* payload_type) {
  result_.settlement_id = core::SettlementIdOf(terms);
  absl::StatusOr<core::Envelope> envelope = core::SignEnvelope(payload_type, terms, signers);
  CW_CHECK(envelope.ok(), "terms can be signed with the plan's keys");
  return {.sender = sender,
          .by_central_bank = false,
          .what = SubmitTerms{*std::move(envelope), std::move(legs)}};
}

void ActionScript::Steps::Read(const ItemsReply& reply) {
  const bool awaits_approval = std::holds_alternative<RedeemFrom>(action_.what) && stage_ == 2;
  // That it is on record is half of the way.
  const bool goes_on = std::holds_alternative<OrderAbortOf>(action_.what);
  for (const InstructionReply& instruction : reply.instructions) {
    if (instruction.status == core::InstructionStatus::kSettled) continue;
    if (awaits_approval && instruction.status == core::InstructionStatus::kAwaitingApproval) {
      return;
    }
    if (instruction.status == core::InstructionStatus::kQueued) {
      result_.status = ActionStatus::kQueued;
      return;
    }
    Reject(instruction.rejection);
    return;
  }
  if (const auto* set_up = std::get_if<SetUpLedger>(&action_.what)) {
    if (stage_ == 1 && HaveOwnersTerms(set_up->ledger)) return;
  }
  if (goes_on) {
    ordered_entry_ = reply.instructions.front().entry_index;
    return;
  }
  result_.status = ActionStatus::kSettled;
}

void ActionScript::Steps::Read(const BalanceReply& reply) {
  amount_ = reply.available;
  if (const auto* redeem = std::get_if<RedeemFrom>(&action_.what)) {
    amount_ = core::CheckedSub(amount_, redeem->keep).value_or(core::Amount::Zero());
  } else if (const auto* charge = std::get_if<ChargeOvernight>(&action_.what)) {
    const std::uint32_t rate = plan_.ledgers[charge->ledger].overnight->annual_rate_ppm;
    amount_ = core::OvernightCharge(amount_, charge->limit, rate, charge->nights)
                  .value_or(core::Amount::Max());
  }
  if (!amount_.IsPositive()) result_.status = ActionStatus::kSkipped;
}

void ActionScript::Steps::Read(const QuoteReply& reply) {
  if (reply.rejection.outcome != core::Outcome::kAccepted) {
    Reject(reply.rejection);
    return;
  }
  quote_ = reply;
}

void ActionScript::Steps::Read(const SettlementReply& reply) {
  if (reply.status == core::InstructionStatus::kSettled) {
    result_.status = ActionStatus::kSettled;
    result_.rejection = Accepted();
    if (result_.list_count > 0) CountSettled(std::get<SettlePvp>(action_.what), reply.committed);
    return;
  }
  if (MayTryAgain(reply.rejection) && result_.attempts <= kSettlementAttemptsMax) {
    BeginAttempt();
    return;
  }
  Reject(reply.rejection, reply.status == core::InstructionStatus::kAborted
                              ? ActionStatus::kAborted
                              : ActionStatus::kRejected);
}

// Of a list: those that settled, and what they moved.
void ActionScript::Steps::CountSettled(const SettlePvp& pvp, const core::PositionSet& committed) {
  core::Amount party;
  core::Amount counterparty;
  for (std::uint32_t i = 0; i < result_.list_count; ++i) {
    if (!committed.Contains(i)) continue;
    ++result_.list_settled;
    // The compiler has summed up all of them.
    party = *core::CheckedAdd(party, pvp.list[i].party_amount);
    counterparty = *core::CheckedAdd(counterparty, pvp.list[i].counterparty_amount);
  }
  result_.legs = {{pvp.party_ledger, party}, {pvp.counterparty_ledger, counterparty}};
}

ActionScript::ActionScript(const Plan& plan, const KeyRing& keys, const PlannedAction& action,
                           SettlementOf settlement_of)
    : steps_(std::make_unique<Steps>(plan, keys, action, std::move(settlement_of))) {}
ActionScript::~ActionScript() = default;
ActionScript::ActionScript(ActionScript&&) noexcept = default;
ActionScript& ActionScript::operator=(ActionScript&&) noexcept = default;

std::optional<Request> ActionScript::Next(core::LedgerTime now) { return steps_->Next(now); }
void ActionScript::OnReply(const Reply& reply, core::LedgerTime now) {
  steps_->OnReply(reply, now);
}
const ActionResult& ActionScript::result() const { return steps_->result(); }

}  // namespace causeway::sim
