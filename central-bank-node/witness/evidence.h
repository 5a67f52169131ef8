// Why a witness signs no more, with the signed bytes that prove it to anybody. Kept in the
// witness's journal. Format: docs/formats/witness.md.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_WITNESS_EVIDENCE_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_WITNESS_EVIDENCE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "settlement/core/suite.h"

namespace causeway::witness {

enum class EvidenceKind : std::uint8_t {
  kNone = 0,
  // The decision log's key signed two trees of which neither begins with the other: `ours` and
  // `theirs` prove it.
  kForkedLog = 1,
  // The decision log's key signed a tree with a record that cannot be right, or with a second
  // record of one settlement: `batch`, whose checkpoint is `theirs`, and what came before it prove
  // it.
  kInvalidRecord = 2,
  // This witness's own key cosigned `theirs`, which this witness does not hold: it has lost what it
  // wrote, or its key is used elsewhere.
  kStateLost = 3,
};
std::string_view EvidenceKindName(EvidenceKind kind);  // "forked-log", ...

struct Evidence {
  EvidenceKind kind = EvidenceKind::kNone;
  std::uint64_t epoch = 0;  // of the latest policy when it was found
  core::KeyId key;          // of the witness
  std::string message;      // one paragraph for a person
  std::string ours;         // signed note of this witness's tree; empty when it held none
  std::string theirs;       // signed note
  std::string batch;        // as received; empty where it is no part of the proof

  friend bool operator==(const Evidence&, const Evidence&) = default;
};

std::string EncodeEvidence(const Evidence& evidence);
// InvalidArgument for anything that EncodeEvidence would not have written.
absl::StatusOr<Evidence> DecodeEvidence(std::string_view bytes);

}  // namespace causeway::witness

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_WITNESS_EVIDENCE_H_
