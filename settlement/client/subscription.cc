#include "settlement/client/subscription.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace causeway::client {

struct Subscription::State {
  std::function<void()> cancel;
  std::thread thread;
  std::mutex mutex;
  std::condition_variable ended;
  bool done = false;
  absl::Status status;
};

Subscription::Subscription(std::unique_ptr<State> state) : state_(std::move(state)) {}

Subscription::~Subscription() {
  Cancel();
  state_->thread.join();
}

void Subscription::Cancel() { state_->cancel(); }

absl::Status Subscription::Wait() {
  std::unique_lock lock(state_->mutex);
  state_->ended.wait(lock, [this] { return state_->done; });
  return state_->status;
}

bool Subscription::done() const {
  const std::lock_guard lock(state_->mutex);
  return state_->done;
}

std::unique_ptr<Subscription> Subscription::Start(std::function<absl::Status()> read,
                                                  std::function<void()> cancel) {
  auto state = std::make_unique<State>();
  state->cancel = std::move(cancel);
  state->thread = std::thread([state = state.get(), read = std::move(read)] {
    absl::Status status = read();
    const std::lock_guard lock(state->mutex);
    state->status = std::move(status);
    state->done = true;
    state->ended.notify_all();
  });
  return std::unique_ptr<Subscription>(new Subscription(std::move(state)));
}

}  // namespace causeway::client
