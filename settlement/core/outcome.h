// The closed set of outcomes. Numbers are those of causeway.v1.Outcome and of journal entries; they
// never change meaning. What each one says stands here and in proto/causeway/v1/common.proto.
#ifndef CAUSEWAY_SETTLEMENT_CORE_OUTCOME_H_
#define CAUSEWAY_SETTLEMENT_CORE_OUTCOME_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "settlement/core/amount.h"

namespace causeway::core {

enum class Outcome : std::uint16_t {
  kAccepted = 1,

  // Refused before sequencing: nothing recorded.
  kMalformed = 100,
  kBadSignature = 101,
  kUnknownKey = 102,
  kNotSignedByParty = 103,
  kWrongLedger = 104,
  kPastValidUntil = 105,
  kInstructionIdReused = 106,
  kBatchTooLarge = 107,
  kSenderNotEntitled = 108,
  kOverloaded = 109,
  kUnavailable = 110,
  kNotFound = 111,
  kValidUntilTooFar = 112,

  // Rejected and recorded for good.
  kUnknownParticipant = 200,
  kNotAuthorised = 201,
  kApprovalsMissing = 202,
  kNotAccountOwner = 203,
  kUnknownAccount = 204,
  kAccountClosed = 205,
  kAccountFrozen = 206,
  kWrongCurrency = 207,
  kAmountNotPositive = 208,
  kAmountOverflow = 209,
  kInsufficientFunds = 210,
  kLimitExceeded = 211,
  kSameAccount = 212,
  kLedgerClosed = 213,
  kAlreadyExists = 214,
  kAccountNotEmpty = 215,
  kWrongDayPhase = 216,
  kWrongInstructionState = 217,
  kRefusedByApprovers = 218,
  kInvalidField = 219,
  kWrongAccountPurpose = 220,
  kFundsHeld = 221,
  kWrongSecret = 222,
  kLockExpired = 223,
  kLockNotExpired = 224,

  // Refusals of settlements: not recorded.
  kUnknownSettlementPolicy = 300,
  kPastDeadline = 301,
  kLegNotInTerms = 302,
  kTermsNotSignedByPayer = 303,
  kSettlementAborted = 304,
  kBadCertificate = 305,
  kUnknownSettlement = 306,
  kVotesMissing = 307,
  kSettlementConflict = 308,
  kAbortOrdered = 309,
  kBadAbortOrder = 310,

  // Refusals of the bridge: not recorded.
  kUnknownQuote = 400,
  kQuoteExpired = 401,
  kTermsDifferFromQuote = 402,
  kNoRate = 403,
  kUnknownLedger = 404,
};

// "INSUFFICIENT_FUNDS" and so on: the name in common.proto without its prefix. "UNKNOWN_OUTCOME"
// for a number that is none.
std::string_view OutcomeName(Outcome outcome);
// The outcome with that number, if there is one.
std::optional<Outcome> OutcomeFromNumber(std::uint16_t number);
// Whether an instruction that ends so is sequenced and recorded: accepted, and 200 to 299.
bool IsRecorded(Outcome outcome);

// A rejection with what a person or a program needs to act on it.
struct Rejection {
  Outcome outcome = Outcome::kMalformed;
  std::int64_t actual = 0;    // minor units or a count; what there is
  std::int64_t required = 0;  // what would be needed
  std::string rule;           // the field, or the rule and its version; up to 140 characters
  std::string message;        // set by whoever can say more than Describe; never journaled

  friend bool operator==(const Rejection&, const Rejection&) = default;
};

// How far a payment has come that settles in parts.
struct SettledParts {
  Amount settled;
  Amount amount;  // the whole payment's

  friend bool operator==(const SettledParts&, const SettledParts&) = default;
};
// It stands in the figures of an accepted outcome, `actual` and `required`, which are zero of all
// else: in the entries by which parts settle, in the one that then ends the payment, and in the
// payment's state from its first part on. Otherwise nothing.
std::optional<SettledParts> SettledPartsOf(const Rejection& accepted);
// The outcome that says it.
Rejection AcceptedInParts(const SettledParts& parts);

// One sentence for a person: `message` if set, else made of the other fields.
std::string Describe(const Rejection& rejection);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_OUTCOME_H_
