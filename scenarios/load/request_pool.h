// Requests that are made and signed ahead of their sending, by threads of the pool's own, within a
// bound of memory.
#ifndef CAUSEWAY_SCENARIOS_LOAD_REQUEST_POOL_H_
#define CAUSEWAY_SCENARIOS_LOAD_REQUEST_POOL_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/client/submit_stream.h"

namespace causeway::load {

struct Request {
  client::EncodedRequest bytes;
  std::uint32_t payments = 0;
};

// Thread-safe.
class RequestPool {
 public:
  struct Limits {
    std::uint64_t requests = 0;  // in all; 0: without end
    std::size_t bytes_max = std::size_t{512} * 1024 * 1024;
    int threads = 1;
  };
  // `make` is called with 0, 1, ... from the pool's threads, several at once.
  using Make = std::function<absl::StatusOr<Request>(std::uint64_t number)>;

  RequestPool(Limits limits, Make make);
  // Stops making.
  ~RequestPool();
  RequestPool(const RequestPool&) = delete;
  RequestPool& operator=(const RequestPool&) = delete;

  // Waits until the pool is full, everything is made, or `patience` is over; the first error of
  // `make`, if any.
  absl::Status Fill(std::chrono::nanoseconds patience = std::chrono::hours(1));
  // Nothing when none is ready.
  std::optional<Request> TryTake();
  // Waits for one; nothing when all are taken, or after an error or Stop.
  std::optional<Request> Take();
  // Whether nothing will come any more.
  bool exhausted() const;
  absl::Status status() const;
  // Ends the waiting and the making.
  void Stop();

 private:
  void Work();
  bool ExhaustedLocked() const;
  Request PopLocked();

  const Limits limits_;
  const Make make_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Request> ready_;
  std::size_t bytes_ = 0;  // ready
  std::uint64_t next_ = 0;
  int making_ = 0;
  bool stopped_ = false;
  absl::Status status_;
  std::vector<std::thread> threads_;
};

}  // namespace causeway::load

#endif  // CAUSEWAY_SCENARIOS_LOAD_REQUEST_POOL_H_
