// The key index of a simulated bridge: as store::KeyRuns it holds recent keys in memory, which a
// crash takes, and writes those that are durable in the journal to runs, which outlast it. Runs
// that are ahead of a journal which lost its unsynced end are cut to it.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_SIMULATED_KEY_INDEX_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_SIMULATED_KEY_INDEX_H_

#include <cstdint>
#include <map>
#include <memory>

#include "settlement/store/memory_key_index.h"

namespace causeway::sim {

// What lies on the disk of a bridge: fingerprints of instruction ids by leaf, of the leaves before
// `covered`. May be lost as a whole.
struct StoredRuns {
  std::multimap<std::uint64_t, std::uint64_t> keys;
  std::uint64_t covered = 0;
};

// Belongs to one thread.
class SimulatedKeyIndex final : public store::MemoryKeyIndex {
 public:
  // `runs` outlives it; `durable_leaves` as store::KeyRuns::Open has it. A run is written when
  // `keys_per_run` are in memory.
  SimulatedKeyIndex(std::shared_ptr<StoredRuns> runs, std::uint64_t durable_leaves,
                    std::size_t keys_per_run);

  using store::MemoryKeyIndex::Insert;
  void Insert(store::KeyFamily family, std::span<const std::uint64_t> fingerprints,
              std::uint64_t first_leaf) override;
  absl::Status EndBatch(std::uint64_t next_leaf) override;
  std::uint64_t covered() const override { return covered_; }

 private:
  const std::shared_ptr<StoredRuns> runs_;
  const std::size_t keys_per_run_;
  std::uint64_t covered_;  // at opening
  std::multimap<std::uint64_t, std::uint64_t> recent_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_SIMULATED_KEY_INDEX_H_
