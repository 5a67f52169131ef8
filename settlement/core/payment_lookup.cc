#include "settlement/core/payment_lookup.h"

#include <algorithm>
#include <utility>

#include "settlement/core/batch.h"
#include "settlement/core/bytes.h"

namespace causeway::core {
namespace {

constexpr std::uint64_t kEntryBytesMax = 4096;  // of a bulk's entry, which has some 200
constexpr std::uint64_t kTypeBytesMax = 256;    // of an item's payload type

}  // namespace

// Walks through the bytes part by part. After the first error every step does nothing.
class PaymentLookup::Walker {
 public:
  explicit Walker(const Read& read) : read_(read) {}

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
  // The type of an item's payload, and where the payload is.
  std::string TypeOf(const ByteRange& item, ByteRange& payload) {
    constexpr std::uint64_t kTypeSizeAt = 4 + 1;  // behind the envelope's size and version
    const std::uint64_t type_size = Reader(At(item.offset + kTypeSizeAt, 4)).U32();
    if (type_size > kTypeBytesMax) GiveUp();
    if (!ok()) return "";
    const std::uint64_t type_at = item.offset + kTypeSizeAt + 4;
    std::string type = At(type_at, type_size);
    payload.size = Reader(At(type_at + type_size, 4)).U32();
    payload.offset = type_at + type_size + 4;
    if (payload.offset + payload.size > item.offset + item.size) GiveUp();
    return type;
  }

 private:
  const Read& read_;
  std::uint64_t offset_ = 0;
  absl::Status status_;
  bool lost_ = false;
};

PaymentLookup::PaymentLookup(Read read) : read_(std::move(read)) {}

void PaymentLookup::ReadOutline(Walker& walker) {
  walker.Next(1);  // version
  const ByteRange header_part = walker.Sized();
  if (header_part.size > kEntryBytesMax) walker.GiveUp();
  const std::vector<ByteRange> items = walker.List();
  const std::vector<ByteRange> entries = walker.List();
  const std::uint64_t bulks = walker.U32();
  if (!walker.ok()) return;
  absl::StatusOr<BatchHeader> header =
      DecodeBatchHeader(walker.At(header_part.offset, header_part.size));
  if (!header.ok() || bulks > items.size()) return walker.GiveUp();
  header_ = *std::move(header);
  std::uint64_t before = 0;  // packed leaves
  for (std::uint64_t i = 0; i < bulks && walker.ok(); ++i) {
    const std::uint64_t item = walker.U32();
    Packed packed{.first_index = Reader(walker.Next(8)).U64()};
    packed.results = walker.Sized();
    if (item >= items.size()) return walker.GiveUp();
    Item of_type;
    of_type.envelope.payload_type = walker.TypeOf(items[item], packed.payload);
    packed.are_payments = of_type.envelope.payload_type == kBulkPayloadType;
    packed.count = packed.results.size / BulkResults::RecordBytes(BulkKindOf(of_type));
    const std::uint64_t entry = packed.first_index - 2 - header_.first_index - before;
    if (entry >= entries.size()) return walker.GiveUp();
    packed.entry = entries[entry];
    before += packed.count;
    bulks_.push_back(packed);
  }
  const std::string salts = walker.Next(payment_salts_.size());
  std::copy(salts.begin(), salts.end(), payment_salts_.begin());
}

absl::Status PaymentLookup::Outline() {
  if (outlined_) return absl::OkStatus();
  Walker walker(read_);
  ReadOutline(walker);
  if (!walker.ok()) bulks_.clear();
  outlined_ = walker.status().ok();
  return walker.status();
}

absl::StatusOr<std::optional<FoundPayment>> PaymentLookup::Find(std::uint64_t leaf_index) {
  std::optional<FoundPayment> none;
  if (absl::Status outlined = Outline(); !outlined.ok()) return outlined;
  const auto bulk = std::find_if(bulks_.begin(), bulks_.end(), [&](const Packed& packed) {
    return leaf_index >= packed.first_index && leaf_index - packed.first_index < packed.count;
  });
  if (bulk == bulks_.end() || !bulk->are_payments) return none;
  const std::uint64_t position = leaf_index - bulk->first_index;
  const std::uint64_t behind = (bulk->count - position) * kBulkPaymentBytes;
  if (behind > bulk->payload.size || bulk->entry.size > kEntryBytesMax) return none;
  Walker walker(read_);
  const std::string payment =
      walker.At(bulk->payload.offset + bulk->payload.size - behind, kBulkPaymentBytes);
  const std::string record =
      walker.At(bulk->results.offset + position * kPaymentResultBytes, kPaymentResultBytes);
  absl::StatusOr<Entry> entry = DecodeEntry(walker.At(bulk->entry.offset, bulk->entry.size));
  const std::optional<PaymentResult> result = ReadPaymentResult(record);
  if (!walker.status().ok()) return walker.status();
  if (!walker.ok() || !entry.ok() || !result.has_value()) return none;
  return FoundPayment{.header = header_,
                      .payment_salts = payment_salts_,
                      .bulk = *std::move(entry),
                      .index = leaf_index,
                      .position = static_cast<std::uint32_t>(position),
                      .payment = PaymentFromEnd(payment, 1),
                      .result = *result};
}

}  // namespace causeway::core
