// causeway-load: loads a ledger and measures what it does.
#include <cstdio>
#include <variant>

#include "scenarios/load/commands.h"
#include "scenarios/load/options.h"
#include "settlement/rpc/server.h"

int main(int argc, char** argv) {
  using namespace causeway::load;
  causeway::rpc::PreferLatency();  // what is due is to be sent then
  const auto command = ParseCommandLine(argc, argv);
  if (const auto* run = std::get_if<RunOptions>(&command)) return RunCommand(*run);
  if (const auto* prepare = std::get_if<PrepareOptions>(&command)) return PrepareCommand(*prepare);
  const auto& help = std::get<Help>(command);
  std::fputs(help.text.c_str(), help.exit_status == kExitOk ? stdout : stderr);
  return help.exit_status;
}
