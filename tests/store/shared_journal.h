// A journal that outlives whoever opens it, as a disk outlives a process. Tests derive from it what
// counts, waits or fails on the way.
#ifndef CAUSEWAY_TESTS_STORE_SHARED_JOURNAL_H_
#define CAUSEWAY_TESTS_STORE_SHARED_JOURNAL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "settlement/store/journal.h"

namespace causeway::store {

class SharedJournal : public Journal {
 public:
  explicit SharedJournal(std::shared_ptr<Journal> disk) : disk_(std::move(disk)) {}

  absl::Status Append(std::span<const Block> blocks, std::span<const MetaWrite> meta) override {
    return disk_->Append(blocks, meta);
  }
  absl::StatusOr<Block> Read(std::uint64_t number) const override { return disk_->Read(number); }
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

 protected:
  const std::shared_ptr<Journal>& disk() const { return disk_; }

 private:
  std::shared_ptr<Journal> disk_;
};

}  // namespace causeway::store

#endif  // CAUSEWAY_TESTS_STORE_SHARED_JOURNAL_H_
