// An automated market maker as a venue. The pool's money lies on the accounts of one participant.
//
// Trades settle later than they are priced, and may fail. A request is therefore priced as if every
// pending trade in its direction had settled and none in the other: whichever of them settle, in
// whichever order, the invariant ends no lower than it began (docs/fx-venues.md has the proof).
// What was priced on a curve settles on it: a moving price scale moves while no trade is pending.
#ifndef CAUSEWAY_FX_BRIDGE_VENUES_POOL_VENUE_H_
#define CAUSEWAY_FX_BRIDGE_VENUES_POOL_VENUE_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "fx-bridge/venues/moving_peg.h"
#include "fx-bridge/venues/pool.h"
#include "fx-bridge/venues/venue.h"

namespace causeway::bridge {

class PoolVenue : public Venue {
 public:
  // A hybrid curve whose price scale moves; its pair is the pool's.
  struct MovingCurve {
    HybridPool::Options pool;
    PegRules rules;
  };
  struct Options {
    core::ParticipantId owner;
    CurrencyPair pair;
    Reserves reserves;  // both above zero
    // Exactly one of the two.
    std::shared_ptr<const PoolCurve> curve;
    std::optional<MovingCurve> moving;
    core::Duration validity = core::Duration::FromSeconds(30);
  };
  // InvalidArgument names the field.
  static absl::StatusOr<std::unique_ptr<PoolVenue>> Create(Options options);

  std::vector<CurrencyPair> pairs() const override { return {options_.pair}; }
  // What settled trades made of them.
  const Reserves& reserves() const { return options_.reserves; }
  // As it stands.
  const PoolCurve& curve() const { return peg_ ? peg_->pool() : *options_.curve; }
  // Null when the price scale does not move.
  const MovingPeg* peg() const { return peg_ ? &*peg_ : nullptr; }

 protected:
  std::variant<Offer, core::Rejection> DoPrice(core::LedgerTime now,
                                               const TradeRequest& request) const override;
  void DoReserve(const TradeRequest& request, const Offer& offer) override;
  void DoSettle(core::LedgerTime now, const Offer& offer) override;
  void DoRelease(const Offer& offer) override;

 private:
  // Sums over pending trades of one direction.
  struct Pending {
    core::Amount in;
    core::Amount out;
  };
  PoolVenue(Options options, std::optional<MovingPeg> peg)
      : options_(std::move(options)), peg_(std::move(peg)) {}
  bool SellsBase(const Offer& offer) const { return offer.sell.currency == options_.pair.base; }
  Pending& PendingOf(const Offer& offer) {
    return SellsBase(offer) ? base_sellers_ : quote_sellers_;
  }
  void Withdraw(const Offer& offer);  // from what is pending
  void RestPeg();                     // when nothing is pending

  Options options_;
  std::optional<MovingPeg> peg_;
  std::size_t pending_count_ = 0;
  Pending base_sellers_;
  Pending quote_sellers_;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_VENUES_POOL_VENUE_H_
