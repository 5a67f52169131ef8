// Settlements: policies, terms, legs, certificates and completions.
#include <utility>

#include "fmt/format.h"
#include "settlement/codec/codec.h"
#include "settlement/codec/decoders.h"
#include "settlement/codec/fields.h"
#include "settlement/core/decision_checkpoint.h"
#include "settlement/core/hash.h"
#include "settlement/core/merkle.h"
#include "settlement/core/note.h"
#include "settlement/core/settlement_list.h"

namespace causeway::codec {
namespace {

constexpr std::size_t kNonceBytes = 16;
constexpr std::size_t kQuoteIdCharactersMax = 64;
constexpr std::size_t kPolicyLedgersMax = 256;
constexpr std::size_t kLegApprovalsMax = core::kSignaturesPerEnvelopeMax;
constexpr std::size_t kLegBytesMax = 8 * 1024;
constexpr std::size_t kCompletionBytesMax = 1024 * 1024;
constexpr Path kRoot{};

core::PolicyLedger DecodePolicyLedger(Fields& fields, const Path& path,
                                      const v1::PolicyLedger& message) {
  fields.RefuseUnknown(path, message);
  core::PolicyLedger ledger;
  ledger.ledger = fields.Parse<core::LedgerOrigin>({&path, "ledger"}, message.ledger());
  ledger.genesis_hash = fields.Hash({&path, "genesis_hash"}, message.genesis_hash());
  if (fields.Require({&path, "key"}, message.has_key())) {
    ledger.key = DecodeKey(fields, {&path, "key"}, message.key());
  }
  return ledger;
}

void DecodeWitnesses(Fields& fields, const Path& path, const v1::SettlementPolicy& message,
                     core::SettlementPolicy& policy) {
  if (!fields.Count({&path, "witnesses"}, static_cast<std::size_t>(message.witnesses_size()), 0,
                    core::kPolicyWitnessesMax)) {
    return;
  }
  for (const v1::PolicyWitness& witness : message.witnesses()) {
    const Path place{&path, "witnesses", static_cast<std::int64_t>(policy.witnesses.size())};
    fields.RefuseUnknown(place, witness);
    core::PolicyWitness decoded;
    decoded.name = witness.name();
    if (fields.Require({&place, "key"}, witness.has_key())) {
      decoded.key = DecodeKey(fields, {&place, "key"}, witness.key());
    }
    policy.witnesses.push_back(std::move(decoded));
  }
  policy.witnesses_needed = message.witnesses_needed();
  policy.witnesses_faulty_max = message.witnesses_faulty_max();
}

void DecodeTermsLedgers(Fields& fields, const v1::TermsHeader& message, core::TermsHeader& terms) {
  if (!fields.Count({&kRoot, "ledgers"}, static_cast<std::size_t>(message.ledgers_size()), 1,
                    core::kSettlementLedgersMax)) {
    return;
  }
  std::uint64_t legs = 0;
  for (const v1::TermsLedger& ledger : message.ledgers()) {
    const Path place{&kRoot, "ledgers", static_cast<std::int64_t>(terms.ledgers.size())};
    fields.RefuseUnknown(place, ledger);
    const auto origin = fields.Parse<core::LedgerOrigin>({&place, "ledger"}, ledger.ledger());
    if (!terms.ledgers.empty() && origin <= terms.ledgers.back().ledger) {
      fields.Fail({&place, "ledger"}, "ledgers must be sorted by origin, each once");
    }
    if (ledger.leg_count() == 0) {
      fields.Fail({&place, "leg_count"}, "is 0; a ledger in the terms has 1 leg or more");
    }
    legs += ledger.leg_count();
    terms.ledgers.push_back(core::TermsLedger{origin, ledger.leg_count()});
  }
  if (legs > core::kSettlementLegsMax) {
    fields.Fail({&kRoot, "ledgers"},
                fmt::format("have {} legs in all; the most is {}", legs, core::kSettlementLegsMax));
  }
}

core::Leg DecodeLegBytes(Fields& fields, const Path& path, std::string_view bytes) {
  core::Leg leg;
  v1::Leg message;
  if (!fields.ParseMessage(path, bytes, kLegBytesMax, &message)) return leg;
  fields.RefuseUnknown(path, message);
  leg.salt = fields.Raw({&path, "salt"}, message.salt(), kNonceBytes);
  leg.ledger = fields.Parse<core::LedgerOrigin>({&path, "ledger"}, message.ledger());
  leg.party =
      fields.Parse<core::ParticipantId>({&path, "instructing_party"}, message.instructing_party());
  leg.id = fields.Parse<core::InstructionId>({&path, "instruction_id"}, message.instruction_id());
  leg.uetr = fields.Uetr({&path, "uetr"}, message.uetr());
  leg.debtor =
      fields.Parse<core::AccountAddress>({&path, "debtor_account"}, message.debtor_account());
  leg.creditor =
      fields.Parse<core::AccountAddress>({&path, "creditor_account"}, message.creditor_account());
  if (fields.Require({&path, "amount"}, message.has_amount())) {
    leg.amount = DecodeMoney(fields, {&path, "amount"}, message.amount());
  }
  leg.private_data_hash =
      fields.OptionalHash({&path, "private_data_hash"}, message.private_data_hash());
  if (!fields.Count({&path, "approvals"}, static_cast<std::size_t>(message.approvals_size()), 0,
                    kLegApprovalsMax)) {
    return leg;
  }
  for (const std::string& approval : message.approvals()) {
    const Path place{&path, "approvals", static_cast<std::int64_t>(leg.approvals.size())};
    const auto participant = fields.Parse<core::ParticipantId>(place, approval);
    for (const core::ParticipantId& earlier : leg.approvals) {
      if (earlier == participant) fields.Fail(place, "stands in the list twice; name each once");
    }
    leg.approvals.push_back(participant);
  }
  return leg;
}

}  // namespace

core::SettlementPolicy DecodePolicyBytes(Fields& fields, const Path& path, std::string_view bytes) {
  core::SettlementPolicy policy;
  v1::SettlementPolicy message;
  if (!fields.ParseMessage(path, bytes, kMessageBytesMax, &message)) return policy;
  fields.RefuseUnknown(path, message);
  policy.hash = core::Sha256(bytes);
  policy.epoch = message.epoch();
  policy.decision_log =
      fields.Parse<core::LedgerOrigin>({&path, "decision_log"}, message.decision_log());
  if (fields.Require({&path, "decision_log_key"}, message.has_decision_log_key())) {
    policy.decision_log_key =
        DecodeKey(fields, {&path, "decision_log_key"}, message.decision_log_key());
  }
  DecodeWitnesses(fields, path, message, policy);
  if (!fields.Count({&path, "ledgers"}, static_cast<std::size_t>(message.ledgers_size()), 1,
                    kPolicyLedgersMax)) {
    return policy;
  }
  for (const v1::PolicyLedger& ledger : message.ledgers()) {
    const Path place{&path, "ledgers", static_cast<std::int64_t>(policy.ledgers.size())};
    core::PolicyLedger decoded = DecodePolicyLedger(fields, place, ledger);
    for (const core::PolicyLedger& earlier : policy.ledgers) {
      if (earlier.ledger == decoded.ledger) {
        fields.Fail({&place, "ledger"}, "stands in the list twice; name each ledger once");
      }
    }
    policy.ledgers.push_back(std::move(decoded));
  }
  if (!fields.ok()) return policy;
  if (absl::Status checked = core::CheckWitnesses(policy); !checked.ok()) {
    fields.Fail(path, std::string(checked.message()));
  }
  return policy;
}

absl::StatusOr<core::SettlementPolicy> DecodePolicy(std::string_view bytes) {
  Fields fields;
  core::SettlementPolicy policy = DecodePolicyBytes(fields, kRoot, bytes);
  if (!fields.ok()) return fields.status();
  return policy;
}

absl::StatusOr<core::PolicySet> DecodePolicies(std::span<const std::string> policies,
                                               std::string_view field) {
  std::vector<core::SettlementPolicy> decoded;
  for (std::size_t i = 0; i < policies.size(); ++i) {
    absl::StatusOr<core::SettlementPolicy> policy = DecodePolicy(policies[i]);
    if (!policy.ok()) {
      return absl::InvalidArgumentError(
          fmt::format("{}[{}]: {}", field, i, std::string(policy.status().message())));
    }
    decoded.push_back(*std::move(policy));
  }
  absl::StatusOr<core::PolicySet> set = core::PolicySet::Make(std::move(decoded));
  if (set.ok()) return set;
  return absl::InvalidArgumentError(
      fmt::format("{}: {}", field, std::string(set.status().message())));
}

std::string EncodePolicy(const core::SettlementPolicy& policy) {
  v1::SettlementPolicy message;
  message.set_epoch(policy.epoch);
  message.set_decision_log(policy.decision_log.ToString());
  ToProto(policy.decision_log_key, message.mutable_decision_log_key());
  for (const core::PolicyLedger& ledger : policy.ledgers) {
    v1::PolicyLedger* added = message.add_ledgers();
    added->set_ledger(ledger.ledger.ToString());
    added->set_genesis_hash(std::string(ledger.genesis_hash.view()));
    ToProto(ledger.key, added->mutable_key());
  }
  for (const core::PolicyWitness& witness : policy.witnesses) {
    v1::PolicyWitness* added = message.add_witnesses();
    added->set_name(witness.name);
    ToProto(witness.key, added->mutable_key());
  }
  message.set_witnesses_needed(policy.witnesses_needed);
  message.set_witnesses_faulty_max(policy.witnesses_faulty_max);
  return message.SerializeAsString();
}

absl::StatusOr<core::TermsHeader> DecodeTerms(std::string_view bytes) {
  // No message of that type begins like a list: its first byte would open a group.
  if (core::IsSettlementList(bytes)) return core::DecodeSettlementList(bytes);
  Fields fields;
  v1::TermsHeader message;
  if (!fields.ParseMessage(kRoot, bytes, kMessageBytesMax, &message)) return fields.status();
  fields.RefuseUnknown(kRoot, message);
  core::TermsHeader terms;
  terms.policy_hash = fields.Hash({&kRoot, "policy_hash"}, message.policy_hash());
  if (message.deadline_us() <= 0) {
    fields.Fail({&kRoot, "deadline_us"},
                fmt::format("is {}; must be microseconds since 1970-01-01T00:00:00Z",
                            message.deadline_us()));
  }
  terms.deadline = core::LedgerTime::FromMicros(message.deadline_us());
  DecodeTermsLedgers(fields, message, terms);
  terms.legs_root = fields.Hash({&kRoot, "legs_root"}, message.legs_root());
  terms.nonce = fields.Raw({&kRoot, "nonce"}, message.nonce(), kNonceBytes);
  terms.quote_id = fields.Text({&kRoot, "quote_id"}, message.quote_id(), 0, kQuoteIdCharactersMax);
  if (!fields.ok()) return fields.status();
  terms.settlement_id = core::SettlementIdOf(bytes);
  return terms;
}

std::string EncodeTerms(const core::TermsHeader& terms) {
  if (terms.is_list()) return core::EncodeSettlementList(terms);
  v1::TermsHeader message;
  message.set_policy_hash(std::string(terms.policy_hash.view()));
  message.set_deadline_us(terms.deadline.micros());
  for (const core::TermsLedger& ledger : terms.ledgers) {
    v1::TermsLedger* added = message.add_ledgers();
    added->set_ledger(ledger.ledger.ToString());
    added->set_leg_count(ledger.leg_count);
  }
  message.set_legs_root(std::string(terms.legs_root.view()));
  message.set_nonce(terms.nonce);
  message.set_quote_id(terms.quote_id);
  return message.SerializeAsString();
}

absl::Status CheckTermsForm(const core::TermsHeader& terms, std::string_view bytes) {
  const std::string canonical = EncodeTerms(terms);
  if (canonical == bytes) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format(
      "is not in its canonical form: has {} bytes, where its fields in order, each once, "
      "take {}",
      bytes.size(), canonical.size()));
}

absl::StatusOr<core::Leg> DecodeLeg(std::string_view bytes) {
  Fields fields;
  core::Leg leg = DecodeLegBytes(fields, kRoot, bytes);
  if (!fields.ok()) return fields.status();
  return leg;
}

std::string EncodeLeg(const core::Leg& leg) {
  v1::Leg message;
  message.set_salt(leg.salt);
  message.set_ledger(leg.ledger.ToString());
  message.set_instructing_party(leg.party.ToString());
  message.set_instruction_id(leg.id.ToString());
  message.set_uetr(std::string(leg.uetr.view()));
  message.set_debtor_account(leg.debtor.ToString());
  message.set_creditor_account(leg.creditor.ToString());
  ToProto(leg.amount, message.mutable_amount());
  if (!leg.private_data_hash.IsZero()) {
    message.set_private_data_hash(std::string(leg.private_data_hash.view()));
  }
  for (const core::ParticipantId& approval : leg.approvals) {
    message.add_approvals(approval.ToString());
  }
  return message.SerializeAsString();
}

core::ProvenLeg DecodeProvenLeg(Fields& fields, const Path& path, const v1::ProvenLeg& proven) {
  fields.RefuseUnknown(path, proven);
  core::ProvenLeg value;
  value.bytes = proven.leg();
  value.leg = DecodeLegBytes(fields, {&path, "leg"}, proven.leg());
  value.index = proven.index();
  if (value.index >= core::kSettlementLegsMax) {
    fields.Fail({&path, "index"},
                fmt::format("is {}; must be below {}", value.index, core::kSettlementLegsMax));
  }
  value.proof = fields.Hashes(path, "proof", proven.proof(), core::kProofHashesMax);
  return value;
}

void ToProto(const core::ProvenLeg& leg, v1::ProvenLeg* out) {
  out->Clear();
  out->set_leg(leg.bytes);
  out->set_index(leg.index);
  for (const core::Hash256& hash : leg.proof) out->add_proof(std::string(hash.view()));
}

absl::StatusOr<core::ProvenLeg> FromProto(const v1::ProvenLeg& leg) {
  Fields fields;
  core::ProvenLeg value = DecodeProvenLeg(fields, kRoot, leg);
  if (!fields.ok()) return fields.status();
  return value;
}

core::Certificate DecodeCertificate(Fields& fields, const Path& path,
                                    const v1::Certificate& certificate) {
  fields.RefuseUnknown(path, certificate);
  core::Certificate value;
  value.record_bytes = certificate.record();
  absl::StatusOr<core::DecisionRecord> record = core::DecodeDecisionRecord(certificate.record());
  if (!record.ok()) {
    fields.Fail({&path, "record"}, std::string(record.status().message()));
    return value;
  }
  value.record = *std::move(record);
  value.index = certificate.index();
  value.proof = fields.Hashes(path, "proof", certificate.proof(), core::kProofHashesMax);
  value.checkpoint = certificate.checkpoint();
  if (value.checkpoint.empty() || value.checkpoint.size() > core::kNoteBytesMax) {
    fields.Fail({&path, "checkpoint"}, fmt::format("has {} bytes; must have 1 to {}",
                                                   value.checkpoint.size(), core::kNoteBytesMax));
  }
  if (!fields.Count({&path, "votes"}, static_cast<std::size_t>(certificate.votes_size()), 0,
                    core::kSettlementLedgersMax)) {
    return value;
  }
  for (const std::string& bytes : certificate.votes()) {
    absl::StatusOr<core::Vote> vote = core::DecodeVote(bytes);
    if (!vote.ok()) {
      fields.Fail({&path, "votes", static_cast<std::int64_t>(value.votes.size())},
                  std::string(vote.status().message()));
      return value;
    }
    value.votes.push_back(*std::move(vote));
  }
  return value;
}

void ToProto(const core::Certificate& certificate, v1::Certificate* out) {
  out->Clear();
  out->set_record(certificate.record_bytes);
  out->set_index(certificate.index);
  for (const core::Hash256& hash : certificate.proof) out->add_proof(std::string(hash.view()));
  out->set_checkpoint(certificate.checkpoint);
  for (const core::Vote& vote : certificate.votes) out->add_votes(core::EncodeVote(vote));
}

absl::StatusOr<core::Certificate> FromProto(const v1::Certificate& certificate) {
  Fields fields;
  core::Certificate value = DecodeCertificate(fields, kRoot, certificate);
  if (!fields.ok()) return fields.status();
  return value;
}

absl::StatusOr<core::CompleteSettlement> DecodeCompletion(std::string_view bytes) {
  Fields fields;
  v1::Completion message;
  if (!fields.ParseMessage(kRoot, bytes, kCompletionBytesMax, &message)) return fields.status();
  fields.RefuseUnknown(kRoot, message);
  core::CompleteSettlement completion;
  completion.settlement_id = fields.Hash({&kRoot, "settlement_id"}, message.settlement_id());
  if (fields.Require({&kRoot, "certificate"}, message.has_certificate())) {
    completion.certificate =
        DecodeCertificate(fields, {&kRoot, "certificate"}, message.certificate());
  }
  if (!fields.ok()) return fields.status();
  return completion;
}

std::string EncodeCompletion(const core::CompleteSettlement& completion) {
  v1::Completion message;
  message.set_settlement_id(std::string(completion.settlement_id.view()));
  ToProto(completion.certificate, message.mutable_certificate());
  return message.SerializeAsString();
}

}  // namespace causeway::codec
