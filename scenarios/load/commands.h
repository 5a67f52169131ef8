// What causeway-load does, behind its flags: results to standard output, progress and messages to
// standard error. What they return is the program's exit status.
#ifndef CAUSEWAY_SCENARIOS_LOAD_COMMANDS_H_
#define CAUSEWAY_SCENARIOS_LOAD_COMMANDS_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scenarios/load/options.h"
#include "settlement/client/ledger_client.h"
#include "settlement/core/suite.h"

namespace causeway::load {

int RunCommand(const RunOptions& options);
int PrepareCommand(const PrepareOptions& options);

// For both.
struct Target {
  client::LedgerClient ledger;
  client::LedgerInfo info;
};
absl::StatusOr<Target> ConnectTo(const ConnectionFlags& flags);
// An unencrypted PEM file.
absl::StatusOr<std::unique_ptr<core::SoftwareSigner>> LoadSigner(const std::string& path);
absl::StatusOr<std::string> ReadTextFile(const std::string& path);
absl::Status WriteTextFile(const std::string& path, std::string_view content);
absl::StatusOr<std::uint64_t> RandomSeed();  // above zero
// `status` with "<what>: " before its message.
absl::Status Annotate(std::string_view what, const absl::Status& status);
// Tells it and returns the exit status for it.
int Failed(const absl::Status& status);

}  // namespace causeway::load

#endif  // CAUSEWAY_SCENARIOS_LOAD_COMMANDS_H_
