// A live witness: the engine and the one thread that owns it. Requests that wait are taken
// together, in the order of their batches, and become durable by one sync.
//
// When the engine cannot say whether a write is durable, the process exits with status 70 and
// answers nobody: the outcome is unknown, and the restarted witness finds out.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_WITNESS_RUNTIME_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_WITNESS_RUNTIME_H_

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "central-bank-node/witness/witness_engine.h"

namespace causeway::node {

// Requests that wait at once, and their bytes.
inline constexpr std::size_t kWitnessRequestsMax = 256;
inline constexpr std::size_t kWitnessBytesMax = std::size_t{256} << 20;

// Thread-safe.
class WitnessRuntime {
 public:
  // Runs on the witness's thread: must not block.
  using OnAnswer = std::function<void(witness::Answer)>;
  using Seconds = std::function<std::uint64_t()>;  // since 1970, by the clock

  WitnessRuntime(std::unique_ptr<witness::WitnessEngine> engine, Seconds seconds);
  // As Stop.
  ~WitnessRuntime();
  WitnessRuntime(const WitnessRuntime&) = delete;
  WitnessRuntime& operator=(const WitnessRuntime&) = delete;

  // False, and `on_answer` never runs, when too much waits or the witness stops.
  bool Post(witness::Request request, OnAnswer on_answer);

  // What GetWitness shows, as of what is durable.
  struct State {
    std::uint64_t batches = 0;
    std::uint64_t size = 0;
    std::string checkpoint;
    bool refusing = false;
    std::optional<witness::Evidence> evidence;
  };
  State state() const;
  const std::string& name() const { return name_; }
  const core::PublicKey& public_key() const { return public_key_; }
  const core::LedgerOrigin& decision_log() const { return decision_log_; }

  // Answers what waits, joins the thread. Repeats do nothing. Not from a callback.
  void Stop();

 private:
  struct Task {
    witness::Request request;
    OnAnswer on_answer;
    std::uint64_t first_batch = 0;
  };
  void Run();
  void Round(std::vector<Task> tasks);
  void Show();

  const std::unique_ptr<witness::WitnessEngine> engine_;
  const Seconds seconds_;
  const std::string name_;
  const core::PublicKey public_key_;
  const core::LedgerOrigin decision_log_;

  mutable std::mutex mutex_;
  std::condition_variable woken_;
  std::vector<Task> tasks_;
  std::size_t bytes_ = 0;
  bool stopping_ = false;
  State state_;

  std::mutex stop_mutex_;
  std::thread thread_;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_WITNESS_RUNTIME_H_
