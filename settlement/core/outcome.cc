#include "settlement/core/outcome.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace causeway::core {
namespace {

struct Row {
  Outcome outcome;
  std::string_view name;
  std::string_view sentence;
};

constexpr std::array kRows = {
    Row{Outcome::kAccepted, "ACCEPTED", "accepted"},
    Row{Outcome::kMalformed, "MALFORMED", "the request is not well-formed"},
    Row{Outcome::kBadSignature, "BAD_SIGNATURE", "a signature does not verify over the payload"},
    Row{Outcome::kUnknownKey, "UNKNOWN_KEY", "a signing key is not registered or is revoked here"},
    Row{Outcome::kNotSignedByParty, "NOT_SIGNED_BY_PARTY",
        "no key of the instructing party signed"},
    Row{Outcome::kWrongLedger, "WRONG_LEDGER", "the payload names another ledger or genesis"},
    Row{Outcome::kPastValidUntil, "PAST_VALID_UNTIL", "the envelope's valid-until time is past"},
    Row{Outcome::kInstructionIdReused, "INSTRUCTION_ID_REUSED",
        "the instruction id was used before, with other content"},
    Row{Outcome::kBatchTooLarge, "BATCH_TOO_LARGE",
        "the batch holds more instructions than the ledger takes at once"},
    Row{Outcome::kSenderNotEntitled, "SENDER_NOT_ENTITLED",
        "the certificate of the connection does not entitle its holder to this"},
    Row{Outcome::kOverloaded, "OVERLOADED", "a queue is full; try again later"},
    Row{Outcome::kUnavailable, "UNAVAILABLE", "the node is stopping or not ready; try again later"},
    Row{Outcome::kNotFound, "NOT_FOUND", "there is no such record"},
    Row{Outcome::kValidUntilTooFar, "VALID_UNTIL_TOO_FAR",
        "the envelope's valid-until time lies too far ahead"},
    Row{Outcome::kUnknownParticipant, "UNKNOWN_PARTICIPANT", "the participant is not registered"},
    Row{Outcome::kNotAuthorised, "NOT_AUTHORISED", "the instructing party may not do this"},
    Row{Outcome::kApprovalsMissing, "APPROVALS_MISSING",
        "fewer distinct approvers of the central bank signed than the action needs"},
    Row{Outcome::kNotAccountOwner, "NOT_ACCOUNT_OWNER",
        "the instructing party does not own the account"},
    Row{Outcome::kUnknownAccount, "UNKNOWN_ACCOUNT", "there is no such account on this ledger"},
    Row{Outcome::kAccountClosed, "ACCOUNT_CLOSED", "the account is closed"},
    Row{Outcome::kAccountFrozen, "ACCOUNT_FROZEN", "the account is frozen"},
    Row{Outcome::kWrongCurrency, "WRONG_CURRENCY", "the currency is not this ledger's"},
    Row{Outcome::kAmountNotPositive, "AMOUNT_NOT_POSITIVE", "the amount must be above zero"},
    Row{Outcome::kAmountOverflow, "AMOUNT_OVERFLOW",
        "a balance would leave the range of 64-bit minor units"},
    Row{Outcome::kInsufficientFunds, "INSUFFICIENT_FUNDS", "available funds do not suffice"},
    Row{Outcome::kLimitExceeded, "LIMIT_EXCEEDED", "a limit would be exceeded"},
    Row{Outcome::kSameAccount, "SAME_ACCOUNT", "debtor and creditor account are the same"},
    Row{Outcome::kLedgerClosed, "LEDGER_CLOSED",
        "the business day of this ledger is not open for this"},
    Row{Outcome::kAlreadyExists, "ALREADY_EXISTS", "it exists already"},
    Row{Outcome::kAccountNotEmpty, "ACCOUNT_NOT_EMPTY",
        "the account still has a balance, a hold or a reservation"},
    Row{Outcome::kWrongDayPhase, "WRONG_DAY_PHASE",
        "the business date or phase does not follow the current one"},
    Row{Outcome::kWrongInstructionState, "WRONG_INSTRUCTION_STATE",
        "the instruction named is unknown or not in a state that allows this"},
    Row{Outcome::kRefusedByApprovers, "REFUSED_BY_APPROVERS",
        "the approvers of the central bank refused it"},
    Row{Outcome::kInvalidField, "INVALID_FIELD", "a field is outside what the action allows"},
    Row{Outcome::kWrongAccountPurpose, "WRONG_ACCOUNT_PURPOSE",
        "an account of this purpose cannot take part in this action"},
    Row{Outcome::kFundsHeld, "FUNDS_HELD",
        "the funds are held for a settlement, a redemption or a hash time-lock, and no order "
        "reaches a hold"},
    Row{Outcome::kWrongSecret, "WRONG_SECRET",
        "the SHA-256 of the secret is not what the funds are locked under"},
    Row{Outcome::kLockExpired, "LOCK_EXPIRED",
        "the time of the lock is over: the funds can only go back"},
    Row{Outcome::kLockNotExpired, "LOCK_NOT_EXPIRED",
        "the time of the lock is not over: the payee may still claim the funds"},
    Row{Outcome::kUnknownSettlementPolicy, "UNKNOWN_SETTLEMENT_POLICY",
        "the settlement policy named in the terms is not in force here"},
    Row{Outcome::kPastDeadline, "PAST_DEADLINE", "the deadline in the terms is past"},
    Row{Outcome::kLegNotInTerms, "LEG_NOT_IN_TERMS",
        "the legs shown are not exactly those of this ledger in the signed terms"},
    Row{Outcome::kTermsNotSignedByPayer, "TERMS_NOT_SIGNED_BY_PAYER",
        "a payer or required approver did not sign the terms, or its signature does not verify"},
    Row{Outcome::kSettlementAborted, "SETTLEMENT_ABORTED", "the settlement was aborted"},
    Row{Outcome::kBadCertificate, "BAD_CERTIFICATE", "the certificate does not prove the decision"},
    Row{Outcome::kUnknownSettlement, "UNKNOWN_SETTLEMENT", "no such settlement is prepared here"},
    Row{Outcome::kVotesMissing, "VOTES_MISSING",
        "the commit record lacks a valid vote of a ledger in the terms"},
    Row{Outcome::kSettlementConflict, "SETTLEMENT_CONFLICT",
        "the settlement is known here with another content or another decision"},
    Row{Outcome::kAbortOrdered, "ABORT_ORDERED",
        "a central bank whose ledger takes part ordered the abort"},
    Row{Outcome::kBadAbortOrder, "BAD_ABORT_ORDER",
        "the receipt does not prove an order to abort that settlement"},
    Row{Outcome::kUnknownQuote, "UNKNOWN_QUOTE", "the quote is unknown or not yours"},
    Row{Outcome::kQuoteExpired, "QUOTE_EXPIRED", "the quote has expired"},
    Row{Outcome::kTermsDifferFromQuote, "TERMS_DIFFER_FROM_QUOTE",
        "the terms are not those that were quoted"},
    Row{Outcome::kNoRate, "NO_RATE", "no provider quotes this pair or amount"},
    Row{Outcome::kUnknownLedger, "UNKNOWN_LEDGER", "the bridge does not serve that ledger"},
};

const Row* Find(Outcome outcome) {
  for (const Row& row : kRows) {
    if (row.outcome == outcome) return &row;
  }
  return nullptr;
}

}  // namespace

std::string_view OutcomeName(Outcome outcome) {
  const Row* row = Find(outcome);
  return row == nullptr ? std::string_view("UNKNOWN_OUTCOME") : row->name;
}

std::optional<Outcome> OutcomeFromNumber(std::uint16_t number) {
  const Row* row = Find(static_cast<Outcome>(number));
  if (row == nullptr) return std::nullopt;
  return row->outcome;
}

bool IsRecorded(Outcome outcome) {
  const auto number = static_cast<std::uint16_t>(outcome);
  return outcome == Outcome::kAccepted || (number >= 200 && number < 300);
}

std::optional<SettledParts> SettledPartsOf(const Rejection& accepted) {
  if (accepted.outcome != Outcome::kAccepted || accepted.required == 0) return std::nullopt;
  return SettledParts{Amount::FromMinor(accepted.actual), Amount::FromMinor(accepted.required)};
}

Rejection AcceptedInParts(const SettledParts& parts) {
  return {.outcome = Outcome::kAccepted,
          .actual = parts.settled.minor(),
          .required = parts.amount.minor()};
}

std::string Describe(const Rejection& rejection) {
  if (!rejection.message.empty()) return rejection.message;
  const Row* row = Find(rejection.outcome);
  std::string text(row == nullptr ? "unknown outcome" : row->sentence);
  switch (rejection.outcome) {
    case Outcome::kInsufficientFunds:
    case Outcome::kFundsHeld:
      text += fmt::format(": available {}, needed {} (minor units)", rejection.actual,
                          rejection.required);
      break;
    case Outcome::kLimitExceeded:
      text += fmt::format(": {} would be {}, allowed {} (minor units)", rejection.rule,
                          rejection.actual, rejection.required);
      return text;
    case Outcome::kApprovalsMissing:
      text += fmt::format(": {} of {}", rejection.actual, rejection.required);
      break;
    default:
      break;
  }
  if (!rejection.rule.empty()) text += fmt::format(" ({})", rejection.rule);
  return text;
}

}  // namespace causeway::core
