#include "settlement/core/envelope.h"

#include <cstdint>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "settlement/core/check.h"
#include "settlement/core/hash.h"

namespace causeway::core {
namespace {

constexpr std::uint8_t kFormatVersion = 1;

// Everything of the pre-authentication encoding that comes before the payload, with room for
// `room` bytes more.
std::string PreAuthPrefix(std::string_view payload_type, std::size_t payload_size,
                          std::size_t room = 0) {
  const std::string type_size = std::to_string(payload_type.size());
  const std::string size = std::to_string(payload_size);
  std::string prefix;
  prefix.reserve(7 + type_size.size() + 1 + payload_type.size() + 1 + size.size() + 1 + room);
  prefix.append("DSSEv1 ").append(type_size).append(" ").append(payload_type);
  return prefix.append(" ").append(size).append(" ");
}

bool HasSigned(const Envelope& envelope, const KeyId& key_id) {
  for (const Signature& signature : envelope.signatures) {
    if (signature.key_id == key_id) return true;
  }
  return false;
}

absl::Status CheckPayload(std::string_view payload_type, std::string_view payload) {
  if (payload_type.empty() || payload_type.size() > kPayloadTypeBytesMax) {
    return absl::InvalidArgumentError(
        fmt::format("envelope payload type has {} bytes; it must have 1 to {}", payload_type.size(),
                    kPayloadTypeBytesMax));
  }
  if (payload.size() > kPayloadBytesMax) {
    return absl::InvalidArgumentError(fmt::format("envelope payload has {} bytes; the most is {}",
                                                  payload.size(), kPayloadBytesMax));
  }
  return absl::OkStatus();
}

absl::Status CheckSignatureSize(const Signature& signature) {
  if (signature.signature.empty() || signature.signature.size() > kSignatureBytesMax) {
    return absl::InvalidArgumentError(
        fmt::format("envelope signature of key {} has {} bytes; it must have 1 to {}",
                    signature.key_id.ToHex(), signature.signature.size(), kSignatureBytesMax));
  }
  return absl::OkStatus();
}

}  // namespace

std::string PreAuthEncoding(std::string_view payload_type, std::string_view payload) {
  return PreAuthPrefix(payload_type, payload.size(), payload.size()).append(payload);
}

Hash256 PayloadHash(const Envelope& envelope) {
  // Hashed in two parts, so that a payload of megabytes is not copied.
  Sha256Hasher hasher;
  hasher.Update(PreAuthPrefix(envelope.payload_type, envelope.payload.size()));
  return hasher.Update(envelope.payload).Finish();
}

absl::Status CheckEnvelope(const Envelope& envelope) {
  if (absl::Status payload = CheckPayload(envelope.payload_type, envelope.payload); !payload.ok()) {
    return payload;
  }
  if (envelope.signatures.size() > kSignaturesPerEnvelopeMax) {
    return absl::InvalidArgumentError(fmt::format("envelope has {} signatures; the most is {}",
                                                  envelope.signatures.size(),
                                                  kSignaturesPerEnvelopeMax));
  }
  for (std::size_t i = 0; i < envelope.signatures.size(); ++i) {
    const Signature& signature = envelope.signatures[i];
    if (absl::Status size = CheckSignatureSize(signature); !size.ok()) return size;
    for (std::size_t j = 0; j < i; ++j) {
      if (envelope.signatures[j].key_id == signature.key_id) {
        return absl::InvalidArgumentError(fmt::format(
            "envelope is signed twice by key {}; each key signs once", signature.key_id.ToHex()));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status AddSignature(Envelope& envelope, const Signer& signer) {
  if (absl::Status checked = CheckEnvelope(envelope); !checked.ok()) return checked;
  if (HasSigned(envelope, signer.key_id())) {
    return absl::AlreadyExistsError(
        fmt::format("envelope is already signed by key {}", signer.key_id().ToHex()));
  }
  if (envelope.signatures.size() == kSignaturesPerEnvelopeMax) {
    return absl::InvalidArgumentError(
        fmt::format("envelope has the most signatures allowed, {}", kSignaturesPerEnvelopeMax));
  }
  absl::StatusOr<std::string> bytes =
      signer.Sign(PreAuthEncoding(envelope.payload_type, envelope.payload));
  if (!bytes.ok()) return bytes.status();
  Signature signature{signer.key_id(), *std::move(bytes)};
  if (absl::Status size = CheckSignatureSize(signature); !size.ok()) return size;
  envelope.signatures.push_back(std::move(signature));
  return absl::OkStatus();
}

absl::StatusOr<Envelope> SignEnvelope(std::string_view payload_type, std::string_view payload,
                                      std::span<const Signer* const> signers) {
  // Before the copy, so that an oversized payload costs nothing.
  if (absl::Status checked = CheckPayload(payload_type, payload); !checked.ok()) return checked;
  if (signers.empty()) return absl::InvalidArgumentError("envelope has no signer; one must sign");
  Envelope envelope{std::string(payload_type), std::string(payload), {}};
  for (const Signer* signer : signers) {
    CW_CHECK(signer != nullptr, "every signer is there");
    const absl::Status added = AddSignature(envelope, *signer);
    if (absl::IsAlreadyExists(added)) {
      return absl::InvalidArgumentError(
          fmt::format("key {} is given twice as signer", signer->key_id().ToHex()));
    }
    if (!added.ok()) return added;
  }
  return envelope;
}

absl::StatusOr<Envelope> SignEnvelope(std::string_view payload_type, std::string_view payload,
                                      const Signer& signer) {
  const Signer* const signers[] = {&signer};
  return SignEnvelope(payload_type, payload, signers);
}

absl::StatusOr<std::vector<KeyId>> VerifyAll(const Envelope& envelope, const KeyResolver& resolve,
                                             const SignatureVerifier& verifier) {
  if (absl::Status checked = CheckEnvelope(envelope); !checked.ok()) return checked;
  if (envelope.signatures.empty()) {
    return absl::UnauthenticatedError("envelope has no signature; one at least is needed");
  }
  const std::string message = PreAuthEncoding(envelope.payload_type, envelope.payload);
  std::vector<KeyId> signed_by;
  signed_by.reserve(envelope.signatures.size());
  for (const Signature& signature : envelope.signatures) {
    const PublicKey* key = resolve(signature.key_id);
    if (key == nullptr) {
      return absl::UnauthenticatedError(
          fmt::format("envelope is signed by key {}, which is not known or not valid now",
                      signature.key_id.ToHex()));
    }
    if (!verifier.Verify(*key, message, signature.signature)) {
      return absl::UnauthenticatedError(
          fmt::format("envelope signature of key {} does not verify: payload, type or signature "
                      "was changed, or another key signed",
                      signature.key_id.ToHex()));
    }
    signed_by.push_back(signature.key_id);
  }
  return signed_by;
}

std::string EncodeEnvelope(const Envelope& envelope) {
  Writer writer;
  writer.Reserve(EncodedEnvelopeBytes(envelope));
  AppendEnvelope(envelope, writer);
  return std::move(writer).Take();
}

std::size_t EncodedEnvelopeBytes(const Envelope& envelope) {
  std::size_t bytes = 1 + 4 + envelope.payload_type.size() + 4 + envelope.payload.size() + 1;
  for (const Signature& signature : envelope.signatures) {
    bytes += sizeof(signature.key_id.bytes) + 4 + signature.signature.size();
  }
  return bytes;
}

void AppendEnvelope(const Envelope& envelope, Writer& writer) {
  CW_CHECK(CheckEnvelope(envelope).ok(), "only envelopes within the limits are stored");
  writer.U8(kFormatVersion).Sized(envelope.payload_type).Sized(envelope.payload);
  writer.U8(static_cast<std::uint8_t>(envelope.signatures.size()));
  for (const Signature& signature : envelope.signatures) {
    writer.Hash(signature.key_id).Sized(signature.signature);
  }
}

absl::StatusOr<Envelope> DecodeEnvelope(std::string_view bytes) {
  Reader reader(bytes);
  const std::uint8_t version = reader.U8();
  if (reader.ok() && version != kFormatVersion) {
    return absl::InvalidArgumentError(fmt::format(
        "stored envelope has format version {}; this program reads {}", version, kFormatVersion));
  }
  Envelope envelope;
  envelope.payload_type = reader.Sized();
  envelope.payload = reader.Sized();
  const std::size_t count = reader.U8();
  for (std::size_t i = 0; i < count && reader.ok(); ++i) {
    Signature& signature = envelope.signatures.emplace_back();
    signature.key_id = reader.Hash();
    signature.signature = reader.Sized();
  }
  if (!reader.Done()) {
    return absl::InvalidArgumentError(
        reader.ok() ? fmt::format("stored envelope has {} bytes too many", reader.remaining())
                    : std::string("stored envelope ends too early"));
  }
  if (absl::Status checked = CheckEnvelope(envelope); !checked.ok()) return checked;
  return envelope;
}

}  // namespace causeway::core
