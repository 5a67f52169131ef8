#include "settlement/core/batch.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "settlement/core/check.h"

namespace causeway::core {
namespace {

constexpr std::uint8_t kFormatVersion = 2;

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

// Bulks lie in order, after at least one entry each, and with the entries they fill the batch.
absl::Status CheckBulks(const Batch& batch) {
  std::uint64_t leaves = batch.entries.size();
  std::uint64_t next_index = batch.header.first_index + 1;
  std::size_t items = 0;
  for (std::size_t i = 0; i < batch.bulks.size(); ++i) {
    const BulkResults& bulk = batch.bulks[i];
    const auto wrong = [&](std::string_view field, std::uint64_t number) {
      return absl::InvalidArgumentError(fmt::format("batch {}: bulks[{}].{}: {} is out of place",
                                                    batch.header.number, i, field, number));
    };
    if (bulk.item < items || bulk.item >= batch.items.size()) return wrong("item", bulk.item);
    items = bulk.item + std::size_t{1};
    if (bulk.first_index <= next_index) return wrong("first_index", bulk.first_index);
    if (bulk.kind != BulkKindOf(batch.items[bulk.item])) return wrong("item", bulk.item);
    if (bulk.results.empty() || bulk.results.size() % bulk.record_bytes() != 0 ||
        bulk.count() > kBulkPaymentsMax) {
      return wrong("results", bulk.results.size());
    }
    next_index = bulk.first_index + bulk.count();
    leaves += bulk.count();
  }
  if (batch.header.entry_count != leaves ||
      next_index > batch.header.first_index + 1 + batch.header.entry_count) {
    return absl::InvalidArgumentError(
        fmt::format("batch {}: entries: there are {}; the header says {}", batch.header.number,
                    leaves, batch.header.entry_count));
  }
  return absl::OkStatus();
}

absl::Status CheckGenesisBatch(const Batch& batch) {
  const bool is_first = batch.header.number == 0;
  if (is_first != !batch.genesis.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("batch {}: genesis: {}", batch.header.number,
                    is_first ? "is missing; batch 0 has it" : "is there; only batch 0 has it"));
  }
  if (is_first && (!batch.items.empty() || !batch.entries.empty() || !batch.bulks.empty())) {
    return absl::InvalidArgumentError("batch 0 has items or entries; it has the genesis alone");
  }
  return CheckBulks(batch);
}

}  // namespace

BulkKind BulkKindOf(const Item& item) {
  if (item.envelope.payload_type == kSettlementListPayloadType) return BulkKind::kHolds;
  if (item.envelope.payload_type == kCompletionPayloadType) return BulkKind::kResolved;
  return BulkKind::kPayments;
}

BulkPayment PaymentAt(const Batch& batch, const BulkResults& bulk, std::uint32_t position) {
  const Item& item = batch.items[bulk.item];
  if (bulk.kind == BulkKind::kHolds) return LegOfPart(item.attachments.at(0), position);
  return PaymentFromEnd(item.envelope.payload, bulk.count() - position);
}

namespace {

absl::StatusOr<std::vector<BulkPayment>> PaymentsOf(const Batch& batch,
                                                    const BulkResults& results) {
  const Item& item = batch.items[results.item];
  if (results.kind == BulkKind::kHolds) {
    if (item.attachments.size() != 1) return absl::InvalidArgumentError("a list has one part");
    return DecodeListPart(item.attachments[0], static_cast<std::uint32_t>(results.count()));
  }
  absl::StatusOr<Bulk> bulk = DecodeBulk(item.envelope.payload);
  if (!bulk.ok()) return bulk.status();
  if (results.count() != bulk->payments.size()) {
    return absl::InvalidArgumentError(
        fmt::format("batch {}: bulks: item {} has {} payments and {} results", batch.header.number,
                    results.item, bulk->payments.size(), results.count()));
  }
  return std::move(bulk->payments);
}

absl::Status BadResult(const Batch& batch, const BulkResults& results, std::size_t position) {
  return absl::InvalidArgumentError(fmt::format(
      "batch {}: bulks: payment {} of item {} has an outcome that is none that is recorded",
      batch.header.number, position, results.item));
}

absl::Status AppendResolvedLeaves(const Batch& batch, const BulkResults& results,
                                  std::vector<std::string>& leaves) {
  // Their entry is the leaf before: it names the list.
  const absl::StatusOr<Entry> entry = DecodeEntry(leaves.back());
  if (!entry.ok()) return entry.status();
  std::vector<LeafSalt> salts(results.count());
  PaymentSalts::Fill(batch.payment_salts, results.first_index, salts);
  for (std::size_t i = 0; i < salts.size(); ++i) {
    const std::optional<ResolvedLeg> leg = ReadResolvedLeg(results.RecordAt(i));
    if (!leg.has_value()) return BadResult(batch, results, i);
    std::string& leaf = leaves.emplace_back(kResolvedLeafBytes, '\0');
    WriteResolvedLeaf(results.first_index + i, salts[i], entry->settlement_id, *leg, leaf.data());
  }
  return absl::OkStatus();
}

absl::Status AppendPaymentLeaves(const Batch& batch, const BulkResults& results,
                                 std::vector<std::string>& leaves) {
  if (results.kind == BulkKind::kResolved) return AppendResolvedLeaves(batch, results, leaves);
  const absl::StatusOr<std::vector<BulkPayment>> payments = PaymentsOf(batch, results);
  if (!payments.ok()) return payments.status();
  const std::uint8_t kind = results.kind == BulkKind::kHolds ? kLeafHold : kLeafPayment;
  std::vector<LeafSalt> salts(payments->size());
  PaymentSalts::Fill(batch.payment_salts, results.first_index, salts);
  for (std::size_t i = 0; i < salts.size(); ++i) {
    const std::optional<PaymentResult> result = ReadPaymentResult(results.RecordAt(i));
    if (!result.has_value()) return BadResult(batch, results, i);
    std::string& leaf = leaves.emplace_back(kPaymentLeafBytes, '\0');
    WritePaymentLeaf(results.first_index + i, salts[i], static_cast<std::uint32_t>(i),
                     (*payments)[i], *result, leaf.data(), kind);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<std::string>> LeavesOf(const Batch& batch) {
  if (!batch.genesis.empty()) return std::vector<std::string>{EncodeGenesisLeaf(batch.genesis)};
  std::vector<std::string> leaves;
  leaves.reserve(1 + std::size_t{batch.header.entry_count});
  leaves.push_back(EncodeBatchHeader(batch.header));
  auto bulk = batch.bulks.begin();
  for (const std::string& entry : batch.entries) {
    leaves.push_back(entry);
    const std::uint64_t next_index = batch.header.first_index + leaves.size();
    if (bulk == batch.bulks.end() || bulk->first_index != next_index) continue;
    if (absl::Status added = AppendPaymentLeaves(batch, *bulk, leaves); !added.ok()) return added;
    ++bulk;
  }
  if (bulk != batch.bulks.end()) {
    return absl::InvalidArgumentError(
        fmt::format("batch {}: bulks: the one at leaf {} follows no entry", batch.header.number,
                    bulk->first_index));
  }
  return leaves;
}

std::optional<EntryPlace> FindEntry(const Batch& batch, std::uint64_t leaf_index) {
  const std::uint64_t first = batch.header.first_index + 1;
  if (leaf_index < first || leaf_index >= first + batch.header.entry_count) return std::nullopt;
  std::uint64_t payments = 0;  // before the leaf
  for (const BulkResults& bulk : batch.bulks) {
    if (leaf_index < bulk.first_index) break;
    if (leaf_index < bulk.first_index + bulk.count()) {
      return EntryPlace{.entry = bulk.first_index - 1 - first - payments,
                        .bulk = &bulk,
                        .position = static_cast<std::uint32_t>(leaf_index - bulk.first_index)};
    }
    payments += bulk.count();
  }
  return EntryPlace{.entry = leaf_index - first - payments};
}

std::vector<std::uint64_t> EntryIndices(const Batch& batch) {
  std::vector<std::uint64_t> indices;
  indices.reserve(batch.entries.size());
  auto bulk = batch.bulks.begin();
  std::uint64_t next_index = batch.header.first_index + 1;
  while (indices.size() < batch.entries.size()) {
    if (bulk != batch.bulks.end() && bulk->first_index == next_index) {
      next_index += bulk->count();
      ++bulk;
    } else {
      indices.push_back(next_index++);
    }
  }
  return indices;
}

namespace {

std::size_t EncodedItemBytes(const Item& item) {
  std::size_t bytes = 4 + EncodedEnvelopeBytes(item.envelope) + 4;
  for (const std::string& attachment : item.attachments) bytes += 4 + attachment.size();
  return bytes;
}

void AppendItem(const Item& item, Writer& writer) {
  writer.Size(EncodedEnvelopeBytes(item.envelope));
  AppendEnvelope(item.envelope, writer);
  writer.U32(static_cast<std::uint32_t>(item.attachments.size()));
  for (const std::string& attachment : item.attachments) writer.Sized(attachment);
}

// A bulk has half a megabyte: everything is written once, to its place.
std::size_t EncodedBatchBytes(const Batch& batch, std::string_view header) {
  std::size_t bytes = 1 + 4 + header.size() + 4 + 4 + 4;
  for (const Item& item : batch.items) bytes += 4 + EncodedItemBytes(item);
  for (const std::string& entry : batch.entries) bytes += 4 + entry.size();
  for (const BulkResults& bulk : batch.bulks) bytes += 4 + 8 + 4 + bulk.results.size();
  return bytes + batch.payment_salts.size() + 4 + batch.checkpoint.size() + 4 +
         batch.genesis.size();
}

}  // namespace

std::string EncodeItem(const Item& item) {
  Writer writer;
  writer.Reserve(EncodedItemBytes(item));
  AppendItem(item, writer);
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
  const std::string header = EncodeBatchHeader(batch.header);
  const std::size_t bytes = EncodedBatchBytes(batch, header);
  Writer writer;
  writer.Reserve(bytes).U8(kFormatVersion).Sized(header);
  writer.U32(static_cast<std::uint32_t>(batch.items.size()));
  for (const Item& item : batch.items) {
    writer.Size(EncodedItemBytes(item));
    AppendItem(item, writer);
  }
  writer.U32(static_cast<std::uint32_t>(batch.entries.size()));
  for (const std::string& entry : batch.entries) writer.Sized(entry);
  writer.U32(static_cast<std::uint32_t>(batch.bulks.size()));
  for (const BulkResults& bulk : batch.bulks) {
    writer.U32(bulk.item).U64(bulk.first_index).Sized(bulk.results);
  }
  writer.Raw({reinterpret_cast<const char*>(batch.payment_salts.data()), 16});
  writer.Sized(batch.checkpoint).Sized(batch.genesis);
  CW_CHECK(writer.bytes().size() == bytes, "the size was told right");
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
  const absl::StatusOr<std::size_t> bulk_count =
      ReadCount("batch: bulks", batch.items.size(), reader);
  if (!bulk_count.ok()) return bulk_count.status();
  batch.bulks.reserve(*bulk_count);
  for (std::size_t i = 0; i < *bulk_count && reader.ok(); ++i) {
    BulkResults& bulk = batch.bulks.emplace_back();
    bulk.item = reader.U32();
    bulk.first_index = reader.U64();
    bulk.results = reader.Sized();
    if (bulk.item < batch.items.size()) bulk.kind = BulkKindOf(batch.items[bulk.item]);
  }
  const std::string_view salts = reader.Raw(batch.payment_salts.size());
  std::copy(salts.begin(), salts.end(), batch.payment_salts.begin());
  batch.checkpoint = reader.Sized();
  batch.genesis = reader.Sized();
  if (absl::Status end = CheckEnd("batch", reader); !end.ok()) return end;
  if (absl::Status checked = CheckGenesisBatch(batch); !checked.ok()) return checked;
  return batch;
}

}  // namespace causeway::core
