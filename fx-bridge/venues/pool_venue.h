// An automated market maker as a venue. The pool's money lies on the accounts of one participant.
//
// Trades settle later than they are priced, and may fail. A request is therefore priced as if every
// pending trade in its direction had settled and none in the other: whichever of them settle, in
// whichever order, the invariant ends no lower than it began (docs/fx-venues.md has the proof).
#ifndef CAUSEWAY_FX_BRIDGE_VENUES_POOL_VENUE_H_
#define CAUSEWAY_FX_BRIDGE_VENUES_POOL_VENUE_H_

#include <memory>
#include <vector>

#include "fx-bridge/venues/pool.h"
#include "fx-bridge/venues/venue.h"

namespace causeway::bridge {

class PoolVenue : public Venue {
 public:
  struct Options {
    core::ParticipantId owner;
    CurrencyPair pair;
    Reserves reserves;  // both above zero
    std::shared_ptr<const PoolCurve> curve;
    core::Duration validity = core::Duration::FromSeconds(30);
  };
  // InvalidArgument names the field.
  static absl::StatusOr<std::unique_ptr<PoolVenue>> Create(Options options);

  std::vector<CurrencyPair> pairs() const override { return {options_.pair}; }
  // What settled trades made of them.
  const Reserves& reserves() const { return options_.reserves; }
  const PoolCurve& curve() const { return *options_.curve; }

 protected:
  std::variant<Offer, core::Rejection> DoPrice(core::LedgerTime now,
                                               const TradeRequest& request) const override;
  void DoReserve(const TradeRequest& request, const Offer& offer) override;
  void DoSettle(const Offer& offer) override;
  void DoRelease(const Offer& offer) override;

 private:
  // Sums over pending trades of one direction.
  struct Pending {
    core::Amount in;
    core::Amount out;
  };
  explicit PoolVenue(Options options) : options_(std::move(options)) {}
  bool SellsBase(const Offer& offer) const { return offer.sell.currency == options_.pair.base; }
  Pending& PendingOf(const Offer& offer) {
    return SellsBase(offer) ? base_sellers_ : quote_sellers_;
  }

  Options options_;
  Pending base_sellers_;
  Pending quote_sellers_;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_VENUES_POOL_VENUE_H_
