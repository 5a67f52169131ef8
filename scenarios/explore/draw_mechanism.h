// Draws how the PvP settlements of a drawn network are made, and the terms of it.
#ifndef CAUSEWAY_SCENARIOS_EXPLORE_DRAW_MECHANISM_H_
#define CAUSEWAY_SCENARIOS_EXPLORE_DRAW_MECHANISM_H_

#include <cstdint>
#include <vector>

#include "causeway/v1/scenario.pb.h"

namespace causeway::sim {

// Runs a drawn mechanism that somebody runs; takes no part in the trades.
inline constexpr char kDrawnOperator[] = "OPERATOR";

// Sets one of `mechanisms`, all alike likely, with terms that fit into the day and the amounts of
// drawn scenarios, its operator where it needs one, and reference rates for the ledgers that are
// there. Draws from a stream of its own, "draw/mechanism".
void DrawMechanism(std::uint64_t seed, const std::vector<causeway::v1::Mechanism>& mechanisms,
                   std::int64_t opens_millis, causeway::v1::Scenario& scenario);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_EXPLORE_DRAW_MECHANISM_H_
