// Receipts: fetched from a ledger, verified without one.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "settlement/client/receipt.h"
#include "wallet-cli/commands.h"
#include "wallet-cli/instruct.h"
#include "wallet-cli/look_up.h"
#include "wallet-cli/names.h"
#include "wallet-cli/views.h"

namespace causeway::wallet {
namespace {

struct GetFlags {
  ReferenceFlags reference;
  std::uint64_t entry = 0;
  bool by_entry = false;
  std::string out_file;
};

// A proof that does not hold is bad data, not a lack of permission.
absl::Status AsBadData(const absl::Status& status) {
  return absl::FailedPreconditionError(
      fmt::format("the receipt does not prove anything: {}", std::string(status.message())));
}

std::string SeveralKinds(const std::vector<core::InstructionKey>& keys) {
  std::string kinds;
  for (const core::InstructionKey& key : keys) {
    kinds += (kinds.empty() ? "" : ", ") + std::string(core::ActionKindName(key.kind));
  }
  return fmt::format("{} names several instructions: give --kind, one of {}",
                     keys.front().id.text(), kinds);
}

absl::StatusOr<Json> Get(Context& context, const GetFlags& flags) {
  if (flags.by_entry == !flags.reference.id.empty()) {
    return Usage("give exactly one of an instruction id and --entry");
  }
  const absl::StatusOr<Ledger> ledger = context.ConnectLedger();
  if (!ledger.ok()) return ledger.status();
  core::InstructionKey key;
  if (!flags.by_entry) {
    const auto found = FindKeys(context, *ledger, flags.reference);
    if (!found.ok()) return found.status();
    if (found->size() > 1) return Usage(SeveralKinds(*found));
    key = found->front();
  }
  const absl::StatusOr<client::Receipt> receipt =
      flags.by_entry ? ledger->client.GetReceipt(flags.entry) : ledger->client.GetReceipt(key);
  if (!receipt.ok()) return receipt.status();
  const auto verified = client::VerifyReceipt(*receipt, ledger->info.genesis.hash);
  if (!verified.ok()) return AsBadData(verified.status());
  if (absl::Status written = WriteFile(flags.out_file, client::FormatReceipt(*receipt),
                                       /*replace=*/false, /*secret=*/false);
      !written.ok()) {
    return written;
  }
  Json json = ReceiptJson(*verified);
  json["written_to"] = flags.out_file;
  return json;
}

absl::StatusOr<Json> Verify(Context& context, const std::string& path) {
  const absl::StatusOr<std::optional<core::Hash256>> pinned = context.PinnedGenesis();
  if (!pinned.ok()) return pinned.status();
  if (!pinned->has_value()) {
    return Usage(
        "--genesis-hash is not set; give the hash that the central bank publishes: without it a "
        "receipt proves nothing");
  }
  const absl::StatusOr<std::string> content = ReadFile(path);
  if (!content.ok()) return content.status();
  const absl::StatusOr<client::Receipt> receipt = client::ParseReceipt(*content);
  if (!receipt.ok()) return Annotate(path, receipt.status());
  const auto verified = client::VerifyReceipt(*receipt, **pinned);
  if (!verified.ok()) return Annotate(path, AsBadData(verified.status()));
  Json json = ReceiptJson(*verified);
  if (verified->command.has_value()) json["signed_instruction"] = CommandJson(*verified->command);
  return json;
}

}  // namespace

void AddReceiptCommands(CLI::App& app, Context& context) {
  CLI::App* receipt = app.add_subcommand("receipt", "Proof that an entry is in a ledger's log");
  receipt->require_subcommand(1);

  auto flags = std::make_shared<GetFlags>();
  CLI::App* get = receipt->add_subcommand("get", "Fetch a receipt, verify it and keep it");
  get->add_option("id", flags->reference.id, "Instruction id");
  get->add_option("--kind", flags->reference.kind, KindHelp());
  get->add_option("--party", flags->reference.party,
                  "Who instructed it; --participant if left out");
  CLI::Option* entry = get->add_option("--entry", flags->entry, "Entry index instead of an id");
  get->add_option("--out", flags->out_file, "File to write")->required();
  get->callback([&context, flags, entry] {
    flags->by_entry = entry->count() > 0;
    context.command = [&context, flags] { return Get(context, *flags); };
  });

  auto path = std::make_shared<std::string>();
  CLI::App* verify =
      receipt->add_subcommand("verify", "Verify a receipt file against --genesis-hash; no network");
  verify->add_option("file", *path, "Receipt file")->required();
  verify->callback(
      [&context, path] { context.command = [&context, path] { return Verify(context, *path); }; });
}

}  // namespace causeway::wallet
