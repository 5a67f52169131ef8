// Reading a scenario file (*.txtpb): parsing, checking, compiling. Pure functions, but for the
// files that payments_from names; any thread.
#ifndef CAUSEWAY_SCENARIOS_SPEC_SCENARIO_FILE_H_
#define CAUSEWAY_SCENARIOS_SPEC_SCENARIO_FILE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "scenarios/spec/plan.h"

namespace causeway::v1 {
class Scenario;
}  // namespace causeway::v1

namespace causeway::sim {

// Scenario files larger than this are refused.
inline constexpr std::size_t kScenarioBytesMax = 64 * 1024 * 1024;

// One thing that is wrong with a file.
struct Finding {
  int line = 0;    // from 1; 0 when it is about the file as a whole
  int column = 0;  // from 1
  std::string message;

  friend bool operator==(const Finding&, const Finding&) = default;
};

// "file:12:5: participant "HK-BANK-21" is not listed".
std::string FormatFinding(std::string_view file_name, const Finding& finding);

struct CompileOptions {
  // Replaces the file's seed.
  std::optional<std::uint64_t> seed;
  // Replaces the file's mechanism.
  std::optional<MechanismKind> mechanism;
  // When set, only faults of these groups stay (FaultGroup in planned_fault.h). Clients' too.
  std::optional<std::vector<std::string>> fault_groups;
  // Where relative paths of the file begin; empty: in the working directory. LoadScenario puts that
  // of the file here.
  std::string directory = {};
};

// The plan, or everything that is wrong with `text`, in the order of lines (at least one finding).
// All faults of form are reported together; faults of meaning when there are none of form.
std::variant<Plan, std::vector<Finding>> CompileScenario(std::string_view text,
                                                         const CompileOptions& options = {});

// The same of a message; findings have no place, and the plan no digest of a file.
std::variant<Plan, std::vector<Finding>> CompileScenario(const causeway::v1::Scenario& scenario,
                                                         const CompileOptions& options = {});

// CompileScenario of a file on disk. NotFound or the system's reason when it cannot be read;
// InvalidArgument with one line for each finding, as FormatFinding.
absl::StatusOr<Plan> LoadScenario(const std::string& path, const CompileOptions& options = {});

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SPEC_SCENARIO_FILE_H_
