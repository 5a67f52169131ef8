// Whether a record of a decision log is one that its authority could make, judged by the record,
// what comes with it (terms and votes) and pinned policies alone: no clock, no other record. What
// witnesses check before they cosign, and observers before they believe. Pure; any thread.
#ifndef CAUSEWAY_SETTLEMENT_CODEC_DECISION_CHECK_H_
#define CAUSEWAY_SETTLEMENT_CODEC_DECISION_CHECK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "settlement/core/decision_batch.h"
#include "settlement/core/policy_set.h"
#include "settlement/core/suite.h"

namespace causeway::codec {

// What a vote says that its ledger holds.
struct VotedHold {
  core::LedgerOrigin ledger;
  std::uint64_t leaf = 0;
  core::PositionSet listed;  // of a settlement list: core::Vote::listed
};

// A record that is valid.
struct CheckedDecision {
  core::DecisionRecord record;
  // Where it came with terms that can be read (always for a commit).
  std::optional<core::TermsHeader> terms;
  // For a commit: each ledger's, in the order of the terms.
  std::vector<VotedHold> holds;
};

struct DecisionFault {
  enum class Kind {
    // The record can be right with no terms and votes: whoever signed a tree that has it broke the
    // rules.
    kRecord,
    // It is under none of the policies: the reader may lack one.
    kUnknownPolicy,
    // What came with it does not prove it. Who carried it may have changed that.
    kProof,
  };
  Kind kind = Kind::kRecord;
  std::string message;  // continues "The record ..."
  std::string vote;     // the encoded vote that is at fault, if it is one
};

// A commit needs its terms, under the same policy and not decided past their deadline, and the
// valid vote of every ledger in them, in their order, with the record's vote hashes. An abort needs
// nothing; terms that come with it must be those of the id.
// Votes of one statement cost one verification with a core::RememberingVerifier.
std::variant<CheckedDecision, DecisionFault> CheckDecision(const core::DecidedSettlement& decided,
                                                           const core::PolicySet& policies,
                                                           const core::SignatureVerifier& verifier);

}  // namespace causeway::codec

#endif  // CAUSEWAY_SETTLEMENT_CODEC_DECISION_CHECK_H_
