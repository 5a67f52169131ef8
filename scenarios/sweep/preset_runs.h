// The runs of a sweep over the preset of a study (proto/causeway/v1/study.proto).
#ifndef CAUSEWAY_SCENARIOS_SWEEP_PRESET_RUNS_H_
#define CAUSEWAY_SCENARIOS_SWEEP_PRESET_RUNS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "causeway/v1/study.pb.h"
#include "scenarios/study/preset.h"
#include "scenarios/sweep/grid.h"
#include "scenarios/sweep/run_store.h"

namespace causeway::sim {

class PresetRuns {
 public:
  // NotFound when there is no such file; InvalidArgument with a line for each fault of it.
  static absl::StatusOr<PresetRuns> Load(const std::string& path);

  // That every point is a sound preset. A setting is an option of a study by its name ("liquidity",
  // "lsm-every") or a field of the file by its path ("banks.reciprocity_milli",
  // "streams[1].payments_per_day"). InvalidArgument says which is not, and why.
  absl::Status Check(const std::vector<Point>& points) const;
  // Draws the payments from the seed of `run` and settles them.
  absl::StatusOr<Indicators> Make(const Run& run) const;

  const std::string& name() const { return study_.name(); }
  const std::string& description() const { return study_.description(); }
  std::uint64_t seed() const { return study_.seed(); }  // of the file
  const std::string& text() const { return text_; }
  const std::string& sha256() const { return sha256_; }
  // What all amounts are stated in; may be empty.
  const std::string& unit() const { return study_.currency(); }

 private:
  absl::StatusOr<study::Preset> PresetOf(const Run& run) const;

  std::string file_;
  std::string text_;
  std::string sha256_;
  v1::Study study_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SWEEP_PRESET_RUNS_H_
