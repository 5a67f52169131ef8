// What an item needs of old parts of the log, read before it is applied.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "central-bank-node/engine/ledger_engine.h"

namespace causeway::node {
namespace {

// Short reads of payments of one batch, after which it is cheaper to decode all of it.
constexpr std::size_t kShortReadsMax = 32;

}  // namespace

std::span<const core::BulkPayment> PackedIn(const core::AdmittedItem& item) {
  if (const auto* bulk = std::get_if<core::Bulk>(&item.body)) return bulk->payments;
  if (const auto* list = std::get_if<core::PrepareList>(&item.body)) return list->legs;
  return {};
}

// Whether the log has the bulk or list already, by what was read of it.
absl::StatusOr<bool> LedgerEngine::IsKnown(const core::AdmittedItem& item,
                                           const IndexedInstructions::Recall& recall) const {
  std::vector<core::InstructionKey> keys;
  if (const auto* bulk = std::get_if<core::Bulk>(&item.body)) {
    keys.push_back({bulk->party, core::ActionKind::kPayBulk, core::InstructionIdOf(bulk->id)});
  } else if (const auto* list = std::get_if<core::PrepareList>(&item.body)) {
    const core::ParticipantId& central_bank = genesis_.central_bank.participant;
    keys.push_back(core::CompletionKeyOf(central_bank, list->terms.settlement_id));
    keys.push_back(core::PrepareKeyOf(central_bank, list->terms.settlement_id));
  }
  for (const core::InstructionKey& key : keys) {
    const std::optional<std::uint32_t> party = ledger_->PartyNumber(key.party);
    if (!party.has_value()) continue;
    absl::StatusOr<bool> known = payments_->IsFinalIn(recall, *party, key);
    if (!known.ok() || *known) return known;
  }
  return false;
}

absl::StatusOr<std::vector<IndexedInstructions::Missing>> LedgerEngine::LeavesToRecall(
    const core::AdmittedItem& item, IndexedInstructions::Recall& recall) const {
  std::vector<IndexedInstructions::Missing> missing;
  if (payments_ == nullptr) return missing;
  for (const core::InstructionKey& key : ledger_->KeysLookedFor(item)) {
    const std::optional<std::uint32_t> party = ledger_->PartyNumber(key.party);
    if (!party.has_value()) continue;  // nothing is recorded of it
    absl::Status added = payments_->AddMissing(*party, key, recall, missing);
    if (!added.ok()) return added;
    // A return of it needs what became of its list too, which is known once its hold was read.
    if (key.kind != core::ActionKind::kSettlementLeg ||
        !std::holds_alternative<core::Command>(item.body)) {
      continue;
    }
    added = payments_->AddMissingCompletion(*party, key, recall, missing);
    if (!added.ok()) return added;
  }
  if (const std::optional<core::Hash256> settlement = ledger_->SettlementLookedFor(item)) {
    absl::Status added = payments_->AddMissing(*settlement, recall, missing);
    if (!added.ok()) return added;
  }
  // First what became of the item as a whole: when it is known or refused as such, none of its
  // thousands of payments or legs is looked for.
  if (!missing.empty() || !ledger_->MayComeToPacked(item)) return missing;
  const absl::StatusOr<bool> known = IsKnown(item, recall);
  if (!known.ok()) return known.status();
  if (*known) return missing;
  std::optional<std::uint32_t> party;
  if (const auto* bulk = std::get_if<core::Bulk>(&item.body)) {
    party = ledger_->PartyNumber(bulk->party);
  } else if (const auto* list = std::get_if<core::PrepareList>(&item.body)) {
    for (std::size_t i = 0; i < list->terms.ledgers.size(); ++i) {
      if (list->terms.ledgers[i].ledger != genesis_.ledger) continue;
      party = ledger_->PartyNumber(list->terms.parts[i].payer);
      if (party.has_value()) *party |= core::InstructionIndex::kLegs;
    }
  }
  if (!party.has_value()) return missing;
  absl::Status added = payments_->AddMissing(*party, PackedIn(item), recall, missing);
  if (!added.ok()) return added;
  return missing;
}

// The payment that most likely is what is wanted, by a few short reads; nothing when it is not.
absl::StatusOr<std::optional<IndexedInstructions::Logged>> LedgerEngine::ReadLikely(
    OpenedBatch& batch, const IndexedInstructions::Missing& wanted) const {
  std::optional<IndexedInstructions::Logged> logged;
  if (!wanted.fingerprint.has_value()) return logged;
  absl::StatusOr<std::optional<core::FoundPayment>> found = batch.FindPayment(wanted.leaf);
  if (!found.ok()) return found.status();
  if (!found->has_value() || (*found)->result.outcome == core::Outcome::kInstructionIdReused) {
    return logged;
  }
  const absl::StatusOr<std::uint32_t> party =
      NumberOf((*found)->bulk.instruction.party, wanted.leaf);
  if (!party.ok()) return logged;
  const core::BulkPayment& payment = (*found)->payment;
  if (payments_->FingerprintOf(*party, payment.id) != *wanted.fingerprint) return logged;
  logged = IndexedInstructions::Logged{
      .party = *party, .id = payment.id, .uetr = payment.uetr, .outcome = (*found)->result.outcome};
  return logged;
}

// In the order of leaves, so that each batch is read once. A batch of which only a few payments are
// asked for is not read whole.
absl::Status LedgerEngine::ReadLeaves(std::vector<IndexedInstructions::Missing> missing,
                                      IndexedInstructions::Recall& recall) const {
  std::sort(missing.begin(), missing.end(),
            [](const auto& left, const auto& right) { return left.leaf < right.leaf; });
  std::unique_ptr<OpenedBatch> batch;
  std::size_t reads = 0;  // short ones in that batch
  for (const IndexedInstructions::Missing& wanted : missing) {
    const absl::StatusOr<std::uint64_t> number = FindBatch(wanted.leaf);
    if (!number.ok()) return number.status();
    if (batch == nullptr || batch->number() != *number) {
      absl::StatusOr<std::unique_ptr<OpenedBatch>> opened = OpenBatch(*number);
      if (!opened.ok()) return opened.status();
      batch = *std::move(opened);
      reads = 0;
    }
    if (reads++ < kShortReadsMax) {
      absl::StatusOr<std::optional<IndexedInstructions::Logged>> likely =
          ReadLikely(*batch, wanted);
      if (!likely.ok()) return likely.status();
      if (likely->has_value()) {
        recall.leaves.insert_or_assign(wanted.leaf, **std::move(likely));
        continue;
      }
    }
    const LogReads::SharedBatch whole = batch->Whole();
    if (!whole.ok()) return whole.status();
    absl::StatusOr<IndexedInstructions::Logged> logged = LoggedIn(**whole, wanted.leaf);
    if (!logged.ok()) return logged.status();
    recall.leaves.insert_or_assign(wanted.leaf, *std::move(logged));
  }
  return absl::OkStatus();
}

absl::Status LedgerEngine::Recall(const core::AdmittedItem& item,
                                  IndexedInstructions::Recall& recall) const {
  for (;;) {
    auto leaves = LeavesToRecall(item, recall);
    if (!leaves.ok()) return leaves.status();
    if (leaves->empty()) return absl::OkStatus();
    if (absl::Status read = ReadLeaves(*std::move(leaves), recall); !read.ok()) return read;
  }
}

}  // namespace causeway::node
