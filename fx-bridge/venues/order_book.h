// A central limit order book of one currency pair, with price-time priority. Quantities are whole
// minor units of base, prices exact decimals; each fill's other side is rounded once, half to even,
// between the two parties. Rules: docs/fx-venues.md.
//
// Pure. Thread-compatible.
#ifndef CAUSEWAY_FX_BRIDGE_VENUES_ORDER_BOOK_H_
#define CAUSEWAY_FX_BRIDGE_VENUES_ORDER_BOOK_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "fx-bridge/venues/venue.h"
#include "settlement/core/amount.h"
#include "settlement/core/rate.h"

namespace causeway::bridge {

using OrderId = std::uint64_t;

inline constexpr std::size_t kRestingOrdersMax = 1'000'000;  // of one book

enum class TimeInForce {
  kGoodTillCancelled,  // what does not match rests
  kImmediateOrCancel,  // what does not match is cancelled
  kFillOrKill,         // all of it matches, or nothing happens
};

// When an order meets one of the same owner.
enum class SelfTrade {
  kCancelIncoming,  // the rest of the incoming order is cancelled
  kCancelResting,   // the resting order is cancelled, and the incoming one goes on
};

struct Order {
  core::ParticipantId owner;
  bool buys_base = false;
  // Nothing: at any price (a market order, which never rests).
  std::optional<core::Rate> limit;
  // Exactly one is set. In quote currency only for orders that do not rest.
  std::optional<core::Amount> base;
  std::optional<core::Amount> quote;
  TimeInForce time_in_force = TimeInForce::kGoodTillCancelled;
  SelfTrade self_trade = SelfTrade::kCancelIncoming;
};

// One match, at the price of the order that rested.
struct Fill {
  OrderId maker = 0;
  core::ParticipantId owner;  // of the order that rested
  bool maker_buys_base = false;
  core::Rate price;
  core::Amount base;
  core::Amount quote;
};

struct OrderResult {
  OrderId id = 0;
  std::vector<Fill> fills;         // in the order of matching
  core::Amount resting;            // base
  core::Amount unfilled;           // cancelled at once; in the currency that the order was given in
  std::vector<OrderId> cancelled;  // resting orders of the same owner
};

struct RestingOrder {
  OrderId id = 0;
  core::ParticipantId owner;
  core::Amount base;
};

class OrderBook {
 public:
  explicit OrderBook(const CurrencyPair& pair) : pair_(pair) {}

  // Refuses: kMalformed when not exactly one quantity is set, or an order that may rest has no
  // limit or is given in quote currency; kAmountNotPositive; kOverloaded. A fill-or-kill order that
  // cannot be filled has no fills and all of it unfilled.
  std::variant<OrderResult, core::Rejection> Submit(const Order& order);
  // What Submit would do now.
  std::variant<OrderResult, core::Rejection> Preview(const Order& order) const;
  // False when no such order rests, or it is another's.
  bool Cancel(const core::ParticipantId& owner, OrderId id);
  // A fill that did not settle: its maker's quantity rests again behind all others at its price (in
  // its owner's order when that is the last there, else as a new one), unless it would cross the
  // book then: in that case it is cancelled. The id under which it rests.
  std::optional<OrderId> Restore(const Fill& fill);

  const CurrencyPair& pair() const { return pair_; }
  std::optional<core::Rate> best_bid() const;
  std::optional<core::Rate> best_ask() const;
  std::size_t size() const { return places_.size(); }
  // In priority order.
  std::vector<std::pair<core::Rate, RestingOrder>> Side(bool bids) const;

 private:
  // Ids rise with arrival, so that a level in id order is in time order.
  using Level = absl::btree_map<OrderId, RestingOrder>;
  using Asks = absl::btree_map<core::Rate, Level, std::less<>>;
  using Bids = absl::btree_map<core::Rate, Level, std::greater<>>;
  struct Place {
    bool is_bid = false;
    core::Rate price;
  };

  OrderResult Match(const Order& order) const;
  template <typename Levels>
  bool MatchLevels(const Order& order, const Levels& levels, OrderResult& result) const;
  void Take(const Fill& fill);
  void Rest(OrderId id, const core::ParticipantId& owner, bool is_bid, const core::Rate& price,
            core::Amount base);
  void Remove(OrderId id);
  bool Crosses(bool buys_base, const core::Rate& price) const;

  CurrencyPair pair_;
  Bids bids_;
  Asks asks_;
  absl::btree_map<OrderId, Place> places_;
  OrderId last_id_ = 0;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_VENUES_ORDER_BOOK_H_
