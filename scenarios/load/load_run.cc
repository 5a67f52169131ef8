#include "scenarios/load/load_run.h"

#include <sys/prctl.h>

#include <algorithm>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

#include "settlement/client/errors.h"

namespace causeway::load {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kLateNs = 1'000'000;
constexpr nanoseconds kPoolPause{std::chrono::milliseconds(1)};
constexpr nanoseconds kWatchPause{std::chrono::milliseconds(50)};
// How late the system may wake the thread that sends on time: its default is 50 us.
constexpr unsigned long kTimerSlackNs = 1'000;

class Runner {
 public:
  Runner(const client::LedgerClient& ledger, RequestPool& pool, RunPlan plan)
      : pool_(pool), plan_(std::move(plan)), start_(SteadyClock::now()) {
    const std::size_t no_bound = std::numeric_limits<std::size_t>::max() / 2;
    stream_ = ledger.OpenSubmitStream(
        {.requests_max = plan_.in_flight_max,
         .bytes_max = plan_.arrivals == nullptr ? no_bound : plan_.bytes_in_flight_max},
        [this](const client::StreamReply& reply) { OnReply(reply); });
  }

  RunResult Run(const std::function<bool(const Progress&)>& on_second) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      start_ = SteadyClock::now();
    }
    std::thread pacer;
    if (plan_.arrivals != nullptr) {
      pacer = std::thread([this] { SendOnTime(); });
    } else {
      const std::lock_guard<std::mutex> lock(mutex_);
      owed_ = plan_.in_flight_max;
    }
    Watch(on_second);
    if (pacer.joinable()) pacer.join();
    End();
    return std::move(result_);
  }

 private:
  struct Slot {
    std::int64_t due_ns = 0;
    std::int64_t sent_ns = 0;
    std::uint64_t number = 0;  // of the request, from 1; 0: free
    std::uint32_t payments = 0;
  };

  std::int64_t Now() const {
    return std::chrono::duration_cast<nanoseconds>(SteadyClock::now() - start_).count();
  }

  bool IsOver() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return over_;
  }
  void SetOver() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!over_) over_ns_ = Now();
      over_ = true;
    }
    changed_.notify_all();
  }

  std::uint64_t Occupy(const Request& request, std::int64_t due_ns, std::int64_t now) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (free_.empty()) {
      free_.push_back(slots_.size());
      slots_.emplace_back();
    }
    const std::uint64_t tag = free_.back();
    free_.pop_back();
    slots_[tag] = {due_ns, now, ++requests_sent_, request.payments};
    in_flight_ += 1;
    if (now - due_ns >= kLateNs) result_.sent_late += 1;
    if (plan_.record_trace) result_.send_times_ns.push_back(now);
    return tag;
  }
  void Vacate(std::uint64_t tag) {
    const std::lock_guard<std::mutex> lock(mutex_);
    slots_[tag].number = 0;
    free_.push_back(tag);
    in_flight_ -= 1;
  }

  // Closed loop: false when no request is ready or the stream has ended.
  bool SendNext() {
    std::optional<Request> request = pool_.TryTake();
    if (!request.has_value()) return false;
    const std::int64_t now = Now();
    const std::uint64_t tag = Occupy(*request, now, now);
    if (stream_->TrySend(tag, std::move(request->bytes)) == client::SubmitStream::Sent::kSent) {
      return true;
    }
    Vacate(tag);
    SetOver();
    return false;
  }

  // Open loop, on a thread of its own.
  void SendOnTime() {
    ::prctl(PR_SET_TIMERSLACK, kTimerSlackNs, 0, 0, 0);
    while (const std::optional<std::int64_t> due = NextDue()) {
      std::this_thread::sleep_until(start_ + nanoseconds(*due));
      if (IsOver()) return GiveUpFrom(*due);
      std::optional<Request> request = pool_.TryTake();
      if (!request.has_value()) {
        if (!pool_.exhausted()) {
          const std::lock_guard<std::mutex> lock(mutex_);
          result_.pool_empty += 1;
        }
        request = pool_.Take();
      }
      if (!request.has_value()) {
        if (IsOver()) GiveUpFrom(*due);
        break;
      }
      if (SendWhenThereIsRoom(*std::move(request), *due)) continue;
      SetOver();
      return GiveUpFrom(*due);
    }
    SetOver();
  }

  // When the next request of the plan is due.
  std::optional<std::int64_t> NextDue() {
    if (plan_.requests != 0 && arrived_ == plan_.requests) return std::nullopt;
    const std::optional<std::int64_t> due = plan_.arrivals->Next();
    const std::int64_t end_ns = plan_.duration.count();
    if (!due.has_value() || (end_ns > 0 && *due >= end_ns)) return std::nullopt;
    arrived_ += 1;
    return due;
  }

  // What is not sent any more, and was due by the end of the load, has waited until now: without it
  // an overload would lose its slowest payments.
  void GiveUpFrom(std::int64_t first_due_ns) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const std::int64_t now = Now();
    for (std::optional<std::int64_t> due = first_due_ns; due.has_value() && *due <= over_ns_;
         due = NextDue()) {
      result_.not_sent += plan_.payments_per_request;
      if (*due >= plan_.warm_up.count()) result_.corrected.Record(now - *due);
    }
  }

  bool SendWhenThereIsRoom(Request request, std::int64_t due_ns) {
    const std::uint64_t tag = Occupy(request, due_ns, Now());
    auto sent = stream_->TrySend(tag, request.bytes);
    if (sent == client::SubmitStream::Sent::kWindowFull) {
      std::uint64_t number = 0;
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        number = slots_[tag].number;
      }
      if (stream_->Send(tag, std::move(request.bytes))) sent = client::SubmitStream::Sent::kSent;
      const std::lock_guard<std::mutex> lock(mutex_);
      if (slots_[tag].number == number) slots_[tag].sent_ns = Now();
    }
    if (sent == client::SubmitStream::Sent::kSent) return true;
    Vacate(tag);
    return false;
  }

  void OnReply(const client::StreamReply& reply) {
    const std::int64_t now = Now();
    bool send = false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      Slot& slot = slots_[reply.tag];
      Time(slot, now);
      Count(slot, reply);
      slot.number = 0;
      free_.push_back(reply.tag);
      in_flight_ -= 1;
      send = plan_.arrivals == nullptr && !over_;
      if (over_ && in_flight_ == 0) changed_.notify_all();
    }
    if (!send || SendNext()) return;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      owed_ += 1;
    }
    changed_.notify_all();
  }

  // With the lock held, as the two below.
  void Time(const Slot& slot, std::int64_t now) {
    const auto second = static_cast<std::size_t>(now / kNsPerSecond);
    if (second >= result_.seconds.size()) CloseSecond(second + 1);
    result_.seconds.back().payments += slot.payments;
    result_.seconds.back().requests += 1;
    this_second_.Record(now - slot.due_ns);
    answered_payments_ += slot.payments;
    const std::int64_t warm_up = plan_.warm_up.count();
    if (now >= warm_up) {
      result_.measured_payments += slot.payments;
      result_.measured_requests += 1;
      result_.measured_s = static_cast<double>(now - warm_up) / kNsPerSecond;
    }
    if (slot.due_ns >= warm_up) {
      result_.corrected.Record(now - slot.due_ns);
      result_.uncorrected.Record(now - slot.sent_ns);
    }
  }

  void CloseSecond(std::size_t size) {
    if (!result_.seconds.empty()) {
      Second& last = result_.seconds.back();
      last.p50_ns = this_second_.ValueAtPercentile(50);
      last.p99_ns = this_second_.ValueAtPercentile(99);
      last.max_ns = this_second_.max_ns();
    }
    this_second_.Clear();
    result_.seconds.resize(size);
  }

  void Count(const Slot& slot, const client::StreamReply& reply) {
    if (!reply.outcome.ok()) {
      const std::optional<core::Rejection> rejection = client::RejectionOf(reply.outcome.status());
      if (rejection.has_value()) {
        result_.refused[rejection->outcome] += slot.payments;
      } else {
        result_.failed += slot.payments;
      }
      NoteFailure(std::string(reply.outcome.status().message()));
      return;
    }
    if (const auto* bulk = std::get_if<client::BulkReply>(&*reply.outcome)) {
      if (bulk->repeated) {
        CountRepeat(slot);
        return;
      }
      result_.settled += bulk->payment_count - bulk->rejections.size();
      for (const client::BulkReply::Rejected& rejected : bulk->rejections) {
        result_.rejected[rejected.rejection.outcome] += 1;
        NoteFailure(core::Describe(rejected.rejection));
      }
      return;
    }
    for (const auto& view : std::get<std::vector<client::InstructionView>>(*reply.outcome)) {
      if (view.repeated) {
        CountRepeat(slot);
      } else if (view.status == core::InstructionStatus::kSettled) {
        result_.settled += 1;
      } else {
        result_.rejected[view.rejection.outcome] += 1;
        NoteFailure(core::Describe(view.rejection));
      }
    }
  }

  void CountRepeat(const Slot& slot) {
    result_.repeated += slot.payments;
    NoteFailure("the ledger knew the request before: the seed was used on it already");
  }

  void NoteFailure(const std::string& what) {
    if (result_.first_failure.empty()) result_.first_failure = what;
  }

  // Until the load is over: sends what the closed loop owes, and tells about each second.
  void Watch(const std::function<bool(const Progress&)>& on_second) {
    // An open loop ends by its plan; when the ledger is far behind it, here.
    const std::int64_t end_ns =
        plan_.duration.count() + (plan_.arrivals != nullptr ? plan_.drain.count() : 0);
    std::int64_t told_s = 0;
    while (!IsOver()) {
      const std::int64_t now = Now();
      if (plan_.duration.count() > 0 && now >= end_ns) SetOver();
      if (stream_->ended()) SetOver();
      if (now / kNsPerSecond > told_s) {
        told_s = now / kNsPerSecond;
        if (on_second && !on_second(ProgressAt(now))) SetOver();
      }
      const bool waits_for_pool = PayOwed();
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait_for(lock, waits_for_pool ? kPoolPause : kWatchPause,
                        [&] { return over_ || (owed_ > 0 && !waits_for_pool); });
    }
    pool_.Stop();
    stream_->CloseSending();
    if (on_second) on_second(ProgressAt(Now()));
  }

  // Closed loop: whether something is owed that no request is ready for.
  bool PayOwed() {
    for (;;) {
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (owed_ == 0 || over_) return false;
        owed_ -= 1;
      }
      if (SendNext()) continue;
      if (pool_.exhausted()) SetOver();
      const std::lock_guard<std::mutex> lock(mutex_);
      owed_ += 1;
      result_.pool_empty += over_ ? 0 : 1;
      return true;
    }
  }

  Progress ProgressAt(std::int64_t now) {
    const std::lock_guard<std::mutex> lock(mutex_);
    Progress progress;
    progress.elapsed_s = static_cast<double>(now) / kNsPerSecond;
    progress.payments = answered_payments_;
    progress.in_flight = in_flight_;
    // The last whole second.
    if (result_.seconds.size() > 1) progress.last = result_.seconds[result_.seconds.size() - 2];
    return progress;
  }

  void End() {
    bool answered = false;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      const auto end = SteadyClock::now() + plan_.drain;
      while (in_flight_ > 0 && SteadyClock::now() < end) {
        lock.unlock();
        const bool ended = stream_->ended();
        lock.lock();
        if (ended) break;
        changed_.wait_for(lock, kWatchPause, [this] { return in_flight_ == 0; });
      }
      answered = in_flight_ == 0;
    }
    if (!answered && !stream_->ended()) stream_->Cancel();
    const absl::Status status = stream_->Finish();
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!answered) result_.stream_end = status;
    const std::int64_t now = Now();
    for (const Slot& slot : slots_) {
      if (slot.number == 0) continue;
      result_.unanswered += slot.payments;
      if (slot.due_ns >= plan_.warm_up.count()) result_.corrected.Record(now - slot.due_ns);
    }
    CloseSecond(result_.seconds.size());
  }

  RequestPool& pool_;
  const RunPlan plan_;
  SteadyClock::time_point start_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Slot> slots_;
  std::vector<std::uint64_t> free_;
  std::uint64_t requests_sent_ = 0;
  std::uint64_t answered_payments_ = 0;
  std::size_t in_flight_ = 0;
  std::size_t owed_ = 0;  // requests that the closed loop should have sent
  bool over_ = false;
  std::int64_t over_ns_ = 0;   // since when
  std::uint64_t arrived_ = 0;  // open loop: requests that its plan has named
  LatencyHistogram this_second_;
  RunResult result_;

  // Last: its callbacks use all of the above.
  std::unique_ptr<client::SubmitStream> stream_;
};

}  // namespace

double RunResult::payments_per_s() const {
  return measured_s > 0 ? static_cast<double>(measured_payments) / measured_s : 0;
}

double RunResult::requests_per_s() const {
  return measured_s > 0 ? static_cast<double>(measured_requests) / measured_s : 0;
}

std::uint64_t RunResult::Unexpected(const std::vector<core::Outcome>& allowed) const {
  std::uint64_t unexpected = repeated + failed + unanswered + not_sent;
  for (const auto* outcomes : {&rejected, &refused}) {
    for (const auto& [outcome, payments] : *outcomes) {
      if (std::find(allowed.begin(), allowed.end(), outcome) == allowed.end()) {
        unexpected += payments;
      }
    }
  }
  return unexpected;
}

RunResult RunLoad(const client::LedgerClient& ledger, RequestPool& pool, RunPlan plan,
                  const std::function<bool(const Progress&)>& on_second) {
  return Runner(ledger, pool, std::move(plan)).Run(on_second);
}

}  // namespace causeway::load
