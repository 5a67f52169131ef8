#include "scenarios/simulator/virtual_disk.h"

#include <algorithm>

#include "fmt/format.h"
#include "settlement/core/check.h"

namespace causeway::sim {

// The journal as the engines see it.
class VirtualJournal final : public store::Journal {
 public:
  explicit VirtualJournal(VirtualDisk& disk) : disk_(disk) {}

  absl::Status Append(std::span<const store::Block> blocks,
                      std::span<const store::MetaWrite> meta) override {
    return disk_.Append(blocks, meta);
  }

  absl::StatusOr<store::Block> Read(std::uint64_t number) const override {
    if (number >= disk_.blocks_.size()) {
      return absl::NotFoundError(
          fmt::format("block {} is past the end, there are {}", number, disk_.blocks_.size()));
    }
    const absl::StatusOr<std::string_view> body = disk_.ReadBody(number);
    if (!body.ok()) return body.status();
    const VirtualDisk::Record& record = disk_.blocks_[number];
    return store::Block{.number = number,
                        .first_index = record.first_index,
                        .count = record.count,
                        .body = std::string(*body)};
  }

  absl::StatusOr<std::uint64_t> FindBlock(std::uint64_t index) const override {
    if (index >= disk_.head_.record_count) {
      return absl::NotFoundError(
          fmt::format("record {} is past the end, there are {}", index, disk_.head_.record_count));
    }
    const auto after = std::upper_bound(
        disk_.blocks_.begin(), disk_.blocks_.end(), index,
        [](std::uint64_t i, const VirtualDisk::Record& record) { return i < record.first_index; });
    return static_cast<std::uint64_t>(after - disk_.blocks_.begin()) - 1;
  }

  std::uint64_t block_count() const override { return disk_.head_.block_count; }
  std::uint64_t record_count() const override { return disk_.head_.record_count; }
  core::Hash256 head() const override { return disk_.head_.chain; }

  absl::StatusOr<std::optional<std::string>> GetMeta(std::string_view key) const override {
    const auto found = disk_.meta_.find(key);
    if (found == disk_.meta_.end()) return std::nullopt;
    const absl::StatusOr<std::string_view> value = disk_.ReadValue(found->first, found->second);
    if (!value.ok()) return value.status();
    return std::string(*value);
  }

  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ListMeta(
      std::string_view prefix) const override {
    std::vector<std::pair<std::string, std::string>> found;
    for (auto it = disk_.meta_.lower_bound(prefix);
         it != disk_.meta_.end() && std::string_view(it->first).starts_with(prefix); ++it) {
      const absl::StatusOr<std::string_view> value = disk_.ReadValue(it->first, it->second);
      if (!value.ok()) return value.status();
      found.emplace_back(it->first, std::string(*value));
    }
    return found;
  }

 private:
  VirtualDisk& disk_;
};

VirtualDisk::VirtualDisk(store::JournalIdentity identity, Coverage& coverage)
    : identity_(std::move(identity)), coverage_(coverage), head_(store::EmptyHead(identity_)) {}

absl::StatusOr<std::unique_ptr<store::Journal>> VirtualDisk::Open() {
  if (!torn_.empty()) {
    // It is recognised by its checksum, not by knowing that it is torn.
    if (store::ParseBlock(torn_, head_.block_count).ok()) {
      return absl::InternalError("a torn write passes for a whole one");
    }
    torn_.clear();
    coverage_.Add(Covered::kTornWriteRecovered);
  }
  for (std::uint64_t number = 0; number < blocks_.size(); ++number) {
    const absl::StatusOr<std::string_view> body = ReadBody(number);
    if (!body.ok()) return body.status();
  }
  for (auto& [key, value] : meta_) {
    const absl::StatusOr<std::string_view> opened = ReadValue(key, value);
    if (!opened.ok()) return opened.status();
  }
  return std::make_unique<VirtualJournal>(*this);
}

absl::Status VirtualDisk::Append(std::span<const store::Block> blocks,
                                 std::span<const store::MetaWrite> meta) {
  store::CheckMetaWrites(meta);
  Undo& undo = unsynced_.emplace_back();
  undo.blocks = blocks_.size();
  for (const store::Block& block : blocks) {
    Record record;
    record.bytes = store::SealBlock(block, head_);
    record.front_bytes = record.bytes.size();
    record.bytes += block.body;
    record.first_index = block.first_index;
    record.count = block.count;
    record.chain = head_.chain;
    blocks_.push_back(std::move(record));
  }
  for (const store::MetaWrite& write : meta) {
    const auto before = meta_.find(write.key);
    undo.meta.emplace_back(
        write.key, before == meta_.end() ? std::nullopt : std::optional<Value>(before->second));
    if (write.value.has_value()) {
      meta_.insert_or_assign(write.key, Value{store::SealValue(write.key, *write.value)});
    } else if (before != meta_.end()) {
      meta_.erase(before);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string_view> VirtualDisk::ReadBody(std::uint64_t number) {
  Record& record = blocks_[number];
  if (!record.intact) {
    const absl::StatusOr<store::BlockView> parsed = store::ParseBlock(record.bytes, number);
    if (!parsed.ok()) {
      damaged_block_ = number;
      coverage_.Add(Covered::kCorruptionDetected);
      return parsed.status();
    }
    record.intact = true;
  }
  return std::string_view(record.bytes).substr(record.front_bytes);
}

absl::StatusOr<std::string_view> VirtualDisk::ReadValue(const std::string& key, Value& value) {
  const std::size_t checksum_bytes = sizeof(core::Hash256::bytes);
  if (value.intact) return std::string_view(value.bytes).substr(checksum_bytes);
  const absl::StatusOr<std::string_view> opened = store::OpenValue(key, value.bytes);
  if (!opened.ok()) {
    damaged_block_.reset();
    coverage_.Add(Covered::kCorruptionDetected);
    return opened.status();
  }
  value.intact = true;
  return *opened;
}

void VirtualDisk::TakeBack(const Undo& undo) {
  blocks_.resize(undo.blocks);
  for (auto it = undo.meta.rbegin(); it != undo.meta.rend(); ++it) {
    if (it->second.has_value()) {
      meta_.insert_or_assign(it->first, *it->second);
    } else {
      meta_.erase(it->first);
    }
  }
}

void VirtualDisk::ResetHead() {
  head_ = store::EmptyHead(identity_);
  if (blocks_.empty()) return;
  const Record& last = blocks_.back();
  head_.block_count = blocks_.size();
  head_.record_count = last.first_index + last.count;
  head_.chain = last.chain;
}

void VirtualDisk::Crash(core::RandomStream& random) {
  if (unsynced_.empty()) return;
  const std::size_t kept = random.Uniform(unsynced_.size() + 1);
  LoseAfter(kept, random);
}

void VirtualDisk::CrashTogether(bool kept, core::RandomStream& random) {
  if (!unsynced_.empty()) LoseAfter(kept ? unsynced_.size() : 0, random);
}

// Of the writes that were not synced, the first `kept` reached the disk.
void VirtualDisk::LoseAfter(std::size_t kept, core::RandomStream& random) {
  const bool tears = random.Bernoulli(1, 2);
  if (kept > 0) coverage_.Add(Covered::kUnsyncedWriteKept);
  if (kept < unsynced_.size()) {
    coverage_.Add(Covered::kUnsyncedWriteLost);
    const std::size_t first_lost = unsynced_[kept].blocks;
    if (tears && first_lost < blocks_.size()) {
      const std::string& whole = blocks_[first_lost].bytes;
      torn_ = whole.substr(0, random.Uniform(whole.size() - 1) + 1);
    }
    while (unsynced_.size() > kept) {
      TakeBack(unsynced_.back());
      unsynced_.pop_back();
    }
  }
  unsynced_.clear();
  ResetHead();
}

std::uint64_t VirtualDisk::synced_blocks() const {
  return unsynced_.empty() ? blocks_.size() : unsynced_.front().blocks;
}

std::uint64_t VirtualDisk::synced_records() const {
  const std::uint64_t blocks = synced_blocks();
  return blocks == 0 ? 0 : blocks_[blocks - 1].first_index + blocks_[blocks - 1].count;
}

struct VirtualDisk::Image {
  std::vector<Record> blocks;
  std::map<std::string, Value, std::less<>> meta;
};

std::shared_ptr<const VirtualDisk::Image> VirtualDisk::Save() const {
  VirtualDisk copy = *this;
  for (auto undo = copy.unsynced_.rbegin(); undo != copy.unsynced_.rend(); ++undo) {
    copy.TakeBack(*undo);
  }
  return std::make_shared<const Image>(Image{std::move(copy.blocks_), std::move(copy.meta_)});
}

void VirtualDisk::Restore(const Image& image) {
  blocks_ = image.blocks;
  meta_ = image.meta;
  unsynced_.clear();
  torn_.clear();
  damaged_block_.reset();
  ResetHead();
}

bool VirtualDisk::CorruptBlock(core::RandomStream& random) {
  const std::uint64_t durable = synced_blocks();
  if (durable == 0) return false;
  Record& record = blocks_[random.Uniform(durable)];
  const std::size_t byte = random.Uniform(record.bytes.size());
  const auto bit = static_cast<unsigned>(random.Uniform(8));
  record.bytes[byte] =
      static_cast<char>(static_cast<unsigned char>(record.bytes[byte]) ^ 1U << bit);
  record.intact = false;
  coverage_.Add(Covered::kBlockCorrupted);
  return true;
}

bool VirtualDisk::CorruptMetadata(core::RandomStream& random) {
  if (meta_.empty()) return false;
  auto chosen = meta_.begin();
  std::advance(chosen, static_cast<std::ptrdiff_t>(random.Uniform(meta_.size())));
  std::string& bytes = chosen->second.bytes;
  const std::size_t byte = random.Uniform(bytes.size());
  const auto bit = static_cast<unsigned>(random.Uniform(8));
  bytes[byte] = static_cast<char>(static_cast<unsigned char>(bytes[byte]) ^ 1U << bit);
  chosen->second.intact = false;
  coverage_.Add(Covered::kMetadataCorrupted);
  return true;
}

bool VirtualDisk::Repair(std::uint64_t number, std::string_view body) {
  CW_CHECK(number < blocks_.size(), "a block that is there is repaired");
  Record& record = blocks_[number];
  store::JournalHead head = store::EmptyHead(identity_);
  if (number > 0) {
    const Record& before = blocks_[number - 1];
    head = {number, before.first_index + before.count, before.chain};
  }
  const store::Block block{.number = number,
                           .first_index = record.first_index,
                           .count = record.count,
                           .body = std::string(body)};
  std::string bytes = store::SealBlock(block, head) + block.body;
  // The next block, or the head of the journal, says what the chain must come to.
  if (head.chain != record.chain) return false;
  record.bytes = std::move(bytes);
  record.intact = true;
  damaged_block_.reset();
  coverage_.Add(Covered::kBlockRepairedFromCopy);
  return true;
}

void VirtualDisk::CutTo(std::uint64_t count) {
  if (count >= blocks_.size()) return;
  blocks_.resize(count);
  unsynced_.clear();
  ResetHead();
}

}  // namespace causeway::sim
