// Executes the logs of a trace again, through the same cores, and compares what comes out.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_REPLAY_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_REPLAY_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "scenarios/report/trace.h"

namespace causeway::sim {

struct ReplayedLog {
  std::string origin;
  bool is_ledger = false;
  std::uint64_t size = 0;  // leaves that were executed again
  std::string log_root;    // 64 hexadecimal digits; of the Merkle tree
  std::string state_root;  // empty for the decision log
  bool same = false;       // as the trace says, to its end
};

struct ReplayResult {
  std::vector<ReplayedLog> logs;      // in the order of the trace
  std::vector<std::string> findings;  // what differs, or cannot be true
  bool same = false;
};

// Verifies every signature, executes every instruction, compares every entry, root and checkpoint.
// InvalidArgument when a genesis or policy in the trace cannot be read. `on_progress` is called
// after each batch and may be empty.
absl::StatusOr<ReplayResult> ReplayTrace(
    const Trace& trace,
    const std::function<void(std::size_t done, std::size_t all)>& on_progress = {});

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_REPLAY_H_
