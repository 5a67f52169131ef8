// One payment of a bulk in an encoded batch (docs/formats/batch.md), found by the lengths of the
// parts before it: some hundreds of bytes are read where decoding takes megabytes.
#ifndef CAUSEWAY_SETTLEMENT_CORE_PAYMENT_LOOKUP_H_
#define CAUSEWAY_SETTLEMENT_CORE_PAYMENT_LOOKUP_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "settlement/core/bulk.h"
#include "settlement/core/ids.h"

namespace causeway::core {

// Items, entries or bulks of a batch that are walked past at most.
inline constexpr std::size_t kLookupPartsMax = 64;

struct FoundPayment {
  ParticipantId party;  // who instructed it
  BulkPayment payment;
  Outcome outcome = Outcome::kMalformed;
};

// `read` gives `size` bytes of the batch from `offset`; its errors are passed on. Nothing when the
// leaf is not to be found so: it is no payment of a bulk, the batch has more parts than the limit,
// or it is damaged. No checksum covers what is found: the caller compares it with what it knows of
// the payment, and decodes the whole batch when it differs.
absl::StatusOr<std::optional<FoundPayment>> LookUpPayment(
    const std::function<absl::StatusOr<std::string>(std::uint64_t offset, std::uint64_t size)>&
        read,
    std::uint64_t leaf_index);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_PAYMENT_LOOKUP_H_
