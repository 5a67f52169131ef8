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

namespace causeway::node {

// Of one query and its thread.
class LogReads {
 public:
  using SharedBatch = absl::StatusOr<std::shared_ptr<const core::Batch>>;

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
  // The number of the batch of a leaf, likewise: the index of the log may be on the disk too.
  const absl::StatusOr<std::uint64_t>* FindLeaf(std::uint64_t leaf) {
    const auto found = numbers_.find(leaf);
    if (found != numbers_.end()) return &found->second;
    wanted_leaf_ = leaf;
    return nullptr;
  }

  // What the query could not go on without.
  bool WantsMore() const { return wanted_batch_.has_value() || wanted_leaf_.has_value(); }
  const std::optional<std::uint64_t>& wanted_batch() const { return wanted_batch_; }
  const std::optional<std::uint64_t>& wanted_leaf() const { return wanted_leaf_; }
  void Add(std::uint64_t number, SharedBatch batch) {
    batches_.emplace(number, std::move(batch));
    wanted_batch_.reset();
  }
  void AddLeaf(std::uint64_t leaf, absl::StatusOr<std::uint64_t> number) {
    numbers_.emplace(leaf, std::move(number));
    wanted_leaf_.reset();
  }

 private:
  static inline thread_local LogReads* current_ = nullptr;

  std::map<std::uint64_t, SharedBatch> batches_;
  std::map<std::uint64_t, absl::StatusOr<std::uint64_t>> numbers_;  // by leaf
  std::optional<std::uint64_t> wanted_batch_;
  std::optional<std::uint64_t> wanted_leaf_;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_ENGINE_LOG_READS_H_
