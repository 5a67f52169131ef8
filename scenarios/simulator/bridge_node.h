// The FX bridge in virtual time: the bridge engine, its disk, and its calls to the ledgers.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_BRIDGE_NODE_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_BRIDGE_NODE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "fx-bridge/engine/bridge_engine.h"
#include "scenarios/simulator/ledger_node.h"
#include "scenarios/simulator/virtual_world.h"
#include "scenarios/simulator/witness_node.h"
#include "scenarios/spec/actor.h"
#include "scenarios/spec/plan.h"

namespace causeway::sim {

// While one write is under way, what happens meanwhile waits for the next. Nothing is told or sent
// before it is durable.
class BridgeNode {
 public:
  using QuoteCallback = absl::AnyInvocable<void(QuoteReply)>;
  using SettlementCallback = absl::AnyInvocable<void(SettlementReply)>;
  using Publish = absl::AnyInvocable<void(const std::string& batch)>;

  // `ledgers` by LedgerIndex, `witnesses` as in the plan; all arguments that are references outlive
  // the node. The plan has a bridge.
  static absl::StatusOr<std::unique_ptr<BridgeNode>> Create(
      const Plan& plan, const KeyRing& keys,
      std::shared_ptr<const core::SignatureVerifier> verifier, VirtualClock& clock,
      VirtualNetwork& network, const std::vector<std::unique_ptr<LedgerNode>>& ledgers,
      const std::vector<std::unique_ptr<WitnessNode>>& witnesses, Publish publish);

  // Messages arrive. The callbacks run at the bridge when the answer is durable; a settlement's
  // when it has its outcome on every ledger, or was refused.
  void RequestQuote(AskQuote ask, QuoteCallback callback);
  void SubmitSettlement(std::shared_ptr<const SubmitTerms> submit, SettlementCallback callback);

  const bridge::BridgeEngine& engine() const { return *engine_; }

 private:
  BridgeNode(const Plan& plan, VirtualClock& clock, VirtualNetwork& network,
             const std::vector<std::unique_ptr<LedgerNode>>& ledgers,
             const std::vector<std::unique_ptr<WitnessNode>>& witnesses, Publish publish)
      : plan_(plan),
        clock_(clock),
        network_(network),
        ledgers_(ledgers),
        witnesses_(witnesses),
        publish_(std::move(publish)),
        random_(plan.seed, "bridge/quotes") {}
  // Does `happened` with the engine at the next write, or now.
  void Happen(Event happened);
  void Start();
  void Finish();
  void ScheduleTick();
  void Send(bridge::LedgerRequest request);
  void SendToWitness(const bridge::WitnessCall& call);
  void OnLedgerReply(const bridge::LedgerRequest& request, node::ItemReply reply);
  void Answer(const core::Hash256& id);
  void HandleSubmit(const SubmitTerms& submit, SettlementCallback callback);
  void HandleQuote(const AskQuote& ask, QuoteCallback callback);

  const Plan& plan_;
  VirtualClock& clock_;
  VirtualNetwork& network_;
  const std::vector<std::unique_ptr<LedgerNode>>& ledgers_;
  const std::vector<std::unique_ptr<WitnessNode>>& witnesses_;
  Publish publish_;
  core::RandomStream random_;  // nonces and salts of quotes
  std::unique_ptr<bridge::BridgeEngine> engine_;
  std::vector<Event> inbox_;
  std::vector<Event> answers_;  // to be given once durable
  std::map<core::Hash256, std::vector<SettlementCallback>> waiting_;
  bool busy_ = false;
  std::optional<core::LedgerTime> tick_at_;
  std::uint64_t published_ = 0;  // batches
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_BRIDGE_NODE_H_
