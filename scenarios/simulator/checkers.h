// What must hold at every moment of a run, checked as things happen: each check costs what the
// event touched, and now and then everything is counted anew.
//
// The checkers keep books of their own, from what became durable at the nodes: balances, holds,
// outcomes, decisions, and what clients were told. A breach is a sentence; the first ones are kept.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_CHECKERS_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_CHECKERS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "central-bank-node/engine/ledger_engine.h"
#include "central-bank-node/witness/witness_engine.h"
#include "fx-bridge/engine/bridge_engine.h"
#include "observer/verifier/finding.h"
#include "scenarios/simulator/virtual_disk.h"
#include "scenarios/simulator/virtual_world.h"
#include "scenarios/spec/actor.h"
#include "settlement/core/batch.h"

namespace causeway::sim {

class BridgeNode;
class LedgerNode;
class ObserverNode;
class WitnessNode;

// Breaches that are kept; the rest are counted.
inline constexpr std::size_t kBreachesKeptMax = 20;

class Checkers {
 public:
  // References outlive the checkers.
  Checkers(const World& world, Coverage& coverage, const core::SignatureVerifier& verifier);

  // A ledger has opened its journal.
  void OnLedgerStart(LedgerIndex ledger, const node::LedgerEngine& engine, const VirtualDisk& disk);
  // A batch of a ledger is durable. With the legs of lists in it (`packed`) it is read again.
  void OnLedgerBatch(LedgerIndex ledger, const core::BatchHeader& header,
                     std::span<const core::Entry> entries, bool packed,
                     const node::LedgerEngine& engine, const VirtualDisk& disk);
  void OnBridgeStart(const bridge::BridgeEngine& engine, const VirtualDisk& disk);
  void OnDecisionBatch(const core::DecisionBatch& batch, const VirtualDisk& disk);
  // A witness has opened its journal, and is about to answer.
  void OnWitnessStart(WitnessNode& node);
  void OnWitnessAnswers(WitnessNode& node, std::span<const witness::Answer> answers);
  // The bridge is about to answer that it has a settlement, or how it ended.
  void OnSubmissionKept(const core::Hash256& id) { kept_.insert(id); }
  void OnOutcomeTold(const core::Hash256& id, core::InstructionStatus status);
  // The bridge says that a settlement was aborted because a central bank ordered it.
  void OnAbortedByOrder(const bridge::SettlementView& view);
  // The bridge told that it keeps the order of that ledger until the settlement is handed in.
  void OnOrderKept(const core::Hash256& id, const std::string& ledger);
  // A client got a ledger's answer to instructions.
  void OnItemsTold(LedgerIndex ledger, const ItemsReply& reply);
  // The observer found something, which it reports itself.
  void OnFinding() { ++breaches_count_; }

  // Everything that is at rest, counted anew.
  void Recount(const std::vector<std::unique_ptr<LedgerNode>>& ledgers, ObserverNode* observer);
  // Faults are over for long enough: nothing may be open any more, but what touches a node that is
  // down for good. `too_few_witnesses`: those that are left cannot certify anything.
  void CheckDrained(const std::vector<std::unique_ptr<LedgerNode>>& ledgers,
                    const BridgeNode* bridge, bool too_few_witnesses, const ObserverNode* observer);

  void Fail(std::string breach);
  void FailAllOrNone(std::string breach);
  bool failed() const { return breaches_count_ > 0; }
  // Settlements that are not all or none, and all else.
  const std::vector<std::string>& all_or_none() const { return all_or_none_; }
  const std::vector<std::string>& others() const { return others_; }

 private:
  struct Balance {
    core::Amount available;
    core::Amount held;
  };
  // A settlement on one ledger.
  struct Side {
    core::InstructionStatus status = core::InstructionStatus::kNone;
    std::uint64_t hold = 0;
    std::uint32_t legs_held = 0;
    std::uint32_t legs_resolved = 0;
    core::LedgerTime deadline;
    core::PositionSet listed;                // of a list: what is held here
    std::vector<std::uint32_t> resolved_at;  // positions of it, in the order of their leaves
  };
  struct Settlement {
    core::Verdict verdict = core::Verdict::kNone;  // durable
    core::Hash256 terms;                           // of the ledgers' header; zero: none has held
    core::PositionSet committed;                   // of a list, once it is decided
    std::map<LedgerIndex, Side> sides;
  };
  struct Books {
    std::vector<core::Hash256> chain;  // after each durable block
    std::uint64_t leaves = 0;
    absl::flat_hash_map<core::AccountAddress, Balance> balances;
    std::set<core::Hash256> held;  // settlements
    // Orders that were carried out, in the order of the log.
    struct Order {
      std::uint64_t entry_index = 0;
      core::ActionKind kind = core::ActionKind::kNone;
      core::Hash256 settlement_id;  // of an order to abort
    };
    std::vector<Order> orders;
    std::set<core::Hash256> policies;   // in force, by their hashes
    std::set<core::Hash256> withdrawn;  // no more
    // Settlements that are held under a policy that is withdrawn.
    std::set<core::Hash256> held_under_withdrawn;
    bool intervened = false;  // since holds were compared
    // Of payments that settle in parts and have not ended: what their postings moved.
    std::map<core::InstructionKey, absl::int128> in_parts;
    // Below zero within a set of payments that settle together; no more after its last entry.
    std::set<core::AccountAddress> overdrawn;
  };

  std::string NameOf(LedgerIndex ledger) const;
  bool Follows(std::vector<core::Hash256>& chain, const VirtualDisk& disk, const std::string& log);
  void ReadBatch(LedgerIndex ledger, const std::string& bytes);
  void OnEntry(LedgerIndex ledger, const core::BatchHeader& header, const core::Entry& entry);
  void OnPostings(LedgerIndex ledger, const core::Entry& entry);
  void OnPaymentParts(LedgerIndex ledger, const core::Entry& entry);
  bool IsWithinCredit(LedgerIndex ledger, const core::AccountAddress& address,
                      core::Amount available) const;
  void CheckOverdrawn(LedgerIndex ledger);
  void OnSettlementEntry(LedgerIndex ledger, const core::BatchHeader& header,
                         const core::Entry& entry);
  void OnResolved(LedgerIndex ledger, const core::BatchHeader& header, const core::Entry& entry,
                  Settlement& settlement, Side& side);
  // Legs of lists.
  void OnPacked(LedgerIndex ledger, const core::Batch& batch, const core::BulkResults& bulk,
                const core::Entry& cause);
  void OnHeldLeg(LedgerIndex ledger, const core::BulkPayment& leg, const core::PaymentResult& held);
  void OnResolvedLeg(LedgerIndex ledger, const core::Hash256& list, const core::ResolvedLeg& leg);
  core::Amount* MoveTo(LedgerIndex ledger, std::uint32_t account, core::Bucket bucket,
                       core::Amount amount, std::int64_t after);
  void CheckTerms(LedgerIndex ledger, const core::Hash256& id);
  // Orders of courts and changes of rules, in check_interventions.cc.
  void OnIntervention(LedgerIndex ledger, const core::Entry& entry);
  void OnOverride(LedgerIndex ledger, const core::Entry& entry);
  void OnOrderAbort(LedgerIndex ledger, const core::Entry& entry);
  void OnPolicyChange(LedgerIndex ledger, const core::Entry& entry);
  void CheckHeldPolicy(LedgerIndex ledger, const core::Hash256& id, const core::Hash256& policy);
  void CheckHolds(LedgerIndex ledger);
  void CheckOrdersSeen(const ObserverNode& observer);
  void CheckCommit(const core::DecisionRecord& record, const core::DecidedSettlement& decided);
  void CheckKeptOrders(const core::DecisionRecord& record, const core::DecidedSettlement& decided);
  void RecountLedger(const LedgerNode& node);

  const World& world_;
  Coverage& coverage_;
  const core::SignatureVerifier& verifier_;
  std::vector<const node::LedgerEngine*> engines_;  // of the ledgers, while they are up
  std::vector<Books> books_;                        // by ledger
  std::vector<core::Hash256> decision_chain_;
  std::vector<std::vector<core::Hash256>> witness_chains_;  // by witness: after each durable block
  bool operator_equivocates_ = false;
  std::map<core::Hash256, Settlement> settlements_;
  std::set<core::Hash256> kept_;  // and not decided as far as is durable
  // Orders to abort that the bridge keeps, with the ledger of each; those of decided ids too.
  std::set<std::pair<core::Hash256, std::string>> kept_orders_;
  std::vector<std::string> all_or_none_;
  std::vector<std::string> others_;
  std::uint64_t breaches_count_ = 0;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_CHECKERS_H_
