// Refusals on the wire: canonical gRPC status codes with the rejection itself, as a
// causeway.v1.Rejection, in the trailing metadata. Any thread.
#ifndef CAUSEWAY_SETTLEMENT_RPC_REJECTION_STATUS_H_
#define CAUSEWAY_SETTLEMENT_RPC_REJECTION_STATUS_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "settlement/core/outcome.h"

namespace grpc {
class ClientContext;
class ServerContextBase;
class Status;
}  // namespace grpc

namespace causeway::rpc {

inline constexpr char kRejectionMetadataKey[] = "causeway-rejection-bin";

// The canonical code of an outcome (absl and gRPC number them alike); kOk for kAccepted.
absl::StatusCode CodeOf(core::Outcome outcome);

// The status that refuses a call with `rejection`, which it also puts into the trailing metadata of
// `context`. Call it once in a call, before the call is finished.
grpc::Status Refuse(const core::Rejection& rejection, grpc::ServerContextBase& context);
// The same for an outcome with a sentence for a person.
grpc::Status Refuse(core::Outcome outcome, std::string message, grpc::ServerContextBase& context);

// Code and message carried over.
grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

// What the server refused a finished call with; nothing when the status carried no rejection (the
// server was not reached, the deadline passed, an error below the API).
std::optional<core::Rejection> RejectionOf(const grpc::ClientContext& context);

// For callers that need an outcome in every case: the rejection that came, else the nearest outcome
// to the status (kUnavailable, kOverloaded, kSenderNotEntitled, ...). `status` is not OK.
core::Rejection RejectionOf(const grpc::ClientContext& context, const grpc::Status& status);

}  // namespace causeway::rpc

#endif  // CAUSEWAY_SETTLEMENT_RPC_REJECTION_STATUS_H_
