// What a verifier found wrong, with the bytes that prove it to somebody who trusts neither the log
// nor the observer. docs/protocols/audit.md tells what each kind means and how to check it.
#ifndef CAUSEWAY_OBSERVER_VERIFIER_FINDING_H_
#define CAUSEWAY_OBSERVER_VERIFIER_FINDING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::observer {

// The numbers are those of causeway.v1.AlertKind and stand in the observer's store.
enum class FindingKind : std::uint8_t {
  kNone = 0,
  kMalformedBatch = 1,
  kBadSignature = 2,
  kRootMismatch = 3,
  kForkedLog = 4,
  kEntryDiffers = 5,
  kSupplyMismatch = 6,
  kSettlementNotAtomic = 7,
  kInvalidDecision = 8,
  kLogRolledBack = 9,
};

// "malformed-batch", "forked-log", ...: for people and reports.
std::string_view FindingKindName(FindingKind kind);
std::optional<FindingKind> FindingKindFromNumber(std::uint64_t number);

// `name` is one of the constants below; an entry of another log than the finding's is named
// "entry:<origin>".
struct Evidence {
  std::string name;
  std::string content;

  friend bool operator==(const Evidence&, const Evidence&) = default;
};

inline constexpr char kEvidenceBatch[] = "batch";                             // as it was received
inline constexpr char kEvidenceItem[] = "item";                               // EncodeItem
inline constexpr char kEvidenceEntry[] = "entry";                             // leaf in the log
inline constexpr char kEvidenceEntryExpected[] = "entry-expected";            // leaf as re-executed
inline constexpr char kEvidenceHeaderExpected[] = "batch-header-expected";    // leaf as re-executed
inline constexpr char kEvidenceVerifiedCheckpoint[] = "verified-checkpoint";  // the last believed
inline constexpr char kEvidenceOtherCheckpoint[] = "other-checkpoint";        // what conflicts
// Of the log that was verified, with the cosignature of a witness that cosigned the other one too.
inline constexpr char kEvidenceCosignedCheckpoint[] = "cosigned-checkpoint";
inline constexpr char kEvidenceVerifiedRoot[] = "verified-root";  // 32 bytes, at the other's size
inline constexpr char kEvidenceConsistencyProof[] = "consistency-proof";  // 32 bytes each
inline constexpr char kEvidenceRootOfLeaves[] = "root-of-leaves";         // 32 bytes
inline constexpr char kEvidenceRecord[] = "decision-record";             // leaf of the decision log
inline constexpr char kEvidenceFirstRecord[] = "first-decision-record";  // of the same settlement
inline constexpr char kEvidenceCertificateRecord[] = "certificate-record";  // shown to a ledger
inline constexpr char kEvidenceSettlement[] = "settlement-id";              // 32 bytes
inline constexpr char kEvidenceVote[] = "vote";                             // EncodeVote
// "batch-sha256" and so on: 32 bytes in place of a piece that is too large to be kept.
inline constexpr char kEvidenceHashSuffix[] = "-sha256";

struct Finding {
  FindingKind kind = FindingKind::kNone;
  std::string origin;   // the log that it is about
  std::string message;  // one paragraph for a person
  std::vector<Evidence> evidence;

  // The content of the first piece with that name, or null.
  const std::string* Find(std::string_view name) const;

  friend bool operator==(const Finding&, const Finding&) = default;
};

}  // namespace causeway::observer

#endif  // CAUSEWAY_OBSERVER_VERIFIER_FINDING_H_
