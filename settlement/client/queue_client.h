// A connection to the settlement queue of a bridge: trades payment versus payment that wait until
// they can settle. Threads and errors as in ledger_client.h. The fields of the views are documented
// in proto/causeway/v1/queue_service.proto; what a member's program does all day is in
// queue_member.h.
#ifndef CAUSEWAY_SETTLEMENT_CLIENT_QUEUE_CLIENT_H_
#define CAUSEWAY_SETTLEMENT_CLIENT_QUEUE_CLIENT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/client/connection.h"
#include "settlement/core/envelope.h"
#include "settlement/core/outcome.h"
#include "settlement/core/queued_trade.h"

namespace causeway::client {

enum class QueuedTradeState : std::uint8_t {
  kNone = 0,
  kAwaitingCounterparty = 1,
  kWaiting = 2,
  kBeingSettled = 3,
  kSettled = 4,
  kReturned = 5,
};
// "awaiting-counterparty", "waiting", ...
std::string_view QueuedTradeStateName(QueuedTradeState state);

enum class QueueWaitReason : std::uint8_t {
  kNone = 0,
  kBeingSettled = 1,
  kFunds = 2,
  kOrder = 3,
  kPassedOver = 4,
};
// "next-run", "being-settled", "funds", "order", "passed-over".
std::string_view QueueWaitReasonName(QueueWaitReason reason);

struct QueuedTradeView {
  core::Hash256 id;         // has been compared with the bytes
  core::QueuedTrade trade;  // what they say
  std::string bytes;
  QueuedTradeState state = QueuedTradeState::kNone;
  QueueWaitReason reason = QueueWaitReason::kNone;
  std::vector<core::ParticipantId> entered;
  std::vector<core::ParticipantId> withdrawn;
  core::LedgerTime first_entered;
  core::LedgerTime waits_since;  // the epoch: one party has not entered it
  core::LedgerTime ended;        // the epoch: not yet
  core::Rejection rejection{.outcome = core::Outcome::kAccepted};  // why it was returned
  std::optional<core::Hash256> settlement_id;
  std::uint32_t together = 0;  // trades in that settlement
};

struct QueuedTrades {
  core::LedgerTime now;  // the bridge's clock
  std::vector<QueuedTradeView> trades;
};

struct FundsRequest {
  std::uint64_t run = 0;
  core::LedgerOrigin ledger;
  core::AccountAddress account;
};

// Nothing here is checked: CheckSignatureRequest (queue_member.h).
struct SignatureRequest {
  std::uint32_t attempt = 0;
  std::string terms;                // exact bytes of the TermsHeader
  std::vector<std::string> legs;    // exact bytes of each Leg
  std::vector<std::string> trades;  // the member's own, exact bytes
  core::LedgerTime until;
};

struct MemberRequests {
  std::vector<FundsRequest> funds;
  std::vector<SignatureRequest> signatures;
};

using QueueAccounts = std::map<core::LedgerOrigin, core::AccountAddress>;

struct QueueInfo {
  core::LedgerOrigin queue;  // what trades name
  core::Duration interval;
  std::string selection;
  bool bypass = false;
  core::Duration answer_max;
  std::map<core::ParticipantId, QueueAccounts> members;  // the caller; for observers all
  std::uint64_t entered = 0;
  std::uint64_t settled_alone = 0;
  std::uint64_t settled_together = 0;
  std::uint64_t sets_settled = 0;
  std::uint64_t attempts_refused = 0;
  std::uint64_t returned = 0;
  std::uint64_t runs = 0;
  std::uint64_t unmatched = 0;
  std::uint64_t waiting = 0;
};

struct QueueSetView {
  std::uint32_t attempt = 0;
  core::Hash256 settlement_id;
  std::uint32_t size = 0;
  std::vector<core::Hash256> trades;       // those that are shown to the caller
  std::optional<core::Rejection> outcome;  // kAccepted: settled; none: under way
};

struct QueueRunView {
  std::uint64_t run = 0;
  core::LedgerTime began;
  std::uint32_t waiting = 0;
  std::uint32_t accounts_asked = 0;
  std::uint32_t accounts_told = 0;
  std::vector<QueueSetView> sets;
  std::vector<core::Hash256> settled_without_payment;
};

// A party's word on a trade, and its taking back. Both parties sign the same trade.
absl::StatusOr<core::Envelope> SignTrade(const core::QueuedTrade& trade,
                                         std::span<const core::Signer* const> signers);
absl::StatusOr<core::Envelope> SignTradeWithdrawal(const core::TradeWithdrawal& withdrawal,
                                                   std::span<const core::Signer* const> signers);

class QueueClient {
 public:
  // Only checks the options; the first call shows whether the bridge is there and has a queue
  // (Unimplemented when it has none).
  static absl::StatusOr<QueueClient> Connect(const ConnectionOptions& options);
  ~QueueClient();
  QueueClient(QueueClient&&) noexcept;
  QueueClient& operator=(QueueClient&&) noexcept;

  // Safe to repeat with the same bytes.
  absl::StatusOr<QueuedTradeView> EnterTrade(const core::Envelope& trade,
                                             CallOptions call = {}) const;
  absl::StatusOr<QueuedTradeView> WithdrawTrade(const core::Envelope& withdrawal,
                                                CallOptions call = {}) const;
  absl::StatusOr<QueuedTradeView> GetTrade(const core::Hash256& id, CallOptions call = {}) const;
  // `ended`: also those that have.
  absl::StatusOr<QueuedTrades> ListTrades(bool ended, CallOptions call = {}) const;
  absl::StatusOr<QueueInfo> GetQueue(CallOptions call = {}) const;
  // Latest first.
  absl::StatusOr<std::vector<QueueRunView>> ListRuns(CallOptions call = {}) const;

  // Of a member. NotFound from the answers: it is not, or no longer, asked.
  absl::StatusOr<MemberRequests> GetRequests(CallOptions call = {}) const;
  absl::Status TellFunds(std::uint64_t run, const core::LedgerOrigin& ledger, core::Amount funds,
                         CallOptions call = {}) const;
  absl::Status SignAttempt(std::uint32_t attempt, const core::Envelope& terms,
                           CallOptions call = {}) const;

 private:
  struct Impl;
  explicit QueueClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace causeway::client

#endif  // CAUSEWAY_SETTLEMENT_CLIENT_QUEUE_CLIENT_H_
