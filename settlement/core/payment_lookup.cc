#include "settlement/core/payment_lookup.h"

#include <utility>
#include <vector>

#include "settlement/core/bytes.h"
#include "settlement/core/entry.h"

namespace causeway::core {
namespace {

constexpr std::uint64_t kEntryBytesMax = 4096;  // of a bulk's entry, which has some 200

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// Walks through the bytes part by part. After the first error every step does nothing.
class LengthWalker {
 public:
  using Read = std::function<absl::StatusOr<std::string>(std::uint64_t, std::uint64_t)>;
  explicit LengthWalker(const Read& read) : read_(read) {}

  bool ok() const { return status_.ok() && !lost_; }
  const absl::Status& status() const { return status_; }
  void GiveUp() { lost_ = true; }

  std::string At(std::uint64_t offset, std::uint64_t size) {
    if (!ok()) return std::string(size, '\0');
    absl::StatusOr<std::string> bytes = read_(offset, size);
    if (bytes.ok() && bytes->size() == size) return *std::move(bytes);
    // Past the end of the batch: a length was wrong.
    if (bytes.ok() || absl::IsOutOfRange(bytes.status())) {
      lost_ = true;
    } else {
      status_ = bytes.status();
    }
    return std::string(size, '\0');
  }
  std::string Next(std::uint64_t size) {
    std::string bytes = At(offset_, size);
    offset_ += size;
    return bytes;
  }
  std::uint64_t U32() { return Reader(Next(4)).U32(); }
  ByteRange Sized() {
    const std::uint64_t size = U32();
    const ByteRange part{offset_, size};
    offset_ += size;
    return part;
  }
  std::vector<ByteRange> List() {
    const std::uint64_t count = U32();
    if (count > kLookupPartsMax) lost_ = true;
    std::vector<ByteRange> parts;
    for (std::uint64_t i = 0; i < count && ok(); ++i) parts.push_back(Sized());
    return parts;
  }

 private:
  const Read& read_;
  std::uint64_t offset_ = 0;
  absl::Status status_;
  bool lost_ = false;
};

// The payload of an item that is a bulk of payments; of another one nothing is found.
ByteRange PayloadOf(LengthWalker& walker, const ByteRange& item) {
  constexpr std::uint64_t kTypeSizeAt = 4 + 1;  // behind the envelope's size and version
  const std::uint64_t type_size = Reader(walker.At(item.offset + kTypeSizeAt, 4)).U32();
  const std::uint64_t type_at = item.offset + kTypeSizeAt + 4;
  const bool is_bulk = type_size == std::string_view(kBulkPayloadType).size() &&
                       walker.At(type_at, type_size) == kBulkPayloadType;
  if (!is_bulk) walker.GiveUp();
  const std::uint64_t size_at = type_at + type_size;
  const std::uint64_t size = Reader(walker.At(size_at, 4)).U32();
  if (size_at + 4 + size > item.offset + item.size) walker.GiveUp();
  return {size_at + 4, size};
}

// `from_end` as in PaymentFromEnd, `entry` the bulk's.
std::optional<FoundPayment> ReadFound(LengthWalker& walker, const ByteRange& payload,
                                      const ByteRange& entry, std::uint64_t from_end,
                                      std::string_view result_bytes) {
  const std::uint64_t behind = from_end * kBulkPaymentBytes;
  if (behind > payload.size || entry.size > kEntryBytesMax) walker.GiveUp();
  if (!walker.ok()) return std::nullopt;
  const std::string payment = walker.At(payload.offset + payload.size - behind, kBulkPaymentBytes);
  const absl::StatusOr<Entry> decoded = DecodeEntry(walker.At(entry.offset, entry.size));
  const std::optional<PaymentResult> result = ReadPaymentResult(result_bytes);
  if (!walker.ok() || !decoded.ok() || !result.has_value()) return std::nullopt;
  return FoundPayment{.party = decoded->instruction.party,
                      .payment = PaymentFromEnd(payment, 1),
                      .outcome = result->outcome};
}

}  // namespace

absl::StatusOr<std::optional<FoundPayment>> LookUpPayment(
    const std::function<absl::StatusOr<std::string>(std::uint64_t, std::uint64_t)>& read,
    std::uint64_t leaf_index) {
  std::optional<FoundPayment> found;
  LengthWalker walker(read);
  walker.Next(1);  // version
  const ByteRange header_part = walker.Sized();
  if (header_part.size > kEntryBytesMax) walker.GiveUp();
  const std::vector<ByteRange> items = walker.List();
  const std::vector<ByteRange> entries = walker.List();
  const std::uint64_t bulks = walker.U32();
  if (!walker.status().ok()) return walker.status();
  if (!walker.ok()) return found;
  const absl::StatusOr<BatchHeader> header =
      DecodeBatchHeader(walker.At(header_part.offset, header_part.size));
  if (!header.ok() || bulks > items.size()) return found;
  std::uint64_t payments = 0;  // of the bulks before
  for (std::uint64_t i = 0; i < bulks && walker.ok(); ++i) {
    const std::uint64_t item = walker.U32();
    const std::uint64_t first_index = Reader(walker.Next(8)).U64();
    const ByteRange results = walker.Sized();
    if (item >= items.size()) return found;
    const ByteRange payload = PayloadOf(walker, items[item]);
    const std::uint64_t count = results.size / kPaymentResultBytes;
    if (leaf_index < first_index) break;
    if (leaf_index - first_index < count) {
      const std::uint64_t position = leaf_index - first_index;
      const std::uint64_t entry = first_index - 2 - header->first_index - payments;
      if (entry >= entries.size()) return found;
      const std::string result =
          walker.At(results.offset + position * kPaymentResultBytes, kPaymentResultBytes);
      found = ReadFound(walker, payload, entries[entry], count - position, result);
      break;
    }
    payments += count;
  }
  if (!walker.status().ok()) return walker.status();
  return found;
}

}  // namespace causeway::core
