// Draws orders of courts, and changes of policies, keys and accounts, into a scenario that has its
// network and traffic.
#ifndef CAUSEWAY_SCENARIOS_EXPLORE_DRAW_INTERVENTIONS_H_
#define CAUSEWAY_SCENARIOS_EXPLORE_DRAW_INTERVENTIONS_H_

#include <cstdint>

#include "causeway/v1/scenario.pb.h"

namespace causeway::sim {

// Traffic lasts for `traffic_millis` from that time of day on. Draws from a stream of its own,
// "draw/interventions", so that all else is as without it.
void DrawInterventions(std::uint64_t seed, std::int64_t begins_millis, std::int64_t traffic_millis,
                       causeway::v1::Scenario& scenario);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_EXPLORE_DRAW_INTERVENTIONS_H_
