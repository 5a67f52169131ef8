#include "scenarios/load/request_pool.h"

#include <utility>

namespace causeway::load {

RequestPool::RequestPool(Limits limits, Make make) : limits_(limits), make_(std::move(make)) {
  for (int i = 0; i < limits_.threads; ++i) threads_.emplace_back([this] { Work(); });
}

RequestPool::~RequestPool() {
  Stop();
  for (std::thread& thread : threads_) thread.join();
}

void RequestPool::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
}

void RequestPool::Work() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopped_ || bytes_ < limits_.bytes_max; });
    if (stopped_ || (limits_.requests != 0 && next_ == limits_.requests)) return;
    const std::uint64_t number = next_++;
    making_ += 1;
    lock.unlock();
    absl::StatusOr<Request> request = make_(number);
    lock.lock();
    making_ -= 1;
    if (request.ok()) {
      bytes_ += request->bytes->size();
      ready_.push_back(*std::move(request));
    } else {
      if (status_.ok()) status_ = request.status();
      stopped_ = true;
    }
    changed_.notify_all();
  }
}

bool RequestPool::ExhaustedLocked() const {
  if (!ready_.empty() && !stopped_) return false;
  return stopped_ || (limits_.requests != 0 && next_ == limits_.requests && making_ == 0);
}

Request RequestPool::PopLocked() {
  Request request = std::move(ready_.front());
  ready_.pop_front();
  const bool was_full = bytes_ >= limits_.bytes_max;
  bytes_ -= request.bytes->size();
  if (was_full) changed_.notify_all();
  return request;
}

absl::Status RequestPool::Fill(std::chrono::nanoseconds patience) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_for(lock, patience, [this] {
    return stopped_ || bytes_ >= limits_.bytes_max ||
           (limits_.requests != 0 && next_ == limits_.requests && making_ == 0);
  });
  return status_;
}

std::optional<Request> RequestPool::TryTake() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_ || ready_.empty()) return std::nullopt;
  return PopLocked();
}

std::optional<Request> RequestPool::Take() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return !ready_.empty() || ExhaustedLocked(); });
  if (stopped_ || ready_.empty()) return std::nullopt;
  return PopLocked();
}

bool RequestPool::exhausted() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return ExhaustedLocked();
}

absl::Status RequestPool::status() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return status_;
}

}  // namespace causeway::load
