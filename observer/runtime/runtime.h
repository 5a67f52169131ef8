// The live observer: one thread verifies and stores, in the order in which things come; one thread
// for each log keeps a subscription to its operator, from where the store ends, and asks on every
// new connection for the log's latest checkpoint; one more asks the witnesses. Thread-safe.
#ifndef CAUSEWAY_OBSERVER_RUNTIME_RUNTIME_H_
#define CAUSEWAY_OBSERVER_RUNTIME_RUNTIME_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "observer/runtime/audit_engine.h"
#include "observer/runtime/config.h"
#include "observer/runtime/witness_watch.h"
#include "settlement/rpc/tls.h"

namespace causeway::observer {

// Batches that wait for the verifier, over all logs: what one slow batch may hold up. Subscriptions
// wait when it is reached, and their operators with them.
inline constexpr std::size_t kInputsWaitingMax = 64;
// Pause before a lost subscription is tried again; doubles from the first to the second.
inline constexpr std::chrono::milliseconds kReconnectPauseMin{100};
inline constexpr std::chrono::milliseconds kReconnectPauseMax{5000};
// How often a log is asked for its head while its subscription lasts: what it shows is then
// compared with what it had signed for others before (LogVerifier::OnHead), also when it shows
// nothing new.
inline constexpr std::chrono::milliseconds kHeadEvery{60'000};
// For one answer of a log's operator that is not a stream.
inline constexpr std::chrono::milliseconds kAnswerWaitMax{10000};

class ObserverRuntime {
 public:
  struct Options {
    ObserverConfig config;
    std::optional<rpc::TlsFiles> tls;  // of the connections to the logs' operators
    // Called once, from the verifying thread, when the store fails: it is unknown what is durable,
    // so the process must exit without answering any more. Must not return in a live program.
    std::function<void(const absl::Status&)> on_store_failure;
    // Called from the verifying thread after new alerts are stored. May be empty.
    std::function<void()> on_alert;
    std::chrono::milliseconds witness_pause = kWitnessPause;
    std::chrono::milliseconds head_every = kHeadEvery;
  };

  // Errors are those of channels that cannot be made (certificates, addresses).
  static absl::StatusOr<std::unique_ptr<ObserverRuntime>> Start(
      Options options, std::unique_ptr<AuditEngine> engine);
  ~ObserverRuntime();  // as Stop
  ObserverRuntime(const ObserverRuntime&) = delete;
  ObserverRuntime& operator=(const ObserverRuntime&) = delete;

  // Ends the subscriptions, verifies what has come, and returns. Repeats do nothing.
  void Stop();

  // Calls `read` while nothing changes. Everything that it sees is stored.
  void Read(const std::function<void(const AuditEngine&)>& read) const;
  // Whether the subscription to that log is up.
  bool IsConnected(std::string_view origin) const;
  // The witnesses of the configuration, as they were when they were asked last.
  std::vector<causeway::v1::WatchedWitness> Witnesses() const;

 private:
  struct Impl;
  explicit ObserverRuntime(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace causeway::observer

#endif  // CAUSEWAY_OBSERVER_RUNTIME_RUNTIME_H_
