// A settlement institution in virtual time: members hand in trades and pay in on the ledgers, to
// the institution's accounts there; it settles on its books and pays out.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_CLS_MECHANISM_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_CLS_MECHANISM_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "scenarios/mechanisms/settlement_institution.h"
#include "scenarios/simulator/entered_trades.h"
#include "scenarios/simulator/ledger_node.h"

namespace causeway::sim {

class ClsInstitution : public MachineNode<SettlementInstitution> {
 public:
  using Tell = std::function<void(const SettlementInstitution::Tell&)>;

  ClsInstitution(World& world, const KeyRing& keys,
                 const std::vector<std::unique_ptr<LedgerNode>>& ledgers, Tell tell);

  // A message of a member arrives.
  void Enter(ActionIndex action, ParticipantIndex by);
  const SettlementInstitution* institution() const { return machine(); }

 private:
  using Transfer = SettlementInstitution::Transfer;

  std::unique_ptr<SettlementInstitution> Make() const override {
    return std::make_unique<SettlementInstitution>(world_.plan);
  }
  void Perform(const Effects& effects) override;
  void OnUp() override;
  void ScheduleDay(core::BusinessDate date);
  void ScheduleSession(std::uint32_t number, core::LedgerTime begins);
  void At(core::LedgerTime time, Event event);
  // Asks the member to pay, and again until the money is there or nobody waits for it.
  void AskPayIn(const Transfer& transfer);
  // At the member: it pays on the ledger and says so.
  void PayIn(const Transfer& transfer);
  // Looks on the ledger what became of it.
  void Verify(const Transfer& transfer);
  // Of the payment: the end of the day of its session, so that its bytes are always the same.
  core::LedgerTime ValidUntil(const Transfer& transfer) const;
  void PayOut(const Transfer& transfer);
  core::Item MakePayment(const Transfer& transfer, bool pay_in) const;
  core::InstructionKey KeyOf(const Transfer& transfer, bool pay_in) const;

  const KeyRing& keys_;
  const std::vector<std::unique_ptr<LedgerNode>>& ledgers_;
  Tell tell_;
};

class ClsMechanism : public Mechanism {
 public:
  ClsMechanism(World& world, const KeyRing& keys,
               const std::vector<std::unique_ptr<LedgerNode>>& ledgers);

  SimulatedNode* operator_node() override { return &institution_; }
  absl::Status Start() override { return institution_.Start(); }
  void Settle(ActionIndex action, Done done) override { trades_.Settle(action, std::move(done)); }
  std::optional<std::vector<Movement>> Moved() const override;

 private:
  World& world_;
  ClsInstitution institution_;
  EnteredTrades trades_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_CLS_MECHANISM_H_
