// A witness of the decision log in virtual time: a queue, the witness engine, and a disk that takes
// its time.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_WITNESS_NODE_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_WITNESS_NODE_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "central-bank-node/witness/witness_engine.h"
#include "scenarios/simulator/virtual_world.h"
#include "scenarios/spec/actor.h"
#include "scenarios/spec/plan.h"

namespace causeway::sim {

// While one write is under way, what arrives waits and is taken together by the next. Nothing is
// answered before it is durable.
class WitnessNode {
 public:
  using Callback = absl::AnyInvocable<void(witness::Answer)>;

  // Witness `index` of the plan's bridge; references outlive the node.
  static absl::StatusOr<std::unique_ptr<WitnessNode>> Create(
      const Plan& plan, std::size_t index, const KeyRing& keys,
      std::shared_ptr<const core::SignatureVerifier> verifier, VirtualClock& clock);

  // A message arrives.
  void Submit(witness::Request request, Callback callback);

  const witness::WitnessEngine& engine() const { return *engine_; }

 private:
  struct Waiting {
    witness::Request request;
    Callback callback;
  };
  WitnessNode(std::unique_ptr<witness::WitnessEngine> engine, VirtualClock& clock,
              core::Duration sync)
      : engine_(std::move(engine)), clock_(clock), sync_(sync) {}
  void Start();

  std::unique_ptr<witness::WitnessEngine> engine_;
  VirtualClock& clock_;
  core::Duration sync_;
  std::vector<Waiting> queue_;
  bool busy_ = false;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_WITNESS_NODE_H_
