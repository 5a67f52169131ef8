// The API of a log's operator as the observer needs it: the same for a ledger node and the bridge.
// Thread-compatible, except that Cancel may be called from any thread at any time.
#ifndef CAUSEWAY_OBSERVER_RUNTIME_LOG_CLIENT_H_
#define CAUSEWAY_OBSERVER_RUNTIME_LOG_CLIENT_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "observer/verifier/log_verifier.h"

namespace grpc {
class Channel;
}  // namespace grpc

namespace causeway::observer {

class LogClient {
 public:
  virtual ~LogClient() = default;

  // The log's latest checkpoint.
  virtual absl::StatusOr<std::string> GetCheckpoint() = 0;
  // That the tree of `new_size` extends that of `old_size`; absent when the operator's API has no
  // such proofs.
  virtual absl::StatusOr<GivenProof> GetConsistencyProof(std::uint64_t old_size,
                                                         std::uint64_t new_size) = 0;
  // Hands every batch from leaf `from_index` on to `take`, in order, until `take` says false, the
  // stream ends, `longest` has passed, or Cancel. Never OK: the end of a stream is Unavailable,
  // DeadlineExceeded or Cancelled.
  virtual absl::Status Subscribe(std::uint64_t from_index, std::chrono::milliseconds longest,
                                 const std::function<bool(std::string batch)>& take) = 0;
  // Ends the call under way, and every later one at once.
  virtual void Cancel() = 0;
};

std::unique_ptr<LogClient> NewLedgerClient(std::shared_ptr<grpc::Channel> channel);
std::unique_ptr<LogClient> NewDecisionLogClient(std::shared_ptr<grpc::Channel> channel);

}  // namespace causeway::observer

#endif  // CAUSEWAY_OBSERVER_RUNTIME_LOG_CLIENT_H_
