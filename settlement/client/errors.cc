#include "settlement/client/errors.h"

#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "causeway/v1/common.pb.h"
#include "settlement/codec/codec.h"
#include "settlement/rpc/rejection_status.h"

namespace causeway::client {
namespace {

constexpr char kRejectionTypeUrl[] = "type.googleapis.com/causeway.v1.Rejection";

}  // namespace

std::optional<core::Rejection> RejectionOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kRejectionTypeUrl);
  if (!payload.has_value()) return std::nullopt;
  causeway::v1::Rejection message;
  if (!message.ParseFromString(std::string(*payload))) return std::nullopt;
  return codec::FromProto(message);
}

absl::Status StatusFor(const core::Rejection& rejection) {
  // A server may call something rejected and give no reason.
  if (rejection.outcome == core::Outcome::kAccepted) {
    return absl::FailedPreconditionError("refused, and the answer gives no reason");
  }
  return WithRejection(absl::Status(rpc::CodeOf(rejection.outcome), core::Describe(rejection)),
                       rejection);
}

absl::Status WithRejection(absl::Status status, const core::Rejection& rejection) {
  causeway::v1::Rejection message;
  codec::ToProto(rejection, &message);
  status.SetPayload(kRejectionTypeUrl, absl::Cord(message.SerializeAsString()));
  return status;
}

bool OutcomeUnknown(const absl::Status& status) {
  if (RejectionOf(status).has_value()) return false;
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kDataLoss:
      return true;
    default:
      return false;
  }
}

bool IsTransient(const absl::Status& status) {
  if (const std::optional<core::Rejection> rejection = RejectionOf(status)) {
    return rejection->outcome == core::Outcome::kOverloaded ||
           rejection->outcome == core::Outcome::kUnavailable;
  }
  return status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kDeadlineExceeded;
}

}  // namespace causeway::client
