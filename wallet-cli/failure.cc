// How a failure is told: one sentence, the outcome, what would be right; and the exit code.
#include <fmt/format.h>

#include <ostream>

#include "absl/strings/cord.h"
#include "settlement/client/errors.h"
#include "wallet-cli/context.h"
#include "wallet-cli/values.h"

namespace causeway::wallet {
namespace {

// Payloads of statuses within this program.
constexpr char kUnknownMark[] = "causeway-wallet/outcome-unknown";
constexpr char kUsageMark[] = "causeway-wallet/usage";
constexpr char kDetailsMark[] = "causeway-wallet/details";

std::string_view Advice(core::Outcome outcome) {
  switch (outcome) {
    case core::Outcome::kApprovalsMissing:
      return "give --key once for each approver, or write the instruction with --out FILE and let "
             "the other approver run `cosign FILE`, then `submit FILE`";
    case core::Outcome::kUnknownKey:
    case core::Outcome::kNotSignedByParty:
      return "sign with a key that the ledger has registered for --participant (`key-id` shows a "
             "key's id)";
    case core::Outcome::kWrongLedger:
      return "the instruction was made for another ledger: compare `info` with what was signed";
    case core::Outcome::kInstructionIdReused:
      return "it may have settled: ask `status ID` first; the same payment under a new id may pay "
             "twice";
    case core::Outcome::kPastValidUntil:
    case core::Outcome::kValidUntilTooFar:
      return "make the instruction again; --valid-for MINUTES sets how long it may travel";
    case core::Outcome::kSenderNotEntitled:
      return "connect with the certificate of the participant that may do this";
    case core::Outcome::kLedgerClosed:
    case core::Outcome::kWrongDayPhase:
      return "`info` shows the business date and phase";
    case core::Outcome::kUnknownAccount:
      return "`address check` tells whether an address was mistyped";
    case core::Outcome::kQuoteExpired:
    case core::Outcome::kUnknownQuote:
      return "ask for a new quote";
    case core::Outcome::kOverloaded:
    case core::Outcome::kUnavailable:
      return "nothing was recorded; try again later";
    default:
      return "";
  }
}

ExitCode CodeOfRejection(core::Outcome outcome) {
  switch (outcome) {
    case core::Outcome::kSenderNotEntitled:
      return ExitCode::kPermission;
    case core::Outcome::kOverloaded:
    case core::Outcome::kUnavailable:
      return ExitCode::kUnavailable;
    default:
      return ExitCode::kRejected;
  }
}

ExitCode CodeOfStatus(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return ExitCode::kPermission;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDataLoss:
      return ExitCode::kBadData;
    default:
      return ExitCode::kUnavailable;
  }
}

}  // namespace

absl::Status Annotate(std::string_view what, const absl::Status& status) {
  absl::Status annotated(status.code(), fmt::format("{}: {}", what, std::string(status.message())));
  status.ForEachPayload(
      [&](auto type_url, const absl::Cord& payload) { annotated.SetPayload(type_url, payload); });
  return annotated;
}

absl::Status Unknown(const absl::Status& status, std::string_view advice) {
  absl::Status unknown = Annotate("sent, and no answer came: the outcome is not known", status);
  unknown.SetPayload(kUnknownMark, absl::Cord(std::string(advice)));
  return unknown;
}

absl::Status Usage(std::string_view message) {
  absl::Status usage = absl::InvalidArgumentError(std::string(message));
  usage.SetPayload(kUsageMark, absl::Cord());
  return usage;
}

absl::Status WithDetails(absl::Status status, const Json& details) {
  status.SetPayload(kDetailsMark, absl::Cord(details.dump()));
  return status;
}

ExitCode Context::Fail(const absl::Status& status) {
  const std::optional<core::Rejection> rejection = client::RejectionOf(status);
  const auto unknown = status.GetPayload(kUnknownMark);
  const auto details = status.GetPayload(kDetailsMark);
  ExitCode code = CodeOfStatus(status);
  std::string advice;
  if (unknown.has_value()) {
    code = ExitCode::kOutcomeUnknown;
    advice = std::string(*unknown);
  } else if (status.GetPayload(kUsageMark).has_value()) {
    code = ExitCode::kUsage;
    advice = "`causeway-wallet --help` and `causeway-wallet COMMAND --help` list the flags";
  } else if (rejection.has_value()) {
    code = CodeOfRejection(rejection->outcome);
    advice = std::string(Advice(rejection->outcome));
  } else if (code == ExitCode::kUnavailable) {
    advice =
        "is it running there, and do its certificate and yours come from the authority of "
        "--tls-ca?";
  }
  Json facts;
  if (details.has_value()) {
    facts = Json::parse(std::string(*details), nullptr, /*allow_exceptions=*/false);
  }
  // The message says what the first with that id came to: advice to ask would be one answer late.
  if (facts.is_object() && facts.contains("earlier")) advice.clear();
  Json error = {{"message", std::string(status.message())}, {"exit_code", static_cast<int>(code)}};
  if (rejection.has_value()) error["rejection"] = RejectionJson(*rejection);
  if (!advice.empty()) error["advice"] = advice;
  if (details.has_value()) error["details"] = facts;
  if (options.json) {
    err << Json{{"error", error}}.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
    return code;
  }
  err << "causeway-wallet: " << RenderText(error["message"]);
  if (rejection.has_value()) {
    err << fmt::format("  outcome: {} ({})\n", core::OutcomeName(rejection->outcome),
                       static_cast<int>(rejection->outcome));
  }
  if (!advice.empty()) err << "  " << advice << "\n";
  return code;
}

}  // namespace causeway::wallet
