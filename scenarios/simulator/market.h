// The venues of a plan, as what a bridge asks for quotes.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_MARKET_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_MARKET_H_

#include <memory>
#include <vector>

#include "fx-bridge/venues/board_venue.h"
#include "fx-bridge/venues/market_desk.h"
#include "scenarios/spec/actor.h"
#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"

namespace causeway::sim {

// The board of all providers of the plan, which has a bridge; it quotes under that policy.
std::unique_ptr<bridge::BoardVenue> MakeBoard(const Plan& plan, const KeyRing& keys,
                                              const core::Hash256& policy_hash);

// The venues of the plan, which has some.
std::unique_ptr<bridge::MarketDesk> MakeMarket(const Plan& plan, const KeyRing& keys);

// The pools of the plan as they stand at the venues of `market`.
std::vector<PoolResult> PoolsOf(const Plan& plan, const bridge::MarketDesk& market);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_MARKET_H_
