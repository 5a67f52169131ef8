// Everything that an observer verifies: any set of ledgers and a decision log, each by itself, and
// the settlements between them. Bytes in, findings out; the live observer and the simulator drive
// the same object. No clock, no input or output. Not synchronised.
//
//   CorridorVerifier corridor(signature_verifier);
//   corridor.AddLedger(origin, genesis_hash);
//   corridor.AddDecisionLog({policy_bytes});
//   for (batch of a log, in its order; logs in any order) corridor.OnLedgerBatch(origin, batch);
//   corridor.Status().findings_count == 0
#ifndef CAUSEWAY_OBSERVER_VERIFIER_CORRIDOR_VERIFIER_H_
#define CAUSEWAY_OBSERVER_VERIFIER_CORRIDOR_VERIFIER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "observer/verifier/decision_log_verifier.h"
#include "observer/verifier/finding.h"
#include "observer/verifier/ledger_verifier.h"
#include "observer/verifier/settlement_tracker.h"
#include "settlement/core/remembering_verifier.h"

namespace causeway::observer {

// What one input led to.
struct Step {
  // The batch is verified and now part of the log: store it. False: it was not believed.
  bool accepted = false;
  std::vector<Finding> findings;
};

struct LogStatus {
  std::string origin;
  bool is_ledger = false;
  std::uint64_t size = 0;  // leaves verified
  std::uint64_t batches = 0;
  core::Hash256 root;
  std::string checkpoint;                   // last verified; empty before the first
  std::optional<core::Hash256> state_root;  // ledgers; nothing before the genesis
  bool halted = false;
};

struct LedgerSupply {
  core::LedgerOrigin ledger;
  Supply supply;
};

struct CorridorStatus {
  std::vector<LogStatus> logs;         // ledgers by origin, then the decision log
  std::vector<LedgerSupply> supplies;  // by origin
  SettlementCounts settlements;
  std::uint64_t findings_count = 0;
  std::uint64_t overrides_count = 0;
  std::uint64_t repeated_references_count = 0;
  std::uint64_t references_forgotten = 0;  // ReferenceWatch::forgotten, over all ledgers
};

struct LedgerOverride {
  core::LedgerOrigin ledger;
  Override order;
};

struct LedgerRepeatedReference {
  core::LedgerOrigin ledger;
  RepeatedReference repeated;
};

class CorridorVerifier {
 public:
  // `verifier` must outlive this.
  explicit CorridorVerifier(const core::SignatureVerifier& verifier)
      : remembering_({std::shared_ptr<const void>(), &verifier}), verifier_(&remembering_) {}

  // Before the first input. AlreadyExists for a log that is there; InvalidArgument for policies
  // that do not decode or do not go together (codec::DecodePolicies); FailedPrecondition when a
  // policy names another genesis for a ledger.
  absl::Status AddLedger(const core::LedgerOrigin& origin, const core::Hash256& genesis_hash);
  // The exact bytes of every policy that records of the log may name, in any order.
  absl::Status AddDecisionLog(const std::vector<std::string>& policies);

  // The next batch of that log, which must have been added. A log with a finding of its own is
  // halted: further batches of it are not accepted and give nothing. Findings about a settlement
  // halt no log.
  Step OnLedgerBatch(const core::LedgerOrigin& origin, std::string_view bytes);
  Step OnDecisionBatch(std::string_view bytes);

  // A checkpoint of `origin` (a ledger or the decision log) that the log itself gave as its latest,
  // or (OnCheckpoint) that anyone showed; errors as in LogVerifier, NotFound for an unknown log.
  std::vector<Finding> OnHead(std::string_view origin, std::string_view note,
                              const GivenProof& proof = std::nullopt);
  absl::StatusOr<std::vector<Finding>> OnCheckpoint(std::string_view origin, std::string_view note,
                                                    const GivenProof& proof = std::nullopt);
  // For a log that was found wrong in an earlier life, once what was believed of it is replayed.
  void Halt(std::string_view origin);

  // Linear in the number of accounts, for the state roots; without them they stay empty.
  CorridorStatus Status(bool with_state_roots = true) const;
  // Sums all balances of every ledger anew and compares with the supply; linear.
  std::vector<Finding> Recount();

  // Null when there is none.
  const LedgerVerifier* FindLedger(const core::LedgerOrigin& origin) const;
  const DecisionLogVerifier* decision_log() const { return decision_log_.get(); }
  const SettlementTracker& settlements() const { return tracker_; }
  // What central banks ordered, by ledger and then in the order of its log.
  std::vector<LedgerOverride> Overrides() const;
  // Of every ledger the first kRepeatedReferencesKept, in the same order.
  std::vector<LedgerRepeatedReference> RepeatedReferences() const;
  const std::vector<Finding>& findings() const { return findings_; }  // oldest first

 private:
  static absl::Status CheckPinnedTogether(const core::PolicySet& policies,
                                          const LedgerVerifier& ledger);
  void Keep(std::optional<Finding> finding, std::vector<Finding>& findings);
  void Keep(std::vector<Finding> found, std::vector<Finding>& findings);
  void NameWhoTook(Finding& finding) const;
  void CompareCertificates(const LedgerVerifier& ledger, std::vector<Finding>& findings);

  // Many certificates rest on one checkpoint, and many votes on one statement.
  core::RememberingVerifier remembering_;
  const core::SignatureVerifier* verifier_;
  std::map<core::LedgerOrigin, std::unique_ptr<LedgerVerifier>> ledgers_;
  std::unique_ptr<DecisionLogVerifier> decision_log_;
  SettlementTracker tracker_;
  std::vector<Finding> findings_;
};

}  // namespace causeway::observer

#endif  // CAUSEWAY_OBSERVER_VERIFIER_CORRIDOR_VERIFIER_H_
