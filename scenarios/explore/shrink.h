// Makes a scenario that fails smaller, as long as it fails: fewer faults, fewer steps, fewer
// chances.
#ifndef CAUSEWAY_SCENARIOS_EXPLORE_SHRINK_H_
#define CAUSEWAY_SCENARIOS_EXPLORE_SHRINK_H_

#include <cstdint>
#include <functional>
#include <string>

#include "causeway/v1/scenario.pb.h"

namespace causeway::sim {

struct Shrunk {
  causeway::v1::Scenario scenario;
  std::uint32_t attempts = 0;
};

// `fails` must give the same for the same scenario, and true for `scenario`. It is asked at most
// `attempts_max` times. The result fails.
Shrunk Shrink(causeway::v1::Scenario scenario,
              const std::function<bool(const causeway::v1::Scenario&)>& fails,
              std::uint32_t attempts_max);

// As a scenario file, with a comment on top.
std::string ToText(const causeway::v1::Scenario& scenario, const std::string& comment);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_EXPLORE_SHRINK_H_
