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
#include "fx-bridge/venues/market_desk.h"
#include "scenarios/simulator/ledger_node.h"
#include "scenarios/simulator/log_node.h"
#include "scenarios/simulator/second_log.h"
#include "scenarios/simulator/simulated_key_index.h"
#include "scenarios/simulator/witness_node.h"
#include "scenarios/spec/actor.h"

namespace causeway::sim {

// While one write is under way, what happens meanwhile waits for the next. Nothing is told or sent
// before it is durable.
class BridgeNode : public LogNode {
 public:
  // Callbacks run at the bridge when the answer is durable, and not at all when it stops before; a
  // settlement's when it has its outcome on every ledger, or was refused.
  using QuoteCallback = absl::AnyInvocable<void(const QuoteReply&)>;
  using SettlementCallback = absl::AnyInvocable<void(const SettlementReply&)>;
  using OrderCallback = absl::AnyInvocable<void(const OrderReply&)>;

  // `ledgers` by LedgerIndex; all arguments that are references outlive the node. The plan has a
  // bridge.
  BridgeNode(World& world, const KeyRing& keys,
             std::shared_ptr<const core::SignatureVerifier> verifier,
             const std::vector<std::unique_ptr<LedgerNode>>& ledgers, ObserverNode* observer);

  // The witnesses, as in the plan, before the first start; they outlive the node. None without it.
  void Connect(const std::vector<std::unique_ptr<WitnessNode>>& witnesses) {
    witnesses_ = &witnesses;
  }
  using SimulatedNode::Start;
  // Messages arrive.
  void RequestQuote(const AskQuote& ask, QuoteCallback callback);
  void SubmitSettlement(std::shared_ptr<const SubmitTerms> submit, SettlementCallback callback);
  // Whoever holds the terms asks what became of them.
  void AskDecision(std::shared_ptr<const SubmitTerms> submit, SettlementCallback callback);
  // A court's order to abort, with what is to prove it.
  void RequestAbort(const core::Hash256& id, std::shared_ptr<const bridge::AbortOrder> order,
                    OrderCallback callback);
  // Its operator gives it so many of the plan's later policies, and starts it again.
  void TakeUp(std::size_t later_policies);

  // Null while it is down.
  const bridge::BridgeEngine* engine() const { return engine_.get(); }
  // Null without venues.
  const bridge::MarketDesk* market() const { return market_.get(); }
  bool at_rest() const { return up() && !busy_; }
  // Whether its operator keeps the log from that witness, which gets another one.
  bool Withholds(std::size_t witness) const {
    return second_ != nullptr && second_->Withholds(witness);
  }
  void OnClockSet() override;

  // Faults at work; both outlive the fault.
  void Begin(const ByzantineBridge* fault, core::RandomStream* random);
  void End(const ByzantineBridge* fault);
  using SimulatedNode::Begin;
  using SimulatedNode::End;

 protected:
  // The parts that known-bad bridges of tests do in their own ways.
  virtual bridge::BridgeEngine::Options MakeOptions();
  // What waits is written; `finish` tells and sends.
  virtual void WriteThen(Event finish) { Write(std::move(finish)); }
  virtual void Send(const bridge::LedgerRequest& request);
  absl::Status Boot() override;
  // Does `happened` with the engine at the next write, or now.
  void Happen(Event happened);
  // Tells the checkers what is decided and durable.
  void ReportDecisions();
  bridge::BridgeEngine& mutable_engine() { return *engine_; }
  const KeyRing& keys() const { return keys_; }

 private:
  struct Lie {
    const ByzantineBridge* fault;
    core::RandomStream* random;
  };

  void Stop() override;
  absl::StatusOr<std::string> ReadBatch(std::uint64_t number) const override;
  std::string CheckpointOf(const std::string& batch) const override;
  void Flush();
  void Finish();
  void KeepSnapshot();
  void ScheduleTick();
  // False when the node died of reading what it was to send.
  bool SendToWitness(const bridge::WitnessCall& call);
  void Arrive(const std::shared_ptr<const bridge::LedgerRequest>& request,
              const std::shared_ptr<const std::vector<core::Item>>& items);
  void OnLedgerReply(const bridge::LedgerRequest& request, const node::ItemReply& reply);
  void OnPrepareReply(const bridge::LedgerRequest& request, const node::ItemReply& reply);
  // To whom waits for it, if the view has an outcome.
  void Answer(const bridge::SettlementView& view);
  void CountState(const bridge::SettlementView& view);
  bool IsKnown(const core::Hash256& id) const;
  void HandleSubmit(const SubmitTerms& submit, SettlementCallback callback);
  void HandleQuote(const AskQuote& ask, QuoteCallback callback);
  void HandleOrder(const core::Hash256& id, const bridge::AbortOrder& order,
                   OrderCallback callback);
  void KeepOrder(const core::Hash256& id, const bridge::AbortOrder& order, OrderCallback callback);
  void HandleAsk(const SubmitTerms& submit, SettlementCallback callback);
  void AnswerSubmission(const std::variant<bridge::SettlementView, core::Rejection>& answer,
                        SettlementCallback callback);
  void TellMarket();
  void ConsiderLying(const core::Hash256& id, std::string_view terms);
  void InventCommit(const core::TermsHeader& terms);
  // Keeps two logs, as far as witnesses let it.
  void BeginSecondLog(const core::Hash256& id, const core::Hash256& policy_hash,
                      core::RandomStream& random);
  void PushSecondLog();
  bool Equivocates() const;
  bool ShowsSecondLog(const bridge::LedgerRequest& request) const;
  void SendSecondLog(const bridge::LedgerRequest& request);

  const KeyRing& keys_;
  std::shared_ptr<const core::SignatureVerifier> verifier_;
  const std::vector<std::unique_ptr<LedgerNode>>& ledgers_;
  const std::vector<std::unique_ptr<WitnessNode>>* witnesses_ = nullptr;
  core::RandomStream random_;   // nonces and salts of quotes
  core::RandomStream refused_;  // whether a call to a node that is down fails at once
  std::shared_ptr<bridge::MarketDesk> market_;  // null without venues
  std::unique_ptr<bridge::BridgeEngine> engine_;
  std::vector<Event> inbox_;
  std::vector<Event> answers_;  // to be given once durable
  std::map<core::Hash256, std::vector<SettlementCallback>> waiting_;
  bool busy_ = false;
  std::optional<core::LedgerTime> tick_at_;  // by the node's clock
  std::uint64_t tick_number_ = 0;
  std::uint64_t reported_ = 0;  // batches
  std::size_t later_policies_ = 0;
  std::vector<Lie> lies_;
  std::map<core::Hash256, std::string> equivocated_;  // a forged abort, for one ledger of the terms
  // On the bridge's disk beside its journal: derived from it.
  std::shared_ptr<StoredRuns> runs_ = std::make_shared<StoredRuns>();
  std::shared_ptr<store::SnapshotStore> snapshots_ = store::MakeMemorySnapshotStore();
  std::uint64_t snapshot_records_ = 0;
  std::uint32_t starts_ = 0;
  // With witnesses. It outlasts the node's crashes: the operator keeps it elsewhere.
  std::unique_ptr<SecondLog> second_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_BRIDGE_NODE_H_
