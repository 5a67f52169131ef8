// What an operator sees of settlements that are not complete, and the orders of courts and
// disasters that concern them.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "settlement/client/bridge_client.h"
#include "settlement/client/receipt.h"
#include "wallet-cli/commands.h"
#include "wallet-cli/instruct.h"
#include "wallet-cli/views.h"

namespace causeway::wallet {
namespace {

absl::StatusOr<core::Hash256> ParseSettlementId(const std::string& hex) {
  const std::optional<core::Hash256> id = core::Hash256::FromHex(hex);
  if (id.has_value()) return *id;
  return absl::InvalidArgumentError("the settlement id: must be 64 hexadecimal digits");
}

absl::StatusOr<Json> OpenSettlements(Context& context, std::int64_t older_than_s) {
  const absl::StatusOr<client::BridgeClient> bridge = context.ConnectBridge();
  if (!bridge.ok()) return bridge.status();
  const auto open = bridge->ListOpen(core::Duration::FromSeconds(older_than_s));
  if (!open.ok()) return open.status();
  Json all = Json::array();
  for (const client::SettlementView& view : open->settlements) {
    all.push_back(OpenSettlementJson(view, open->now, /*details=*/context.options.json));
  }
  return all;
}

absl::StatusOr<Json> OpenHolds(Context& context, std::int64_t older_than_s) {
  const absl::StatusOr<Ledger> ledger = context.ConnectLedger();
  if (!ledger.ok()) return ledger.status();
  const auto prepared = ledger->client.ListPrepared(core::Duration::FromSeconds(older_than_s));
  if (!prepared.ok()) return prepared.status();
  Json all = Json::array();
  for (const client::LedgerSettlementView& view : prepared->settlements) {
    all.push_back(OpenHoldJson(view, prepared->now));
  }
  return all;
}

template <typename Command>
void AddListing(CLI::App& app, Context& context, const char* name, const char* help,
                Command command) {
  auto older_than_s = std::make_shared<std::int64_t>(0);
  CLI::App* listing = app.add_subcommand(name, help);
  listing->add_option("--older-than", *older_than_s, "Only those at least so many seconds old")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  listing->callback([&context, older_than_s, command] {
    context.command = [&context, older_than_s, command] { return command(context, *older_than_s); };
  });
}

struct OrderAbortFlags {
  InstructionFlags instruction;
  std::string settlement;
  std::string legal_basis;
};

void AddOrderAbort(CLI::App& app, Context& context) {
  auto flags = std::make_shared<OrderAbortFlags>();
  CLI::App* order = app.add_subcommand(
      "order-abort",
      "Order the abort of a settlement, on a legal basis (two approvers); request-abort brings the "
      "order to the bridge");
  order->add_option("settlement", flags->settlement, "Settlement id")->required();
  order->add_option("--legal-basis", flags->legal_basis, "The order or law that it rests on")
      ->required();
  AddInstructionFlags(*order, flags->instruction);
  order->callback([&context, flags] {
    context.command = [&context, flags] {
      return Instruct(context, flags->instruction, "ABT",
                      [&](const Ledger&) -> absl::StatusOr<core::Action> {
                        const auto id = ParseSettlementId(flags->settlement);
                        if (!id.ok()) return id.status();
                        return core::OrderAbort{*id, flags->legal_basis};
                      });
    };
  });
}

struct RequestAbortFlags {
  std::string settlement;
  ReferenceFlags reference{.kind = "order-abort"};
  std::string receipt_file;
};

absl::StatusOr<client::Receipt> ReceiptOfOrder(Context& context, const RequestAbortFlags& flags) {
  if (flags.reference.id.empty() == flags.receipt_file.empty()) {
    return Usage("give exactly one of --order and --receipt");
  }
  if (!flags.receipt_file.empty()) {
    const absl::StatusOr<std::string> content = ReadFile(flags.receipt_file);
    if (!content.ok()) return content.status();
    absl::StatusOr<client::Receipt> receipt = client::ParseReceipt(*content);
    if (!receipt.ok()) return Annotate(flags.receipt_file, receipt.status());
    return receipt;
  }
  const absl::StatusOr<core::InstructionKey> key = ParseReference(context, flags.reference);
  if (!key.ok()) return key.status();
  const absl::StatusOr<Ledger> ledger = context.ConnectLedger();
  if (!ledger.ok()) return ledger.status();
  return ledger->client.GetReceipt(*key);
}

absl::StatusOr<Json> RequestAbort(Context& context, const RequestAbortFlags& flags) {
  const absl::StatusOr<core::Hash256> id = ParseSettlementId(flags.settlement);
  if (!id.ok()) return id.status();
  const absl::StatusOr<client::Receipt> receipt = ReceiptOfOrder(context, flags);
  if (!receipt.ok()) return receipt.status();
  const absl::StatusOr<client::BridgeClient> bridge = context.ConnectBridge();
  if (!bridge.ok()) return bridge.status();
  const absl::StatusOr<client::SettlementView> view = bridge->RequestAbort(*id, *receipt);
  if (!view.ok()) return view.status();
  return SettlementJson(*view);
}

void AddRequestAbort(CLI::App& app, Context& context) {
  auto flags = std::make_shared<RequestAbortFlags>();
  CLI::App* request = app.add_subcommand(
      "request-abort", "Bring an order to abort to the bridge; a decision that came first stands");
  request->add_option("settlement", flags->settlement, "Settlement id")->required();
  request->add_option("--order", flags->reference.id,
                      "Instruction id of the order, of which --ledger gives the receipt");
  request->add_option("--party", flags->reference.party,
                      "The central bank that ordered it; --participant if left out");
  request->add_option("--receipt", flags->receipt_file, "File with the order's receipt instead");
  request->callback([&context, flags] {
    context.command = [&context, flags] { return RequestAbort(context, *flags); };
  });
}

}  // namespace

void AddSettlementCommands(CLI::App& app, Context& context) {
  AddListing(app, context, "open-settlements",
             "Settlements that are not complete at the bridge, and what each waits for",
             OpenSettlements);
  AddListing(app, context, "open-holds",
             "Settlements that hold money on the ledger, and what each waits for", OpenHolds);
  AddOrderAbort(app, context);
  AddRequestAbort(app, context);
}

}  // namespace causeway::wallet
