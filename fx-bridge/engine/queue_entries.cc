// What parties and members bring to the settlement queue, and what is refused.
#include <algorithm>

#include "fmt/format.h"
#include "fx-bridge/engine/queue_desk.h"
#include "settlement/core/check.h"

namespace causeway::bridge {
namespace {

core::Rejection Unwelcome(core::Outcome outcome, std::string message) {
  core::Rejection rejection;
  rejection.outcome = outcome;
  rejection.message = std::move(message);
  return rejection;
}

// Whether it is an envelope of that type, within the limits.
std::optional<core::Rejection> CheckType(const core::Envelope& envelope, std::string_view type) {
  if (const absl::Status status = core::CheckEnvelope(envelope); !status.ok()) {
    return Unwelcome(core::Outcome::kMalformed, std::string(status.message()));
  }
  if (envelope.payload_type == type) return std::nullopt;
  return Unwelcome(core::Outcome::kMalformed, fmt::format("payload_type: must be {}", type));
}

}  // namespace

std::optional<core::Rejection> QueueDesk::CheckTrade(core::LedgerTime now,
                                                     const core::QueuedTrade& trade) const {
  if (trade.queue != options_.decision_log) {
    return Unwelcome(core::Outcome::kWrongLedger,
                     fmt::format("queue: is {}; this one is {}", trade.queue.text(),
                                 options_.decision_log.text()));
  }
  if (now > trade.valid_until) {
    return Unwelcome(core::Outcome::kPastValidUntil,
                     fmt::format("valid_until: {} is past", trade.valid_until.ToString()));
  }
  if (trade.valid_until > now + kTradeValidityMax) {
    return Unwelcome(
        core::Outcome::kValidUntilTooFar,
        fmt::format("valid_until: {} is more than 7 days ahead", trade.valid_until.ToString()));
  }
  for (const core::QueuedTrade::Side& side : trade.sides) {
    const auto member = options_.members.find(side.party);
    if (member == options_.members.end()) {
      return Unwelcome(core::Outcome::kUnknownParticipant,
                       fmt::format("{} is no member of this queue", side.party.text()));
    }
    for (const core::QueuedTrade::Side& each : trade.sides) {
      const auto account = member->second.find(each.ledger);
      if (account == member->second.end()) {
        return Unwelcome(core::Outcome::kUnknownAccount,
                         fmt::format("{} has no account on {} in this queue", side.party.text(),
                                     each.ledger.text()));
      }
      if (account->second.currency() != each.pays.currency) {
        return Unwelcome(core::Outcome::kWrongCurrency,
                         fmt::format("{} is in {}, not in {}", each.ledger.text(),
                                     account->second.currency().code(), each.pays.currency.code()));
      }
    }
  }
  return std::nullopt;
}

// For one trade more, which these enter.
std::optional<core::Rejection> QueueDesk::CheckRoom(
    const std::vector<core::ParticipantId>& signers) const {
  if (machine_.queued() + unmatched_.size() >= options_.trades_max) {
    return Unwelcome(core::Outcome::kOverloaded,
                     fmt::format("{} trades wait, and at most {} may; try again later",
                                 machine_.queued() + unmatched_.size(), options_.trades_max));
  }
  const std::optional<fx_queue::MemberIndex> member = FindMember(signers.front());
  const auto known = member ? known_of_.find(*member) : known_of_.end();
  const std::size_t own = known == known_of_.end() ? 0 : known->second;
  if (trades_.size() >= options_.known_max || own >= options_.known_max - trades_.size()) {
    return Unwelcome(
        core::Outcome::kOverloaded,
        fmt::format("{} trades are known until their time is over, {} of them entered first by "
                    "{}, and at most {} may; try again later",
                    trades_.size(), own, signers.front().text(), options_.known_max));
  }
  if (signers.size() > 1) return std::nullopt;
  const auto count = member ? unmatched_of_.find(*member) : unmatched_of_.end();
  if (count == unmatched_of_.end() || count->second < kUnmatchedPerMemberMax) return std::nullopt;
  return Unwelcome(core::Outcome::kOverloaded,
                   fmt::format("{} trades of {} wait for their counterparties, and at most {} may",
                               count->second, signers.front().text(), kUnmatchedPerMemberMax));
}

std::variant<std::vector<core::ParticipantId>, core::Rejection> QueueDesk::Signers(
    const core::Envelope& envelope, const core::QueuedTrade& trade) const {
  for (const core::Signature& signature : envelope.signatures) {
    if (options_.keys->Find(signature.key_id) != nullptr) continue;
    return Unwelcome(core::Outcome::kUnknownKey,
                     fmt::format("signatures: key {} is not known here", signature.key_id.ToHex()));
  }
  const auto verified = core::VerifyAll(
      envelope, [this](const core::KeyId& key) { return options_.keys->Find(key); },
      *options_.verifier);
  if (!verified.ok()) {
    return Unwelcome(core::Outcome::kBadSignature, std::string(verified.status().message()));
  }
  std::vector<core::ParticipantId> parties;
  for (const core::QueuedTrade::Side& side : trade.sides) {
    const bool has_signed =
        std::any_of(verified->begin(), verified->end(), [&](const core::KeyId& key) {
          return options_.keys->SignsFor(key, side.party, side.ledger);
        });
    if (has_signed) parties.push_back(side.party);
  }
  if (!parties.empty()) return parties;
  return Unwelcome(core::Outcome::kNotSignedByParty, "signatures: none is by a party of the trade");
}

std::variant<core::Hash256, core::Rejection> QueueDesk::Enter(core::LedgerTime now,
                                                              const core::ParticipantId& caller,
                                                              const core::Envelope& envelope) {
  const core::LedgerTime at = Clamp(now);
  ForgetOld(at);  // makes room also when nothing else happens; the next event would do the same
  if (auto refused = CheckType(envelope, core::kQueuedTradePayloadType)) return *refused;
  const absl::StatusOr<core::QueuedTrade> trade = core::DecodeQueuedTrade(envelope.payload);
  if (!trade.ok()) {
    return Unwelcome(core::Outcome::kMalformed, std::string(trade.status().message()));
  }
  if (!caller.IsEmpty() && caller != trade->sides[0].party && caller != trade->sides[1].party) {
    return Unwelcome(core::Outcome::kSenderNotEntitled,
                     fmt::format("sides: {} is no party of the trade", caller.text()));
  }
  const core::Hash256 id = core::QueuedTradeIdOf(envelope.payload);
  const auto known = index_.find(id);
  if (known == index_.end()) {
    if (auto refused = CheckTrade(at, *trade)) return *refused;
  } else if (machine_.Find(known->second)->ended) {
    return id;
  }
  auto signers = Signers(envelope, *trade);
  if (auto* refused = std::get_if<core::Rejection>(&signers)) return *refused;
  const auto& parties = std::get<std::vector<core::ParticipantId>>(signers);
  if (known == index_.end()) {
    if (auto refused = CheckRoom(parties)) return *refused;
  }
  for (const core::ParticipantId& party : parties) {
    const auto found = index_.find(id);
    const auto status = found == index_.end() ? std::nullopt : machine_.Find(found->second);
    const std::optional<fx_queue::MemberIndex> member = FindMember(party);
    const bool said = status && (status->ended || (member && status->entered.contains(*member)));
    if (!said) Happen(at, TradeEntered{party, envelope});
  }
  return id;
}

std::variant<core::Hash256, core::Rejection> QueueDesk::Withdraw(core::LedgerTime now,
                                                                 const core::ParticipantId& caller,
                                                                 const core::Envelope& envelope) {
  const core::LedgerTime at = Clamp(now);
  if (auto refused = CheckType(envelope, core::kTradeWithdrawalPayloadType)) return *refused;
  const absl::StatusOr<core::TradeWithdrawal> read = core::DecodeTradeWithdrawal(envelope.payload);
  if (!read.ok()) {
    return Unwelcome(core::Outcome::kMalformed, std::string(read.status().message()));
  }
  if (read->queue != options_.decision_log) {
    return Unwelcome(core::Outcome::kWrongLedger,
                     fmt::format("queue: is {}; this one is {}", read->queue.text(),
                                 options_.decision_log.text()));
  }
  const auto found = index_.find(read->trade);
  if (found == index_.end()) {
    return Unwelcome(core::Outcome::kNotFound,
                     fmt::format("trade: {} is not known here", read->trade.ToHex()));
  }
  const core::QueuedTrade trade = trades_.at(found->second).trade;
  if (!caller.IsEmpty() && caller != trade.sides[0].party && caller != trade.sides[1].party) {
    return Unwelcome(core::Outcome::kSenderNotEntitled,
                     fmt::format("trade: {} is no party of it", caller.text()));
  }
  auto signers = Signers(envelope, trade);
  if (auto* refused = std::get_if<core::Rejection>(&signers)) return *refused;
  for (const core::ParticipantId& party : std::get<std::vector<core::ParticipantId>>(signers)) {
    const std::optional<Queue::Status> status = machine_.Find(found->second);
    if (!status->ended && !status->withdrawn.contains(MemberOf(party))) {
      Happen(at, TradeWithdrawn{party, envelope});
    }
  }
  return read->trade;
}

std::optional<core::Rejection> QueueDesk::TellFunds(core::LedgerTime now,
                                                    const core::ParticipantId& member,
                                                    std::uint64_t run,
                                                    const core::LedgerOrigin& ledger,
                                                    core::Amount funds) {
  if (funds.IsNegative()) {
    return Unwelcome(core::Outcome::kMalformed, "minor_units: must not be below zero");
  }
  const std::optional<fx_queue::MemberIndex> index = FindMember(member);
  const auto place = std::find(ledgers_.begin(), ledgers_.end(), ledger);
  const bool is_asked = index && place != ledgers_.end() && machine_.last_run() == run &&
                        machine_.asked().contains(
                            {static_cast<fx_queue::LedgerIndex>(place - ledgers_.begin()), *index});
  if (!is_asked) {
    return Unwelcome(core::Outcome::kNotFound,
                     fmt::format("run: {} is not asked for its funds on {} in run {}",
                                 member.text(), ledger.text(), run));
  }
  Happen(Clamp(now), FundsTold{run, member, ledger, funds});
  return std::nullopt;
}

std::optional<core::Rejection> QueueDesk::Sign(core::LedgerTime now,
                                               const core::ParticipantId& member,
                                               std::uint32_t attempt,
                                               const core::Envelope& signed_terms) {
  if (auto refused = CheckType(signed_terms, core::kTermsPayloadType)) return refused;
  const std::optional<fx_queue::MemberIndex> index = FindMember(member);
  const fx_queue::NetAttempt* current = machine_.FindAttempt(attempt);
  if (current == nullptr || !index || !current->payers.contains(*index)) {
    return Unwelcome(core::Outcome::kNotFound,
                     fmt::format("attempt: {} is not asked to sign {}", member.text(), attempt));
  }
  if (signed_terms.payload != attempts_.at(attempt).terms.terms) {
    return Unwelcome(core::Outcome::kMalformed, "terms: are not those of the attempt");
  }
  if (current->submitted || current->signatures.contains(*index)) return std::nullopt;
  for (const core::Signature& signature : signed_terms.signatures) {
    if (options_.keys->Find(signature.key_id) != nullptr) continue;
    return Unwelcome(core::Outcome::kUnknownKey,
                     fmt::format("signatures: key {} is not known here", signature.key_id.ToHex()));
  }
  const auto verified = core::VerifyAll(
      signed_terms, [this](const core::KeyId& key) { return options_.keys->Find(key); },
      *options_.verifier);
  if (!verified.ok()) {
    return Unwelcome(core::Outcome::kBadSignature, std::string(verified.status().message()));
  }
  for (const core::Signature& signature : signed_terms.signatures) {
    const bool signs_all =
        std::all_of(current->legs.begin(), current->legs.end(), [&](const fx_queue::NetLeg& leg) {
          return leg.from != *index ||
                 options_.keys->SignsFor(signature.key_id, member, ledgers_[leg.ledger]);
        });
    if (!signs_all) continue;
    Happen(Clamp(now), AttemptSigned{attempt, member, signature});
    return std::nullopt;
  }
  return Unwelcome(core::Outcome::kNotSignedByParty,
                   fmt::format("signatures: none is by {} for all that it pays", member.text()));
}

}  // namespace causeway::bridge
