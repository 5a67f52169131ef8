// causeway-bridge: quotes, and the settlement of signed terms payment versus payment. README.md
// beside this file tells how to run it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "fx-bridge/runtime/bridge_program.h"
#include "settlement/rpc/server_flags.h"

namespace {

namespace bridge = causeway::bridge;
namespace rpc = causeway::rpc;

}  // namespace

int main(int argc, char** argv) {
  rpc::BlockStopSignals();
  CLI::App app("Quotes, and the settlement of signed terms payment versus payment.");
  app.require_subcommand(1);

  bridge::BridgeProgramOptions options;
  CLI::App* run = app.add_subcommand("run", "Serve a bridge until SIGTERM or SIGINT");
  run->add_option("--config", options.config_file, "causeway.v1.BridgeConfig, protobuf text")
      ->required();
  run->add_option("--data", options.data_directory, "Directory of the journal; created if new")
      ->required();
  run->add_option("--key", options.key_file, "Key of the decision log, PEM")->required();
  rpc::AddServerFlags(*run, options.server);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : rpc::kExitUsage;
  }
  const absl::Status status = bridge::RunBridge(options);
  if (!status.ok()) {
    fmt::print(stderr, "causeway-bridge: {}\n", std::string(status.message()));
  }
  return rpc::ExitStatusOf(status);
}
