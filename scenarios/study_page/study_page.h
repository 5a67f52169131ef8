// The report of a study as a page: network map, largest flows, queue and liquidity over time,
// delays, indicators and how to make it again. A function of input, result and description.
#ifndef CAUSEWAY_SCENARIOS_STUDY_PAGE_STUDY_PAGE_H_
#define CAUSEWAY_SCENARIOS_STUDY_PAGE_STUDY_PAGE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "scenarios/page/page.h"
#include "scenarios/study/indicators.h"
#include "scenarios/study/input.h"
#include "scenarios/study/parts.h"
#include "scenarios/study/results.h"

namespace causeway::study {

struct PageDescription {
  std::string subtitle;  // may be empty
  // Options of the run and what else another needs to reproduce it: names and texts.
  std::vector<std::pair<std::string, std::string>> facts;
  std::string command;  // that makes the same results; may be empty
  std::string text;     // of a preset; empty for a folder
};

page::Page StudyPage(const Input& input, const RunResult& result, const Indicators& indicators,
                     const PageDescription& description);

// Of a study of several currencies: the indicators of each beside the others, and their delays.
page::Page StudyPageOf(const std::vector<Part>& parts, const PageDescription& description);

// Writes report.html into `directory`, which is there; of several parts also one into the folder of
// each. Unavailable when that fails.
absl::Status WriteStudyPage(const std::vector<Part>& parts, const PageDescription& description,
                            const std::string& directory);

// Up to seven days beside one another.
page::Table IndicatorTableOf(const Input& input, const Indicators& indicators, std::string title);

// Plots, each for itself.
page::Plot FlowNetworkPlot(const Input& input, const Indicators& indicators);
page::Plot LargestFlowsPlot(const Input& input, const Indicators& indicators);
page::Plot CumulativeValuePlot(const Input& input, const RunResult& result);
page::Plot QueueSamplesPlot(const Input& input, const RunResult& result, bool value);
// Liquidity in use: the sum over accounts of what they have paid more than received since the
// opening of the day, where that is above zero.
page::Plot LiquidityInUsePlot(const Input& input, const RunResult& result);
page::Plot QueueTimePlot(const Input& input, const RunResult& result);
page::Plot QueueTimePlotOf(const std::vector<Part>& parts);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_PAGE_STUDY_PAGE_H_
