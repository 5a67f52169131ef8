// C2SP signed notes (c2sp.org/signed-note): UTF-8 text with signature lines below it. Checkpoints
// (checkpoint.h) are notes. Pure functions; use from any thread.
//
// The signature types that we make, and the key ids that name them on a signature line:
//   ed25519-sha256  type 0x01  SHA-256(name || 0x0A || 0x01 || 32-byte key)[:4]
//   p256-sha256     type 0x02  SHA-256(DER SubjectPublicKeyInfo)[:4]
//   others          type 0xff  SHA-256(name || 0x0A || 0xff || suite name || key)[:4]; not C2SP's
// A witness's cosignature (c2sp.org/tlog-cosignature, type 0x04, key id as for 0x01 but with 0x04)
// is one more line of a note whose signature part is u64 seconds || 64-byte Ed25519 signature, over
// "cosignature/v1\ntime <seconds>\n" || text: cosignature.h makes and verifies them. Such lines are
// kept and passed on by everything here, as are all lines of keys that the reader does not know.
// docs/formats/checkpoint.md has it all.
#ifndef CAUSEWAY_SETTLEMENT_CORE_NOTE_H_
#define CAUSEWAY_SETTLEMENT_CORE_NOTE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/core/suite.h"

namespace causeway::core {

inline constexpr std::size_t kNoteBytesMax = 256 * 1024;
inline constexpr std::size_t kNoteSignaturesMax = 64;
inline constexpr std::size_t kNoteKeyNameBytesMax = 255;

// One signature line: "— <key name> base64(key id || signature)".
struct NoteSignature {
  std::string key_name;
  std::uint32_t key_id = 0;
  std::string signature;  // without the key id; its form depends on the key's type

  friend bool operator==(const NoteSignature&, const NoteSignature&) = default;
};

struct Note {
  std::string text;  // ends in a newline; what is signed
  std::vector<NoteSignature> signatures;

  friend bool operator==(const Note&, const Note&) = default;
};

// InvalidArgument unless `name` can name a key: UTF-8 of 1 to kNoteKeyNameBytesMax bytes without
// control characters, Unicode spaces and plus signs. A schema-less URL is customary.
absl::Status CheckNoteKeyName(std::string_view name);

// The key id that a signature line of that key under that name carries.
std::uint32_t NoteKeyId(std::string_view key_name, const PublicKey& key);

// A note with one signature. InvalidArgument when text or name is not what a note may have.
absl::StatusOr<std::string> SignNote(std::string_view text, std::string_view key_name,
                                     const Signer& signer);

// The note with one more signature line at its end. AlreadyExists when it has a line of that name
// and key id; InvalidArgument when `note` does not parse. Signatures that are there are not
// checked.
absl::StatusOr<std::string> AddNoteSignature(std::string_view note, std::string_view key_name,
                                             const Signer& signer);

// Strict: InvalidArgument names what is wrong. Checks no signature.
absl::StatusOr<Note> ParseNote(std::string_view note);
// The reverse of ParseNote, byte for byte.
std::string FormatNote(const Note& note);

// One signature line, its newline included, and back: what a witness answers with.
std::string FormatNoteSignature(const NoteSignature& signature);
absl::StatusOr<NoteSignature> ParseNoteSignature(std::string_view line);

// OK when every line of `signatures` with that name and that key's id verifies over `text`, and
// there is at least one. NotFound when there is none, Unauthenticated when one is wrong.
absl::Status VerifyNoteSignature(std::string_view text,
                                 const std::vector<NoteSignature>& signatures,
                                 std::string_view key_name, const PublicKey& key,
                                 const SignatureVerifier& verifier);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_NOTE_H_
