// Cosignatures of witnesses on checkpoints (c2sp.org/tlog-cosignature, type 0x04,
// "cosignature/v1"): a witness's statement that, as of a time, this is the largest tree of the log
// that it has seen, and that it extends all that the witness cosigned before. One more signature
// line of the note (note.h). Format: docs/formats/cosignature.md. Pure functions; use from any
// thread.
#ifndef CAUSEWAY_SETTLEMENT_CORE_COSIGNATURE_H_
#define CAUSEWAY_SETTLEMENT_CORE_COSIGNATURE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "settlement/core/note.h"
#include "settlement/core/suite.h"

namespace causeway::core {

// The highest time that a cosignature may carry, in seconds since 1970: 2^63 - 1.
inline constexpr std::uint64_t kCosignatureSecondsMax = 0x7fff'ffff'ffff'ffff;

// SHA-256(name || 0x0A || 0x04 || key)[:4]: another one than NoteKeyId of the same key.
std::uint32_t CosignatureKeyId(std::string_view key_name, const PublicKey& key);

// What is signed: "cosignature/v1\n", "time <seconds>\n", then the checkpoint's text.
std::string CosignatureText(std::string_view checkpoint_text, std::uint64_t seconds);

// The signature line for a checkpoint's text (CheckpointText, or the text of its note), as of
// `seconds` since 1970, which the caller's clock tells. InvalidArgument for a name that is no key
// name, or a time above kCosignatureSecondsMax; a signer's own error otherwise.
// A witness signs only what its state allows: that is the caller's duty.
absl::StatusOr<NoteSignature> Cosign(std::string_view checkpoint_text, std::string_view key_name,
                                     const Signer& signer, std::uint64_t seconds);

// The time of a cosignature, from a line of any key; it may be forged. InvalidArgument when the
// line has not the 72 bytes of a cosignature.
absl::StatusOr<std::uint64_t> CosignatureSeconds(const NoteSignature& cosignature);

// Whether that line is by that key under that name, over that text. NotFound when its name or key
// id is another's, Unauthenticated when it is wrong.
absl::Status VerifyCosignature(std::string_view checkpoint_text, const NoteSignature& cosignature,
                               std::string_view key_name, const PublicKey& key,
                               const SignatureVerifier& verifier);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_COSIGNATURE_H_
