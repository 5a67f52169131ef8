#include "settlement/rpc/rejection_status.h"

#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <string>
#include <utility>

#include "causeway/v1/common.pb.h"
#include "settlement/codec/codec.h"

namespace causeway::rpc {

// Business deadlines are FAILED_PRECONDITION, never DEADLINE_EXCEEDED: that one tells a client that
// the outcome of its call is unknown, and here it is known.
absl::StatusCode CodeOf(core::Outcome outcome) {
  using core::Outcome;
  switch (outcome) {
    case Outcome::kAccepted:
      return absl::StatusCode::kOk;
    case Outcome::kMalformed:
    case Outcome::kWrongLedger:
    case Outcome::kValidUntilTooFar:
    case Outcome::kLegNotInTerms:
    case Outcome::kBadCertificate:
    case Outcome::kVotesMissing:
    case Outcome::kBadAbortOrder:
    case Outcome::kTermsDifferFromQuote:
      return absl::StatusCode::kInvalidArgument;
    case Outcome::kBadSignature:
    case Outcome::kUnknownKey:
      return absl::StatusCode::kUnauthenticated;
    case Outcome::kNotSignedByParty:
    case Outcome::kSenderNotEntitled:
    case Outcome::kNotAuthorised:
    case Outcome::kApprovalsMissing:
    case Outcome::kNotAccountOwner:
    case Outcome::kTermsNotSignedByPayer:
      return absl::StatusCode::kPermissionDenied;
    case Outcome::kInstructionIdReused:
    case Outcome::kAlreadyExists:
    case Outcome::kSettlementConflict:
      return absl::StatusCode::kAlreadyExists;
    case Outcome::kBatchTooLarge:
    case Outcome::kOverloaded:
      return absl::StatusCode::kResourceExhausted;
    case Outcome::kUnavailable:
      return absl::StatusCode::kUnavailable;
    case Outcome::kNotFound:
    case Outcome::kUnknownSettlement:
    case Outcome::kUnknownQuote:
      return absl::StatusCode::kNotFound;
    case Outcome::kPastValidUntil:
    case Outcome::kUnknownParticipant:
    case Outcome::kUnknownAccount:
    case Outcome::kAccountClosed:
    case Outcome::kAccountFrozen:
    case Outcome::kWrongCurrency:
    case Outcome::kAmountNotPositive:
    case Outcome::kAmountOverflow:
    case Outcome::kInsufficientFunds:
    case Outcome::kLimitExceeded:
    case Outcome::kSameAccount:
    case Outcome::kLedgerClosed:
    case Outcome::kAccountNotEmpty:
    case Outcome::kWrongDayPhase:
    case Outcome::kWrongInstructionState:
    case Outcome::kRefusedByApprovers:
    case Outcome::kInvalidField:
    case Outcome::kWrongAccountPurpose:
    case Outcome::kFundsHeld:
    case Outcome::kWrongSecret:
    case Outcome::kLockExpired:
    case Outcome::kLockNotExpired:
    case Outcome::kUnknownSettlementPolicy:
    case Outcome::kPastDeadline:
    case Outcome::kSettlementAborted:
    case Outcome::kAbortOrdered:
    case Outcome::kQuoteExpired:
    case Outcome::kNoRate:
    case Outcome::kUnknownLedger:
      return absl::StatusCode::kFailedPrecondition;
  }
  return absl::StatusCode::kUnknown;
}

grpc::Status Refuse(const core::Rejection& rejection, grpc::ServerContextBase& context) {
  causeway::v1::Rejection message;
  codec::ToProto(rejection, &message);
  context.AddTrailingMetadata(kRejectionMetadataKey, message.SerializeAsString());
  return {static_cast<grpc::StatusCode>(CodeOf(rejection.outcome)), core::Describe(rejection)};
}

grpc::Status Refuse(core::Outcome outcome, std::string message, grpc::ServerContextBase& context) {
  core::Rejection rejection;
  rejection.outcome = outcome;
  rejection.message = std::move(message);
  return Refuse(rejection, context);
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message())};
}

absl::Status FromGrpc(const grpc::Status& status) {
  return {static_cast<absl::StatusCode>(status.error_code()), status.error_message()};
}

std::optional<core::Rejection> RejectionOf(const grpc::ClientContext& context) {
  const auto& metadata = context.GetServerTrailingMetadata();
  const auto found = metadata.find(kRejectionMetadataKey);
  if (found == metadata.end()) return std::nullopt;
  causeway::v1::Rejection message;
  if (!message.ParseFromArray(found->second.data(), static_cast<int>(found->second.size()))) {
    return std::nullopt;
  }
  return codec::FromProto(message);
}

core::Rejection RejectionOf(const grpc::ClientContext& context, const grpc::Status& status) {
  if (std::optional<core::Rejection> sent = RejectionOf(context); sent.has_value()) {
    return *std::move(sent);
  }
  core::Rejection rejection;
  rejection.message = status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::UNIMPLEMENTED:
      rejection.outcome = core::Outcome::kMalformed;
      break;
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
      rejection.outcome = core::Outcome::kSenderNotEntitled;
      break;
    case grpc::StatusCode::NOT_FOUND:
      rejection.outcome = core::Outcome::kNotFound;
      break;
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      rejection.outcome = core::Outcome::kOverloaded;
      break;
    default:
      rejection.outcome = core::Outcome::kUnavailable;
      break;
  }
  return rejection;
}

}  // namespace causeway::rpc
