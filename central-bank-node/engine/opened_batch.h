// One batch of the log of which only those parts are read and verified that are asked for.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_ENGINE_OPENED_BATCH_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_ENGINE_OPENED_BATCH_H_

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "settlement/core/batch.h"
#include "settlement/core/payment_lookup.h"
#include "settlement/store/journal.h"

namespace causeway::node {

// For one thread at a time.
class OpenedBatch {
 public:
  OpenedBatch(std::uint64_t number, std::unique_ptr<store::BodyReader> body)
      : number_(number),
        body_(std::move(body)),
        lookup_([this](std::uint64_t offset, std::uint64_t size) {
          return body_->Read(offset, size);
        }) {}
  OpenedBatch(const OpenedBatch&) = delete;
  OpenedBatch& operator=(const OpenedBatch&) = delete;

  std::uint64_t number() const { return number_; }

  // Nothing when the leaf is no payment of a bulk, or when it is found by decoding the batch alone.
  absl::StatusOr<std::optional<core::FoundPayment>> FindPayment(std::uint64_t leaf_index) {
    // A small batch is decoded as fast as it is looked through.
    if (whole_ != nullptr || body_->size() <= kSmallBatchBytes) {
      return std::optional<core::FoundPayment>();
    }
    return lookup_.Find(leaf_index);
  }

  // All of it, decoded: read once. DataLoss that names the block when it is no batch.
  absl::StatusOr<std::shared_ptr<const core::Batch>> Whole() {
    if (whole_ != nullptr) return whole_;
    const absl::StatusOr<std::string> bytes = body_->Read(0, body_->size());
    if (!bytes.ok()) return bytes.status();
    absl::StatusOr<core::Batch> batch = core::DecodeBatch(*bytes);
    if (!batch.ok()) {
      return absl::DataLossError(
          fmt::format("journal block {}: {}", number_, std::string(batch.status().message())));
    }
    whole_ = std::make_shared<const core::Batch>(*std::move(batch));
    return whole_;
  }

 private:
  static constexpr std::uint64_t kSmallBatchBytes = 16 * 1024;

  const std::uint64_t number_;
  const std::unique_ptr<store::BodyReader> body_;
  core::PaymentLookup lookup_;
  std::shared_ptr<const core::Batch> whole_;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_ENGINE_OPENED_BATCH_H_
