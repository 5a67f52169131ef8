// Banks that do not hand in every payment when it falls due: their strategies (behaviour.h of
// studies), asked in virtual time. What a bank decides by it reads at the ledger, by messages that
// take their time and may be lost.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_AGENTS_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_AGENTS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "scenarios/simulator/ledger_node.h"
#include "scenarios/simulator/virtual_world.h"
#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"
#include "scenarios/study/behaviour.h"

namespace causeway::sim {

// A strategy for one account; null: it hands in at once. Called once for each account that pays.
using AccountBehaviours =
    std::function<std::unique_ptr<study::Behaviour>(ParticipantIndex, LedgerIndex)>;

// Those of the plan. Each draws from streams "behaviour/<participant>/<currency>/...", one for each
// payment by its id: neither a behaviour, a fault nor a payment more changes any other draw. The
// plan outlives it.
AccountBehaviours BehavioursOf(const Plan& plan);

class Agents {
 public:
  using HandIn = std::function<void(ActionIndex)>;
  using End = std::function<void(ActionResult)>;

  // References outlive this. `hand_in`: the payer hands the payment in now. `end`: it kept it back
  // until its ledger cut off.
  Agents(World& world, const std::vector<std::unique_ptr<LedgerNode>>& ledgers,
         const AccountBehaviours& behaviours, HandIn hand_in, End end);

  // A payment falls due. False: it is handed in at once, because its payer has no behaviour or its
  // ledger is closed. Otherwise hand_in or end is called for it later, once.
  bool Takes(ActionIndex action);
  // An action has ended. (That a payment has settled a bank reads at its ledger.)
  void OnEnded(const ActionResult& result);

 private:
  struct Held {
    ActionIndex action = 0;
    const PlannedDay* day = nullptr;  // on which it fell due
    bool first = true;                // its strategy has not been asked about it
    std::int64_t settled = 0;         // of one that was handed in, as far as its bank was told
  };
  // What one bank does on one ledger.
  struct Agent {
    ParticipantIndex participant = 0;
    LedgerIndex ledger = 0;
    std::unique_ptr<study::Behaviour> behaviour;
    std::vector<Held> held;             // in the order in which they fell due
    std::vector<Held> handed_in;        // not known to have settled or failed
    std::vector<ActionIndex> receipts;  // payments to it, in the order in which they fall due
    bool ticking = false;
    std::uint64_t asked = 0;     // statements
    std::uint64_t answered = 0;  // number of the newest statement that came
    std::int64_t balance = 0;    // in it
    // Of the day:
    core::BusinessDate date;
    std::optional<std::int64_t> opening;  // what it had when its first payment fell due
    std::int64_t sent = 0;                // settled
    std::map<ParticipantIndex, std::int64_t> expected;  // by payer
    std::size_t next_receipt = 0;                       // the first that has not fallen due
    std::vector<ActionIndex>
        awaited;  // receipts that fell due and that it does not know to be there
  };
  // What a bank reads of its account.
  struct Statement {
    std::uint64_t number = 0;
    std::int64_t balance = 0;
    // Of those that it had handed in, where they stand and how much of them has settled: all, or
    // where payments settle in parts less.
    struct Known {
      ActionIndex action = 0;
      bool ended = false;
      std::int64_t settled = 0;
    };
    std::vector<Known> known;
    std::vector<ActionIndex> received;  // of those that it awaited, ascending
  };
  // Sums over all payers, and by payer.
  struct Receipts {
    std::int64_t expected = 0;
    std::int64_t missing = 0;
    std::map<ParticipantIndex, std::int64_t> missing_from;
  };

  const PayOneWay& PaymentOf(ActionIndex action) const {
    return std::get<PayOneWay>(world_.plan.actions[action].what);
  }
  // The business day that is open; null between two. A payment's date does not tell it: a day may
  // open on the eve of its date.
  const PlannedDay* OpenDay(LedgerIndex ledger) const;
  Agent* AgentOf(const PayOneWay& pay);
  void BeginDay(Agent& agent, const PlannedDay& day);
  // Notes what has fallen due by now.
  void AwaitReceipts(Agent& agent);
  // Has the strategy asked, about all that is held or what was not asked about yet.
  void Ask(Agent& agent, bool all);
  Statement StatementOf(const Agent& agent, const core::Ledger& ledger) const;
  void OnStatement(Agent& agent, bool all, const Statement& statement);
  void Decide(Agent& agent, bool all);
  Receipts ReceiptsOf(const Agent& agent) const;
  bool HasSettled(ActionIndex payment, const core::Ledger& ledger) const;
  study::BehaviourView ViewOf(const Agent& agent, const Held& held, const Receipts& receipts) const;
  void Tick(Agent& agent);
  void EndOverdue(Agent& agent);

  World& world_;
  const std::vector<std::unique_ptr<LedgerNode>>& ledgers_;
  HandIn hand_in_;
  End end_;
  std::map<std::pair<ParticipantIndex, LedgerIndex>, std::unique_ptr<Agent>> agents_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_AGENTS_H_
