#include "scenarios/simulator/witness_node.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "settlement/core/check.h"
#include "settlement/core/decision_batch.h"
#include "settlement/store/memory_journal.h"
#include "settlement/store/memory_key_index.h"

namespace causeway::sim {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;

std::uint64_t FirstBatchOf(const witness::Request& request) {
  return request.batches.empty() ? 0 : core::PeekDecisionBatchNumber(request.batches.front());
}

}  // namespace

absl::StatusOr<std::unique_ptr<WitnessNode>> WitnessNode::Create(
    const Plan& plan, std::size_t index, const KeyRing& keys,
    std::shared_ptr<const core::SignatureVerifier> verifier, VirtualClock& clock) {
  witness::WitnessEngine::Options options;
  options.policies = {plan.bridge->policy_bytes};
  options.name = plan.bridge->witnesses[index].name;
  options.signer = keys.witness(index);
  options.verifier = std::move(verifier);
  options.ids = std::make_unique<store::MemoryKeyIndex>();
  absl::StatusOr<std::unique_ptr<witness::WitnessEngine>> engine = witness::WitnessEngine::Open(
      std::move(options), store::NewMemoryJournal(witness::WitnessEngine::JournalIdentityOf(
                              plan.bridge->decision_log)));
  if (!engine.ok()) return engine.status();
  return std::unique_ptr<WitnessNode>(
      new WitnessNode(*std::move(engine), clock, plan.network.sync));
}

void WitnessNode::Submit(witness::Request request, Callback callback) {
  queue_.push_back({std::move(request), std::move(callback)});
  if (!busy_) Start();
}

void WitnessNode::Start() {
  busy_ = true;
  std::vector<Waiting> taken = std::exchange(queue_, {});
  std::stable_sort(taken.begin(), taken.end(), [](const Waiting& left, const Waiting& right) {
    return FirstBatchOf(left.request) < FirstBatchOf(right.request);
  });
  std::vector<witness::Request> requests;
  for (Waiting& waiting : taken) requests.push_back(std::move(waiting.request));
  const auto seconds = static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, clock_.now().micros() / kMicrosPerSecond));
  absl::StatusOr<std::vector<witness::Answer>> answers = engine_->Handle(requests, seconds);
  CW_CHECK(answers.ok(), "a journal in memory does not fail");
  clock_.After(sync_, [this, taken = std::move(taken), answers = *std::move(answers)]() mutable {
    for (std::size_t i = 0; i < taken.size(); ++i) taken[i].callback(std::move(answers[i]));
    busy_ = false;
    if (!queue_.empty()) Start();
  });
}

}  // namespace causeway::sim
