// An append-only sequence of blocks with small metadata beside it: what a ledger, the decision log
// and an observer each keep. Blocks are opaque here. Appends are durable on return, or the process
// must stop: an error of Append means that the outcome is unknown (design: never retried in place).
//
// Implementations: LMDB (lmdb_journal.h), segment files (segment_journal.h) and memory
// (memory_journal.h, for the simulator).
// Thread-compatible: one writer at a time; const members may run beside it.
#ifndef CAUSEWAY_SETTLEMENT_STORE_JOURNAL_H_
#define CAUSEWAY_SETTLEMENT_STORE_JOURNAL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/core/bytes.h"

namespace causeway::store {

inline constexpr std::size_t kBlockBytesMax = 256 * 1024 * 1024;
inline constexpr std::size_t kMetaKeyBytesMax = 256;

// Whose journal it is. Opening a journal of another kind or name is refused.
struct JournalIdentity {
  std::string kind;       // "ledger", "decision-log", "audit"
  std::string name;       // the origin of the log
  core::Hash256 genesis;  // genesis hash, or zero

  friend bool operator==(const JournalIdentity&, const JournalIdentity&) = default;
};

struct Block {
  std::uint64_t number = 0;       // 0, 1, 2, ... without gaps
  std::uint64_t first_index = 0;  // of the records (leaves) inside; equals the sum of counts before
  std::uint32_t count = 0;        // records inside, 1 or more
  std::string body;
};

// A change of metadata: no value means delete.
struct MetaWrite {
  std::string key;
  std::optional<std::string> value;
};

// Parts of the body of one block, each verified before it is given. What was verified is kept, so
// that reading many parts costs no more than reading the body once. For one thread at a time; the
// journal must outlive it.
class BodyReader {
 public:
  virtual ~BodyReader() = default;

  // Of the body.
  virtual std::uint64_t size() const = 0;
  // `size` bytes from `offset`. OutOfRange when the body is shorter; DataLoss with the place when
  // what was read is damaged, or what it is verified by. Damage elsewhere in the block may remain
  // unseen.
  virtual absl::StatusOr<std::string> Read(std::uint64_t offset, std::uint64_t size) = 0;
};

// Of a block that was read and verified.
std::unique_ptr<BodyReader> WholeBodyOf(Block block);
// OutOfRange unless `size` bytes from `offset` lie within a body of `body_bytes`.
absl::Status CheckBodyRange(std::uint64_t number, std::uint64_t body_bytes, std::uint64_t offset,
                            std::uint64_t size);

class Journal {
 public:
  virtual ~Journal() = default;

  // Appends `blocks` and applies `meta`, all or nothing, durably. Either may be empty. The numbers
  // and first indices must continue the journal (checked: a mistake stops the process).
  // On any error but ResourceExhausted the caller must exit: whether the write is durable is
  // unknown. ResourceExhausted: there is no room, nothing was written, and the journal goes on.
  virtual absl::Status Append(std::span<const Block> blocks, std::span<const MetaWrite> meta) = 0;

  // Block `number`, its checksum verified. NotFound past the end; DataLoss with the place when the
  // bytes are damaged.
  virtual absl::StatusOr<Block> Read(std::uint64_t number) const = 0;
  // For a look at parts of the body of block `number`. Errors as of Read.
  // Here: reads and verifies the whole block.
  virtual absl::StatusOr<std::unique_ptr<BodyReader>> OpenBody(std::uint64_t number) const;
  // The number of the block that holds record `index`. NotFound past the end.
  virtual absl::StatusOr<std::uint64_t> FindBlock(std::uint64_t index) const = 0;
  virtual std::uint64_t block_count() const = 0;
  virtual std::uint64_t record_count() const = 0;
  // SHA-256 chain over all blocks: what a peer compares to see that nothing was rolled back.
  virtual core::Hash256 head() const = 0;

  virtual absl::StatusOr<std::optional<std::string>> GetMeta(std::string_view key) const = 0;
  // Keys that begin with `prefix`, in the order of their bytes, with their values.
  virtual absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ListMeta(
      std::string_view prefix) const = 0;
};

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_JOURNAL_H_
