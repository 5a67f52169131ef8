// Runs the preset of a study and writes its results: `./dev determinism` compares what this writes
// in builds of several kinds.
//
//   study_run PRESET DIR
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "scenarios/study/indicators.h"
#include "scenarios/study/options.h"
#include "scenarios/study/output.h"
#include "scenarios/study/preset.h"
#include "scenarios/study/runner.h"

namespace causeway::study {
namespace {

absl::Status RunInto(const std::string& file, const std::string& directory) {
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  ProblemList problems;
  const absl::StatusOr<Preset> preset = ParsePreset(text, file, std::nullopt, problems);
  if (!preset.ok()) return absl::InvalidArgumentError(problems.ToString());
  const absl::StatusOr<Input> input = DrawWorkload(preset->workload);
  if (!input.ok()) return input.status();
  const absl::StatusOr<RunResult> result = RunStudy(*input, preset->options);
  if (!result.ok()) return result.status();
  return WriteResults(*input, *result, ComputeIndicators(*input, *result),
                      FactsOf(preset->options, input->minor_digits), directory);
}

}  // namespace
}  // namespace causeway::study

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: study_run PRESET DIR\n", stderr);
    return 64;
  }
  const absl::Status status = causeway::study::RunInto(argv[1], argv[2]);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s: %s\n", argv[1], std::string(status.message()).c_str());
  return 1;
}
