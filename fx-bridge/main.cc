// causeway-bridge: quotes, and the settlement of signed terms payment versus payment. README.md
// beside this file tells how to run it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "fx-bridge/runtime/bridge_program.h"

namespace {

namespace bridge = causeway::bridge;
namespace rpc = causeway::rpc;

constexpr int kExitUsage = 64;

}  // namespace

int main(int argc, char** argv) {
  rpc::BlockStopSignals();
  CLI::App app("Quotes, and the settlement of signed terms payment versus payment.");
  app.require_subcommand(1);

  bridge::BridgeProgramOptions options;
  rpc::TlsFiles tls;
  bool insecure = false;
  CLI::App* run = app.add_subcommand("run", "Serve a bridge until SIGTERM or SIGINT");
  run->add_option("--config", options.config_file, "causeway.v1.BridgeConfig, protobuf text")
      ->required();
  run->add_option("--data", options.data_directory, "Directory of the journal; created if new")
      ->required();
  run->add_option("--listen", options.server.listen, "HOST:PORT; port 0: any free one")->required();
  run->add_option("--key", options.key_file, "Key of the decision log, PEM")->required();
  CLI::Option* cert = run->add_option("--tls-cert", tls.certificate_file, "Own certificate, PEM");
  CLI::Option* key = run->add_option("--tls-key", tls.private_key_file, "Its private key, PEM");
  CLI::Option* ca =
      run->add_option("--tls-ca", tls.ca_file, "Authority of clients and ledgers, PEM");
  cert->needs(key, ca);
  key->needs(cert, ca);
  ca->needs(cert, key);
  run->add_flag("--insecure", insecure, "No TLS; on loopback addresses only")->excludes(cert);
  run->add_option("--ready-file", options.server.ready_file, "Gets HOST:PORT once serving");

  try {
    app.parse(argc, argv);
    if (!insecure && cert->count() == 0) {
      throw CLI::RequiredError("--tls-cert, --tls-key and --tls-ca (or --insecure on loopback)");
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  if (!insecure) options.server.tls = tls;
  const absl::Status status = bridge::RunBridge(options);
  if (!status.ok()) {
    fmt::print(stderr, "causeway-bridge: {}\n", std::string(status.message()));
  }
  return bridge::ExitStatusOf(status);
}
