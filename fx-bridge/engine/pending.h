// What the journal keeps of a settlement that is not complete, as metadata under "pending/<id>".
// Format: docs/protocols/pvp.md, section "What the bridge keeps".
#ifndef CAUSEWAY_FX_BRIDGE_ENGINE_PENDING_H_
#define CAUSEWAY_FX_BRIDGE_ENGINE_PENDING_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/envelope.h"
#include "settlement/core/outcome.h"
#include "settlement/core/time.h"

namespace causeway::bridge {

inline constexpr char kPendingPrefix[] = "pending/";

struct Pending {
  core::LedgerTime submitted;
  core::Envelope terms;                      // without signatures for one that was aborted unseen
  std::vector<std::string> legs;             // exact bytes; none for one that was aborted unseen
  std::optional<core::Rejection> rejection;  // why it was aborted

  friend bool operator==(const Pending&, const Pending&) = default;
};

std::string PendingKey(const core::Hash256& id);
// Nothing unless `key` is one that PendingKey makes.
std::optional<core::Hash256> ParsePendingKey(std::string_view key);
std::string EncodePending(const Pending& pending);
// InvalidArgument for anything that EncodePending would not have written.
absl::StatusOr<Pending> DecodePending(std::string_view bytes);

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_ENGINE_PENDING_H_
