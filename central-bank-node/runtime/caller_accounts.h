// What each caller of a node makes it hold: bytes of requests and replies from when they came until
// they are sent on, and calls and streams that are open. One account for a participant, over all of
// its connections, so that no one of them can take the memory that all need.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_CALLER_ACCOUNTS_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_CALLER_ACCOUNTS_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace causeway::node {

// Of one caller.
struct CallerLimits {
  // Bytes of requests that are not answered and of replies that it has not taken. What is read when
  // there is still room may exceed it by one message a stream.
  std::size_t bytes_max = std::size_t{32} * 1024 * 1024;
  std::size_t calls_max = 1024;
  std::size_t submit_streams_max = 16;
  std::size_t subscriptions_max = 64;
};

// Thread-safe.
class CallerAccount {
 public:
  enum class Kind { kCall, kSubmitStream, kSubscription };

  explicit CallerAccount(const CallerLimits& limits) : limits_(limits) {}

  // What is open until it goes. Null: the caller has as many as it may have, or, of a call, its
  // bytes are used up.
  using Opened = std::shared_ptr<void>;
  static Opened Open(const std::shared_ptr<CallerAccount>& account, Kind kind);

  void Add(std::size_t bytes);
  // Calls those that wait when there is room again.
  void Release(std::size_t bytes);
  // True: there is room. Else `wake` is called once when there may be.
  bool HasRoomOrWaits(std::function<void()> wake);
  std::size_t bytes() const;

 private:
  const CallerLimits limits_;
  mutable std::mutex mutex_;
  std::size_t bytes_ = 0;
  std::size_t open_[3] = {0, 0, 0};  // by Kind
  std::vector<std::function<void()>> waiting_;
};

// Thread-safe.
class CallerAccounts {
 public:
  explicit CallerAccounts(CallerLimits limits) : limits_(limits) {}

  std::shared_ptr<CallerAccount> Of(const std::string& caller);
  const CallerLimits& limits() const { return limits_; }

 private:
  const CallerLimits limits_;
  std::mutex mutex_;
  std::size_t sweep_at_ = 64;
  std::map<std::string, std::weak_ptr<CallerAccount>> accounts_;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_CALLER_ACCOUNTS_H_
