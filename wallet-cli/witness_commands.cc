// What an operator sees of the witnesses of a decision log.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "settlement/client/bridge_client.h"
#include "settlement/client/witness_client.h"
#include "settlement/core/checkpoint.h"
#include "wallet-cli/commands.h"
#include "wallet-cli/views.h"

namespace causeway::wallet {
namespace {

absl::StatusOr<std::uint64_t> LogSize(const client::BridgeClient& bridge) {
  const absl::StatusOr<std::string> note = bridge.GetCheckpoint();
  if (!note.ok()) return note.status();
  const absl::StatusOr<core::SignedCheckpoint> checkpoint = core::ParseCheckpoint(*note);
  if (!checkpoint.ok()) return checkpoint.status();
  return checkpoint->checkpoint.size;
}

// What the witnesses say of themselves; of one that does not answer, why.
absl::StatusOr<Json> AskThem(Context& context, const std::vector<std::string>& addresses) {
  std::optional<std::uint64_t> log_size;
  if (!context.options.bridge.empty()) {
    const absl::StatusOr<client::BridgeClient> bridge = context.ConnectBridge();
    if (!bridge.ok()) return bridge.status();
    // They are asked all the same when the bridge is down.
    if (const absl::StatusOr<std::uint64_t> size = LogSize(*bridge); size.ok()) log_size = *size;
  }
  Json all = Json::array();
  for (const std::string& address : addresses) {
    const absl::StatusOr<client::WitnessClient> witness = context.ConnectWitness(address);
    if (!witness.ok()) return witness.status();
    const absl::StatusOr<client::WitnessState> state = witness->GetWitness();
    Json json = {{"address", address}};
    if (state.ok()) {
      json.update(WitnessJson(*state, log_size, /*details=*/context.options.json));
    } else {
      json["unreachable"] = std::string(state.status().message());
    }
    all.push_back(std::move(json));
  }
  return all;
}

absl::StatusOr<Json> AskBridge(Context& context) {
  const absl::StatusOr<client::BridgeClient> bridge = context.ConnectBridge();
  if (!bridge.ok()) return bridge.status();
  const absl::StatusOr<client::BridgeInfo> info = bridge->GetBridge();
  if (!info.ok()) return info.status();
  const absl::StatusOr<std::uint64_t> size = LogSize(*bridge);
  if (!size.ok()) return size.status();
  Json all = Json::array();
  for (const client::BridgeWitness& witness : info->witnesses) {
    all.push_back(BridgeWitnessJson(witness, *size));
  }
  return all;
}

}  // namespace

void AddWitnessCommands(CLI::App& app, Context& context) {
  auto addresses = std::make_shared<std::vector<std::string>>();
  CLI::App* witnesses = app.add_subcommand(
      "witnesses",
      "How far the witnesses of the decision log are, as the bridge sees them or, with --witness, "
      "as they say themselves, and what evidence they hold");
  witnesses->add_option("--witness", *addresses, "HOST:PORT of a witness, once for each");
  witnesses->callback([&context, addresses] {
    context.command = [&context, addresses] {
      return addresses->empty() ? AskBridge(context) : AskThem(context, *addresses);
    };
  });
}

}  // namespace causeway::wallet
