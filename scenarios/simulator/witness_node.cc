#include "scenarios/simulator/witness_node.h"

#include <algorithm>
#include <cstdint>
#include <utility>

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
                         std::shared_ptr<const core::SignatureVerifier> verifier)
    : SimulatedNode(world, world.nodes.Witness(position)),
      position_(position),
      signer_(keys.witness(position)),
      verifier_(std::move(verifier)),
      disk_(witness::WitnessEngine::JournalIdentityOf(world.plan.bridge->decision_log),
            world.coverage) {}

absl::Status WitnessNode::Boot() {
  absl::StatusOr<std::unique_ptr<store::Journal>> journal = disk_.Open();
  if (!journal.ok()) return journal.status();
  witness::WitnessEngine::Options options;
  options.policies = {world_.plan.bridge->policy_bytes};
  options.name = world_.plan.bridge->witnesses[position_].name;
  options.signer = signer_;
  options.verifier = verifier_;
  options.ids = std::make_unique<store::MemoryKeyIndex>();
  absl::StatusOr<std::unique_ptr<witness::WitnessEngine>> engine =
      witness::WitnessEngine::Open(std::move(options), *std::move(journal));
  if (!engine.ok()) return engine.status();
  engine_ = *std::move(engine);
  return absl::OkStatus();
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
  queue_.push_back({request, std::move(callback)});
  if (!busy_) Begin();
}

void WitnessNode::Begin() {
  busy_ = true;
  std::vector<Waiting> taken = std::exchange(queue_, {});
  std::stable_sort(taken.begin(), taken.end(), [](const Waiting& left, const Waiting& right) {
    return FirstBatchOf(left.request) < FirstBatchOf(right.request);
  });
  std::vector<witness::Request> requests;
  for (Waiting& waiting : taken) requests.push_back(std::move(waiting.request));
  const auto seconds =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, now().micros() / kMicrosPerSecond));
  absl::StatusOr<std::vector<witness::Answer>> answers = engine_->Handle(requests, seconds);
  if (!answers.ok()) {
    Die();
    return;
  }
  Write([this, taken = std::move(taken), answers = *std::move(answers)]() mutable {
    for (std::size_t i = 0; i < taken.size(); ++i) taken[i].callback(answers[i]);
    busy_ = false;
    if (!queue_.empty()) Begin();
  });
}

}  // namespace causeway::sim
