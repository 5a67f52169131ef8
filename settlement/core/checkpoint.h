// Checkpoints (c2sp.org/tlog-checkpoint): a log's statement, as a signed note, that at a size its
// Merkle tree had a root. Text: "<origin>\n<size>\n<base64 of root>\n", then extension lines.
// docs/formats/checkpoint.md has the format in full. Pure functions; use from any thread.
#ifndef CAUSEWAY_SETTLEMENT_CORE_CHECKPOINT_H_
#define CAUSEWAY_SETTLEMENT_CORE_CHECKPOINT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/core/bytes.h"
#include "settlement/core/note.h"
#include "settlement/core/suite.h"

namespace causeway::core {

inline constexpr std::size_t kOriginBytesMax = 255;
inline constexpr std::size_t kCheckpointExtensionsMax = 16;
inline constexpr std::size_t kCheckpointExtensionBytesMax = 1024;

struct Checkpoint {
  std::string origin;      // the log's identity, such as "hkma.example/ledger"
  std::uint64_t size = 0;  // leaves
  Hash256 root;
  std::vector<std::string> extensions;  // opaque lines; customary logs have none

  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

struct SignedCheckpoint {
  Checkpoint checkpoint;
  std::vector<NoteSignature> signatures;  // all lines, those of unknown keys and witnesses too

  friend bool operator==(const SignedCheckpoint&, const SignedCheckpoint&) = default;
};

// InvalidArgument names the field: origin or an extension empty, too long, with control characters
// or not UTF-8; too many extensions; a root that is not the empty one at size 0.
absl::Status CheckCheckpoint(const Checkpoint& checkpoint);

// The note text that is signed. The checkpoint must pass CheckCheckpoint for it to be readable.
std::string CheckpointText(const Checkpoint& checkpoint);

// A checkpoint with the log's signature. `key_name` should be the origin. InvalidArgument as
// CheckCheckpoint and CheckNoteKeyName say; a signer's own error otherwise.
// A log signs only checkpoints that extend what it signed before: that is the caller's duty.
absl::StatusOr<std::string> SignCheckpoint(const Checkpoint& checkpoint, std::string_view key_name,
                                           const Signer& signer);

// Strict, one checkpoint has one text: InvalidArgument names what is wrong. Checks no signature.
absl::StatusOr<SignedCheckpoint> ParseCheckpoint(std::string_view note);
// The reverse of ParseCheckpoint, byte for byte.
std::string FormatCheckpoint(const SignedCheckpoint& checkpoint);

// Whether that key, under that name, signed it: errors as VerifyNoteSignature. It does not compare
// the origin with what the caller expected, because one key may sign for several logs: do that too.
absl::Status VerifyCheckpoint(const SignedCheckpoint& checkpoint, std::string_view key_name,
                              const PublicKey& key, const SignatureVerifier& verifier);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_CHECKPOINT_H_
