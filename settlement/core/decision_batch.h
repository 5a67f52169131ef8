// A batch of the decision log as it is journaled and shown to observers. Format:
// docs/formats/decision-log.md. The leaves of the log are the record bytes.
#ifndef CAUSEWAY_SETTLEMENT_CORE_DECISION_BATCH_H_
#define CAUSEWAY_SETTLEMENT_CORE_DECISION_BATCH_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/settlement.h"

namespace causeway::core {

// A record with what proves that it could be made: for a commit the terms header and the votes.
struct DecidedSettlement {
  std::string record;              // EncodeDecisionRecord
  std::string terms;               // exact bytes of the TermsHeader; empty where unknown (an abort)
  std::vector<std::string> votes;  // EncodeVote, in the order of the record's hashes

  friend bool operator==(const DecidedSettlement&, const DecidedSettlement&) = default;
};

struct DecisionBatch {
  std::uint64_t number = 0;       // from 0
  std::uint64_t first_index = 0;  // of its first record
  LedgerTime time;
  std::vector<DecidedSettlement> decided;  // 1 or more
  std::string checkpoint;                  // signed note of the log after this batch

  friend bool operator==(const DecisionBatch&, const DecisionBatch&) = default;
};

std::string EncodeDecisionBatch(const DecisionBatch& batch);
absl::StatusOr<DecisionBatch> DecodeDecisionBatch(std::string_view bytes);
// The number in the first bytes of a batch, for whoever sorts them; 0 when there are too few.
std::uint64_t PeekDecisionBatchNumber(std::string_view bytes);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_DECISION_BATCH_H_
