// A disk in memory with one journal on it. What is appended is in the disk's cache until Sync; a
// crash may lose it, keep it, or keep a part of it. Blocks and metadata lie there in the bytes of
// docs/formats/journal.md, with their checksums, so that what was damaged is found by what finds it
// on a real disk.
//
// An append is one write: blocks and metadata of it survive a crash together, as the journals of
// settlement/store promise. A torn one fails its checksum at the next opening and is dropped.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_VIRTUAL_DISK_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_VIRTUAL_DISK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scenarios/simulator/coverage.h"
#include "settlement/core/prng.h"
#include "settlement/store/journal.h"
#include "settlement/store/journal_format.h"

namespace causeway::sim {

class VirtualDisk {
 public:
  // `coverage` outlives the disk.
  VirtualDisk(store::JournalIdentity identity, Coverage& coverage);

  // The journal, after everything that was damaged has been verified: DataLoss names the block or
  // the key. The disk outlives the journal; one journal at a time.
  absl::StatusOr<std::unique_ptr<store::Journal>> Open();
  // The block that Open or a read found damaged last.
  std::optional<std::uint64_t> damaged_block() const { return damaged_block_; }

  bool HasUnsynced() const { return !unsynced_.empty(); }
  void Sync() { unsynced_.clear(); }
  // The power fails. Each unsynced write and all after it may be lost; the first lost one may leave
  // a part of itself.
  void Crash(core::RandomStream& random);
  // The same of a disk that has its part of one write over several journals, which was kept or lost
  // as a whole.
  void CrashTogether(bool kept, core::RandomStream& random);

  // What is durable.
  std::uint64_t synced_blocks() const;
  std::uint64_t synced_records() const;
  // The chain after block `number`, which is there.
  const core::Hash256& ChainAfter(std::uint64_t number) const { return blocks_[number].chain; }

  // One bit of a block that is durable, or of a metadata value, changes. False when there is none.
  bool CorruptBlock(core::RandomStream& random);
  bool CorruptMetadata(core::RandomStream& random);
  // Puts back the body of a damaged block from a copy; false when the copy is not of that block.
  bool Repair(std::uint64_t number, std::string_view body);

  // What is durable, to be put back later.
  struct Image;
  std::shared_ptr<const Image> Save() const;
  void Restore(const Image& image);

  // For tests of known-bad nodes: blocks from `count` on are gone, as if they had never been
  // written, the metadata stay.
  void CutTo(std::uint64_t count);

 private:
  friend class VirtualJournal;
  struct Record {
    std::string bytes;
    std::size_t front_bytes = 0;  // before the body
    // The bytes are as they were written or verified: their checksum need not be computed again.
    bool intact = true;
    std::uint64_t first_index = 0;
    std::uint32_t count = 0;
    core::Hash256 chain;  // after it
  };
  struct Value {
    std::string bytes;
    bool intact = true;
  };
  // What one write replaced.
  struct Undo {
    std::size_t blocks = 0;  // that were there before
    std::vector<std::pair<std::string, std::optional<Value>>> meta;
  };

  absl::Status Append(std::span<const store::Block> blocks, std::span<const store::MetaWrite> meta);
  absl::StatusOr<std::string_view> ReadBody(std::uint64_t number);
  absl::StatusOr<std::string_view> ReadValue(const std::string& key, Value& value);
  void LoseAfter(std::size_t kept, core::RandomStream& random);
  void TakeBack(const Undo& undo);
  void ResetHead();

  store::JournalIdentity identity_;
  Coverage& coverage_;
  store::JournalHead head_;
  std::vector<Record> blocks_;
  std::map<std::string, Value, std::less<>> meta_;
  std::vector<Undo> unsynced_;  // oldest first
  std::string torn_;            // what is left of a write that did not finish
  std::optional<std::uint64_t> damaged_block_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_VIRTUAL_DISK_H_
