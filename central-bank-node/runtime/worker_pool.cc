#include "central-bank-node/runtime/worker_pool.h"

#include <sys/resource.h>
#include <unistd.h>

#include <utility>

#include "settlement/core/check.h"

namespace causeway::node {

WorkerPool::WorkerPool(int threads, int niceness) {
  CW_CHECK(threads >= 1, "a pool needs a thread");
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this, niceness] { Work(niceness); });
}

WorkerPool::~WorkerPool() { Stop(); }

void WorkerPool::Post(std::function<void()> task) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    CW_CHECK(!stopping_, "nothing is posted to a pool that stops");
    normal_.push_back(std::move(task));
  }
  posted_.notify_one();
}

void WorkerPool::PostUrgent(std::function<void()> task) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    CW_CHECK(!stopping_, "nothing is posted to a pool that stops");
    urgent_.push_back(std::move(task));
  }
  posted_.notify_one();
}

void WorkerPool::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  posted_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void WorkerPool::Work(int niceness) {
  // Of this thread alone, as Linux has it. Without it the thread works all the same.
  if (niceness != 0) (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), niceness);
  for (;;) {
    std::function<void()> task;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      posted_.wait(lock, [this] { return stopping_ || !urgent_.empty() || !normal_.empty(); });
      std::deque<std::function<void()>>& queue = urgent_.empty() ? normal_ : urgent_;
      if (queue.empty()) return;
      task = std::move(queue.front());
      queue.pop_front();
    }
    task();
  }
}

}  // namespace causeway::node
