// Puts the actions of a plan in their order. Internal to this library.
#ifndef CAUSEWAY_SCENARIOS_SPEC_SCHEDULE_H_
#define CAUSEWAY_SCENARIOS_SPEC_SCHEDULE_H_

#include "scenarios/spec/plan.h"

namespace causeway::sim {

// What happens when around a business day, relative to its opening and cut-off.
inline constexpr core::Duration kSetUpBeforeOpening = core::Duration::FromMinutes(5);
inline constexpr core::Duration kRedeemAfterCutOff = core::Duration::FromMinutes(1);
inline constexpr core::Duration kCloseAfterCutOff = core::Duration::FromMinutes(10);

// Adds to plan.actions (so far what participants do, without index and order) the set-up of
// ledgers, the phases of every business day, redemptions and sweeps at cut-off and what is charged
// for nights; sorts them by time, and finds what each must wait for.
void Schedule(Plan& plan);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SPEC_SCHEDULE_H_
