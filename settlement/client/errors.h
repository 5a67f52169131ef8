// What a failed call says. Every call of this library gives an absl::Status with the canonical code
// that the server answered with; when the server refused the request by its rules, the status also
// carries the rejection: which rule, what there was, what would be needed.
// Pure functions; any thread.
#ifndef CAUSEWAY_SETTLEMENT_CLIENT_ERRORS_H_
#define CAUSEWAY_SETTLEMENT_CLIENT_ERRORS_H_

#include <optional>

#include "absl/status/status.h"
#include "settlement/core/outcome.h"

namespace causeway::client {

// The rejection that a server refused the call with; nothing for OK and for failures below the API
// (not reached, deadline passed, an answer that does not decode).
std::optional<core::Rejection> RejectionOf(const absl::Status& status);

// A status with the canonical code of the outcome, the sentence of core::Describe, and the
// rejection itself. FailedPrecondition without one for kAccepted: a server that calls something
// rejected and gives no reason ends no client.
absl::Status StatusFor(const core::Rejection& rejection);
// `status` with `rejection` attached; its code and message stay.
absl::Status WithRejection(absl::Status status, const core::Rejection& rejection);

// Whether a failed submission may nevertheless have been recorded: the connection broke or the
// deadline passed, and no server said no. Send the same bytes again, or ask for the instruction.
bool OutcomeUnknown(const absl::Status& status);

// Whether to send the same request again a little later: not reached, too late, or refused because
// a queue was full or the server was stopping or not yet ready.
bool IsTransient(const absl::Status& status);

}  // namespace causeway::client

#endif  // CAUSEWAY_SETTLEMENT_CLIENT_ERRORS_H_
