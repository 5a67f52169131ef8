#include "fx-bridge/venues/book_venue.h"

#include <utility>

#include "fmt/format.h"
#include "settlement/core/check.h"

namespace causeway::bridge {

std::variant<Order, core::Rejection> BookVenue::OrderOf(const TradeRequest& request) const {
  const CurrencyPair& pair = book_.pair();
  const bool buys_base = request.buy == pair.base;
  if ((buys_base ? CurrencyPair{request.buy, request.sell}
                 : CurrencyPair{request.sell, request.buy}) != pair) {
    return Refusal(core::Outcome::kNoRate,
                   fmt::format("the book of {}/{} does not quote {} for {}", pair.base.code(),
                               pair.quote.code(), request.sell.code(), request.buy.code()));
  }
  Order order;
  order.owner = request.taker;
  order.buys_base = buys_base;
  (buys_base ? order.base : order.quote) = request.buy_amount;
  if (request.sell_amount) (buys_base ? order.quote : order.base) = request.sell_amount;
  order.time_in_force = TimeInForce::kFillOrKill;
  return order;
}

std::variant<Offer, core::Rejection> BookVenue::DoPrice(core::LedgerTime now,
                                                        const TradeRequest& request) const {
  auto order = OrderOf(request);
  if (auto* refused = std::get_if<core::Rejection>(&order)) return std::move(*refused);
  auto previewed = book_.Preview(std::get<Order>(order));
  if (auto* refused = std::get_if<core::Rejection>(&previewed)) return std::move(*refused);
  const auto& result = std::get<OrderResult>(previewed);
  if (result.fills.empty()) {
    return Refusal(core::Outcome::kNoRate, "the book does not hold enough for this amount");
  }
  if (result.fills.size() > kFillsMax) {
    return Refusal(core::Outcome::kNoRate,
                   fmt::format("{} orders would be met, of at most {}; deal in smaller amounts",
                               result.fills.size(), kFillsMax));
  }
  Offer offer;
  offer.taker = request.taker;
  offer.sell = {request.sell, core::Amount::Zero()};
  offer.buy = {request.buy, core::Amount::Zero()};
  offer.expires = now + validity_;
  for (const Fill& fill : result.fills) {
    const core::Amount sold = fill.maker_buys_base ? fill.base : fill.quote;
    const core::Amount bought = fill.maker_buys_base ? fill.quote : fill.base;
    const auto sell = core::CheckedAdd(offer.sell.amount, sold);
    const auto buy = core::CheckedAdd(offer.buy.amount, bought);
    if (!sell || !buy) {
      return Refusal(core::Outcome::kAmountOverflow, "the other side would not fit 64 bits");
    }
    offer.sell.amount = *sell;
    offer.buy.amount = *buy;
    offer.transfers.push_back({request.taker, fill.owner, {request.sell, sold}});
    offer.transfers.push_back({fill.owner, request.taker, {request.buy, bought}});
  }
  return offer;
}

void BookVenue::DoReserve(const TradeRequest& request, const Offer& offer) {
  const auto order = OrderOf(request);
  CW_CHECK(std::holds_alternative<Order>(order), "a request that was priced is an order");
  auto submitted = book_.Submit(std::get<Order>(order));
  auto* result = std::get_if<OrderResult>(&submitted);
  CW_CHECK(result != nullptr && 2 * result->fills.size() == offer.transfers.size(),
           "an order meets what its preview met");
  taken_.emplace(offer.id, std::move(result->fills));
}

void BookVenue::DoSettle(core::LedgerTime, const Offer& offer) {
  CW_CHECK(taken_.erase(offer.id) == 1, "a reserved offer holds its fills");
}

void BookVenue::DoRelease(const Offer& offer) {
  const auto place = taken_.find(offer.id);
  CW_CHECK(place != taken_.end(), "a reserved offer holds its fills");
  for (const Fill& fill : place->second) book_.Restore(fill);
  taken_.erase(place);
}

}  // namespace causeway::bridge
