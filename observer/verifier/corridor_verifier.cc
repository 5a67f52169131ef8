#include "observer/verifier/corridor_verifier.h"

#include <utility>

#include "fmt/format.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/checkpoint.h"

namespace causeway::observer {

absl::Status CorridorVerifier::CheckPinnedTogether(const core::PolicySet& policies,
                                                   const LedgerVerifier& ledger) {
  for (const core::SettlementPolicy& policy : policies.all()) {
    const core::PolicyLedger* named = policy.Find(ledger.origin());
    if (named == nullptr || named->genesis_hash == ledger.genesis_hash()) continue;
    return absl::FailedPreconditionError(
        fmt::format("ledger '{}': genesis hash is {} here and {} in the settlement policy of epoch "
                    "{}; they must be one",
                    ledger.origin().text(), ledger.genesis_hash().ToHex(),
                    named->genesis_hash.ToHex(), policy.epoch));
  }
  return absl::OkStatus();
}

absl::Status CorridorVerifier::AddLedger(const core::LedgerOrigin& origin,
                                         const core::Hash256& genesis_hash) {
  if (ledgers_.contains(origin) ||
      (decision_log_ != nullptr && decision_log_->origin() == origin)) {
    return absl::AlreadyExistsError(
        fmt::format("log '{}' is given twice; give each once", origin.text()));
  }
  auto ledger = std::make_unique<LedgerVerifier>(origin, genesis_hash, *verifier_);
  if (decision_log_ != nullptr) {
    absl::Status pinned = CheckPinnedTogether(decision_log_->policies(), *ledger);
    if (!pinned.ok()) return pinned;
  }
  ledgers_.emplace(origin, std::move(ledger));
  tracker_.AddLedger(origin);
  return absl::OkStatus();
}

absl::Status CorridorVerifier::AddDecisionLog(const std::vector<std::string>& policies) {
  if (decision_log_ != nullptr) {
    return absl::AlreadyExistsError(fmt::format("decision log '{}' is there; one can be followed",
                                                decision_log_->origin().text()));
  }
  absl::StatusOr<core::PolicySet> set = codec::DecodePolicies(policies);
  if (!set.ok()) return set.status();
  if (ledgers_.contains(set->decision_log())) {
    return absl::AlreadyExistsError(fmt::format(
        "log '{}' is a ledger; a decision log has its own origin", set->decision_log().text()));
  }
  for (const auto& [origin, ledger] : ledgers_) {
    absl::Status pinned = CheckPinnedTogether(*set, *ledger);
    if (!pinned.ok()) return pinned;
  }
  decision_log_ = std::make_unique<DecisionLogVerifier>(*std::move(set), *verifier_);
  tracker_.SetDecisionLog(decision_log_->origin());
  return absl::OkStatus();
}

void CorridorVerifier::Keep(std::optional<Finding> finding, std::vector<Finding>& findings) {
  if (!finding.has_value()) return;
  findings_.push_back(*finding);
  findings.push_back(*std::move(finding));
}

void CorridorVerifier::Keep(std::vector<Finding> found, std::vector<Finding>& findings) {
  for (Finding& finding : found) Keep(std::optional<Finding>(std::move(finding)), findings);
}

Step CorridorVerifier::OnLedgerBatch(const core::LedgerOrigin& origin, std::string_view bytes) {
  const auto found = ledgers_.find(origin);
  CW_CHECK(found != ledgers_.end(), "the ledger was added");
  LedgerVerifier& ledger = *found->second;
  Step step;
  if (ledger.halted()) return step;
  Keep(ledger.OnBatch(bytes), step.findings);
  step.accepted = step.findings.empty();
  if (!step.accepted) return step;
  CompareCertificates(ledger, step.findings);
  Keep(tracker_.OnLedger(ledger), step.findings);
  return step;
}

// The checkpoints in the certificates that a ledger took are what the decision log showed to it:
// they must be of the same log that is shown to us.
void CorridorVerifier::CompareCertificates(const LedgerVerifier& ledger,
                                           std::vector<Finding>& findings) {
  if (decision_log_ == nullptr) return;
  for (const ShownCertificate& certificate : ledger.certificates()) {
    if (certificate.decision_log != decision_log_->origin()) continue;
    absl::StatusOr<std::optional<Finding>> finding =
        decision_log_->OnCheckpoint(certificate.checkpoint);
    // One that is signed by another key is of a log that this observer does not follow.
    if (!finding.ok() || !finding->has_value()) continue;
    (*finding)->message += fmt::format(" The other one was shown to ledger '{}' for settlement {}.",
                                       ledger.origin().text(), certificate.settlement_id.ToHex());
    (*finding)->evidence.push_back({kEvidenceCertificateRecord, certificate.record});
    Keep(*std::move(finding), findings);
  }
}

Step CorridorVerifier::OnDecisionBatch(std::string_view bytes) {
  CW_CHECK(decision_log_ != nullptr, "the decision log was added");
  Step step;
  if (decision_log_->halted()) return step;
  Keep(decision_log_->OnBatch(bytes), step.findings);
  step.accepted = step.findings.empty();
  if (step.accepted) Keep(tracker_.OnDecisions(*decision_log_), step.findings);
  return step;
}

// A rollback is proven by a checkpoint that the log had signed; of one that came with a certificate
// it is told what hangs on it.
void CorridorVerifier::NameWhoTook(Finding& finding) const {
  const std::string* before = finding.Find(kEvidenceVerifiedCheckpoint);
  if (finding.kind != FindingKind::kLogRolledBack || before == nullptr) return;
  const core::Checkpoint checkpoint = core::ParseCheckpoint(*before)->checkpoint;
  const auto taken = tracker_.FindTaken(checkpoint.size, checkpoint.root);
  if (!taken.has_value()) return;
  finding.message += fmt::format(" Ledger '{}' completed settlement {} by that.",
                                 taken->ledger.text(), taken->settlement_id.ToHex());
  finding.evidence.push_back({kEvidenceCertificateRecord, taken->record});
}

std::vector<Finding> CorridorVerifier::OnHead(std::string_view origin, std::string_view note,
                                              const GivenProof& proof) {
  std::vector<Finding> findings;
  if (decision_log_ != nullptr && decision_log_->origin().text() == origin) {
    std::optional<Finding> finding = decision_log_->OnHead(note, proof);
    if (finding.has_value()) NameWhoTook(*finding);
    Keep(std::move(finding), findings);
  }
  for (const auto& [name, ledger] : ledgers_) {
    if (name.text() == origin) Keep(ledger->OnHead(note, proof), findings);
  }
  return findings;
}

absl::StatusOr<std::vector<Finding>> CorridorVerifier::OnCheckpoint(std::string_view origin,
                                                                    std::string_view note,
                                                                    const GivenProof& proof) {
  absl::StatusOr<std::optional<Finding>> finding =
      absl::NotFoundError(fmt::format("log '{}' is not one that is followed", origin));
  if (decision_log_ != nullptr && decision_log_->origin().text() == origin) {
    finding = decision_log_->OnCheckpoint(note, proof);
  }
  for (const auto& [name, ledger] : ledgers_) {
    if (name.text() == origin) finding = ledger->OnCheckpoint(note, proof);
  }
  if (!finding.ok()) return finding.status();
  std::vector<Finding> findings;
  Keep(*std::move(finding), findings);
  return findings;
}

void CorridorVerifier::Halt(std::string_view origin) {
  if (decision_log_ != nullptr && decision_log_->origin().text() == origin) decision_log_->Halt();
  for (const auto& [name, ledger] : ledgers_) {
    if (name.text() == origin) ledger->Halt();
  }
}

std::vector<LedgerOverride> CorridorVerifier::Overrides() const {
  std::vector<LedgerOverride> all;
  for (const auto& [origin, ledger] : ledgers_) {
    for (const Override& order : ledger->overrides()) all.push_back({origin, order});
  }
  return all;
}

std::vector<LedgerRepeatedReference> CorridorVerifier::RepeatedReferences() const {
  std::vector<LedgerRepeatedReference> all;
  for (const auto& [origin, ledger] : ledgers_) {
    for (const RepeatedReference& each : ledger->references().repeated()) {
      all.push_back({origin, each});
    }
  }
  return all;
}

CorridorStatus CorridorVerifier::Status(bool with_state_roots) const {
  CorridorStatus status;
  const auto add = [&status](const LogVerifier& log, bool is_ledger, std::uint64_t batches,
                             bool halted) -> LogStatus& {
    LogStatus entry;
    entry.origin = log.origin();
    entry.is_ledger = is_ledger;
    entry.size = log.size();
    entry.batches = batches;
    entry.root = log.root();
    entry.checkpoint = log.checkpoint();
    entry.halted = halted;
    return status.logs.emplace_back(std::move(entry));
  };
  for (const auto& [origin, ledger] : ledgers_) {
    LogStatus& entry = add(ledger->log(), true, ledger->batch_count(), ledger->halted());
    if (with_state_roots) entry.state_root = ledger->StateRoot();
    status.supplies.push_back({origin, ledger->supply()});
    status.overrides_count += ledger->overrides().size();
    status.repeated_references_count += ledger->references().repeated_count();
    status.references_forgotten += ledger->references().forgotten();
  }
  if (decision_log_ != nullptr) {
    add(decision_log_->log(), false, decision_log_->batch_count(), decision_log_->halted());
  }
  status.settlements = tracker_.counts();
  status.findings_count = findings_.size();
  return status;
}

std::vector<Finding> CorridorVerifier::Recount() {
  std::vector<Finding> findings;
  for (const auto& [origin, ledger] : ledgers_) Keep(ledger->Recount(), findings);
  return findings;
}

const LedgerVerifier* CorridorVerifier::FindLedger(const core::LedgerOrigin& origin) const {
  const auto found = ledgers_.find(origin);
  return found == ledgers_.end() ? nullptr : found->second.get();
}

}  // namespace causeway::observer
