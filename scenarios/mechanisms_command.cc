// causeway-sim mechanisms: one file under every mechanism, without faults and with each group of
// its faults.
#include <cstdio>
#include <set>

#include "absl/status/statusor.h"
#include "fmt/format.h"
#include "scenarios/commands.h"
#include "scenarios/report/mechanism_report.h"
#include "scenarios/simulator/simulator.h"
#include "scenarios/spec/scenario_file.h"

namespace causeway::sim {

int MechanismsCommand(const MechanismsFlags& flags) {
  CompileOptions options{.seed = flags.seed};
  const absl::StatusOr<Plan> all = LoadScenario(flags.file, options);
  if (!all.ok()) {
    fmt::print(stderr, "{}\n", std::string(all.status().message()));
    return kExitBadFile;
  }
  std::set<std::string> groups = {""};
  for (const PlannedFault& fault : all->faults) groups.insert(std::string(FaultGroup(fault.name)));
  fmt::print("{}", MechanismTableHead(*all));
  bool sound = true;
  for (const std::string& group : groups) {
    for (const MechanismKind kind : kMechanismKinds) {
      options.mechanism = kind;
      options.fault_groups.emplace();
      if (!group.empty()) options.fault_groups->push_back(group);
      const absl::StatusOr<Plan> plan = LoadScenario(flags.file, options);
      if (!plan.ok()) {
        fmt::print(stderr, "{}: {}\n", MechanismName(kind), std::string(plan.status().message()));
        return kExitBadFile;
      }
      const absl::StatusOr<RunResult> result = RunSimulation(*plan, {.measure = true});
      if (!result.ok()) {
        fmt::print(stderr, "{}\n", std::string(result.status().message()));
        return kExitFailed;
      }
      fmt::print("{}", MechanismTableRow(*plan, *result, group.empty() ? "none" : group));
      std::fflush(stdout);
      for (const auto* breaches :
           {&result->all_or_none_breaches, &result->other_breaches, &result->observer.alerts}) {
        for (const std::string& breach : *breaches) {
          fmt::print(stderr, "{}: {}\n", MechanismName(kind), breach);
          sound = false;
        }
      }
    }
  }
  return sound ? kExitMet : kExitNotMet;
}

}  // namespace causeway::sim
