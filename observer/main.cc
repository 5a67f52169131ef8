// causeway-observer: verifies ledgers and the bridge's decision log from the outside.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "observer/runtime/program.h"
#include "observer/runtime/questions.h"
#include "settlement/rpc/server_flags.h"

namespace {

using causeway::observer::ReportOptions;
using causeway::observer::RunOptions;

// Of a running observer. Each command leaves in `ask` what to do once its flags are read.
struct Questions {
  causeway::rpc::ClientOptions connection;
  bool json = false;
  std::uint64_t from_number = 0;
  std::string evidence;
  std::string settlement_id;
  bool open_only = false;
  std::string ledger;

  causeway::observer::AskOptions options() const {
    return {connection.address, connection.tls, json};
  }
};

CLI::App* AddQuestion(CLI::App& app, const char* name, const char* what, Questions& questions) {
  CLI::App* const command =
      app.add_subcommand(name, std::string(what) + " (of a running observer)");
  causeway::rpc::AddClientFlags(*command, "--address", "A reader's", questions.connection);
  command->add_flag("--json", questions.json, "One JSON object instead of text");
  return command;
}

int Main(int argc, char** argv) {
  CLI::App app("Verifies ledgers and the FX bridge's decision log, and trusts neither.",
               "causeway-observer");
  app.set_version_flag("--version", "causeway-observer " CAUSEWAY_VERSION);
  app.require_subcommand(1);

  RunOptions run;
  CLI::App* run_command = app.add_subcommand("run", "Follow the logs and answer queries");
  run_command->add_option("--config", run.config, "Configuration (observer.txtpb)")->required();
  run_command->add_option("--data", run.data, "Folder of the store; made if missing")->required();
  causeway::rpc::AddServerFlags(*run_command, run.server);

  ReportOptions report;
  CLI::App* report_command =
      app.add_subcommand("report", "Verify a store again, offline, and print what it shows");
  report_command->add_option("--config", report.config, "Configuration (observer.txtpb)")
      ->required();
  report_command->add_option("--data", report.data, "Folder of the store")->required();
  report_command->add_flag("--json", report.json, "One JSON object instead of text");

  Questions ask;
  CLI::App* status = AddQuestion(app, "status", "How far each log is verified, and counts", ask);
  CLI::App* alerts = AddQuestion(app, "alerts", "What is wrong, oldest first", ask);
  alerts->add_option("--from", ask.from_number, "From this number on");
  alerts->add_option("--evidence", ask.evidence, "Write each piece to DIRECTORY/alert-N/NAME");
  CLI::App* overrides =
      AddQuestion(app, "overrides", "What central banks ordered against owners", ask);
  CLI::App* references =
      AddQuestion(app, "references", "RTGS references that entries name more than once", ask);
  CLI::App* settlements = AddQuestion(app, "settlements", "Settlements across all ledgers", ask);
  settlements->add_option("ID", ask.settlement_id, "Only this one: 64 hexadecimal digits");
  settlements->add_flag("--open", ask.open_only, "Only those that are not complete");
  CLI::App* accounts =
      AddQuestion(app, "accounts", "Accounts in the observer's own copy of a ledger", ask);
  accounts->add_option("LEDGER", ask.ledger, "Its origin, as hk.example/hkd")->required();
  app.footer(
      "Exit status: 0 all verified, 2 alerts, 64 usage, 65 unusable data, 69 the running observer\n"
      "is not reached or refuses, 70 internal.");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? causeway::observer::kExitOk : causeway::observer::kExitUsage;
  }
  namespace observer = causeway::observer;
  if (*status) return observer::AskStatus(ask.options());
  if (*alerts) {
    return observer::AskAlerts(
        ask.options(), ask.from_number,
        alerts->count("--evidence") == 0 ? std::nullopt : std::optional(ask.evidence));
  }
  if (*overrides) return observer::AskOverrides(ask.options());
  if (*references) return observer::AskReferences(ask.options());
  if (*settlements) {
    return observer::AskSettlements(ask.options(), ask.settlement_id, ask.open_only);
  }
  if (*accounts) return observer::AskAccounts(ask.options(), ask.ledger);
  if (*report_command) return causeway::observer::ReportObserver(report);
  return causeway::observer::RunObserver(run);
}

}  // namespace

int main(int argc, char** argv) { return Main(argc, argv); }
