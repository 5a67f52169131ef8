#include "fx-bridge/runtime/queue_runtime.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "fx-bridge/runtime/bridge_views.h"
#include "settlement/rpc/log.h"

namespace causeway::bridge {

std::optional<core::Rejection> EndOf(const SettlementView& view) {
  if (view.state == SettlementState::kSettled) {
    return core::Rejection{.outcome = core::Outcome::kAccepted};
  }
  if (view.state != SettlementState::kAborted) return std::nullopt;
  core::Rejection why =
      view.rejection.value_or(core::Rejection{.outcome = core::Outcome::kSettlementAborted});
  if (why.outcome == core::Outcome::kAccepted) why.outcome = core::Outcome::kSettlementAborted;
  return why;
}

QueueRuntime::QueueRuntime(std::unique_ptr<QueueDesk> desk, BridgeRuntime* bridge,
                           std::shared_ptr<store::SnapshotStore> snapshots)
    : desk_(std::move(desk)), bridge_(bridge), snapshots_(std::move(snapshots)) {}

QueueRuntime::~QueueRuntime() { Stop(); }

void QueueRuntime::Start() {
  thread_ = std::thread([this] { Run(); });
}

std::optional<core::Rejection> QueueRuntime::Post(Event event, Answer answer,
                                                  const std::string& caller) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return Refusal(core::Outcome::kUnavailable, "the bridge is stopping");
    if (!tasks_.Add(caller, {std::move(event), std::move(answer)})) {
      return Refusal(core::Outcome::kOverloaded, "too many calls wait; try again later");
    }
  }
  woken_.notify_one();
  return std::nullopt;
}

// Never refused: there is one for each attempt that is handed in. Dropped once the runtime stops:
// after the next start it is handed in again.
void QueueRuntime::PostOutcome(std::uint32_t attempt, const core::Rejection& outcome) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    tasks_.Prepend({[this, attempt, outcome](QueueDesk& desk, core::LedgerTime now) {
                      if (!ForgetHandedIn(attempt)) return;
                      desk.OnOutcome(now, attempt, outcome);
                    },
                    nullptr});
  }
  woken_.notify_one();
}

void QueueRuntime::OnChanged(const BridgeEngine& engine,
                             const std::vector<core::Hash256>& changed) {
  std::vector<std::pair<core::Hash256, std::uint32_t>> ours;
  {
    const std::lock_guard lock(mutex_);
    for (const core::Hash256& id : changed) {
      const auto found = awaited_.find(id);
      if (found != awaited_.end()) ours.emplace_back(*found);
    }
  }
  for (const auto& [id, attempt] : ours) {
    const std::optional<SettlementView> view = engine.Find(id);
    if (!view.has_value()) continue;
    if (const auto end = EndOf(*view)) PostOutcome(attempt, *end);
  }
}

bool QueueRuntime::ForgetHandedIn(std::uint32_t attempt) {
  const auto found = handed_in_.find(attempt);
  if (found == handed_in_.end()) return false;
  {
    const std::lock_guard lock(mutex_);
    awaited_.erase(found->second.settlement_id);
  }
  handed_in_.erase(found);
  return true;
}

void QueueRuntime::HandIn(core::LedgerTime now, HandedIn& handed_in) {
  handed_in.again = now + core::Duration::FromMillis(kHandInAgainMillis);
  const std::uint32_t attempt = handed_in.submission.attempt;
  {
    const std::lock_guard lock(mutex_);
    awaited_.emplace(handed_in.settlement_id, attempt);
  }
  bridge_->VerifyAhead(handed_in.submission.terms);
  auto submission = std::make_shared<QueueSubmission>(handed_in.submission);
  auto refused = std::make_shared<std::optional<core::Rejection>>();
  const core::Hash256 id = handed_in.settlement_id;
  // When the engine takes no more, it is handed in again.
  (void)bridge_->Post(
      [submission, refused, id](BridgeEngine& engine, core::LedgerTime at) {
        const auto result = engine.Submit(at, submission->terms, std::move(submission->legs));
        const auto* rejection = std::get_if<core::Rejection>(&result);
        if (rejection == nullptr) return;
        // Of one that the engine knows, what it refuses now is not how it ends.
        const absl::StatusOr<bool> known = engine.IsKnown(id);
        if (known.ok() && !*known) *refused = *rejection;
      },
      [this, refused, id, attempt](const BridgeEngine& engine) {
        if (refused->has_value()) {
          const core::Outcome outcome = (*refused)->outcome;
          const bool later =
              outcome == core::Outcome::kOverloaded || outcome == core::Outcome::kUnavailable;
          if (!later) PostOutcome(attempt, **refused);
          return;
        }
        const std::optional<SettlementView> view = engine.Find(id);
        if (!view.has_value()) return;
        if (const auto end = EndOf(*view)) PostOutcome(attempt, *end);
      });
}

core::LedgerTime QueueRuntime::NextTimer() const {
  core::LedgerTime next = desk_->next_timer();
  for (const auto& [attempt, handed_in] : handed_in_) next = std::min(next, handed_in.again);
  return next;
}

bool QueueRuntime::Wait(std::vector<Task>& tasks) {
  const core::LedgerTime timer = NextTimer();
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return !tasks_.empty() || stopping_; };
  const std::int64_t left_ms = (timer - bridge_->Now()).micros() / 1000 + 1;
  woken_.wait_for(lock,
                  std::chrono::milliseconds(std::clamp<std::int64_t>(left_ms, 0, kSleepMillisMax)),
                  ready);
  tasks.clear();
  tasks_.Take(kTasksPerRoundMax, tasks);
  return !tasks.empty() || !stopping_;
}

void QueueRuntime::Run() {
  std::vector<Task> tasks;
  while (Wait(tasks)) Round(tasks);
}

void QueueRuntime::Round(std::vector<Task>& tasks) {
  const core::LedgerTime now = bridge_->Now();
  for (const Task& task : tasks) {
    if (task.event) task.event(*desk_, now);
  }
  if (desk_->next_timer() <= now) desk_->Tick(now);
  if (const absl::Status status = desk_->Flush(); !status.ok()) {
    rpc::Log("causeway-bridge",
             fmt::format("cannot tell whether a write of the settlement queue is durable, stopping "
                         "at once: {}",
                         std::string(status.message())));
    std::_Exit(kOutcomeUnknownExitStatus);
  }
  for (QueueSubmission& submission : desk_->TakeSubmissions()) {
    const core::Hash256 id = core::SettlementIdOf(submission.terms.payload);
    const std::uint32_t attempt = submission.attempt;
    handed_in_[attempt] = {id, std::move(submission), now};
  }
  for (auto& [attempt, handed_in] : handed_in_) {
    if (handed_in.again <= now) HandIn(now, handed_in);
  }
  for (const Task& task : tasks) {
    if (task.answer) task.answer(*desk_);
  }
  KeepSnapshot();
}

// One at a time, beside the queue: the state of a full queue is hundreds of megabytes.
void QueueRuntime::KeepSnapshot() {
  if (snapshots_ == nullptr || !desk_->IsSnapshotDue() || writes_snapshot_) return;
  absl::StatusOr<QueueSnapshot> snapshot = desk_->Snapshot();
  if (!snapshot.ok()) {
    rpc::Log("causeway-bridge", fmt::format("no snapshot of the settlement queue: {}",
                                            std::string(snapshot.status().message())));
    return;
  }
  desk_->OnSnapshot(*snapshot);
  if (snapshot_thread_.joinable()) snapshot_thread_.join();
  writes_snapshot_ = true;
  snapshot_thread_ = std::thread([this, log = desk_->options().decision_log,
                                  snapshot = *std::move(snapshot)] {
    const absl::Status written = WriteQueueSnapshot(snapshot, log, *snapshots_);
    if (!written.ok()) {
      rpc::Log("causeway-bridge",
               fmt::format("no snapshot of the settlement queue was written, a restart reads more: "
                           "{}",
                           std::string(written.message())));
    }
    writes_snapshot_ = false;
  });
}

void QueueRuntime::Stop() {
  const std::lock_guard once(stop_mutex_);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_one();
  if (thread_.joinable()) thread_.join();
  if (snapshot_thread_.joinable()) snapshot_thread_.join();
}

}  // namespace causeway::bridge
