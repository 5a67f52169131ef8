// Exchanges on one ledger that carries all currencies, in virtual time: the party hands both signed
// sides in, or each hands in its own, and the corridor books them together.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_SHARED_LEDGER_MECHANISM_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_SHARED_LEDGER_MECHANISM_H_

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "scenarios/simulator/corridor_node.h"
#include "scenarios/simulator/entered_trades.h"

namespace causeway::sim {

// Both sides of an exchange as their payers sign them: always the same bytes. They may be booked
// until the end of the exchange's day.
ExchangeSides SignExchange(const Plan& plan, const KeyRing& keys, ActionIndex exchange);

class SharedLedgerMechanism : public Mechanism {
 public:
  SharedLedgerMechanism(World& world, const KeyRing& keys, CorridorNode& corridor);

  absl::Status Start() override { return absl::OkStatus(); }
  void Settle(ActionIndex action, Done done) override { trades_.Settle(action, std::move(done)); }
  std::optional<std::vector<Movement>> Moved() const override;

 private:
  // A message of a party arrives at the corridor.
  void Arrive(ActionIndex action, ParticipantIndex by);
  // Whether each side comes from its payer; else the party has both.
  bool Apart(ActionIndex action) const;

  World& world_;
  const KeyRing& keys_;
  CorridorNode& corridor_;
  EnteredTrades trades_;
  std::map<ActionIndex, ExchangeSides> signed_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_SHARED_LEDGER_MECHANISM_H_
