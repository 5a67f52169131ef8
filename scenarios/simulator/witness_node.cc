#include "scenarios/simulator/witness_node.h"

#include <algorithm>
#include <utility>

#include "scenarios/simulator/checkers.h"
#include "scenarios/simulator/log_node.h"
#include "scenarios/simulator/policy_changes.h"
#include "settlement/core/check.h"
#include "settlement/core/cosignature.h"
#include "settlement/core/decision_batch.h"
#include "settlement/store/memory_key_index.h"

namespace causeway::sim {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;

std::uint64_t FirstBatchOf(const witness::Request& request) {
  return request.batches.empty() ? 0 : core::PeekDecisionBatchNumber(request.batches.front());
}

}  // namespace

WitnessNode::WitnessNode(World& world, std::size_t position, const KeyRing& keys,
                         std::shared_ptr<const core::SignatureVerifier> verifier,
                         const ObserverNode* observer)
    : SimulatedNode(world, world.nodes.Witness(position)),
      position_(position),
      signer_(keys.witness(position)),
      verifier_(std::move(verifier)),
      observer_(observer),
      disk_(witness::WitnessEngine::JournalIdentityOf(world.plan.bridge->decision_log),
            world.coverage) {
  Keep(disk_);
}

absl::Status WitnessNode::Boot() {
  // It keeps the batches of the decision log as they came.
  absl::StatusOr<std::unique_ptr<store::Journal>> journal =
      OpenRepaired(disk_, observer_, world_.nodes.Bridge());
  if (!journal.ok()) return journal.status();
  witness::WitnessEngine::Options options;
  options.policies = FirstPolicies(*world_.plan.bridge, later_policies_);
  options.name = world_.plan.bridge->witnesses[position_].name;
  options.signer = signer_;
  options.verifier = verifier_;
  options.ids = std::make_unique<store::MemoryKeyIndex>();
  absl::StatusOr<std::unique_ptr<witness::WitnessEngine>> engine =
      witness::WitnessEngine::Open(std::move(options), *std::move(journal));
  if (!engine.ok()) return engine.status();
  engine_ = *std::move(engine);
  world_.checkers->OnWitnessStart(*this);
  return absl::OkStatus();
}

bool WitnessNode::IsNamed() const {
  const PlannedBridge& bridge = *world_.plan.bridge;
  if (position_ < bridge.policy.witnesses.size()) return true;
  return std::any_of(bridge.later_policies.begin(),
                     bridge.later_policies.begin() + static_cast<std::ptrdiff_t>(later_policies_),
                     [this](const PlannedPolicy& policy) {
                       return std::find(policy.witnesses.begin(), policy.witnesses.end(),
                                        position_) != policy.witnesses.end();
                     });
}

void WitnessNode::TakeUp(std::size_t later_policies) {
  const bool was_named = IsNamed();
  later_policies_ = std::max(later_policies_, later_policies);
  if (was_named) {
    StartAgain();
  } else if (IsNamed()) {
    CW_CHECK(Start().ok(), "an empty disk opens");
    world_.coverage.Add(Covered::kWitnessJoined);
  }
}

void WitnessNode::Stop() {
  engine_.reset();
  queue_.clear();
  busy_ = false;
}

void WitnessNode::Submit(const witness::Request& request, Callback callback) {
  if (!up()) {
    world_.coverage.Add(Covered::kMessageToStoppedNode);
    return;
  }
  queue_.push_back({request, std::move(callback), !request.batches.empty()});
  if (!busy_) Take();
}

std::uint64_t WitnessNode::Seconds() const {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, now().micros() / kMicrosPerSecond));
}

void WitnessNode::Take() {
  busy_ = true;
  std::vector<Waiting> taken = std::exchange(queue_, {});
  std::stable_sort(taken.begin(), taken.end(), [](const Waiting& left, const Waiting& right) {
    return FirstBatchOf(left.request) < FirstBatchOf(right.request);
  });
  std::vector<witness::Request> requests;
  requests.reserve(taken.size());
  for (Waiting& waiting : taken) requests.push_back(std::move(waiting.request));
  const bool accused = engine_->evidence().has_value();
  absl::StatusOr<std::vector<witness::Answer>> answers = engine_->Handle(requests, Seconds());
  if (!answers.ok()) {
    Die();
    return;
  }
  if (!accused && engine_->evidence().has_value()) {
    world_.coverage.Add(engine_->evidence()->kind == witness::EvidenceKind::kStateLost
                            ? Covered::kWitnessFoundLostState
                            : Covered::kWitnessFoundFork);
  }
  WriteThen([this, taken = std::move(taken), answers = *std::move(answers)]() mutable {
    Answer(taken, answers);
    busy_ = false;
    if (!queue_.empty()) Take();
  });
}

void WitnessNode::Answer(std::vector<Waiting>& taken, std::vector<witness::Answer>& answers) {
  Count(taken, answers);
  world_.checkers->OnWitnessAnswers(*this, answers);
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (Does(ByzantineWitnessKind::kBadCosignatures)) {
      for (core::Cosigned& cosigned : answers[i].cosigned) {
        cosigned.cosignature.signature.back() ^= 1;
        world_.coverage.Add(Covered::kWitnessSignedWrongly);
      }
    }
    taken[i].callback(answers[i]);
  }
}

void WitnessNode::Count(const std::vector<Waiting>& taken,
                        const std::vector<witness::Answer>& answers) {
  std::size_t cosigned = 0;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    const witness::Answer& answer = answers[i];
    cosigned += answer.cosigned.size();
    if (answer.refusal == witness::Refusal::kGap) {
      world_.coverage.Add(Covered::kWitnessLackedBatches);
    } else if (answer.refusal == witness::Refusal::kRefusing) {
      world_.coverage.Add(Covered::kWitnessRefused);
    } else if (answer.cosigned.empty() && taken[i].has_batches) {
      world_.coverage.Add(Covered::kBatchesAnsweredAgain);
    }
  }
  world_.coverage.Add(Covered::kCosigned, cosigned);
  if (cosigned > 1) world_.coverage.Add(Covered::kSeveralCosignedAtOnce);
}

bool WitnessNode::Does(ByzantineWitnessKind kind) const {
  return std::any_of(faults_.begin(), faults_.end(),
                     [kind](const ByzantineWitness* fault) { return fault->kind == kind; });
}

void WitnessNode::SubmitSecond(const witness::Request& request, Callback callback) {
  if (!Does(ByzantineWitnessKind::kCosignAnything)) {
    Submit(request, std::move(callback));
    return;
  }
  if (!up()) {
    world_.coverage.Add(Covered::kMessageToStoppedNode);
    return;
  }
  witness::Answer answer;
  for (const std::string& bytes : request.batches) {
    const absl::StatusOr<core::DecisionBatch> batch = core::DecodeDecisionBatch(bytes);
    CW_CHECK(batch.ok(), "a second log is made of batches that decode");
    const absl::StatusOr<core::SignedCheckpoint> note = core::ParseCheckpoint(batch->checkpoint);
    CW_CHECK(note.ok(), "a second log is signed like the first");
    absl::StatusOr<core::NoteSignature> line =
        core::Cosign(core::CheckpointText(note->checkpoint),
                     world_.plan.bridge->witnesses[position_].name, *signer_, Seconds());
    CW_CHECK(line.ok(), "keys of a plan sign");
    answer.batches = batch->number + 1;
    answer.size = note->checkpoint.size;
    answer.cosigned.push_back({answer.size, *std::move(line)});
    world_.coverage.Add(Covered::kWitnessCosignedSecondLog);
  }
  callback(answer);
}

void WitnessNode::Begin(const ByzantineWitness* fault) {
  faults_.push_back(fault);
  if (fault->kind == ByzantineWitnessKind::kOldBackup) backup_ = disk_.Save();
}

void WitnessNode::End(const ByzantineWitness* fault, core::RandomStream& random) {
  std::erase(faults_, fault);
  if (fault->kind != ByzantineWitnessKind::kOldBackup || backup_ == nullptr) return;
  const std::uint64_t before = disk_.synced_blocks();
  Crash(random, kRestartDelay);
  disk_.Restore(*backup_);
  backup_ = nullptr;
  if (disk_.synced_blocks() == before) return;
  has_lost_state_ = true;
  world_.coverage.Add(Covered::kWitnessLostState);
}

}  // namespace causeway::sim
