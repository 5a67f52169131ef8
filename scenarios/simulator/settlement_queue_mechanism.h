// A settlement queue in virtual time: parties hand their trades in to its operator, which has the
// bridge settle them one by one, and together those that lack liquidity for that.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_SETTLEMENT_QUEUE_MECHANISM_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_SETTLEMENT_QUEUE_MECHANISM_H_

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "scenarios/mechanisms/settlement_queue.h"
#include "scenarios/simulator/entered_trades.h"
#include "scenarios/simulator/ledger_node.h"
#include "scenarios/simulator/net_operator.h"

namespace causeway::sim {

class SettlementQueueOperator : public NetOperator<SettlementQueue> {
 public:
  SettlementQueueOperator(World& world, const KeyRing& keys,
                          const std::vector<std::unique_ptr<LedgerNode>>& ledgers,
                          BridgeNode& bridge, Tell tell);

  // A message of a member arrives.
  void Enter(ActionIndex action, ParticipantIndex by);
  void Withdraw(ActionIndex action, ParticipantIndex by);

 private:
  using NetOperator::Carry;

  std::unique_ptr<SettlementQueue> Make() const override {
    return std::make_unique<SettlementQueue>(world_.plan);
  }
  void Perform(const Effects& effects) override;
  void OnUp() override;
  Effects OnOutcome(SettlementQueue& machine, core::LedgerTime now, std::uint32_t attempt,
                    const core::Rejection& outcome,
                    const std::optional<NetBlame>& blame) const override;
  void ScheduleDay(core::BusinessDate date);
  // The next run after now, as long as the day lasts.
  void ScheduleRun(core::LedgerTime opens, core::LedgerTime closes);
  void Carry(const SettlementQueue::AskFunds& ask);
  // Asks the members, and again until they have answered or their time is over.
  void Ask(std::uint64_t run);
  // The member reads its own account on that ledger and says what it has.
  void AskOne(std::uint64_t run, SettlementQueue::Account account);

  const std::vector<std::unique_ptr<LedgerNode>>& ledgers_;
};

class SettlementQueueMechanism : public Mechanism {
 public:
  SettlementQueueMechanism(World& world, const KeyRing& keys,
                           const std::vector<std::unique_ptr<LedgerNode>>& ledgers,
                           BridgeNode& bridge);

  SimulatedNode* operator_node() override { return &operator_; }
  absl::Status Start() override { return operator_.Start(); }
  void Settle(ActionIndex action, Done done) override { trades_.Settle(action, std::move(done)); }
  std::optional<std::vector<Movement>> Moved() const override;
  std::optional<SettlementQueueResult> QueueFigures() const override;

 private:
  const Plan& plan_;
  SettlementQueueOperator operator_;
  EnteredTrades trades_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_SETTLEMENT_QUEUE_MECHANISM_H_
