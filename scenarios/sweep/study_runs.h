// The runs of a sweep over a study: a folder of CSV files (docs/formats/study.md).
#ifndef CAUSEWAY_SCENARIOS_SWEEP_STUDY_RUNS_H_
#define CAUSEWAY_SCENARIOS_SWEEP_STUDY_RUNS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scenarios/study/behaviour_file.h"
#include "scenarios/study/indicators.h"
#include "scenarios/study/input.h"
#include "scenarios/study/parts.h"
#include "scenarios/study/runner.h"
#include "scenarios/sweep/grid.h"
#include "scenarios/sweep/run_store.h"

namespace causeway::sim {

// Changes an option of scenarios/study/options.h by its name, such as "liquidity"; several values
// of "lsm" are joined by '+'. InvalidArgument, with the name, says what there is, or what is wrong
// with the value.
absl::Status SetStudyOption(study::RunOptions& options, const std::string& name,
                            const std::string& value, int minor_digits);

// Over all days: counts, values and liquidity are sums, ratios are means of the days that have
// them, peaks are the highest. docs/formats/sweep.md.
Indicators IndicatorsOfStudy(const study::Input& input, const study::Indicators& indicators);

// The same of a study's parts; of several each name begins with its currency: "EUR.delay".
Indicators IndicatorsOfParts(const std::vector<study::Part>& parts);

class StudyRuns {
 public:
  // InvalidArgument with a line for each fault of the files; NotFound for a file of behaviours that
  // cannot be read. `behaviours`: a file of what the banks do; empty: all pay at once.
  static absl::StatusOr<StudyRuns> Load(const std::string& folder, int minor_digits,
                                        const std::string& behaviours = "");

  absl::Status Check(const std::vector<Point>& points) const;
  // The seed of `run` is that of the behaviours; without them there is no chance in a study, and it
  // changes nothing.
  absl::StatusOr<Indicators> Make(const Run& run) const;

  const std::string& name() const { return input_.name; }
  // What amounts are in, where all are in one currency that has a name; else empty.
  std::string unit() const { return study::UnitOfAmounts(input_); }
  // Of the names, sizes and bytes of all *.csv of the folder, by name, and of the behaviours.
  const std::string& sha256() const { return sha256_; }
  // The file of behaviours as it stands, and its own seed; empty and 0 without one.
  const std::string& behaviours_text() const { return behaviours_text_; }
  std::uint64_t seed() const { return behaviours_.seed; }

 private:
  absl::StatusOr<study::RunOptions> OptionsOf(const Point& point) const;

  absl::Status LoadBehaviours(const std::string& path);

  study::Input input_;
  study::FolderBehaviours behaviours_;
  std::string behaviours_text_;
  std::string sha256_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SWEEP_STUDY_RUNS_H_
