#include "settlement/store/memory_journal.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "fmt/format.h"
#include "settlement/store/journal_format.h"

namespace causeway::store {
namespace {

class MemoryJournal final : public Journal {
 public:
  explicit MemoryJournal(const JournalIdentity& identity) : head_(EmptyHead(identity)) {}

  absl::Status Append(std::span<const Block> blocks, std::span<const MetaWrite> meta) override {
    CheckMetaWrites(meta);
    const std::lock_guard lock(mutex_);
    for (const Block& block : blocks) {
      SealBlock(block, head_);
      blocks_.push_back(block);
    }
    for (const MetaWrite& write : meta) {
      if (write.value.has_value()) {
        meta_.insert_or_assign(write.key, *write.value);
      } else {
        meta_.erase(write.key);
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Block> Read(std::uint64_t number) const override {
    const std::lock_guard lock(mutex_);
    if (number >= blocks_.size()) {
      return absl::NotFoundError(
          fmt::format("block {} is past the end, there are {}", number, blocks_.size()));
    }
    return blocks_[number];
  }

  absl::StatusOr<std::uint64_t> FindBlock(std::uint64_t index) const override {
    const std::lock_guard lock(mutex_);
    if (index >= head_.record_count) {
      return absl::NotFoundError(
          fmt::format("record {} is past the end, there are {}", index, head_.record_count));
    }
    const auto after =
        std::upper_bound(blocks_.begin(), blocks_.end(), index,
                         [](std::uint64_t i, const Block& block) { return i < block.first_index; });
    return (after - 1)->number;
  }

  std::uint64_t block_count() const override {
    const std::lock_guard lock(mutex_);
    return head_.block_count;
  }

  std::uint64_t record_count() const override {
    const std::lock_guard lock(mutex_);
    return head_.record_count;
  }

  core::Hash256 head() const override {
    const std::lock_guard lock(mutex_);
    return head_.chain;
  }

  absl::StatusOr<std::optional<std::string>> GetMeta(std::string_view key) const override {
    const std::lock_guard lock(mutex_);
    const auto found = meta_.find(key);
    if (found == meta_.end()) return std::nullopt;
    return found->second;
  }

  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ListMeta(
      std::string_view prefix) const override {
    const std::lock_guard lock(mutex_);
    std::vector<std::pair<std::string, std::string>> found;
    for (auto it = meta_.lower_bound(prefix);
         it != meta_.end() && std::string_view(it->first).starts_with(prefix); ++it) {
      found.emplace_back(*it);
    }
    return found;
  }

 private:
  mutable std::mutex mutex_;
  JournalHead head_;
  std::vector<Block> blocks_;
  std::map<std::string, std::string, std::less<>> meta_;
};

}  // namespace

std::unique_ptr<Journal> NewMemoryJournal(const JournalIdentity& identity) {
  return std::make_unique<MemoryJournal>(identity);
}

}  // namespace causeway::store
