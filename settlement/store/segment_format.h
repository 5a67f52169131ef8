// The bytes of a segment file, and of the records about segments in the index. Specified in
// docs/formats/journal.md.
//
// Pure functions; any thread.
#ifndef CAUSEWAY_SETTLEMENT_STORE_SEGMENT_FORMAT_H_
#define CAUSEWAY_SETTLEMENT_STORE_SEGMENT_FORMAT_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/core/bytes.h"
#include "settlement/store/journal.h"
#include "settlement/store/journal_format.h"

namespace causeway::store {

inline constexpr std::uint64_t kSegmentHeaderBytes = 4096;  // the first frame begins here
inline constexpr std::uint64_t kFrameHeaderBytes = 120;     // padding included
inline constexpr std::uint64_t kSegmentAlignment = 8;
inline constexpr std::uint64_t kFooterEntryBytes = 24;
inline constexpr std::uint64_t kFooterFixedBytes = 142;  // a footer without its entries
// An open segment's size is a multiple of this, or what the last close recorded.
inline constexpr std::uint64_t kSegmentUnitBytes = std::uint64_t{1} << 20;
inline constexpr char kSegmentFileSuffix[] = ".cws";
inline constexpr char kPreparedFileName[] = "preparing.cws";
inline constexpr char kPartialSuffix[] = ".cws.part";

inline constexpr std::string_view kFrameMagic = "CWSF";
inline constexpr std::string_view kFooterMagic = "CWSX";

// Drawn when a journal is created: tells apart journals of one identity, and keys the checksums of
// frames so that no body can hold a frame of its journal.
using Instance = std::array<std::uint8_t, 16>;

// What a journal comes to after some frame.
struct SegmentState {
  JournalHead head;
  std::uint64_t frame_count = 0;
  core::Hash256 link;  // checksum of the last frame's header

  friend bool operator==(const SegmentState&, const SegmentState&) = default;
};

// The state before the first frame.
SegmentState EmptyState(const JournalIdentity& identity, const Instance& instance);

// Where a block lies. 16 bytes, because a journal keeps one for each block of its open segment in
// memory.
struct BlockPlace {
  std::uint64_t first_index = 0;
  std::uint32_t offset_units = 0;  // of its header in the file, in units of kSegmentAlignment
  std::uint32_t body_bytes = 0;

  std::uint64_t offset() const { return std::uint64_t{offset_units} * kSegmentAlignment; }
  friend bool operator==(const BlockPlace&, const BlockPlace&) = default;
};

struct SegmentHeader {
  Instance instance{};
  core::Hash256 origin;  // chain before block 0
  SegmentState before;   // the state that the first frame continues

  friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;
};

struct FrameHeader {
  std::uint64_t number = 0;         // of the frame in the journal
  std::uint64_t offset = 0;         // of the frame in the file
  std::uint64_t content_bytes = 0;  // after the header, padding included
  std::uint64_t first_block = 0;
  std::uint64_t first_index = 0;
  std::uint32_t block_count = 0;
  std::uint32_t meta_bytes = 0;  // without padding; 0: no metadata
  bool has_pieces = false;       // a block in it is verified piece by piece (BlockFront)
  core::Hash256 link;            // checksum of the frame before
  core::Hash256 checksum;

  std::uint64_t end() const { return offset + kFrameHeaderBytes + content_bytes; }
};

// What the index keeps of a sealed segment, and what its footer says.
struct SealedSegment {
  SegmentState before;
  SegmentState after;
  std::uint64_t footer_offset = 0;  // also the end of the last frame
  std::uint64_t file_bytes = 0;
  core::Hash256 footer_checksum;
  std::optional<std::string> archive;  // the directory that it was moved to

  friend bool operator==(const SealedSegment&, const SealedSegment&) = default;
};

// What the index knows of the journal's end.
struct KnownEnd {
  SegmentState state;            // durable; there may be more
  std::uint64_t open_size = 0;   // of the open segment, when it was last closed; 0: never was
  std::uint64_t open_block = 0;  // first block of the open segment
  bool has_open = false;

  friend bool operator==(const KnownEnd&, const KnownEnd&) = default;
};

constexpr std::uint64_t Aligned(std::uint64_t bytes) {
  return (bytes + kSegmentAlignment - 1) / kSegmentAlignment * kSegmentAlignment;
}
constexpr std::uint64_t FooterBytes(std::uint64_t blocks) {
  return kFooterFixedBytes + blocks * kFooterEntryBytes;
}
// "segment-<20 digits>.cws", and back.
std::string SegmentFileName(std::uint64_t first_block);
std::optional<std::uint64_t> ParseSegmentFileName(std::string_view name);

// Exactly kSegmentHeaderBytes.
std::string EncodeSegmentHeader(const SegmentHeader& header);
absl::StatusOr<SegmentHeader> DecodeSegmentHeader(std::string_view bytes);

// Exactly kFrameHeaderBytes; sets header.checksum.
std::string EncodeFrameHeader(FrameHeader& header, const Instance& instance);
// Nothing when `bytes` are not a whole frame header of this journal.
std::optional<FrameHeader> DecodeFrameHeader(std::string_view bytes, const Instance& instance);

// The metadata section of a frame, without its checksum and padding. Stops the process when it
// would have 4 GiB or more.
std::string EncodeFrameMeta(std::span<const MetaWrite> meta);
// Appends the checksum (kMetaChecksumBytes), which binds `section` to its frame.
void SealFrameMeta(std::string& section, const core::Hash256& frame_checksum);
// Nothing when `section`, checksum included, is not whole.
std::optional<std::vector<MetaWrite>> DecodeFrameMeta(std::string_view section,
                                                      const core::Hash256& frame_checksum);
inline constexpr std::uint64_t kMetaChecksumBytes = 32;

// The footer at `footer_offset` for `blocks`; fills in file_bytes and footer_checksum of `sealed`.
std::string EncodeFooter(SealedSegment& sealed, std::span<const BlockPlace> blocks,
                         const Instance& instance);
// The places of the blocks when `bytes` are the footer that `sealed` records. DataLoss says how
// not.
absl::StatusOr<std::vector<BlockPlace>> DecodeFooter(std::string_view bytes,
                                                     const SealedSegment& sealed,
                                                     const Instance& instance);

// The entry of one block in a footer.
BlockPlace ReadFooterEntry(core::Reader& reader);

std::string EncodeSealedSegment(const SealedSegment& sealed);
absl::StatusOr<SealedSegment> DecodeSealedSegment(std::string_view bytes);
std::string EncodeKnownEnd(const KnownEnd& known);
absl::StatusOr<KnownEnd> DecodeKnownEnd(std::string_view bytes);

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_SEGMENT_FORMAT_H_
