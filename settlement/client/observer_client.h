// A connection to an observer: what it has verified by itself, and what it found wrong. Threads and
// errors as in ledger_client.h. The fields of the views are documented in
// proto/causeway/v1/observer_service.proto.
#ifndef CAUSEWAY_SETTLEMENT_CLIENT_OBSERVER_CLIENT_H_
#define CAUSEWAY_SETTLEMENT_CLIENT_OBSERVER_CLIENT_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/client/connection.h"
#include "settlement/client/subscription.h"
#include "settlement/client/views.h"

namespace causeway::client {

struct VerifiedLog {
  core::LedgerOrigin origin;
  std::uint64_t size = 0;
  core::Hash256 root;
  std::string checkpoint;
  bool connected = false;
  std::optional<core::Hash256> state_root;  // none for the decision log
  bool halted = false;
};
struct CurrencySupply {
  core::Currency currency;
  core::LedgerOrigin ledger;
  core::Amount issued;
  core::Amount in_circulation;
};
struct ObserverStatus {
  std::vector<VerifiedLog> logs;
  std::vector<CurrencySupply> supplies;
  std::uint64_t settlements_settled = 0;
  std::uint64_t settlements_aborted = 0;
  std::uint64_t settlements_open = 0;
  std::uint64_t alerts = 0;
};

struct ObservedLeg {
  core::LedgerOrigin ledger;
  core::InstructionStatus status = core::InstructionStatus::kNone;
  std::uint64_t entry_index = 0;
};
struct ObservedSettlement {
  core::Hash256 settlement_id;
  std::string verdict;  // by the decision log: "commit", "abort"; empty without a record
  std::vector<ObservedLeg> ledgers;
  bool complete = false;
};

// The numbers are those of causeway.v1.AlertKind.
enum class AlertKind : std::uint8_t {
  kNone = 0,
  kMalformedBatch = 1,
  kBadSignature = 2,
  kRootMismatch = 3,
  kForkedLog = 4,
  kEntryDiffers = 5,
  kSupplyMismatch = 6,
  kSettlementNotAtomic = 7,
  kInvalidDecision = 8,
  kLogRolledBack = 9,
};
// "malformed-batch", "bad-signature", ...
std::string_view AlertKindName(AlertKind kind);

struct Evidence {
  std::string name;
  std::string content;
};
struct Alert {
  std::uint64_t number = 0;
  AlertKind kind = AlertKind::kNone;
  std::string origin;
  std::string message;
  std::vector<Evidence> evidence;
  core::LedgerTime raised;
};

class ObserverClient {
 public:
  // Only checks the options; the first call shows whether the observer is there.
  static absl::StatusOr<ObserverClient> Connect(const ConnectionOptions& options);
  ~ObserverClient();
  ObserverClient(ObserverClient&&) noexcept;
  ObserverClient& operator=(ObserverClient&&) noexcept;

  absl::Status WaitForConnection(std::chrono::milliseconds deadline) const;

  absl::StatusOr<ObserverStatus> GetStatus(CallOptions call = {}) const;
  absl::StatusOr<ObservedSettlement> GetSettlement(const core::Hash256& settlement_id,
                                                   CallOptions call = {}) const;
  // `page_size` 1 to 1,000; 0 means 100.
  absl::StatusOr<std::vector<ObservedSettlement>> ListSettlements(std::uint64_t offset,
                                                                  std::uint32_t page_size,
                                                                  bool open_only,
                                                                  CallOptions call = {}) const;
  // From the observer's own copy of the ledger.
  absl::StatusOr<AccountView> GetAccount(const core::LedgerOrigin& ledger,
                                         const core::AccountAddress& address,
                                         CallOptions call = {}) const;
  absl::StatusOr<std::vector<AccountView>> ListAccounts(const core::LedgerOrigin& ledger,
                                                        CallOptions call = {}) const;
  // Oldest first.
  absl::StatusOr<std::vector<Alert>> ListAlerts(std::uint64_t from_number,
                                                CallOptions call = {}) const;
  // From a number on, then new ones. The client must outlive the subscription.
  absl::StatusOr<std::unique_ptr<Subscription>> WatchAlerts(
      std::uint64_t from_number, std::function<bool(Alert)> on_alert) const;

 private:
  struct Impl;
  explicit ObserverClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace causeway::client

#endif  // CAUSEWAY_SETTLEMENT_CLIENT_OBSERVER_CLIENT_H_
