// Parts of messages that commands, settlements and services share.
#include <utility>

#include "fmt/format.h"
#include "settlement/codec/codec.h"
#include "settlement/codec/decoders.h"
#include "settlement/codec/fields.h"
#include "settlement/core/text_rules.h"

namespace causeway::codec {
namespace {

// A modelled key (simulations only) has no form that could be checked.
constexpr std::size_t kModelledKeyBytesMax = 1024;
// As in Rejection::rule.
constexpr std::size_t kRuleBytesMax = 1024;

constexpr Path kRoot{};

}  // namespace

core::Money DecodeMoney(Fields& fields, const Path& path, const v1::Money& money) {
  fields.RefuseUnknown(path, money);
  core::Money value;
  value.currency = fields.Parse<core::Currency>({&path, "currency"}, money.currency());
  // Zero and negative amounts are the ledger's to reject, on record.
  value.amount = core::Amount::FromMinor(money.minor_units());
  return value;
}

core::PublicKey DecodeKey(Fields& fields, const Path& path, const v1::PublicKey& key) {
  fields.RefuseUnknown(path, key);
  core::PublicKey value;
  const int number = key.suite();
  const std::optional<core::SuiteId> suite =
      number > 0 && number <= 255 ? core::SuiteFromNumber(static_cast<std::uint8_t>(number))
                                  : std::nullopt;
  if (!suite.has_value()) {
    fields.Fail(
        {&path, "suite"},
        fmt::format("is {}; must be 1 (Ed25519 with SHA-256) or 2 (P-256 with SHA-256)", number));
    return value;
  }
  value = core::PublicKey{*suite, key.key()};
  if (*suite == core::SuiteId::kModelled) {
    if (value.bytes.empty() || value.bytes.size() > kModelledKeyBytesMax) {
      fields.Fail({&path, "key"}, fmt::format("has {} bytes; must have 1 to {}", value.bytes.size(),
                                              kModelledKeyBytesMax));
    }
    return value;
  }
  const auto verifier = core::Verifier::Create(value);
  if (!verifier.ok()) fields.Fail({&path, "key"}, std::string(verifier.status().message()));
  return value;
}

std::vector<core::PublicKey> DecodeKeys(
    Fields& fields, const Path& path, std::string_view name,
    const google::protobuf::RepeatedPtrField<v1::PublicKey>& keys) {
  std::vector<core::PublicKey> values;
  if (!fields.Count({&path, name}, static_cast<std::size_t>(keys.size()), 0, kKeysMax)) {
    return values;
  }
  for (const v1::PublicKey& key : keys) {
    const Path place{&path, name, static_cast<std::int64_t>(values.size())};
    core::PublicKey value = DecodeKey(fields, place, key);
    for (const core::PublicKey& earlier : values) {
      if (earlier == value) fields.Fail(place, "stands in the list twice; name each key once");
    }
    values.push_back(std::move(value));
  }
  return values;
}

core::InstructionKey DecodeReference(Fields& fields, const Path& path,
                                     const v1::InstructionReference& reference) {
  fields.RefuseUnknown(path, reference);
  core::InstructionKey key;
  key.party = fields.Parse<core::ParticipantId>({&path, "instructing_party"},
                                                reference.instructing_party());
  key.kind = fields.Closed({&path, "kind"}, reference.kind(), core::kActionKindLast);
  key.id = fields.Parse<core::InstructionId>({&path, "instruction_id"}, reference.instruction_id());
  return key;
}

core::RegisterParticipant DecodeRegisterParticipant(Fields& fields, const Path& path,
                                                    const v1::RegisterParticipant& message) {
  fields.RefuseUnknown(path, message);
  core::RegisterParticipant value;
  value.participant =
      fields.Parse<core::ParticipantId>({&path, "participant_id"}, message.participant_id());
  value.role = fields.Closed({&path, "role"}, message.role(), core::Role::kObserver);
  value.country = fields.Parse<core::Country>({&path, "country"}, message.country());
  value.bic = fields.ParseOptional<core::Bic>({&path, "bic"}, message.bic());
  value.lei = fields.ParseOptional<core::Lei>({&path, "lei"}, message.lei());
  value.keys = DecodeKeys(fields, path, "keys", message.keys());
  return value;
}

void EncodeRegisterParticipant(const core::RegisterParticipant& value,
                               v1::RegisterParticipant* out) {
  out->set_participant_id(value.participant.ToString());
  out->set_role(static_cast<v1::Role>(value.role));
  out->set_country(value.country.ToString());
  out->set_bic(value.bic.ToString());
  out->set_lei(value.lei.ToString());
  for (const core::PublicKey& key : value.keys) ToProto(key, out->add_keys());
}

void ToProto(const core::Envelope& envelope, v1::Envelope* out) {
  out->Clear();
  out->set_payload_type(envelope.payload_type);
  out->set_payload(envelope.payload);
  for (const core::Signature& signature : envelope.signatures) {
    v1::Signature* added = out->add_signatures();
    added->set_key_id(std::string(signature.key_id.view()));
    added->set_signature(signature.signature);
  }
}

absl::StatusOr<core::Envelope> FromProto(const v1::Envelope& envelope) {
  Fields fields;
  fields.RefuseUnknown(kRoot, envelope);
  core::Envelope value{envelope.payload_type(), envelope.payload(), {}};
  if (fields.Count({&kRoot, "signatures"}, static_cast<std::size_t>(envelope.signatures_size()), 0,
                   core::kSignaturesPerEnvelopeMax)) {
    for (const v1::Signature& signature : envelope.signatures()) {
      const Path place{&kRoot, "signatures", static_cast<std::int64_t>(value.signatures.size())};
      fields.RefuseUnknown(place, signature);
      value.signatures.push_back(core::Signature{
          fields.Hash({&place, "key_id"}, signature.key_id()), signature.signature()});
    }
  }
  if (!fields.ok()) return fields.status();
  if (absl::Status checked = core::CheckEnvelope(value); !checked.ok()) return checked;
  return value;
}

void ToProto(const core::PublicKey& key, v1::PublicKey* out) {
  out->Clear();
  out->set_suite(static_cast<v1::Suite>(key.suite));
  out->set_key(key.bytes);
}

absl::StatusOr<core::PublicKey> FromProto(const v1::PublicKey& key) {
  Fields fields;
  core::PublicKey value = DecodeKey(fields, kRoot, key);
  if (!fields.ok()) return fields.status();
  return value;
}

void ToProto(const core::Money& money, v1::Money* out) {
  out->Clear();
  out->set_currency(money.currency.ToString());
  out->set_minor_units(money.amount.minor());
}

absl::StatusOr<core::Money> FromProto(const v1::Money& money) {
  Fields fields;
  core::Money value = DecodeMoney(fields, kRoot, money);
  if (!fields.ok()) return fields.status();
  return value;
}

void ToProto(const core::Rejection& rejection, v1::Rejection* out) {
  out->Clear();
  out->set_outcome(static_cast<v1::Outcome>(rejection.outcome));
  if (rejection.outcome != core::Outcome::kAccepted) out->set_message(Describe(rejection));
  out->set_detail_actual(rejection.actual);
  out->set_detail_required(rejection.required);
  out->set_rule(rejection.rule);
}

core::Rejection FromProto(const v1::Rejection& rejection) {
  core::Rejection value;
  const int number = rejection.outcome();
  if (number >= 0 && number <= 0xFFFF) {
    // A newer node's outcome that is unknown here stays a refusal with its message.
    value.outcome = core::OutcomeFromNumber(static_cast<std::uint16_t>(number))
                        .value_or(core::Outcome::kMalformed);
  }
  // Who refuses has not accepted, whatever number it gives: nothing may count as done by it.
  if (value.outcome == core::Outcome::kAccepted) value.outcome = core::Outcome::kMalformed;
  value.actual = rejection.detail_actual();
  value.required = rejection.detail_required();
  // Whoever refuses does not decide how much others keep of it, and for how long.
  value.rule = core::CutText(rejection.rule(), kRuleBytesMax);
  value.message = core::CutText(rejection.message(), kRejectionMessageBytesMax);
  return value;
}

void ToProto(const core::InstructionKey& key, v1::InstructionReference* out) {
  out->Clear();
  out->set_instructing_party(key.party.ToString());
  out->set_kind(static_cast<v1::ActionKind>(key.kind));
  out->set_instruction_id(key.id.ToString());
}

absl::StatusOr<core::InstructionKey> FromProto(const v1::InstructionReference& key) {
  Fields fields;
  core::InstructionKey value = DecodeReference(fields, kRoot, key);
  if (!fields.ok()) return fields.status();
  return value;
}

absl::StatusOr<core::Hash256> HashFrom(std::string_view raw, std::string_view field) {
  Fields fields;
  const core::Hash256 hash = fields.Hash({nullptr, field}, raw);
  if (!fields.ok()) return fields.status();
  return hash;
}

}  // namespace causeway::codec
