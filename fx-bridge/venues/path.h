// Trades over vehicle currencies: where nobody quotes a pair directly, or not as well, a trade may
// pass through one or two other currencies. The amounts of every hop are fixed, and all transfers
// settle as one, all or none.
#ifndef CAUSEWAY_FX_BRIDGE_VENUES_PATH_H_
#define CAUSEWAY_FX_BRIDGE_VENUES_PATH_H_

#include <cstddef>
#include <vector>

#include "fx-bridge/venues/venue.h"

namespace causeway::bridge {

inline constexpr std::size_t kHopsMax = 3;

struct Hop {
  std::size_t venue = 0;  // its position among those given
  Offer offer;            // as Price or Reserve gave it
};

struct Path {
  std::vector<Hop> hops;  // from what is sold to what is bought
  core::Money sell;
  core::Money buy;
};

// Every way to trade over at most kHopsMax hops without meeting a currency twice, best outcome for
// the taker first; at each hop the venue whose outcome is best, the first among equals. Ties: fewer
// hops, then in the order of the currencies passed through. Prices only, reserves nothing.
std::vector<Path> FindPaths(core::LedgerTime now, const TradeRequest& request,
                            const std::vector<Venue*>& venues);

// What is paid in all when the hops settle together: money that would only pass through the taker
// goes directly from who pays it in to who gets it, and what one would pay to itself is left out.
// What the taker pays comes first, then the rest in the order of the hops.
std::vector<Transfer> JoinTransfers(const core::ParticipantId& taker, const std::vector<Hop>& hops);

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_VENUES_PATH_H_
