// The Observer service (proto/causeway/v1/observer_service.proto) over the runtime's engine.
#ifndef CAUSEWAY_OBSERVER_RUNTIME_SERVICE_H_
#define CAUSEWAY_OBSERVER_RUNTIME_SERVICE_H_

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "causeway/v1/observer_service.pb.h"
#include "observer/runtime/audit_engine.h"
#include "settlement/core/ids.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace causeway::observer {

inline constexpr std::size_t kSettlementsPageMax = 1000;
inline constexpr std::size_t kSettlementsPageDefault = 100;
// An answer of ListBatches ends with the batch that passes this.
inline constexpr std::size_t kBatchBytesPerAnswer = 2 * 1024 * 1024;
// An answer of ListAlerts ends with the alert that passes this; ask from the next number on.
inline constexpr std::size_t kAlertBytesPerAnswer = 16 * 1024 * 1024;

class ObserverService {
 public:
  struct Options {
    // Calls its argument while nothing changes. Any thread.
    std::function<void(const std::function<void(const AuditEngine&)>&)> read;
    // Whether the subscription to that log is up. Any thread.
    std::function<bool(std::string_view origin)> is_connected;
    // As the configuration's witnesses were when they were asked last. Any thread.
    std::function<std::vector<causeway::v1::WatchedWitness>()> witnesses;
    // Who may ask for more than the status; the operator on the machine always may.
    std::vector<core::ParticipantId> readers;
  };

  explicit ObserverService(Options options);
  ~ObserverService();  // after the server is shut down
  ObserverService(const ObserverService&) = delete;
  ObserverService& operator=(const ObserverService&) = delete;

  grpc::Service* service();
  // There are new alerts. Any thread.
  void OnAlert();
  // Ends every watch: the server stops.
  void EndStreams();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace causeway::observer

#endif  // CAUSEWAY_OBSERVER_RUNTIME_SERVICE_H_
