// A file system in memory that can lose power, fill up, fail a sync and flip bits.
//
// What was written since the last successful sync of its file may, after a power failure, be there,
// be as before, or be mixed, page by page in any order and sector by sector inside a page. Changes
// of names are kept in their order up to some point after the last sync of the directory. What a
// failed sync should have synced is from then on synced by nothing but writing it again, and the
// processes see it all the same.
#ifndef CAUSEWAY_TESTS_STORE_FAULTY_FILE_SYSTEM_H_
#define CAUSEWAY_TESTS_STORE_FAULTY_FILE_SYSTEM_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "settlement/store/segment_file.h"
#include "tests/store/store_test_util.h"

namespace causeway::store {

class FaultyFileSystem final : public FileSystem {
 public:
  static constexpr std::uint64_t kPage = 4096;
  static constexpr std::uint64_t kSector = 512;
  static constexpr std::int64_t kNever = -1;

  explicit FaultyFileSystem(std::uint64_t seed) : sequence_(seed) {}

  // The power fails, or the process is killed, in the operation that many changes ahead; from then
  // on everything fails.
  void FailPowerAfter(std::int64_t changes) { changes_left_ = changes; }
  bool dead() const { return dead_; }
  // The next syncs fail until set back.
  void FailSyncs(bool fail) { fail_syncs_ = fail; }
  void SetCapacity(std::uint64_t bytes) { capacity_ = bytes; }
  std::uint64_t syncs() const { return syncs_; }
  std::uint64_t writes() const { return writes_; }

  // What a restart after the power failure finds.
  void Restart() {
    const std::size_t kept = sequence_.Below(name_changes_.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) Apply(name_changes_[i], durable_names_);
    name_changes_.clear();
    names_ = durable_names_;
    for (const auto& [path, inode] : names_) Settle(*inode);
    RestartProcess();
  }
  // What a new process finds without a power failure: everything as it was last seen, the unsynced
  // too. A later power failure may take that away.
  void RestartProcess() {
    dead_ = false;
    changes_left_ = kNever;
  }

  std::string Bytes(const std::string& path) const { return names_.at(path)->now; }
  void FlipBit(const std::string& path, std::uint64_t offset, int bit) {
    for (std::string* bytes : {&names_.at(path)->now, &names_.at(path)->durable}) {
      (*bytes)[offset] = static_cast<char>((*bytes)[offset] ^ (1 << bit));
    }
  }

  absl::StatusOr<std::unique_ptr<SegmentFile>> Open(const std::string& path, Mode mode) override {
    if (dead_) return Dead();
    if (mode == Mode::kCreate) {
      if (!Change()) return Dead();
      auto inode = std::make_shared<Inode>();
      Record({.to = path, .inode = inode});
    }
    const auto found = names_.find(path);
    if (found == names_.end()) return absl::NotFoundError(path + ": there is no such file");
    return std::make_unique<File>(*this, found->second);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    if (!Change()) return Dead();
    Record({.from = from, .to = to, .inode = names_.at(from)});
    return absl::OkStatus();
  }
  absl::Status Remove(const std::string& path) override {
    if (!Change()) return Dead();
    Record({.from = path});
    return absl::OkStatus();
  }
  absl::Status SyncDirectory(const std::string&) override {
    if (!Change()) return Dead();
    for (const NameChange& change : name_changes_) Apply(change, durable_names_);
    name_changes_.clear();
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& path) override {
    if (dead_) return Dead();
    std::vector<std::string> names;
    for (const auto& [name, inode] : names_) {
      if (name.starts_with(path + "/")) names.push_back(name.substr(path.size() + 1));
    }
    return names;
  }

 private:
  struct Inode {
    std::string now;
    std::string durable;
    std::set<std::uint64_t> dirty;  // pages
    std::set<std::uint64_t> lost;   // pages that a sync failed to sync, and not written since
  };
  using Names = std::map<std::string, std::shared_ptr<Inode>>;
  struct NameChange {
    std::string from;
    std::string to;
    std::shared_ptr<Inode> inode;
  };

  class File final : public SegmentFile {
   public:
    File(FaultyFileSystem& owner, std::shared_ptr<Inode> inode)
        : owner_(owner), inode_(std::move(inode)) {}

    absl::Status Write(std::uint64_t offset, std::span<const std::string_view> pieces) override {
      const bool alive = owner_.Change();
      if (!alive && owner_.was_dead_) return Dead();
      ++owner_.writes_;
      std::string bytes;
      for (const std::string_view piece : pieces) bytes += piece;
      // A process that dies in a write has written some of it, up to the end of a page.
      if (!alive) {
        const std::uint64_t end =
            (offset + owner_.sequence_.Below(bytes.size() + 1)) / kPage * kPage;
        bytes.resize(end <= offset ? 0 : end - offset);
      }
      if (inode_->now.size() < offset + bytes.size()) inode_->now.resize(offset + bytes.size());
      std::copy(bytes.begin(), bytes.end(),
                inode_->now.begin() + static_cast<std::ptrdiff_t>(offset));
      for (std::uint64_t page = offset / kPage; page * kPage < offset + bytes.size(); ++page) {
        inode_->dirty.insert(page);
        inode_->lost.erase(page);
      }
      return alive ? absl::OkStatus() : Dead();
    }
    // As what goes past the page cache: whole pages, with what was there before in front and zeros
    // behind.
    absl::Status Append(std::uint64_t offset, std::span<const std::string_view> pieces) override {
      const std::uint64_t begin = offset / kPage * kPage;
      std::string bytes =
          inode_->now.size() < offset ? "" : inode_->now.substr(begin, offset - begin);
      if (bytes.size() < offset - begin) return absl::InternalError("an append behind the end");
      for (const std::string_view piece : pieces) bytes += piece;
      const std::uint64_t page_end = (begin + bytes.size() + kPage - 1) / kPage * kPage;
      if (page_end <= inode_->now.size()) bytes.resize(page_end - begin);
      const std::string_view piece = bytes;
      return Write(begin, {&piece, 1});
    }
    absl::Status Allocate(std::uint64_t size) override {
      if (!owner_.Change()) return Dead();
      if (size <= inode_->now.size()) return absl::OkStatus();
      if (owner_.Used() - inode_->now.size() + size > owner_.capacity_) {
        return absl::ResourceExhaustedError("no room to grow to " + std::to_string(size));
      }
      inode_->now.resize(size);
      return absl::OkStatus();
    }
    absl::Status Truncate(std::uint64_t size) override {
      if (!owner_.Change()) return Dead();
      inode_->now.resize(size);
      return absl::OkStatus();
    }
    absl::Status Sync() override {
      if (!owner_.Change()) return Dead();
      if (owner_.fail_syncs_) {
        inode_->lost.merge(inode_->dirty);
        inode_->dirty.clear();
        return absl::InternalError("cannot sync");
      }
      ++owner_.syncs_;
      inode_->durable.resize(inode_->now.size());
      for (const std::uint64_t page : inode_->dirty) {
        if (page * kPage >= inode_->now.size()) continue;
        inode_->durable.replace(page * kPage, kPage, inode_->now, page * kPage, kPage);
      }
      inode_->dirty.clear();
      return absl::OkStatus();
    }
    absl::StatusOr<std::size_t> Read(std::uint64_t offset, char* bytes,
                                     std::size_t size) const override {
      if (owner_.dead_) return Dead();
      if (offset >= inode_->now.size()) return 0;
      return inode_->now.copy(bytes, size, offset);
    }
    absl::StatusOr<std::uint64_t> Size() const override {
      if (owner_.dead_) return Dead();
      return inode_->now.size();
    }

   private:
    FaultyFileSystem& owner_;
    std::shared_ptr<Inode> inode_;
  };

  static absl::Status Dead() { return absl::InternalError("the power failed"); }

  // Counts a change; false when the power is gone.
  bool Change() {
    was_dead_ = dead_;
    if (changes_left_ == 0) dead_ = true;
    if (changes_left_ > 0) --changes_left_;
    return !dead_;
  }
  static void Apply(const NameChange& change, Names& names) {
    if (!change.from.empty()) names.erase(change.from);
    if (!change.to.empty()) names[change.to] = change.inode;
  }
  void Record(NameChange change) {
    Apply(change, names_);
    name_changes_.push_back(std::move(change));
  }
  std::uint64_t Used() const {
    std::uint64_t bytes = 0;
    for (const auto& [path, inode] : names_) bytes += inode->now.size();
    return bytes;
  }
  void Settle(Inode& inode) {
    inode.dirty.merge(inode.lost);
    inode.lost.clear();
    std::string after = inode.durable;
    if (sequence_.Below(2) == 0) after.resize(inode.now.size());
    const std::uint64_t fate_of_all = sequence_.Below(6);
    for (const std::uint64_t page : inode.dirty) {
      const std::uint64_t fate = fate_of_all < 3 ? fate_of_all : sequence_.Below(3);
      for (std::uint64_t at = page * kPage; at < (page + 1) * kPage; at += kSector) {
        const bool written = fate == 0 || (fate == 1 && sequence_.Below(2) == 0);
        if (!written || at >= after.size() || at >= inode.now.size()) continue;
        const std::uint64_t size = std::min({kSector, after.size() - at, inode.now.size() - at});
        after.replace(at, size, inode.now, at, size);
      }
    }
    inode.now = after;
    inode.durable = std::move(after);
    inode.dirty.clear();
  }

  TestSequence sequence_;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> name_changes_;  // since the last sync of the directory
  std::int64_t changes_left_ = kNever;
  bool dead_ = false;
  bool was_dead_ = false;
  bool fail_syncs_ = false;
  std::uint64_t capacity_ = ~std::uint64_t{0};
  std::uint64_t syncs_ = 0;
  std::uint64_t writes_ = 0;
};

}  // namespace causeway::store

#endif  // CAUSEWAY_TESTS_STORE_FAULTY_FILE_SYSTEM_H_
