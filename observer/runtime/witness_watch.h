// Asks the witnesses of the decision log, again and again, what they hold and what they found. What
// bears the log's signature goes to the verifier like everything else that the log signed: a
// history other than the one that was verified is a fork. In return each witness is shown the
// checkpoint that was verified here, so that a log with two faces is found whichever of the two it
// showed to whom. Nothing else that a witness says is believed; it is shown to whoever asks for the
// status. Thread-safe.
#ifndef CAUSEWAY_OBSERVER_RUNTIME_WITNESS_WATCH_H_
#define CAUSEWAY_OBSERVER_RUNTIME_WITNESS_WATCH_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "causeway/v1/observer_service.pb.h"
#include "observer/runtime/config.h"
#include "settlement/core/policy_set.h"
#include "settlement/core/suite.h"
#include "settlement/rpc/tls.h"

namespace causeway::observer {

// Between two rounds, and for one answer of a witness.
inline constexpr std::chrono::milliseconds kWitnessPause{5000};
inline constexpr std::chrono::milliseconds kWitnessAnswerWaitMax{3000};

class WitnessWatch {
 public:
  struct Options {
    std::vector<WitnessAddress> witnesses;
    core::PolicySet policies;
    std::optional<rpc::TlsFiles> tls;
    std::chrono::milliseconds pause = kWitnessPause;
    // The log's checkpoint that was verified last; empty before the first.
    std::function<std::string()> known;
    // Takes a note that a witness showed, whoever signed it. May wait until there is room; false
    // once the observer stops.
    std::function<bool(std::string note)> show;
  };

  // Errors are those of channels that cannot be made.
  static absl::StatusOr<std::unique_ptr<WitnessWatch>> Start(Options options);
  ~WitnessWatch();  // as Stop
  WitnessWatch(const WitnessWatch&) = delete;
  WitnessWatch& operator=(const WitnessWatch&) = delete;

  // Ends the call under way, and joins the thread. Repeats do nothing.
  void Stop();

  // As they were when they were asked last, in the order of the configuration.
  std::vector<causeway::v1::WatchedWitness> Witnesses() const;

 private:
  class Impl;
  explicit WitnessWatch(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace causeway::observer

#endif  // CAUSEWAY_OBSERVER_RUNTIME_WITNESS_WATCH_H_
