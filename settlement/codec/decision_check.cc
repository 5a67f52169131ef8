#include "settlement/codec/decision_check.h"

#include "fmt/format.h"
#include "settlement/codec/codec.h"

namespace causeway::codec {
namespace {

using Kind = DecisionFault::Kind;
using MaybeFault = std::optional<DecisionFault>;

std::string Text(const absl::Status& status) { return std::string(status.message()); }

DecisionFault Fault(Kind kind, std::string message) { return {kind, std::move(message), ""}; }

MaybeFault CheckTermsOf(const core::DecidedSettlement& decided, CheckedDecision& checked) {
  const core::DecisionRecord& record = checked.record;
  const bool commit = record.verdict == core::Verdict::kCommit;
  if (decided.terms.empty()) {
    if (!commit) return std::nullopt;
    return Fault(Kind::kProof, "commits without the terms of the settlement");
  }
  const core::Hash256 id = core::SettlementIdOf(decided.terms);
  if (id != record.settlement_id) {
    return Fault(Kind::kProof, fmt::format("comes with terms of settlement {}; it decides {}",
                                           id.ToHex(), record.settlement_id.ToHex()));
  }
  absl::StatusOr<core::TermsHeader> terms = DecodeTerms(decided.terms);
  if (!terms.ok()) {
    // Anyone may hand in bytes to be aborted; a commit needs terms that were signed.
    if (!commit) return std::nullopt;
    return Fault(Kind::kRecord,
                 fmt::format("comes with terms that cannot be read: {}", Text(terms.status())));
  }
  checked.terms = *std::move(terms);
  if (!commit) return std::nullopt;
  if (checked.terms->policy_hash != record.policy_hash) {
    return Fault(Kind::kRecord,
                 fmt::format("commits terms under policy {}; must be {}, as the record says",
                             checked.terms->policy_hash.ToHex(), record.policy_hash.ToHex()));
  }
  if (record.decided > checked.terms->deadline) {
    return Fault(Kind::kRecord,
                 fmt::format("commits at {}, past the deadline {}", record.decided.ToString(),
                             checked.terms->deadline.ToString()));
  }
  return std::nullopt;
}

MaybeFault CheckVotesOf(const core::DecidedSettlement& decided,
                        const core::SettlementPolicy& policy,
                        const core::SignatureVerifier& verifier, CheckedDecision& checked) {
  const core::DecisionRecord& record = checked.record;
  const std::size_t needed =
      record.verdict == core::Verdict::kCommit ? checked.terms->ledgers.size() : 0;
  if (decided.votes.size() != needed || record.vote_hashes.size() != needed) {
    return Fault(record.vote_hashes.size() != needed ? Kind::kRecord : Kind::kProof,
                 fmt::format("has {} votes and {} vote hashes; {} of each are needed",
                             decided.votes.size(), record.vote_hashes.size(), needed));
  }
  for (std::size_t i = 0; i < needed; ++i) {
    const core::LedgerOrigin& ledger = checked.terms->ledgers[i].ledger;
    const auto fault_of = [&](const std::string& what) {
      return DecisionFault{Kind::kProof,
                           fmt::format("lacks a valid vote of '{}': {}", ledger.text(), what),
                           decided.votes[i]};
    };
    const absl::StatusOr<core::Vote> vote = core::DecodeVote(decided.votes[i]);
    if (!vote.ok()) return fault_of(Text(vote.status()));
    if (vote->statement.ledger != ledger || vote->settlement_id != record.settlement_id) {
      return fault_of(fmt::format("the one in its place is of '{}' for settlement {}",
                                  vote->statement.ledger.text(), vote->settlement_id.ToHex()));
    }
    if (vote->listed.size() != checked.terms->list_count) {
      return fault_of(
          fmt::format("the one in its place is on {} listed settlements; the terms "
                      "have {}",
                      vote->listed.size(), checked.terms->list_count));
    }
    if (core::VoteHash(*vote) != record.vote_hashes[i]) {
      return fault_of("the record carries the hash of another vote");
    }
    if (absl::Status signature = core::VerifyVote(*vote, policy, verifier); !signature.ok()) {
      return fault_of(Text(signature));
    }
    checked.holds.push_back({ledger, vote->hold, vote->listed});
  }
  return std::nullopt;
}

}  // namespace

std::variant<CheckedDecision, DecisionFault> CheckDecision(
    const core::DecidedSettlement& decided, const core::PolicySet& policies,
    const core::SignatureVerifier& verifier) {
  absl::StatusOr<core::DecisionRecord> record = core::DecodeDecisionRecord(decided.record);
  if (!record.ok()) {
    return Fault(Kind::kRecord, fmt::format("cannot be read: {}", Text(record.status())));
  }
  CheckedDecision checked;
  checked.record = *std::move(record);
  const core::SettlementPolicy* policy = policies.Find(checked.record.policy_hash);
  if (policy == nullptr) {
    return Fault(Kind::kUnknownPolicy,
                 fmt::format("is under policy {}, which is none of the {} given; the latest is {}",
                             checked.record.policy_hash.ToHex(), policies.all().size(),
                             policies.latest().hash.ToHex()));
  }
  if (auto fault = CheckTermsOf(decided, checked)) return *std::move(fault);
  if (auto fault = CheckVotesOf(decided, *policy, verifier, checked)) return *std::move(fault);
  return checked;
}

}  // namespace causeway::codec
