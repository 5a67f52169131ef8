// A journal that outlives the engines that open it, as a disk would.
#ifndef CAUSEWAY_TESTS_NODE_BORROWED_JOURNAL_H_
#define CAUSEWAY_TESTS_NODE_BORROWED_JOURNAL_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "settlement/store/journal.h"

namespace causeway::node {

class BorrowedJournal final : public store::Journal {
 public:
  explicit BorrowedJournal(std::shared_ptr<store::Journal> disk) : disk_(std::move(disk)) {}
  absl::Status Append(std::span<const store::Block> blocks,
                      std::span<const store::MetaWrite> meta) override {
    return disk_->Append(blocks, meta);
  }
  absl::StatusOr<store::Block> Read(std::uint64_t number) const override {
    reads_ += 1;
    return disk_->Read(number);
  }
  absl::StatusOr<std::uint64_t> FindBlock(std::uint64_t index) const override {
    return disk_->FindBlock(index);
  }
  std::uint64_t block_count() const override { return disk_->block_count(); }
  std::uint64_t record_count() const override { return disk_->record_count(); }
  core::Hash256 head() const override { return disk_->head(); }
  absl::StatusOr<std::optional<std::string>> GetMeta(std::string_view key) const override {
    return disk_->GetMeta(key);
  }
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ListMeta(
      std::string_view prefix) const override {
    return disk_->ListMeta(prefix);
  }

  std::uint64_t reads() const { return reads_; }

 private:
  const std::shared_ptr<store::Journal> disk_;
  mutable std::atomic<std::uint64_t> reads_ = 0;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_TESTS_NODE_BORROWED_JOURNAL_H_
