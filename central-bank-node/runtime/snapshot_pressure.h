// Bounds what a ledger copies for a snapshot while batches go on: when there is much of it the
// snapshot rests no more, and at the most batches wait until the snapshot, and with it the disk,
// has come further. What is copied passes the most by what one batch changes.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_SNAPSHOT_PRESSURE_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_SNAPSHOT_PRESSURE_H_

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace causeway::node {

// Thread-safe.
class SnapshotPressure {
 public:
  // What is copied now, and the most that may be (1 or more): after each batch and after each step
  // of a snapshot, in their order.
  void Set(std::size_t bytes, std::size_t bytes_max) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      bytes_ = bytes;
      bytes_max_ = bytes_max;
      if (bytes >= bytes_max) return;
    }
    has_room_.notify_all();
  }
  // Whether there is so little of it that the snapshot has time: less than half of the most.
  bool MayRest() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return bytes_ < bytes_max_ / 2;
  }
  // Before a batch. Returns once there is less than the most, which is when the snapshot has come
  // far enough, has ended or was given up.
  void WaitForRoom() const {
    std::unique_lock<std::mutex> lock(mutex_);
    has_room_.wait(lock, [this] { return bytes_ < bytes_max_; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable has_room_;
  std::size_t bytes_ = 0;
  std::size_t bytes_max_ = 2;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_SNAPSHOT_PRESSURE_H_
