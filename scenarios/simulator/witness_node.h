// A witness of the decision log in virtual time: a queue, the witness engine, and its disk.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_WITNESS_NODE_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_WITNESS_NODE_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "central-bank-node/witness/witness_engine.h"
#include "scenarios/simulator/simulated_node.h"
#include "scenarios/spec/actor.h"

namespace causeway::sim {

// While one write is under way, what arrives waits and is taken together by the next. Nothing is
// answered before it is durable.
class WitnessNode : public SimulatedNode {
 public:
  // Runs at the witness when the answer is durable, and not at all when it stops before.
  using Callback = absl::AnyInvocable<void(const witness::Answer&)>;

  // Witness `position` of the plan's bridge; references outlive the node.
  WitnessNode(World& world, std::size_t position, const KeyRing& keys,
              std::shared_ptr<const core::SignatureVerifier> verifier);

  using SimulatedNode::Start;
  // A message arrives.
  void Submit(const witness::Request& request, Callback callback);

  // Null while it is down.
  const witness::WitnessEngine* engine() const { return engine_.get(); }
  VirtualDisk* disk() override { return &disk_; }

 protected:
  absl::Status Boot() override;
  void Stop() override;

 private:
  struct Waiting {
    witness::Request request;
    Callback callback;
  };
  void Begin();

  const std::size_t position_;
  const std::shared_ptr<const core::Signer> signer_;
  const std::shared_ptr<const core::SignatureVerifier> verifier_;
  VirtualDisk disk_;
  std::unique_ptr<witness::WitnessEngine> engine_;
  std::vector<Waiting> queue_;
  bool busy_ = false;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_WITNESS_NODE_H_
