// Parts of ComputeIndicators: what concerns single accounts or banks, and linked payments. Those of
// banks are those of accounts of an input by bank (banks.h).
#ifndef CAUSEWAY_SCENARIOS_STUDY_ACCOUNT_INDICATORS_H_
#define CAUSEWAY_SCENARIOS_STUDY_ACCOUNT_INDICATORS_H_

#include <vector>

#include "scenarios/study/banks.h"
#include "scenarios/study/indicators.h"

namespace causeway::study {

std::vector<Flow> FlowsOf(const Input& input, const RunResult& result);

// `flows` as FlowsOf gives them. `account_days` are those of the result, or their sums by bank.
std::vector<AccountIndicators> AccountIndicatorsOf(const Input& input, const RunResult& result,
                                                   const std::vector<AccountDay>& account_days,
                                                   const std::vector<Flow>& flows);

// `uses` as CustomerUsesOf gives them.
std::vector<AccountMonth> MonthsOf(const Input& by_bank,
                                   const std::vector<AccountIndicators>& bank_days,
                                   const std::vector<CustomerUse>& uses);

// Fills in what `accounts` have of their customers' lines.
std::vector<CustomerUse> CustomerUsesOf(const Input& input, const RunResult& result,
                                        std::vector<AccountIndicators>& accounts);

// How targets were met; counts breaches in `days`.
std::vector<TargetOutcome> TargetsOf(const Input& input, const RunResult& result,
                                     const Ownership& banks,
                                     const std::vector<AccountIndicators>& bank_days,
                                     std::vector<DayIndicators>& days);

// The indicators of linked payments, of each day in `days`.
void AddLinked(const Input& input, const RunResult& result, std::vector<DayIndicators>& days);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_ACCOUNT_INDICATORS_H_
