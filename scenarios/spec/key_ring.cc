#include <algorithm>
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

absl::StatusOr<std::unique_ptr<KeyRing>> KeyRing::Create(const Plan& plan,
                                                         const MakeSigner& make_signer) {
  if (plan.modelled_signatures && !make_signer) {
    return absl::UnimplementedError("modelled signatures are for the simulator only");
  }
  const MakeSigner signer_of = make_signer ? make_signer : MakeSigner(&SignerOf);
  std::unique_ptr<KeyRing> ring(new KeyRing());
  for (const PlannedParticipant& participant : plan.participants) {
    auto signer = signer_of(participant.key);
    if (!signer.ok()) return signer.status();
    ring->participants_.push_back(*std::move(signer));
    std::vector<LaterSigner>& later = ring->later_.emplace_back();
    for (const PlannedParticipant::LaterKey& key : participant.later_keys) {
      auto made = signer_of(key.key);
      if (!made.ok()) return made.status();
      later.push_back({*std::move(made), key.added});
    }
  }
  for (const PlannedLedger& ledger : plan.ledgers) {
    auto signer = signer_of(ledger.key);
    if (!signer.ok()) return signer.status();
    ring->ledgers_.push_back(*std::move(signer));
    std::vector<const core::Signer*>& approvers = ring->approvers_.emplace_back();
    for (const PlannedKey& key : ledger.approvers) {
      auto approver = signer_of(key);
      if (!approver.ok()) return approver.status();
      approvers.push_back(approver->get());
      ring->owned_approvers_.push_back(*std::move(approver));
    }
  }
  if (plan.bridge) {
    auto signer = signer_of(plan.bridge->decision_log_key);
    if (!signer.ok()) return signer.status();
    ring->decision_log_ = *std::move(signer);
    for (const PlannedWitness& witness : plan.bridge->witnesses) {
      auto cosigner = signer_of(witness.key);
      if (!cosigner.ok()) return cosigner.status();
      ring->witnesses_.push_back(*std::move(cosigner));
    }
  }
  return ring;
}

const core::Signer& KeyRing::participant(ParticipantIndex index, core::LedgerTime now) const {
  const core::Signer* newest = participants_[index].get();
  for (const LaterSigner& later : later_[index]) {
    if (later.added <= now) newest = later.signer.get();
  }
  return *newest;
}

bool KeyRing::IsKeyOf(ParticipantIndex index, const core::KeyId& key) const {
  return participants_[index]->key_id() == key ||
         std::any_of(later_[index].begin(), later_[index].end(),
                     [&key](const LaterSigner& later) { return later.signer->key_id() == key; });
}

}  // namespace causeway::sim
