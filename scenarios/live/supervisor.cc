#include "scenarios/live/supervisor.h"

#include <future>

namespace causeway::sim {

Supervisor::Supervisor() : thread_([this] { Work(); }) {}

Supervisor::~Supervisor() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Supervisor::At(Clock::time_point time, std::function<void()> task) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    tasks_.emplace(std::make_pair(time, arrivals_++), std::move(task));
  }
  changed_.notify_all();
}

absl::Status Supervisor::Run(const std::function<absl::Status()>& task) {
  std::promise<absl::Status> done;
  At(Clock::time_point::min(), [&] { done.set_value(task()); });
  return done.get_future().get();
}

void Supervisor::WaitUntilIdle() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return tasks_.empty() && !busy_; });
}

void Supervisor::Work() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    if (tasks_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const Clock::time_point due = tasks_.begin()->first.first;
    if (due > Clock::now()) {
      changed_.wait_until(lock, due);
      continue;
    }
    const std::function<void()> task = std::move(tasks_.begin()->second);
    tasks_.erase(tasks_.begin());
    busy_ = true;
    lock.unlock();
    task();
    lock.lock();
    busy_ = false;
    changed_.notify_all();
  }
}

}  // namespace causeway::sim
