// Where exchanges are handed in to a ledger that carries both of their currencies: it waits until
// both sides are signed, and remembers which exchanges it has refused. What is booked the ledger
// itself knows. docs/mechanisms.md tells the rules. Pure.
#ifndef CAUSEWAY_SCENARIOS_MECHANISMS_EXCHANGE_DESK_H_
#define CAUSEWAY_SCENARIOS_MECHANISMS_EXCHANGE_DESK_H_

#include <array>
#include <map>
#include <optional>

#include "scenarios/spec/planned_mechanism.h"
#include "settlement/core/batch.h"
#include "settlement/core/command.h"
#include "settlement/core/hash.h"
#include "settlement/core/outcome.h"

namespace causeway::sim {

// What the two sides of an exchange pay, each signed by its payer: first the party's, then the
// counterparty's.
using ExchangeSides = std::array<std::optional<core::Item>, 2>;

// Names an exchange: SHA-256 over both payments, but for this hash. Each payment has it as
// private_data_hash, so that whoever signs one side has signed which other side it is for.
core::Hash256 ExchangeHashOf(const core::Pay& party, const core::Pay& counterparty);

class ExchangeDesk {
 public:
  using Refusals = std::map<ActionIndex, core::Rejection>;
  enum class Answer : std::uint8_t { kWaits, kReady, kRefused };

  // `refused` is what was refused in earlier lives. Sides that waited then are forgotten: nothing
  // was reserved for them, and whoever handed them in asks again.
  ExchangeDesk(const PlannedSharedLedger& terms, Refusals refused)
      : terms_(terms), refused_(std::move(refused)) {}

  // One side of an exchange, or both, come in. Of a side that is there already the first stands. An
  // exchange whose other side has not come within the matching time-out is refused
  // (kApprovalsMissing) when it is asked about.
  Answer HandIn(ActionIndex exchange, const ExchangeSides& given, core::LedgerTime now);
  // Of one that is ready: both are there.
  const ExchangeSides& SidesOf(ActionIndex exchange) const { return waiting_.at(exchange).sides; }

  // The end of one that was ready.
  void OnBooked(ActionIndex exchange) { waiting_.erase(exchange); }
  void Refuse(ActionIndex exchange, core::Rejection rejection);

  const Refusals& refused() const { return refused_; }

 private:
  struct Waiting {
    ExchangeSides sides;
    core::LedgerTime since;
  };

  PlannedSharedLedger terms_;
  std::map<ActionIndex, Waiting> waiting_;
  Refusals refused_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_MECHANISMS_EXCHANGE_DESK_H_
