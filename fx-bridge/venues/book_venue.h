// A limit order book as a venue: a request is a fill-or-kill market order, and the offer has two
// transfers for each order that it meets. The orders met are taken from the book when the offer is
// reserved; when it ends unsettled they rest again, behind the others at their price.
#ifndef CAUSEWAY_FX_BRIDGE_VENUES_BOOK_VENUE_H_
#define CAUSEWAY_FX_BRIDGE_VENUES_BOOK_VENUE_H_

#include <vector>

#include "absl/container/btree_map.h"
#include "fx-bridge/venues/order_book.h"
#include "fx-bridge/venues/venue.h"

namespace causeway::bridge {

// Of one request: bounds the legs of its settlement.
inline constexpr std::size_t kFillsMax = 64;

class BookVenue : public Venue {
 public:
  explicit BookVenue(const CurrencyPair& pair,
                     core::Duration validity = core::Duration::FromSeconds(10))
      : book_(pair), validity_(validity) {}

  std::vector<CurrencyPair> pairs() const override { return {book_.pair()}; }
  // To place and cancel orders. Fills of such an order are the caller's to settle.
  OrderBook& book() { return book_; }
  const OrderBook& book() const { return book_; }

 protected:
  std::variant<Offer, core::Rejection> DoPrice(core::LedgerTime now,
                                               const TradeRequest& request) const override;
  void DoReserve(const TradeRequest& request, const Offer& offer) override;
  void DoSettle(core::LedgerTime now, const Offer& offer) override;
  void DoRelease(const Offer& offer) override;

 private:
  std::variant<Order, core::Rejection> OrderOf(const TradeRequest& request) const;

  OrderBook book_;
  core::Duration validity_;
  absl::btree_map<OfferId, std::vector<Fill>> taken_;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_VENUES_BOOK_VENUE_H_
