// The report of a run, for people and for programs. docs/formats/report.md describes the files.
//
// Everything is a function of plan and result: the report of a simulated run has no wall-clock
// time, host or path in it and is the same to the byte wherever it is made.
#ifndef CAUSEWAY_SCENARIOS_REPORT_REPORT_H_
#define CAUSEWAY_SCENARIOS_REPORT_REPORT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scenarios/report/summary.h"
#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"
#include "scenarios/study/parts.h"

namespace causeway::sim {

// For the terminal: tables, then the expectations. Ends in a newline.
std::string RenderTable(const Plan& plan, const RunResult& result, const Summary& summary);

// `parts`: LedgerParts of the run, which several of its files show.
std::string RenderReportJson(const Plan& plan, const RunResult& result, const Summary& summary,
                             const std::vector<study::Part>& parts);
std::string RenderReportJson(const Plan& plan, const RunResult& result, const Summary& summary);
// One line for each issue, redemption, payment and settlement, by time due.
std::string RenderPaymentsCsv(const Plan& plan, const RunResult& result);
// One line for each account and each ledger's liability. Holds nothing but the end state: equal for
// a simulated and a live run.
std::string RenderBalancesCsv(const Plan& plan, const RunResult& result);

// Writes report.json, payments.csv, balances.csv and trace.bin into `directory`, which is created,
// and of `parts` (LedgerParts) the tables of a study for each ledger into indicators/CURRENCY in
// it; what is there of these names is replaced. The system's reason when that fails.
absl::Status WriteReport(const Plan& plan, const RunResult& result, const Summary& summary,
                         const std::vector<study::Part>& parts, const std::string& directory);

// Two reports on disk side by side.
struct Comparison {
  std::string table;  // for the terminal
  // Same scenario, seed, counts, values and balances, and the observer verified both.
  bool equal = false;
};
// NotFound or InvalidArgument for a folder without a report.
absl::StatusOr<Comparison> CompareReports(const std::string& left, const std::string& right);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_REPORT_REPORT_H_
