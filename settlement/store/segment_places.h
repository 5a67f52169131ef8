// Where the blocks of a sealed segment lie: its footer says so, on the disk. In memory is only what
// tells which part of a footer to read, and that it is what was verified: 16 bytes for 1,024
// blocks.
//
// Internal to settlement/store.
#ifndef CAUSEWAY_SETTLEMENT_STORE_SEGMENT_PLACES_H_
#define CAUSEWAY_SETTLEMENT_STORE_SEGMENT_PLACES_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/store/segment_file.h"
#include "settlement/store/segment_format.h"

namespace causeway::store {

inline constexpr std::size_t kFooterPartBlocks = 1024;

// A part of a footer: the entries of kFooterPartBlocks blocks, or of those that are left.
struct FooterPart {
  std::uint64_t first_index = 0;  // of its first block
  std::uint64_t checksum = 0;     // of its bytes, derived when the whole footer was verified
};

// Of a footer that was verified (DecodeFooter), or just made.
std::vector<FooterPart> FooterPartsOf(std::string_view footer);

// Part `number` of the footer of a sealed segment, as `part` remembers it. DataLoss names the
// offset when the file says something else by now.
absl::StatusOr<std::vector<BlockPlace>> ReadFooterPart(const SegmentFile& file,
                                                       const SealedSegment& sealed,
                                                       std::size_t number, const FooterPart& part);

// The parts that were asked for last, for whoever reads block after block. Not thread-safe.
class FooterPartCache {
 public:
  using Places = std::shared_ptr<const std::vector<BlockPlace>>;

  // Null when it is not here. `first_block`: of the segment.
  Places Find(std::uint64_t first_block, std::size_t number);
  void Keep(std::uint64_t first_block, std::size_t number, Places places);

 private:
  static constexpr std::size_t kPartsMax = 64;  // a megabyte
  struct Entry {
    std::uint64_t first_block;
    std::size_t number;
    Places places;
  };
  std::list<Entry> entries_;  // the one asked for last in front
};

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_SEGMENT_PLACES_H_
