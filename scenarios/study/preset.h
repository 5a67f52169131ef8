// A study's preset: a protobuf text file (schema in proto/causeway/v1/study.proto) that says which
// payments to draw and how they settle.
#ifndef CAUSEWAY_SCENARIOS_STUDY_PRESET_H_
#define CAUSEWAY_SCENARIOS_STUDY_PRESET_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "causeway/v1/study.pb.h"
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

// The message of a text; nothing, with everything that is wrong and its place in `file`, when the
// text is none.
std::optional<v1::Study> ParseStudyText(std::string_view text, const std::string& file,
                                        ProblemList& problems);

// The preset that a message means; nothing, with everything that is wrong by field, when it is not
// sound: what it says can be drawn and run.
std::optional<Preset> MakePreset(const v1::Study& study, const std::string& file,
                                 ProblemList& problems);

// Both, with another seed when one is given. InvalidArgument when there are problems.
absl::StatusOr<Preset> ParsePreset(std::string_view text, const std::string& file,
                                   const std::optional<std::uint64_t>& seed, ProblemList& problems);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_PRESET_H_
