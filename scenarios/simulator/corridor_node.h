// One ledger for all currencies, in virtual time: the books of the currencies are parts of one
// process, which writes them to one disk. Payments in one currency it executes as any ledger does;
// an exchange it executes as one command, whose two payments are booked in the same write: both
// become durable, or neither does.
//
// What it leaves out: it is one process. The validators of a distributed ledger would have to agree
// on each write, which costs a round trip or more between them; what they agree on is the same.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_CORRIDOR_NODE_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_CORRIDOR_NODE_H_

#include <memory>
#include <optional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "scenarios/mechanisms/exchange_desk.h"
#include "scenarios/simulator/ledger_node.h"
#include "scenarios/simulator/simulated_node.h"
#include "scenarios/spec/actor.h"

namespace causeway::sim {

class CorridorNode;

// The book of one currency. It has a log of its own, and everything else is the corridor's.
class CorridorBook final : public LedgerNode {
 public:
  using LedgerNode::Executed;

  CorridorBook(CorridorNode& corridor, World& world, LedgerIndex ledger, const KeyRing& keys,
               std::shared_ptr<const core::SignatureVerifier> verifier, ObserverNode* observer);

  void Submit(std::shared_ptr<const std::vector<core::Item>> items,
              ItemsCallback callback) override;
  void Read(ReadCallback callback) override;
  bool at_rest() const override;

  // For the corridor.
  using LedgerNode::Execute;
  using LedgerNode::PublishAll;
  using LedgerNode::Refuse;
  using LedgerNode::Show;
  using LedgerNode::StopWithHost;

 private:
  CorridorNode& corridor_;
};

// The instruction that books one side of an exchange on its book.
core::InstructionKey ExchangeKeyOf(const Plan& plan, ActionIndex exchange, bool counterparty);

class CorridorNode : public SimulatedNode {
 public:
  // Runs at the corridor when the outcome of an exchange is durable: kAccepted when it is booked.
  // Not at all while the other side is not there, or when the node stops.
  using OutcomeCallback = absl::AnyInvocable<void(const core::Rejection&)>;

  explicit CorridorNode(World& world);

  // The book of a ledger of the plan, in their order; before Start.
  std::unique_ptr<LedgerNode> MakeBook(
      LedgerIndex ledger, const KeyRing& keys,
      const std::shared_ptr<const core::SignatureVerifier>& verifier, ObserverNode* observer);
  using SimulatedNode::Start;

  // Messages arrive.
  void HandIn(ActionIndex exchange, ExchangeSides sides, OutcomeCallback callback);
  void Submit(CorridorBook& book, std::shared_ptr<const std::vector<core::Item>> items,
              LedgerNode::ItemsCallback callback);
  void Read(CorridorBook& book, LedgerNode::ReadCallback callback);

  bool at_rest() const { return up() && !busy_; }
  // Whether it is booked, as far as the books have come. While the node is up.
  bool IsBooked(ActionIndex exchange) const;

 private:
  // A message, and what came of it.
  struct Waiting {
    CorridorBook* book = nullptr;  // null for an exchange
    std::shared_ptr<const std::vector<core::Item>> items;
    LedgerNode::ItemsCallback on_items;
    LedgerNode::ReadCallback on_read;
    ActionIndex exchange = 0;
    ExchangeSides sides;
    OutcomeCallback on_outcome;

    std::vector<std::pair<CorridorBook*, CorridorBook::Executed>> executed;
    std::optional<core::Rejection> outcome;
  };

  absl::Status Boot() override;
  void Stop() override;
  void Enqueue(Waiting waiting);
  void Begin();
  absl::Status Execute(Waiting& waiting);
  absl::Status Exchange(Waiting& waiting);
  // kAccepted when both sides would settle now, and are of the same exchange.
  core::Rejection Check(const SettlePvp& trade, const ExchangeSides& sides) const;
  void Finish(std::vector<Waiting>& taken);
  // No exchange is booked on one side alone.
  void CheckAllOrNone() const;
  std::optional<core::InstructionStatus> StatusOf(ActionIndex exchange, bool counterparty) const;

  std::vector<CorridorBook*> books_;  // by ledger
  std::optional<ExchangeDesk> desk_;  // while it is up
  ExchangeDesk::Refusals refused_;    // that are durable
  std::vector<Waiting> queue_;
  bool busy_ = false;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_CORRIDOR_NODE_H_
