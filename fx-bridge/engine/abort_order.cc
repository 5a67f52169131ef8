#include "fx-bridge/engine/abort_order.h"

#include <cstddef>
#include <utility>

#include "absl/status/statusor.h"
#include "fmt/format.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/entry.h"
#include "settlement/core/merkle.h"

namespace causeway::bridge {
namespace {

core::Rejection Unproven(std::string message) {
  return {.outcome = core::Outcome::kBadAbortOrder, .message = std::move(message)};
}

// The latest policy that has the ledger with the key that signed; else why not.
std::variant<ProvenOrder, core::Rejection> SignerOf(
    const AbortOrder& order, const core::SignedCheckpoint& note,
    std::span<const core::SettlementPolicy> policies, const core::SignatureVerifier& verifier) {
  const absl::StatusOr<core::LedgerOrigin> origin =
      core::LedgerOrigin::Parse(note.checkpoint.origin);
  absl::Status unsigned_by_it = absl::NotFoundError(
      fmt::format("is of '{}', which is no ledger of the policies", note.checkpoint.origin));
  for (std::size_t i = policies.size(); i > 0 && origin.ok(); --i) {
    const core::PolicyLedger* ledger = policies[i - 1].Find(*origin);
    if (ledger == nullptr) continue;
    const absl::Status verified =
        core::VerifyCheckpoint(note, origin->text(), ledger->key, verifier);
    if (verified.ok()) return ProvenOrder{*origin, core::KeyIdOf(ledger->key), order.entry_index};
    unsigned_by_it = verified;
  }
  return Unproven(fmt::format("order.checkpoint: {}", std::string(unsigned_by_it.message())));
}

}  // namespace

bool IsOfTerms(const ProvenOrder& order, const core::TermsHeader& terms,
               const core::SettlementPolicy& policy) {
  const core::PolicyLedger* ledger = policy.Find(order.ledger);
  return ledger != nullptr && terms.Find(order.ledger) != nullptr &&
         core::KeyIdOf(ledger->key) == order.key;
}

core::Rejection AbortOrderedBy(const ProvenOrder& order) {
  return {.outcome = core::Outcome::kAbortOrdered,
          .rule = fmt::format("{} entry {}", order.ledger.text(), order.entry_index)};
}

std::variant<ProvenOrder, core::Rejection> VerifyAbortOrder(
    const AbortOrder& order, const core::TermsHeader& terms, const core::SettlementPolicy& policy,
    const core::SignatureVerifier& verifier) {
  if (const auto note = core::ParseCheckpoint(order.checkpoint); note.ok()) {
    const auto origin = core::LedgerOrigin::Parse(note->checkpoint.origin);
    if (!origin.ok() || terms.Find(*origin) == nullptr) {
      return Unproven(fmt::format("order.checkpoint: is of '{}', which is no ledger of the terms",
                                  note->checkpoint.origin));
    }
  }
  return VerifyAbortOrder(order, terms.settlement_id, std::span(&policy, 1), verifier);
}

std::variant<ProvenOrder, core::Rejection> VerifyAbortOrder(
    const AbortOrder& order, const core::Hash256& settlement_id,
    std::span<const core::SettlementPolicy> policies, const core::SignatureVerifier& verifier) {
  const absl::StatusOr<core::SignedCheckpoint> note = core::ParseCheckpoint(order.checkpoint);
  if (!note.ok()) {
    return Unproven(fmt::format("order.checkpoint: {}", std::string(note.status().message())));
  }
  std::variant<ProvenOrder, core::Rejection> proven = SignerOf(order, *note, policies, verifier);
  if (std::holds_alternative<core::Rejection>(proven)) return proven;
  if (!core::VerifyInclusion(core::LeafHash(order.entry), order.entry_index, note->checkpoint.size,
                             order.proof, note->checkpoint.root)) {
    return Unproven("order.entry_proof: does not lead from the entry to the checkpoint's root");
  }
  const absl::StatusOr<core::Entry> entry = core::DecodeEntry(order.entry);
  if (!entry.ok()) {
    return Unproven(fmt::format("order.entry: {}", std::string(entry.status().message())));
  }
  if (entry->instruction.kind != core::ActionKind::kOrderAbort ||
      entry->status != core::InstructionStatus::kSettled) {
    return Unproven(fmt::format("order.entry: is {} {}; must be order-abort settled",
                                core::ActionKindName(entry->instruction.kind),
                                core::InstructionStatusName(entry->status)));
  }
  if (entry->settlement_id != settlement_id) {
    return Unproven(fmt::format("order.entry: orders the abort of settlement {}",
                                entry->settlement_id.ToHex()));
  }
  return proven;
}

}  // namespace causeway::bridge
