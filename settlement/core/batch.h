// A batch as it is journaled and shown to observers: everything needed to execute it again and to
// check that the result is what the log says. Format: docs/formats/batch.md.
#ifndef CAUSEWAY_SETTLEMENT_CORE_BATCH_H_
#define CAUSEWAY_SETTLEMENT_CORE_BATCH_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/entry.h"
#include "settlement/core/envelope.h"

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

struct Batch {
  BatchHeader header;
  std::vector<Item> items;
  std::vector<std::string> entries;  // encoded, as in the leaves
  std::string checkpoint;            // signed note of the log after this batch
  std::string genesis;               // genesis bytes, in batch 0 only, which has nothing else

  friend bool operator==(const Batch&, const Batch&) = default;
};

// The leaves that the batch adds to the log: header and entries, or the genesis leaf for batch 0.
std::vector<std::string> LeavesOf(const Batch& batch);

std::string EncodeItem(const Item& item);
absl::StatusOr<Item> DecodeItem(std::string_view bytes);
std::string EncodeBatch(const Batch& batch);
absl::StatusOr<Batch> DecodeBatch(std::string_view bytes);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_BATCH_H_
