// Opening: a witness goes on with what its journal holds.
#include <algorithm>
#include <utility>

#include "central-bank-node/witness/witness_engine.h"
#include "fmt/format.h"
#include "settlement/codec/codec.h"
#include "settlement/core/hash.h"

namespace causeway::witness {
namespace {

absl::Status Damaged(const std::string& what) {
  return absl::DataLossError(fmt::format("witness journal: {}", what));
}

}  // namespace

absl::Status WitnessEngine::Check(const Options& options, const core::PolicySet& policies) {
  if (options.signer == nullptr || options.verifier == nullptr) {
    return absl::InvalidArgumentError("signer and verifier must be given");
  }
  bool named = false;
  for (const core::SettlementPolicy& policy : policies.all()) {
    for (const core::PolicyWitness& witness : policy.witnesses) {
      if (witness.name != options.name) continue;
      named = true;
      if (witness.key == options.signer->public_key()) return absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(
      named ? fmt::format("signer: is not the key that the policies name for witness {}",
                          options.name)
            : fmt::format("name: no policy names witness {}", options.name));
}

store::JournalIdentity WitnessEngine::JournalIdentityOf(const core::LedgerOrigin& decision_log) {
  store::JournalIdentity identity;
  identity.kind = kJournalKind;
  identity.name = decision_log.ToString();
  return identity;
}

WitnessEngine::WitnessEngine(Options options, core::PolicySet policies,
                             std::unique_ptr<store::Journal> journal)
    : options_(std::move(options)),
      policies_(std::move(policies)),
      verifier_(options_.verifier),
      fingerprint_(options_.fingerprint_key),
      journal_(std::move(journal)) {}

absl::StatusOr<std::unique_ptr<WitnessEngine>> WitnessEngine::Open(
    Options options, std::unique_ptr<store::Journal> journal) {
  absl::StatusOr<core::PolicySet> policies = codec::DecodePolicies(options.policies);
  if (!policies.ok()) return policies.status();
  if (absl::Status status = Check(options, *policies); !status.ok()) return status;
  if (options.ids == nullptr) return absl::InvalidArgumentError("ids must be given");
  std::unique_ptr<WitnessEngine> engine(
      new WitnessEngine(std::move(options), *std::move(policies), std::move(journal)));
  if (absl::Status status = engine->Resume(); !status.ok()) return status;
  if (absl::Status status = engine->ResumeIds(); !status.ok()) return status;
  if (absl::Status status = engine->ResumeEvidence(); !status.ok()) return status;
  return engine;
}

absl::Status WitnessEngine::Resume() {
  if (journal_->block_count() == 0) return absl::OkStatus();
  const std::uint64_t last_number = journal_->block_count() - 1;
  const absl::StatusOr<core::DecisionBatch> last = ReadBatch(last_number);
  if (!last.ok()) return last.status();
  const auto encoded = journal_->GetMeta(kFrontierKey);
  if (!encoded.ok()) return encoded.status();
  if (!encoded->has_value()) return Damaged("\"frontier\" is missing");
  absl::StatusOr<core::MerkleFrontier> frontier = core::MerkleFrontier::Decode(**encoded);
  if (!frontier.ok()) return Damaged(std::string(frontier.status().message()));
  const absl::StatusOr<core::SignedCheckpoint> note = core::ParseCheckpoint(last->checkpoint);
  if (!note.ok()) {
    return Damaged(fmt::format("block {}: {}", last_number, std::string(note.status().message())));
  }
  if (frontier->size() != journal_->record_count() || note->checkpoint.size != frontier->size() ||
      note->checkpoint.root != frontier->Root()) {
    return Damaged(fmt::format("block {}: its checkpoint is not that of the tree", last_number));
  }
  if (!IsSigned(*note)) {
    return absl::FailedPreconditionError(
        fmt::format("witness journal: its last checkpoint is not signed by the key that the "
                    "policies name for {}",
                    policies_.decision_log().text()));
  }
  frontier_ = *std::move(frontier);
  checkpoint_ = last->checkpoint;
  return absl::OkStatus();
}

// Only for the records that the index has not kept: all of them with one in memory.
absl::Status WitnessEngine::ResumeIds() {
  const std::uint64_t covered = options_.ids->covered();
  if (covered >= journal_->record_count()) return absl::OkStatus();
  const absl::StatusOr<std::uint64_t> first = journal_->FindBlock(covered);
  if (!first.ok()) return first.status();
  options_.ids->MarkDurable(journal_->record_count());
  for (std::uint64_t number = *first; number < journal_->block_count(); ++number) {
    const absl::StatusOr<core::DecisionBatch> batch = ReadBatch(number);
    if (!batch.ok()) return batch.status();
    std::vector<std::uint64_t> fingerprints;
    for (const core::DecidedSettlement& decided : batch->decided) {
      const auto record = core::DecodeDecisionRecord(decided.record);
      if (!record.ok()) {
        return Damaged(fmt::format("block {}: {}", number, std::string(record.status().message())));
      }
      fingerprints.push_back(FingerprintOf(record->settlement_id));
    }
    options_.ids->Insert(store::KeyFamily::kInstruction, fingerprints, batch->first_index);
    const std::uint64_t next = batch->first_index + batch->decided.size();
    if (absl::Status status = options_.ids->EndBatch(next); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status WitnessEngine::ResumeEvidence() {
  const auto seen = journal_->GetMeta(kSeenKey);
  if (!seen.ok()) return seen.status();
  seen_ = seen->value_or("");
  const auto kept = journal_->GetMeta(kEvidenceKey);
  if (!kept.ok()) return kept.status();
  if (!kept->has_value()) return absl::OkStatus();
  absl::StatusOr<Evidence> evidence = DecodeEvidence(**kept);
  if (!evidence.ok()) return Damaged(std::string(evidence.status().message()));
  evidence_ = *std::move(evidence);
  return absl::OkStatus();
}

}  // namespace causeway::witness
