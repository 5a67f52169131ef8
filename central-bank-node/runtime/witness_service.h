// The gRPC service causeway.v1.Witness over a runtime. Handlers never block gRPC's threads: every
// call is handed to the witness's thread. Any peer with a certificate (or on loopback) may ask;
// batches are taken from the bridge alone.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_WITNESS_SERVICE_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_WITNESS_SERVICE_H_

#include <memory>

#include "central-bank-node/runtime/witness_runtime.h"
#include "settlement/core/ids.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace causeway::node {

// Batches in one call.
inline constexpr int kWitnessCallBatchesMax = 64;

// Order of the end: WitnessRuntime::Stop, then the server's Shutdown, then this.
class WitnessService {
 public:
  // `runtime` must outlive it. `bridge` is the participant that the bridge's certificate names (on
  // an insecure connection: its metadata).
  WitnessService(WitnessRuntime* runtime, const core::ParticipantId& bridge);
  ~WitnessService();
  WitnessService(const WitnessService&) = delete;
  WitnessService& operator=(const WitnessService&) = delete;

  grpc::Service* service();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_WITNESS_SERVICE_H_
