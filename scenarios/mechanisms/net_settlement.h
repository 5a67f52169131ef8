// What mechanisms have in common that settle many trades as one settlement of their net positions:
// the positions, the payments that bring them to zero, and one try to settle them. Pure.
#ifndef CAUSEWAY_SCENARIOS_MECHANISMS_NET_SETTLEMENT_H_
#define CAUSEWAY_SCENARIOS_MECHANISMS_NET_SETTLEMENT_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "scenarios/spec/plan.h"
#include "settlement/core/amount.h"
#include "settlement/core/envelope.h"
#include "settlement/core/outcome.h"
#include "settlement/core/time.h"

namespace causeway::sim {

// A net debtor pays a net creditor.
struct NetLeg {
  LedgerIndex ledger = 0;
  ParticipantIndex from = 0;
  ParticipantIndex to = 0;
  core::Amount amount;

  friend bool operator==(const NetLeg&, const NetLeg&) = default;
};

// What each member pays (below zero) or gets on each ledger.
using NetPositions = std::map<std::pair<LedgerIndex, ParticipantIndex>, core::Amount>;
// Nothing when a position exceeds 64 bits.
std::optional<NetPositions> NetOf(const std::vector<SettlePvp>& trades);
// Payments that bring every position to zero: on each ledger at most one fewer than there are
// members. Positions of a ledger sum to zero, as those of NetOf do.
std::vector<NetLeg> LegsOf(const NetPositions& positions);

// One try to settle trades. Its payers sign one settlement with its legs, which is handed in once
// all have.
struct NetAttempt {
  std::uint32_t number = 0;  // counts them, from 1
  core::LedgerTime began;
  std::vector<ActionIndex> trades;
  std::vector<NetLeg> legs;
  std::set<ParticipantIndex> payers;
  std::map<ParticipantIndex, core::Signature> signatures;
  bool submitted = false;
};

// Whose payment a refusal is about: the payer's of that leg, or the payee's.
struct NetBlame {
  std::size_t leg = 0;  // position in NetAttempt::legs
  ParticipantIndex member = 0;
};

// The payers of an attempt shall sign, those who have not.
struct AskNetSignatures {
  std::uint32_t attempt = 0;
};
// All have signed: the settlement is to be handed in.
struct SubmitNetted {
  std::uint32_t attempt = 0;
};
// A trade has ended: kAccepted when it is settled.
struct TellTradeEnd {
  ActionIndex trade = 0;
  core::Rejection outcome;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_MECHANISMS_NET_SETTLEMENT_H_
