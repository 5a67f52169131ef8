#include "settlement/store/segment_scan.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "settlement/core/bytes.h"

namespace causeway::store {
namespace {

constexpr std::uint64_t kWindowBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kSectorBytes = 512;  // what a disk writes whole or not at all

// A window that moves over a file, so that small frames do not cost a read each.
class Window {
 public:
  Window(const SegmentFile& file, std::uint64_t size) : file_(file), size_(size) {}

  std::uint64_t file_size() const { return size_; }

  // The bytes at `offset`, fewer than `size` at the end of the file. Valid until the next call.
  absl::StatusOr<std::string_view> View(std::uint64_t offset, std::uint64_t size) {
    size = offset >= size_ ? 0 : std::min(size, size_ - offset);
    if (offset < start_ || offset + size > start_ + buffer_.size()) {
      buffer_.resize(std::min(std::max(size, kWindowBytes), size_ - std::min(offset, size_)));
      const absl::StatusOr<std::size_t> got = file_.Read(offset, buffer_.data(), buffer_.size());
      if (!got.ok()) return got.status();
      buffer_.resize(*got);
      start_ = offset;
      if (*got < size) {
        return absl::DataLossError(fmt::format("offset {}: the file became shorter", offset));
      }
    }
    return std::string_view(buffer_).substr(offset - start_, size);
  }

 private:
  const SegmentFile& file_;
  std::uint64_t size_;
  std::uint64_t start_ = 0;
  std::string buffer_;
};

absl::StatusOr<Window> OpenWindow(const SegmentFile& file) {
  const absl::StatusOr<std::uint64_t> size = file.Size();
  if (!size.ok()) return size.status();
  return Window(file, *size);
}

bool AllZero(std::string_view bytes) {
  return bytes.empty() ||
         (bytes[0] == '\0' && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

absl::Status DamagedAt(std::uint64_t offset, std::string_view what) {
  return absl::DataLossError(fmt::format("offset {}: {}", offset, what));
}

absl::Status DamagedAt(std::uint64_t offset, const absl::Status& status) {
  return DamagedAt(offset, std::string_view(status.message().data(), status.message().size()));
}

// Verifies the record of the next block at `offset`, which must end by `end`; moves `walked` on.
// Returns where the next record begins; sets `has_pieces` when this one is verified by pieces.
absl::StatusOr<std::uint64_t> WalkBlock(Window& window, std::uint64_t offset, std::uint64_t end,
                                        WalkedSegment& walked, bool& has_pieces) {
  const std::uint64_t number = walked.after.head.block_count;
  const absl::Status overrun =
      DamagedAt(offset, fmt::format("block {}: the record is longer than its frame", number));
  if (end - offset < kBlockHeaderBytes) return overrun;
  const absl::StatusOr<std::string_view> header = window.View(offset, kBlockHeaderBytes);
  if (!header.ok()) return header.status();
  const std::uint64_t record_bytes = RecordBytes(*header);
  if (record_bytes > BlockFrontBytes(kBlockBytesMax) + kBlockBytesMax ||
      end - offset < Aligned(record_bytes)) {
    return overrun;
  }
  const absl::StatusOr<std::string_view> bytes = window.View(offset, Aligned(record_bytes));
  if (!bytes.ok()) return bytes.status();
  const absl::StatusOr<BlockView> block = ParseBlock(bytes->substr(0, record_bytes), number);
  if (!block.ok()) return DamagedAt(offset, block.status());
  if (!AllZero(bytes->substr(record_bytes))) {
    return DamagedAt(offset, fmt::format("block {}: the padding after it is not zero", number));
  }
  if (absl::Status follows = FollowChain(*block, walked.after.head); !follows.ok()) {
    return DamagedAt(offset, follows);
  }
  walked.blocks.push_back({.first_index = block->first_index,
                           .offset_units = static_cast<std::uint32_t>(offset / kSegmentAlignment),
                           .body_bytes = static_cast<std::uint32_t>(block->body.size())});
  has_pieces = has_pieces || record_bytes != kBlockHeaderBytes + block->body.size();
  return offset + Aligned(record_bytes);
}

// Verifies what follows the header of a frame; moves `walked` on, also when it fails.
absl::Status WalkContent(Window& window, const FrameHeader& frame, WalkedSegment& walked) {
  std::uint64_t offset = frame.offset + kFrameHeaderBytes;
  bool has_pieces = false;
  for (std::uint32_t i = 0; i < frame.block_count; ++i) {
    const absl::StatusOr<std::uint64_t> next =
        WalkBlock(window, offset, frame.end(), walked, has_pieces);
    if (!next.ok()) return next.status();
    offset = *next;
  }
  if (has_pieces != frame.has_pieces) {
    return DamagedAt(frame.offset,
                     fmt::format("frame {}: its version is not that of its blocks", frame.number));
  }
  if (frame.end() - offset != Aligned(frame.meta_bytes)) {
    return DamagedAt(offset, fmt::format("frame {}: its parts do not fill it", frame.number));
  }
  if (frame.meta_bytes > 0) {
    const absl::StatusOr<std::string_view> bytes = window.View(offset, Aligned(frame.meta_bytes));
    if (!bytes.ok()) return bytes.status();
    std::optional<std::vector<MetaWrite>> meta =
        DecodeFrameMeta(bytes->substr(0, frame.meta_bytes), frame.checksum);
    if (!meta.has_value() || !AllZero(bytes->substr(frame.meta_bytes))) {
      return DamagedAt(offset, fmt::format("frame {}: the checksum of its metadata does not match",
                                           frame.number));
    }
    std::move(meta->begin(), meta->end(), std::back_inserter(walked.meta));
  }
  walked.after.frame_count += 1;
  walked.after.link = frame.checksum;
  walked.last_frame = frame.offset;
  walked.end = frame.end();
  return absl::OkStatus();
}

// A frame whose header is whole continues what was walked: no crash makes it otherwise.
absl::Status CheckContinues(const FrameHeader& frame, std::uint64_t offset, std::uint64_t file_size,
                            const WalkedSegment& walked) {
  const SegmentState& state = walked.after;
  if (frame.offset != offset || frame.number != state.frame_count || frame.link != state.link ||
      frame.first_block != state.head.block_count || frame.first_index != state.head.record_count) {
    return DamagedAt(offset, fmt::format("frame {} (of block {}) found where frame {} (of block {})"
                                         " belongs",
                                         frame.number, frame.first_block, state.frame_count,
                                         state.head.block_count));
  }
  if (offset > file_size || file_size - offset < kFrameHeaderBytes ||
      file_size - offset - kFrameHeaderBytes < frame.content_bytes) {
    return DamagedAt(offset, fmt::format("block {}: the file is truncated at {} bytes",
                                         frame.first_block, file_size));
  }
  return absl::OkStatus();
}

struct Rest {
  std::optional<std::uint64_t> later_frame;  // where a frame of this journal begins
  std::uint64_t dirty_end = 0;
};

// Looks at everything from `from` to the end of the file.
absl::StatusOr<Rest> ScanRest(Window& window, std::uint64_t from, const Instance& instance) {
  Rest rest{.later_frame = std::nullopt, .dirty_end = from};
  for (std::uint64_t start = from; start < window.file_size(); start += kWindowBytes) {
    const absl::StatusOr<std::string_view> viewed =
        window.View(start, kWindowBytes + kFrameHeaderBytes);
    if (!viewed.ok()) return viewed.status();
    const std::string_view bytes = *viewed;
    const std::string_view chunk = bytes.substr(0, kWindowBytes);
    if (AllZero(chunk)) continue;
    rest.dirty_end = start + chunk.find_last_not_of('\0') + 1;
    for (std::uint64_t at = start == from ? kSegmentAlignment : 0;
         at + kFrameMagic.size() <= chunk.size() && !rest.later_frame.has_value();
         at += kSegmentAlignment) {
      if (std::memcmp(chunk.data() + at, kFrameMagic.data(), kFrameMagic.size()) != 0) continue;
      const std::optional<FrameHeader> frame = DecodeFrameHeader(bytes.substr(at), instance);
      if (frame.has_value() && frame->offset == start + at) rest.later_frame = start + at;
    }
  }
  return rest;
}

// True when some sector's part of [from, to) is all zeros, as everything was before the frame was
// written: what a crash leaves of a write, and what no damage to a whole frame looks like.
absl::StatusOr<bool> MayBeTorn(Window& window, std::uint64_t from, std::uint64_t to) {
  to = std::min(to, window.file_size());
  while (from < to) {
    const std::uint64_t sector_end = std::min((from / kSectorBytes + 1) * kSectorBytes, to);
    const absl::StatusOr<std::string_view> part = window.View(from, sector_end - from);
    if (!part.ok()) return part.status();
    if (AllZero(*part)) return true;
    from = sector_end;
  }
  return false;
}

// What an invalid frame at walked.end means: the end of the journal (OK), or damage.
absl::Status JudgeTail(Window& window, const SegmentHeader& header,
                       const std::optional<FrameHeader>& frame, const absl::Status& reason,
                       const SegmentState& known, WalkedSegment& walked) {
  const absl::StatusOr<Rest> rest = ScanRest(window, walked.end, header.instance);
  if (!rest.ok()) return rest.status();
  if (walked.after.frame_count < known.frame_count) {
    if (frame.has_value()) return reason;
    return DamagedAt(
        walked.end,
        fmt::format("block {}: acknowledged blocks end here, {} of {} are left: {}",
                    walked.after.head.block_count, walked.after.head.block_count,
                    known.head.block_count,
                    std::string_view(reason.message().data(), reason.message().size())));
  }
  if (rest->later_frame.has_value()) {
    return absl::DataLossError(fmt::format(
        "{}; a valid frame follows at offset {}",
        std::string_view(reason.message().data(), reason.message().size()), *rest->later_frame));
  }
  walked.dirty_end = std::max(rest->dirty_end, walked.end);
  if (walked.dirty_end == walked.end) return absl::OkStatus();
  const absl::StatusOr<std::string_view> magic = window.View(walked.end, kFooterMagic.size());
  if (!magic.ok()) return magic.status();
  if (*magic == kFooterMagic) return absl::OkStatus();  // everything in it was derived
  const std::uint64_t end = frame.has_value() ? frame->end() : walked.end + kFrameHeaderBytes;
  const absl::StatusOr<bool> torn = MayBeTorn(window, walked.end, end);
  if (!torn.ok()) return torn.status();
  return *torn ? absl::OkStatus() : reason;
}

}  // namespace

absl::Status CheckSegmentHeader(const SegmentFile& file, const SegmentHeader& expected) {
  std::string bytes(kSegmentHeaderBytes, '\0');
  const absl::StatusOr<std::size_t> got = file.Read(0, bytes.data(), bytes.size());
  if (!got.ok()) return got.status();
  bytes.resize(*got);
  const absl::StatusOr<SegmentHeader> found = DecodeSegmentHeader(bytes);
  if (!found.ok()) return found.status();
  if (found->origin != expected.origin || found->instance != expected.instance) {
    return absl::FailedPreconditionError("the segment belongs to another journal");
  }
  if (*found != expected) {
    return absl::FailedPreconditionError(
        fmt::format("the segment continues block {} with chain {}, expected block {} with chain {}",
                    found->before.head.block_count, found->before.head.chain.ToHex(),
                    expected.before.head.block_count, expected.before.head.chain.ToHex()));
  }
  return absl::OkStatus();
}

absl::StatusOr<WalkedSegment> WalkOpenSegment(const SegmentFile& file, const SegmentHeader& header,
                                              const SegmentState& known) {
  if (absl::Status head = CheckSegmentHeader(file, header); !head.ok()) return head;
  absl::StatusOr<Window> window = OpenWindow(file);
  if (!window.ok()) return window.status();
  WalkedSegment walked{.after = header.before, .end = kSegmentHeaderBytes};
  while (true) {
    if (walked.after.frame_count == known.frame_count && walked.after != known) {
      return DamagedAt(walked.end, fmt::format("block {}: the frames before are not those that were"
                                               " acknowledged",
                                               walked.after.head.block_count));
    }
    const absl::StatusOr<std::string_view> bytes = window->View(walked.end, kFrameHeaderBytes);
    if (!bytes.ok()) return bytes.status();
    const std::optional<FrameHeader> frame = DecodeFrameHeader(*bytes, header.instance);
    absl::Status reason = DamagedAt(
        walked.end, fmt::format("block {}: the header of its frame does not match its checksum",
                                walked.after.head.block_count));
    if (frame.has_value()) {
      absl::Status continues = CheckContinues(*frame, walked.end, window->file_size(), walked);
      if (!continues.ok()) return continues;
      const std::size_t blocks = walked.blocks.size();
      const std::size_t meta = walked.meta.size();
      const JournalHead head = walked.after.head;
      reason = WalkContent(*window, *frame, walked);
      if (reason.ok()) continue;
      if (!absl::IsDataLoss(reason)) return reason;
      walked.blocks.resize(blocks);
      walked.meta.resize(meta);
      walked.after.head = head;
    }
    absl::Status judged = JudgeTail(*window, header, frame, reason, known, walked);
    if (!judged.ok()) return judged;
    return walked;
  }
}

absl::StatusOr<WalkedSegment> WalkSealedSegment(const SegmentFile& file, const Instance& instance,
                                                const core::Hash256& origin,
                                                const SealedSegment& sealed) {
  const absl::StatusOr<std::vector<BlockPlace>> footer = ReadFooter(file, instance, origin, sealed);
  if (!footer.ok()) return footer.status();
  absl::StatusOr<Window> window = OpenWindow(file);
  if (!window.ok()) return window.status();
  WalkedSegment walked{.after = sealed.before, .end = kSegmentHeaderBytes};
  while (walked.end < sealed.footer_offset) {
    const absl::StatusOr<std::string_view> bytes = window->View(walked.end, kFrameHeaderBytes);
    if (!bytes.ok()) return bytes.status();
    const std::optional<FrameHeader> frame = DecodeFrameHeader(*bytes, instance);
    if (!frame.has_value()) {
      return DamagedAt(walked.end,
                       fmt::format("block {}: the header of its frame does not match its checksum",
                                   walked.after.head.block_count));
    }
    absl::Status status = CheckContinues(*frame, walked.end, sealed.footer_offset, walked);
    if (status.ok()) status = WalkContent(*window, *frame, walked);
    if (!status.ok()) return status;
  }
  if (walked.after != sealed.after || walked.blocks != *footer) {
    return DamagedAt(walked.end, "the frames do not come to what the footer and the index record");
  }
  walked.dirty_end = walked.end;
  return walked;
}

namespace {

// What ends the file, and should be the footer that `sealed` records.
absl::StatusOr<std::string> ReadFooterBytes(const SegmentFile& file, const Instance& instance,
                                            const core::Hash256& origin,
                                            const SealedSegment& sealed) {
  const absl::StatusOr<std::uint64_t> size = file.Size();
  if (!size.ok()) return size.status();
  if (*size < sealed.file_bytes || (*size > sealed.file_bytes && *size % kSegmentUnitBytes != 0)) {
    return absl::DataLossError(
        fmt::format("has {} bytes, the index records {}", *size, sealed.file_bytes));
  }
  absl::Status header =
      CheckSegmentHeader(file, {.instance = instance, .origin = origin, .before = sealed.before});
  if (!header.ok()) return header;
  if (sealed.file_bytes < sealed.footer_offset) {
    return absl::DataLossError("the index records a footer after the end of the file");
  }
  std::string bytes(sealed.file_bytes - sealed.footer_offset, '\0');
  const absl::StatusOr<std::size_t> got =
      file.Read(sealed.footer_offset, bytes.data(), bytes.size());
  if (!got.ok()) return got.status();
  bytes.resize(*got);
  return bytes;
}

}  // namespace

absl::StatusOr<std::vector<BlockPlace>> ReadFooter(const SegmentFile& file,
                                                   const Instance& instance,
                                                   const core::Hash256& origin,
                                                   const SealedSegment& sealed) {
  const absl::StatusOr<std::string> bytes = ReadFooterBytes(file, instance, origin, sealed);
  if (!bytes.ok()) return bytes.status();
  return DecodeFooter(*bytes, sealed, instance);
}

absl::StatusOr<std::vector<FooterPart>> ReadFooterParts(const SegmentFile& file,
                                                        const Instance& instance,
                                                        const core::Hash256& origin,
                                                        const SealedSegment& sealed) {
  const absl::StatusOr<std::string> bytes = ReadFooterBytes(file, instance, origin, sealed);
  if (!bytes.ok()) return bytes.status();
  absl::Status whole = DecodeFooter(*bytes, sealed, instance).status();
  if (!whole.ok()) return whole;
  return FooterPartsOf(*bytes);
}

absl::StatusOr<bool> HasNoFrames(const SegmentFile& file) {
  absl::StatusOr<Window> window = OpenWindow(file);
  if (!window.ok()) return window.status();
  for (std::uint64_t start = kSegmentHeaderBytes; start < window->file_size();
       start += kWindowBytes) {
    const absl::StatusOr<std::string_view> bytes = window->View(start, kWindowBytes);
    if (!bytes.ok()) return bytes.status();
    if (!AllZero(*bytes)) return false;
  }
  return true;
}

}  // namespace causeway::store
