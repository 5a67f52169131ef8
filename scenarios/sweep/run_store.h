// What completed runs of a sweep came to, kept on disk so that a sweep can be interrupted: one file
// a run in <directory>/runs, named by what was run. docs/formats/sweep.md describes them.
#ifndef CAUSEWAY_SCENARIOS_SWEEP_RUN_STORE_H_
#define CAUSEWAY_SCENARIOS_SWEEP_RUN_STORE_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scenarios/sweep/grid.h"

namespace causeway::sim {

// Names and decimals, in a fixed order; an empty one: not defined for this run.
using Indicators = std::vector<std::pair<std::string, std::string>>;

class RunStore {
 public:
  // Creates the folders, or finds them. FailedPrecondition when what lies there is of another
  // source or another version of this program: results of different things must not stand in one
  // table. `what` names the source in that message.
  static absl::StatusOr<RunStore> Open(const std::string& directory, const std::string& what,
                                       const std::string& source_sha256);

  // Nothing when the run is not there whole: then it is to be made.
  std::optional<Indicators> Find(const Run& run) const;
  // Durable when this returns. Any process may keep any run; the same run is the same file.
  absl::Status Keep(const Run& run, const Indicators& indicators) const;

 private:
  RunStore(std::string runs, std::string source_sha256)
      : runs_(std::move(runs)), source_sha256_(std::move(source_sha256)) {}
  std::string PathOf(const Run& run) const;

  std::string runs_;
  std::string source_sha256_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SWEEP_RUN_STORE_H_
