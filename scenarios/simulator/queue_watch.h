// Tells gridlock and deadlock apart in the queues of single ledgers, batch by batch.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_QUEUE_WATCH_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_QUEUE_WATCH_H_

#include <cstdint>
#include <span>
#include <vector>

#include "scenarios/spec/run_result.h"
#include "settlement/core/ledger.h"
#include "settlement/liquidity/types.h"

namespace causeway::sim {

// Of the payments that wait on the ledger, by the rules of its queue: some could settle together,
// none could, or (with FIFO with bypass or holding limits, and more than 16 payments) undecided.
// What a frozen account pays cannot settle. docs/liquidity.md, "Gridlock and deadlock".
liquidity::QueueState DiagnoseQueue(const core::Ledger& ledger);

class QueueWatch {
 public:
  explicit QueueWatch(std::size_t ledgers) : watched_(ledgers) {}

  // A batch became durable at `now`, after which the ledger is this. Times do not decrease.
  // Those are its entries.
  void OnBatch(core::LedgerTime now, LedgerIndex ledger, std::span<const core::Entry> entries,
               const core::Ledger& state);
  // Of the ledgers that have a queue, by index.
  std::vector<LedgerQueueResult> Finish(core::LedgerTime now) const;

 private:
  struct Watched {
    bool has_queue = false;
    liquidity::QueueState state = liquidity::QueueState::kEmpty;
    core::LedgerTime since;
    LedgerQueueResult result;
  };

  // The state lasted until `now`.
  static void Count(Watched& watched, core::LedgerTime now);
  static void CountSettled(const core::Entry& entry, LedgerQueueResult& result);

  std::vector<Watched> watched_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_QUEUE_WATCH_H_
