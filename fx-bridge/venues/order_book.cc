#include "fx-bridge/venues/order_book.h"

#include <algorithm>

#include "fmt/format.h"
#include "settlement/core/check.h"

namespace causeway::bridge {
namespace {

core::Amount Less(core::Amount from, core::Amount by) {
  const auto rest = core::CheckedSub(from, by);
  CW_CHECK(rest.has_value() && !rest->IsNegative(), "an order is not filled beyond its quantity");
  return *rest;
}

std::optional<core::Rejection> CheckOrder(const Order& order) {
  if (order.owner.IsEmpty()) return Refusal(core::Outcome::kMalformed, "owner: must be set");
  if (order.base.has_value() == order.quote.has_value()) {
    return Refusal(core::Outcome::kMalformed, "quantity: set exactly one of base and quote");
  }
  const core::Amount quantity = order.base.has_value() ? *order.base : *order.quote;
  if (!quantity.IsPositive()) {
    return Refusal(
        core::Outcome::kAmountNotPositive,
        fmt::format("quantity: is {} minor units; must be more than zero", quantity.minor()));
  }
  const bool may_rest = order.time_in_force == TimeInForce::kGoodTillCancelled;
  if (may_rest && !order.limit.has_value()) {
    return Refusal(core::Outcome::kMalformed, "limit: an order that may rest needs one");
  }
  if (may_rest && order.quote.has_value()) {
    return Refusal(core::Outcome::kMalformed, "quantity: an order that may rest is in base");
  }
  return std::nullopt;
}

}  // namespace

std::optional<core::Rate> OrderBook::best_bid() const {
  if (bids_.empty()) return std::nullopt;
  return bids_.begin()->first;
}

std::optional<core::Rate> OrderBook::best_ask() const {
  if (asks_.empty()) return std::nullopt;
  return asks_.begin()->first;
}

// Walks the levels from the best. What is left of the order is counted in the currency that it was
// given in. A part whose quote side rounds to nothing cannot be settled and is not filled.
// Whether the rest may rest: it met nothing that it could have dealt with.
template <typename Levels>
bool OrderBook::MatchLevels(const Order& order, const Levels& levels, OrderResult& result) const {
  const int base_digits = pair_.base.minor_digits();
  const int quote_digits = pair_.quote.minor_digits();
  core::Amount left = order.base.has_value() ? *order.base : *order.quote;
  result.unfilled = left;
  for (const auto& [price, level] : levels) {
    if (order.limit && (order.buys_base ? price > *order.limit : price < *order.limit)) return true;
    for (const auto& [id, resting] : level) {
      if (resting.owner == order.owner) {
        if (order.self_trade == SelfTrade::kCancelIncoming) return false;
        result.cancelled.push_back(id);
        continue;
      }
      core::Amount base = resting.base;
      if (order.base) base = std::min(base, left);
      auto quote = core::ConvertBaseToQuote(base, price, base_digits, quote_digits,
                                            core::Rounding::kHalfEven);
      if (order.quote && (!quote || *quote > left)) {
        // The last part: all quote that is left, exactly.
        quote = left;
        const auto part = core::ConvertQuoteToBase(left, price, base_digits, quote_digits,
                                                   core::Rounding::kHalfEven);
        if (!part) return false;
        base = std::min(*part, resting.base);
      }
      if (!quote || !quote->IsPositive() || !base.IsPositive()) return false;
      result.fills.push_back({id, resting.owner, !order.buys_base, price, base, *quote});
      left = Less(left, order.base ? base : *quote);
      result.unfilled = left;
      if (left.IsZero()) return false;
    }
  }
  return true;
}

OrderResult OrderBook::Match(const Order& order) const {
  OrderResult result;
  const bool may_rest =
      order.buys_base ? MatchLevels(order, asks_, result) : MatchLevels(order, bids_, result);
  if (order.time_in_force == TimeInForce::kFillOrKill && !result.unfilled.IsZero()) {
    result = {};
    result.unfilled = order.base.has_value() ? *order.base : *order.quote;
  }
  if (order.time_in_force == TimeInForce::kGoodTillCancelled && may_rest) {
    std::swap(result.resting, result.unfilled);
  }
  result.id = last_id_ + 1;
  return result;
}

std::variant<OrderResult, core::Rejection> OrderBook::Preview(const Order& order) const {
  if (auto refused = CheckOrder(order)) return *std::move(refused);
  if (places_.size() >= kRestingOrdersMax &&
      order.time_in_force == TimeInForce::kGoodTillCancelled) {
    return Refusal(core::Outcome::kOverloaded, "too many orders rest; cancel some");
  }
  return Match(order);
}

std::variant<OrderResult, core::Rejection> OrderBook::Submit(const Order& order) {
  auto previewed = Preview(order);
  const auto* result = std::get_if<OrderResult>(&previewed);
  if (result == nullptr) return previewed;
  last_id_ = result->id;
  for (const OrderId id : result->cancelled) Remove(id);
  for (const Fill& fill : result->fills) Take(fill);
  if (result->resting.IsPositive()) {
    CW_CHECK(!Crosses(order.buys_base, *order.limit), "the book is never crossed");
    Rest(result->id, order.owner, order.buys_base, *order.limit, result->resting);
  }
  return previewed;
}

bool OrderBook::Cancel(const core::ParticipantId& owner, OrderId id) {
  const auto place = places_.find(id);
  if (place == places_.end()) return false;
  const Place& at = place->second;
  const Level& level = at.is_bid ? bids_.at(at.price) : asks_.at(at.price);
  if (level.at(id).owner != owner) return false;
  Remove(id);
  return true;
}

std::optional<OrderId> OrderBook::Restore(const Fill& fill) {
  if (Crosses(fill.maker_buys_base, fill.price)) return std::nullopt;
  Level& level = fill.maker_buys_base ? bids_[fill.price] : asks_[fill.price];
  if (!level.empty() && level.rbegin()->second.owner == fill.owner) {
    RestingOrder& last = level.rbegin()->second;
    const auto sum = core::CheckedAdd(last.base, fill.base);
    if (sum.has_value()) {
      last.base = *sum;
      return last.id;
    }
  }
  Rest(++last_id_, fill.owner, fill.maker_buys_base, fill.price, fill.base);
  return last_id_;
}

bool OrderBook::Crosses(bool buys_base, const core::Rate& price) const {
  if (buys_base) return !asks_.empty() && price >= asks_.begin()->first;
  return !bids_.empty() && price <= bids_.begin()->first;
}

void OrderBook::Take(const Fill& fill) {
  const Place& at = places_.at(fill.maker);
  RestingOrder& order =
      at.is_bid ? bids_.at(at.price).at(fill.maker) : asks_.at(at.price).at(fill.maker);
  order.base = Less(order.base, fill.base);
  if (order.base.IsZero()) Remove(fill.maker);
}

void OrderBook::Rest(OrderId id, const core::ParticipantId& owner, bool is_bid,
                     const core::Rate& price, core::Amount base) {
  Level& level = is_bid ? bids_[price] : asks_[price];
  level.emplace(id, RestingOrder{id, owner, base});
  places_.emplace(id, Place{is_bid, price});
}

void OrderBook::Remove(OrderId id) {
  const auto place = places_.find(id);
  CW_CHECK(place != places_.end(), "an order that is removed rests");
  const auto remove_from = [&](auto& levels) {
    const auto level = levels.find(place->second.price);
    level->second.erase(id);
    if (level->second.empty()) levels.erase(level);
  };
  if (place->second.is_bid) {
    remove_from(bids_);
  } else {
    remove_from(asks_);
  }
  places_.erase(place);
}

std::vector<std::pair<core::Rate, RestingOrder>> OrderBook::Side(bool bids) const {
  std::vector<std::pair<core::Rate, RestingOrder>> orders;
  const auto list = [&orders](const auto& levels) {
    for (const auto& [price, level] : levels) {
      for (const auto& [id, order] : level) orders.emplace_back(price, order);
    }
  };
  if (bids) {
    list(bids_);
  } else {
    list(asks_);
  }
  return orders;
}

}  // namespace causeway::bridge
