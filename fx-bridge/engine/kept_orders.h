// Orders to abort a settlement that has no decision yet, verified (abort_order.h): of one that was
// not handed in they wait for it, and of an open one they outlast a restart until its record is
// durable. In the journal's metadata under "ordered/<id>"; format: docs/protocols/pvp.md, section
// "What the bridge keeps". Thread-compatible.
#ifndef CAUSEWAY_FX_BRIDGE_ENGINE_KEPT_ORDERS_H_
#define CAUSEWAY_FX_BRIDGE_ENGINE_KEPT_ORDERS_H_

#include <cstddef>
#include <set>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "fx-bridge/engine/abort_order.h"
#include "settlement/core/bytes.h"
#include "settlement/core/ids.h"
#include "settlement/store/journal.h"

namespace causeway::bridge {

inline constexpr char kOrderedPrefix[] = "ordered/";
// Of one ledger: only who signs with a ledger's key can fill room, and only that ledger's. An order
// beyond is refused here and stays in force at the ledger, which prepares nothing of it.
inline constexpr std::size_t kKeptOrdersPerLedgerMax = 10'000;

class KeptOrders {
 public:
  // False, and nothing is kept, when `order` is new and its ledger has too many.
  bool Keep(const core::Hash256& id, const ProvenOrder& order);
  // In the order in which they came; null without any.
  const std::vector<ProvenOrder>* Find(const core::Hash256& id) const;
  // It has a decision, which the write that TakeMeta goes into makes durable.
  void Remove(const core::Hash256& id);
  std::size_t size() const { return orders_.size(); }  // settlements

  // What changed since the last call.
  std::vector<store::MetaWrite> TakeMeta();
  // DataLoss for what TakeMeta would not have written.
  absl::Status Restore(std::string_view key, std::string_view value);

 private:
  absl::btree_map<core::Hash256, std::vector<ProvenOrder>> orders_;
  absl::btree_map<core::LedgerOrigin, std::size_t> count_of_;
  std::set<core::Hash256> unsaved_;
  std::set<core::Hash256> saved_;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_ENGINE_KEPT_ORDERS_H_
