// A file that tells programs in any language how to reach a running corridor and with which keys:
// <work_dir>/corridor.json, described in docs/how-to/run-a-corridor.md.
#ifndef CAUSEWAY_SCENARIOS_LIVE_CORRIDOR_DESCRIPTION_H_
#define CAUSEWAY_SCENARIOS_LIVE_CORRIDOR_DESCRIPTION_H_

#include <string>

#include "absl/status/statusor.h"
#include "scenarios/live/corridor.h"
#include "scenarios/spec/plan.h"

namespace causeway::sim {

inline constexpr char kCorridorFile[] = "corridor.json";

// Writes it, all or nothing, and gives its path; before it the wallets' options (wallet_files.h).
absl::StatusOr<std::string> DescribeCorridor(const Plan& plan, const Corridor& corridor);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_LIVE_CORRIDOR_DESCRIPTION_H_
