// Gridlock resolution over several currencies: settlements of payment versus payment that wait,
// with legs on several ledgers, and which of them could settle together.
//
// A settlement's legs stay together: a set of settlements has all legs of each or none. It settles
// when every account that pays in it covers its net over the set. Bech and Soramaki's algorithm for
// one currency carries over to linked legs, see LargestSet. Plain data, no clock, no input or
// output; carrying a set out (holds on every ledger, one decision for all) is the bridge's.
#ifndef CAUSEWAY_FX_BRIDGE_LIQUIDITY_PVP_QUEUE_H_
#define CAUSEWAY_FX_BRIDGE_LIQUIDITY_PVP_QUEUE_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "settlement/core/amount.h"

namespace causeway::fx_liquidity {

using AccountIndex = std::uint32_t;
using CurrencyIndex = std::uint32_t;

inline constexpr std::uint32_t kAccountsMax = 10'000'000;
inline constexpr std::uint32_t kSettlementsMax = 100'000'000;
inline constexpr std::uint32_t kLegsPerSettlementMax = 64;
// All funds and all amounts of one queue add up to no more than this, so no sum can overflow.
inline constexpr std::int64_t kTotalMinorMax = std::int64_t{1} << 60;
inline constexpr std::uint32_t kExactSettlementsMax = 28;

// What one bank has of one currency to settle with, credit included; at least zero.
struct Account {
  CurrencyIndex currency = 0;
  core::Amount funds;
};

// A payment between two accounts of one currency; more than zero.
struct Leg {
  AccountIndex payer = 0;
  AccountIndex payee = 0;
  core::Amount amount;
};

// The settlements that wait, in the order of their queues. Each account's queue is those of them
// that it pays a leg of, in the same order.
struct PvpQueue {
  std::uint32_t currencies = 0;
  std::vector<Account> accounts;
  std::vector<Leg> legs;                  // of the first settlement, of the second, ...
  std::vector<std::uint32_t> first_legs;  // of each settlement; and at the end legs.size()
  // What each settlement counts for when sets are compared, in one unit of account for all: what
  // currencies are worth is the caller's to say. At least zero.
  std::vector<core::Amount> values;

  std::uint32_t size() const { return static_cast<std::uint32_t>(values.size()); }
  // Appends a settlement.
  void Add(const std::vector<Leg>& settlement_legs, core::Amount value);
};

// InvalidArgument when `queue` is not sound; the message names the settlement and the field. All
// functions below need a sound queue.
absl::Status CheckQueue(const PvpQueue& queue);

enum class Order : std::uint8_t {
  kFree,  // any settlements
  kKept,  // of each account's queue only the first so many: first in, first out by bank and
          // currency
};

// One value for each settlement of the queue.
using Selection = std::vector<bool>;

// Whether the set could settle: funds + received - paid >= 0 in every account, and the order.
bool IsFeasible(const PvpQueue& queue, const Selection& set, Order order);

// The largest set that keeps the order of every queue; of all such sets it contains every other, so
// it is the best in number, in value at any prices, and in every currency at once. Time and memory
// linear in the number of legs.
//
// From all that waits, an account that is short drops the last settlement of its queue that is
// still in; what stands behind a dropped settlement in the queue of any account that pays a leg of
// it goes too; until no account is short. The order in which accounts drop does not matter. For let
// S be a set that keeps the order and is covered, contained in the current set, which keeps the
// order. An account that has no more of its queue in the current set than in S receives at least
// what it does in S, so it is not short. A short one therefore has more, and its last one is not in
// S; neither is what stands behind that in any queue, as S keeps the order. So the current set
// never loses any of S.
Selection LargestSet(const PvpQueue& queue);

// A set that leaves the order where that settles more: no single further settlement could join it.
// Not the best one: finding that is NP-hard already in one currency.
Selection GreedySet(const PvpQueue& queue);

// The set of most value; of those, of most settlements; of those, with the earliest: of two sets
// the one that has the first settlement in which they differ. At most kExactSettlementsMax
// settlements.
Selection SolveExactly(const PvpQueue& queue, Order order);

enum class QueueState : std::uint8_t {
  kEmpty,
  kGridlock,   // some settlements that wait could settle together
  kDeadlock,   // none could
  kUndecided,  // with Order::kFree, when none was found among too many to look at all
};
QueueState Diagnose(const PvpQueue& queue, Order order);

// What settling a set at once spares, in one currency.
struct Saving {
  core::Amount settled;  // the value of the legs
  // What accounts would have had to hold together to settle the set's settlements one by one, in
  // the order of the queue: the sum of how far below zero each account's running position goes.
  core::Amount needed_one_by_one;
  core::Amount needed_together;  // the same for the set: the sum of the net debits
};
std::vector<Saving> SavingsOf(const PvpQueue& queue, const Selection& set);  // by currency

core::Amount ValueOf(const PvpQueue& queue, const Selection& set);
std::uint32_t CountOf(const Selection& set);

}  // namespace causeway::fx_liquidity

#endif  // CAUSEWAY_FX_BRIDGE_LIQUIDITY_PVP_QUEUE_H_
