#include "observer/verifier/decision_log_verifier.h"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "fmt/format.h"
#include "settlement/codec/decision_check.h"
#include "settlement/core/decision_checkpoint.h"

namespace causeway::observer {
namespace {

constexpr std::size_t kShownMax = 8;

std::string Text(const absl::Status& status) { return std::string(status.message()); }

}  // namespace

// What is wrong with a record, and what proves it beside the record and its batch.
struct DecisionLogVerifier::Problem {
  std::string message;
  std::vector<Evidence> evidence = {};
};

DecisionLogVerifier::DecisionLogVerifier(core::PolicySet policies,
                                         const core::SignatureVerifier& verifier)
    : policies_(std::move(policies)),
      verifier_(&verifier),
      log_(policies_.decision_log().ToString(), verifier) {
  log_.SetKey(policies_.decision_log_key());
}

std::optional<Finding> DecisionLogVerifier::Halted(std::optional<Finding> finding) {
  if (!finding.has_value()) return finding;
  halted_ = true;
  if (finding->kind == FindingKind::kForkedLog) NameFaultyWitnesses(*finding);
  return finding;
}

// Names of the witnesses, of any of the policies, that cosigned it validly; sorted, each once.
std::vector<std::string> DecisionLogVerifier::CosignersOf(
    const core::SignedCheckpoint& checkpoint) const {
  std::set<std::string> names;
  for (const core::SettlementPolicy& policy : policies_.all()) {
    const auto cosigners = core::CosignersOf(checkpoint, policy, *verifier_);
    if (!cosigners.ok()) continue;
    for (const std::size_t index : *cosigners) names.insert(policy.witnesses[index].name);
  }
  return {names.begin(), names.end()};
}

// `note` parses: it was compared with the log.
void DecisionLogVerifier::RememberCosigners(std::string_view note) {
  const core::SignedCheckpoint checkpoint = *core::ParseCheckpoint(note);
  const std::uint64_t size = checkpoint.checkpoint.size;
  for (const std::string& name : CosignersOf(checkpoint)) {
    Cosigned& largest = cosigned_[name];
    if (largest.note.empty() || largest.size < size) largest = {size, std::string(note)};
  }
  shown_.emplace_back(note);
  if (shown_.size() > kShownMax) shown_.pop_front();
}

// A witness that cosigned the other history, and this one at that size or beyond, signed both.
void DecisionLogVerifier::NameFaultyWitnesses(Finding& finding) const {
  const std::string* other = finding.Find(kEvidenceOtherCheckpoint);
  const auto forked = other == nullptr ? core::ParseCheckpoint("") : core::ParseCheckpoint(*other);
  if (!forked.ok()) return;
  for (const std::string& name : CosignersOf(*forked)) {
    const auto ours = cosigned_.find(name);
    const bool both = ours != cosigned_.end() && ours->second.size >= forked->checkpoint.size;
    finding.message += fmt::format(" Witness '{}' cosigned the other one{}.", name,
                                   both ? ", and this one too: it is faulty" : "");
    if (both) finding.evidence.push_back({kEvidenceCosignedCheckpoint, ours->second.note});
  }
}

std::optional<Finding> DecisionLogVerifier::OnBatch(std::string_view batch_bytes) {
  if (halted_) return std::nullopt;
  decisions_.clear();
  const auto malformed = [&](std::string message) {
    Finding finding = log_.MakeFinding(FindingKind::kMalformedBatch, std::move(message));
    finding.evidence.push_back({kEvidenceBatch, std::string(batch_bytes)});
    return finding;
  };
  const absl::StatusOr<core::DecisionBatch> batch = core::DecodeDecisionBatch(batch_bytes);
  if (!batch.ok()) {
    return Halted(malformed(fmt::format("The bytes after record {} are not a batch: {}.",
                                        log_.size(), Text(batch.status()))));
  }
  if (batch->number != next_batch_ || batch->first_index != log_.size()) {
    return Halted(
        malformed(fmt::format("Batch {} at record {} was given where batch {} at record "
                              "{} follows.",
                              batch->number, batch->first_index, next_batch_, log_.size())));
  }
  if (next_batch_ > 0 && batch->time < time_) {
    return Halted(malformed(fmt::format("Batch {} has time {}, before {} of the one before it.",
                                        batch->number, batch->time.ToString(), time_.ToString())));
  }
  std::vector<VerifiedDecision> decisions;
  if (auto finding = VerifyBatch(*batch, batch_bytes, decisions)) return Halted(std::move(finding));
  log_.Commit();
  ++next_batch_;
  time_ = batch->time;
  for (const VerifiedDecision& decision : decisions) {
    decided_.emplace(decision.record.settlement_id, decision.record_bytes);
  }
  decisions_ = std::move(decisions);
  return std::nullopt;
}

std::optional<Finding> DecisionLogVerifier::VerifyBatch(const core::DecisionBatch& batch,
                                                        std::string_view bytes,
                                                        std::vector<VerifiedDecision>& decisions) {
  std::vector<std::string> leaves;
  for (const core::DecidedSettlement& decided : batch.decided) leaves.push_back(decided.record);
  if (auto finding = log_.Stage(leaves, batch.checkpoint, bytes)) return finding;

  std::map<core::Hash256, std::string> decided_here;
  for (std::size_t i = 0; i < batch.decided.size(); ++i) {
    VerifiedDecision decision;
    decision.index = batch.first_index + i;
    std::optional<Problem> problem = CheckRecord(batch.decided[i], batch, decision);
    if (!problem.has_value()) {
      const core::Hash256& id = decision.record.settlement_id;
      const auto before = decided_.find(id);
      const auto [here, inserted] = decided_here.emplace(id, decision.record_bytes);
      if (before != decided_.end() || !inserted) {
        problem = Problem{
            fmt::format("decides settlement {} a second time", id.ToHex()),
            {{kEvidenceFirstRecord, before != decided_.end() ? before->second : here->second}}};
      }
    }
    if (problem.has_value()) {
      Finding finding =
          log_.MakeFinding(FindingKind::kInvalidDecision,
                           fmt::format("Record {} {}.", decision.index, problem->message));
      finding.evidence.push_back({kEvidenceRecord, batch.decided[i].record});
      for (Evidence& piece : problem->evidence) finding.evidence.push_back(std::move(piece));
      finding.evidence.push_back({kEvidenceBatch, std::string(bytes)});
      return finding;
    }
    decisions.push_back(std::move(decision));
  }
  return std::nullopt;
}

std::optional<DecisionLogVerifier::Problem> DecisionLogVerifier::CheckRecord(
    const core::DecidedSettlement& decided, const core::DecisionBatch& batch,
    VerifiedDecision& decision) const {
  auto checked = codec::CheckDecision(decided, policies_, *verifier_);
  if (auto* fault = std::get_if<codec::DecisionFault>(&checked)) {
    Problem problem{std::move(fault->message)};
    if (!fault->vote.empty()) problem.evidence.push_back({kEvidenceVote, std::move(fault->vote)});
    return problem;
  }
  auto& valid = std::get<codec::CheckedDecision>(checked);
  decision.record = std::move(valid.record);
  decision.record_bytes = decided.record;
  decision.terms = std::move(valid.terms);
  decision.holds = std::move(valid.holds);
  decision.votes = decided.votes;
  if (decision.record.decided > batch.time) {
    return Problem{fmt::format("was decided at {}, after its batch was made at {}",
                               decision.record.decided.ToString(), batch.time.ToString())};
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<Finding>> DecisionLogVerifier::OnCheckpoint(std::string_view note,
                                                                         const GivenProof& proof) {
  if (halted_) return std::optional<Finding>();
  if (!proof.has_value() && std::find(shown_.begin(), shown_.end(), note) != shown_.end()) {
    return std::optional<Finding>();
  }
  absl::StatusOr<std::optional<Finding>> found = log_.OnCheckpoint(note, proof);
  if (!found.ok()) return found.status();
  const bool within = core::ParseCheckpoint(note)->checkpoint.size <= log_.size();
  if (!found->has_value() && within) RememberCosigners(note);
  return Halted(*std::move(found));
}

std::optional<Finding> DecisionLogVerifier::OnHead(std::string_view note, const GivenProof& proof) {
  if (halted_) return std::nullopt;
  return Halted(log_.OnHead(note, proof));
}

}  // namespace causeway::observer
