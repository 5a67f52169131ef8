#include "wallet-cli/wallet.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "settlement/core/quote.h"
#include "wallet-cli/commands.h"
#include "wallet-cli/config_file.h"
#include "wallet-cli/context.h"

namespace causeway::wallet {
namespace {

constexpr char kVersion[] = "causeway-wallet " CAUSEWAY_VERSION;

// Environment variables and the flags that they stand for.
constexpr std::pair<const char*, const char*> kEnvironment[] = {
    {"CAUSEWAY_CONFIG", "--config"},           {"CAUSEWAY_LEDGER", "--ledger"},
    {"CAUSEWAY_BRIDGE", "--bridge"},           {"CAUSEWAY_TLS_CERT", "--tls-cert"},
    {"CAUSEWAY_TLS_KEY", "--tls-key"},         {"CAUSEWAY_TLS_CA", "--tls-ca"},
    {"CAUSEWAY_PARTICIPANT", "--participant"}, {"CAUSEWAY_GENESIS_HASH", "--genesis-hash"},
};

constexpr char kFooter[] =
    "\nGlobal options may stand before or after the command. What the command line does not say is "
    "taken\nfrom the environment (CAUSEWAY_LEDGER, CAUSEWAY_BRIDGE, CAUSEWAY_TLS_CERT, "
    "CAUSEWAY_TLS_KEY,\nCAUSEWAY_TLS_CA, CAUSEWAY_PARTICIPANT, CAUSEWAY_GENESIS_HASH, "
    "CAUSEWAY_CONFIG), then from the config file.\n\nExit codes: 0 ok, 1 rejected, 2 outcome "
    "unknown, 64 usage, 65 bad data, 69 unavailable, 77 permission.";

std::string DefaultConfigFile() {
  if (const char* folder = std::getenv("XDG_CONFIG_HOME"); folder != nullptr && *folder != '\0') {
    return std::string(folder) + "/causeway/wallet.toml";
  }
  const char* home = std::getenv("HOME");
  return std::string(home == nullptr ? "." : home) + "/.config/causeway/wallet.toml";
}

// Variables come first on the command line and the last word counts: so the command line overrides
// them, and they override the config file.
std::vector<std::string> WithEnvironment(int argc, const char* const* argv) {
  std::vector<std::string> words;
  for (const auto& [variable, flag] : kEnvironment) {
    if (const char* value = std::getenv(variable); value != nullptr && *value != '\0') {
      words.push_back(flag);
      words.emplace_back(value);
    }
  }
  for (int i = 1; i < argc; ++i) words.emplace_back(argv[i]);
  return words;
}

void AddGlobalOptions(CLI::App& app, GlobalOptions& options) {
  constexpr auto kLast = CLI::MultiOptionPolicy::TakeLast;
  app.set_config("--config", DefaultConfigFile(), "File with these options, TOML")
      ->multi_option_policy(kLast);
  app.config_formatter(std::make_shared<ConfigFile>(app));
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.set_version_flag("--version", kVersion);
  app.add_option("--ledger", options.ledger, "HOST:PORT of the ledger")->multi_option_policy(kLast);
  app.add_option("--bridge", options.bridge, "HOST:PORT of the FX bridge")
      ->multi_option_policy(kLast);
  app.add_option("--tls-cert", options.tls_cert, "PEM certificate of this client")
      ->multi_option_policy(kLast);
  app.add_option("--tls-key", options.tls_key, "PEM private key of that certificate")
      ->multi_option_policy(kLast);
  app.add_option("--tls-ca", options.tls_ca, "PEM certificates of the authority")
      ->multi_option_policy(kLast);
  app.add_flag("--insecure", options.insecure, "No TLS: for servers on this machine only");
  app.add_option("--participant", options.participant, "Who instructs, such as BANKA")
      ->multi_option_policy(kLast);
  app.add_option("--genesis-hash", options.genesis_hash,
                 "The ledger's genesis hash: refuse to deal with any other ledger")
      ->multi_option_policy(kLast);
  app.add_option("--key", options.keys, "Private key file to sign with; once for each approver")
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--passphrase-file", options.passphrase_files,
                 "File whose first line opens the key: once for all keys, or once for each")
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--timeout", options.timeout_seconds, "Seconds to keep trying")
      ->capture_default_str()
      ->check(CLI::Range(1, kTimeoutSecondsMax))
      ->multi_option_policy(kLast);
  app.add_flag("--json", options.json, "Results and errors as JSON");
}

// CLI11 looks for what is missing before what it did not understand: a misspelt option would be
// reported as the absence of the right one. Empty: it understood every word.
std::string UnknownWord(const CLI::App& app) {
  const std::vector<std::string> words = app.remaining(/*recurse=*/true);
  if (words.empty()) return "";
  std::vector<std::string> options;
  std::vector<std::string> commands;
  std::string path;
  const CLI::App* at = &app;
  for (;;) {
    for (const CLI::Option* option : at->get_options()) {
      for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
    }
    const std::vector<CLI::App*> chosen = at->get_subcommands();
    if (chosen.empty()) break;
    at = chosen.front();
    path += (path.empty() ? "" : " ") + at->get_name();
  }
  for (const CLI::App* command : at->get_subcommands([](const CLI::App*) { return true; })) {
    commands.push_back(command->get_name());
  }
  const std::string where = path.empty() ? "causeway-wallet" : "`" + path + "`";
  for (const std::string& word : words) {
    if (word.starts_with('-')) {
      return core::Quoted(word) + " is no option of " + where +
             DidYouMean(word.substr(0, word.find('=')), options);
    }
  }
  if (!commands.empty()) {
    return core::Quoted(words.front()) + " is no command of " + where +
           DidYouMean(words.front(), commands);
  }
  return core::Quoted(words.front()) + " is a word too many for " + where;
}

}  // namespace

int RunWallet(int argc, const char* const* argv, std::istream& in, std::ostream& out,
              std::ostream& err) {
  Context context(in, out, err);
  CLI::App app("Keys, payments, swaps and receipts on Causeway ledgers.", "causeway-wallet");
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(kFooter);
  AddGlobalOptions(app, context.options);
  AddKeyCommands(app, context);
  AddQueryCommands(app, context);
  AddPaymentCommands(app, context);
  AddPayMany(app, context);
  AddFxCommands(app, context);
  AddQueueCommands(app, context);
  AddReceiptCommands(app, context);
  AddIssuerCommands(app, context);
  AddSettlementCommands(app, context);
  AddWitnessCommands(app, context);
  AddRegisterCommands(app, context);
  AddTermsCommands(app, context);
  AddEnvelopeCommands(app, context);
  AddCompletion(app, context);

  std::vector<std::string> words = WithEnvironment(argc, argv);
  std::vector<std::string> reversed(words.rbegin(), words.rend());  // what CLI11 asks for
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    const std::string unknown = error.get_exit_code() == 0 ? "" : UnknownWord(app);
    if (!unknown.empty()) {
      err << unknown << "\nRun with --help for more information.\n";
      return static_cast<int>(ExitCode::kUsage);
    }
    if (error.get_name() == "ConfigError") {
      err << "causeway-wallet: " << app.get_config_ptr()->as<std::string>() << ":" << error.what()
          << "\n";
      return static_cast<int>(ExitCode::kUsage);
    }
    const int code = app.exit(error, out, err);
    return code == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
  }
  const absl::StatusOr<Json> result = context.command();
  if (!result.ok()) return static_cast<int>(context.Fail(result.status()));
  context.Show(*result);
  return static_cast<int>(ExitCode::kOk);
}

}  // namespace causeway::wallet
