#include "settlement/store/key_runs_table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>

#include "settlement/core/check.h"

namespace causeway::store {
namespace {

// Buckets are a few keys long; one of keys that recur need not be.
constexpr std::size_t kInsertionSortMax = 24;
constexpr std::size_t kPartitionKeys = 4096;
constexpr unsigned kPartitionBitsMax = 10;

void SortShort(std::span<KeyEntry> entries) {
  if (entries.size() > kInsertionSortMax) {
    std::sort(entries.begin(), entries.end());
    return;
  }
  for (std::size_t i = 1; i < entries.size(); ++i) {
    const KeyEntry moving = entries[i];
    std::size_t to = i;
    for (; to > 0 && moving < entries[to - 1]; --to) entries[to] = entries[to - 1];
    entries[to] = moving;
  }
}

}  // namespace

void KeyTable::Reset(std::size_t keys_max) {
  const std::size_t wanted = std::bit_ceil(std::max<std::size_t>(1, keys_max / kPartitionKeys));
  partition_bits_ = std::min(kPartitionBitsMax, static_cast<unsigned>(std::bit_width(wanted)) - 1);
  const std::size_t partitions = std::size_t{1} << partition_bits_;
  const std::size_t blocks = keys_max / kBlockEntries + partitions + 1;
  if (blocks != next_block_.size()) {
    memory_ = PageMemory();
    memory_ = PageMemory(blocks * kBlockEntries * sizeof(KeyEntry));
    memory_.Touch();
  }
  entries_ = memory_.as<KeyEntry>();
  partitions_.assign(partitions, Partition{});
  next_block_.assign(blocks, 0);
  blocks_used_ = 0;
  size_ = 0;
}

void KeyTable::AddBlock(Partition& partition) {
  CW_CHECK(blocks_used_ < next_block_.size(),
           "the table of recent keys has room: its owner freezes it in time");
  const auto block = static_cast<std::uint32_t>(blocks_used_++);
  if (partition.count == 0) {
    partition.first_block = block;
  } else {
    next_block_[partition.last_block] = block;
  }
  partition.last_block = block;
}

std::uint64_t KeyTable::FindNewest(std::uint64_t fingerprint) const {
  std::uint64_t newest_plus_1 = 0;
  Visit(partitions_[PartitionOf(fingerprint)], [&](const KeyEntry& entry) {
    if (entry.fingerprint == fingerprint) newest_plus_1 = std::max(newest_plus_1, entry.leaf + 1);
  });
  return newest_plus_1 - 1;  // 0 becomes kNoLeaf
}

void KeyTable::FindAll(std::uint64_t fingerprint, std::vector<std::uint64_t>& leaves) const {
  Visit(partitions_[PartitionOf(fingerprint)], [&](const KeyEntry& entry) {
    if (entry.fingerprint == fingerprint) leaves.push_back(entry.leaf);
  });
}

void KeyTable::Collect(Partition& partition, std::vector<KeyEntry>& entries) const {
  entries.clear();
  Visit(partition, [&](const KeyEntry& entry) { entries.push_back(entry); });
}

// One pass of counting by the bits below those of the partition, into buckets of about four keys.
void KeyTable::SortPartition(std::vector<KeyEntry>& entries, std::vector<KeyEntry>& scratch) const {
  constexpr unsigned kBucketBitsMax = 12;
  const unsigned bits =
      std::min(kBucketBitsMax, static_cast<unsigned>(std::bit_width(entries.size() / 4 + 1)));
  const auto bucket_of = [&](const KeyEntry& entry) {
    return static_cast<std::size_t>((entry.fingerprint << partition_bits_) >> (64 - bits));
  };
  std::array<std::uint32_t, (std::size_t{1} << kBucketBitsMax) + 1> ends{};
  for (const KeyEntry& entry : entries) ++ends[bucket_of(entry) + 1];
  const std::size_t buckets = std::size_t{1} << bits;
  for (std::size_t i = 1; i <= buckets; ++i) ends[i] += ends[i - 1];
  scratch.resize(entries.size());
  for (const KeyEntry& entry : entries) scratch[ends[bucket_of(entry)]++] = entry;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    SortShort(std::span(scratch).subspan(begin, ends[i] - begin));
    begin = ends[i];
  }
  entries.swap(scratch);
}

}  // namespace causeway::store
