// Hands work from one thread of a pipeline to the next, in order. Bounded: a stage that is behind
// holds up those before it.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_STAGE_QUEUE_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_STAGE_QUEUE_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace causeway::node {

// Thread-safe.
template <typename T>
class StageQueue {
 public:
  explicit StageQueue(std::size_t size_max) : size_max_(size_max) {}

  // Waits for room. Not after Close.
  void Push(T item) {
    std::unique_lock lock(mutex_);
    has_room_.wait(lock, [this] { return items_.size() < size_max_; });
    items_.push_back(std::move(item));
    has_work_.notify_all();
  }
  // Waits until Push would not.
  void WaitForRoom() {
    std::unique_lock lock(mutex_);
    has_room_.wait(lock, [this] { return items_.size() < size_max_; });
  }
  // Everything that waits, oldest first. Waits for something; empty once closed and drained.
  std::vector<T> PopAll() { return Pop(size_max_); }
  std::vector<T> PopOne() { return Pop(1); }

  // Nothing more comes.
  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    has_work_.notify_all();
  }

 private:
  std::vector<T> Pop(std::size_t count_max) {
    std::unique_lock lock(mutex_);
    has_work_.wait(lock, [this] { return closed_ || !items_.empty(); });
    std::vector<T> popped;
    while (!items_.empty() && popped.size() < count_max) {
      popped.push_back(std::move(items_.front()));
      items_.pop_front();
    }
    has_room_.notify_all();
    return popped;
  }

  const std::size_t size_max_;
  std::mutex mutex_;
  std::condition_variable has_work_;
  std::condition_variable has_room_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_STAGE_QUEUE_H_
