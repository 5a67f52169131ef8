// The observer without its threads and connections: verifier, store and alerts as one. A batch is
// verified, stored, and only then shown; a finding is stored as an alert before anyone hears of it.
// On opening, what is stored is verified again from its bytes. Reads no clock but the one it is
// given. Not synchronised.
#ifndef CAUSEWAY_OBSERVER_RUNTIME_AUDIT_ENGINE_H_
#define CAUSEWAY_OBSERVER_RUNTIME_AUDIT_ENGINE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "causeway/v1/observer_service.pb.h"
#include "observer/runtime/audit_store.h"
#include "observer/runtime/config.h"
#include "observer/verifier/corridor_verifier.h"
#include "settlement/core/suite.h"
#include "settlement/core/time.h"

namespace causeway::observer {

// When an alert is raised. Nothing else of the engine depends on it.
using Clock = std::function<core::LedgerTime()>;

// Bytes of evidence that an alert has at most: one alert must fit into one answer.
inline constexpr std::size_t kEvidenceBytesMax = std::size_t{96} << 20;

class AuditEngine {
 public:
  // Replays the store. `verifier` must outlive the engine. InvalidArgument or FailedPrecondition
  // for a configuration that contradicts itself; DataLoss for a stored batch that does not verify
  // now: the store was altered, or is not of this configuration.
  static absl::StatusOr<std::unique_ptr<AuditEngine>> Open(const ObserverConfig& config,
                                                           std::unique_ptr<AuditStore> store,
                                                           const core::SignatureVerifier& verifier,
                                                           Clock clock);

  // What came from the log with that origin (a ledger or the decision log; it must be followed). An
  // error means that it is unknown what is stored: the process must exit.
  absl::Status OnBatch(std::string_view origin, std::string_view bytes);
  absl::Status OnHead(std::string_view origin, std::string_view note, const GivenProof& proof);

  // A checkpoint of that log that somebody else showed. One that the log did not sign says nothing.
  absl::Status OnCheckpoint(std::string_view origin, std::string_view note);

  // Leaves of that log that are verified and stored.
  std::uint64_t SizeOf(std::string_view origin) const;
  bool IsHalted(std::string_view origin) const;
  // Batches of that log from `first` on, byte for byte as they came, until they pass `bytes_max`;
  // none past the end. NotFound for a log that is not followed; DataLoss for a batch that cannot be
  // read from the store any more.
  absl::StatusOr<std::vector<std::string>> ReadBatches(std::string_view origin, std::uint64_t first,
                                                       std::size_t bytes_max) const;
  // Of that log, which is followed: batches verified and stored.
  std::uint64_t BatchCountOf(std::string_view origin) const;
  const CorridorVerifier& corridor() const { return *corridor_; }
  const std::vector<causeway::v1::Alert>& alerts() const { return alerts_; }  // from number 1
  // Recounts all supplies; findings become alerts.
  absl::Status Recount();

 private:
  AuditEngine(std::unique_ptr<AuditStore> store, Clock clock)
      : store_(std::move(store)), clock_(std::move(clock)) {}
  absl::Status Replay(const ObserverConfig& config);
  absl::Status ReplayLog(std::string_view origin, std::vector<Finding>& findings);
  Step Verify(std::string_view origin, std::string_view bytes);
  const LogVerifier* FindLog(std::string_view origin) const;
  bool IsKnown(const Finding& finding) const;
  absl::Status Raise(std::vector<Finding> findings);

  std::unique_ptr<AuditStore> store_;
  Clock clock_;
  std::unique_ptr<CorridorVerifier> corridor_;
  std::vector<causeway::v1::Alert> alerts_;
};

}  // namespace causeway::observer

#endif  // CAUSEWAY_OBSERVER_RUNTIME_AUDIT_ENGINE_H_
