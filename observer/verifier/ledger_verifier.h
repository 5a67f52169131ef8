// Verifies one ledger's log by executing it again: trusts the genesis hash that it was given and
// nothing else. Bytes in, findings out; no clock, no input or output. Not synchronised.
#ifndef CAUSEWAY_OBSERVER_VERIFIER_LEDGER_VERIFIER_H_
#define CAUSEWAY_OBSERVER_VERIFIER_LEDGER_VERIFIER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "observer/verifier/finding.h"
#include "observer/verifier/log_verifier.h"
#include "observer/verifier/reference_watch.h"
#include "settlement/core/batch.h"
#include "settlement/core/ledger.h"

namespace causeway::observer {

// One currency's money. The two are counted apart and must be equal.
struct Supply {
  core::Currency currency;
  // Issue less redemption, from the postings with those codes.
  core::Amount issued;
  // Sum of all postings on accounts other than the issuer's liability.
  core::Amount in_circulation;
};

// A settlement changed its status on this ledger.
struct SettlementTransition {
  core::Hash256 settlement_id;
  core::InstructionStatus status = core::InstructionStatus::kNone;
  std::uint64_t entry_index = 0;
  std::string entry;       // the leaf
  core::PositionSet held;  // of a settlement list that is prepared: which of its settlements
};

// A certificate that this ledger accepted.
struct ShownCertificate {
  core::Hash256 settlement_id;
  core::LedgerOrigin decision_log;
  core::Verdict verdict = core::Verdict::kNone;
  std::string record;
  std::uint64_t index = 0;
  std::string checkpoint;
};

// What the two approvers of a central bank ordered and the ledger carried out: a transfer against
// the owner's will, an order to abort a settlement, or that an account is frozen or free again.
// Nothing is wrong with it; it is to be seen.
struct Override {
  std::uint64_t entry_index = 0;
  core::LedgerTime time;
  core::InstructionKey instruction;  // of kind kOperatorOverride, kOrderAbort or kSetFreeze
  std::string legal_basis;
  // Of a transfer.
  core::AccountAddress debtor;
  core::AccountAddress creditor;
  core::Money amount;
  // Of an order to abort.
  core::Hash256 settlement_id;
  // Of a freeze: the account, and whether it is frozen from then on.
  core::AccountAddress account;
  bool frozen = false;
};

// "operator-override judgment 12: 10.00 HKD from ... to ...": for people and reports.
std::string Describe(const Override& order);

class LedgerVerifier {
 public:
  // `verifier` must outlive this.
  LedgerVerifier(const core::LedgerOrigin& origin, const core::Hash256& genesis_hash,
                 const core::SignatureVerifier& verifier);

  // The next batch, as the log's operator gave it. Nothing: it is verified in every respect and is
  // now part of the state. A finding: the log is halted, and nothing after is believed. Calling
  // this on a halted log does nothing and gives nothing.
  std::optional<Finding> OnBatch(std::string_view batch_bytes);

  // See LogVerifier. A finding halts the log.
  absl::StatusOr<std::optional<Finding>> OnCheckpoint(std::string_view note,
                                                      const GivenProof& proof = std::nullopt);
  std::optional<Finding> OnHead(std::string_view note, const GivenProof& proof = std::nullopt);
  // What was found in an earlier life (the observer restarts): the log stays halted.
  void Halt() { halted_ = true; }

  const core::LedgerOrigin& origin() const { return origin_; }
  const core::Hash256& genesis_hash() const { return genesis_hash_; }
  bool halted() const { return halted_; }
  const LogVerifier& log() const { return log_; }
  std::uint64_t batch_count() const { return next_batch_; }  // verified
  Supply supply() const;
  // The observer's own copy of the ledger; null before the genesis. After a kEntryDiffers finding
  // it holds what the batch should have done, and is ahead of the log.
  const core::Ledger* ledger() const { return ledger_.get(); }
  // Of the copy at log().size(); nothing when there is none of that size.
  std::optional<core::Hash256> StateRoot() const;
  // Sums every balance of the copy and compares with the supply; linear. A finding halts the log.
  std::optional<Finding> Recount();

  // Of the last batch that was verified.
  const std::vector<SettlementTransition>& transitions() const { return transitions_; }
  // Those of the settlements that were prepared or rejected in the latest batch.
  const std::vector<core::TermsHeader>& terms() const { return terms_; }
  const std::vector<ShownCertificate>& certificates() const { return certificates_; }
  // In the whole log, in its order.
  const std::vector<Override>& overrides() const { return overrides_; }
  const ReferenceWatch& references() const { return references_; }

 private:
  struct Opened;
  std::optional<Finding> VerifyGenesis(const core::Batch& batch, std::string_view bytes);
  std::optional<Finding> VerifyBatch(const core::Batch& batch, std::string_view bytes);
  std::optional<Finding> AdmitItems(const core::Batch& batch, Opened& opened) const;
  std::optional<Finding> CheckDoubleEntry(const core::Batch& batch, Opened& opened) const;
  std::optional<Finding> Execute(const core::Batch& batch, const Opened& opened);
  std::optional<Finding> CompareEntries(const core::Batch& batch, const Opened& opened,
                                        const core::BatchResult& result) const;
  void Observe(const core::Batch& batch, const Opened& opened);
  static core::PositionSet HeldAfter(const core::Batch& batch, const core::Entry& entry);
  void NoteOverride(const core::Entry& entry, const Opened& opened);
  void NoteReferences(const Opened& opened);
  std::optional<Finding> Halted(std::optional<Finding> finding);

  core::LedgerOrigin origin_;
  core::Hash256 genesis_hash_;
  const core::SignatureVerifier* verifier_;
  LogVerifier log_;
  std::unique_ptr<core::Ledger> ledger_;
  std::uint64_t next_batch_ = 0;
  core::LedgerTime time_;
  core::Amount issued_;
  core::Amount in_circulation_;
  bool halted_ = false;
  bool copy_ahead_ = false;
  std::vector<SettlementTransition> transitions_;
  std::vector<core::TermsHeader> terms_;
  std::vector<ShownCertificate> certificates_;
  std::vector<Override> overrides_;
  ReferenceWatch references_;
};

}  // namespace causeway::observer

#endif  // CAUSEWAY_OBSERVER_VERIFIER_LEDGER_VERIFIER_H_
