// Parts of ComputeIndicators: what concerns single accounts, and linked payments.
#ifndef CAUSEWAY_SCENARIOS_STUDY_ACCOUNT_INDICATORS_H_
#define CAUSEWAY_SCENARIOS_STUDY_ACCOUNT_INDICATORS_H_

#include <vector>

#include "scenarios/study/indicators.h"

namespace causeway::study {

std::vector<Flow> FlowsOf(const Input& input, const RunResult& result);

// `flows` as FlowsOf gives them.
std::vector<AccountIndicators> AccountIndicatorsOf(const Input& input, const RunResult& result,
                                                   const std::vector<Flow>& flows);

std::vector<AccountMonth> MonthsOf(const Input& input,
                                   const std::vector<AccountIndicators>& accounts);

// Fills in what `accounts` have of their customers' lines.
std::vector<CustomerUse> CustomerUsesOf(const Input& input, const RunResult& result,
                                        std::vector<AccountIndicators>& accounts);

// How targets were met; counts breaches in `days`.
std::vector<TargetOutcome> TargetsOf(const Input& input, const RunResult& result,
                                     const std::vector<AccountIndicators>& accounts,
                                     std::vector<DayIndicators>& days);

// The indicators of linked payments, of each day in `days`.
void AddLinked(const Input& input, const RunResult& result, std::vector<DayIndicators>& days);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_ACCOUNT_INDICATORS_H_
