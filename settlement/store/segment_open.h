// Opening a journal of segments: what the index says against what the files hold.
//
// Internal to settlement/store.
#ifndef CAUSEWAY_SETTLEMENT_STORE_SEGMENT_OPEN_H_
#define CAUSEWAY_SETTLEMENT_STORE_SEGMENT_OPEN_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/store/lmdb_index.h"
#include "settlement/store/segment_file.h"
#include "settlement/store/segment_format.h"
#include "settlement/store/segment_places.h"

namespace causeway::store {

// Keys of the journal's own records in the index.
inline constexpr char kInstanceKey[] = "instance";
inline constexpr char kEndKey[] = "end";
inline constexpr char kSealedPrefix[] = "segment.";

// "segment.<20 digits>"
std::string SealedKey(std::uint64_t first_block);
// Of an archive that is the journal's own directory.
absl::Status OwnDirectoryError(const std::string& archive);
// The same status with `place` before its message.
absl::Status InFile(const std::string& place, const absl::Status& status);

struct Segment {
  SealedSegment record;  // only `before` when not sealed
  bool sealed = false;
  std::vector<BlockPlace> blocks;     // of the open one alone
  std::vector<FooterPart> parts;      // of a sealed one; empty when archived, until it is asked
  std::shared_ptr<SegmentFile> file;  // null when not open at the moment

  std::uint64_t first_block() const { return record.before.head.block_count; }
  std::string name() const { return SegmentFileName(first_block()); }
};

// What the index says alone.
struct IndexContents {
  Instance instance{};
  core::Hash256 origin;
  KnownEnd known;
  std::vector<SealedSegment> sealed;
  SegmentState sealed_state;  // after the last sealed segment
};

struct LoadedSegments {
  IndexContents index;
  std::vector<Segment> segments;  // the last one is open, unless the journal is new
  SegmentState state;             // durable
  std::uint64_t open_end = 0;     // of the last frame in the open segment
  std::uint64_t open_size = 0;    // of its file
  std::vector<MetaWrite> meta;    // of the open segment: newer than the index, or the same
};

struct LoadOptions {
  bool verify_all = false;  // every frame of every segment, not only of the open one
  bool repair = true;       // cut off what was never acknowledged; else change nothing
  // When repairing: an archived segment that is still here too, because a process did not live to
  // remove it, is removed if it is whole there. Empty: nowhere.
  std::string archive = {};
};

// The records that a new index begins with.
std::vector<MetaWrite> InitialIndex(const JournalIdentity& identity, const Instance& instance);
absl::StatusOr<IndexContents> ReadIndex(const LmdbIndex& index, const JournalIdentity& identity);

// Statuses name the file, the offset and the block.
absl::StatusOr<LoadedSegments> LoadSegments(const LmdbIndex& index, FileSystem& files,
                                            const JournalIdentity& identity,
                                            const LoadOptions& options);

// Makes the file of a segment that begins with `header`, of `size` bytes, durable under its name.
// ResourceExhausted, and nothing left behind, when there is no room.
absl::StatusOr<std::shared_ptr<SegmentFile>> CreateSegment(FileSystem& files,
                                                           const std::string& directory,
                                                           const SegmentHeader& header,
                                                           std::uint64_t size);

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_SEGMENT_OPEN_H_
