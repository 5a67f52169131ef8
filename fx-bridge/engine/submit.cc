// What comes in from those who pay: terms, legs and signatures, and the checks that turn away what
// no ledger could take.
#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "fx-bridge/engine/bridge_engine.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/settlement_list.h"

namespace causeway::bridge {
namespace {

core::Rejection Refuse(core::Outcome outcome, std::string message) {
  core::Rejection rejection;
  rejection.outcome = outcome;
  rejection.message = std::move(message);
  return rejection;
}

std::string_view PayloadTypeOf(bool is_list) {
  return is_list ? core::kSettlementListPayloadType : core::kTermsPayloadType;
}

bool HasSigned(const core::Envelope& envelope, const core::KeyId& key) {
  return std::any_of(envelope.signatures.begin(), envelope.signatures.end(),
                     [&](const core::Signature& signature) { return signature.key_id == key; });
}

}  // namespace

std::variant<SettlementView, core::Rejection> BridgeEngine::Submit(core::LedgerTime now,
                                                                   const core::Envelope& terms,
                                                                   std::vector<std::string> legs) {
  now = Clamp(now);
  const bool is_list = core::IsSettlementList(terms.payload);
  if (terms.payload_type != PayloadTypeOf(is_list)) {
    return Refuse(
        core::Outcome::kMalformed,
        fmt::format("terms.payload_type: is \"{}\"; must be \"{}\" for a settlement and "
                    "\"{}\" for a list",
                    terms.payload_type, core::kTermsPayloadType, core::kSettlementListPayloadType));
  }
  if (const absl::Status status = core::CheckEnvelope(terms); !status.ok()) {
    return Refuse(core::Outcome::kMalformed,
                  fmt::format("terms: {}", std::string(status.message())));
  }
  absl::StatusOr<core::TermsHeader> header = codec::DecodeTerms(terms.payload);
  if (!header.ok()) {
    return Refuse(core::Outcome::kMalformed,
                  fmt::format("terms: {}", std::string(header.status().message())));
  }
  const core::Hash256 id = header->settlement_id;
  const absl::StatusOr<bool> known = IsKnown(id);
  if (!known.ok()) return Look(id);  // which says that it cannot be read
  if (*known) return AddSignatures(now, terms, legs, id);
  if (const absl::Status form = codec::CheckTermsForm(*header, terms.payload); !form.ok()) {
    return Refuse(core::Outcome::kMalformed, fmt::format("terms: {}", std::string(form.message())));
  }

  if (auto refused = CheckTerms(now, *header)) return *refused;
  OpenSettlement settlement;
  settlement.header = *std::move(header);
  settlement.submitted = now;
  settlement.terms.payload_type = terms.payload_type;
  settlement.terms.payload = terms.payload;
  if (auto refused = ReadLegs(std::move(legs), settlement)) return *refused;
  if (auto refused = CheckSignatures(terms)) return *refused;
  if (auto refused = MergeSignatures(terms, settlement)) return *refused;
  if (auto refused = Countersign(now, settlement)) return *refused;
  if (auto refused = CheckSignaturesFit(settlement)) return *refused;
  std::vector<pvp::RequiredSigner> missing = Missing(settlement);
  pvp::Handover handover = HandoverOf(settlement, missing);
  if (auto refused =
          coordinator_.Submit(now, settlement.header, std::move(missing), std::move(handover))) {
    return *refused;
  }
  AddOpen(id, std::move(settlement));
  unsaved_.insert(id);
  FollowOrders(id);
  return Look(id);
}

std::optional<core::Rejection> BridgeEngine::CheckTerms(core::LedgerTime now,
                                                        const core::TermsHeader& header) const {
  const core::SettlementPolicy* policy = policies_.Find(header.policy_hash);
  if (policy == nullptr) {
    return Refuse(core::Outcome::kUnknownSettlementPolicy,
                  fmt::format("terms.policy_hash: {} is not known here; the policy in force is {}",
                              header.policy_hash.ToHex(), policies_.latest().hash.ToHex()));
  }
  for (const core::TermsLedger& ledger : header.ledgers) {
    if (policy->Find(ledger.ledger) == nullptr) {
      return Refuse(core::Outcome::kUnknownLedger,
                    fmt::format("terms.ledgers: {} is not served here", ledger.ledger.text()));
    }
  }
  if (now > header.deadline) {
    return Refuse(core::Outcome::kPastDeadline,
                  fmt::format("terms.deadline_us: {} is past; it is {}", header.deadline.ToString(),
                              now.ToString()));
  }
  if (header.deadline > now + kDeadlineAheadMax) {
    return Refuse(core::Outcome::kValidUntilTooFar,
                  fmt::format("terms.deadline_us: {} is more than 7 days ahead of {}",
                              header.deadline.ToString(), now.ToString()));
  }
  return std::nullopt;
}

std::optional<core::Rejection> BridgeEngine::ReadLegs(std::vector<std::string> legs,
                                                      OpenSettlement& into) const {
  const core::TermsHeader& header = into.header;
  if (header.is_list()) return ReadParts(std::move(legs), into);
  if (legs.size() != header.LegCount()) {
    core::Rejection rejection = Refuse(
        core::Outcome::kLegNotInTerms,
        fmt::format("legs: {} are given; the terms have {}", legs.size(), header.LegCount()));
    rejection.actual = static_cast<std::int64_t>(legs.size());
    rejection.required = header.LegCount();
    return rejection;
  }
  if (core::LegsRoot(legs) != header.legs_root) {
    return Refuse(core::Outcome::kLegNotInTerms,
                  "legs: their Merkle root is not terms.legs_root; give the exact bytes of every "
                  "leg in the order of the root");
  }
  absl::btree_map<core::LedgerOrigin, std::uint32_t> counts;
  std::set<pvp::RequiredSigner> required;
  for (std::size_t i = 0; i < legs.size(); ++i) {
    absl::StatusOr<core::Leg> leg = codec::DecodeLeg(legs[i]);
    if (!leg.ok()) {
      return Refuse(core::Outcome::kMalformed,
                    fmt::format("legs[{}]: {}", i, std::string(leg.status().message())));
    }
    ++counts[leg->ledger];
    required.insert({leg->ledger, leg->party});
    for (const core::ParticipantId& approver : leg->approvals) {
      required.insert({leg->ledger, approver});
    }
    into.decoded_legs.push_back(*std::move(leg));
  }
  for (const core::TermsLedger& ledger : header.ledgers) {
    if (counts[ledger.ledger] == ledger.leg_count) continue;
    return Refuse(core::Outcome::kLegNotInTerms,
                  fmt::format("terms.ledgers: {} legs are said to be on {}; there are {}",
                              ledger.leg_count, ledger.ledger.text(), counts[ledger.ledger]));
  }
  into.legs = std::move(legs);
  into.required.assign(required.begin(), required.end());
  return std::nullopt;
}

std::optional<core::Rejection> BridgeEngine::ReadParts(std::vector<std::string> parts,
                                                       OpenSettlement& into) const {
  const core::TermsHeader& header = into.header;
  if (parts.size() != header.parts.size()) {
    core::Rejection rejection =
        Refuse(core::Outcome::kLegNotInTerms,
               fmt::format("legs: {} parts are given; the list has {} ledgers, with one part each",
                           parts.size(), header.parts.size()));
    rejection.actual = static_cast<std::int64_t>(parts.size());
    rejection.required = static_cast<std::int64_t>(header.parts.size());
    return rejection;
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (core::ListPartHash(parts[i]) != header.parts[i].hash) {
      return Refuse(core::Outcome::kLegNotInTerms,
                    fmt::format("legs[{}]: is not the part that the list has for {}", i,
                                header.ledgers[i].ledger.text()));
    }
    // What no ledger could read would hold up the parties for nothing.
    if (const auto legs = core::DecodeListPart(parts[i], header.list_count); !legs.ok()) {
      return Refuse(core::Outcome::kMalformed,
                    fmt::format("legs[{}]: {}", i, std::string(legs.status().message())));
    }
    // Ledgers are sorted, so these are too.
    into.required.push_back({header.ledgers[i].ledger, header.parts[i].payer});
  }
  into.legs = std::move(parts);
  return std::nullopt;
}

std::optional<core::Rejection> BridgeEngine::CheckSignatures(const core::Envelope& envelope) const {
  for (const core::Signature& signature : envelope.signatures) {
    if (options_.keys->Find(signature.key_id) != nullptr) continue;
    return Refuse(
        core::Outcome::kUnknownKey,
        fmt::format("terms.signatures: key {} is not known here", signature.key_id.ToHex()));
  }
  const auto verified = core::VerifyAll(
      envelope, [this](const core::KeyId& key) { return options_.keys->Find(key); }, *verifier_);
  if (verified.ok()) return std::nullopt;
  return Refuse(core::Outcome::kBadSignature,
                fmt::format("terms: {}", std::string(verified.status().message())));
}

bool BridgeEngine::SignsForAny(const core::KeyId& key, const OpenSettlement& settlement) const {
  return std::any_of(settlement.required.begin(), settlement.required.end(),
                     [&](const pvp::RequiredSigner& signer) {
                       return options_.keys->SignsFor(key, signer.participant, signer.ledger);
                     });
}

// Signatures of others than the parties are left out: a ledger that does not know their keys would
// refuse the terms because of them.
std::optional<core::Rejection> BridgeEngine::MergeSignatures(const core::Envelope& envelope,
                                                             OpenSettlement& into) const {
  bool by_party = false;
  for (const core::Signature& signature : envelope.signatures) {
    if (!SignsForAny(signature.key_id, into)) continue;
    by_party = true;
    if (!HasSigned(into.terms, signature.key_id)) into.terms.signatures.push_back(signature);
  }
  if (by_party) return std::nullopt;
  return Refuse(core::Outcome::kTermsNotSignedByPayer,
                "terms.signatures: none is by a payer or approver of the legs");
}

std::vector<pvp::RequiredSigner> BridgeEngine::Missing(const OpenSettlement& settlement) const {
  std::vector<pvp::RequiredSigner> missing;
  for (const pvp::RequiredSigner& signer : settlement.required) {
    const bool signed_already = std::any_of(
        settlement.terms.signatures.begin(), settlement.terms.signatures.end(),
        [&](const core::Signature& signature) {
          return options_.keys->SignsFor(signature.key_id, signer.participant, signer.ledger);
        });
    if (!signed_already) missing.push_back(signer);
  }
  return missing;
}

// Handed in by those who have signed: that is so again after a restart, and nobody can be made to
// have handed in what it did not sign.
pvp::Handover BridgeEngine::HandoverOf(const OpenSettlement& settlement,
                                       const std::vector<pvp::RequiredSigner>& missing) {
  std::set<core::ParticipantId> by;
  for (const pvp::RequiredSigner& signer : settlement.required) {
    if (!std::binary_search(missing.begin(), missing.end(), signer)) by.insert(signer.participant);
  }
  return {settlement.Bytes(), {by.begin(), by.end()}};
}

// All signatures travel in one envelope. Terms that would not fit could never be complete, and
// would hold the parties until their deadline.
std::optional<core::Rejection> BridgeEngine::CheckSignaturesFit(
    const OpenSettlement& settlement) const {
  std::set<core::ParticipantId> missing;
  for (const pvp::RequiredSigner& signer : Missing(settlement)) missing.insert(signer.participant);
  const std::size_t present = settlement.terms.signatures.size();
  const std::size_t needed = present + missing.size();
  if (needed <= core::kSignaturesPerEnvelopeMax) return std::nullopt;
  core::Rejection rejection = Refuse(
      core::Outcome::kMalformed,
      fmt::format("terms.signatures: {} are there and {} participants have yet to sign; terms "
                  "carry at most {} signatures, so split the settlement or sign with one key each",
                  present, missing.size(), core::kSignaturesPerEnvelopeMax));
  rejection.actual = static_cast<std::int64_t>(needed);
  rejection.required = core::kSignaturesPerEnvelopeMax;
  return rejection;
}

std::optional<core::Rejection> BridgeEngine::Countersign(core::LedgerTime now,
                                                         OpenSettlement& settlement) {
  const std::string& quote_id = settlement.header.quote_id;
  if (options_.venue == nullptr || quote_id.empty() || Missing(settlement).empty()) {
    return std::nullopt;
  }
  auto signed_by = options_.venue->SignQuoted(now, quote_id, settlement.terms.payload);
  if (auto* refused = std::get_if<core::Rejection>(&signed_by)) return std::move(*refused);
  for (auto& given : std::get<std::vector<core::Signature>>(signed_by)) {
    if (HasSigned(settlement.terms, given.key_id)) continue;
    settlement.terms.signatures.push_back(std::move(given));
  }
  return std::nullopt;
}

std::variant<SettlementView, core::Rejection> BridgeEngine::AddSignatures(
    core::LedgerTime now, const core::Envelope& envelope, const std::vector<std::string>& legs,
    const core::Hash256& id) {
  const auto place = open_.find(id);
  if (place == open_.end()) return Look(id);
  OpenSettlement& settlement = place->second;
  if (!settlement.legs.empty() && legs != settlement.legs) {
    return Refuse(core::Outcome::kLegNotInTerms, "legs: are not those of the terms");
  }
  const std::vector<pvp::RequiredSigner> before = Missing(settlement);
  if (before.empty() || !settlement.record.empty()) return Look(id);
  if (auto refused = CheckSignatures(envelope)) return *refused;
  std::vector<core::Signature> signatures_before = settlement.terms.signatures;
  if (auto refused = MergeSignatures(envelope, settlement)) return *refused;
  if (auto refused = CheckSignaturesFit(settlement)) {
    settlement.terms.signatures = std::move(signatures_before);
    return *refused;
  }
  const std::vector<pvp::RequiredSigner> after = Missing(settlement);
  if (after.size() == before.size()) return Look(id);
  unsaved_.insert(id);
  for (const pvp::RequiredSigner& signer : before) {
    if (!std::binary_search(after.begin(), after.end(), signer)) {
      coordinator_.OnSigned(now, id, signer);
    }
  }
  return Look(id);
}

std::variant<Quote, core::Rejection> BridgeEngine::RequestQuote(core::LedgerTime now,
                                                                const QuoteRequest& request,
                                                                const RandomSource& random) {
  now = Clamp(now);
  if (options_.venue == nullptr) {
    return Refuse(core::Outcome::kNoRate, "this bridge quotes no rates");
  }
  return options_.venue->RequestQuote(now, request, random);
}

std::variant<SettlementView, core::Rejection> BridgeEngine::JudgeDeadline(
    core::LedgerTime now, const core::Hash256& id, std::string_view terms,
    const core::ParticipantId& asker) {
  now = Clamp(now);
  const absl::StatusOr<bool> known = IsKnown(id);
  if (!known.ok()) return Look(id);
  if (*known) {
    // The tick makes an undecided settlement ripe when its deadline is past.
    coordinator_.Tick(now);
    return Look(id);
  }
  if (terms.empty()) {
    return Refuse(core::Outcome::kNotFound,
                  fmt::format("settlement {} is not known here", id.ToHex()));
  }
  if (core::SettlementIdOf(terms) != id) {
    return Refuse(core::Outcome::kMalformed,
                  "terms: are not those of the settlement id; give the exact bytes that were "
                  "signed");
  }
  absl::StatusOr<core::TermsHeader> header = codec::DecodeTerms(terms);
  if (!header.ok()) {
    return Refuse(core::Outcome::kMalformed,
                  fmt::format("terms: {}", std::string(header.status().message())));
  }
  auto refused = CheckTerms(now, *header);
  if (!refused.has_value() || refused->outcome == core::Outcome::kValidUntilTooFar) {
    return Refuse(core::Outcome::kNotFound,
                  fmt::format("settlement {} was not handed in here; its deadline {} is not past",
                              id.ToHex(), header->deadline.ToString()));
  }
  if (refused->outcome != core::Outcome::kPastDeadline) return *refused;
  if (auto full = coordinator_.SubmitExpired(now, *header, {terms.size(), {asker}})) return *full;
  OpenSettlement settlement;
  settlement.header = *std::move(header);
  settlement.submitted = now;
  settlement.terms.payload_type = PayloadTypeOf(settlement.header.is_list());
  settlement.terms.payload = std::string(terms);
  AddOpen(id, std::move(settlement));
  unsaved_.insert(id);
  return Look(id);
}

std::variant<SettlementView, core::Rejection> BridgeEngine::OrderAbort(core::LedgerTime now,
                                                                       const core::Hash256& id,
                                                                       const AbortOrder& order) {
  Clamp(now);
  const absl::StatusOr<bool> known = IsKnown(id);
  if (!known.ok()) return Look(id);
  if (!*known) return KeepOrder(id, order);
  const auto place = open_.find(id);
  if (place == open_.end()) return Look(id);  // complete
  const core::TermsHeader& header = place->second.header;
  const core::SettlementPolicy* policy = policies_.Find(header.policy_hash);
  CW_CHECK(policy != nullptr, "an open settlement is under one of the policies");
  const auto proven = VerifyAbortOrder(order, header, *policy, *options_.verifier);
  if (const auto* refused = std::get_if<core::Rejection>(&proven)) return *refused;
  const auto& ordered = std::get<ProvenOrder>(proven);
  const core::Rejection why = AbortOrderedBy(ordered);
  // Durable before anybody is told of it, as the record may have to wait for witnesses: as a kept
  // order, or with the settlement where its ledger has no room for more of them.
  if (place->second.record.empty() && !orders_.Keep(id, ordered)) {
    place->second.rejection = why;
    unsaved_.insert(id);
  }
  coordinator_.Abort(id, why);
  return Look(id);
}

std::variant<SettlementView, core::Rejection> BridgeEngine::KeepOrder(const core::Hash256& id,
                                                                      const AbortOrder& order) {
  const auto proven = VerifyAbortOrder(order, id, policies_.all(), *options_.verifier);
  if (const auto* refused = std::get_if<core::Rejection>(&proven)) return *refused;
  const auto& ordered = std::get<ProvenOrder>(proven);
  if (!orders_.Keep(id, ordered)) {
    core::Rejection full = Refuse(
        core::Outcome::kOverloaded,
        fmt::format("{} has {} orders here for settlements that were not handed in; this one "
                    "is in force on that ledger alone",
                    ordered.ledger.text(), kKeptOrdersPerLedgerMax));
    full.required = kKeptOrdersPerLedgerMax;
    return full;
  }
  SettlementView view;
  view.settlement_id = id;
  view.state = SettlementState::kAbortOrdered;
  view.rejection = AbortOrderedBy(ordered);
  return view;
}

void BridgeEngine::FollowOrders(const core::Hash256& id) {
  const std::vector<ProvenOrder>* orders = orders_.Find(id);
  if (orders == nullptr) return;
  const core::TermsHeader& header = open_.find(id)->second.header;
  const core::SettlementPolicy* policy = policies_.Find(header.policy_hash);
  CW_CHECK(policy != nullptr, "an open settlement is under one of the policies");
  for (const ProvenOrder& order : *orders) {
    if (!IsOfTerms(order, header, *policy)) continue;
    coordinator_.Abort(id, AbortOrderedBy(order));
    return;
  }
}

bool BridgeEngine::IsParty(const core::Hash256& id, const core::ParticipantId& participant) const {
  const auto place = open_.find(id);
  if (place == open_.end()) return false;
  const std::vector<pvp::RequiredSigner>& required = place->second.required;
  return std::any_of(required.begin(), required.end(), [&](const pvp::RequiredSigner& signer) {
    return signer.participant == participant;
  });
}

}  // namespace causeway::bridge
