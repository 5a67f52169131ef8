// The gRPC service causeway.v1.Bridge over a runtime. Handlers never block gRPC's threads: every
// call is handed to the engine thread, and streams are fed by threads of their own.
//
// Who may do what (docs/protocols/pvp.md has the table): only participants and observers of the
// configuration may call at all, but for the log's checkpoints, which everybody with a certificate
// may see. Quotes are given to the taker; terms are taken from a payer or approver of their legs; a
// settlement is shown to those, to observers, and to whoever presents its terms; the decision log
// is for observers.
#ifndef CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_SERVICE_H_
#define CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_SERVICE_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "fx-bridge/runtime/bridge_access.h"
#include "fx-bridge/runtime/bridge_runtime.h"
#include "settlement/core/time.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace causeway::bridge {

// Threads that feed WatchSettlement and Subscribe.
inline constexpr int kStreamThreads = 2;
// Calls and streams that may wait for changes of one settlement.
inline constexpr std::size_t kWatchersPerSettlementMax = 256;
// Submissions in one SubmitSettlements.
inline constexpr std::size_t kSubmissionsPerCallMax = 4096;
// That a list of open settlements is cut is told in the bridge's log so often at most.
inline constexpr core::Duration kListCutToldEvery = core::Duration::FromSeconds(60);

// Order of the end: EndStreams, then BridgeRuntime::Stop, then EndCalls, then the server's
// Shutdown, then this.
class BridgeService {
 public:
  // `runtime` must outlive it.
  BridgeService(BridgeRuntime* runtime, BridgeAccess access, RandomSource random);
  ~BridgeService();
  BridgeService(const BridgeService&) = delete;
  BridgeService& operator=(const BridgeService&) = delete;

  grpc::Service* service();

  // What the runtime is to call: BridgeRuntime::Start's `listen`. On the engine thread.
  void OnChanged(const BridgeEngine& engine, const std::vector<core::Hash256>& changed);

  // Streams end with UNAVAILABLE, those opened later at once.
  void EndStreams();
  // Calls that wait for the end of a settlement end with UNAVAILABLE. After BridgeRuntime::Stop.
  void EndCalls();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_SERVICE_H_
