// Logs as operators would write them, in memory and with their keys at hand, so that a test can
// also write what an operator never should. Two ledgers (HKD, THB) with the banks ALPHA and BETA on
// both, and a decision log under a policy that both ledgers know. Nothing here is the node's or the
// bridge's code: batches are made of the formats and core::Ledger alone.
#ifndef CAUSEWAY_TESTS_OBSERVER_TEST_CORRIDOR_H_
#define CAUSEWAY_TESTS_OBSERVER_TEST_CORRIDOR_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "settlement/core/batch.h"
#include "settlement/core/decision_batch.h"
#include "settlement/core/ledger.h"
#include "settlement/core/merkle.h"
#include "settlement/core/suite.h"

namespace causeway::observer {

// The Ed25519 key of that name: always the same.
std::shared_ptr<core::SoftwareSigner> KeyNamed(const std::string& name);
// A signed checkpoint of any tree, true or not.
std::string SignedNote(const std::string& origin, std::uint64_t size, const core::Hash256& root,
                       const std::string& key);

class TestLedger {
 public:
  // `country` such as "HK", `currency` such as "HKD"; the origin is "<country>.example/<currency>"
  // in small letters.
  TestLedger(const std::string& country, const std::string& currency);

  core::AccountAddress Address(std::string_view body) const;
  core::Money Money(std::int64_t minor_units) const;
  // A command signed by those keys; "CENTRAL" has the keys "central-1" and "central-2".
  core::Item Signed(std::string_view party, core::Action action, std::vector<std::string> signers,
                    std::string_view id = "");
  core::Item ByCentral(core::Action action);
  core::Item Payment(const std::string& from, const std::string& to, std::int64_t minor_units);

  // Executes the items as one batch; the batch is not in the log before Seal.
  core::Batch Make(std::vector<core::Item> items);
  // Appends the batch to the log as it is (altered, perhaps), signs the checkpoint, encodes.
  std::string Seal(core::Batch batch);
  // Both, for honest batches.
  const std::string& Write(std::vector<core::Item> items);

  const core::Genesis& genesis() const { return genesis_; }
  const std::string origin() const { return genesis_.ledger.ToString(); }
  const std::string& key() const { return key_; }
  const core::Ledger& ledger() const { return *ledger_; }
  const core::MerkleTree& tree() const { return tree_; }
  const std::vector<std::string>& batches() const { return batches_; }  // encoded, all so far
  std::string Checkpoint() const { return SignedNote(origin(), tree_.size(), tree_.Root(), key_); }

 private:
  core::Genesis genesis_;
  std::string key_;
  std::unique_ptr<core::Ledger> ledger_;
  core::MerkleTree tree_;
  std::vector<std::string> batches_;
  core::LedgerTime now_;
  int ids_ = 0;
};

// A swap: ALPHA pays HKD to BETA, BETA pays THB to ALPHA.
struct TestSettlement {
  core::Hash256 id;
  core::TermsHeader terms;
  std::string terms_bytes;
  core::Item prepare_hkd;
  core::Item prepare_thb;
};

class TestBridge {
 public:
  explicit TestBridge(const core::SettlementPolicy& policy) : policy_(policy) {}

  core::DecidedSettlement Commit(const TestSettlement& settlement,
                                 std::vector<core::Vote> votes) const;
  core::DecidedSettlement Abort(const core::Hash256& settlement_id) const;
  core::DecisionBatch Make(std::vector<core::DecidedSettlement> decided) const;
  std::string Seal(core::DecisionBatch batch);
  const std::string& Write(std::vector<core::DecidedSettlement> decided);
  // With the certificate of the record at `index`, under the latest checkpoint.
  core::Item Completion(std::uint64_t index) const;

  std::string origin() const { return policy_.decision_log.ToString(); }
  // Of terms that are proposed, and of aborts; a commit is under the policy of its terms.
  const core::SettlementPolicy& policy() const { return policy_; }
  void SetPolicy(const core::SettlementPolicy& policy) { policy_ = policy; }
  const core::MerkleTree& tree() const { return tree_; }
  const std::vector<std::string>& batches() const { return batches_; }
  std::string Checkpoint() const;

 private:
  core::SettlementPolicy policy_;
  core::MerkleTree tree_;
  std::vector<core::DecidedSettlement> decided_;
  std::vector<std::string> batches_;
};

// Funded accounts, open day, policy set: what tests start from.
class TestCorridor {
 public:
  TestCorridor();

  TestSettlement Propose(std::int64_t hkd, std::int64_t thb);
  // A list of as many settlements as there are amounts.
  TestSettlement ProposeList(const std::vector<std::int64_t>& hkd,
                             const std::vector<std::int64_t>& thb);
  // Votes of both ledgers, for the holds that their copies have.
  std::vector<core::Vote> Votes(const TestSettlement& settlement) const;
  // Prepared on both, committed, completed on both; everything written.
  TestSettlement Settle(std::int64_t hkd, std::int64_t thb);
  TestSettlement Settle(TestSettlement settlement);

  // The policy of the next epoch, known to both ledgers from now on and the one of what is
  // proposed.
  void NewEpoch();

  TestLedger hkd;
  TestLedger thb;
  std::string policy_bytes;  // of the bridge's policy
  std::unique_ptr<TestBridge> bridge;

 private:
  void Open(TestLedger& ledger);
  int settlements_ = 0;
};

}  // namespace causeway::observer

#endif  // CAUSEWAY_TESTS_OBSERVER_TEST_CORRIDOR_H_
