// causeway-node: the ledger of one central bank's currency. README.md beside this file tells how to
// run it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "central-bank-node/runtime/journal_audit.h"
#include "central-bank-node/runtime/journal_care.h"
#include "central-bank-node/runtime/node_files.h"
#include "central-bank-node/runtime/node_program.h"
#include "central-bank-node/runtime/operations_client.h"
#include "central-bank-node/runtime/witness_program.h"
#include "settlement/core/suite.h"
#include "settlement/rpc/server_flags.h"

namespace {

namespace core = causeway::core;
namespace node = causeway::node;
namespace rpc = causeway::rpc;

constexpr int kExitSoftware = 70;  // EX_SOFTWARE

absl::Status WriteGenesis(const node::GenesisSpec& spec, const std::string& out) {
  absl::StatusOr<core::Genesis> genesis = node::MakeGenesis(spec);
  if (!genesis.ok()) return genesis.status();
  if (absl::Status status = rpc::WriteFileAtomically(out, genesis->bytes); !status.ok()) {
    return status;
  }
  fmt::print("{}\n", genesis->hash.ToHex());
  return absl::OkStatus();
}

// Of a stopped node.
struct JournalFlags {
  std::string genesis_file;
  std::string data;
  std::string archive;
  std::string from;
};

absl::Status Audit(const JournalFlags& flags, bool signatures) {
  absl::StatusOr<core::Genesis> genesis = node::ReadGenesis(flags.genesis_file);
  if (!genesis.ok()) return genesis.status();
  const core::OpenSslSignatureVerifier verifier;
  absl::StatusOr<node::JournalReport> report =
      node::AuditDirectory(*genesis, flags.data, signatures ? &verifier : nullptr, flags.archive);
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

using Command = std::function<absl::Status()>;
using Commands = std::map<CLI::App*, Command>;

CLI::App* AddJournalCommand(CLI::App& app, const char* name, const char* what,
                            JournalFlags& flags) {
  CLI::App* const command = app.add_subcommand(name, what);
  command->add_option("--genesis", flags.genesis_file, "Genesis file")->required();
  command->add_option("--data", flags.data, "Directory of the journal")->required();
  return command;
}

// --name, --key, --data, --policy, --bridge and --peer, each with `prefix` before its name. Without
// a prefix all but --peer are required; with one, the name needs the others.
void AddWitnessFlags(CLI::App& run, const std::string& prefix, node::WitnessOptions& options) {
  const auto flag = [&prefix](const char* name) { return "--" + prefix + name; };
  CLI::Option* const name = run.add_option(flag("name"), options.name,
                                           "Witness of a decision log: its name in the policy");
  CLI::Option* const key =
      run.add_option(flag("key"), options.key_file, "The witness's key, Ed25519, PEM");
  CLI::Option* const data = run.add_option(flag("data"), options.data_directory,
                                           "Directory of the witness's journal; created if new");
  CLI::Option* const policy = run.add_option(flag("policy"), options.policy_files,
                                             "Settlement policy, one for each epoch of the log");
  CLI::Option* const bridge = run.add_option(
      flag("bridge"), options.bridge, "Participant that the certificate of the log's bridge names");
  CLI::Option* const peer =
      run.add_option(flag("peer"), options.peers,
                     "HOST:PORT of the bridge or of another witness, asked before it starts");
  if (prefix.empty()) {
    for (CLI::Option* const option : {name, key, data, policy, bridge}) option->required();
  } else {
    name->needs(key, data, policy, bridge);
    for (CLI::Option* const option : {key, data, policy, bridge, peer}) option->needs(name);
  }
}

void AddRun(CLI::App& app, Commands& commands) {
  auto options = std::make_shared<node::NodeOptions>();
  CLI::App* run = app.add_subcommand("run", "Serve a ledger until SIGTERM or SIGINT");
  run->add_option("--genesis", options->genesis_file, "Genesis file (causeway-node genesis)")
      ->required();
  run->add_option("--data", options->data_directory, "Directory of the journal; created if new")
      ->required();
  run->add_option("--key", options->key_file, "Ledger key, PEM")->required();
  run->add_option("--passphrase-file", options->passphrase_file, "First line: passphrase of --key");
  run->add_option("--salt-key", options->salt_key_file, "Secret of 64 hexadecimal digits")
      ->required();
  run->add_option("--archive", options->archive_directory,
                  "Directory of the journal's archived segments");
  run->add_option("--backup-root", options->backup_root, "Directory that backups are made in");
  run->add_flag("--accept-clock-gap", options->accept_clock_gap,
                "Start although the clock is far from the time of the log's last batch");
  run->add_option_function<std::uint64_t>(
         "--segment-mib",
         [options](std::uint64_t mib) { options->segment_bytes = mib * (1 << 20); },
         "Size of a journal segment, which is what is archived at once (default 256)")
      ->check(CLI::Range(1, 4096));
  run->add_option("--checkpoint", options->checkpoint_files,
                  "Signed head of this ledger that somebody holds; refuses to run without its log");
  run->add_option("--snapshot-every", options->snapshot_every_leaves,
                  "Leaves between two snapshots of the state; 0: none")
      ->capture_default_str();
  run->add_option("--scrub-mib", options->scrub_mib_per_s,
                  "MiB a second that are read to find damage before it is needed; 0: nothing is")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  AddWitnessFlags(*run, "witness-", options->witness);
  rpc::AddServerFlags(*run, options->server);
  commands.emplace(run, [options] { return node::RunNode(*options); });
}

void AddWitness(CLI::App& app, Commands& commands) {
  struct Flags {
    node::WitnessOptions witness;
    rpc::ServerOptions server;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* run = app.add_subcommand(
      "witness", "Serve a witness of a decision log, without a ledger, until SIGTERM or SIGINT");
  AddWitnessFlags(*run, "", flags->witness);
  rpc::AddServerFlags(*run, flags->server);
  commands.emplace(run, [flags] { return node::RunWitness(flags->witness, flags->server); });
}

void AddGenesis(CLI::App& app, Commands& commands) {
  auto spec = std::make_shared<node::GenesisSpec>();
  auto out = std::make_shared<std::string>();
  CLI::App* genesis = app.add_subcommand("genesis", "Make a genesis file and print its hash");
  genesis->add_option("--spec", spec->spec_path, "causeway.v1.Genesis, protobuf text")->required();
  genesis->add_option("--out", *out, "File to write")->required();
  genesis->add_option("--ledger-key", spec->ledger_key_path, "Public key, PEM: sets ledger_key");
  genesis->add_option("--approver-key", spec->approver_key_paths,
                      "Public key, PEM, one per approver: sets central_bank.keys");
  commands.emplace(genesis, [=] { return WriteGenesis(*spec, *out); });
}

void AddAudits(CLI::App& app, Commands& commands) {
  for (const bool signatures : {false, true}) {
    auto flags = std::make_shared<JournalFlags>();
    CLI::App* command =
        signatures
            ? AddJournalCommand(app, "verify", "As info, and check every signature in it", *flags)
            : AddJournalCommand(app, "info", "Replay a stopped node's journal and describe it",
                                *flags);
    command->add_option("--archive", flags->archive, "Directory of its archived segments");
    commands.emplace(command, [=] { return Audit(*flags, signatures); });
  }
}

// What `care` does with the journal of the genesis in the flags.
template <typename Care>
Command OfStopped(const std::shared_ptr<JournalFlags>& flags, Care care) {
  return [flags, care]() -> absl::Status {
    absl::StatusOr<core::Genesis> genesis = node::ReadGenesis(flags->genesis_file);
    if (!genesis.ok()) return genesis.status();
    return care(*genesis, *flags);
  };
}

absl::Status PrintMoved(const absl::StatusOr<std::uint32_t>& segments, const char* what) {
  if (segments.ok()) fmt::print("{} {} segments\n", what, *segments);
  return segments.status();
}

void AddCare(CLI::App& app, Commands& commands) {
  auto flags = std::make_shared<JournalFlags>();
  CLI::App* check = AddJournalCommand(
      app, "check", "Verify every byte of a stopped node's journal; quicker than verify", *flags);
  check->add_option("--archive", flags->archive,
                    "Directory of its archived segments, to verify too");
  commands.emplace(check, OfStopped(flags, [](const auto& genesis, const auto& journal) {
                     absl::Status status =
                         node::CheckJournal(genesis, journal.data, journal.archive);
                     if (status.ok()) fmt::print("whole: {}\n", journal.data);
                     return status;
                   }));
  flags = std::make_shared<JournalFlags>();
  CLI::App* repair = AddJournalCommand(
      app, "repair", "Replace what is damaged in a stopped node's journal", *flags);
  repair->add_option("--from", flags->from, "An archive or a backup to take segments from");
  repair->add_option("--archive", flags->archive,
                     "Directory of its archived segments, for an index that must be made again");
  commands.emplace(repair, OfStopped(flags, [](const auto& genesis, const auto& journal) {
                     absl::Status status =
                         node::RepairJournal(genesis, journal.data, journal.from, journal.archive);
                     if (status.ok()) fmt::print("whole: {}\n", journal.data);
                     return status;
                   }));
  flags = std::make_shared<JournalFlags>();
  CLI::App* restore = AddJournalCommand(
      app, "restore", "Copy archived segments back into a stopped node's journal", *flags);
  restore->add_option("--archive", flags->archive, "Directory that has them")->required();
  commands.emplace(restore, OfStopped(flags, [](const auto& genesis, const auto& journal) {
                     return PrintMoved(node::RestoreJournal(genesis, journal.data, journal.archive),
                                       "restored");
                   }));
}

// Of a running node.
struct NodeFlags {
  rpc::ClientOptions options;

  node::NodeConnection Connection() const { return {options.address, options.tls}; }
};

CLI::App* AddNodeCommand(CLI::App& app, const char* name, const char* what, NodeFlags& flags) {
  CLI::App* const command = app.add_subcommand(name, what);
  rpc::AddClientFlags(*command, "--ledger", "The central bank's", flags.options);
  return command;
}

absl::Status ShowScrub(const absl::StatusOr<node::Scrubber::Status>& status) {
  if (!status.ok()) return status.status();
  fmt::print("passes  {}\nbytes   {}\n", status->passes, status->bytes);
  for (const std::string& damage : status->damaged) fmt::print("{}\n", damage);
  if (status->damaged.empty()) return absl::OkStatus();
  return absl::DataLossError(fmt::format("damaged places: {}", status->damaged.size()));
}

void AddOperations(CLI::App& app, Commands& commands) {
  auto flags = std::make_shared<NodeFlags>();
  auto name = std::make_shared<std::string>();
  CLI::App* backup =
      AddNodeCommand(app, "backup", "Have a running node back up its journal", *flags);
  backup->add_option("--name", *name, "Of the new directory under its --backup-root")->required();
  commands.emplace(backup, [=]() -> absl::Status {
    absl::StatusOr<node::BackupReport> report = node::RequestBackup(flags->Connection(), *name);
    if (!report.ok()) return report.status();
    fmt::print("directory  {}\nbatches    {}\n{}", report->directory, report->batches,
               report->checkpoint);
    return absl::OkStatus();
  });
  flags = std::make_shared<NodeFlags>();
  auto before = std::make_shared<std::uint64_t>(0);
  CLI::App* archive = AddNodeCommand(
      app, "archive", "Have a running node move sealed segments to its archive", *flags);
  archive->add_option("--before-batch", *before, "Only what lies before it; else all sealed");
  commands.emplace(archive, [=] {
    return PrintMoved(node::RequestArchive(flags->Connection(), *before), "archived");
  });
  flags = std::make_shared<NodeFlags>();
  CLI::App* scrub =
      AddNodeCommand(app, "scrub", "Ask a running node what it found wrong on its disk", *flags);
  commands.emplace(scrub, [=] { return ShowScrub(node::RequestScrub(flags->Connection())); });
}

int Main(int argc, char** argv) {
  rpc::BlockStopSignals();
  rpc::PreferLatency();
  CLI::App app("The ledger of one central bank's currency.");
  app.set_version_flag("--version", "causeway-node " CAUSEWAY_VERSION);
  app.require_subcommand(1);
  Commands commands;
  AddRun(app, commands);
  AddWitness(app, commands);
  AddGenesis(app, commands);
  AddAudits(app, commands);
  AddCare(app, commands);
  AddOperations(app, commands);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : rpc::kExitUsage;
  }
  absl::Status status;
  for (const auto& [command, carry_out] : commands) {
    if (command->parsed()) status = carry_out();
  }
  if (!status.ok()) {
    fmt::print(stderr, "causeway-node: {}\n", std::string(status.message()));
  }
  return rpc::ExitStatusOf(status);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Main(argc, argv);
  } catch (const std::exception& error) {
    std::fputs("causeway-node: ", stderr);
    std::fputs(error.what(), stderr);
    std::fputs("\n", stderr);
  }
  return kExitSoftware;
}
