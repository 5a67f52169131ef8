// What one query reads of the log. While a query looks at the ledger nobody can change it, so it
// must not wait for the disk meanwhile. With this in place on its thread, what it asks of a batch
// that is not here yet ends it at once, and what it asked for is remembered: its caller lets the
// ledger go, has the engine load that (LedgerEngine::Load), and runs the query again.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_ENGINE_LOG_READS_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_ENGINE_LOG_READS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "settlement/core/batch.h"
#include "settlement/core/payment_lookup.h"

namespace causeway::node {

// Of one query and its thread.
class LogReads {
 public:
  using SharedBatch = absl::StatusOr<std::shared_ptr<const core::Batch>>;
  using Payment = absl::StatusOr<std::optional<core::FoundPayment>>;

  // Those of the calling thread; null: it may wait for the disk.
  static LogReads* Current() { return current_; }

  // While it lives, what the thread asks of the log goes to `reads`.
  class Scope {
   public:
    explicit Scope(LogReads& reads) : before_(std::exchange(current_, &reads)) {}
    ~Scope() { current_ = before_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    LogReads* before_;
  };

  // The batch, or why it cannot be read; null when it is to be loaded first, which is noted.
  const SharedBatch* Find(std::uint64_t number) {
    const auto found = batches_.find(number);
    if (found != batches_.end()) return &found->second;
    wanted_batch_ = number;
    return nullptr;
  }
  bool Has(std::uint64_t number) const { return batches_.count(number) > 0; }
  // The payment of a bulk at a leaf of a batch, likewise. Nothing in it: no such payment is to be
  // found there without the batch, which is then here.
  const Payment* FindPayment(std::uint64_t number, std::uint64_t leaf) {
    const auto found = payments_.find(leaf);
    if (found != payments_.end()) return &found->second;
    wanted_payment_ = {number, leaf};
    return nullptr;
  }
  // The number of the batch of a leaf, likewise: the index of the log may be on the disk too.
  const absl::StatusOr<std::uint64_t>* FindLeaf(std::uint64_t leaf) {
    const auto found = numbers_.find(leaf);
    if (found != numbers_.end()) return &found->second;
    wanted_leaf_ = leaf;
    return nullptr;
  }

  // What the query could not go on without.
  bool WantsMore() const {
    return wanted_batch_.has_value() || wanted_payment_.has_value() || wanted_leaf_.has_value();
  }
  const std::optional<std::uint64_t>& wanted_batch() const { return wanted_batch_; }
  // A batch and a leaf in it.
  const std::optional<std::pair<std::uint64_t, std::uint64_t>>& wanted_payment() const {
    return wanted_payment_;
  }
  const std::optional<std::uint64_t>& wanted_leaf() const { return wanted_leaf_; }
  void Add(std::uint64_t number, SharedBatch batch) {
    batches_.emplace(number, std::move(batch));
    wanted_batch_.reset();
  }
  void AddPayment(std::uint64_t leaf, Payment payment) {
    payments_.emplace(leaf, std::move(payment));
    wanted_payment_.reset();
  }
  void AddLeaf(std::uint64_t leaf, absl::StatusOr<std::uint64_t> number) {
    numbers_.emplace(leaf, std::move(number));
    wanted_leaf_.reset();
  }

 private:
  static inline thread_local LogReads* current_ = nullptr;

  std::map<std::uint64_t, SharedBatch> batches_;
  std::map<std::uint64_t, Payment> payments_;                       // by leaf
  std::map<std::uint64_t, absl::StatusOr<std::uint64_t>> numbers_;  // by leaf
  std::optional<std::uint64_t> wanted_batch_;
  std::optional<std::pair<std::uint64_t, std::uint64_t>> wanted_payment_;
  std::optional<std::uint64_t> wanted_leaf_;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_ENGINE_LOG_READS_H_
