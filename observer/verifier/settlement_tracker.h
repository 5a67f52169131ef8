// Follows every settlement across ledgers and decision log, and finds the one that is not all or
// none. Its inputs are verified by the log verifiers. The order in which logs are read does not
// matter to what is found in the end. Pure; not synchronised.
#ifndef CAUSEWAY_OBSERVER_VERIFIER_SETTLEMENT_TRACKER_H_
#define CAUSEWAY_OBSERVER_VERIFIER_SETTLEMENT_TRACKER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "observer/verifier/decision_log_verifier.h"
#include "observer/verifier/finding.h"
#include "observer/verifier/ledger_verifier.h"

namespace causeway::observer {

// Where a settlement stands on one ledger.
struct ObservedLeg {
  core::LedgerOrigin ledger;
  core::InstructionStatus status = core::InstructionStatus::kNone;  // latest; kNone: nothing seen
  std::uint64_t entry_index = 0;                                    // of that status
  std::optional<std::uint64_t> hold;                                // first entry that prepared it
};

// A settlement in all logs in view.
struct ObservedSettlement {
  core::Hash256 settlement_id;
  core::Verdict verdict = core::Verdict::kNone;  // by the decision log; kNone: no record yet
  // By origin: the ledgers where it was seen, and those in its terms once these are known.
  std::vector<ObservedLeg> ledgers;
  // There is a record, and every ledger in view agrees with it. (A ledger that holds nothing agrees
  // with an abort.)
  bool complete = false;
};

struct SettlementCounts {
  std::uint64_t settled = 0;  // complete, committed
  std::uint64_t aborted = 0;  // complete, aborted
  std::uint64_t open = 0;
};

class SettlementTracker {
 public:
  void AddLedger(const core::LedgerOrigin& origin) { in_view_.insert(origin); }
  void SetDecisionLog(const core::LedgerOrigin& origin) { decision_log_ = origin; }

  // Call after each verified batch, with the verifier that just took it.
  std::vector<Finding> OnLedger(const LedgerVerifier& ledger);
  std::vector<Finding> OnDecisions(const DecisionLogVerifier& log);

  // A settlement that a ledger completed by a certificate under the checkpoint of that size and
  // root, beyond what the decision log has shown; nothing when there is none. Linear in how many
  // wait for the decision log.
  struct Taken {
    core::LedgerOrigin ledger;
    core::Hash256 settlement_id;
    std::string record;
  };
  std::optional<Taken> FindTaken(std::uint64_t size, const core::Hash256& root) const;

  SettlementCounts counts() const { return counts_; }
  std::optional<ObservedSettlement> Find(const core::Hash256& settlement_id) const;
  // In the order in which they were first seen.
  std::vector<ObservedSettlement> List(std::uint64_t offset, std::size_t count,
                                       bool open_only) const;

 private:
  enum class Phase { kOpen, kSettled, kAborted };
  struct Voted {
    std::uint64_t hold = 0;
    core::PositionSet listed;
    std::string vote;
  };
  struct Tracked {
    core::Hash256 settlement_id;
    core::Verdict verdict = core::Verdict::kNone;
    std::string record;
    std::set<core::LedgerOrigin> in_terms;  // empty until the terms are known
    std::map<core::LedgerOrigin, ObservedLeg> legs;
    // What the votes behind a commit say, of ledgers in view, until their logs have shown it.
    std::map<core::LedgerOrigin, Voted> voted;
    std::map<core::LedgerOrigin, core::PositionSet> held;  // of a list, until it is voted and shown
    std::map<core::LedgerOrigin, ShownCertificate> certificates;
    std::map<core::LedgerOrigin, std::string> entries;  // latest, until it is complete
    Phase phase = Phase::kOpen;
    bool reported = false;
  };
  Tracked& Get(const core::Hash256& settlement_id);
  void AddTerms(Tracked& tracked, const core::TermsHeader& terms);
  bool IsComplete(const Tracked& tracked) const;
  Phase PhaseOf(const Tracked& tracked) const;
  void Update(Tracked& tracked, std::vector<Finding>& findings);
  struct Conflict;
  std::optional<Conflict> FindConflict(const Tracked& tracked) const;
  std::optional<Conflict> FindRecordConflict(const Tracked& tracked) const;
  std::optional<Conflict> FindVoteConflict(const Tracked& tracked) const;
  // Forgets votes that their ledgers' logs bear out: nothing changes that any more.
  void DropShownVotes(Tracked& tracked) const;
  bool IsShown(const Tracked& tracked, const core::LedgerOrigin& origin, const Voted& voted) const;
  void Report(Tracked& tracked, const Conflict& conflict, std::vector<Finding>& findings);
  void LookAgain(const core::LedgerOrigin& origin, std::uint64_t index,
                 const core::Hash256& settlement_id);
  void CheckDue(const core::LedgerOrigin& origin, std::uint64_t size,
                std::vector<Finding>& findings);
  ObservedSettlement View(const Tracked& tracked) const;

  std::set<core::LedgerOrigin> in_view_;
  core::LedgerOrigin decision_log_;  // empty: none in view
  std::map<core::Hash256, Tracked> tracked_;
  std::vector<core::Hash256> order_;
  SettlementCounts counts_;
  std::map<core::LedgerOrigin, std::uint64_t> sizes_;
  // Settlements to look at again when a log has passed a leaf.
  std::map<core::LedgerOrigin, std::multimap<std::uint64_t, core::Hash256>> due_;
};

}  // namespace causeway::observer

#endif  // CAUSEWAY_OBSERVER_VERIFIER_SETTLEMENT_TRACKER_H_
