// Makes the journal of a bridge again from what its witnesses keep: every witness has the batches
// of the decision log in its own journal, byte for byte (docs/formats/witness.md).
#ifndef CAUSEWAY_FX_BRIDGE_RUNTIME_REBUILD_H_
#define CAUSEWAY_FX_BRIDGE_RUNTIME_REBUILD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/bytes.h"

namespace causeway::bridge {

inline constexpr char kUnfinishedSuffix[] = ".unfinished";

struct RebuildOptions {
  std::vector<std::string> policy_files;  // of the decision log, all epochs
  // Data directories of witnesses that are stopped, or copies of them.
  std::vector<std::string> from;
  std::string data_directory;  // of the bridge: not there yet, or empty
};
struct RebuiltLog {
  std::string from;  // whose journal was the longest
  std::uint64_t batches = 0;
  std::uint64_t records = 0;
  core::Hash256 root;
};

// Copies the longest of the journals. What the log had decided is there again; what was handed in
// and not decided is not, nor is what no witness of `from` held. Which ledgers have carried the
// decisions out is not known either: every decision is open again, so that the bridge brings it to
// all its ledgers and learns what they say. The directory appears when the
// journal in it is whole and durable; until then it is made beside it, as `data_directory` with
// kUnfinishedSuffix, and what an earlier attempt left there is removed. After an error nothing of
// it is left, unless the last sync of the directory above fails, after which it is there and may
// go at a loss of power. `data_directory` cannot be the root of a file system of its own. DataLoss
// names the journal and the batch that does not follow, is not signed by the log, or differs
// between two of them; AlreadyExists when `data_directory` holds anything; NotFound for a directory
// of `from` without a batch.
absl::StatusOr<RebuiltLog> RebuildDecisionLog(const RebuildOptions& options);

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_RUNTIME_REBUILD_H_
