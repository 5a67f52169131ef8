#include "settlement/core/batch.h"

#include <utility>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "settlement/core/check.h"

namespace causeway::core {
namespace {

constexpr std::uint8_t kFormatVersion = 1;

absl::Status CheckEnd(std::string_view what, const Reader& reader) {
  if (reader.Done()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      reader.ok() ? fmt::format("{} has {} bytes too many", what, reader.remaining())
                  : fmt::format("{} ends too early", what));
}

// A list's count, held against its limit and against the bytes that are left (each part has a
// length of 4 bytes), so that a wrong one cannot ask for memory.
absl::StatusOr<std::size_t> ReadCount(std::string_view field, std::size_t count_max,
                                      Reader& reader) {
  const std::size_t count = reader.U32();
  if (reader.ok() && (count > count_max || count > reader.remaining() / 4)) {
    return absl::InvalidArgumentError(fmt::format("{}: count {} is more than {}", field, count,
                                                  count > count_max
                                                      ? fmt::format("the most, {}", count_max)
                                                      : std::string("the bytes that follow hold")));
  }
  return reader.ok() ? count : 0;
}

absl::Status CheckGenesisBatch(const Batch& batch) {
  const bool is_first = batch.header.number == 0;
  if (is_first != !batch.genesis.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("batch {}: genesis: {}", batch.header.number,
                    is_first ? "is missing; batch 0 has it" : "is there; only batch 0 has it"));
  }
  if (is_first && (!batch.items.empty() || !batch.entries.empty())) {
    return absl::InvalidArgumentError("batch 0 has items or entries; it has the genesis alone");
  }
  if (batch.header.entry_count != batch.entries.size()) {
    return absl::InvalidArgumentError(
        fmt::format("batch {}: entries: there are {}; the header says {}", batch.header.number,
                    batch.entries.size(), batch.header.entry_count));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<std::string> LeavesOf(const Batch& batch) {
  if (!batch.genesis.empty()) return {EncodeGenesisLeaf(batch.genesis)};
  std::vector<std::string> leaves;
  leaves.reserve(1 + batch.entries.size());
  leaves.push_back(EncodeBatchHeader(batch.header));
  leaves.insert(leaves.end(), batch.entries.begin(), batch.entries.end());
  return leaves;
}

std::string EncodeItem(const Item& item) {
  Writer writer;
  writer.Sized(EncodeEnvelope(item.envelope));
  writer.U32(static_cast<std::uint32_t>(item.attachments.size()));
  for (const std::string& attachment : item.attachments) writer.Sized(attachment);
  return std::move(writer).Take();
}

absl::StatusOr<Item> DecodeItem(std::string_view bytes) {
  Reader reader(bytes);
  const std::string_view envelope_bytes = reader.Sized();
  if (!reader.ok()) return absl::InvalidArgumentError("item ends too early");
  absl::StatusOr<Envelope> envelope = DecodeEnvelope(envelope_bytes);
  if (!envelope.ok()) return envelope.status();
  Item item;
  item.envelope = *std::move(envelope);
  const absl::StatusOr<std::size_t> count =
      ReadCount("item: attachments", kAttachmentsPerItemMax, reader);
  if (!count.ok()) return count.status();
  for (std::size_t i = 0; i < *count && reader.ok(); ++i) {
    const std::string_view attachment = reader.Sized();
    if (attachment.size() > kAttachmentBytesMax) {
      return absl::InvalidArgumentError(
          fmt::format("item: attachments[{}]: has {} bytes; the most is {}", i, attachment.size(),
                      kAttachmentBytesMax));
    }
    item.attachments.emplace_back(attachment);
  }
  if (absl::Status end = CheckEnd("item", reader); !end.ok()) return end;
  return item;
}

std::string EncodeBatch(const Batch& batch) {
  const absl::Status checked = CheckGenesisBatch(batch);
  CW_CHECK(checked.ok(), checked.ToString().c_str());
  Writer writer;
  writer.U8(kFormatVersion).Sized(EncodeBatchHeader(batch.header));
  writer.U32(static_cast<std::uint32_t>(batch.items.size()));
  for (const Item& item : batch.items) writer.Sized(EncodeItem(item));
  writer.U32(static_cast<std::uint32_t>(batch.entries.size()));
  for (const std::string& entry : batch.entries) writer.Sized(entry);
  writer.Sized(batch.checkpoint).Sized(batch.genesis);
  return std::move(writer).Take();
}

absl::StatusOr<Batch> DecodeBatch(std::string_view bytes) {
  Reader reader(bytes);
  const std::uint8_t version = reader.U8();
  if (reader.ok() && version != kFormatVersion) {
    return absl::InvalidArgumentError(
        fmt::format("batch: version: is {}; this program reads {}", version, kFormatVersion));
  }
  const std::string_view header_bytes = reader.Sized();
  if (!reader.ok()) return absl::InvalidArgumentError("batch ends too early");
  absl::StatusOr<BatchHeader> header = DecodeBatchHeader(header_bytes);
  if (!header.ok()) return header.status();
  Batch batch;
  batch.header = *std::move(header);

  const absl::StatusOr<std::size_t> item_count =
      ReadCount("batch: items", kItemsPerBatchMax, reader);
  if (!item_count.ok()) return item_count.status();
  batch.items.reserve(*item_count);
  for (std::size_t i = 0; i < *item_count && reader.ok(); ++i) {
    const std::string_view item_bytes = reader.Sized();
    if (!reader.ok()) break;
    absl::StatusOr<Item> item = DecodeItem(item_bytes);
    if (!item.ok()) {
      return absl::InvalidArgumentError(
          fmt::format("batch: items[{}]: {}", i, std::string(item.status().message())));
    }
    batch.items.push_back(*std::move(item));
  }

  const absl::StatusOr<std::size_t> entry_count =
      ReadCount("batch: entries", batch.header.entry_count, reader);
  if (!entry_count.ok()) return entry_count.status();
  batch.entries.reserve(*entry_count);
  for (std::size_t i = 0; i < *entry_count && reader.ok(); ++i) {
    batch.entries.emplace_back(reader.Sized());
  }
  batch.checkpoint = reader.Sized();
  batch.genesis = reader.Sized();
  if (absl::Status end = CheckEnd("batch", reader); !end.ok()) return end;
  if (absl::Status checked = CheckGenesisBatch(batch); !checked.ok()) return checked;
  return batch;
}

}  // namespace causeway::core
