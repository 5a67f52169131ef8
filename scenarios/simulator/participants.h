// All participants of a simulated run: each action's script, when it starts, and its messages.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_PARTICIPANTS_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_PARTICIPANTS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "scenarios/simulator/bridge_node.h"
#include "scenarios/simulator/ledger_node.h"
#include "scenarios/simulator/virtual_world.h"
#include "scenarios/spec/actor.h"
#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"

namespace causeway::sim {

// What one ledger said of the items of a request.
ItemsReply ReadReplies(const std::vector<node::ItemReply>& replies);

class Participants {
 public:
  // References outlive this. `bridge` is null when the plan has none.
  Participants(const Plan& plan, const KeyRing& keys, VirtualClock& clock, VirtualNetwork& network,
               const std::vector<std::unique_ptr<LedgerNode>>& ledgers, BridgeNode* bridge,
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
  void Start(ActionIndex action);
  void Continue(ActionIndex action);
  // Sends the current request, and again after kReplyTimeout while it is unanswered.
  void Send(ActionIndex action);
  void SendItems(ActionIndex action, std::uint32_t sequence, const SubmitItems& submit,
                 const std::shared_ptr<const Request>& request);
  void SendRead(ActionIndex action, std::uint32_t sequence, const ReadBalance& read);
  void SendToBridge(ActionIndex action, std::uint32_t sequence,
                    const std::shared_ptr<const Request>& request);
  // Carries a reply back to the participant.
  void Reply(ActionIndex action, std::uint32_t sequence, sim::Reply reply);
  void OnReply(ActionIndex action, std::uint32_t sequence, const sim::Reply& reply);
  void End(ActionIndex action);

  const Plan& plan_;
  const KeyRing& keys_;
  VirtualClock& clock_;
  VirtualNetwork& network_;
  const std::vector<std::unique_ptr<LedgerNode>>& ledgers_;
  BridgeNode* bridge_;
  std::function<void(std::size_t, std::size_t)> on_progress_;
  std::vector<std::uint32_t> waits_for_;             // by action: how many that have not ended
  std::vector<std::vector<ActionIndex>> followers_;  // by action: who waits for it
  std::vector<std::unique_ptr<Running>> running_;    // by action; null before and after
  std::vector<ActionResult> results_;
  std::size_t ended_ = 0;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_PARTICIPANTS_H_
