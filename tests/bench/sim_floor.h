// The least that a day of payments costs: a plain loop over arrays, of the same rules as a study's
// run with FIFO queues and Bech-Soramaki offsetting, without effects, checks, samples or report.
#ifndef CAUSEWAY_TESTS_BENCH_SIM_FLOOR_H_
#define CAUSEWAY_TESTS_BENCH_SIM_FLOOR_H_

#include <cstdint>
#include <vector>

#include "scenarios/study/input.h"

namespace causeway::bench {

struct FloorResult {
  std::uint64_t settled = 0;
  std::int64_t settled_value = 0;
};

// One day from `opens` to `closes`, with these balances to begin with. `lsm_every` 0: no runs.
FloorResult RunFloor(const study::Input& input, std::vector<std::int64_t> balances,
                     study::TimeUs opens, study::TimeUs closes, study::TimeUs lsm_every);

}  // namespace causeway::bench

#endif  // CAUSEWAY_TESTS_BENCH_SIM_FLOOR_H_
