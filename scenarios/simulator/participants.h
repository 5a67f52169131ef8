// All participants of a simulated run: each action's script, when it starts, and its messages.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_PARTICIPANTS_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_PARTICIPANTS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "scenarios/simulator/agents.h"
#include "scenarios/simulator/bridge_node.h"
#include "scenarios/simulator/checkers.h"
#include "scenarios/simulator/ledger_node.h"
#include "scenarios/simulator/mechanism.h"
#include "scenarios/simulator/virtual_world.h"
#include "scenarios/spec/actor.h"
#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"

namespace causeway::sim {

// What one ledger said of the items of a request.
ItemsReply ReadReplies(const std::vector<node::ItemReply>& replies);

class Participants {
 public:
  // References outlive this. `bridge` is null when the plan has none, `mechanism` when PvP actions
  // go to the bridge.
  Participants(World& world, const KeyRing& keys,
               const std::vector<std::unique_ptr<LedgerNode>>& ledgers, BridgeNode* bridge,
               Mechanism* mechanism, const AccountBehaviours& behaviours,
               std::function<void(std::size_t, std::size_t)> on_progress);

  // Schedules what waits for nothing; the rest follows by itself.
  void Begin();
  // By action index; kPending where the run ended first.
  std::vector<ActionResult> TakeResults() { return std::move(results_); }

 private:
  // A started action.
  struct Running {
    std::optional<ActionScript> script;
    std::shared_ptr<const Request> request;
    std::uint32_t sequence = 0;  // counts its requests: replies to earlier ones are late repeats
  };

  void Schedule(ActionIndex action);
  // It falls due.
  void FallDue(ActionIndex action);
  void Start(ActionIndex action);
  void Continue(ActionIndex action);
  // Sends the current request, and again after the reply timeout while it is unanswered.
  void Send(ActionIndex action);
  void SendItems(ActionIndex action, std::uint32_t sequence, const SubmitItems& submit,
                 const std::shared_ptr<const Request>& request);
  void SendRead(ActionIndex action, std::uint32_t sequence, const ReadBalance& read);
  void SendQuoteRequest(ActionIndex action, std::uint32_t sequence, const AskQuote& ask);
  void SendOrder(ActionIndex action, std::uint32_t sequence, const CarryOrder& order);
  void HandInOrder(ActionIndex action, std::uint32_t sequence, NodeIndex sender,
                   const core::Hash256& id, std::shared_ptr<const bridge::AbortOrder> order);
  core::Hash256 SettlementUnderWay(ActionIndex action) const;
  void SendTerms(ActionIndex action, std::uint32_t sequence,
                 const std::shared_ptr<const Request>& request);
  // Terms of a PvP settlement whose parties each sign for themselves, or do not.
  void SendApart(ActionIndex action, std::uint32_t sequence, const SettlePvp& pvp,
                 const SubmitTerms& submit, ClientFaultKind fault);
  void HandIn(ActionIndex action, std::uint32_t sequence, ParticipantIndex sender,
              std::shared_ptr<const SubmitTerms> terms);
  // The terms never reach the bridge, only the ledgers; then somebody asks.
  void CarryPast(ActionIndex action, std::uint32_t sequence, ParticipantIndex sender,
                 std::shared_ptr<const SubmitTerms> terms);
  // What the counterparty signs instead: terms with a smaller leg of its own.
  SubmitTerms OtherTerms(const SettlePvp& pvp, const SubmitTerms& submit) const;
  NodeIndex SenderOf(ActionIndex action) const;
  // By the clock of whoever acts.
  core::LedgerTime TimeAt(ActionIndex action) const;
  ClientFaultKind FaultOf(ActionIndex action) const;
  // Carries a reply back to the participant.
  void Reply(NodeIndex from, NodeIndex to, ActionIndex action, std::uint32_t sequence,
             sim::Reply reply);
  void OnReply(ActionIndex action, std::uint32_t sequence, const sim::Reply& reply);
  void End(ActionIndex action);
  void EndWith(ActionResult result);

  World& world_;
  const Plan& plan_;
  const KeyRing& keys_;
  const std::vector<std::unique_ptr<LedgerNode>>& ledgers_;
  BridgeNode* bridge_;
  Mechanism* mechanism_;
  std::function<void(std::size_t, std::size_t)> on_progress_;
  std::map<ActionIndex, ClientFaultKind> faults_;
  std::vector<std::uint32_t> waits_for_;             // by action: how many that have not ended
  std::vector<std::vector<ActionIndex>> followers_;  // by action: who waits for it
  std::vector<std::unique_ptr<Running>> running_;    // by action; null before and after
  std::vector<ActionResult> results_;
  std::size_t ended_ = 0;
  Agents agents_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_PARTICIPANTS_H_
