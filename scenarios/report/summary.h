// What a run amounts to: counts, values and whether its expectations were met. Pure.
#ifndef CAUSEWAY_SCENARIOS_REPORT_SUMMARY_H_
#define CAUSEWAY_SCENARIOS_REPORT_SUMMARY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"

namespace causeway::sim {

// An expectation of the scenario, and what came out.
struct ExpectationResult {
  std::string expected;  // "settled = 164", "issued value in USD 12000000.00 to 13000000.00"
  std::string actual;
  bool met = false;
};

// One currency's money in the run, in minor units.
struct CurrencySummary {
  LedgerIndex ledger = 0;
  std::uint64_t settled_legs = 0;  // payments and legs of settlements
  core::Amount settled;            // their sum
  core::Amount issued;
  core::Amount redeemed;
  core::Amount in_circulation;  // by the ledger
  core::Amount on_accounts;     // sum of available and held over all accounts
  bool conserved = false;       // issued - redeemed = in_circulation = on_accounts
};

struct Summary {
  std::uint64_t settled = 0;   // payments and settlements
  std::uint64_t rejected = 0;  // payments, settlements, issues, redemptions; aborted ones too
  std::uint64_t payments_settled = 0;
  std::uint64_t settlements_settled = 0;
  std::uint64_t settlements_aborted = 0;
  std::uint64_t half_done = 0;  // settlements of which one party has both sides
  std::uint64_t breaches = 0;   // of any kind, and alerts of the observer
  bool all_or_none = false;     // no settlement is open, half done, or ended in two ways
  bool conserved = false;       // in every currency
  std::vector<CurrencySummary> currencies;  // by ledger index
  // In the plan's value currency; nothing without reference rates for all of them.
  std::optional<core::Amount> settled_value;
  std::optional<core::Amount> issued_value;
  std::vector<ExpectationResult> expectations;
  bool expectations_met = false;  // all of them, and the set-up and day phases went through
};

Summary Summarise(const Plan& plan, const RunResult& result);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_REPORT_SUMMARY_H_
