// Where an observer keeps what it verified: for each log a journal of the verified batches, byte
// for byte as they came, and one journal of alerts. What is in it can be verified again from
// nothing but the configuration, so the store itself is evidence. On disk: <dir>/logs/<origin with
// '_' for '/'> and <dir>/alerts. Not synchronised.
#ifndef CAUSEWAY_OBSERVER_RUNTIME_AUDIT_STORE_H_
#define CAUSEWAY_OBSERVER_RUNTIME_AUDIT_STORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "causeway/v1/observer_service.pb.h"
#include "observer/runtime/config.h"
#include "settlement/store/journal.h"

namespace causeway::observer {

// Opens or makes the journal with that identity.
using JournalOpener =
    std::function<absl::StatusOr<std::unique_ptr<store::Journal>>(const store::JournalIdentity&)>;

class AuditStore {
 public:
  // In directory `path`, made if it is not there. Errors as of store::OpenLmdbJournal.
  static absl::StatusOr<std::unique_ptr<AuditStore>> OpenLmdb(const std::string& path,
                                                              const ObserverConfig& config);
  // For a reader that must not make anything: NotFound when `path` has no store.
  static absl::Status CheckExists(const std::string& path);
  static absl::StatusOr<std::unique_ptr<AuditStore>> Open(const JournalOpener& open,
                                                          const ObserverConfig& config);

  // The batches of that log; null for a log that is not followed.
  const store::Journal* log(std::string_view origin) const;

  // Appends the next verified batch, which added `leaf_count` leaves. Durable on return; on an
  // error the process must exit.
  absl::Status AppendBatch(std::string_view origin, std::uint32_t leaf_count, std::string bytes);

  std::uint64_t alert_count() const { return alerts_->block_count(); }
  // Alerts are numbered from 1. DataLoss for one that cannot be read.
  absl::StatusOr<causeway::v1::Alert> ReadAlert(std::uint64_t number) const;
  // Its number must be the next. As AppendBatch.
  absl::Status AppendAlert(const causeway::v1::Alert& alert);

 private:
  AuditStore() = default;

  std::map<std::string, std::unique_ptr<store::Journal>, std::less<>> logs_;
  std::unique_ptr<store::Journal> alerts_;
};

}  // namespace causeway::observer

#endif  // CAUSEWAY_OBSERVER_RUNTIME_AUDIT_STORE_H_
