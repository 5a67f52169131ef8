// The bytes of a journal, shared by its implementations: block records, the hash chain, and the
// records beside them. The format is specified in docs/formats/journal.md.
//
// Pure functions; any thread.
#ifndef CAUSEWAY_SETTLEMENT_STORE_JOURNAL_FORMAT_H_
#define CAUSEWAY_SETTLEMENT_STORE_JOURNAL_FORMAT_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/core/bytes.h"
#include "settlement/store/journal.h"

namespace causeway::store {

// Format 1 keeps its blocks in LMDB, format 2 in segment files (segment_journal.h).
inline constexpr std::uint16_t kJournalFormatVersion = 1;
inline constexpr std::uint16_t kSegmentFormatVersion = 2;
inline constexpr std::size_t kBlockHeaderBytes = 94;
// A longer body is verified piece by piece: each of so many bytes, the last of those that are left.
inline constexpr std::size_t kPieceBytes = std::size_t{32} << 10;
inline constexpr std::size_t kPieceDigestBytes = 32;

// Where a journal ends.
struct JournalHead {
  std::uint64_t block_count = 0;
  std::uint64_t record_count = 0;
  core::Hash256 chain;  // over all blocks, and over the identity before the first

  friend bool operator==(const JournalHead&, const JournalHead&) = default;
};

// Pieces that the body of a block is verified by; 0: it is verified as a whole.
constexpr std::uint64_t PiecesOf(std::uint64_t body_bytes) {
  return body_bytes > kPieceBytes ? (body_bytes + kPieceBytes - 1) / kPieceBytes : 0;
}
// What stands before such a body in a record that SealBlock made: header and digests.
constexpr std::uint64_t BlockFrontBytes(std::uint64_t body_bytes) {
  return kBlockHeaderBytes + PiecesOf(body_bytes) * kPieceDigestBytes;
}

// What stands before the body of a block, where it lies: borrows the bytes.
struct BlockFront {
  std::uint64_t number = 0;
  std::uint64_t first_index = 0;
  std::uint32_t count = 0;
  std::uint32_t body_bytes = 0;
  core::Hash256 previous_chain;
  core::Hash256 checksum;
  std::string_view header;   // its bytes before the checksum
  std::string_view digests;  // of the pieces; empty: the checksum is over the body itself

  bool has_pieces() const { return !digests.empty(); }
  std::uint64_t bytes() const { return kBlockHeaderBytes + digests.size(); }
};

// A block where it lies in the store: `body` borrows the record.
struct BlockView {
  std::uint64_t number = 0;
  std::uint64_t first_index = 0;
  std::uint32_t count = 0;
  core::Hash256 previous_chain;
  core::Hash256 checksum;
  std::string_view body;
};

// The head of a journal without blocks. It depends on the identity, so that a block moved from one
// journal to another breaks the chain.
JournalHead EmptyHead(const JournalIdentity& identity);
core::Hash256 NextChain(const core::Hash256& previous_chain, const core::Hash256& checksum);

// What stands before the body of `block`, the next one after `head`, which moves on to include it.
// The record is that, followed by the body. Stops the process when the block does not continue the
// journal.
std::string SealBlock(const Block& block, JournalHead& head);

// The size of the record that begins with `header`, of kBlockHeaderBytes or more, by what it says.
std::uint64_t RecordBytes(std::string_view header);
// Reads what stands before a body; there may be more behind it. Verifies nothing. DataLoss names
// the block.
absl::StatusOr<BlockFront> ParseBlockFront(std::string_view bytes, std::uint64_t number);
// Verifies what is known before the body is: the digests of pieces, by the checksum of the block.
absl::Status VerifyFront(const BlockFront& front);
// Verifies piece `piece` of the body, all of it, by the digests of a front that was verified.
absl::Status VerifyPiece(const BlockFront& front, std::uint64_t piece, std::string_view bytes);
// Verifies front and body.
absl::Status VerifyBody(const BlockFront& front, std::string_view body);

// Reads a record's header and leaves its checksum unverified: for searches, never for data.
absl::StatusOr<BlockView> ParseBlockHeader(std::string_view record, std::uint64_t number);
// Reads and verifies a whole record: length, number and checksum. DataLoss names the block.
absl::StatusOr<BlockView> ParseBlock(std::string_view record, std::uint64_t number);

// Verifies that `block` continues `head`, which moves on to include it. DataLoss names the block.
absl::Status FollowChain(const BlockView& block, JournalHead& head);

// Stops the process when a key of `meta` is longer than kMetaKeyBytesMax.
void CheckMetaWrites(std::span<const MetaWrite> meta);

// A value as it is stored under `key`: with a checksum over both before it.
std::string SealValue(std::string_view key, std::string_view value);
// The value inside, borrowed from `record`. DataLoss names the key.
absl::StatusOr<std::string_view> OpenValue(std::string_view key, std::string_view record);

std::string EncodeHead(const JournalHead& head);
absl::StatusOr<JournalHead> DecodeHead(std::string_view bytes);

std::string EncodeIdentity(const JournalIdentity& identity,
                           std::uint16_t format_version = kJournalFormatVersion);
// OK when `bytes` are the identity record of `expected`; else FailedPrecondition that says what was
// found and what was expected.
absl::Status MatchIdentity(std::string_view bytes, const JournalIdentity& expected,
                           std::uint16_t format_version = kJournalFormatVersion);

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_JOURNAL_FORMAT_H_
