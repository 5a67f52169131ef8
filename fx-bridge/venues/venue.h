// What all FX venues have in common: whoever wants to deal asks with one exact amount, gets an
// offer with every transfer fixed to the minor unit, takes it, and the transfers settle all or
// none. docs/fx-venues.md has the rules of each venue.
//
//   Price    what a request would get now; changes nothing
//   Reserve  the same as an offer that stands until it expires: what it needs is set aside
//   Accept   the taker took it (for some dealers, after a last look): it stands until it ends
//   Settle   its transfers were made
//   Release  they never will be: what was set aside is free again
//   Expire   releases offers that nobody took in time
//
// Pure: time is given. Thread-compatible.
#ifndef CAUSEWAY_FX_BRIDGE_VENUES_VENUE_H_
#define CAUSEWAY_FX_BRIDGE_VENUES_VENUE_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/btree_map.h"
#include "settlement/core/currency.h"
#include "settlement/core/ids.h"
#include "settlement/core/outcome.h"
#include "settlement/core/rate.h"
#include "settlement/core/settlement.h"
#include "settlement/core/time.h"

namespace causeway::bridge {

// Price is quote currency per unit of base currency.
struct CurrencyPair {
  core::Currency base;
  core::Currency quote;

  friend auto operator<=>(const CurrencyPair&, const CurrencyPair&) = default;
};

// Open offers of one venue at a time.
inline constexpr std::size_t kOffersMax = 100'000;

struct TradeRequest {
  core::ParticipantId taker;
  core::Currency sell;
  core::Currency buy;
  // Exactly one is set: the dealt amount, which stays exact.
  std::optional<core::Amount> sell_amount;
  std::optional<core::Amount> buy_amount;
};

struct Transfer {
  core::ParticipantId payer;
  core::ParticipantId payee;
  core::Money amount;

  friend bool operator==(const Transfer&, const Transfer&) = default;
};

using OfferId = std::uint64_t;

struct Offer {
  OfferId id = 0;  // 0: of Price, nothing stands
  core::ParticipantId taker;
  core::Money sell;
  core::Money buy;
  // The taker's payments sum to `sell` and what it is paid to `buy`.
  std::vector<Transfer> transfers;
  core::LedgerTime expires;
};

class Venue {
 public:
  virtual ~Venue() = default;

  // Pairs that it may quote, sorted, each once.
  virtual std::vector<CurrencyPair> pairs() const = 0;

  // Refuses: kMalformed when not exactly one amount is set or the currencies are equal,
  // kAmountNotPositive, kAmountOverflow, kNoRate when the pair, the amount or the side is not to be
  // had (the message says which).
  std::variant<Offer, core::Rejection> Price(core::LedgerTime now,
                                             const TradeRequest& request) const;
  // The same, and kOverloaded.
  std::variant<Offer, core::Rejection> Reserve(core::LedgerTime now, const TradeRequest& request);
  // Refuses: kUnknownQuote; kQuoteExpired, also when a last look refuses. A refused offer is
  // released. Once accepted it does not expire; to accept it again changes nothing.
  std::optional<core::Rejection> Accept(core::LedgerTime now, OfferId id);
  // False when the venue has no such offer, and for Settle when it was not accepted.
  bool Settle(core::LedgerTime now, OfferId id);
  bool Release(core::LedgerTime now, OfferId id);
  void Expire(core::LedgerTime now);

  std::size_t open_offers() const { return open_.size(); }

 protected:
  // Of a request that is well formed.
  virtual std::variant<Offer, core::Rejection> DoPrice(core::LedgerTime now,
                                                       const TradeRequest& request) const = 0;
  // Sets aside what an offer that DoPrice just gave needs.
  virtual void DoReserve(const TradeRequest& request, const Offer& offer) = 0;
  virtual void DoSettle(core::LedgerTime now, const Offer& offer) = 0;
  virtual void DoRelease(const Offer& offer) = 0;
  // Why the dealer does not stand by an offer that is taken; nothing: it does.
  virtual std::optional<core::Rejection> LastLook(core::LedgerTime now, const Offer& offer) const;

 private:
  struct Open {
    Offer offer;
    bool accepted = false;
  };
  using OpenOffers = absl::btree_map<OfferId, Open>;
  void Drop(OpenOffers::iterator place);

  OpenOffers open_;
  absl::btree_map<std::pair<core::LedgerTime, OfferId>, bool> by_expiry_;  // not accepted ones
  OfferId last_id_ = 0;
};

core::Rejection Refusal(core::Outcome outcome, std::string message);

// Of an offer with one counterparty: the taker pays it `sell` and it pays the taker `buy`.
Offer BilateralOffer(const core::ParticipantId& taker, const core::ParticipantId& counterparty,
                     const core::Money& sell, const core::Money& buy, core::LedgerTime expires);

// Whether `offer` is better than `other` for a taker with this request: more for an exact sale, or
// less for an exact purchase.
bool IsBetter(const TradeRequest& request, const Offer& offer, const Offer& other);

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_VENUES_VENUE_H_
