// The gRPC service causeway.v1.Operations: care of the journal of a running ledger, for its
// operator alone.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_OPERATIONS_SERVICE_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_OPERATIONS_SERVICE_H_

#include <memory>

#include "central-bank-node/runtime/journal_care.h"
#include "central-bank-node/runtime/ledger_runtime.h"
#include "central-bank-node/runtime/scrubber.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace causeway::node {

// Order of the end: LedgerRuntime::Stop, which waits for an operation that has begun, then the
// server's Shutdown, then this.
class OperationsService {
 public:
  // All must outlive it. Operations run on threads of `runtime`. Without `scrubber` there is
  // nothing that GetScrub could tell.
  OperationsService(LedgerRuntime* runtime, JournalCare* care, const Scrubber* scrubber = nullptr);
  ~OperationsService();
  OperationsService(const OperationsService&) = delete;
  OperationsService& operator=(const OperationsService&) = delete;

  grpc::Service* service();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_OPERATIONS_SERVICE_H_
