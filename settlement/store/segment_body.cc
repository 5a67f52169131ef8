#include "settlement/store/segment_body.h"

#include <algorithm>
#include <map>
#include <utility>

#include "fmt/format.h"
#include "settlement/store/journal_format.h"
#include "settlement/store/segment_open.h"

namespace causeway::store {
namespace {

// The same status with the file and an offset in it before its message.
absl::Status At(const BlockLocation& located, std::uint64_t offset, const absl::Status& status) {
  return InFile(fmt::format("{}: offset {}", located.path, offset), status);
}

// Fewer than `size` bytes at the end of the file.
absl::StatusOr<std::string> ReadBytes(const SegmentFile& file, std::uint64_t offset,
                                      std::uint64_t size) {
  std::string bytes(size, '\0');
  const absl::StatusOr<std::size_t> got = file.Read(offset, bytes.data(), bytes.size());
  if (!got.ok()) return got.status();
  bytes.resize(*got);
  return bytes;
}

// The front of a block and the bytes that it borrows; of a short block the body is behind it.
struct HeldFront {
  std::string bytes;
  BlockFront front;
};

absl::StatusOr<std::unique_ptr<const HeldFront>> ReadFront(const BlockLocation& located,
                                                           std::uint64_t number) {
  const BlockPlace& place = located.place;
  // One read is enough for a short block. A long one may have no digests: then these are bytes of
  // its body.
  const std::uint64_t behind = PiecesOf(place.body_bytes) == 0 ? place.body_bytes : 0;
  absl::StatusOr<std::string> bytes =
      ReadBytes(*located.file, place.offset(), BlockFrontBytes(place.body_bytes) + behind);
  if (!bytes.ok()) return bytes.status();
  auto held = std::make_unique<HeldFront>();
  held->bytes = *std::move(bytes);
  absl::StatusOr<BlockFront> front = ParseBlockFront(held->bytes, number);
  if (front.ok() && front->body_bytes != place.body_bytes) {
    front = absl::DataLossError(
        fmt::format("block {}: the record says that its body has {} bytes, it was written with {}",
                    number, front->body_bytes, place.body_bytes));
  }
  if (!front.ok()) return At(located, place.offset(), front.status());
  held->front = *front;
  return held;
}

// The whole block.
absl::StatusOr<Block> ReadWhole(const BlockLocation& located, const HeldFront& held) {
  const BlockFront& front = held.front;
  Block block{
      .number = front.number, .first_index = front.first_index, .count = front.count, .body = {}};
  if (PiecesOf(front.body_bytes) == 0) {
    block.body = held.bytes.substr(front.bytes());
  } else {
    absl::StatusOr<std::string> body =
        ReadBytes(*located.file, located.place.offset() + front.bytes(), front.body_bytes);
    if (!body.ok()) return body.status();
    block.body = *std::move(body);
  }
  if (absl::Status verified = VerifyBody(front, block.body); !verified.ok()) {
    return At(located, located.place.offset(), verified);
  }
  return block;
}

class PiecedBody final : public BodyReader {
 public:
  PiecedBody(BlockLocation located, std::unique_ptr<const HeldFront> held)
      : located_(std::move(located)), held_(std::move(held)) {}

  std::uint64_t size() const override { return front().body_bytes; }

  absl::StatusOr<std::string> Read(std::uint64_t offset, std::uint64_t size) override {
    absl::Status within = CheckBodyRange(front().number, front().body_bytes, offset, size);
    if (!within.ok()) return within;
    std::string bytes;
    bytes.reserve(size);
    while (bytes.size() < size) {
      const std::uint64_t at = offset + bytes.size();
      const absl::StatusOr<std::string_view> piece = Piece(at / kPieceBytes);
      if (!piece.ok()) return piece.status();
      bytes += piece->substr(at % kPieceBytes, size - bytes.size());
    }
    return bytes;
  }

 private:
  const BlockFront& front() const { return held_->front; }

  absl::StatusOr<std::string_view> Piece(std::uint64_t number) {
    if (const auto known = verified_.find(number); known != verified_.end()) return known->second;
    const std::uint64_t start = number * kPieceBytes;
    const std::uint64_t offset = located_.place.offset() + front().bytes() + start;
    absl::StatusOr<std::string> bytes = ReadBytes(
        *located_.file, offset, std::min<std::uint64_t>(kPieceBytes, front().body_bytes - start));
    if (!bytes.ok()) return bytes.status();
    if (absl::Status verified = VerifyPiece(front(), number, *bytes); !verified.ok()) {
      return At(located_, offset, verified);
    }
    return verified_.emplace(number, *std::move(bytes)).first->second;
  }

  const BlockLocation located_;
  const std::unique_ptr<const HeldFront> held_;
  std::map<std::uint64_t, std::string> verified_;
};

}  // namespace

absl::StatusOr<Block> ReadBlock(const BlockLocation& located, std::uint64_t number) {
  const absl::StatusOr<std::unique_ptr<const HeldFront>> held = ReadFront(located, number);
  if (!held.ok()) return held.status();
  return ReadWhole(located, **held);
}

absl::StatusOr<std::unique_ptr<BodyReader>> OpenBlockBody(BlockLocation located,
                                                          std::uint64_t number) {
  absl::StatusOr<std::unique_ptr<const HeldFront>> held = ReadFront(located, number);
  if (!held.ok()) return held.status();
  const BlockFront& front = (*held)->front;
  if (!front.has_pieces()) {
    absl::StatusOr<Block> block = ReadWhole(located, **held);
    if (!block.ok()) return block.status();
    return WholeBodyOf(*std::move(block));
  }
  if (absl::Status verified = VerifyFront(front); !verified.ok()) {
    return At(located, located.place.offset(), verified);
  }
  return std::make_unique<PiecedBody>(std::move(located), *std::move(held));
}

}  // namespace causeway::store
