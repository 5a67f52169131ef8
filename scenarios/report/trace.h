// Traces: everything that the logs of a run hold, in one file, so that the run can be executed
// again without its processes. docs/formats/trace.md has the format.
#ifndef CAUSEWAY_SCENARIOS_REPORT_TRACE_H_
#define CAUSEWAY_SCENARIOS_REPORT_TRACE_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"
#include "settlement/core/bytes.h"

namespace causeway::sim {

inline constexpr std::string_view kTraceMagic = "causeway-trace/1";  // 16 bytes
inline constexpr std::uint32_t kTraceLogsMax = 64;

struct TraceLog {
  bool is_ledger = false;  // else the decision log
  std::string origin;
  std::string genesis;     // exact bytes; for the decision log, of its settlement policy
  std::string state_root;  // 32 bytes; empty for the decision log
  core::Hash256 log_root;  // of the Merkle tree
  std::uint64_t log_size = 0;
  std::vector<std::string> batches;  // as journaled, from number 0

  friend bool operator==(const TraceLog&, const TraceLog&) = default;
};

struct Trace {
  std::string scenario;
  std::uint64_t seed = 0;
  std::string source_sha256;  // of the scenario file, hexadecimal
  std::string mode;           // "simulated" or "live"
  std::vector<TraceLog> logs;

  friend bool operator==(const Trace&, const Trace&) = default;
};

// Writes without a copy of the batches. The caller checks the stream.
void WriteTrace(const Plan& plan, const RunResult& result, std::ostream& out);
// DataLoss says what is wrong: not a trace, truncated, or changed after it was written.
absl::StatusOr<Trace> DecodeTrace(std::string_view bytes);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_REPORT_TRACE_H_
