// The bridge's calls to the witnesses: one channel each, and a deadline on every call. How many are
// under way at once is the engine's matter (pvp::kWitnessCallsMax).
#ifndef CAUSEWAY_FX_BRIDGE_RUNTIME_WITNESS_CALLS_H_
#define CAUSEWAY_FX_BRIDGE_RUNTIME_WITNESS_CALLS_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fx-bridge/runtime/bridge_runtime.h"
#include "fx-bridge/runtime/ledger_calls.h"
#include "settlement/rpc/tls.h"

namespace causeway::bridge {

// What is put into one message, unless a single batch is larger.
inline constexpr std::size_t kWitnessMessageBytesMax = std::size_t{8} << 20;

struct WitnessAddress {
  std::string name;     // as in the policies
  std::string address;  // "host:port"
};

// Thread-safe.
class WitnessCalls {
 public:
  // As LedgerCalls::Open; of `options` the participant and the time of a call count.
  static absl::StatusOr<std::unique_ptr<WitnessCalls>> Open(
      const std::vector<WitnessAddress>& witnesses, const std::optional<rpc::TlsFiles>& tls,
      const LedgerCallOptions& options, BridgeRuntime* runtime);
  // As Stop.
  ~WitnessCalls();
  WitnessCalls(const WitnessCalls&) = delete;
  WitnessCalls& operator=(const WitnessCalls&) = delete;

  // Reads the batches from the log and sends them. A witness that is not configured counts as one
  // that does not answer.
  void Send(const WitnessCall& call);

  // Cancels calls under way and waits for their end. Repeats do nothing.
  void Stop();

 private:
  class Peer;
  WitnessCalls() = default;

  BridgeRuntime* runtime_ = nullptr;
  std::vector<std::unique_ptr<Peer>> peers_;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_RUNTIME_WITNESS_CALLS_H_
