#include "settlement/store/journal_format.h"

#include <limits>

#include "fmt/format.h"
#include "settlement/core/check.h"
#include "settlement/core/hash.h"

namespace causeway::store {
namespace {

constexpr std::string_view kBlockMagic = "CWJB";
constexpr std::size_t kChecksumBytes = 32;
constexpr std::size_t kSummedHeaderBytes = kBlockHeaderBytes - kChecksumBytes;

core::Hash256 Sha256Of(std::string_view first, std::string_view second) {
  thread_local core::Sha256Hasher hasher;
  return hasher.Update(first).Update(second).Finish();
}

absl::Status Damaged(std::uint64_t number, std::string_view what) {
  return absl::DataLossError(fmt::format("block {}: {}", number, what));
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
  core::Writer writer;
  writer.Raw(kBlockMagic).U16(kJournalFormatVersion).U64(block.number).U64(block.first_index);
  writer.U32(block.count).U32(static_cast<std::uint32_t>(block.body.size())).Hash(head.chain);
  CW_CHECK(writer.bytes().size() == kSummedHeaderBytes, "the header has a fixed size");
  const core::Hash256 checksum = Sha256Of(writer.bytes(), block.body);
  writer.Hash(checksum);
  head.block_count += 1;
  head.record_count += block.count;
  head.chain = NextChain(head.chain, checksum);
  return std::move(writer).Take();
}

absl::StatusOr<BlockView> ParseBlockHeader(std::string_view record, std::uint64_t number) {
  if (record.size() < kBlockHeaderBytes) {
    return Damaged(number, fmt::format("the record has {} bytes, fewer than its header of {}",
                                       record.size(), kBlockHeaderBytes));
  }
  core::Reader reader(record);
  if (reader.Raw(kBlockMagic.size()) != kBlockMagic) {
    return Damaged(number, "the record does not begin with the block magic");
  }
  if (const std::uint16_t version = reader.U16(); version != kJournalFormatVersion) {
    return Damaged(number, fmt::format("the record says format version {} instead of {}", version,
                                       kJournalFormatVersion));
  }
  BlockView block;
  block.number = reader.U64();
  block.first_index = reader.U64();
  block.count = reader.U32();
  const std::uint32_t body_bytes = reader.U32();
  block.previous_chain = reader.Hash();
  block.checksum = reader.Hash();
  if (block.number != number) {
    return Damaged(number, fmt::format("the record says that it is block {}", block.number));
  }
  if (body_bytes != reader.remaining()) {
    return Damaged(number, fmt::format("the body has {} bytes, its header says {}",
                                       reader.remaining(), body_bytes));
  }
  block.body = reader.Raw(body_bytes);
  return block;
}

absl::StatusOr<BlockView> ParseBlock(std::string_view record, std::uint64_t number) {
  absl::StatusOr<BlockView> block = ParseBlockHeader(record, number);
  if (!block.ok()) return block;
  if (Sha256Of(record.substr(0, kSummedHeaderBytes), block->body) != block->checksum) {
    return Damaged(number, "the checksum does not match the bytes");
  }
  return block;
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
