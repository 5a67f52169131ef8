#include "settlement/store/segment_format.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "fmt/format.h"
#include "settlement/core/check.h"
#include "settlement/core/hash.h"
#include "settlement/store/lmdb_directory.h"

namespace causeway::store {
namespace {

constexpr std::uint16_t kSegmentVersion = 1;
// Of a frame with blocks that are verified piece by piece. A program that does not know them must
// not take it for a torn one, which it would overwrite.
constexpr std::uint16_t kPiecedFrameVersion = 2;
constexpr std::string_view kSegmentMagic = "CWSG";
constexpr std::size_t kSegmentHeaderUsedBytes = 174;
constexpr std::size_t kFrameHeaderUsedBytes = 118;
constexpr std::size_t kChecksumBytes = 32;
constexpr std::size_t kNumberDigits = 20;

std::string_view View(const Instance& instance) {
  return {reinterpret_cast<const char*>(instance.data()), instance.size()};
}

core::Hash256 Keyed(std::string_view key, std::string_view bytes) {
  thread_local core::Sha256Hasher hasher;
  return hasher.Update(key).Update(bytes).Finish();
}

void WriteState(core::Writer& writer, const SegmentState& state) {
  writer.U64(state.head.block_count).U64(state.head.record_count).Hash(state.head.chain);
  writer.U64(state.frame_count).Hash(state.link);
}

SegmentState ReadState(core::Reader& reader) {
  SegmentState state;
  state.head.block_count = reader.U64();
  state.head.record_count = reader.U64();
  state.head.chain = reader.Hash();
  state.frame_count = reader.U64();
  state.link = reader.Hash();
  return state;
}

}  // namespace

SegmentState EmptyState(const JournalIdentity& identity, const Instance& instance) {
  SegmentState state{.head = EmptyHead(identity), .frame_count = 0, .link = {}};
  state.link = Keyed(View(instance), state.head.chain.view());
  return state;
}

std::string SegmentFileName(std::uint64_t first_block) {
  return fmt::format("{}{:020}{}", kSegmentFilePrefix, first_block, kSegmentFileSuffix);
}

std::optional<std::uint64_t> ParseSegmentFileName(std::string_view name) {
  const std::string_view prefix = kSegmentFilePrefix;
  const std::string_view suffix = kSegmentFileSuffix;
  if (name.size() != prefix.size() + kNumberDigits + suffix.size()) return std::nullopt;
  std::uint64_t number = 0;
  for (const char digit : name.substr(prefix.size(), kNumberDigits)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  if (SegmentFileName(number) != name) return std::nullopt;
  return number;
}

std::string EncodeSegmentHeader(const SegmentHeader& header) {
  core::Writer writer;
  writer.Raw(kSegmentMagic).U16(kSegmentVersion).Raw(View(header.instance)).Hash(header.origin);
  WriteState(writer, header.before);
  writer.Hash(core::Sha256(writer.bytes()));
  std::string bytes = std::move(writer).Take();
  CW_CHECK(bytes.size() == kSegmentHeaderUsedBytes, "the header has a fixed size");
  bytes.resize(kSegmentHeaderBytes, '\0');
  return bytes;
}

absl::StatusOr<SegmentHeader> DecodeSegmentHeader(std::string_view bytes) {
  if (bytes.size() != kSegmentHeaderBytes) {
    return absl::DataLossError(fmt::format("the file has {} bytes, fewer than its header of {}",
                                           bytes.size(), kSegmentHeaderBytes));
  }
  core::Reader reader(bytes);
  if (reader.Raw(kSegmentMagic.size()) != kSegmentMagic) {
    return absl::DataLossError("offset 0: the file does not begin with the magic of a segment");
  }
  if (const std::uint16_t version = reader.U16(); version != kSegmentVersion) {
    return absl::FailedPreconditionError(
        fmt::format("has segment version {}, expected {}", version, kSegmentVersion));
  }
  SegmentHeader header;
  const std::string_view instance = reader.Raw(header.instance.size());
  std::copy(instance.begin(), instance.end(), header.instance.begin());
  header.origin = reader.Hash();
  header.before = ReadState(reader);
  const core::Hash256 checksum = reader.Hash();
  if (checksum != core::Sha256(bytes.substr(0, kSegmentHeaderUsedBytes - kChecksumBytes)) ||
      bytes.find_first_not_of('\0', kSegmentHeaderUsedBytes) != std::string_view::npos) {
    return absl::DataLossError("offset 0: the checksum of the segment's header does not match");
  }
  return header;
}

std::string EncodeFrameHeader(FrameHeader& header, const Instance& instance) {
  core::Writer writer;
  writer.Raw(kFrameMagic).U16(header.has_pieces ? kPiecedFrameVersion : kSegmentVersion);
  writer.U64(header.number).U64(header.offset);
  writer.U64(header.content_bytes).U64(header.first_block).U64(header.first_index);
  writer.U32(header.block_count).U32(header.meta_bytes).Hash(header.link);
  header.checksum = Keyed(View(instance), writer.bytes());
  writer.Hash(header.checksum);
  std::string bytes = std::move(writer).Take();
  CW_CHECK(bytes.size() == kFrameHeaderUsedBytes, "a frame's header has a fixed size");
  bytes.resize(kFrameHeaderBytes, '\0');
  return bytes;
}

std::optional<FrameHeader> DecodeFrameHeader(std::string_view bytes, const Instance& instance) {
  if (bytes.size() < kFrameHeaderBytes) return std::nullopt;
  core::Reader reader(bytes.substr(0, kFrameHeaderBytes));
  if (reader.Raw(kFrameMagic.size()) != kFrameMagic) return std::nullopt;
  const std::uint16_t version = reader.U16();
  if (version != kSegmentVersion && version != kPiecedFrameVersion) return std::nullopt;
  FrameHeader header;
  header.has_pieces = version == kPiecedFrameVersion;
  header.number = reader.U64();
  header.offset = reader.U64();
  header.content_bytes = reader.U64();
  header.first_block = reader.U64();
  header.first_index = reader.U64();
  header.block_count = reader.U32();
  header.meta_bytes = reader.U32();
  header.link = reader.Hash();
  header.checksum = reader.Hash();
  if (reader.U16() != 0) return std::nullopt;  // the padding
  const core::Hash256 checksum =
      Keyed(View(instance), bytes.substr(0, kFrameHeaderUsedBytes - kChecksumBytes));
  if (checksum != header.checksum) return std::nullopt;
  return header;
}

std::string EncodeFrameMeta(std::span<const MetaWrite> meta) {
  core::Writer writer;
  writer.U32(static_cast<std::uint32_t>(meta.size()));
  for (const MetaWrite& write : meta) {
    writer.Sized(write.key).U8(write.value.has_value() ? 1 : 0);
    if (write.value.has_value()) writer.Sized(*write.value);
  }
  CW_CHECK(writer.bytes().size() < std::numeric_limits<std::uint32_t>::max() - kMetaChecksumBytes,
           "the metadata of one append have less than 4 GiB");
  return std::move(writer).Take();
}

void SealFrameMeta(std::string& section, const core::Hash256& frame_checksum) {
  section += Keyed(frame_checksum.view(), section).view();
}

std::optional<std::vector<MetaWrite>> DecodeFrameMeta(std::string_view section,
                                                      const core::Hash256& frame_checksum) {
  if (section.size() < kMetaChecksumBytes) return std::nullopt;
  const std::string_view summed = section.substr(0, section.size() - kMetaChecksumBytes);
  if (Keyed(frame_checksum.view(), summed).view() != section.substr(summed.size())) {
    return std::nullopt;
  }
  core::Reader reader(summed);
  std::vector<MetaWrite> meta;
  for (std::uint32_t left = reader.U32(); left > 0 && reader.ok(); --left) {
    MetaWrite write{.key = std::string(reader.Sized()), .value = std::nullopt};
    const std::uint8_t present = reader.U8();
    if (present > 1 || write.key.size() > kMetaKeyBytesMax) reader.Fail();
    if (present == 1) write.value = std::string(reader.Sized());
    meta.push_back(std::move(write));
  }
  if (!reader.Done()) return std::nullopt;
  return meta;
}

std::string EncodeFooter(SealedSegment& sealed, std::span<const BlockPlace> blocks,
                         const Instance& instance) {
  core::Writer writer;
  writer.Raw(kFooterMagic).U16(kSegmentVersion);
  writer.U64(blocks.size());
  WriteState(writer, sealed.after);
  const std::uint64_t end_index = sealed.after.head.record_count;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const BlockPlace& place = blocks[i];
    const std::uint64_t end = i + 1 < blocks.size() ? blocks[i + 1].first_index : end_index;
    writer.U64(place.offset()).U64(place.first_index).U32(place.body_bytes);
    writer.U32(static_cast<std::uint32_t>(end - place.first_index));
  }
  writer.U64(sealed.footer_offset);
  sealed.footer_checksum = Keyed(View(instance), writer.bytes());
  sealed.file_bytes = sealed.footer_offset + FooterBytes(blocks.size());
  writer.Hash(sealed.footer_checksum);
  CW_CHECK(writer.bytes().size() == FooterBytes(blocks.size()), "a footer has the size planned");
  return std::move(writer).Take();
}

absl::StatusOr<std::vector<BlockPlace>> DecodeFooter(std::string_view bytes,
                                                     const SealedSegment& sealed,
                                                     const Instance& instance) {
  const absl::Status damaged = absl::DataLossError(
      fmt::format("offset {}: the footer does not match its checksum", sealed.footer_offset));
  if (bytes.size() < kFooterFixedBytes) return damaged;
  const std::string_view summed = bytes.substr(0, bytes.size() - kChecksumBytes);
  const core::Hash256 checksum = Keyed(View(instance), summed);
  if (checksum != sealed.footer_checksum || checksum.view() != bytes.substr(summed.size())) {
    return damaged;
  }
  core::Reader reader(bytes);
  reader.Raw(kFooterMagic.size());
  reader.U16();
  const std::uint64_t count = reader.U64();
  const SegmentState after = ReadState(reader);
  if (bytes.size() != FooterBytes(count) || after != sealed.after ||
      count != sealed.after.head.block_count - sealed.before.head.block_count) {
    return absl::DataLossError(fmt::format(
        "offset {}: the footer is not the one that the index records", sealed.footer_offset));
  }
  std::vector<BlockPlace> blocks;
  blocks.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) blocks.push_back(ReadFooterEntry(reader));
  return blocks;
}

BlockPlace ReadFooterEntry(core::Reader& reader) {
  BlockPlace place;
  place.offset_units = static_cast<std::uint32_t>(reader.U64() / kSegmentAlignment);
  place.first_index = reader.U64();
  place.body_bytes = reader.U32();
  reader.U32();
  return place;
}

std::string EncodeSealedSegment(const SealedSegment& sealed) {
  core::Writer writer;
  WriteState(writer, sealed.before);
  WriteState(writer, sealed.after);
  writer.U64(sealed.footer_offset).U64(sealed.file_bytes).Hash(sealed.footer_checksum);
  writer.U8(sealed.archive.has_value() ? 1 : 0).Sized(sealed.archive.value_or(""));
  return std::move(writer).Take();
}

absl::StatusOr<SealedSegment> DecodeSealedSegment(std::string_view bytes) {
  core::Reader reader(bytes);
  SealedSegment sealed;
  sealed.before = ReadState(reader);
  sealed.after = ReadState(reader);
  sealed.footer_offset = reader.U64();
  sealed.file_bytes = reader.U64();
  sealed.footer_checksum = reader.Hash();
  const std::uint8_t archived = reader.U8();
  const std::string_view archive = reader.Sized();
  if (archived == 1) sealed.archive = std::string(archive);
  if (!reader.Done() || archived > 1) {
    return absl::DataLossError("the record of a sealed segment is malformed");
  }
  return sealed;
}

std::string EncodeKnownEnd(const KnownEnd& known) {
  core::Writer writer;
  WriteState(writer, known.state);
  writer.U8(known.has_open ? 1 : 0).U64(known.open_block).U64(known.open_size);
  return std::move(writer).Take();
}

absl::StatusOr<KnownEnd> DecodeKnownEnd(std::string_view bytes) {
  core::Reader reader(bytes);
  KnownEnd known;
  known.state = ReadState(reader);
  const std::uint8_t has_open = reader.U8();
  known.open_block = reader.U64();
  known.open_size = reader.U64();
  known.has_open = has_open == 1;
  if (!reader.Done() || has_open > 1) {
    return absl::DataLossError("the record of the journal's end is malformed");
  }
  return known;
}

}  // namespace causeway::store
