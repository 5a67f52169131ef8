// Many payments from a file, each signed by itself. All are signed and written beside the file
// before the first is sent: whatever breaks then, the same command sends the same bytes again, and
// the ledger pays each of them once.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <ostream>
#include <span>
#include <utility>

#include "settlement/client/commands.h"
#include "settlement/client/errors.h"
#include "settlement/codec/codec.h"
#include "settlement/core/hash.h"
#include "wallet-cli/commands.h"
#include "wallet-cli/envelope_file.h"
#include "wallet-cli/instruct.h"
#include "wallet-cli/look_up.h"
#include "wallet-cli/payment_file.h"
#include "wallet-cli/values.h"

namespace causeway::wallet {
namespace {

// Payments of one call: few enough that a call ends well before its deadline.
constexpr std::size_t kPaymentsPerCall = 256;

struct PayManyFlags {
  std::string file;
  std::string signed_file;  // empty: the file's name with ".signed"
  int valid_minutes = 60;
  bool check = false;

  std::string SignedPath() const { return signed_file.empty() ? file + ".signed" : signed_file; }
};

struct SignedPayment {
  std::uint64_t line = 0;
  std::string reference;
  core::Envelope envelope;
  core::Command command;
};

// What became of one of them.
struct PaymentOutcome {
  absl::StatusOr<client::InstructionView> view = absl::UnknownError("not sent");
  bool sent = false;
};

absl::Status TellFaults(Context& context, const std::string& path, const PaymentFile& file) {
  Json faults = Json::array();
  for (const RowFault& fault : file.faults) {
    faults.push_back({{"line", fault.line}, {"column", fault.column}, {"what", fault.what}});
    if (!context.options.json) {
      context.err << fmt::format("{}:{}:{}: {}\n", path, fault.line, fault.column, fault.what);
    }
  }
  return WithDetails(absl::InvalidArgumentError(fmt::format(
                         "{}: has {} faults; nothing was signed or sent", path, file.faults_found)),
                     {{"faults", std::move(faults)}, {"faults_found", file.faults_found}});
}

absl::StatusOr<core::Money> TotalOf(const std::vector<PaymentRow>& rows, core::Currency currency) {
  core::Amount total;
  for (const PaymentRow& row : rows) {
    const std::optional<core::Amount> sum = core::CheckedAdd(total, row.amount);
    if (!sum.has_value()) return absl::InvalidArgumentError("the amounts add up to too much");
    total = *sum;
  }
  return core::Money{currency, total};
}

absl::StatusOr<std::vector<SignedPayment>> SignAll(Context& context, const Ledger& ledger,
                                                   const core::ParticipantId& party,
                                                   const std::vector<PaymentRow>& rows,
                                                   int valid_minutes) {
  const auto signers = context.LoadSigners();
  if (!signers.ok()) return signers.status();
  std::vector<SignedPayment> payments;
  for (const PaymentRow& row : rows) {
    const absl::StatusOr<core::InstructionId> id =
        row.id.has_value() ? *row.id : client::NewInstructionId("PAY");
    if (!id.ok()) return id.status();
    const absl::StatusOr<core::Uetr> uetr = row.uetr.has_value() ? *row.uetr : client::NewUetr();
    if (!uetr.ok()) return uetr.status();
    core::Pay pay;
    pay.uetr = *uetr;
    pay.debtor = row.from;
    pay.creditor = row.to;
    pay.amount = {ledger.info.genesis.currency, row.amount};
    pay.purpose = row.purpose;
    core::Command command =
        client::MakeCommand(client::AddressOf(ledger.info.genesis), party, *id,
                            ledger.info.time + core::Duration::FromMinutes(valid_minutes), pay);
    absl::StatusOr<core::Envelope> envelope = client::SignCommand(command, Borrow(*signers));
    if (!envelope.ok()) {
      return Annotate(fmt::format("line {} cannot be signed", row.line), envelope.status());
    }
    payments.push_back({row.line, row.reference, *std::move(envelope), std::move(command)});
  }
  return payments;
}

std::string FormatSigned(const std::string& content, const std::vector<SignedPayment>& payments) {
  Json list = Json::array();
  for (const SignedPayment& payment : payments) {
    list.push_back({{"line", payment.line},
                    {"id", payment.command.id.ToString()},
                    {"reference", payment.reference},
                    {"envelope", Json::parse(FormatEnvelope(payment.envelope))}});
  }
  const Json json = {{"payments_of_sha256", core::Sha256(content).ToHex()},
                     {"payments", std::move(list)}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// What was signed before for the file with that content, for this ledger and party.
absl::StatusOr<std::vector<SignedPayment>> ReadSignedPayments(const std::string& path,
                                                              const std::string& text,
                                                              const std::string& content,
                                                              const Ledger& ledger,
                                                              const core::ParticipantId& party) {
  const auto wrong = [&](std::string_view what) {
    return absl::FailedPreconditionError(fmt::format("{}: {}", path, what));
  };
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto text_of = [](const Json& object, const char* key) -> std::string {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
  };
  if (!json.is_object() || !json.contains("payments") || !json["payments"].is_array()) {
    return wrong(
        "is cut off or none of this command's files; if it was cut off while it was written, "
        "nothing was sent: remove it and run the command again");
  }
  if (text_of(json, "payments_of_sha256") != core::Sha256(content).ToHex()) {
    return wrong(
        "holds the signed payments of a file with other content: put the file back as it was to "
        "learn what became of them, and put other payments into a file of another name");
  }
  std::vector<SignedPayment> payments;
  for (const Json& each : json["payments"]) {
    if (!each.is_object() || !each.contains("envelope")) return wrong("has no signed payment");
    absl::StatusOr<core::Envelope> envelope = ParseEnvelope(each["envelope"].dump());
    if (!envelope.ok()) return Annotate(path, envelope.status());
    absl::StatusOr<core::Command> command = codec::DecodeCommand(envelope->payload);
    if (!command.ok()) return Annotate(path, command.status());
    if (!std::holds_alternative<core::Pay>(command->action)) return wrong("has no payment");
    if (command->genesis_hash != ledger.info.genesis.hash) {
      return wrong("its payments are addressed to another ledger than --ledger");
    }
    if (command->party != party) {
      return wrong(
          fmt::format("its payments are {}'s, not {}'s", command->party.text(), party.text()));
    }
    const auto line = each.find("line");
    const bool has_line = line != each.end() && line->is_number_unsigned();
    payments.push_back({has_line ? line->get<std::uint64_t>() : 0, text_of(each, "reference"),
                        *std::move(envelope), *std::move(command)});
  }
  return payments;
}

std::vector<PaymentOutcome> SendAll(const Context& context, const Ledger& ledger,
                                    const std::vector<SignedPayment>& payments) {
  std::vector<PaymentOutcome> outcomes(payments.size());
  client::RetryOptions retry;
  retry.deadline = context.Timeout();
  for (std::size_t first = 0; first < payments.size(); first += kPaymentsPerCall) {
    const std::size_t count = std::min(kPaymentsPerCall, payments.size() - first);
    std::vector<core::Item> items(count);
    for (std::size_t i = 0; i < count; ++i) items[i].envelope = payments[first + i].envelope;
    const auto results = ledger.client.SubmitManyUntilKnown(items, retry);
    for (std::size_t i = 0; i < count; ++i) {
      PaymentOutcome& outcome = outcomes[first + i];
      outcome.sent = true;
      if (!results.ok()) {
        outcome.view = results.status();
      } else if (const auto& result = (*results)[i]; !result.ok()) {
        outcome.view = result.status();
      } else if (result->size() == 1) {
        outcome.view = result->front();
      } else {
        outcome.view = absl::DataLossError("the ledger answered not one payment");
      }
    }
    if (!results.ok()) break;
  }
  return outcomes;
}

struct Tally {
  std::size_t settled = 0;
  std::size_t queued = 0;
  std::size_t not_settled = 0;  // rejected, or refused
  std::size_t unknown = 0;      // sent without an answer, or not sent
  absl::Status first_refusal;
};

absl::Status WhyNot(const client::InstructionView& view, core::Currency currency) {
  if (view.rejection.outcome != core::Outcome::kAccepted) {
    return client::StatusFor(InMoney(view.rejection, currency));
  }
  const std::string in_parts =
      !view.parts.has_value()
          ? ""
          : fmt::format(" ({} of {} minor units settled in parts)", view.parts->settled.minor(),
                        view.parts->amount.minor());
  return absl::FailedPreconditionError(fmt::format(
      "{} is {}{}", view.key.id.text(), core::InstructionStatusName(view.status), in_parts));
}

Json OutcomeJson(const Ledger& ledger, const SignedPayment& payment, const PaymentOutcome& outcome,
                 Tally& tally) {
  const auto& pay = std::get<core::Pay>(payment.command.action);
  Json json = {{"line", payment.line},
               {"id", payment.command.id.ToString()},
               {"reference", payment.reference.empty() ? Json(nullptr) : Json(payment.reference)},
               {"to", pay.creditor.ToString()},
               {"amount", MoneyJson(pay.amount)}};
  const core::Currency currency = ledger.info.genesis.currency;
  if (outcome.view.ok()) {
    const client::InstructionView& view = *outcome.view;
    json["status"] = std::string(core::InstructionStatusName(view.status));
    json["entry_index"] = view.entry_index;
    json["repeated"] = view.repeated;
    json["rejection"] = RejectionOrNull(view.rejection, currency);
    if (view.status == core::InstructionStatus::kSettled) {
      ++tally.settled;
    } else if (view.status == core::InstructionStatus::kQueued) {
      ++tally.queued;
    } else {
      ++tally.not_settled;
      if (tally.first_refusal.ok()) tally.first_refusal = WhyNot(view, currency);
    }
    return json;
  }
  absl::Status failed = outcome.view.status();
  if (!outcome.sent || client::OutcomeUnknown(failed) || client::IsTransient(failed)) {
    ++tally.unknown;
    json["status"] = outcome.sent && client::OutcomeUnknown(failed) ? "unknown" : "not-sent";
    return json;
  }
  ++tally.not_settled;
  std::optional<core::Rejection> rejection = client::RejectionOf(failed);
  if (rejection.has_value() && rejection->outcome == core::Outcome::kInstructionIdReused) {
    const core::InstructionKey key{payment.command.party, core::ActionKind::kPay,
                                   payment.command.id};
    failed = ReusedId(ledger, key, payment.command, failed);
    rejection = client::RejectionOf(failed);
  }
  json["status"] = "refused";
  if (rejection.has_value()) json["rejection"] = RejectionJson(*rejection, currency);
  if (tally.first_refusal.ok()) tally.first_refusal = failed;
  return json;
}

absl::StatusOr<Json> Report(Context& context, const Ledger& ledger, const PayManyFlags& flags,
                            const std::vector<SignedPayment>& payments,
                            const std::vector<PaymentOutcome>& outcomes) {
  Tally tally;
  Json rows = Json::array();
  for (std::size_t i = 0; i < payments.size(); ++i) {
    rows.push_back(OutcomeJson(ledger, payments[i], outcomes[i], tally));
  }
  Json json = {
      {"file", flags.file},         {"signed_file", flags.SignedPath()}, {"settled", tally.settled},
      {"queued", tally.queued},     {"not_settled", tally.not_settled},  {"unknown", tally.unknown},
      {"payments", std::move(rows)}};
  if (tally.unknown == 0 && tally.not_settled == 0) return json;
  context.Show(json);
  if (tally.unknown > 0) {
    return Unknown(
        absl::UnavailableError(fmt::format("{} of {} payments", tally.unknown, payments.size())),
        "run the same command again: it sends the same signed payments, and none is "
        "paid twice");
  }
  return Annotate(fmt::format("{} of {} payments did not settle, the first because",
                              tally.not_settled, payments.size()),
                  tally.first_refusal);
}

absl::StatusOr<Json> PayMany(Context& context, const PayManyFlags& flags) {
  const absl::StatusOr<core::ParticipantId> party = context.Participant();
  if (!party.ok()) return party.status();
  const absl::StatusOr<std::string> content = ReadFile(flags.file);
  if (!content.ok()) return content.status();
  const absl::StatusOr<Ledger> ledger = context.ConnectLedger();
  if (!ledger.ok()) return ledger.status();
  const core::Currency currency = ledger->info.genesis.currency;
  const PaymentFile file = ReadPaymentFile(*content, currency);
  if (!file.faults.empty()) return TellFaults(context, flags.file, file);
  const absl::StatusOr<core::Money> total = TotalOf(file.rows, currency);
  if (!total.ok()) return Annotate(flags.file, total.status());
  if (flags.check) {
    return Json{
        {"file", flags.file}, {"payments_found", file.rows.size()}, {"total", MoneyJson(*total)}};
  }
  absl::StatusOr<std::vector<SignedPayment>> payments;
  const absl::StatusOr<std::string> before = ReadFile(flags.SignedPath());
  if (before.ok()) {
    payments = ReadSignedPayments(flags.SignedPath(), *before, *content, *ledger, *party);
    if (!payments.ok()) return payments.status();
  } else if (!absl::IsNotFound(before.status())) {
    return before.status();
  } else {
    payments = SignAll(context, *ledger, *party, file.rows, flags.valid_minutes);
    if (!payments.ok()) return payments.status();
    // First: what is sent must be there to be sent again.
    absl::Status kept = WriteFile(flags.SignedPath(), FormatSigned(*content, *payments),
                                  /*replace=*/false, /*secret=*/true);
    if (!kept.ok()) return kept;
  }
  return Report(context, *ledger, flags, *payments, SendAll(context, *ledger, *payments));
}

}  // namespace

void AddPayMany(CLI::App& app, Context& context) {
  auto flags = std::make_shared<PayManyFlags>();
  CLI::App* pay = app.add_subcommand(
      "pay-many",
      "Pay from a CSV file, each row signed by itself; run again, it pays nothing twice");
  pay->add_option("file", flags->file,
                  "Columns from, to, amount; optional id, uetr, purpose, reference")
      ->required();
  pay->add_option("--signed", flags->signed_file,
                  "Where the signed payments are kept; FILE.signed if left out");
  pay->add_option("--valid-for", flags->valid_minutes,
                  "Minutes after which the ledger refuses them")
      ->capture_default_str()
      ->check(CLI::Range(1, kValidMinutesMax));
  pay->add_flag("--check", flags->check, "Only check the file; sign and send nothing");
  pay->callback([&context, flags] {
    context.command = [&context, flags] { return PayMany(context, *flags); };
  });
}

}  // namespace causeway::wallet
