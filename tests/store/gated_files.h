// The system's files, of which a test can hold back the opening: a disk that is slow or hangs.
#ifndef CAUSEWAY_TESTS_STORE_GATED_FILES_H_
#define CAUSEWAY_TESTS_STORE_GATED_FILES_H_

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "settlement/store/segment_file.h"

namespace causeway::store {

class GatedFiles final : public FileSystem {
 public:
  // Files below `directory` are not opened for reading from now on, until Release.
  void HoldBack(const std::string& directory) {
    const std::lock_guard lock(mutex_);
    held_back_ = directory;
  }
  void Release() {
    const std::lock_guard lock(mutex_);
    held_back_.clear();
    changed_.notify_all();
  }
  // Until somebody waits for a file.
  void AwaitWaiter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ > 0; });
  }

  absl::StatusOr<std::unique_ptr<SegmentFile>> Open(const std::string& path, Mode mode) override {
    {
      std::unique_lock lock(mutex_);
      const auto is_held_back = [&] {
        return mode == Mode::kRead && !held_back_.empty() && path.starts_with(held_back_);
      };
      ++waiting_;
      if (is_held_back()) changed_.notify_all();
      changed_.wait(lock, [&] { return !is_held_back(); });
      --waiting_;
    }
    return PosixFileSystem().Open(path, mode);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    return PosixFileSystem().Rename(from, to);
  }
  absl::Status Remove(const std::string& path) override { return PosixFileSystem().Remove(path); }
  absl::Status SyncDirectory(const std::string& path) override {
    return PosixFileSystem().SyncDirectory(path);
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& path) override {
    return PosixFileSystem().List(path);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string held_back_;
  int waiting_ = 0;
};

}  // namespace causeway::store

#endif  // CAUSEWAY_TESTS_STORE_GATED_FILES_H_
