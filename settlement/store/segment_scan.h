// Reads segment files back: frame by frame with every checksum, or only header and footer.
//
// Functions without state; any thread. A status names the offset and the block; the caller adds the
// file.
#ifndef CAUSEWAY_SETTLEMENT_STORE_SEGMENT_SCAN_H_
#define CAUSEWAY_SETTLEMENT_STORE_SEGMENT_SCAN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/store/segment_file.h"
#include "settlement/store/segment_format.h"
#include "settlement/store/segment_places.h"

namespace causeway::store {

struct WalkedSegment {
  SegmentState after;
  std::uint64_t last_frame = 0;  // offset of the last whole frame; 0: there is none
  std::uint64_t end = 0;         // of the last whole frame
  // Up to here there are bytes of an append that never was acknowledged, or of a footer whose
  // segment was not sealed. `end` when there are none.
  std::uint64_t dirty_end = 0;
  std::vector<BlockPlace> blocks;
  std::vector<MetaWrite> meta;  // of all frames, in their order
};

// DataLoss when the file's header is damaged; FailedPrecondition when it belongs elsewhere than
// `expected` says.
absl::Status CheckSegmentHeader(const SegmentFile& file, const SegmentHeader& expected);

// Verifies every frame of the open segment that begins with `header`. `known` is a state that was
// durable: frames that do not reach it are DataLoss. An invalid frame after it is the end when it
// can have been torn by a crash: nothing valid follows it, and a part of it is as it was before it
// was written. Else it is DataLoss.
absl::StatusOr<WalkedSegment> WalkOpenSegment(const SegmentFile& file, const SegmentHeader& header,
                                              const SegmentState& known);

// Verifies every frame of a sealed segment, and that they come to what `sealed` records.
absl::StatusOr<WalkedSegment> WalkSealedSegment(const SegmentFile& file, const Instance& instance,
                                                const core::Hash256& origin,
                                                const SealedSegment& sealed);

// Reads the footer of a sealed segment and verifies the file's size, header and footer, without
// the frames. The file may be longer, by whole units, than recorded.
absl::StatusOr<std::vector<BlockPlace>> ReadFooter(const SegmentFile& file,
                                                   const Instance& instance,
                                                   const core::Hash256& origin,
                                                   const SealedSegment& sealed);

// The same; what to remember of it.
absl::StatusOr<std::vector<FooterPart>> ReadFooterParts(const SegmentFile& file,
                                                        const Instance& instance,
                                                        const core::Hash256& origin,
                                                        const SealedSegment& sealed);

// True when nothing but zeros follows the header.
absl::StatusOr<bool> HasNoFrames(const SegmentFile& file);

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_SEGMENT_SCAN_H_
