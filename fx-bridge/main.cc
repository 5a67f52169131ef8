// causeway-bridge: quotes, and the settlement of signed terms payment versus payment. README.md
// beside this file tells how to run it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "fx-bridge/runtime/bridge_files.h"
#include "fx-bridge/runtime/bridge_program.h"
#include "fx-bridge/runtime/rebuild.h"
#include "settlement/core/hash.h"
#include "settlement/rpc/server_flags.h"

namespace {

namespace bridge = causeway::bridge;
namespace rpc = causeway::rpc;

absl::Status WritePolicy(const bridge::PolicySpec& spec, const std::string& out) {
  const absl::StatusOr<std::string> bytes = bridge::MakePolicy(spec);
  if (!bytes.ok()) return bytes.status();
  if (absl::Status status = rpc::WriteFileAtomically(out, *bytes); !status.ok()) return status;
  fmt::print("{}\n", causeway::core::Sha256(*bytes).ToHex());
  return absl::OkStatus();
}

absl::Status Rebuild(const bridge::RebuildOptions& options) {
  const absl::StatusOr<bridge::RebuiltLog> rebuilt = bridge::RebuildDecisionLog(options);
  if (!rebuilt.ok()) return rebuilt.status();
  fmt::print("from     {}\nbatches  {}\nrecords  {}\nroot     {}\n", rebuilt->from,
             rebuilt->batches, rebuilt->records, rebuilt->root.ToHex());
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  rpc::BlockStopSignals();
  rpc::PreferLatency();
  CLI::App app("Quotes, and the settlement of signed terms payment versus payment.");
  app.set_version_flag("--version", "causeway-bridge " CAUSEWAY_VERSION);
  app.require_subcommand(1);

  bridge::BridgeProgramOptions options;
  CLI::App* run = app.add_subcommand("run", "Serve a bridge until SIGTERM or SIGINT");
  run->add_option("--config", options.config_file, "causeway.v1.BridgeConfig, protobuf text")
      ->required();
  run->add_option("--data", options.data_directory, "Directory of the journal; created if new")
      ->required();
  run->add_option("--key", options.key_file, "Key of the decision log, PEM")->required();
  run->add_flag("--accept-clock-gap", options.accept_clock_gap,
                "Start although the clock is far from the time of the log's last batch");
  rpc::AddServerFlags(*run, options.server);

  bridge::PolicySpec spec;
  std::string out;
  CLI::App* policy = app.add_subcommand("policy", "Make a settlement policy and print its hash");
  policy->add_option("--epoch", spec.epoch, "1 for the first policy of a log, then counting up")
      ->required();
  policy->add_option("--decision-log", spec.decision_log, "Such as bridge.example/decisions")
      ->required();
  policy
      ->add_option("--decision-log-key", spec.decision_log_key_path,
                   "Public key that signs the log's checkpoints, PEM")
      ->required();
  policy
      ->add_option("--ledger", spec.genesis_paths,
                   "Genesis file, one for each ledger: gives origin, genesis hash and key")
      ->required();
  policy->add_option_function<std::vector<std::string>>(
      "--witness",
      [&spec](const std::vector<std::string>& witnesses) {
        for (const std::string& each : witnesses) {
          const std::size_t equals = each.find('=');
          if (equals == std::string::npos) throw CLI::ValidationError("--witness", "NAME=FILE");
          spec.witnesses.push_back({each.substr(0, equals), each.substr(equals + 1)});
        }
      },
      "NAME=FILE, one for each witness: its name and its public key, Ed25519, PEM");
  policy->add_option("--witnesses-needed", spec.witnesses_needed,
                     "Cosignatures that a certificate needs; 0: the bridge's operator is trusted");
  policy->add_option("--witnesses-faulty-max", spec.witnesses_faulty_max,
                     "Faulty witnesses that are tolerated: below 2 * needed - witnesses");
  policy->add_option("--out", out, "File to write")->required();

  bridge::RebuildOptions rebuilding;
  CLI::App* rebuild = app.add_subcommand(
      "rebuild", "Make a lost journal again from what witnesses keep of the decision log");
  rebuild
      ->add_option(
          "--from", rebuilding.from,
          "Data directory of a stopped witness, or a copy; of several the longest is taken")
      ->required();
  rebuild->add_option("--policy", rebuilding.policy_files, "Settlement policy; once for each epoch")
      ->required();
  rebuild->add_option("--data", rebuilding.data_directory, "Directory of the journal to make")
      ->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : rpc::kExitUsage;
  }
  const absl::Status status = run->parsed()       ? bridge::RunBridge(options)
                              : rebuild->parsed() ? Rebuild(rebuilding)
                                                  : WritePolicy(spec, out);
  if (!status.ok()) {
    fmt::print(stderr, "causeway-bridge: {}\n", std::string(status.message()));
  }
  return rpc::ExitStatusOf(status);
}
