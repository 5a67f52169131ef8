// The bridge's calls to the ledgers: one channel each, a bounded number of calls under way, and a
// deadline on every call. What does not fit waits in a queue of its ledger, so that a slow ledger
// holds up nobody else, and goes together in the next call; a request that waits or is under way is
// not queued again.
#ifndef CAUSEWAY_FX_BRIDGE_RUNTIME_LEDGER_CALLS_H_
#define CAUSEWAY_FX_BRIDGE_RUNTIME_LEDGER_CALLS_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fx-bridge/engine/bridge_engine.h"
#include "fx-bridge/runtime/bridge_runtime.h"
#include "settlement/rpc/tls.h"

namespace causeway::bridge {

struct LedgerAddress {
  core::LedgerOrigin origin;
  std::string address;  // "host:port"
};

struct LedgerCallOptions {
  // Named to the ledgers on insecure connections; empty: nobody.
  core::ParticipantId participant;
  std::size_t calls_max = 2;  // to one ledger at once
  // In one call, of prepares and completions that wait for the ledger together.
  std::size_t requests_per_call_max = 1024;
  std::size_t call_bytes_max = std::size_t{4} * 1024 * 1024;  // one request may exceed it alone
  // Below the coordinator's answer_wait_max, so that a call ends before it is made again.
  core::Duration call_time_max = core::Duration::FromSeconds(10);
};

// Thread-safe.
class LedgerCalls {
 public:
  // Answers go to `runtime`, which must outlive this. Connects in the background. InvalidArgument
  // or FailedPrecondition as rpc::OpenChannel.
  static absl::StatusOr<std::unique_ptr<LedgerCalls>> Open(
      const std::vector<LedgerAddress>& ledgers, const std::optional<rpc::TlsFiles>& tls,
      const LedgerCallOptions& options, BridgeRuntime* runtime);
  // As Stop.
  ~LedgerCalls();
  LedgerCalls(const LedgerCalls&) = delete;
  LedgerCalls& operator=(const LedgerCalls&) = delete;

  // Never blocks. A ledger that is not configured counts as one that does not answer.
  void Send(LedgerRequest request);

  // Drops what waits, cancels what is under way, and returns when no callback runs any more.
  void Stop();

 private:
  class Peer;
  LedgerCalls() = default;
  std::vector<std::unique_ptr<Peer>> peers_;
  BridgeRuntime* runtime_ = nullptr;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_RUNTIME_LEDGER_CALLS_H_
