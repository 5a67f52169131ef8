#include "fx-bridge/runtime/bridge_runtime.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "settlement/rpc/log.h"

namespace causeway::bridge {
namespace {

core::Rejection Refuse(core::Outcome outcome, std::string message) {
  core::Rejection rejection;
  rejection.outcome = outcome;
  rejection.message = std::move(message);
  return rejection;
}

}  // namespace

BridgeRuntime::BridgeRuntime(std::unique_ptr<BridgeEngine> engine, Clock clock)
    : engine_(std::move(engine)), clock_(std::move(clock)) {}

BridgeRuntime::~BridgeRuntime() { Stop(); }

void BridgeRuntime::Start(Sender send, WitnessSender send_to_witness, Listener listen) {
  send_ = std::move(send);
  send_to_witness_ = std::move(send_to_witness);
  listen_ = std::move(listen);
  timer_ = engine_->next_timer();
  thread_ = std::thread([this] { Run(); });
}

std::optional<core::Rejection> BridgeRuntime::Post(Event event, Answer answer,
                                                   const std::string& caller) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return Refuse(core::Outcome::kUnavailable, "the bridge is stopping");
    if (!tasks_.Add(caller, {std::move(event), std::move(answer)})) {
      return Refuse(core::Outcome::kOverloaded, "too many calls wait; try again later");
    }
  }
  woken_.notify_one();
  return std::nullopt;
}

void BridgeRuntime::PostReply(Event event) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    tasks_.Prepend({std::move(event), nullptr});
  }
  woken_.notify_one();
}

bool BridgeRuntime::Wait(std::vector<Task>& tasks) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return !tasks_.empty() || stopping_; };
  std::int64_t sleep_ms = kSleepMillisMax;
  if (timer_.has_value()) {
    const std::int64_t left_ms = (*timer_ - clock_()).micros() / 1000 + 1;
    sleep_ms = std::clamp<std::int64_t>(left_ms, 0, kSleepMillisMax);
  }
  woken_.wait_for(lock, std::chrono::milliseconds(sleep_ms), ready);
  tasks.clear();
  tasks_.Take(kTasksPerRoundMax, tasks);
  return !tasks.empty() || !stopping_;
}

void BridgeRuntime::Run() {
  std::vector<Task> tasks;
  while (Wait(tasks)) Round(tasks);
}

void BridgeRuntime::Round(std::vector<Task>& tasks) {
  const core::LedgerTime now = clock_();
  for (const Task& task : tasks) {
    if (task.event) task.event(*engine_, now);
  }
  if (const auto timer = engine_->next_timer(); timer.has_value() && *timer <= now) {
    engine_->Tick(now);
  }
  if (const absl::Status status = engine_->Flush(now); !status.ok()) {
    if (engine_->rolled_back()) {
      rpc::Log("causeway-bridge",
               std::string(status.message()) +
                   ". See docs/how-to/run-a-bridge.md, \"When the log is lost\"");
      std::_Exit(kRolledBackExitStatus);
    }
    rpc::Log("causeway-bridge",
             fmt::format("cannot tell whether a write is durable, stopping at once: {}",
                         std::string(status.message())));
    std::_Exit(kOutcomeUnknownExitStatus);
  }
  for (LedgerRequest& request : engine_->TakeRequests()) send_(std::move(request));
  for (const WitnessCall& call : engine_->TakeWitnessCalls()) send_to_witness_(call);
  for (const Task& task : tasks) {
    if (task.answer) task.answer(*engine_);
  }
  if (const std::vector<core::Hash256> changed = engine_->TakeChanged(); !changed.empty()) {
    listen_(*engine_, changed);
  }
  timer_ = engine_->next_timer();
}

void BridgeRuntime::Stop() {
  const std::lock_guard once(stop_mutex_);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_one();
  if (thread_.joinable()) thread_.join();
}

}  // namespace causeway::bridge
