// Whether a snapshot is what the node of this ledger wrote, without taking it.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_ENGINE_SNAPSHOT_CHECK_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_ENGINE_SNAPSHOT_CHECK_H_

#include <string_view>

#include "absl/status/status.h"
#include "settlement/store/snapshot.h"

namespace causeway::node {

// Reads all of it. DataLoss when its authentication by the ledger's salt key is wrong; errors of
// reading. Format: docs/formats/snapshot.md.
absl::Status CheckSnapshot(store::SnapshotReader& reader, std::string_view salt_key);

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_ENGINE_SNAPSHOT_CHECK_H_
