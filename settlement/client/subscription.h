// A stream that is under way.
#ifndef CAUSEWAY_SETTLEMENT_CLIENT_SUBSCRIPTION_H_
#define CAUSEWAY_SETTLEMENT_CLIENT_SUBSCRIPTION_H_

#include <functional>
#include <memory>

#include "absl/status/status.h"

namespace causeway::client {

// What a stream was started with is called from a thread of the library's own, one call after the
// other; the stream waits while a callback runs. A callback that returns false ends the stream. It
// may call other clients, and Cancel of its own subscription, but not Wait and not the destructor.
class Subscription {
 public:
  // Cancels and waits: no callback runs after it.
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  // Ends the stream soon. Any thread; repeats do nothing.
  void Cancel();
  // Waits for the end. OK when it was cancelled, when a callback returned false, or when the server
  // ended the stream in order; else why it broke. A broken stream is not taken up again by itself:
  // subscribe from the index after the last that was seen.
  absl::Status Wait();
  // Whether it has ended.
  bool done() const;

  // For the clients of this library: runs `read` on a thread; `cancel` makes it return.
  static std::unique_ptr<Subscription> Start(std::function<absl::Status()> read,
                                             std::function<void()> cancel);

 private:
  struct State;
  explicit Subscription(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace causeway::client

#endif  // CAUSEWAY_SETTLEMENT_CLIENT_SUBSCRIPTION_H_
