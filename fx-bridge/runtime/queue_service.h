// The gRPC service causeway.v1.SettlementQueue over a queue runtime. Handlers never block gRPC's
// threads: every call is handed to the queue's thread.
//
// Who may do what (docs/protocols/settlement-queue.md has the table): only participants and
// observers of the configuration may call at all. A trade is entered and withdrawn by whoever is
// its party, with signatures; it is shown to its parties and to observers. A member is asked, and
// answers, for itself alone.
#ifndef CAUSEWAY_FX_BRIDGE_RUNTIME_QUEUE_SERVICE_H_
#define CAUSEWAY_FX_BRIDGE_RUNTIME_QUEUE_SERVICE_H_

#include <cstddef>
#include <memory>

#include "fx-bridge/runtime/bridge_access.h"
#include "fx-bridge/runtime/queue_runtime.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace causeway::bridge {

// Trades in one answer of ListTrades.
inline constexpr std::size_t kListTradesMax = 10'000;

// QueueRuntime::Stop comes before the server's Shutdown, and that before the end of this.
class QueueService {
 public:
  // `runtime` must outlive it.
  QueueService(QueueRuntime* runtime, BridgeAccess access);
  ~QueueService();
  QueueService(const QueueService&) = delete;
  QueueService& operator=(const QueueService&) = delete;

  grpc::Service* service();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_RUNTIME_QUEUE_SERVICE_H_
