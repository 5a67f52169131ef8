// Instructions in files: so that two approvers need not share a machine.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "settlement/codec/codec.h"
#include "settlement/core/quote.h"
#include "wallet-cli/commands.h"
#include "wallet-cli/envelope_file.h"
#include "wallet-cli/instruct.h"
#include "wallet-cli/look_up.h"
#include "wallet-cli/views.h"

namespace causeway::wallet {
namespace {

struct SignedCommand {
  core::Envelope envelope;
  core::Command command;
};

absl::StatusOr<SignedCommand> ReadSigned(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  absl::StatusOr<core::Envelope> envelope = ParseEnvelope(*text);
  if (!envelope.ok()) return Annotate(path, envelope.status());
  if (envelope->payload_type != core::kCommandPayloadType) {
    return absl::InvalidArgumentError(fmt::format("{}: is {}, not an instruction to a ledger ({})",
                                                  path, core::Quoted(envelope->payload_type),
                                                  core::kCommandPayloadType));
  }
  absl::StatusOr<core::Command> command = codec::DecodeCommand(envelope->payload);
  if (!command.ok()) return Annotate(path, command.status());
  return SignedCommand{*std::move(envelope), *std::move(command)};
}

Json SignedJson(const SignedCommand& read) {
  Json json = CommandJson(read.command);
  Json keys = Json::array();
  for (const core::Signature& signature : read.envelope.signatures) {
    keys.push_back(signature.key_id.ToHex());
  }
  json["signed_by_keys"] = std::move(keys);
  return json;
}

// With what it names, if it is an approval or a refusal, as the ledger knows that: whoever adds a
// signature would see an id alone.
absl::StatusOr<Json> SeenJson(Context& context, const SignedCommand& read) {
  Json json = SignedJson(read);
  if (!MustBeSeen(read.command)) return json;
  const absl::StatusOr<Ledger> ledger = context.ConnectLedger();
  if (!ledger.ok()) return ledger.status();
  const core::Hash256& genesis_hash = ledger->info.genesis.hash;
  if (genesis_hash != read.command.genesis_hash) {
    return absl::FailedPreconditionError(fmt::format(
        "it is addressed to the ledger with genesis hash {}; the one at --ledger has {}",
        read.command.genesis_hash.ToHex(), genesis_hash.ToHex()));
  }
  absl::StatusOr<Json> named = CheckNamed(*ledger, read.command);
  if (!named.ok()) return named.status();
  json["what_is_named"] = *std::move(named);
  return json;
}

absl::StatusOr<Json> ShowFile(Context& context, const std::string& path) {
  const absl::StatusOr<SignedCommand> read = ReadSigned(path);
  if (!read.ok()) return read.status();
  if (context.options.ledger.empty()) return SignedJson(*read);
  absl::StatusOr<Json> seen = SeenJson(context, *read);
  if (!seen.ok()) return Annotate(path, seen.status());
  return seen;
}

struct CosignFlags {
  std::string file;
  std::string out_file;
  bool yes = false;
  bool unseen = false;
};

absl::StatusOr<Json> Cosign(Context& context, const CosignFlags& flags) {
  absl::StatusOr<SignedCommand> read = ReadSigned(flags.file);
  if (!read.ok()) return read.status();
  const absl::StatusOr<std::optional<core::Hash256>> pinned = context.PinnedGenesis();
  if (!pinned.ok()) return pinned.status();
  if (pinned->has_value() && read->command.genesis_hash != **pinned) {
    return absl::FailedPreconditionError(fmt::format(
        "{}: is addressed to a ledger with another genesis hash than --genesis-hash", flags.file));
  }
  const absl::StatusOr<Json> seen = flags.unseen ? SignedJson(*read) : SeenJson(context, *read);
  if (!seen.ok()) return Annotate(flags.file, seen.status());
  if (!flags.yes) {
    context.err << RenderText(*seen);
    if (!context.Confirm("Sign this too?")) {
      return absl::FailedPreconditionError("not confirmed; nothing was signed");
    }
  }
  const auto signers = context.LoadSigners();
  if (!signers.ok()) return signers.status();
  for (const auto& signer : *signers) {
    if (absl::Status added = core::AddSignature(read->envelope, *signer); !added.ok()) {
      return Annotate(flags.file, added);
    }
  }
  const std::string& target = flags.out_file.empty() ? flags.file : flags.out_file;
  if (absl::Status written = WriteFile(target, FormatEnvelope(read->envelope),
                                       /*replace=*/flags.out_file.empty(), /*secret=*/false);
      !written.ok()) {
    return written;
  }
  Json json = *seen;
  json.update(SignedJson(*read));
  json["written_to"] = target;
  return json;
}

absl::StatusOr<Json> SubmitFile(Context& context, const std::string& path) {
  const absl::StatusOr<SignedCommand> read = ReadSigned(path);
  if (!read.ok()) return read.status();
  const absl::StatusOr<Ledger> ledger = context.ConnectLedger();
  if (!ledger.ok()) return ledger.status();
  return SubmitEnvelope(context, *ledger, read->envelope, read->command);
}

}  // namespace

void AddEnvelopeCommands(CLI::App& app, Context& context) {
  auto shown = std::make_shared<std::string>();
  CLI::App* show = app.add_subcommand(
      "show", "What a signed instruction in a file says; with --ledger also what it approves");
  show->add_option("file", *shown, "As `--out` of a command wrote it")->required();
  show->callback([&context, shown] {
    context.command = [&context, shown] { return ShowFile(context, *shown); };
  });

  auto flags = std::make_shared<CosignFlags>();
  CLI::App* cosign = app.add_subcommand("cosign", "Add a signature to an instruction in a file");
  cosign->add_option("file", flags->file, "As `--out` of a command wrote it")->required();
  cosign->add_option("--out", flags->out_file, "Write here instead of replacing the file");
  cosign->add_flag("--yes", flags->yes, "Do not show it and ask");
  cosign->add_flag("--unseen", flags->unseen,
                   "Of an approval: do not ask the ledger what it is that is approved");
  cosign->callback([&context, flags] {
    context.command = [&context, flags] { return Cosign(context, *flags); };
  });

  auto submitted = std::make_shared<std::string>();
  CLI::App* submit = app.add_subcommand("submit", "Submit an instruction from a file");
  submit->add_option("file", *submitted, "Signed by all who must")->required();
  submit->callback([&context, submitted] {
    context.command = [&context, submitted] { return SubmitFile(context, *submitted); };
  });
}

}  // namespace causeway::wallet
