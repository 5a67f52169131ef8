// A witness of the decision log in virtual time: a queue, the witness engine, and its disk.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_WITNESS_NODE_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_WITNESS_NODE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "central-bank-node/witness/witness_engine.h"
#include "scenarios/simulator/simulated_node.h"
#include "scenarios/spec/actor.h"

namespace causeway::sim {

class ObserverNode;

// While one write is under way, what arrives waits and is taken together by the next. Nothing is
// answered before it is durable.
class WitnessNode : public SimulatedNode {
 public:
  // Runs at the witness when the answer is durable, and not at all when it stops before.
  using Callback = absl::AnyInvocable<void(const witness::Answer&)>;

  // Witness `position` of the plan's bridge; references outlive the node. `observer` may be null;
  // else a damaged batch is put back from its copy.
  WitnessNode(World& world, std::size_t position, const KeyRing& keys,
              std::shared_ptr<const core::SignatureVerifier> verifier,
              const ObserverNode* observer);

  using SimulatedNode::Start;
  // A message arrives.
  void Submit(const witness::Request& request, Callback callback);
  // The same, from an operator of the log that keeps a second one and shows this witness that one.
  void SubmitSecond(const witness::Request& request, Callback callback);

  // Whether one of the policies that it has names it; before that it does not run.
  bool IsNamed() const;
  // Its operator gives it so many of the plan's later policies, and starts it again.
  void TakeUp(std::size_t later_policies);

  // Null while it is down.
  const witness::WitnessEngine* engine() const { return engine_.get(); }
  std::size_t position() const { return position_; }
  bool has_lost_state() const { return has_lost_state_; }

  // Faults at work, which outlive themselves.
  void Begin(const ByzantineWitness* fault);
  void End(const ByzantineWitness* fault, core::RandomStream& random);
  using SimulatedNode::Begin;
  using SimulatedNode::End;

 protected:
  absl::Status Boot() override;
  void Stop() override;
  // The part that known-bad witnesses of tests do in their own ways: what the engine handled is
  // written; `answer` tells.
  virtual void WriteThen(Event answer) { Write(std::move(answer)); }

 private:
  struct Waiting {
    witness::Request request;
    Callback callback;
    bool has_batches = false;
  };
  void Take();
  void Answer(std::vector<Waiting>& taken, std::vector<witness::Answer>& answers);
  void Count(const std::vector<Waiting>& taken, const std::vector<witness::Answer>& answers);
  std::uint64_t Seconds() const;
  bool Does(ByzantineWitnessKind kind) const;

  const std::size_t position_;
  const std::shared_ptr<const core::Signer> signer_;
  const std::shared_ptr<const core::SignatureVerifier> verifier_;
  const ObserverNode* const observer_;
  VirtualDisk disk_;
  std::unique_ptr<witness::WitnessEngine> engine_;
  std::vector<Waiting> queue_;
  bool busy_ = false;
  std::vector<const ByzantineWitness*> faults_;
  std::shared_ptr<const VirtualDisk::Image> backup_;
  bool has_lost_state_ = false;
  std::size_t later_policies_ = 0;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_WITNESS_NODE_H_
