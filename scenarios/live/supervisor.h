// One thread that runs tasks in the order of their times. It lives as long as its owner: children
// that it starts end with it and no earlier (process.h).
#ifndef CAUSEWAY_SCENARIOS_LIVE_SUPERVISOR_H_
#define CAUSEWAY_SCENARIOS_LIVE_SUPERVISOR_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/status/status.h"

namespace causeway::sim {

// Thread-safe.
class Supervisor {
 public:
  using Clock = std::chrono::steady_clock;

  Supervisor();
  // Drops the tasks that are not due yet and waits for the one that runs.
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Runs `task` on the thread once `time` has come.
  void At(Clock::time_point time, std::function<void()> task);
  // Runs `task` as soon as possible and waits for it. Not from a task.
  absl::Status Run(const std::function<absl::Status()>& task);
  // Waits until nothing is scheduled and nothing runs. Not from a task.
  void WaitUntilIdle();

 private:
  void Work();

  std::mutex mutex_;
  std::condition_variable changed_;
  // By time, then order of arrival.
  std::map<std::pair<Clock::time_point, std::uint64_t>, std::function<void()>> tasks_;
  std::uint64_t arrivals_ = 0;
  bool busy_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_LIVE_SUPERVISOR_H_
