// The items of one Submit, on their way through a LedgerRuntime. For its source files alone.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_LEDGER_RUNTIME_GROUP_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_LEDGER_RUNTIME_GROUP_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "central-bank-node/runtime/ledger_runtime.h"

namespace causeway::node {

struct LedgerRuntime::Group {
  std::vector<core::Item> items;
  // Each refused, or admitted and then moved into a batch.
  std::vector<std::optional<core::AdmittedItem>> admitted;
  std::vector<std::size_t> instructions;  // of each that was admitted
  std::vector<IndexedInstructions::Recall> recalls;
  std::vector<ItemReply> replies;
  std::size_t bytes = 0;
  Entitlement entitled;
  std::function<bool()> abandoned;
  Replies done;
  std::string caller;
  std::atomic<std::size_t> admissions_left{0};
  std::size_t next = 0;  // position of the first item that the sequencer has not taken
  bool dropped = false;

  bool Abandoned() const { return abandoned && abandoned(); }
};

// Of an approval by the central bank of a request to issue that waits: the leaf of the request.
std::optional<std::uint64_t> RequestApproved(const core::Ledger& ledger,
                                             const core::AdmittedItem& item);

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_LEDGER_RUNTIME_GROUP_H_
