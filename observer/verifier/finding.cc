#include "observer/verifier/finding.h"

namespace causeway::observer {

std::string_view FindingKindName(FindingKind kind) {
  switch (kind) {
    case FindingKind::kNone:
      return "none";
    case FindingKind::kMalformedBatch:
      return "malformed-batch";
    case FindingKind::kBadSignature:
      return "bad-signature";
    case FindingKind::kRootMismatch:
      return "root-mismatch";
    case FindingKind::kForkedLog:
      return "forked-log";
    case FindingKind::kEntryDiffers:
      return "entry-differs";
    case FindingKind::kSupplyMismatch:
      return "supply-mismatch";
    case FindingKind::kSettlementNotAtomic:
      return "settlement-not-atomic";
    case FindingKind::kInvalidDecision:
      return "invalid-decision";
    case FindingKind::kLogRolledBack:
      return "log-rolled-back";
  }
  return "unknown";
}

std::optional<FindingKind> FindingKindFromNumber(std::uint64_t number) {
  if (number == 0 || number > static_cast<std::uint64_t>(FindingKind::kLogRolledBack)) {
    return std::nullopt;
  }
  return static_cast<FindingKind>(number);
}

const std::string* Finding::Find(std::string_view name) const {
  for (const Evidence& piece : evidence) {
    if (piece.name == name) return &piece.content;
  }
  return nullptr;
}

}  // namespace causeway::observer
