// Seeded traffic. Internal to this library.
#ifndef CAUSEWAY_SCENARIOS_SPEC_GENERATOR_H_
#define CAUSEWAY_SCENARIOS_SPEC_GENERATOR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "scenarios/spec/plan.h"

namespace causeway::sim {

// A generator of the scenario, read and checked. Amounts are in the plan's value currency.
struct GeneratorInput {
  std::string name;
  std::uint32_t payments = 0;
  std::uint32_t pvp_settlements = 0;
  std::uint32_t pvp_per_list = 1;        // above 1: they come in settlement lists
  std::vector<core::BusinessDate> days;  // those it may use; not empty
  core::Duration opens;                  // times of day
  core::Duration cuts_off;
  core::Amount median;
  std::uint32_t sigma_milli = 0;
  std::optional<core::Amount> min;
  std::optional<core::Amount> max;
  std::optional<core::Amount> total;
  std::vector<std::uint64_t> weights;  // by ledger; the sum is above zero
  bool fund_by_issue = false;
  std::optional<core::Amount> issue_total;
  std::uint32_t pvp_foreign_per_mille = 0;
};

// Issues, payments and settlements, in the order of time; ids "<name>-0001" and, for the issues
// that fund them, "<name>-0001-f1". The plan's ledgers, participants and reference rates must be
// there. InvalidArgument when the traffic cannot be made (no day on which two banks could deal; an
// amount that does not fit).
absl::StatusOr<std::vector<PlannedAction>> GenerateTraffic(const Plan& plan,
                                                           const GeneratorInput& input);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SPEC_GENERATOR_H_
