// Envelopes: payload bytes with the signatures of those who stand behind them. Every command,
// terms, vote and decision travels and is stored in one, and what was signed is exactly what is
// stored and replayed. The signed bytes are the DSSE v1 pre-authentication encoding
// (github.com/secure-systems-lab/dsse). The stored form is in docs/formats/envelope.md.
#ifndef CAUSEWAY_SETTLEMENT_CORE_ENVELOPE_H_
#define CAUSEWAY_SETTLEMENT_CORE_ENVELOPE_H_

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/core/bytes.h"
#include "settlement/core/suite.h"

namespace causeway::core {

inline constexpr std::size_t kSignaturesPerEnvelopeMax = 16;
inline constexpr std::size_t kPayloadBytesMax = 4 * 1024 * 1024;
inline constexpr std::size_t kPayloadTypeBytesMax = 128;
inline constexpr std::size_t kSignatureBytesMax = 8192;  // room for post-quantum schemes

// One signature over an envelope's pre-authentication encoding.
struct Signature {
  KeyId key_id;
  std::string signature;

  friend bool operator==(const Signature&, const Signature&) = default;
};

// A plain value; CheckEnvelope tells whether it is within the limits.
struct Envelope {
  std::string payload_type;  // a media type or URI: says how to read the payload; never empty
  std::string payload;
  std::vector<Signature> signatures;  // in the order in which they were given; no key twice

  friend bool operator==(const Envelope&, const Envelope&) = default;
};

// "DSSEv1 <len(type)> <type> <len(payload)> <payload>", lengths in decimal bytes: what is signed.
std::string PreAuthEncoding(std::string_view payload_type, std::string_view payload);

// SHA-256 of the pre-authentication encoding. Two envelopes say the same thing if and only if this
// is equal, whoever signed them: what idempotency compares. Neither the number, the order nor the
// bytes of the signatures enter it.
Hash256 PayloadHash(const Envelope& envelope);

// InvalidArgument names the first limit that is broken (payload type empty or too long, payload too
// long, too many signatures, a signature empty or too long, a key that signed twice). An envelope
// without signatures passes: VerifyAll is who asks for them.
absl::Status CheckEnvelope(const Envelope& envelope);

// A new envelope signed by all `signers`, in that order. InvalidArgument by the limits above, when
// `signers` is empty or names one key twice; a signer's own error otherwise.
absl::StatusOr<Envelope> SignEnvelope(std::string_view payload_type, std::string_view payload,
                                      std::span<const Signer* const> signers);
absl::StatusOr<Envelope> SignEnvelope(std::string_view payload_type, std::string_view payload,
                                      const Signer& signer);

// Adds one signature: how a second approver joins. AlreadyExists when that key has signed before,
// InvalidArgument by the limits; on any error the envelope is unchanged.
absl::Status AddSignature(Envelope& envelope, const Signer& signer);

// The public key with that id, or null when it is not known (or not valid now): the answer is the
// caller's, it stays alive until VerifyAll returns.
using KeyResolver = std::function<const PublicKey*(const KeyId&)>;

// Checks every signature. On success the ids of the keys that signed, in the envelope's order and
// each once; whether they suffice (mandates, four eyes) is the caller's question.
//   InvalidArgument  an envelope outside the limits
//   Unauthenticated  no signature at all, a key that `resolve` does not know, a wrong signature:
//                    one bad signature refuses the envelope, the good ones beside it do not help
absl::StatusOr<std::vector<KeyId>> VerifyAll(const Envelope& envelope, const KeyResolver& resolve,
                                             const SignatureVerifier& verifier);

// The canonical stored form, and back. Encoding an envelope outside the limits is a broken
// invariant and stops the process: check what comes from outside with CheckEnvelope. DecodeEnvelope
// gives InvalidArgument for anything that EncodeEnvelope would not have written.
std::string EncodeEnvelope(const Envelope& envelope);
// The same into a larger encoding: its size, and what AppendEnvelope adds.
std::size_t EncodedEnvelopeBytes(const Envelope& envelope);
void AppendEnvelope(const Envelope& envelope, Writer& writer);
absl::StatusOr<Envelope> DecodeEnvelope(std::string_view bytes);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_ENVELOPE_H_
