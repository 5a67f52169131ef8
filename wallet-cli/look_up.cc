#include "wallet-cli/look_up.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "settlement/client/errors.h"
#include "settlement/client/receipt.h"
#include "settlement/core/quote.h"
#include "wallet-cli/values.h"
#include "wallet-cli/views.h"

namespace causeway::wallet {
namespace {

std::optional<core::Outcome> OutcomeIn(const absl::Status& status) {
  const std::optional<core::Rejection> rejection = client::RejectionOf(status);
  return rejection.has_value() ? std::optional(rejection->outcome) : std::nullopt;
}

std::string Named(const core::InstructionKey& key) {
  return fmt::format("{} {} of {}", core::ActionKindName(key.kind), key.id.text(),
                     key.party.text());
}

// The command behind `key`, out of what was signed; of a batch, the one payment.
std::optional<core::Command> CommandOf(const core::InstructionKey& key, core::Command signed_one) {
  if (signed_one.party != key.party) return std::nullopt;
  if (auto* batch = std::get_if<core::PayBatch>(&signed_one.action)) {
    for (const core::Pay& pay : batch->payments) {
      if (pay.id != key.id || key.kind != core::ActionKind::kPay) continue;
      core::Pay found = pay;
      signed_one.id = key.id;
      signed_one.action = std::move(found);
      return signed_one;
    }
    return std::nullopt;
  }
  // Of what was approved, the last that was signed is the approval.
  const bool same = signed_one.id == key.id && core::KindOf(signed_one.action) == key.kind;
  return same ? std::optional(std::move(signed_one)) : std::nullopt;
}

// Fills in what the receipt of an entry shows. Nothing when there is none to be had: not everything
// that is seen has a receipt that is.
absl::Status ReadContent(const Ledger& ledger, std::uint64_t entry_index,
                         const core::InstructionKey& key, KnownInstruction& known) {
  const absl::StatusOr<client::Receipt> receipt = ledger.client.GetReceipt(entry_index);
  if (!receipt.ok()) return absl::OkStatus();
  absl::StatusOr<client::VerifiedReceipt> verified =
      client::VerifyReceipt(*receipt, ledger.info.genesis.hash);
  if (!verified.ok()) return Annotate("the ledger's receipt", verified.status());
  if (verified->entry.instruction == key) known.postings = verified->entry.postings;
  if (verified->command.has_value()) {
    known.command = CommandOf(key, *std::move(verified->command));
  }
  return absl::OkStatus();
}

// What two instructions must agree in to do the same.
Json Effect(const core::Command& command) {
  Json json = CommandJson(command);
  for (const char* detail : {"valid_until", "uetr", "purpose", "priority"}) json.erase(detail);
  return json;
}

std::string FieldText(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string ContentText(const Json& content) {
  std::string text;
  if (content.is_null()) return text;
  if (const auto amount = content.find("amount"); amount != content.end()) {
    text = FieldText(*amount, "amount") + " " + FieldText(*amount, "currency");
  }
  for (const auto& [key, before] : {std::pair{"from", " from "}, std::pair{"to", " to "},
                                    std::pair{"rtgs_reference", ", RTGS transfer "}}) {
    const std::string value = FieldText(content, key);
    if (!value.empty()) text += before + value;
  }
  return text;
}

}  // namespace

absl::StatusOr<KnownInstruction> LookUp(const Ledger& ledger, const core::InstructionKey& key) {
  absl::StatusOr<client::InstructionView> view = ledger.client.GetInstruction(key);
  if (!view.ok()) return view.status();
  KnownInstruction known{.view = *std::move(view), .command = {}, .postings = {}};
  if (absl::Status read = ReadContent(ledger, known.view.entry_index, key, known); !read.ok()) {
    return read;
  }
  return known;
}

absl::StatusOr<Json> ContentAt(const Ledger& ledger, std::uint64_t entry_index,
                               const core::InstructionKey& key) {
  KnownInstruction known;
  if (absl::Status read = ReadContent(ledger, entry_index, key, known); !read.ok()) return read;
  return ContentJson(known);
}

Json ContentJson(const KnownInstruction& known) {
  if (known.command.has_value()) {
    Json json = CommandJson(*known.command);
    for (const char* whose : {"action", "instructing_party", "instruction_id", "ledger",
                              "genesis_hash", "valid_until", "uetr"}) {
      json.erase(whose);
    }
    return json.empty() ? Json(nullptr) : json;
  }
  if (known.postings.empty()) return nullptr;
  Json moved = MovedJson(known.postings);
  return moved["amount"].is_null() ? Json(nullptr) : moved;
}

Json KnownJson(const KnownInstruction& known, core::Currency currency) {
  Json json = InstructionJson(known.view, currency);
  json["instructs"] = ContentJson(known);
  return json;
}

absl::StatusOr<std::vector<core::InstructionKey>> FindKeys(const Context& context,
                                                           const Ledger& ledger,
                                                           const ReferenceFlags& flags) {
  ReferenceFlags one = flags;
  if (one.kind.empty()) one.kind = std::string(core::ActionKindName(core::ActionKind::kPay));
  const absl::StatusOr<core::InstructionKey> parsed = ParseReference(context, one);
  if (!parsed.ok()) return parsed.status();
  if (!flags.kind.empty()) return std::vector{*parsed};
  std::vector<core::InstructionKey> keys;
  bool hidden = false;
  for (int number = 1; number <= static_cast<int>(core::kActionKindLast); ++number) {
    core::InstructionKey key = *parsed;
    key.kind = static_cast<core::ActionKind>(number);
    const absl::StatusOr<client::InstructionView> view = ledger.client.GetInstruction(key);
    if (view.ok()) {
      keys.push_back(key);
      continue;
    }
    const std::optional<core::Outcome> outcome = OutcomeIn(view.status());
    hidden = hidden || outcome == core::Outcome::kSenderNotEntitled;
    if (outcome != core::Outcome::kNotFound && outcome != core::Outcome::kSenderNotEntitled) {
      return view.status();
    }
  }
  if (!keys.empty()) return keys;
  core::Rejection none;
  none.outcome = hidden ? core::Outcome::kSenderNotEntitled : core::Outcome::kNotFound;
  none.message = fmt::format("this ledger has no instruction {} of {}, of any kind{}",
                             core::Quoted(parsed->id.text()), parsed->party.text(),
                             hidden ? ", or it is not for you to see" : "");
  return client::StatusFor(none);
}

std::optional<core::InstructionKey> NamedBy(const core::Command& command) {
  if (const auto* approve = std::get_if<core::Approve>(&command.action)) {
    return approve->instruction;
  }
  if (const auto* refuse = std::get_if<core::Refuse>(&command.action)) return refuse->instruction;
  if (const auto* cancel = std::get_if<core::Cancel>(&command.action)) return cancel->instruction;
  if (const auto* moved = std::get_if<core::Reprioritise>(&command.action)) {
    return moved->instruction;
  }
  return std::nullopt;
}

bool MustBeSeen(const core::Command& command) {
  return std::holds_alternative<core::Approve>(command.action) ||
         std::holds_alternative<core::Refuse>(command.action);
}

absl::StatusOr<Json> CheckNamed(const Ledger& ledger, const core::Command& command) {
  const std::optional<core::InstructionKey> key = NamedBy(command);
  if (!key.has_value()) return Json(nullptr);
  const absl::StatusOr<KnownInstruction> known = LookUp(ledger, *key);
  if (!known.ok()) return Annotate(Named(*key), known.status());
  const auto* approve = std::get_if<core::Approve>(&command.action);
  if (MustBeSeen(command) && known->view.status != core::InstructionStatus::kAwaitingApproval) {
    return absl::FailedPreconditionError(
        fmt::format("nothing was signed: {}; it does not await approval", Told(*known)));
  }
  const auto* issue = known->command.has_value()
                          ? std::get_if<core::RequestIssue>(&known->command->action)
                          : nullptr;
  if (approve != nullptr && issue != nullptr && approve->rtgs_reference != issue->rtgs_reference) {
    return absl::FailedPreconditionError(fmt::format(
        "nothing was signed: {} names the RTGS transfer {}, the approval {}; approve what it "
        "names, "
        "or refuse it",
        Named(*key), core::Quoted(issue->rtgs_reference), core::Quoted(approve->rtgs_reference)));
  }
  Json json = {{"instruction", InstructionKeyJson(*key)},
               {"status", std::string(core::InstructionStatusName(known->view.status))}};
  const Json content = ContentJson(*known);
  if (!content.is_null()) json.update(content);
  json["since"] = known->view.time.ToString();
  return json;
}

std::string Told(const KnownInstruction& known) {
  const client::InstructionView& view = known.view;
  std::string text = fmt::format("{} is {} since {}", Named(view.key),
                                 core::InstructionStatusName(view.status), view.time.ToString());
  if (view.rejection.outcome != core::Outcome::kAccepted) {
    text += fmt::format(" ({})", core::OutcomeName(view.rejection.outcome));
  }
  if (view.parts.has_value() && view.parts->settled != view.parts->amount) {
    text += fmt::format(" ({} of {} minor units settled in parts)", view.parts->settled.minor(),
                        view.parts->amount.minor());
  }
  const std::string content = ContentText(ContentJson(known));
  return content.empty() ? text : text + ": " + content;
}

absl::Status ReusedId(const Ledger& ledger, const core::InstructionKey& key,
                      const core::Command& command, const absl::Status& refused) {
  const absl::StatusOr<KnownInstruction> known = LookUp(ledger, key);
  if (!known.ok()) return refused;
  const core::InstructionStatus status = known->view.status;
  const bool over = status == core::InstructionStatus::kRejected ||
                    status == core::InstructionStatus::kCancelled ||
                    status == core::InstructionStatus::kExpired ||
                    status == core::InstructionStatus::kAborted;
  Json details = {{"earlier", KnownJson(*known, ledger.info.genesis.currency)}};
  std::string verdict = "compare the two before you send anything under a new id";
  std::optional<bool> same;
  if (known->command.has_value()) same = Effect(*known->command) == Effect(command);
  if (same.has_value()) {
    details["same"] = *same;
    if (!*same) {
      verdict = "it is not what you asked for now, of which nothing was recorded";
    } else if (over && known->view.parts.has_value()) {
      verdict =
          "it is the same as this one, and the rest of it will not settle: a new attempt needs a "
          "new id, and is for the rest only";
    } else if (over) {
      verdict = "it is the same as this one, and will not settle: a new attempt needs a new id";
    } else {
      verdict = "it is the same as this one: do not send it again under a new id";
    }
  }
  core::Rejection rejection;
  if (const auto sent = client::RejectionOf(refused)) rejection = *sent;
  rejection.message = fmt::format("the id was used before: {}; {}", Told(*known), verdict);
  return WithDetails(client::StatusFor(rejection), details);
}

}  // namespace causeway::wallet
