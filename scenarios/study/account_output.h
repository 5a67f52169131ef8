// The files that have indicators of single accounts and banks.
#ifndef CAUSEWAY_SCENARIOS_STUDY_ACCOUNT_OUTPUT_H_
#define CAUSEWAY_SCENARIOS_STUDY_ACCOUNT_OUTPUT_H_

#include <ostream>

#include "scenarios/study/indicators.h"
#include "scenarios/study/input.h"
#include "scenarios/study/results.h"

namespace causeway::study {

void WriteAccountsCsv(const Input& input, const RunResult& result, const Indicators& indicators,
                      std::ostream& out);
// The same of each bank with all of its accounts.
void WriteBanksCsv(const Input& input, const RunResult& result, const Indicators& indicators,
                   std::ostream& out);
void WriteMonthsCsv(const Input& input, const RunResult& result, const Indicators& indicators,
                    std::ostream& out);
// Each day, and the means over all days, by which guidelines are judged.
void WriteTargetsCsv(const Input& input, const RunResult& result, const Indicators& indicators,
                     std::ostream& out);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_ACCOUNT_OUTPUT_H_
