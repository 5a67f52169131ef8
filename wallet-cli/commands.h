// The commands: each function adds its subcommands to `app`. A parsed subcommand leaves what it is
// to do in Context::command. Flags and their meaning are in the help texts, where users read them.
#ifndef CAUSEWAY_WALLET_CLI_COMMANDS_H_
#define CAUSEWAY_WALLET_CLI_COMMANDS_H_

#include <string>

#include "wallet-cli/context.h"

namespace CLI {
class App;
}  // namespace CLI

namespace causeway::wallet {

void AddKeyCommands(CLI::App& app, Context& context);      // keygen, key-id, address
void AddQueryCommands(CLI::App& app, Context& context);    // info, balance, accounts, history, ...
void AddPaymentCommands(CLI::App& app, Context& context);  // pay, request-issue, redeem, cancel
void AddPayMany(CLI::App& app, Context& context);          // pay-many
void AddFxCommands(CLI::App& app, Context& context);       // quote, swap
void AddQueueCommands(CLI::App& app, Context& context);    // queue enter, withdraw, serve, ...
void AddReceiptCommands(CLI::App& app, Context& context);  // receipt get, receipt verify
void AddIssuerCommands(CLI::App& app, Context& context);   // issue, approve, refuse, day, ...
void AddSettlementCommands(CLI::App& app,
                           Context& context);  // open-settlements, open-holds, order-abort, ...
void AddWitnessCommands(CLI::App& app, Context& context);   // witnesses
void AddRegisterCommands(CLI::App& app, Context& context);  // register, open-account, freeze, ...
void AddTermsCommands(CLI::App& app, Context& context);     // set-reservations, set-credit, ...
void AddEnvelopeCommands(CLI::App& app, Context& context);  // show, cosign, submit
void AddCompletion(CLI::App& app, Context& context);        // completion bash

// A bash completion script for the whole tree of `app`.
std::string BashCompletion(const CLI::App& app);

}  // namespace causeway::wallet

#endif  // CAUSEWAY_WALLET_CLI_COMMANDS_H_
