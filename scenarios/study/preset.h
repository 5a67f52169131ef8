// A study's preset: a protobuf text file (schema in proto/causeway/v1/study.proto) that says which
// payments to draw and how they settle.
#ifndef CAUSEWAY_SCENARIOS_STUDY_PRESET_H_
#define CAUSEWAY_SCENARIOS_STUDY_PRESET_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "scenarios/study/problems.h"
#include "scenarios/study/runner.h"
#include "scenarios/study/workload.h"

namespace causeway::study {

struct Preset {
  std::string description;
  Workload workload;
  RunOptions options;
};

// Whether a text is a study's preset: its first line says so.
bool IsPreset(std::string_view text);

// The preset, or everything that is wrong with the text, with places in `file` where they are
// known. Whether the workload is sound is DrawWorkload's to say.
absl::StatusOr<Preset> ParsePreset(std::string_view text, const std::string& file,
                                   const std::optional<std::uint64_t>& seed, ProblemList& problems);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_PRESET_H_
