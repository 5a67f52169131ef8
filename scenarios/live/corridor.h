// A corridor of processes on this machine: a node per ledger, the bridge if the plan has one, and
// the observer. It starts them, kills and restarts them when asked to, and stops them in order.
#ifndef CAUSEWAY_SCENARIOS_LIVE_CORRIDOR_H_
#define CAUSEWAY_SCENARIOS_LIVE_CORRIDOR_H_

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scenarios/live/corridor_files.h"
#include "scenarios/spec/plan.h"

namespace causeway::sim {

// How long a program may take until it serves, and to stop after SIGTERM.
inline constexpr std::chrono::milliseconds kStartWaitMax{30'000};
inline constexpr std::chrono::milliseconds kStopWaitMax{15'000};
// A restart that fails (its port was taken meanwhile) is tried again this often.
inline constexpr int kRestartsMax = 5;
inline constexpr std::chrono::milliseconds kRestartPause{200};

// Names of processes that are not ledgers; those are named by their origin. Witnesses that do not
// run beside a ledger are "witness-3" and so on, by their place among all witnesses.
inline constexpr char kBridgeProcess[] = "bridge";
inline constexpr char kObserverProcess[] = "observer";
inline std::string WitnessProcess(std::size_t index) {
  return "witness-" + std::to_string(index + 1);
}

// "host:port" of each.
struct CorridorAddresses {
  std::vector<std::string> ledgers;  // by LedgerIndex
  std::string bridge;                // empty without a bridge
  // Of the decision log, as in the plan: the first are those of the ledgers.
  std::vector<std::string> witnesses;
  std::string observer;
};

// Thread-safe.
class Corridor {
 public:
  // Starts the programs of `bin_dir` on the files; returns when all of them serve. The plan must
  // outlive the corridor.
  static absl::StatusOr<std::unique_ptr<Corridor>> Start(const Plan& plan, CorridorFiles files,
                                                         const std::string& bin_dir);
  // Kills what still runs.
  ~Corridor();
  Corridor(const Corridor&) = delete;
  Corridor& operator=(const Corridor&) = delete;

  const CorridorFiles& files() const;
  const CorridorAddresses& addresses() const;

  // Ends that process with SIGKILL when `after` has passed, and starts it again, at the same
  // address, when `down` more has passed. Returns at once.
  void KillAndRestart(std::string_view process, std::chrono::milliseconds after,
                      std::chrono::milliseconds down);
  // Waits until every process that was killed serves again. The first failure of a restart.
  absl::Status WaitForRestarts();

  // An error when a process ended that nobody killed, or could not be started again; it has the end
  // of its log.
  absl::Status CheckRunning();

  // Of processes that ended and that nobody killed: what CheckRunning says of each, once.
  std::vector<std::string> TakeEnded();

  // Stops all: SIGTERM, first the observer, then the bridge, then the ledgers. The first failure:
  // a process that does not end, or not with exit status 0.
  absl::Status Stop();

 private:
  class Impl;
  explicit Corridor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_LIVE_CORRIDOR_H_
