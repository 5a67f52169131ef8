// Payments of bulks in an encoded batch (docs/formats/batch.md), found by the lengths of the parts
// before them: some hundreds of bytes are read where decoding takes megabytes.
//
// For one thread at a time.
#ifndef CAUSEWAY_SETTLEMENT_CORE_PAYMENT_LOOKUP_H_
#define CAUSEWAY_SETTLEMENT_CORE_PAYMENT_LOOKUP_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/bulk.h"
#include "settlement/core/entry.h"

namespace causeway::core {

// Items, entries or bulks of a batch that are walked past at most.
inline constexpr std::size_t kLookupPartsMax = 64;

// A payment of a bulk and all that its batch says of it.
struct FoundPayment {
  BatchHeader header;
  PaymentSalts::Key payment_salts{};  // of the batch
  Entry bulk;                         // the entry of its bulk: who instructed it
  std::uint64_t index = 0;            // its leaf
  std::uint32_t position = 0;         // in its bulk
  BulkPayment payment;
  PaymentResult result;
};

class PaymentLookup {
 public:
  // Gives `size` bytes of the batch from `offset`; its errors are passed on. What it gives should
  // have been verified: nothing here can tell damaged bytes from others.
  using Read = std::function<absl::StatusOr<std::string>(std::uint64_t offset, std::uint64_t size)>;

  explicit PaymentLookup(Read read);

  // Nothing when the leaf is not to be found so, but by decoding the batch: it is no payment of a
  // bulk, the batch has more parts than the limit, or it is damaged.
  absl::StatusOr<std::optional<FoundPayment>> Find(std::uint64_t leaf_index);

 private:
  struct ByteRange {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };
  // The packed leaves of one item.
  struct Packed {
    std::uint64_t first_index = 0;
    std::uint64_t count = 0;
    bool are_payments = false;
    ByteRange entry;  // of the item
    ByteRange payload;
    ByteRange results;
  };
  class Walker;

  // Finds where the parts lie, once. After an error or damage there are no bulks.
  absl::Status Outline();
  void ReadOutline(Walker& walker);

  const Read read_;
  bool outlined_ = false;
  BatchHeader header_;
  PaymentSalts::Key payment_salts_{};
  std::vector<Packed> bulks_;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_PAYMENT_LOOKUP_H_
