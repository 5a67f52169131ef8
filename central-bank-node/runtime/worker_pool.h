// A few threads and the tasks that they run. The pool bounds nothing: whoever posts does.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_WORKER_POOL_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_WORKER_POOL_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace causeway::node {

// Thread-safe. Tasks must not throw.
class WorkerPool {
 public:
  explicit WorkerPool(int threads, int niceness = 0);  // at least 1 thread
  // As Stop.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Runs the task on one of the threads, in the order of posting; those posted as urgent before all
  // others. Not after Stop.
  void Post(std::function<void()> task);
  void PostUrgent(std::function<void()> task);

  // Runs what was posted, then joins the threads. Repeats do nothing. Not from a task.
  void Stop();

 private:
  void Work(int niceness);

  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<std::function<void()>> urgent_;
  std::deque<std::function<void()>> normal_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_WORKER_POOL_H_
