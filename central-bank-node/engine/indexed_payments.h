// The payments of bulks of a live ledger: found again by a key index of bounded memory
// (settlement/store/key_index.h), which knows fingerprints and leaves, and by the log, which knows
// the payments themselves.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_ENGINE_INDEXED_PAYMENTS_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_ENGINE_INDEXED_PAYMENTS_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/core/payment_index.h"
#include "settlement/store/fingerprint.h"
#include "settlement/store/key_index.h"

namespace causeway::node {

// Synchronised as core::PaymentIndex says; MarkDurable from any thread beside everything. An index
// that cannot answer stops the process: a payment that might be a repeat must not settle.
class IndexedPayments final : public core::PaymentIndex {
 public:
  // A payment in the log: what tells whether a fingerprint's leaf is the payment looked for.
  struct Logged {
    std::uint32_t party = 0;
    core::RawInstructionId id{};
    core::Uetr uetr;
    core::Outcome outcome = core::Outcome::kMalformed;
  };
  // The payment at a durable leaf.
  using ReadPayment = std::function<absl::StatusOr<Logged>(std::uint64_t leaf)>;

  // The secret of the fingerprints, from that of the ledger: what its key index is opened with.
  static store::FingerprintKey KeyOf(std::string_view salt_key);

  IndexedPayments(std::unique_ptr<store::KeyIndex> keys, const store::FingerprintKey& key,
                  ReadPayment read);

  // What the journal says of the payments of a bulk.
  struct Replay {
    std::uint64_t first_leaf = 0;
    std::vector<bool> is_repeat;
  };
  // Before a batch of the journal is executed again: the keys that the index has already are not
  // looked for in it.
  void ExpectReplay(Replay replay);
  // Inserts the keys of a bulk of the journal that is not executed again. One of each payment.
  void Reinsert(std::uint32_t party, std::span<const core::BulkPayment> payments,
                const Replay& replay);
  // The keys of the leaves before this one are here.
  std::uint64_t covered() const { return keys_->covered(); }

  void Record(std::uint32_t party, std::span<const core::BulkPayment> payments,
              std::uint64_t first_leaf, std::span<std::uint64_t> known) override;
  void SetResults(std::uint64_t first_leaf, std::span<const core::PaymentResult> results) override;
  std::uint64_t Find(std::uint32_t party, const core::RawInstructionId& id) const override;
  bool IsSettled(std::uint64_t leaf) const override;
  std::vector<std::uint64_t> FindByUetr(const core::Uetr& uetr) const override;

  // Every payment of the leaves before `next_leaf` was recorded. An error means that the node must
  // stop before long: answers stay right, but there may be no room for more than one more batch.
  absl::Status EndBatch(std::uint64_t next_leaf);
  void MarkDurable(std::uint64_t leaves);

 private:
  // Payments that the log may not show yet.
  struct Recent {
    std::uint64_t first_leaf = 0;
    std::uint32_t party = 0;
    std::vector<core::RawInstructionId> ids;
    std::vector<core::Uetr> uetrs;
    std::vector<core::Outcome> outcomes;
  };

  std::uint64_t FingerprintOf(std::uint32_t party, const core::RawInstructionId& id) const;
  std::uint64_t FingerprintOf(const core::Uetr& uetr) const;
  Logged PaymentAt(std::uint64_t leaf) const;
  bool IsIt(std::uint64_t leaf, std::uint32_t party, const core::RawInstructionId& id) const;
  void RecordReplayed(std::uint32_t party, std::span<const core::BulkPayment> payments,
                      std::uint64_t first_leaf, std::span<std::uint64_t> known);
  void KeepRecent(std::uint32_t party, std::span<const core::BulkPayment> payments,
                  std::uint64_t first_leaf);

  const std::unique_ptr<store::KeyIndex> keys_;
  const store::KeyFingerprinter fingerprint_;
  const ReadPayment read_;
  std::deque<Replay> replays_;
  std::vector<std::uint64_t> fingerprints_;  // scratch

  mutable std::mutex mutex_;
  std::deque<Recent> recent_;  // oldest first; of leaves that MarkDurable has not named
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_ENGINE_INDEXED_PAYMENTS_H_
