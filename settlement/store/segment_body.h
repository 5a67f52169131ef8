// Blocks in segment files, read and verified: whole, or piece by piece.
//
// Internal to settlement/store.
#ifndef CAUSEWAY_SETTLEMENT_STORE_SEGMENT_BODY_H_
#define CAUSEWAY_SETTLEMENT_STORE_SEGMENT_BODY_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "settlement/store/journal.h"
#include "settlement/store/segment_file.h"
#include "settlement/store/segment_format.h"

namespace causeway::store {

// A block's record where it lies.
struct BlockLocation {
  std::shared_ptr<SegmentFile> file;
  std::string path;  // of the file, for messages
  BlockPlace place;
};

// Statuses name the file, the offset and the block.
absl::StatusOr<Block> ReadBlock(const BlockLocation& located, std::uint64_t number);

// Verifies what stands before the body, and each piece when it is read from. A block of before
// there were pieces is read and verified whole.
absl::StatusOr<std::unique_ptr<BodyReader>> OpenBlockBody(BlockLocation located,
                                                          std::uint64_t number);

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_SEGMENT_BODY_H_
