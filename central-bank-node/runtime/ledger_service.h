// The gRPC service causeway.v1.Ledger over a runtime. Handlers never block gRPC's threads: every
// call is handed to the runtime's.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_LEDGER_SERVICE_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_LEDGER_SERVICE_H_

#include <memory>

#include "central-bank-node/runtime/caller_accounts.h"
#include "central-bank-node/runtime/ledger_runtime.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace causeway::node {

// Threads that feed Subscribe and Watch.
inline constexpr int kStreamThreads = 2;

// Order of the end: EndStreams, then LedgerRuntime::Stop, then the server's Shutdown, then this.
class LedgerService {
 public:
  // Becomes the listener of `runtime`, which must outlive it.
  explicit LedgerService(LedgerRuntime* runtime, CallerLimits limits = {});
  ~LedgerService();
  LedgerService(const LedgerService&) = delete;
  LedgerService& operator=(const LedgerService&) = delete;

  grpc::Service* service();

  // Subscribe and Watch end with UNAVAILABLE, SubmitStream too once it has answered what it has
  // read; those opened later at once. Repeats are harmless.
  void EndStreams();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_LEDGER_SERVICE_H_
