#include "observer/verifier/decision_log_verifier.h"

#include <utility>

#include "fmt/format.h"
#include "settlement/codec/codec.h"

namespace causeway::observer {
namespace {

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
  if (finding.has_value()) halted_ = true;
  return finding;
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
  absl::StatusOr<core::DecisionRecord> record = core::DecodeDecisionRecord(decided.record);
  if (!record.ok()) return Problem{fmt::format("cannot be read: {}", Text(record.status()))};
  decision.record = *std::move(record);
  decision.record_bytes = decided.record;
  const core::SettlementPolicy* policy = policies_.Find(decision.record.policy_hash);
  if (policy == nullptr) {
    return Problem{
        fmt::format("is under policy {}, which is none of the {} given; the latest is {}",
                    decision.record.policy_hash.ToHex(), policies_.all().size(),
                    policies_.latest().hash.ToHex())};
  }
  if (decision.record.decided > batch.time) {
    return Problem{fmt::format("was decided at {}, after its batch was made at {}",
                               decision.record.decided.ToString(), batch.time.ToString())};
  }
  if (auto problem = CheckTerms(decided, decision)) return problem;
  return CheckVotes(decided, *policy, decision);
}

std::optional<DecisionLogVerifier::Problem> DecisionLogVerifier::CheckTerms(
    const core::DecidedSettlement& decided, VerifiedDecision& decision) const {
  if (decided.terms.empty()) {
    if (decision.record.verdict == core::Verdict::kAbort) return std::nullopt;
    return Problem{"commits without the terms of the settlement"};
  }
  if (core::SettlementIdOf(decided.terms) != decision.record.settlement_id) {
    return Problem{fmt::format("comes with terms of settlement {}; it decides {}",
                               core::SettlementIdOf(decided.terms).ToHex(),
                               decision.record.settlement_id.ToHex())};
  }
  absl::StatusOr<core::TermsHeader> terms = codec::DecodeTerms(decided.terms);
  if (!terms.ok()) {
    // Anyone may hand in bytes to be aborted; a commit needs terms that were signed.
    if (decision.record.verdict == core::Verdict::kAbort) return std::nullopt;
    return Problem{fmt::format("comes with terms that cannot be read: {}", Text(terms.status()))};
  }
  decision.terms = *std::move(terms);
  if (decision.record.verdict == core::Verdict::kAbort) return std::nullopt;
  if (decision.terms->policy_hash != decision.record.policy_hash) {
    return Problem{fmt::format("commits terms under policy {}; must be {}, as the record says",
                               decision.terms->policy_hash.ToHex(),
                               decision.record.policy_hash.ToHex())};
  }
  if (decision.record.decided > decision.terms->deadline) {
    return Problem{fmt::format("commits at {}, past the deadline {}",
                               decision.record.decided.ToString(),
                               decision.terms->deadline.ToString())};
  }
  return std::nullopt;
}

std::optional<DecisionLogVerifier::Problem> DecisionLogVerifier::CheckVotes(
    const core::DecidedSettlement& decided, const core::SettlementPolicy& policy,
    VerifiedDecision& decision) const {
  const core::DecisionRecord& record = decision.record;
  const std::size_t needed =
      record.verdict == core::Verdict::kCommit ? decision.terms->ledgers.size() : 0;
  if (decided.votes.size() != needed || record.vote_hashes.size() != needed) {
    return Problem{fmt::format("has {} votes and {} vote hashes; {} of each are needed",
                               decided.votes.size(), record.vote_hashes.size(), needed)};
  }
  for (std::size_t i = 0; i < needed; ++i) {
    const core::LedgerOrigin& ledger = decision.terms->ledgers[i].ledger;
    const auto problem_of = [&](const std::string& what) {
      return Problem{fmt::format("lacks a valid vote of '{}': {}", ledger.text(), what),
                     {{kEvidenceVote, decided.votes[i]}}};
    };
    const absl::StatusOr<core::Vote> vote = core::DecodeVote(decided.votes[i]);
    if (!vote.ok()) return problem_of(Text(vote.status()));
    if (vote->statement.ledger != ledger || vote->settlement_id != record.settlement_id) {
      return problem_of(fmt::format("the one in its place is of '{}' for settlement {}",
                                    vote->statement.ledger.text(), vote->settlement_id.ToHex()));
    }
    if (core::VoteHash(*vote) != record.vote_hashes[i]) {
      return problem_of("the record carries the hash of another vote");
    }
    if (absl::Status signature = core::VerifyVote(*vote, policy, *verifier_); !signature.ok()) {
      return problem_of(Text(signature));
    }
    decision.holds.emplace_back(ledger, vote->hold);
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<Finding>> DecisionLogVerifier::OnCheckpoint(std::string_view note,
                                                                         const GivenProof& proof) {
  if (halted_) return std::optional<Finding>();
  absl::StatusOr<std::optional<Finding>> found = log_.OnCheckpoint(note, proof);
  if (!found.ok()) return found.status();
  return Halted(*std::move(found));
}

std::optional<Finding> DecisionLogVerifier::OnHead(std::string_view note, const GivenProof& proof) {
  if (halted_) return std::nullopt;
  return Halted(log_.OnHead(note, proof));
}

}  // namespace causeway::observer
