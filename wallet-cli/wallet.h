// causeway-wallet as a function: what main.cc and the tests call. wallet-cli/README.md describes
// the commands, docs/how-to/use-the-wallet.md how they are used.
#ifndef CAUSEWAY_WALLET_CLI_WALLET_H_
#define CAUSEWAY_WALLET_CLI_WALLET_H_

#include <iosfwd>

namespace causeway::wallet {

// What the program ends with. Programs that call it may rely on these numbers.
enum class ExitCode : int {
  kOk = 0,
  kRejected = 1,        // a ledger or the bridge said no; nothing will change that by itself
  kOutcomeUnknown = 2,  // sent, and no answer came: ask `status`, or run the same command again
  kUsage = 64,          // the command line or the config file is wrong
  kBadData = 65,        // a value, a file or a proof is wrong
  kUnavailable = 69,    // not reached, or reached and too busy; nothing was sent or done
  kPermission = 77,     // passphrase, file permission or certificate
};

// Runs one command line (argv[0] is the program's name). Results go to `out`, messages and prompts
// to `err`; answers to prompts come from `in`, without echo when that is the terminal's std::cin.
// Reads the environment (HOME, XDG_CONFIG_HOME, CAUSEWAY_*) and files; never throws.
int RunWallet(int argc, const char* const* argv, std::istream& in, std::ostream& out,
              std::ostream& err);

}  // namespace causeway::wallet

#endif  // CAUSEWAY_WALLET_CLI_WALLET_H_
