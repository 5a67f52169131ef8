// Many readers or one writer, and a waiting writer goes first: the sequencer must not starve behind
// queries and admissions that overlap for ever, as it would with a plain std::shared_mutex.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_ENGINE_GATE_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_ENGINE_GATE_H_

#include <mutex>
#include <shared_mutex>

namespace causeway::node {

class EngineGate {
 public:
  // Not to be nested: a reader that waits for a writer must hold nothing that the writer waits for.
  std::shared_lock<std::shared_mutex> Read() const {
    const std::lock_guard<std::mutex> turn(turnstile_);
    return std::shared_lock<std::shared_mutex>(engine_);
  }
  std::unique_lock<std::shared_mutex> Write() const {
    const std::lock_guard<std::mutex> turn(turnstile_);
    return std::unique_lock<std::shared_mutex>(engine_);
  }

 private:
  mutable std::mutex turnstile_;  // held while waiting, so that later readers queue up behind
  mutable std::shared_mutex engine_;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_ENGINE_GATE_H_
