// The recent keys of a family in memory: appended to partitions by the highest bits of their
// fingerprints. An insert writes to one of at most 1,024 streams that the cache holds; a lookup
// scans one partition of about 4,096 keys; sorting is by partition, each small enough for the
// cache.
#ifndef CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_TABLE_H_
#define CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_TABLE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "settlement/store/key_index.h"
#include "settlement/store/key_runs_memory.h"

namespace causeway::store {

// One writer; Find* may run beside it in any thread. Drain wants the writer to be elsewhere, Reset
// also the readers. 16 bytes a key, and up to 8 KiB a partition.
class KeyTable {
 public:
  // Empties the table and gives it room for `keys_max` keys.
  void Reset(std::size_t keys_max);

  // In the order of leaves, so that the newest of a partition are behind.
  void Insert(std::uint64_t fingerprint, std::uint64_t leaf) {
    Partition& partition = partitions_[PartitionOf(fingerprint)];
    const std::uint64_t count = partition.count;
    const std::size_t place = count % kBlockEntries;
    if (place == 0) AddBlock(partition);
    entries_[partition.last_block * kBlockEntries + place] = {fingerprint, leaf};
    std::atomic_ref(partition.count).store(count + 1, std::memory_order_release);
    ++size_;
  }
  // The highest leaf under `fingerprint`, or kNoLeaf.
  std::uint64_t FindNewest(std::uint64_t fingerprint) const;
  // Appends all leaves under `fingerprint`, in no order.
  void FindAll(std::uint64_t fingerprint, std::vector<std::uint64_t>& leaves) const;

  std::size_t size() const { return size_; }
  std::size_t memory_bytes() const { return memory_.bytes(); }

  // Calls add(fingerprint, leaf) for every key, in the order of (fingerprint, leaf).
  template <typename Add>
  void Drain(Add&& add) const {
    std::vector<KeyEntry> entries;
    std::vector<KeyEntry> scratch;
    for (Partition& partition : partitions_) {
      Collect(partition, entries);
      SortPartition(entries, scratch);
      for (const KeyEntry& entry : entries) add(entry.fingerprint, entry.leaf);
    }
  }
  // Calls add(fingerprint) for every key, partition by partition.
  template <typename Add>
  void ForEach(Add&& add) const {
    for (Partition& partition : partitions_) {
      Visit(partition, [&](const KeyEntry& entry) { add(entry.fingerprint); });
    }
  }

 private:
  static constexpr std::size_t kBlockEntries = 512;
  struct Partition {
    std::uint64_t count = 0;  // written last, with release
    std::uint32_t first_block = 0;
    std::uint32_t last_block = 0;
  };
  std::size_t PartitionOf(std::uint64_t fingerprint) const {
    return (fingerprint >> 1) >> (63 - partition_bits_);
  }
  template <typename Entry>
  void Visit(Partition& partition, Entry&& visit) const {
    std::uint64_t left = std::atomic_ref(partition.count).load(std::memory_order_acquire);
    if (left == 0) return;
    for (std::uint32_t block = partition.first_block;; block = next_block_[block]) {
      const std::size_t count = left < kBlockEntries ? left : kBlockEntries;
      const KeyEntry* entries = entries_ + block * kBlockEntries;
      for (std::size_t i = 0; i < count; ++i) visit(entries[i]);
      left -= count;
      if (left == 0) return;
    }
  }
  void AddBlock(Partition& partition);
  void Collect(Partition& partition, std::vector<KeyEntry>& entries) const;
  void SortPartition(std::vector<KeyEntry>& entries, std::vector<KeyEntry>& scratch) const;

  PageMemory memory_;
  KeyEntry* entries_ = nullptr;
  mutable std::vector<Partition> partitions_;  // mutable: atomic_ref wants it so, to load
  std::vector<std::uint32_t> next_block_;
  std::size_t blocks_used_ = 0;
  unsigned partition_bits_ = 0;
  std::size_t size_ = 0;
};

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_TABLE_H_
