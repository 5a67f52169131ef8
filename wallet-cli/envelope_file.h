// A signed instruction in a file, for approvers on different machines.
#ifndef CAUSEWAY_WALLET_CLI_ENVELOPE_FILE_H_
#define CAUSEWAY_WALLET_CLI_ENVELOPE_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "settlement/core/envelope.h"

namespace causeway::wallet {

// An envelope in the file form: proto3 JSON of causeway.v1.Envelope, and back (InvalidArgument).
std::string FormatEnvelope(const core::Envelope& envelope);
absl::StatusOr<core::Envelope> ParseEnvelope(std::string_view text);

}  // namespace causeway::wallet

#endif  // CAUSEWAY_WALLET_CLI_ENVELOPE_FILE_H_
