// The report of a sweep as a page: the curve with its confidence bands, its table, and how to make
// it again.
#ifndef CAUSEWAY_SCENARIOS_SWEEP_SWEEP_PAGE_H_
#define CAUSEWAY_SCENARIOS_SWEEP_SWEEP_PAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "scenarios/page/page.h"
#include "scenarios/sweep/grid.h"
#include "scenarios/sweep/sweep.h"

namespace causeway::sim {

struct SweepDescription {
  std::string name;         // of the scenario or study
  std::string description;  // may be empty
  std::string sha256;       // of the source
  std::string text;         // of a scenario file; empty for a folder
  std::string command;      // that makes the same sweep
  std::string unit;         // of amounts; may be empty
  // Of amounts of one currency, whose columns have it before the name; empty: that currency.
  std::string unit_of_currencies = {};
  std::string x_label;  // of the axes, with their units; empty: made of the names
  std::string y_label;
  std::vector<Setting> settings;
  std::uint64_t first_seed = 0;
  std::uint64_t seeds = 0;
};

page::Page SweepPage(const SweepDescription& description, const SweepResult& result,
                     const Curve& curve);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SWEEP_SWEEP_PAGE_H_
