#include "settlement/store/journal_format.h"

#include <algorithm>
#include <limits>

#include "fmt/format.h"
#include "settlement/core/check.h"
#include "settlement/core/hash.h"

namespace causeway::store {
namespace {

constexpr std::string_view kBlockMagic = "CWJB";
constexpr std::size_t kChecksumBytes = 32;
constexpr std::size_t kSummedHeaderBytes = kBlockHeaderBytes - kChecksumBytes;
constexpr std::size_t kVersionOffset = 4;
constexpr std::size_t kBodyLengthOffset = 26;
constexpr std::uint16_t kWholeBlockVersion = 1;
constexpr std::uint16_t kPiecedBlockVersion = 2;

core::Hash256 Sha256Of(std::string_view first, std::string_view second) {
  thread_local core::Sha256Hasher hasher;
  return hasher.Update(first).Update(second).Finish();
}

absl::Status Damaged(std::uint64_t number, std::string_view what) {
  return absl::DataLossError(fmt::format("block {}: {}", number, what));
}

// The digests of a body's pieces, one after the other; none of a body of one piece.
std::string DigestsOf(std::string_view body) {
  std::string digests;
  const std::uint64_t pieces = PiecesOf(body.size());
  digests.reserve(pieces * kPieceDigestBytes);
  for (std::uint64_t piece = 0; piece < pieces; ++piece) {
    digests += Sha256Of(body.substr(piece * kPieceBytes, kPieceBytes), "").view();
  }
  return digests;
}

std::string Describe(const JournalIdentity& identity) {
  return fmt::format("{} '{}' with genesis {}", identity.kind, identity.name,
                     identity.genesis.ToHex());
}

}  // namespace

JournalHead EmptyHead(const JournalIdentity& identity) {
  return {.block_count = 0, .record_count = 0, .chain = core::Sha256(EncodeIdentity(identity))};
}

core::Hash256 NextChain(const core::Hash256& previous_chain, const core::Hash256& checksum) {
  return Sha256Of(previous_chain.view(), checksum.view());
}

std::string SealBlock(const Block& block, JournalHead& head) {
  CW_CHECK(block.number == head.block_count, "blocks are numbered without gaps");
  CW_CHECK(block.first_index == head.record_count, "a block's records follow those before it");
  CW_CHECK(block.count > 0, "a block holds at least one record");
  CW_CHECK(head.record_count <= std::numeric_limits<std::uint64_t>::max() - block.count,
           "record indices fit 64 bits");
  CW_CHECK(block.body.size() <= kBlockBytesMax, "a block's body is at most kBlockBytesMax");
  const std::string digests = DigestsOf(block.body);
  core::Writer writer;
  writer.Raw(kBlockMagic).U16(digests.empty() ? kWholeBlockVersion : kPiecedBlockVersion);
  writer.U64(block.number).U64(block.first_index);
  writer.U32(block.count).U32(static_cast<std::uint32_t>(block.body.size())).Hash(head.chain);
  CW_CHECK(writer.bytes().size() == kSummedHeaderBytes, "the header has a fixed size");
  const core::Hash256 checksum = Sha256Of(writer.bytes(), digests.empty() ? block.body : digests);
  writer.Hash(checksum).Raw(digests);
  head.block_count += 1;
  head.record_count += block.count;
  head.chain = NextChain(head.chain, checksum);
  return std::move(writer).Take();
}

std::uint64_t RecordBytes(std::string_view header) {
  CW_CHECK(header.size() >= kBlockHeaderBytes, "a whole header is there");
  const std::uint64_t body_bytes = core::Reader(header.substr(kBodyLengthOffset)).U32();
  const bool pieced = core::Reader(header.substr(kVersionOffset)).U16() == kPiecedBlockVersion;
  return body_bytes + (pieced ? BlockFrontBytes(body_bytes) : kBlockHeaderBytes);
}

absl::StatusOr<BlockFront> ParseBlockFront(std::string_view bytes, std::uint64_t number) {
  if (bytes.size() < kBlockHeaderBytes) {
    return Damaged(number, fmt::format("the record has {} bytes, fewer than its header of {}",
                                       bytes.size(), kBlockHeaderBytes));
  }
  core::Reader reader(bytes);
  if (reader.Raw(kBlockMagic.size()) != kBlockMagic) {
    return Damaged(number, "the record does not begin with the block magic");
  }
  const std::uint16_t version = reader.U16();
  if (version != kWholeBlockVersion && version != kPiecedBlockVersion) {
    return Damaged(number, fmt::format("the record says format version {} instead of {} or {}",
                                       version, kWholeBlockVersion, kPiecedBlockVersion));
  }
  BlockFront front;
  front.header = bytes.substr(0, kSummedHeaderBytes);
  front.number = reader.U64();
  front.first_index = reader.U64();
  front.count = reader.U32();
  front.body_bytes = reader.U32();
  front.previous_chain = reader.Hash();
  front.checksum = reader.Hash();
  if (front.number != number) {
    return Damaged(number, fmt::format("the record says that it is block {}", front.number));
  }
  if (version == kWholeBlockVersion) return front;
  front.digests = reader.Raw(PiecesOf(front.body_bytes) * kPieceDigestBytes);
  if (!reader.ok() || !front.has_pieces()) {
    return Damaged(number, fmt::format("a body of {} bytes has no such digests of its pieces",
                                       front.body_bytes));
  }
  return front;
}

absl::Status VerifyFront(const BlockFront& front) {
  if (!front.has_pieces() || Sha256Of(front.header, front.digests) == front.checksum) {
    return absl::OkStatus();
  }
  return Damaged(front.number, "the checksum does not match the header and the digests");
}

absl::Status VerifyPiece(const BlockFront& front, std::uint64_t piece, std::string_view bytes) {
  const std::uint64_t offset = piece * kPieceBytes;
  CW_CHECK(front.has_pieces() && offset < front.body_bytes, "the block has that piece");
  if (bytes.size() == std::min<std::uint64_t>(kPieceBytes, front.body_bytes - offset) &&
      Sha256Of(bytes, "").view() ==
          front.digests.substr(piece * kPieceDigestBytes, kPieceDigestBytes)) {
    return absl::OkStatus();
  }
  return Damaged(
      front.number,
      fmt::format("the piece of its body from byte {} does not match its digest", offset));
}

absl::Status VerifyBody(const BlockFront& front, std::string_view body) {
  if (body.size() != front.body_bytes) {
    return Damaged(front.number, fmt::format("the body has {} bytes, its header says {}",
                                             body.size(), front.body_bytes));
  }
  if (!front.has_pieces()) {
    if (Sha256Of(front.header, body) == front.checksum) return absl::OkStatus();
    return Damaged(front.number, "the checksum does not match the bytes");
  }
  if (absl::Status verified = VerifyFront(front); !verified.ok()) return verified;
  for (std::uint64_t piece = 0; piece < PiecesOf(body.size()); ++piece) {
    absl::Status verified =
        VerifyPiece(front, piece, body.substr(piece * kPieceBytes, kPieceBytes));
    if (!verified.ok()) return verified;
  }
  return absl::OkStatus();
}

namespace {

BlockView ViewOf(const BlockFront& front, std::string_view body) {
  return {.number = front.number,
          .first_index = front.first_index,
          .count = front.count,
          .previous_chain = front.previous_chain,
          .checksum = front.checksum,
          .body = body};
}

}  // namespace

absl::StatusOr<BlockView> ParseBlockHeader(std::string_view record, std::uint64_t number) {
  const absl::StatusOr<BlockFront> front = ParseBlockFront(record, number);
  if (!front.ok()) return front.status();
  const std::string_view body = record.substr(front->bytes());
  if (body.size() != front->body_bytes) {
    return Damaged(number, fmt::format("the body has {} bytes, its header says {}", body.size(),
                                       front->body_bytes));
  }
  return ViewOf(*front, body);
}

absl::StatusOr<BlockView> ParseBlock(std::string_view record, std::uint64_t number) {
  const absl::StatusOr<BlockFront> front = ParseBlockFront(record, number);
  if (!front.ok()) return front.status();
  const std::string_view body = record.substr(front->bytes());
  if (absl::Status verified = VerifyBody(*front, body); !verified.ok()) return verified;
  return ViewOf(*front, body);
}

absl::Status FollowChain(const BlockView& block, JournalHead& head) {
  if (block.number != head.block_count) {
    return Damaged(block.number, fmt::format("found where block {} belongs", head.block_count));
  }
  if (block.previous_chain != head.chain) {
    return Damaged(block.number, "does not continue the hash chain of the blocks before it");
  }
  if (block.first_index != head.record_count || block.count == 0 ||
      head.record_count > std::numeric_limits<std::uint64_t>::max() - block.count) {
    return Damaged(block.number,
                   fmt::format("holds {} records from index {}, expected one or more from {}",
                               block.count, block.first_index, head.record_count));
  }
  head.block_count += 1;
  head.record_count += block.count;
  head.chain = NextChain(head.chain, block.checksum);
  return absl::OkStatus();
}

void CheckMetaWrites(std::span<const MetaWrite> meta) {
  for (const MetaWrite& write : meta) {
    CW_CHECK(write.key.size() <= kMetaKeyBytesMax, "a key has at most kMetaKeyBytesMax bytes");
  }
}

std::string SealValue(std::string_view key, std::string_view value) {
  core::Writer keyed;
  keyed.Sized(key);
  core::Writer record;
  record.Hash(Sha256Of(keyed.bytes(), value)).Raw(value);
  return std::move(record).Take();
}

absl::StatusOr<std::string_view> OpenValue(std::string_view key, std::string_view record) {
  core::Reader reader(record);
  const core::Hash256 checksum = reader.Hash();
  const std::string_view value = reader.Raw(reader.remaining());
  core::Writer keyed;
  keyed.Sized(key);
  if (!reader.ok() || Sha256Of(keyed.bytes(), value) != checksum) {
    return absl::DataLossError(fmt::format(
        "metadata under key (hex) {}: the checksum does not match the bytes", core::ToHex(key)));
  }
  return value;
}

std::string EncodeHead(const JournalHead& head) {
  core::Writer writer;
  writer.U64(head.block_count).U64(head.record_count).Hash(head.chain);
  return std::move(writer).Take();
}

absl::StatusOr<JournalHead> DecodeHead(std::string_view bytes) {
  core::Reader reader(bytes);
  JournalHead head;
  head.block_count = reader.U64();
  head.record_count = reader.U64();
  head.chain = reader.Hash();
  if (!reader.Done()) {
    return absl::DataLossError(
        fmt::format("the head record has {} bytes instead of {}", bytes.size(), 8 + 8 + 32));
  }
  return head;
}

std::string EncodeIdentity(const JournalIdentity& identity, std::uint16_t format_version) {
  core::Writer writer;
  writer.U16(format_version).Sized(identity.kind).Sized(identity.name);
  writer.Hash(identity.genesis);
  return std::move(writer).Take();
}

absl::Status MatchIdentity(std::string_view bytes, const JournalIdentity& expected,
                           std::uint16_t format_version) {
  core::Reader reader(bytes);
  if (const std::uint16_t version = reader.U16(); reader.ok() && version != format_version) {
    return absl::FailedPreconditionError(fmt::format(
        "has format version {}, expected {} (1 keeps its blocks in data.mdb, 2 in segment files)",
        version, format_version));
  }
  JournalIdentity found;
  found.kind = reader.Sized();
  found.name = reader.Sized();
  found.genesis = reader.Hash();
  if (!reader.Done()) return absl::DataLossError("the identity record is malformed");
  if (found != expected) {
    return absl::FailedPreconditionError(
        fmt::format("belongs to {}, expected {}", Describe(found), Describe(expected)));
  }
  return absl::OkStatus();
}

}  // namespace causeway::store
