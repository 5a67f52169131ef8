// The options of a study as words and numbers that a person types: one table for the command line,
// for presets and for sweeps.
#ifndef CAUSEWAY_SCENARIOS_STUDY_OPTIONS_H_
#define CAUSEWAY_SCENARIOS_STUDY_OPTIONS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scenarios/study/output.h"
#include "scenarios/study/runner.h"

namespace causeway::study {

// "lsm-every", and what it means in a line. Presets write names with '_' for '-'.
struct OptionHelp {
  std::string name;
  std::string help;
};
std::vector<OptionHelp> AllOptions();

// NotFound when there is no option of that name; InvalidArgument tells what was found and what was
// expected, without the name. Amounts have `minor_digits` decimals. Whether options fit together
// is CheckOptions' to say.
absl::Status SetOption(RunOptions& options, std::string_view name, std::string_view value,
                       int minor_digits);
bool IsOption(std::string_view name);
// The names, for the message of NotFound: "queue, lsm, ...".
std::string OptionNames();

// InvalidArgument names what was found and lists what was expected.
absl::StatusOr<liquidity::Discipline> ParseDiscipline(std::string_view text);
absl::StatusOr<liquidity::Algorithm> ParseAlgorithm(std::string_view text);
absl::StatusOr<core::UnsignedDecimal> ParseAlpha(std::string_view text);
// A number of minutes with up to six decimals, at least a second: "2", "0.5".
absl::StatusOr<TimeUs> ParseMinutes(std::string_view text);
// "HH:MM" or "HH:MM:SS", up to "48:00".
absl::StatusOr<TimeUs> ParseBoundary(std::string_view text);

std::string_view DisciplineWord(liquidity::Discipline discipline);
std::string_view AlgorithmWord(liquidity::Algorithm algorithm);

// What the options were, for indicators.json: the main ones, and others that are not as they are
// by default. Names have '_'.
Facts FactsOf(const RunOptions& options, int minor_digits);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_OPTIONS_H_
