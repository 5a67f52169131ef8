// Settling many trades as one settlement of their net positions: the positions, the payments that
// bring them to zero, and one try to settle them. Pure.
#ifndef CAUSEWAY_FX_BRIDGE_QUEUE_NET_SETTLEMENT_H_
#define CAUSEWAY_FX_BRIDGE_QUEUE_NET_SETTLEMENT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fx-bridge/queue/rules.h"
#include "settlement/core/amount.h"
#include "settlement/core/envelope.h"
#include "settlement/core/outcome.h"
#include "settlement/core/time.h"

namespace causeway::fx_queue {

// A net debtor pays a net creditor.
struct NetLeg {
  LedgerIndex ledger = 0;
  MemberIndex from = 0;
  MemberIndex to = 0;
  core::Amount amount;

  friend bool operator==(const NetLeg&, const NetLeg&) = default;
};

// What each member pays (below zero) or gets on each ledger.
using NetPositions = std::map<std::pair<LedgerIndex, MemberIndex>, core::Amount>;
// Nothing when a position exceeds 64 bits.
std::optional<NetPositions> NetOf(const std::vector<Trade>& trades);
// Payments that bring every position to zero: on each ledger at most one fewer than there are
// members. Positions of a ledger sum to zero, as those of NetOf do.
std::vector<NetLeg> LegsOf(const NetPositions& positions);

// One try to settle trades. Its payers sign one settlement with its legs, which is handed in once
// all have.
struct NetAttempt {
  std::uint32_t number = 0;  // counts them, from 1
  core::LedgerTime began;
  std::vector<TradeIndex> trades;
  std::vector<NetLeg> legs;
  std::set<MemberIndex> payers;
  std::map<MemberIndex, core::Signature> signatures;
  bool submitted = false;
  std::uint64_t run = 0;  // that selected its trades; 0: none, it is a trade tried alone
};

// Whose payment a refusal is about: the payer's of that leg, or the payee's.
struct NetBlame {
  std::size_t leg = 0;  // position in NetAttempt::legs
  MemberIndex member = 0;
};

// Whose payment a refusal is about: the payer of the leg that its rule names ("leg 3..."), or the
// payee when the rule names the payee's account, as `account_of(member, ledger)` gives it. Nothing
// for a refusal that names no leg, or that is the ledger's hours.
std::optional<NetBlame> BlameOf(
    const std::vector<NetLeg>& legs, const core::Rejection& rejection,
    const std::function<std::string(MemberIndex, LedgerIndex)>& account_of);

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
  TradeIndex trade = 0;
  core::Rejection outcome;
};

}  // namespace causeway::fx_queue

#endif  // CAUSEWAY_FX_BRIDGE_QUEUE_NET_SETTLEMENT_H_
