#include "central-bank-node/runtime/disk_room.h"

#include <filesystem>
#include <limits>
#include <system_error>

namespace causeway::node {
namespace {

// A disk that takes 1 GB/s takes 50 MB meanwhile.
constexpr std::chrono::milliseconds kDiskLookInterval{50};

}  // namespace

std::uint64_t DiskRoom::FreeBytes() {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (looked_at_ != std::chrono::steady_clock::time_point() &&
      now - looked_at_ < kDiskLookInterval) {
    return free_bytes_;
  }
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(directory_, error);
  free_bytes_ = error ? std::numeric_limits<std::uint64_t>::max() : space.available;
  looked_at_ = now;
  return free_bytes_;
}

}  // namespace causeway::node
