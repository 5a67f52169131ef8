#include "central-bank-node/runtime/witness_runtime.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "central-bank-node/runtime/ledger_runtime.h"
#include "settlement/core/decision_batch.h"
#include "settlement/rpc/log.h"

namespace causeway::node {
namespace {

std::size_t BytesOf(const witness::Request& request) {
  std::size_t bytes = request.known.size();
  for (const std::string& batch : request.batches) bytes += batch.size();
  return bytes;
}

// What does not decode is refused by the engine; it may stand anywhere.
std::uint64_t FirstBatchOf(const witness::Request& request) {
  if (request.batches.empty()) return 0;
  return core::PeekDecisionBatchNumber(request.batches.front());
}

}  // namespace

WitnessRuntime::WitnessRuntime(std::unique_ptr<witness::WitnessEngine> engine, Seconds seconds)
    : engine_(std::move(engine)),
      seconds_(std::move(seconds)),
      name_(engine_->name()),
      public_key_(engine_->public_key()),
      decision_log_(engine_->policies().decision_log()) {
  Show();
  thread_ = std::thread([this] { Run(); });
}

WitnessRuntime::~WitnessRuntime() { Stop(); }

bool WitnessRuntime::Post(witness::Request request, OnAnswer on_answer) {
  const std::size_t bytes = BytesOf(request);
  const std::uint64_t first_batch = FirstBatchOf(request);
  // Only the bridge sends batches; the others leave room for it.
  const std::size_t requests_max =
      request.batches.empty() ? kWitnessRequestsMax / 2 : kWitnessRequestsMax;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || tasks_.size() >= requests_max || bytes_ + bytes > kWitnessBytesMax) {
      return false;
    }
    bytes_ += bytes;
    tasks_.push_back({std::move(request), std::move(on_answer), first_batch});
  }
  woken_.notify_one();
  return true;
}

void WitnessRuntime::Run() {
  for (;;) {
    std::vector<Task> tasks;
    {
      std::unique_lock lock(mutex_);
      woken_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      tasks.swap(tasks_);
      bytes_ = 0;
    }
    Round(std::move(tasks));
  }
}

void WitnessRuntime::Round(std::vector<Task> tasks) {
  // Calls overtake one another on their way here.
  std::stable_sort(tasks.begin(), tasks.end(), [](const Task& left, const Task& right) {
    return left.first_batch < right.first_batch;
  });
  std::vector<witness::Request> requests;
  for (Task& task : tasks) requests.push_back(std::move(task.request));
  const bool refused_before = engine_->refusing();
  absl::StatusOr<std::vector<witness::Answer>> answers = engine_->Handle(requests, seconds_());
  if (!answers.ok()) {
    rpc::Log("causeway-node", fmt::format("witness {}: cannot tell whether a write is durable, "
                                          "stopping at once: {}",
                                          name_, std::string(answers.status().message())));
    ::_exit(kOutcomeUnknownExitStatus);
  }
  if (engine_->refusing() && !refused_before) {
    rpc::Log("causeway-node", fmt::format("ALERT witness {} signs no more ({}): {}", name_,
                                          EvidenceKindName(engine_->evidence()->kind),
                                          engine_->evidence()->message));
  }
  Show();
  for (std::size_t i = 0; i < tasks.size(); ++i) tasks[i].on_answer(std::move((*answers)[i]));
}

void WitnessRuntime::Show() {
  State state{engine_->batches(), engine_->size(), engine_->checkpoint(), engine_->refusing(),
              engine_->evidence()};
  const std::lock_guard lock(mutex_);
  state_ = std::move(state);
}

WitnessRuntime::State WitnessRuntime::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void WitnessRuntime::Stop() {
  const std::lock_guard once(stop_mutex_);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_one();
  if (thread_.joinable()) thread_.join();
}

}  // namespace causeway::node
