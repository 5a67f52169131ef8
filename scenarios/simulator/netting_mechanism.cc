#include "scenarios/simulator/netting_mechanism.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "fmt/format.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/prng.h"
#include "settlement/core/settlement.h"

namespace causeway::sim {
namespace {

constexpr std::size_t kNettingSecretBytes = 16;
constexpr std::string_view kLegPrefix = "leg ";

core::Signature SignNetted(const core::Signer& signer, const std::string& terms) {
  const core::Signer* const one = &signer;
  absl::StatusOr<core::Envelope> envelope =
      core::SignEnvelope(core::kTermsPayloadType, terms, {&one, 1});
  CW_CHECK(envelope.ok(), "terms can be signed with the plan's keys");
  return envelope->signatures.front();
}

// A member's own reckoning, from its trades: whether the legs pay what it owes and what it is owed.
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

}  // namespace

NettedTerms MakeNettedTerms(const Plan& plan, const NettingCycle::Attempt& attempt) {
  core::RandomStream secrets(plan.seed, fmt::format("netting/{}", attempt.number));
  NettedTerms made;
  std::map<core::LedgerOrigin, std::uint32_t> counts;
  for (std::size_t i = 0; i < attempt.legs.size(); ++i) {
    const NetLeg& leg = attempt.legs[i];
    const PlannedLedger& ledger = plan.ledgers[leg.ledger];
    const auto id = core::InstructionId::Parse(fmt::format("net-{}-{}", attempt.number, i));
    CW_CHECK(id.ok(), "the ids of net payments are short");
    made.legs.push_back(codec::EncodeLeg({.salt = secrets.Bytes(kNettingSecretBytes),
                                          .ledger = ledger.origin,
                                          .party = plan.participants[leg.from].id,
                                          .id = *id,
                                          .uetr = core::Uetr::FromRandomBytes(secrets.Bytes16()),
                                          .debtor = plan.AccountOf(leg.from, leg.ledger),
                                          .creditor = plan.AccountOf(leg.to, leg.ledger),
                                          .amount = {ledger.currency, leg.amount},
                                          .private_data_hash = {},
                                          .approvals = {}}));
    ++counts[ledger.origin];
  }
  core::TermsHeader terms;
  terms.policy_hash = plan.bridge->policy.hash;
  terms.deadline =
      attempt.began + plan.mechanism.netting.signing_timeout + plan.bridge->settlement_deadline;
  for (const auto& [ledger, count] : counts) terms.ledgers.push_back({ledger, count});
  terms.legs_root = core::LegsRoot(made.legs);
  terms.nonce = secrets.Bytes(kNettingSecretBytes);
  made.terms = codec::EncodeTerms(terms);
  return made;
}

std::optional<ParticipantIndex> ToBlame(const Plan& plan, const std::vector<NetLeg>& legs,
                                        const core::Rejection& rejection) {
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
  const bool payee = rest.find(plan.AccountOf(leg.to, leg.ledger).text()) != std::string_view::npos;
  return payee ? leg.to : leg.from;
}

NettingOperator::NettingOperator(World& world, const KeyRing& keys, BridgeNode& bridge, Tell tell)
    : MachineNode(world, world.nodes.Participant(*world.plan.mechanism.operated_by)),
      keys_(keys),
      bridge_(bridge),
      tell_(std::move(tell)) {}

void NettingOperator::Enter(ActionIndex action, ParticipantIndex by) {
  const auto& trade = std::get<SettlePvp>(world_.plan.actions[action].what);
  Happen([action, trade, by](NettingCycle& cycle) { return cycle.Enter(action, trade, by); });
}

void NettingOperator::OnUp() {
  for (const core::BusinessDate date : world_.plan.days) ScheduleDay(date);
  if (const NettingCycle::Attempt* attempt = machine()->attempt()) {
    const std::uint32_t number = attempt->number;
    At(attempt->began + world_.plan.mechanism.netting.signing_timeout,
       [number](NettingCycle& cycle, core::LedgerTime at) {
         return cycle.OnSigningTimeout(at, number);
       });
  }
}

// What fell due while the operator was down happens now; of several cycles the last.
void NettingOperator::ScheduleDay(core::BusinessDate date) {
  const Plan& plan = world_.plan;
  const auto [opens, closes] = OpeningTimesOf(plan, date);
  const EventAt close = [](NettingCycle& cycle, core::LedgerTime) { return cycle.Close(); };
  if (closes <= now()) {
    if (machine()->is_open()) HappenNow(close);
    return;
  }
  At(opens, [](NettingCycle& cycle, core::LedgerTime) { return cycle.Open(); });
  At(closes, close);
  const auto day = static_cast<std::size_t>(
      std::lower_bound(plan.days.begin(), plan.days.end(), date) - plan.days.begin());
  const std::vector<core::Duration>& times = plan.mechanism.netting.times;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto number = static_cast<std::uint32_t>(day * times.size() + i + 1);
    const bool next_is_due = i + 1 < times.size() && date.StartInUtc() + times[i + 1] <= now();
    if (number <= machine()->cycles_begun() || next_is_due) continue;
    At(date.StartInUtc() + times[i],
       [number](NettingCycle& cycle, core::LedgerTime at) { return cycle.Begin(at, number); });
  }
}

void NettingOperator::At(core::LedgerTime time, EventAt event) {
  const core::Duration delay = time <= now() ? core::Duration::Zero() : time - now();
  After(delay, EventKind::kTimer, [this, event = std::move(event)] { HappenNow(event); });
}

void NettingOperator::HappenNow(const EventAt& event) {
  Happen([event, at = now()](NettingCycle& cycle) { return event(cycle, at); });
}

const NettingCycle::Attempt* NettingOperator::Find(std::uint32_t attempt) const {
  const NettingCycle::Attempt* current = machine() == nullptr ? nullptr : machine()->attempt();
  return current != nullptr && current->number == attempt ? current : nullptr;
}

void NettingOperator::Perform(const Effects& effects) {
  for (const NettingCycle::Effect& effect : effects) {
    if (const auto* ask = std::get_if<NettingCycle::AskSignatures>(&effect)) {
      AskSignatures(ask->attempt);
      At(now() + world_.plan.mechanism.netting.signing_timeout,
         [number = ask->attempt](NettingCycle& cycle, core::LedgerTime at) {
           return cycle.OnSigningTimeout(at, number);
         });
    } else if (const auto* submit = std::get_if<NettingCycle::Submit>(&effect)) {
      HandIn(submit->attempt);
    } else {
      tell_(std::get<NettingCycle::Tell>(effect));
    }
  }
}

void NettingOperator::AskSignatures(std::uint32_t attempt) {
  const NettingCycle::Attempt* current = Find(attempt);
  if (current == nullptr || current->submitted) return;
  const auto terms = std::make_shared<const NettedTerms>(MakeNettedTerms(world_.plan, *current));
  for (const ParticipantIndex payer : current->payers) {
    if (!current->signatures.contains(payer)) AskOne(attempt, payer, terms);
  }
  After(world_.plan.network.reply_timeout, EventKind::kTimer,
        [this, attempt] { AskSignatures(attempt); });
}

void NettingOperator::AskOne(std::uint32_t attempt, ParticipantIndex payer,
                             std::shared_ptr<const NettedTerms> terms) {
  const NettingCycle::Attempt* current = Find(attempt);
  const NodeIndex member = world_.nodes.Participant(payer);
  world_.network.Send(index(), member,
                      [this, attempt, payer, member, terms = std::move(terms),
                       trades = current->trades, legs = current->legs] {
                        if (!IsRightFor(world_.plan, payer, trades, legs)) return;
                        world_.network.Send(
                            member, index(),
                            [this, attempt, payer, terms,
                             signature = SignNetted(keys_.participant(payer), terms->terms)] {
                              OnSigned(attempt, payer, *terms, signature);
                            });
                      });
}

void NettingOperator::OnSigned(std::uint32_t attempt, ParticipantIndex payer,
                               const NettedTerms& terms, const core::Signature& signature) {
  const NettingCycle::Attempt* current = up() ? Find(attempt) : nullptr;
  // After a restart that lost it, an attempt may have come to other terms under its number.
  if (current == nullptr || current->submitted ||
      terms.terms != MakeNettedTerms(world_.plan, *current).terms) {
    return;
  }
  Happen([attempt, payer, signature](NettingCycle& cycle) {
    return cycle.OnSignature(attempt, payer, signature);
  });
}

void NettingOperator::HandIn(std::uint32_t attempt) {
  const NettingCycle::Attempt* current = Find(attempt);
  if (current == nullptr) return;
  const NettedTerms made = MakeNettedTerms(world_.plan, *current);
  auto submit = std::make_shared<SubmitTerms>();
  submit->terms = {std::string(core::kTermsPayloadType), made.terms, {}};
  for (const auto& [payer, signature] : current->signatures) {
    submit->terms.signatures.push_back(signature);
  }
  submit->legs = made.legs;
  const auto on_reply = [this, attempt, legs = current->legs](const SettlementReply& reply) {
    if (!up() || Find(attempt) == nullptr) return;
    core::Rejection outcome = reply.rejection;
    if (reply.status == core::InstructionStatus::kSettled) {
      outcome.outcome = core::Outcome::kAccepted;
    }
    HappenNow([attempt, outcome, to_blame = ToBlame(world_.plan, legs, outcome)](
                  NettingCycle& cycle, core::LedgerTime at) {
      return cycle.OnOutcome(at, attempt, outcome, to_blame);
    });
  };
  world_.network.Send(index(), bridge_.index(), [this, submit, on_reply] {
    bridge_.SubmitSettlement(submit, [this, on_reply](const SettlementReply& reply) {
      world_.network.Send(bridge_.index(), index(), [on_reply, reply] { on_reply(reply); });
    });
  });
  After(world_.plan.network.reply_timeout, EventKind::kTimer, [this, attempt] { HandIn(attempt); });
}

NettingMechanism::NettingMechanism(World& world, const KeyRing& keys, BridgeNode& bridge)
    : HandInMechanism(world),
      operator_(world, keys, bridge,
                [this](const NettingCycle::Tell& tell) { Tell(tell.trade, tell.outcome); }) {}

std::optional<std::vector<Movement>> NettingMechanism::Moved() const {
  if (operator_.cycle() == nullptr) return std::nullopt;
  std::vector<Movement> moved;
  for (const auto& [id, trade] : operator_.cycle()->settled_trades()) {
    moved.push_back({trade.party_ledger, trade.party, trade.counterparty, trade.party_amount});
    moved.push_back(
        {trade.counterparty_ledger, trade.counterparty, trade.party, trade.counterparty_amount});
  }
  return moved;
}

}  // namespace causeway::sim
