// A key index in memory that nothing outlives: for the simulator, and the model of tests.
#ifndef CAUSEWAY_SETTLEMENT_STORE_MEMORY_KEY_INDEX_H_
#define CAUSEWAY_SETTLEMENT_STORE_MEMORY_KEY_INDEX_H_

#include <array>
#include <map>
#include <set>
#include <vector>

#include "settlement/store/key_index.h"

namespace causeway::store {

// Belongs to one thread, Find included. Never fails, covers nothing after opening.
class MemoryKeyIndex : public KeyIndex {
 public:
  using KeyIndex::Find;
  using KeyIndex::FindNewest;
  using KeyIndex::Insert;
  absl::Status FindOrInsert(std::span<const std::uint64_t> fingerprints, std::uint64_t first_leaf,
                            std::span<std::uint64_t> candidates) override;
  absl::Status FindNewest(std::span<const std::uint64_t> fingerprints,
                          std::span<std::uint64_t> newest) const override;
  void Insert(KeyFamily family, std::span<const std::uint64_t> fingerprints,
              std::uint64_t first_leaf) override;
  absl::Status EndBatch(std::uint64_t next_leaf) override;
  void MarkDurable(std::uint64_t leaves) override;
  absl::StatusOr<std::vector<std::uint64_t>> Find(KeyFamily family, std::uint64_t fingerprint,
                                                  std::uint64_t from_leaf,
                                                  std::size_t limit) const override;
  std::uint64_t covered() const override { return 0; }
  absl::Status status() const override { return absl::OkStatus(); }

 private:
  std::array<std::map<std::uint64_t, std::set<std::uint64_t>>, kKeyFamilies> families_;
};

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_MEMORY_KEY_INDEX_H_
