// What a settlement queue is about and how it works: trades between members, named by numbers that
// its user gives them, and the rules by which those that wait are settled. Plain values.
#ifndef CAUSEWAY_FX_BRIDGE_QUEUE_RULES_H_
#define CAUSEWAY_FX_BRIDGE_QUEUE_RULES_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "settlement/core/amount.h"
#include "settlement/core/time.h"

namespace causeway::fx_queue {

using LedgerIndex = std::uint32_t;
using MemberIndex = std::uint32_t;
using TradeIndex = std::uint32_t;

// Each of the two pays the other, in different currencies.
struct Trade {
  MemberIndex party = 0;
  MemberIndex counterparty = 0;
  LedgerIndex party_ledger = 0;  // of what the party pays
  LedgerIndex counterparty_ledger = 0;
  core::Amount party_amount;
  core::Amount counterparty_amount;

  friend bool operator==(const Trade&, const Trade&) = default;
};

// Which of the trades that wait settle together. Numbers are those of
// causeway.v1.SettlementSelection and of queue logs.
enum class SettlementSelection : std::uint8_t {
  kNone = 1,     // one by one only
  kLargest = 2,  // the largest set that keeps first in, first out by bank and currency
  kGreedy = 3,   // in any order, a set that no further trade could join
  kExact = 4,    // in any order, the set of most value among those that wait longest
};
// "largest": as in reports.
std::string_view SettlementSelectionName(SettlementSelection selection);
std::optional<SettlementSelection> SettlementSelectionFromNumber(std::uint8_t number);

struct QueueRules {
  core::Duration every;  // between runs
  SettlementSelection selection = SettlementSelection::kLargest;
  bool bypass = false;                     // what can settle alone passes what waits before it
  core::Duration answer_timeout;           // for members to say what they have, and to sign
  std::optional<core::Duration> wait_max;  // none: until the queue closes
  std::uint32_t exact_max = 0;             // trades that the exact solver looks at

  // First in, first out by bank and currency, of what settles alone and of what is selected.
  bool ReleasesInOrder() const {
    return !bypass &&
           (selection == SettlementSelection::kNone || selection == SettlementSelection::kLargest);
  }
  bool SelectsInOrder() const {
    return selection == SettlementSelection::kLargest ||
           (selection == SettlementSelection::kNone && !bypass);
  }

  friend bool operator==(const QueueRules&, const QueueRules&) = default;
};

}  // namespace causeway::fx_queue

#endif  // CAUSEWAY_FX_BRIDGE_QUEUE_RULES_H_
