// Rates that a provider posts: a bid and an ask per pair, better or worse in bands of the amount,
// for as long as they are valid. Pure functions.
#ifndef CAUSEWAY_FX_BRIDGE_VENUES_POSTED_RATE_H_
#define CAUSEWAY_FX_BRIDGE_VENUES_POSTED_RATE_H_

#include <optional>
#include <string>
#include <vector>

#include "fx-bridge/venues/venue.h"

namespace causeway::bridge {

// From this base amount on, until the next tier begins.
struct RateTier {
  core::Amount base_amount_from;
  core::Rate bid;
  core::Rate ask;
};

// What a provider posts on the board.
struct BoardRate {
  CurrencyPair pair;
  core::Rate bid;  // the provider buys base at this
  core::Rate ask;  // and sells it at this; ask >= bid
  // The largest base amount of one quote, in minor units; zero: no limit.
  core::Amount base_amount_max = {};
  // In ascending order; below the first the rates above apply. The whole amount is at one rate.
  std::vector<RateTier> tiers = {};
  // Quoted up to and including this time.
  core::LedgerTime valid_until = core::LedgerTime::Max();
};

// What is wrong with a posted rate; empty: nothing. Tiers must begin above zero and rise, stay
// within base_amount_max, and have no ask below its bid.
std::string CheckBoardRate(const BoardRate& rate);

enum class PostedAnswer {
  kPriced,
  kOtherPair,    // not the currencies that were asked for
  kExpired,      // not valid any more
  kNotInAmount,  // above the largest amount, or the other side rounds to nothing
  kOverflow,     // the other side would not fit 64-bit minor units
};

struct PostedPrice {
  PostedAnswer answer = PostedAnswer::kOtherPair;
  // The rest when kPriced.
  core::Rate bid;  // of the tier
  core::Rate ask;
  core::Rate rate;  // the one that applies to the taker
  core::Amount sell;
  core::Amount buy;
};

// The taker's trade at a posted rate. The side that is not dealt is rounded once, against the
// taker. The tier is the last one that the base amount reaches at the rates of the tier before it.
PostedPrice PriceAtPosted(const BoardRate& posted, core::LedgerTime now,
                          const TradeRequest& request);

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_VENUES_POSTED_RATE_H_
