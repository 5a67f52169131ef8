#include "observer/runtime/runtime.h"

#include <grpcpp/channel.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "observer/runtime/log_client.h"
#include "observer/runtime/render.h"
#include "settlement/core/check.h"
#include "settlement/core/checkpoint.h"
#include "settlement/rpc/log.h"

namespace causeway::observer {
namespace {

constexpr char kLogName[] = "causeway-observer";

// One log that is followed.
struct Following {
  std::string origin;
  std::string address;
  std::unique_ptr<LogClient> client;
  std::atomic<bool> connected{false};
  bool quiet = false;       // the last attempt ended as the one before; of the thread below
  std::size_t waiting = 0;  // inputs not yet verified; guarded by the queue's mutex
  std::thread thread;
};

// What came from a log: a batch, its latest checkpoint, or a checkpoint that a witness showed.
struct Input {
  enum class Kind { kBatch, kHead, kCheckpoint };
  Following* log = nullptr;
  Kind kind = Kind::kBatch;
  std::string bytes;
  GivenProof proof;
};

void Log(const std::string& message) { rpc::Log(kLogName, message); }

}  // namespace

struct ObserverRuntime::Impl {
  Impl(Options given, std::unique_ptr<AuditEngine> made)
      : options(std::move(given)), engine(std::move(made)) {}

  absl::Status Connect();
  absl::Status Start();
  void Stop();
  // Subscriptions.
  void Follow(Following& log);
  absl::Status FollowOnce(Following& log);
  absl::StatusOr<std::uint64_t> AskHead(Following& log, std::uint64_t size);
  std::uint64_t WaitUntilVerified(Following& log);
  bool Push(Input input);
  bool Pause(std::chrono::milliseconds pause);
  bool IsStopping();
  bool IsHalted(const Following& log);
  // Verification.
  void Work();
  bool Verify(const Input& input);
  absl::Status Take(const Input& input);
  const LedgerVerifier* LedgerOf(const Following& log) const;
  static void TellNews(const LedgerVerifier& ledger, std::size_t overrides, std::size_t repeated);

  const Options options;
  // Held by whoever looks at the engine, and by the worker while it changes it.
  mutable std::mutex engine_mutex;
  std::unique_ptr<AuditEngine> engine;
  std::vector<std::unique_ptr<Following>> logs;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Input> queue;
  bool stopping = false;  // no more inputs
  std::thread worker;
  std::unique_ptr<WitnessWatch> witnesses;  // null: none
};

absl::Status ObserverRuntime::Impl::Connect() {
  const auto add = [this](const core::LedgerOrigin& origin, const std::string& address,
                          auto make_client) -> absl::Status {
    absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = rpc::OpenChannel(address, options.tls);
    if (!channel.ok()) return channel.status();
    auto log = std::make_unique<Following>();
    log->origin = origin.ToString();
    log->address = address;
    log->client = make_client(*std::move(channel));
    logs.push_back(std::move(log));
    return absl::OkStatus();
  };
  for (const FollowedLedger& ledger : options.config.ledgers) {
    absl::Status added = add(ledger.origin, ledger.address, NewLedgerClient);
    if (!added.ok()) return added;
  }
  if (!options.config.bridge.has_value()) return absl::OkStatus();
  return add(options.config.bridge->decision_log, options.config.bridge->address,
             NewDecisionLogClient);
}

absl::Status ObserverRuntime::Impl::Start() {
  worker = std::thread([this] { Work(); });
  for (const std::unique_ptr<Following>& log : logs) {
    log->thread = std::thread([this, &log = *log] { Follow(log); });
  }
  const std::optional<FollowedBridge>& bridge = options.config.bridge;
  if (!bridge.has_value() || bridge->witnesses.empty()) return absl::OkStatus();
  Following* const log = logs.back().get();  // the decision log
  absl::StatusOr<std::unique_ptr<WitnessWatch>> watch = WitnessWatch::Start(
      {.witnesses = bridge->witnesses,
       .policies = engine->corridor().decision_log()->policies(),
       .tls = options.tls,
       .pause = options.witness_pause,
       .known =
           [this] {
             const std::lock_guard<std::mutex> lock(engine_mutex);
             return engine->corridor().decision_log()->log().checkpoint();
           },
       .show =
           [this, log](std::string note) {
             return Push({log, Input::Kind::kCheckpoint, std::move(note), std::nullopt});
           }});
  if (!watch.ok()) return watch.status();
  witnesses = *std::move(watch);
  return absl::OkStatus();
}

void ObserverRuntime::Impl::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  changed.notify_all();
  if (witnesses != nullptr) witnesses->Stop();
  for (const std::unique_ptr<Following>& log : logs) log->client->Cancel();
  for (const std::unique_ptr<Following>& log : logs) {
    if (log->thread.joinable()) log->thread.join();
  }
  if (worker.joinable()) worker.join();
}

void ObserverRuntime::Impl::Follow(Following& log) {
  std::chrono::milliseconds pause = kReconnectPauseMin;
  std::string last_error;
  while (!IsHalted(log)) {
    const std::uint64_t size_before = WaitUntilVerified(log);
    const absl::Status ended = FollowOnce(log);
    if (ended.ok()) continue;
    const std::string error = ended.ToString();
    log.connected = false;
    const bool has_progress = WaitUntilVerified(log) > size_before;
    if (IsStopping()) return;
    if (has_progress) pause = kReconnectPauseMin;
    // A peer that stays away, or does not let us in, is told once.
    log.quiet = !has_progress && error == last_error;
    if (!log.quiet) Log(fmt::format("lost '{}' at {}: {}", log.origin, log.address, error));
    last_error = error;
    if (!Pause(pause)) return;
    pause = std::min(pause * 2, kReconnectPauseMax);
  }
  Log(fmt::format("'{}' is halted: nothing after what was verified is believed", log.origin));
}

// One subscription from its start to its end; OK when it is time to ask for the log's head again. A
// log that shows no more than it wants to be compared with goes on quietly, so that it is asked.
absl::Status ObserverRuntime::Impl::FollowOnce(Following& log) {
  const std::uint64_t size = WaitUntilVerified(log);
  const absl::StatusOr<std::uint64_t> head_size = AskHead(log, size);
  if (!head_size.ok()) return head_size.status();
  if (!log.quiet && !log.connected) {
    Log(fmt::format("follows '{}' at {} from leaf {}", log.origin, log.address, size));
  }
  // Who names a head and shows none of what leads there is as good as away.
  bool shows = *head_size <= size;
  if (shows) log.connected = true;
  const auto until = std::chrono::steady_clock::now() + options.head_every;
  const absl::Status ended =
      log.client->Subscribe(size, options.head_every, [&](std::string batch) {
        shows = true;
        log.connected = true;
        return Push({&log, Input::Kind::kBatch, std::move(batch), std::nullopt}) && !IsHalted(log);
      });
  // An operator that says so before the time is one that was lost.
  if (!absl::IsDeadlineExceeded(ended) || std::chrono::steady_clock::now() < until) return ended;
  if (shows) return absl::OkStatus();
  return absl::DeadlineExceededError(
      fmt::format("it gave a checkpoint beyond leaf {} and showed none of its leaves", size));
}

// The log's latest checkpoint must extend what was verified before. Its size; 0 when the log says
// that it has none.
absl::StatusOr<std::uint64_t> ObserverRuntime::Impl::AskHead(Following& log, std::uint64_t size) {
  absl::StatusOr<std::string> note = log.client->GetCheckpoint();
  if (size == 0 && absl::IsNotFound(note.status())) note = std::string();
  if (!note.ok()) return note.status();
  GivenProof proof;
  const absl::StatusOr<core::SignedCheckpoint> head = core::ParseCheckpoint(*note);
  const std::uint64_t head_size = head.ok() ? head->checkpoint.size : 0;
  if (size > 0 && head_size > size) {
    absl::StatusOr<GivenProof> given = log.client->GetConsistencyProof(size, head_size);
    if (!given.ok()) return given.status();
    proof = *std::move(given);
  }
  if (!Push({&log, Input::Kind::kHead, *std::move(note), std::move(proof)})) {
    return absl::CancelledError("the observer stops");
  }
  WaitUntilVerified(log);
  if (IsHalted(log)) return absl::DataLossError("the log contradicts itself");
  return head_size;
}

std::uint64_t ObserverRuntime::Impl::WaitUntilVerified(Following& log) {
  {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return log.waiting == 0; });
  }
  const std::lock_guard<std::mutex> lock(engine_mutex);
  return engine->SizeOf(log.origin);
}

bool ObserverRuntime::Impl::IsHalted(const Following& log) {
  const std::lock_guard<std::mutex> lock(engine_mutex);
  return engine->IsHalted(log.origin);
}

// False once the observer stops.
bool ObserverRuntime::Impl::Push(Input input) {
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return stopping || queue.size() < kInputsWaitingMax; });
  if (stopping) return false;
  ++input.log->waiting;
  queue.push_back(std::move(input));
  changed.notify_all();
  return true;
}

// False once the observer stops.
bool ObserverRuntime::Impl::Pause(std::chrono::milliseconds pause) {
  std::unique_lock<std::mutex> lock(mutex);
  return !changed.wait_for(lock, pause, [&] { return stopping; });
}

bool ObserverRuntime::Impl::IsStopping() {
  const std::lock_guard<std::mutex> lock(mutex);
  return stopping;
}

void ObserverRuntime::Impl::Work() {
  for (;;) {
    Input input;
    {
      std::unique_lock<std::mutex> lock(mutex);
      changed.wait(lock, [&] { return stopping || !queue.empty(); });
      if (queue.empty()) return;
      input = std::move(queue.front());
      queue.pop_front();
    }
    const bool stored = Verify(input);
    {
      const std::lock_guard<std::mutex> lock(mutex);
      --input.log->waiting;
      if (!stored) {
        // The store's state is unknown: nothing more is verified.
        stopping = true;
        for (const Input& left : queue) --left.log->waiting;
        queue.clear();
      }
    }
    changed.notify_all();
    if (!stored) return;
  }
}

// Null of a decision log.
const LedgerVerifier* ObserverRuntime::Impl::LedgerOf(const Following& log) const {
  const absl::StatusOr<core::LedgerOrigin> origin = core::LedgerOrigin::Parse(log.origin);
  return origin.ok() ? engine->corridor().FindLedger(*origin) : nullptr;
}

absl::Status ObserverRuntime::Impl::Take(const Input& input) {
  switch (input.kind) {
    case Input::Kind::kBatch:
      return engine->OnBatch(input.log->origin, input.bytes);
    case Input::Kind::kHead:
      return engine->OnHead(input.log->origin, input.bytes, input.proof);
    case Input::Kind::kCheckpoint:
      return engine->OnCheckpoint(input.log->origin, input.bytes);
  }
  return absl::OkStatus();
}

// What came since there were so many of each.
void ObserverRuntime::Impl::TellNews(const LedgerVerifier& ledger, std::size_t overrides,
                                     std::size_t repeated) {
  for (std::size_t i = overrides; i < ledger.overrides().size(); ++i) {
    const Override& order = ledger.overrides()[i];
    Log(fmt::format("OVERRIDE on '{}', entry {}: {}", ledger.origin().text(), order.entry_index,
                    Describe(order)));
  }
  for (std::size_t i = repeated; i < ledger.references().repeated().size(); ++i) {
    const RepeatedReference& each = ledger.references().repeated()[i];
    Log(fmt::format("REPEATED RTGS REFERENCE on '{}', entry {}: {}", ledger.origin().text(),
                    each.use.entry_index, Describe(each)));
  }
}

bool ObserverRuntime::Impl::Verify(const Input& input) {
  absl::Status status;
  bool has_news = false;
  {
    const std::lock_guard<std::mutex> lock(engine_mutex);
    const std::size_t alerts_before = engine->alerts().size();
    const LedgerVerifier* const ledger = LedgerOf(*input.log);
    const std::size_t overrides_before = ledger == nullptr ? 0 : ledger->overrides().size();
    const std::size_t repeated_before =
        ledger == nullptr ? 0 : ledger->references().repeated().size();
    status = Take(input);
    for (std::size_t i = alerts_before; i < engine->alerts().size(); ++i) {
      has_news = true;
      const causeway::v1::Alert& alert = engine->alerts()[i];
      Log(fmt::format("ALERT {}, about '{}': {}", NameOf(alert), alert.origin(), alert.message()));
    }
    if (ledger != nullptr) TellNews(*ledger, overrides_before, repeated_before);
  }
  if (!status.ok()) {
    options.on_store_failure(status);
    return false;
  }
  if (has_news && options.on_alert) options.on_alert();
  return true;
}

ObserverRuntime::ObserverRuntime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ObserverRuntime::~ObserverRuntime() { Stop(); }

absl::StatusOr<std::unique_ptr<ObserverRuntime>> ObserverRuntime::Start(
    Options options, std::unique_ptr<AuditEngine> engine) {
  CW_CHECK(options.on_store_failure != nullptr, "somebody must end the process");
  auto impl = std::make_unique<Impl>(std::move(options), std::move(engine));
  if (absl::Status connected = impl->Connect(); !connected.ok()) return connected;
  // What has begun ends with it.
  std::unique_ptr<ObserverRuntime> runtime(new ObserverRuntime(std::move(impl)));
  if (absl::Status begun = runtime->impl_->Start(); !begun.ok()) return begun;
  return runtime;
}

void ObserverRuntime::Stop() { impl_->Stop(); }

void ObserverRuntime::Read(const std::function<void(const AuditEngine&)>& read) const {
  const std::lock_guard<std::mutex> lock(impl_->engine_mutex);
  read(*impl_->engine);
}

std::vector<causeway::v1::WatchedWitness> ObserverRuntime::Witnesses() const {
  if (impl_->witnesses == nullptr) return {};
  return impl_->witnesses->Witnesses();
}

bool ObserverRuntime::IsConnected(std::string_view origin) const {
  for (const std::unique_ptr<Following>& log : impl_->logs) {
    if (log->origin == origin) return log->connected;
  }
  return false;
}

}  // namespace causeway::observer
