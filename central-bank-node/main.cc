// causeway-node: the ledger of one central bank's currency. README.md beside this file tells how to
// run it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>

#include "central-bank-node/runtime/journal_audit.h"
#include "central-bank-node/runtime/node_files.h"
#include "central-bank-node/runtime/node_program.h"
#include "settlement/core/suite.h"
#include "settlement/rpc/server_flags.h"

namespace {

namespace core = causeway::core;
namespace node = causeway::node;
namespace rpc = causeway::rpc;

absl::Status WriteGenesis(const node::GenesisSpec& spec, const std::string& out) {
  absl::StatusOr<core::Genesis> genesis = node::MakeGenesis(spec);
  if (!genesis.ok()) return genesis.status();
  if (absl::Status status = rpc::WriteFileAtomically(out, genesis->bytes); !status.ok()) {
    return status;
  }
  fmt::print("{}\n", genesis->hash.ToHex());
  return absl::OkStatus();
}

absl::Status Audit(const std::string& genesis_file, const std::string& data, bool signatures) {
  absl::StatusOr<core::Genesis> genesis = node::ReadGenesis(genesis_file);
  if (!genesis.ok()) return genesis.status();
  const core::OpenSslSignatureVerifier verifier;
  absl::StatusOr<node::JournalReport> report =
      node::AuditDirectory(*genesis, data, signatures ? &verifier : nullptr);
  if (!report.ok()) return report.status();
  fmt::print("ledger       {}\n", genesis->ledger.text());
  fmt::print("genesis      {}\n", genesis->hash.ToHex());
  fmt::print("batches      {}\n", report->batches);
  fmt::print("leaves       {}\n", report->leaves);
  fmt::print("root         {}\n", report->root.ToHex());
  fmt::print("state root   {}\n", report->state_root.ToHex());
  fmt::print("ledger time  {}\n", report->time.ToString());
  fmt::print("business day {} ({})\n", report->date.ToString(), core::DayPhaseName(report->phase));
  fmt::print("issued       {} {}\n",
             core::FormatAmount(report->issued, genesis->currency.minor_digits()),
             genesis->currency.code());
  fmt::print("participants {}\naccounts     {}\nprepared     {} settlements\n",
             report->participants, report->accounts, report->prepared_settlements);
  fmt::print("verified     {}\n", signatures ? "every entry, signature and certificate"
                                             : "every entry, not the signatures");
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  rpc::BlockStopSignals();
  CLI::App app("The ledger of one central bank's currency.");
  app.require_subcommand(1);

  node::NodeOptions options;
  CLI::App* run = app.add_subcommand("run", "Serve a ledger until SIGTERM or SIGINT");
  run->add_option("--genesis", options.genesis_file, "Genesis file (causeway-node genesis)")
      ->required();
  run->add_option("--data", options.data_directory, "Directory of the journal; created if new")
      ->required();
  run->add_option("--key", options.key_file, "Ledger key, PEM")->required();
  run->add_option("--passphrase-file", options.passphrase_file, "First line: passphrase of --key");
  run->add_option("--salt-key", options.salt_key_file, "Secret of 64 hexadecimal digits")
      ->required();
  rpc::AddServerFlags(*run, options.server);

  node::GenesisSpec spec;
  std::string out;
  CLI::App* genesis = app.add_subcommand("genesis", "Make a genesis file and print its hash");
  genesis->add_option("--spec", spec.spec_path, "causeway.v1.Genesis, protobuf text")->required();
  genesis->add_option("--out", out, "File to write")->required();
  genesis->add_option("--ledger-key", spec.ledger_key_path, "Public key, PEM: sets ledger_key");
  genesis->add_option("--approver-key", spec.approver_key_paths,
                      "Public key, PEM, one per approver: sets central_bank.keys");

  std::string genesis_file;
  std::string data;
  CLI::App* info = app.add_subcommand("info", "Replay a stopped node's journal and describe it");
  CLI::App* verify = app.add_subcommand("verify", "As info, and check every signature in it");
  for (CLI::App* command : {info, verify}) {
    command->add_option("--genesis", genesis_file, "Genesis file")->required();
    command->add_option("--data", data, "Directory of the journal")->required();
  }

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : rpc::kExitUsage;
  }
  absl::Status status;
  if (run->parsed()) {
    status = node::RunNode(options);
  } else if (genesis->parsed()) {
    status = WriteGenesis(spec, out);
  } else {
    status = Audit(genesis_file, data, verify->parsed());
  }
  if (!status.ok()) {
    fmt::print(stderr, "causeway-node: {}\n", std::string(status.message()));
  }
  return rpc::ExitStatusOf(status);
}
