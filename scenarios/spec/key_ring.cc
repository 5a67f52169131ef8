#include <utility>

#include "scenarios/spec/actor.h"

namespace causeway::sim {
namespace {

absl::StatusOr<std::shared_ptr<const core::Signer>> SignerOf(const PlannedKey& key) {
  absl::StatusOr<std::unique_ptr<core::SoftwareSigner>> signer =
      core::SoftwareSigner::FromEd25519Seed(key.seed);
  if (!signer.ok()) return signer.status();
  return std::shared_ptr<const core::Signer>(*std::move(signer));
}

}  // namespace

absl::StatusOr<std::unique_ptr<KeyRing>> KeyRing::Create(const Plan& plan) {
  std::unique_ptr<KeyRing> ring(new KeyRing());
  for (const PlannedParticipant& participant : plan.participants) {
    auto signer = SignerOf(participant.key);
    if (!signer.ok()) return signer.status();
    ring->participants_.push_back(*std::move(signer));
  }
  for (const PlannedLedger& ledger : plan.ledgers) {
    auto signer = SignerOf(ledger.key);
    if (!signer.ok()) return signer.status();
    ring->ledgers_.push_back(*std::move(signer));
    std::vector<const core::Signer*>& approvers = ring->approvers_.emplace_back();
    for (const PlannedKey& key : ledger.approvers) {
      auto approver = SignerOf(key);
      if (!approver.ok()) return approver.status();
      approvers.push_back(approver->get());
      ring->owned_approvers_.push_back(*std::move(approver));
    }
  }
  if (plan.bridge) {
    auto signer = SignerOf(plan.bridge->decision_log_key);
    if (!signer.ok()) return signer.status();
    ring->decision_log_ = *std::move(signer);
    for (const PlannedWitness& witness : plan.bridge->witnesses) {
      auto cosigner = SignerOf(witness.key);
      if (!cosigner.ok()) return cosigner.status();
      ring->witnesses_.push_back(*std::move(cosigner));
    }
  }
  return ring;
}

}  // namespace causeway::sim
