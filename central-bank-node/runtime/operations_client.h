// Asks a running node for an operation: what `causeway-node backup` and `archive --ledger` do. Any
// thread; blocks until the operation is done, however long it takes.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_OPERATIONS_CLIENT_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_OPERATIONS_CLIENT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "central-bank-node/runtime/journal_care.h"
#include "central-bank-node/runtime/scrubber.h"
#include "settlement/rpc/tls.h"

namespace causeway::node {

struct NodeConnection {
  std::string address;               // "host:port"
  std::optional<rpc::TlsFiles> tls;  // unset: plain text, on loopback only
};

// The node's own errors, and Unavailable when it is not reached.
absl::StatusOr<BackupReport> RequestBackup(const NodeConnection& connection,
                                           const std::string& name);
// How many segments were moved. `before_batch` 0: all that are sealed.
absl::StatusOr<std::uint32_t> RequestArchive(const NodeConnection& connection,
                                             std::uint64_t before_batch);
// What its scrub found.
absl::StatusOr<Scrubber::Status> RequestScrub(const NodeConnection& connection);

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_OPERATIONS_CLIENT_H_
