// The files of a study's results (docs/formats/study.md). Same input and options, same bytes.
#ifndef CAUSEWAY_SCENARIOS_STUDY_OUTPUT_H_
#define CAUSEWAY_SCENARIOS_STUDY_OUTPUT_H_

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "scenarios/study/indicators.h"
#include "scenarios/study/input.h"
#include "scenarios/study/parts.h"
#include "scenarios/study/results.h"

namespace causeway::study {

// What to say of the run in indicators.json, in this order: names and texts.
using Facts = std::vector<std::pair<std::string, std::string>>;

// Makes `directory`, and in it payments.csv, balances.csv, accounts.csv, banks.csv, months.csv,
// queue.csv, changes.csv, customers.csv, targets.csv, throughput.csv, flows.csv, episodes.csv,
// indicators.csv and indicators.json. Unavailable, with the file's name, when one cannot be
// written.
absl::Status WriteResults(const Input& input, const RunResult& result, const Indicators& indicators,
                          const Facts& facts, const std::string& directory);

// The same of a study's parts: of one in `directory`, of several each in a folder that is named by
// its currency, and in `directory` indicators.csv and indicators.json of all.
absl::Status WriteResults(const std::vector<Part>& parts, const Facts& facts,
                          const std::string& directory);

// Single files, for tests and for what needs one only.
void WritePaymentsCsv(const Input& input, const RunResult& result, std::ostream& out);
void WriteBalancesCsv(const Input& input, const RunResult& result, std::ostream& out);
void WriteIndicatorsCsv(const Input& input, const Indicators& indicators, std::ostream& out);
std::string RenderIndicatorsJson(const Input& input, const RunResult& result,
                                 const Indicators& indicators, const Facts& facts);

// The main indicators of all days for the terminal.
std::string RenderSummary(const Input& input, const RunResult& result,
                          const Indicators& indicators);

std::string RenderSummary(const std::vector<Part>& parts);

// Writes a drawn input as a folder that ReadFolder reads back: accounts.csv, payments.csv and,
// where there are any, customers.csv and limits.csv. Terms that only files give accounts, and
// changes, are not written.
absl::Status WriteInputFolder(const Input& input, const std::string& directory);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_OUTPUT_H_
