// How much room the disk under a directory has.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_DISK_ROOM_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_DISK_ROOM_H_

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

namespace causeway::node {

// Payments are refused when there is less than this and what those under way may need, so that a
// full disk is met before a batch is executed and not after. For growth of the journal's files by
// steps, the index, one flush of the key index, and what is written between two looks.
inline constexpr std::uint64_t kDiskBytesKept = std::uint64_t{256} << 20;
// Of the journal and the index for a byte of what was submitted, at most about.
inline constexpr std::uint64_t kDiskBytesPerByte = 3;
// No snapshot is begun with less.
inline constexpr std::uint64_t kDiskBytesForSnapshot = std::uint64_t{1} << 30;

// Thread-safe.
class DiskRoom {
 public:
  explicit DiskRoom(std::string directory) : directory_(std::move(directory)) {}

  // Bytes free for this process, as the system said a moment ago; the largest number when it does
  // not say.
  std::uint64_t FreeBytes();

 private:
  const std::string directory_;
  std::mutex mutex_;
  std::uint64_t free_bytes_ = 0;
  std::chrono::steady_clock::time_point looked_at_;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_DISK_ROOM_H_
