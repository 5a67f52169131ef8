#include "fx-bridge/engine/abort_order.h"

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

}  // namespace

std::variant<core::LedgerOrigin, core::Rejection> VerifyAbortOrder(
    const AbortOrder& order, const core::TermsHeader& terms, const core::SettlementPolicy& policy,
    const core::SignatureVerifier& verifier) {
  const absl::StatusOr<core::SignedCheckpoint> note = core::ParseCheckpoint(order.checkpoint);
  if (!note.ok()) {
    return Unproven(fmt::format("order.checkpoint: {}", std::string(note.status().message())));
  }
  const core::Checkpoint& checkpoint = note->checkpoint;
  const absl::StatusOr<core::LedgerOrigin> origin = core::LedgerOrigin::Parse(checkpoint.origin);
  const core::PolicyLedger* ledger = origin.ok() ? policy.Find(*origin) : nullptr;
  if (ledger == nullptr || terms.Find(*origin) == nullptr) {
    return Unproven(fmt::format("order.checkpoint: is of '{}', which is no ledger of the terms",
                                checkpoint.origin));
  }
  const absl::Status signed_by_it =
      core::VerifyCheckpoint(*note, origin->text(), ledger->key, verifier);
  if (!signed_by_it.ok()) {
    return Unproven(fmt::format("order.checkpoint: {}", std::string(signed_by_it.message())));
  }
  if (!core::VerifyInclusion(core::LeafHash(order.entry), order.entry_index, checkpoint.size,
                             order.proof, checkpoint.root)) {
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
  if (entry->settlement_id != terms.settlement_id) {
    return Unproven(fmt::format("order.entry: orders the abort of settlement {}",
                                entry->settlement_id.ToHex()));
  }
  return *origin;
}

}  // namespace causeway::bridge
