#include "scenarios/simulator/byzantine.h"

#include <array>
#include <utility>

#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/entry.h"
#include "settlement/core/merkle.h"

namespace causeway::sim {
namespace {

// As the ledger would make it, signed by whoever has no right to.
core::Vote ForgeVote(const PlannedLedger& ledger, const core::Hash256& id,
                     const core::Signer& signer) {
  const std::array<std::pair<core::Hash256, std::uint64_t>, 1> holds = {{{id, 1}}};
  absl::StatusOr<std::vector<core::Vote>> votes =
      core::SignVotes(ledger.origin, ledger.genesis.hash, holds, signer);
  CW_CHECK(votes.ok(), "keys of a plan sign");
  return std::move(votes->front());
}

}  // namespace

std::string ForgeCompletion(const Plan& plan, const KeyRing& keys, const core::TermsHeader& terms,
                            core::Verdict verdict, core::LedgerTime now) {
  const core::Signer& signer = *keys.decision_log();
  core::CompleteSettlement completion;
  completion.settlement_id = terms.settlement_id;
  core::Certificate& certificate = completion.certificate;
  certificate.record.settlement_id = terms.settlement_id;
  certificate.record.verdict = verdict;
  certificate.record.policy_hash = terms.policy_hash;
  certificate.record.decided = now;
  if (verdict == core::Verdict::kCommit) {
    for (const core::TermsLedger& each : terms.ledgers) {
      const std::optional<LedgerIndex> ledger = plan.FindLedger(each.ledger);
      CW_CHECK(ledger.has_value(), "terms of a plan name its ledgers");
      certificate.votes.push_back(ForgeVote(plan.ledgers[*ledger], terms.settlement_id, signer));
      certificate.record.vote_hashes.push_back(core::VoteHash(certificate.votes.back()));
    }
  }
  certificate.record_bytes = core::EncodeDecisionRecord(certificate.record);
  core::MerkleTree log;
  log.Append(core::LeafHash(certificate.record_bytes));
  const std::string origin = plan.bridge->decision_log.ToString();
  absl::StatusOr<std::string> note =
      core::SignCheckpoint({origin, log.size(), log.Root(), {}}, origin, signer);
  CW_CHECK(note.ok(), "keys of a plan sign");
  certificate.checkpoint = *std::move(note);
  return codec::EncodeCompletion(completion);
}

bridge::AbortOrder ForgeAbortOrder(const Plan& plan, const KeyRing& keys, LedgerIndex ledger,
                                   const core::Hash256& id) {
  const PlannedLedger& planned = plan.ledgers[ledger];
  core::Entry entry;
  entry.instruction = {planned.central_bank, core::ActionKind::kOrderAbort,
                       *core::InstructionId::Parse("unrecorded")};
  entry.status = core::InstructionStatus::kSettled;
  entry.cause = core::Cause::kCommand;
  entry.rejection.outcome = core::Outcome::kAccepted;
  entry.settlement_id = id;
  bridge::AbortOrder order;
  order.entry = core::EncodeEntry(entry);
  core::MerkleTree log;
  log.Append(core::LeafHash(order.entry));
  const std::string origin = planned.origin.ToString();
  absl::StatusOr<std::string> note =
      core::SignCheckpoint({origin, log.size(), log.Root(), {}}, origin, *keys.decision_log());
  CW_CHECK(note.ok(), "keys of a plan sign");
  absl::StatusOr<core::SignedCheckpoint> checkpoint = core::ParseCheckpoint(*note);
  CW_CHECK(checkpoint.ok(), "what was signed parses");
  checkpoint->signatures.front().key_id = core::NoteKeyId(origin, planned.key.key);
  order.checkpoint = core::FormatCheckpoint(*checkpoint);
  return order;
}

}  // namespace causeway::sim
