#include "wallet-cli/instruct.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <optional>
#include <utility>

#include "settlement/client/commands.h"
#include "settlement/client/errors.h"
#include "settlement/core/hash.h"
#include "settlement/core/quote.h"
#include "wallet-cli/envelope_file.h"
#include "wallet-cli/look_up.h"
#include "wallet-cli/names.h"
#include "wallet-cli/values.h"
#include "wallet-cli/views.h"

namespace causeway::wallet {
namespace {

// The reference under which `status` finds what a command instructs; of a batch, its first payment.
core::InstructionKey KeyOf(const core::Command& command) {
  core::InstructionKey key{command.party, core::KindOf(command.action), command.id};
  if (const auto* batch = std::get_if<core::PayBatch>(&command.action)) {
    key.id = batch->payments.front().id;
  }
  return key;
}

std::string Spoken(const core::InstructionKey& key) {
  return fmt::format("{} {} of {}", core::ActionKindName(key.kind), key.id.text(),
                     key.party.text());
}

Json Outcomes(const std::vector<client::InstructionView>& views, core::Currency currency) {
  if (views.size() == 1) return InstructionJson(views.front(), currency);
  Json all = Json::array();
  for (const client::InstructionView& view : views) all.push_back(InstructionJson(view, currency));
  return all;
}

// The RTGS transfer that pays for what an action issues; null for other actions.
const std::string* IncomingTransfer(const core::Action& action) {
  if (const auto* issue = std::get_if<core::Issue>(&action)) return &issue->rtgs_reference;
  const auto* approve = std::get_if<core::Approve>(&action);
  const bool issues =
      approve != nullptr && approve->instruction.kind == core::ActionKind::kRequestIssue;
  return issues ? &approve->rtgs_reference : nullptr;
}

// The id of what is issued against a transfer, made of its reference: the ledger remembers ids for
// ever, so that a transfer that was used before is found, and refused if two use it at once.
absl::StatusOr<core::InstructionId> IdOfTransfer(const Ledger& ledger,
                                                 const core::ParticipantId& party,
                                                 const std::string& transfer,
                                                 std::string_view id_prefix) {
  absl::StatusOr<core::InstructionId> id = core::InstructionId::Parse("RTGS-" + transfer);
  // Not every reference is an id, or as short as one.
  if (!id.ok())
    id = core::InstructionId::Parse("RTGS-" + core::Sha256(transfer).ToHex().substr(0, 30));
  if (!id.ok()) return id;
  bool failed_before = false;
  for (const core::ActionKind kind : {core::ActionKind::kIssue, core::ActionKind::kApprove}) {
    const absl::StatusOr<KnownInstruction> known = LookUp(ledger, {party, kind, *id});
    const std::optional<core::Rejection> refused = client::RejectionOf(known.status());
    if (refused.has_value() && refused->outcome == core::Outcome::kNotFound) continue;
    if (!known.ok()) return known.status();
    if (known->view.status == core::InstructionStatus::kSettled) {
      return absl::FailedPreconditionError(fmt::format(
          "nothing was signed: the RTGS transfer {} was used before: {}; if it is to pay for this "
          "as well, say so by an --id of its own",
          core::Quoted(transfer), Told(*known)));
    }
    failed_before = true;
  }
  return failed_before ? client::NewInstructionId(id_prefix) : id;
}

// The error of an instruction that was rejected and recorded. Of one that names another, with how
// that one stands.
absl::Status Rejected(const Ledger& ledger, const core::Command& command,
                      const client::InstructionView& view, const Json& outcomes) {
  core::Rejection rejection = InMoney(view.rejection, ledger.info.genesis.currency);
  if (rejection.outcome == core::Outcome::kWrongInstructionState) {
    const std::optional<core::InstructionKey> named = NamedBy(command);
    if (named.has_value()) {
      const absl::StatusOr<KnownInstruction> known = LookUp(ledger, *named);
      if (known.ok()) rejection.message = Told(*known);
    }
  }
  return WithDetails(Annotate(Spoken(view.key) + " was rejected", client::StatusFor(rejection)),
                     outcomes);
}

}  // namespace

void AddInstructionFlags(CLI::App& command, InstructionFlags& flags) {
  command.add_option("--id", flags.id,
                     "Instruction id, up to 35 characters; a new one is made if it is left out");
  command
      .add_option("--valid-for", flags.valid_minutes, "Minutes after which the ledger refuses it")
      ->capture_default_str()
      ->check(CLI::Range(1, kValidMinutesMax));
  command.add_option("--out", flags.out_file,
                     "Write the signed instruction to this file for `cosign` and `submit`; send "
                     "nothing");
}

absl::StatusOr<Json> Instruct(Context& context, const InstructionFlags& flags,
                              std::string_view id_prefix, const MakeAction& make) {
  const absl::StatusOr<core::ParticipantId> party = context.Participant();
  if (!party.ok()) return party.status();
  absl::StatusOr<core::InstructionId> id;
  if (!flags.id.empty()) id = core::InstructionId::Parse(flags.id);
  if (!flags.id.empty() && !id.ok()) return Annotate("--id", id.status());
  const auto signers = context.LoadSigners();
  if (!signers.ok()) return signers.status();
  const absl::StatusOr<Ledger> ledger = context.ConnectLedger();
  if (!ledger.ok()) return ledger.status();
  absl::StatusOr<core::Action> action = make(*ledger);
  if (!action.ok()) return action.status();
  if (flags.id.empty()) {
    const std::string* const transfer = IncomingTransfer(*action);
    id = transfer == nullptr ? client::NewInstructionId(id_prefix)
                             : IdOfTransfer(*ledger, *party, *transfer, id_prefix);
    if (!id.ok()) return id.status();
  }

  const core::Command command = client::MakeCommand(
      client::AddressOf(ledger->info.genesis), *party, *id,
      ledger->info.time + core::Duration::FromMinutes(flags.valid_minutes), *std::move(action));
  // Whoever approves sees what; four eyes that see an id alone approve anything.
  Json named(nullptr);
  if (MustBeSeen(command)) {
    absl::StatusOr<Json> checked = CheckNamed(*ledger, command);
    if (!checked.ok()) return checked.status();
    named = *std::move(checked);
  }
  const absl::StatusOr<core::Envelope> envelope = client::SignCommand(command, Borrow(*signers));
  if (!envelope.ok()) return Annotate("the instruction cannot be signed", envelope.status());
  if (flags.out_file.empty()) {
    absl::StatusOr<Json> sent = SubmitEnvelope(context, *ledger, *envelope, command);
    if (sent.ok() && !named.is_null()) (*sent)["what_is_named"] = named;
    return sent;
  }

  if (absl::Status written = WriteFile(flags.out_file, FormatEnvelope(*envelope),
                                       /*replace=*/false, /*secret=*/false);
      !written.ok()) {
    return written;
  }
  Json json = CommandJson(command);
  json["signatures"] = envelope->signatures.size();
  json["written_to"] = flags.out_file;
  json["what_is_named"] = named;
  return json;
}

absl::StatusOr<Json> SubmitEnvelope(const Context& context, const Ledger& ledger,
                                    const core::Envelope& envelope, const core::Command& command) {
  client::RetryOptions retry;
  retry.deadline = context.Timeout();
  const core::InstructionKey key = KeyOf(command);
  const absl::StatusOr<std::vector<client::InstructionView>> views =
      ledger.client.SubmitUntilKnown(envelope, {}, retry);
  if (!views.ok()) {
    const std::optional<core::Rejection> refused = client::RejectionOf(views.status());
    if (refused.has_value() && refused->outcome == core::Outcome::kInstructionIdReused) {
      return ReusedId(ledger, key, command, views.status());
    }
    const absl::Status failed = WithDetails(Annotate(Spoken(key), views.status()),
                                            {{"instruction", InstructionKeyJson(key)}});
    if (!client::OutcomeUnknown(views.status())) return failed;
    return Unknown(failed, fmt::format("ask `status {} --kind {} --party {}`", key.id.text(),
                                       core::ActionKindName(key.kind), key.party.text()));
  }
  const Json outcomes = Outcomes(*views, ledger.info.genesis.currency);
  for (const client::InstructionView& view : *views) {
    if (view.status == core::InstructionStatus::kRejected) {
      return Rejected(ledger, command, view, outcomes);
    }
  }
  return outcomes;
}

absl::StatusOr<core::Money> ParseMoney(std::string_view flag, const std::vector<std::string>& words,
                                       core::Currency currency) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  const std::size_t space = text.find(' ');
  const std::string_view figure = std::string_view(text).substr(0, space);
  if (space != std::string::npos) {
    const std::string_view code = std::string_view(text).substr(space + 1);
    if (code != currency.code()) {
      return absl::InvalidArgumentError(
          fmt::format("{} {}: the currency here is {}", flag, core::Quoted(text), currency.code()));
    }
  }
  const absl::StatusOr<core::Amount> amount = core::ParseAmount(figure, currency.minor_digits());
  if (!amount.ok()) return Annotate(flag, amount.status());
  return core::Money{currency, *amount};
}

absl::StatusOr<core::AccountAddress> ParseAddress(std::string_view flag, std::string_view text) {
  absl::StatusOr<core::AccountAddress> address = core::AccountAddress::Parse(text);
  if (!address.ok()) return Annotate(flag, address.status());
  return address;
}

absl::StatusOr<core::InstructionKey> ParseReference(const Context& context,
                                                    const ReferenceFlags& flags) {
  const absl::StatusOr<core::ParticipantId> party =
      flags.party.empty() ? context.Participant() : core::ParticipantId::Parse(flags.party);
  if (!party.ok())
    return flags.party.empty() ? party.status() : Annotate("--party", party.status());
  const absl::StatusOr<core::ActionKind> kind = ParseActionKind(flags.kind);
  if (!kind.ok()) return Annotate("--kind", kind.status());
  const absl::StatusOr<core::InstructionId> id = core::InstructionId::Parse(flags.id);
  if (!id.ok()) return Annotate("the instruction's id", id.status());
  return core::InstructionKey{*party, *kind, *id};
}

}  // namespace causeway::wallet
