// What the authority of a decision log and a witness say to each other: values that both sides,
// live and in virtual time, have in common. docs/protocols/pvp.md, "Witnesses".
#ifndef CAUSEWAY_SETTLEMENT_CORE_WITNESS_MESSAGES_H_
#define CAUSEWAY_SETTLEMENT_CORE_WITNESS_MESSAGES_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "settlement/core/note.h"

namespace causeway::core {

// What somebody sends to a witness.
struct WitnessRequest {
  // Encoded batches of the decision log (EncodeDecisionBatch), in their order. May be empty: then
  // it only asks how far the witness is.
  std::vector<std::string> batches;
  // A checkpoint of the log that the sender knows, with any signatures, the witness's own perhaps:
  // the witness compares it with what it holds. May be empty.
  std::string known;
};

// The numbers are those of causeway.v1.WitnessRefusal.
enum class WitnessRefusal : std::uint8_t {
  kNone = 0,
  kMalformed = 1,      // a batch or note is none, or does not prove what it says
  kGap = 2,            // batches are missing before it: send from `batches` on
  kUnknownPolicy = 3,  // a record is under a policy that this witness was not given
  kRefusing = 4,       // there is evidence: it signs no more
};
// "none", "malformed", ...: for people and reports.
constexpr std::string_view WitnessRefusalName(WitnessRefusal refusal) {
  switch (refusal) {
    case WitnessRefusal::kNone:
      return "none";
    case WitnessRefusal::kMalformed:
      return "malformed";
    case WitnessRefusal::kGap:
      return "gap";
    case WitnessRefusal::kUnknownPolicy:
      return "unknown-policy";
    case WitnessRefusal::kRefusing:
      return "refusing";
  }
  return "unknown";
}

struct Cosigned {
  std::uint64_t size = 0;  // of the checkpoint, in records
  NoteSignature cosignature;

  friend bool operator==(const Cosigned&, const Cosigned&) = default;
};

struct WitnessAnswer {
  // What it holds durably: batches and the records in them.
  std::uint64_t batches = 0;
  std::uint64_t size = 0;
  // For a request without batches: the log's checkpoint at that size, as a signed note with the
  // log's signature and this witness's. Empty while it holds nothing, and when it refuses to sign.
  std::string checkpoint;
  // The checkpoints of the request's batches that were news, in their order.
  std::vector<Cosigned> cosigned;
  // Why not all that was sent is held now.
  WitnessRefusal refusal = WitnessRefusal::kNone;
  std::string message;  // for a person, with refusal

  friend bool operator==(const WitnessAnswer&, const WitnessAnswer&) = default;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_WITNESS_MESSAGES_H_
