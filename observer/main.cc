// causeway-observer: verifies ledgers and the bridge's decision log from the outside.
#include <CLI/CLI.hpp>
#include <string>

#include "observer/runtime/program.h"

namespace {

using causeway::observer::ReportOptions;
using causeway::observer::RunOptions;

int Main(int argc, char** argv) {
  CLI::App app("Verifies ledgers and the FX bridge's decision log, and trusts neither.",
               "causeway-observer");
  app.require_subcommand(1);

  RunOptions run;
  causeway::rpc::TlsFiles tls;
  bool insecure = false;
  CLI::App* run_command = app.add_subcommand("run", "Follow the logs and answer queries");
  run_command->add_option("--config", run.config, "Configuration (observer.txtpb)")->required();
  run_command->add_option("--data", run.data, "Folder of the store; made if missing")->required();
  run_command->add_option("--listen", run.server.listen, "host:port to answer on; port 0: any")
      ->required();
  run_command->add_option("--ready-file", run.server.ready_file,
                          "Written with host:port once queries are answered");
  CLI::Option* cert =
      run_command->add_option("--tls-cert", tls.certificate_file, "Own certificate (PEM)");
  CLI::Option* key =
      run_command->add_option("--tls-key", tls.private_key_file, "Its private key (PEM)");
  CLI::Option* ca = run_command->add_option("--tls-ca", tls.ca_file, "Authorities to trust (PEM)");
  cert->needs(key, ca);
  key->needs(cert);
  ca->needs(cert);
  CLI::Option* plain =
      run_command->add_flag("--insecure", insecure, "No TLS, loopback addresses only");
  plain->excludes(cert);

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
    if (*run_command && !insecure && tls.certificate_file.empty()) {
      throw CLI::RequiredError("--tls-cert, --tls-key and --tls-ca (or --insecure)");
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? causeway::observer::kExitOk : causeway::observer::kExitUsage;
  }
  if (*report_command) return causeway::observer::ReportObserver(report);
  if (!insecure) run.server.tls = tls;
  return causeway::observer::RunObserver(run);
}

}  // namespace

int main(int argc, char** argv) { return Main(argc, argv); }
