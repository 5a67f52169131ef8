// Opening: the journal is replayed into the decision log's tree and the set of decided ids, and
// what was open when the process ended goes on.
#include <algorithm>
#include <set>
#include <tuple>
#include <utility>
#include <variant>

#include "fmt/format.h"
#include "fx-bridge/engine/bridge_engine.h"
#include "fx-bridge/engine/pending.h"
#include "settlement/codec/codec.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/decision_checkpoint.h"
#include "settlement/core/hash.h"

namespace causeway::bridge {
namespace {

absl::Status CheckOptions(const BridgeEngine::Options& options, const core::PolicySet& policies) {
  if (options.signer == nullptr || options.verifier == nullptr || options.keys == nullptr) {
    return absl::InvalidArgumentError("signer, verifier and keys must be given");
  }
  if (options.signer->public_key() != policies.decision_log_key()) {
    return absl::InvalidArgumentError(
        "signer: is not the decision log key that the policies name (decision_log_key)");
  }
  if (options.snapshots != nullptr && options.ids == nullptr) {
    return absl::InvalidArgumentError("snapshots: are of no use without ids");
  }
  if (options.venue == nullptr) return absl::OkStatus();
  for (const Provider& provider : options.venue->providers()) {
    for (const ProviderAccount& account : provider.accounts) {
      if (policies.latest().Find(account.ledger) == nullptr) {
        return absl::InvalidArgumentError(fmt::format("provider {}: ledger {} is not in the policy",
                                                      provider.participant.text(),
                                                      account.ledger.text()));
      }
      if (!options.keys->SignsFor(provider.signer->key_id(), provider.participant,
                                  account.ledger)) {
        return absl::InvalidArgumentError(
            fmt::format("provider {}: its signing key is not among the participant's keys",
                        provider.participant.text()));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status Damaged(std::uint64_t block, std::string_view what) {
  return absl::DataLossError(fmt::format("decision log: block {}: {}", block, what));
}

}  // namespace

store::JournalIdentity BridgeEngine::JournalIdentityOf(const core::LedgerOrigin& decision_log) {
  store::JournalIdentity identity;
  identity.kind = kJournalKind;
  identity.name = decision_log.ToString();
  return identity;
}

BridgeEngine::BridgeEngine(Options options, core::PolicySet policies,
                           std::unique_ptr<store::Journal> journal)
    : options_(std::move(options)),
      verifier_(std::make_unique<core::RememberingVerifier>(options_.verifier)),
      policies_(std::move(policies)),
      journal_(std::move(journal)),
      coordinator_(options_.coordinator),
      certifier_(policies_, *options_.verifier, options_.coordinator),
      decided_(std::move(options_.ids), options_.fingerprint_key,
               [this](std::uint64_t record) { return ReadId(record); }) {
  if (decided_.is_bounded()) tree_ = NewTree();
  for (const std::string& bytes : options_.policies) {
    if (core::Sha256(bytes) == policies_.latest().hash) policy_bytes_ = bytes;
  }
}

core::MerkleTree BridgeEngine::NewTree() const {
  return core::MerkleTree(
      kTreeLowestLevel,
      [this](std::uint64_t first, std::uint64_t count) { return LeafHashes(first, count); },
      kTreeRecentSubtrees);
}

absl::StatusOr<std::unique_ptr<BridgeEngine>> BridgeEngine::Open(
    Options options, std::unique_ptr<store::Journal> journal) {
  absl::StatusOr<core::PolicySet> policies = codec::DecodePolicies(options.policies);
  if (!policies.ok()) return policies.status();
  if (absl::Status status = options.coordinator.Check(); !status.ok()) return status;
  if (absl::Status status = CheckOptions(options, *policies); !status.ok()) return status;
  std::unique_ptr<BridgeEngine> engine(
      new BridgeEngine(std::move(options), *std::move(policies), std::move(journal)));
  if (absl::Status status = engine->Replay(); !status.ok()) return status;
  if (absl::Status status = engine->RestoreCertified(); !status.ok()) return status;
  if (absl::Status status = engine->RestoreOrders(); !status.ok()) return status;
  if (absl::Status status = engine->RestorePending(); !status.ok()) return status;
  return engine;
}

absl::Status BridgeEngine::Replay() {
  const std::uint64_t first = RestoreSnapshot();
  if (absl::Status status = ReadIdsBefore(first); !status.ok()) return status;
  for (std::uint64_t number = first; number < journal_->block_count(); ++number) {
    absl::StatusOr<store::Block> block = journal_->Read(number);
    if (!block.ok()) return block.status();
    if (absl::Status status = ReplayBlock(*block); !status.ok()) return status;
  }
  if (tree_.size() == 0) {
    absl::StatusOr<std::string> note =
        core::SignCheckpoint({policies_.decision_log().ToString(), 0, core::EmptyRoot(), {}},
                             policies_.decision_log().text(), *options_.signer);
    if (!note.ok()) return note.status();
    checkpoint_ = *std::move(note);
    return absl::OkStatus();
  }
  const absl::StatusOr<core::SignedCheckpoint> last = core::ParseCheckpoint(checkpoint_);
  if (!last.ok()) return Damaged(journal_->block_count() - 1, std::string(last.status().message()));
  const absl::Status verified = core::VerifyCheckpoint(*last, policies_.decision_log().text(),
                                                       policies_.decision_log_key(), *verifier_);
  if (!verified.ok()) {
    return absl::FailedPreconditionError(
        fmt::format("decision log: its last checkpoint is not signed by the policy's key: {}",
                    std::string(verified.message())));
  }
  return absl::OkStatus();
}

absl::Status BridgeEngine::ReplayBlock(const store::Block& block) {
  absl::StatusOr<core::DecisionBatch> batch = core::DecodeDecisionBatch(block.body);
  if (!batch.ok()) return Damaged(block.number, std::string(batch.status().message()));
  if (batch->number != block.number || batch->first_index != tree_.size() ||
      batch->decided.size() != block.count) {
    return Damaged(block.number, "its number, first index or count does not follow");
  }
  if (absl::Status status = ReplayIds(*batch); !status.ok()) return status;
  for (const core::DecidedSettlement& decided : batch->decided) {
    tree_.Append(core::LeafHash(decided.record));
  }
  const absl::StatusOr<core::SignedCheckpoint> checkpoint =
      core::ParseCheckpoint(batch->checkpoint);
  if (!checkpoint.ok()) return Damaged(block.number, std::string(checkpoint.status().message()));
  if (checkpoint->checkpoint.origin != policies_.decision_log().text() ||
      checkpoint->checkpoint.size != tree_.size() || checkpoint->checkpoint.root != tree_.Root()) {
    return Damaged(block.number, "its checkpoint is not that of its records");
  }
  checkpoint_ = batch->checkpoint;
  latest_ = std::max(latest_, batch->time);
  return absl::OkStatus();
}

// An id that is decided twice is found where the index has not kept the second of its records.
absl::Status BridgeEngine::ReplayIds(const core::DecisionBatch& batch) {
  const std::uint64_t end = batch.first_index + batch.decided.size();
  if (end <= decided_.covered()) {
    decided_.Skip(end);
    return absl::OkStatus();
  }
  std::vector<core::Hash256> ids;
  std::set<core::Hash256> here;
  for (const core::DecidedSettlement& decided : batch.decided) {
    const absl::StatusOr<core::DecisionRecord> record = core::DecodeDecisionRecord(decided.record);
    if (!record.ok()) return Damaged(batch.number, std::string(record.status().message()));
    const core::Hash256& id = record->settlement_id;
    const std::uint64_t index = batch.first_index + ids.size();
    const auto before = decided_.Find(id);
    if (!before.ok()) return before.status();
    if (!here.insert(id).second || (before->has_value() && **before != index)) {
      return Damaged(batch.number,
                     fmt::format("settlement {} is decided a second time", id.ToHex()));
    }
    ids.push_back(id);
  }
  return decided_.Add(ids, batch.first_index);
}

// What was certified in an earlier life. What is missing of it is collected again.
absl::Status BridgeEngine::RestoreCertified() {
  certifier_.Restore(journal_->block_count(), tree_.size(), checkpoint_);
  for (const core::SettlementPolicy& policy : policies_.all()) {
    if (policy.witnesses_needed == 0) continue;
    const auto note = journal_->GetMeta(kCertifiedPrefix + policy.hash.ToHex());
    if (!note.ok()) return note.status();
    if (!note->has_value()) continue;
    const auto verified = core::VerifyDecisionCheckpoint(**note, policy, *options_.verifier);
    if (const auto* refused = std::get_if<core::Rejection>(&verified)) {
      return absl::DataLossError(
          fmt::format("decision log: the certified checkpoint of epoch {}: {}", policy.epoch,
                      refused->message));
    }
    const auto& checkpoint = std::get<core::Checkpoint>(verified);
    const absl::StatusOr<core::Hash256> root = tree_.RootAt(checkpoint.size);
    if (!root.ok() && !absl::IsOutOfRange(root.status())) return root.status();
    if (!root.ok() || *root != checkpoint.root) {
      return absl::DataLossError(
          fmt::format("decision log: it does not begin with the {} records that were certified",
                      checkpoint.size));
    }
    certifier_.RestoreCertified(policy.hash, {checkpoint.size, **note});
  }
  return absl::OkStatus();
}

absl::Status BridgeEngine::RestoreOrders() {
  const auto listed = journal_->ListMeta(kOrderedPrefix);
  if (!listed.ok()) return listed.status();
  for (const auto& [key, value] : *listed) {
    if (absl::Status status = orders_.Restore(key, value); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status BridgeEngine::RestorePending() {
  const auto listed = journal_->ListMeta(kPendingPrefix);
  if (!listed.ok()) return listed.status();
  std::vector<Resumed> found;
  for (const auto& [key, value] : *listed) {
    const std::optional<core::Hash256> id = ParsePendingKey(key);
    if (!id.has_value()) {
      return absl::DataLossError(fmt::format("decision log: \"{}\" names no settlement", key));
    }
    absl::StatusOr<Pending> pending = DecodePending(value);
    if (!pending.ok()) {
      return absl::DataLossError(
          fmt::format("decision log: \"{}\": {}", key, std::string(pending.status().message())));
    }
    found.push_back({.id = *id, .pending = *std::move(pending), .record = {}, .decided = {}});
  }
  if (absl::Status status = FindRecords(found); !status.ok()) return status;
  // As they came, so that a restart keeps their order.
  std::sort(found.begin(), found.end(), [](const Resumed& left, const Resumed& right) {
    return std::tie(left.pending.submitted, left.id) < std::tie(right.pending.submitted, right.id);
  });
  for (Resumed& each : found) {
    latest_ = std::max(latest_, each.pending.submitted);
    if (absl::Status status = RestoreOne(std::move(each)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// In the order of the log: many are in one block, which is then read once.
absl::Status BridgeEngine::FindRecords(std::vector<Resumed>& resumed) const {
  std::vector<std::pair<std::uint64_t, Resumed*>> order;
  for (Resumed& each : resumed) {
    const auto hint = decided_.Hint(each.id);
    if (!hint.ok()) return hint.status();
    if (hint->has_value()) order.emplace_back(**hint, &each);
  }
  std::sort(order.begin(), order.end());
  for (const auto& [hint, each] : order) {
    const auto place = decided_.Find(each->id);
    if (!place.ok()) return place.status();
    if (!place->has_value()) continue;
    absl::StatusOr<core::DecidedSettlement> decided = ReadDecided(**place);
    if (!decided.ok()) return decided.status();
    each->record = **place;
    each->decided = *std::move(decided);
  }
  return absl::OkStatus();
}

absl::Status BridgeEngine::RestoreOne(Resumed resumed) {
  const core::Hash256 id = resumed.id;
  Pending& pending = resumed.pending;
  absl::StatusOr<core::TermsHeader> header = codec::DecodeTerms(pending.terms.payload);
  if (!header.ok() || header->settlement_id != id) {
    return absl::DataLossError(
        fmt::format("decision log: the terms of open settlement {} are not its own", id.ToHex()));
  }
  if (policies_.Find(header->policy_hash) == nullptr) {
    return absl::FailedPreconditionError(
        fmt::format("settlement {} is open under policy {}; run with that policy too until it is "
                    "complete",
                    id.ToHex(), header->policy_hash.ToHex()));
  }
  OpenSettlement settlement;
  settlement.header = *header;
  settlement.terms = std::move(pending.terms);
  settlement.submitted = pending.submitted;
  settlement.rejection = std::move(pending.rejection);
  if (!pending.legs.empty()) {
    const auto refused = ReadLegs(std::move(pending.legs), settlement);
    if (refused.has_value()) {
      return absl::DataLossError(fmt::format("decision log: open settlement {}: {}", id.ToHex(),
                                             core::Describe(*refused)));
    }
  }
  if (!resumed.record.has_value()) {
    std::vector<pvp::RequiredSigner> missing = Missing(settlement);
    pvp::Handover handover = HandoverOf(settlement, missing);
    coordinator_.RestoreUndecided(*header, settlement.submitted, std::move(missing),
                                  std::move(handover));
  } else {
    const std::uint64_t index = *resumed.record;
    const absl::StatusOr<core::DecisionRecord> record =
        core::DecodeDecisionRecord(resumed.decided.record);
    if (!record.ok()) return record.status();
    settlement.verdict = record->verdict;
    settlement.record = std::move(resumed.decided.record);
    settlement.record_index = index;
    settlement.votes = std::move(resumed.decided.votes);
    const bool certified = index < certifier_.certified(record->policy_hash).size;
    if (!certified) {
      uncertified_.emplace(index, id);
      certifier_.Want(record->policy_hash);
    }
    settlement.committed = CommittedOf(settlement.header, settlement.votes);
    coordinator_.RestoreDecided(*header, record->verdict, settlement.submitted, record->decided,
                                settlement.rejection, certified, {settlement.Bytes(), {}});
  }
  const bool undecided = settlement.record.empty();
  AddOpen(id, std::move(settlement));
  if (!undecided) return absl::OkStatus();
  // What an undecided one has a reason for was promised to end.
  if (const auto& why = open_.find(id)->second.rejection) coordinator_.Abort(id, *why);
  FollowOrders(id);
  return absl::OkStatus();
}

}  // namespace causeway::bridge
