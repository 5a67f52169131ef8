// Verifies a decision log: every record is one that the authority could make under the settlement
// policy that it names, which must be one of those that the observer was given, and no settlement
// is decided twice. Where it finds two histories, it names the witnesses that cosigned both. Pure;
// not synchronised.
#ifndef CAUSEWAY_OBSERVER_VERIFIER_DECISION_LOG_VERIFIER_H_
#define CAUSEWAY_OBSERVER_VERIFIER_DECISION_LOG_VERIFIER_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "observer/verifier/finding.h"
#include "observer/verifier/log_verifier.h"
#include "settlement/codec/decision_check.h"
#include "settlement/core/decision_batch.h"
#include "settlement/core/policy_set.h"

namespace causeway::observer {

// A decision that was verified.
struct VerifiedDecision {
  core::DecisionRecord record;
  std::string record_bytes;
  std::uint64_t index = 0;  // leaf
  // Where the record came with terms (always for a commit).
  std::optional<core::TermsHeader> terms;
  // For a commit, of each ledger in the order of the terms: what its vote says that it holds, and
  // the encoded vote.
  std::vector<codec::VotedHold> holds;
  std::vector<std::string> votes;
};

class DecisionLogVerifier {
 public:
  // `verifier` must outlive this. The hash of a policy names it in records.
  DecisionLogVerifier(core::PolicySet policies, const core::SignatureVerifier& verifier);

  // As LedgerVerifier::OnBatch.
  std::optional<Finding> OnBatch(std::string_view batch_bytes);
  absl::StatusOr<std::optional<Finding>> OnCheckpoint(std::string_view note,
                                                      const GivenProof& proof = std::nullopt);
  std::optional<Finding> OnHead(std::string_view note, const GivenProof& proof = std::nullopt);
  void Halt() { halted_ = true; }

  const core::PolicySet& policies() const { return policies_; }
  const core::LedgerOrigin& origin() const { return policies_.decision_log(); }
  bool halted() const { return halted_; }
  const LogVerifier& log() const { return log_; }
  std::uint64_t batch_count() const { return next_batch_; }
  // Of the last batch that was verified.
  const std::vector<VerifiedDecision>& decisions() const { return decisions_; }

 private:
  struct Problem;
  std::optional<Finding> VerifyBatch(const core::DecisionBatch& batch, std::string_view bytes,
                                     std::vector<VerifiedDecision>& decisions);
  std::optional<Problem> CheckRecord(const core::DecidedSettlement& decided,
                                     const core::DecisionBatch& batch,
                                     VerifiedDecision& decision) const;
  std::optional<Finding> Halted(std::optional<Finding> finding);
  std::vector<std::string> CosignersOf(const core::SignedCheckpoint& checkpoint) const;
  void RememberCosigners(std::string_view note);
  void NameFaultyWitnesses(Finding& finding) const;

  core::PolicySet policies_;
  const core::SignatureVerifier* verifier_;
  LogVerifier log_;
  std::uint64_t next_batch_ = 0;
  core::LedgerTime time_;
  bool halted_ = false;
  std::map<core::Hash256, std::string> decided_;  // record bytes by settlement id
  struct Cosigned {
    std::uint64_t size = 0;
    std::string note;
  };
  // By witness: the largest checkpoint of this history that was shown with its valid cosignature.
  std::map<std::string, Cosigned> cosigned_;
  // Checkpoints of this history that were shown last, and are shown again with every settlement
  // that they certify.
  std::deque<std::string> shown_;
  std::vector<VerifiedDecision> decisions_;
};

}  // namespace causeway::observer

#endif  // CAUSEWAY_OBSERVER_VERIFIER_DECISION_LOG_VERIFIER_H_
