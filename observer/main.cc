// causeway-observer: verifies ledgers and the bridge's decision log from the outside.
#include <CLI/CLI.hpp>
#include <string>

#include "observer/runtime/program.h"
#include "settlement/rpc/server_flags.h"

namespace {

using causeway::observer::ReportOptions;
using causeway::observer::RunOptions;

int Main(int argc, char** argv) {
  CLI::App app("Verifies ledgers and the FX bridge's decision log, and trusts neither.",
               "causeway-observer");
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
  app.footer("Exit status: 0 all verified, 2 alerts, 64 usage, 65 unusable data, 70 internal.");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? causeway::observer::kExitOk : causeway::observer::kExitUsage;
  }
  if (*report_command) return causeway::observer::ReportObserver(report);
  return causeway::observer::RunObserver(run);
}

}  // namespace

int main(int argc, char** argv) { return Main(argc, argv); }
