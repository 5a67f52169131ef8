// A batch as it is journaled and shown to observers: everything needed to execute it again and to
// check that the result is what the log says. Format: docs/formats/batch.md.
#ifndef CAUSEWAY_SETTLEMENT_CORE_BATCH_H_
#define CAUSEWAY_SETTLEMENT_CORE_BATCH_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/bulk.h"
#include "settlement/core/entry.h"
#include "settlement/core/envelope.h"
#include "settlement/core/settlement_list.h"

namespace causeway::core {

inline constexpr std::size_t kItemsPerBatchMax = 16384;
inline constexpr std::size_t kAttachmentsPerItemMax = 16384;
inline constexpr std::size_t kAttachmentBytesMax = 4 * 1024 * 1024;

// Something that arrived for sequencing, as it was signed. `attachments` are not signed themselves:
// hashes in the payload bind them. (A prepare's attachment 0 is a PrepareAttachment; a completion's
// envelope has no signatures; a payment's attachments are its encrypted private data.)
struct Item {
  Envelope envelope;
  std::vector<std::string> attachments;

  friend bool operator==(const Item&, const Item&) = default;
};

// What became of the payments of a bulk, or of the legs of a settlement list, packed.
struct BulkResults {
  std::uint32_t item = 0;               // position of the bulk among the batch's items
  std::uint64_t first_index = 0;        // leaf of its first payment
  std::string results;                  // RecordBytes(kind) each
  BulkKind kind = BulkKind::kPayments;  // follows from the item

  static constexpr std::size_t RecordBytes(BulkKind kind) {
    return kind == BulkKind::kResolved ? kResolvedLegBytes : kPaymentResultBytes;
  }
  std::size_t record_bytes() const { return RecordBytes(kind); }
  std::uint64_t count() const { return results.size() / record_bytes(); }
  std::string_view RecordAt(std::size_t position) const {
    return std::string_view(results).substr(position * record_bytes(), record_bytes());
  }
  friend bool operator==(const BulkResults&, const BulkResults&) = default;
};

struct Batch {
  BatchHeader header;
  std::vector<Item> items;
  std::vector<std::string> entries;  // encoded, as in the leaves; payments of bulks are not here
  std::vector<BulkResults> bulks;    // in order of their leaves, which lie among those of `entries`
  PaymentSalts::Key payment_salts{};  // the key of this batch; zeros without bulks
  std::string checkpoint;             // signed note of the log after this batch
  std::string genesis;                // genesis bytes, in batch 0 only, which has nothing else

  friend bool operator==(const Batch&, const Batch&) = default;
};

// The leaves that the batch adds to the log: header, entries and payments in their order, or the
// genesis leaf for batch 0. InvalidArgument when a bulk is not what its results say.
absl::StatusOr<std::vector<std::string>> LeavesOf(const Batch& batch);

// The packed legs or payments of an item that has them: their kind by the item's payload type.
BulkKind BulkKindOf(const Item& item);
// Leg or payment `position` of an item whose holds or payments `bulk` are.
BulkPayment PaymentAt(const Batch& batch, const BulkResults& bulk, std::uint32_t position);

// One leaf of a batch: an entry as encoded in it, or a payment of a bulk.
struct EntryPlace {
  std::size_t entry = 0;  // position in `entries`; of a payment: that of its bulk's entry
  const BulkResults* bulk = nullptr;  // of a payment
  std::uint32_t position = 0;         // of the payment in its bulk
};
// Nothing when `leaf_index` is the header or not in the batch.
std::optional<EntryPlace> FindEntry(const Batch& batch, std::uint64_t leaf_index);
// The leaf index of each of `entries`.
std::vector<std::uint64_t> EntryIndices(const Batch& batch);

std::string EncodeItem(const Item& item);
absl::StatusOr<Item> DecodeItem(std::string_view bytes);
std::string EncodeBatch(const Batch& batch);
absl::StatusOr<Batch> DecodeBatch(std::string_view bytes);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_BATCH_H_
