// The options of a study as words and numbers that a person types.
#ifndef CAUSEWAY_SCENARIOS_STUDY_OPTIONS_H_
#define CAUSEWAY_SCENARIOS_STUDY_OPTIONS_H_

#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "scenarios/study/output.h"
#include "scenarios/study/runner.h"

namespace causeway::study {

// InvalidArgument names what was found and lists what was expected.
absl::StatusOr<liquidity::Discipline> ParseDiscipline(std::string_view text);
absl::StatusOr<liquidity::Algorithm> ParseAlgorithm(std::string_view text);
absl::StatusOr<liquidity::EntryOffset> ParseEntryOffset(std::string_view text);
absl::StatusOr<core::UnsignedDecimal> ParseAlpha(std::string_view text);
// A number of minutes with up to six decimals, at least a second: "2", "0.5".
absl::StatusOr<TimeUs> ParseMinutes(std::string_view text);
// "HH:MM" or "HH:MM:SS"; also "24:00".
absl::StatusOr<TimeUs> ParseBoundary(std::string_view text);

std::string_view DisciplineWord(liquidity::Discipline discipline);
std::string_view AlgorithmWord(liquidity::Algorithm algorithm);
std::string_view EntryOffsetWord(liquidity::EntryOffset offset);

// What the options were, for indicators.json.
Facts FactsOf(const RunOptions& options);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_OPTIONS_H_
