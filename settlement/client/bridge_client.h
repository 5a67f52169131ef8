// A connection to the FX bridge: quotes, and settlement of signed terms payment versus payment.
// Threads and errors as in ledger_client.h. The fields of the views are documented in
// proto/causeway/v1/bridge_service.proto.
#ifndef CAUSEWAY_SETTLEMENT_CLIENT_BRIDGE_CLIENT_H_
#define CAUSEWAY_SETTLEMENT_CLIENT_BRIDGE_CLIENT_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/client/connection.h"
#include "settlement/client/receipt.h"
#include "settlement/client/retry.h"
#include "settlement/client/subscription.h"
#include "settlement/client/views.h"
#include "settlement/core/envelope.h"
#include "settlement/core/rate.h"
#include "settlement/core/settlement.h"

namespace causeway::client {

// Price is quote currency per unit of base currency.
struct CurrencyPair {
  core::Currency base;
  core::Currency quote;

  friend bool operator==(const CurrencyPair&, const CurrencyPair&) = default;
};

// How the bridge sees a witness.
struct BridgeWitness {
  std::string name;
  bool reached = false;        // it has answered since the bridge was started
  std::uint64_t batches = 0;   // that it is known to hold
  std::uint64_t cosigned = 0;  // size of the largest checkpoint that it cosigned since then
  std::string refusal;         // why it did not take what it was sent last; empty when it did
};

struct BridgeInfo {
  core::LedgerOrigin decision_log;
  core::SettlementPolicy policy;  // its hash has been compared with its bytes
  std::string policy_bytes;
  std::vector<core::LedgerOrigin> ledgers;
  std::vector<CurrencyPair> pairs;
  std::vector<BridgeWitness> witnesses;  // of all its policies
};

struct QuoteRequest {
  core::ParticipantId taker;
  core::Currency sell_currency;
  core::Currency buy_currency;
  std::optional<core::Amount> sell;  // exactly one of the two: the dealt amount
  std::optional<core::Amount> buy;
  core::AccountAddress sell_account;
  core::AccountAddress buy_account;
  core::InstructionId instruction_id;
  core::Uetr uetr;  // nil: the bridge draws one
};

// What the bridge offers. `terms` and `legs` are what settles, everything else is commentary: call
// CheckQuote (quote_check.h) before signing.
struct Quote {
  std::string quote_id;
  core::ParticipantId provider;
  CurrencyPair pair;
  core::Rate bid;
  core::Rate ask;
  core::Rate rate;
  core::Money sell;
  core::Money buy;
  core::LedgerTime expires;
  std::string value_date;
  std::string terms;              // exact bytes of the TermsHeader
  std::vector<std::string> legs;  // exact bytes of each Leg
  core::Hash256 settlement_id;
};

enum class SettlementState : std::uint8_t {
  kNone = 0,
  kAwaitingSignatures = 1,
  kPreparing = 2,
  kCommitted = 3,
  kSettled = 4,
  kAborting = 5,
  kAborted = 6,
  kCertifying = 7,  // decided; waits for the cosignatures of witnesses
  // Answers RequestAbort for one that was not handed in: it is aborted when it is.
  kAbortOrdered = 8,
};
// "awaiting-signatures", "preparing", ...
std::string_view SettlementStateName(SettlementState state);
// Settled or aborted on every ledger.
bool IsComplete(SettlementState state);

struct LedgerProgress {
  core::LedgerOrigin ledger;
  bool prepared = false;
  bool complete = false;
  // Requests for what it is waited for, since the bridge's start; why the latest that failed did.
  std::uint32_t attempts = 0;
  std::optional<core::Rejection> failure;
  core::LedgerTime failed;  // the epoch without a failure
};

struct SettlementView {
  core::Hash256 settlement_id;
  SettlementState state = SettlementState::kNone;
  core::Rejection rejection{.outcome = core::Outcome::kAccepted};  // why it was aborted
  core::LedgerTime deadline;
  core::LedgerTime submitted;
  core::LedgerTime decided;  // the epoch while undecided
  std::vector<LedgerProgress> ledgers;
  std::optional<core::Certificate> certificate;  // once decided, and cosigned where that is needed
  std::vector<core::ParticipantId> awaiting;     // whose signature is missing
  // Of a settlement list: how many settlements are in it and, once it is decided, which of them are
  // committed; the others are aborted.
  std::uint32_t list_count = 0;
  core::PositionSet list_committed;
};

// Terms, or a settlement list, to hand in with others.
struct Submission {
  core::Envelope terms;
  std::vector<std::string> legs;  // of a list its parts
};

// Whether the view's certificate proves its decision to one who trusts no bridge, by the policy
// that the reader knows from its central bank: the record is in the log, as many witnesses as the
// policy needs cosigned it, and a commit has the vote of every ledger in the terms. Exact bytes of
// the policy and of the terms header. FailedPrecondition while there is no certificate; else
// InvalidArgument says what does not hold.
absl::Status VerifyDecision(const SettlementView& view, std::string_view policy_bytes,
                            std::string_view terms_bytes);

// Settlements that are not complete.
struct OpenSettlements {
  core::LedgerTime now;                     // the bridge's clock
  std::vector<SettlementView> settlements;  // oldest first; only those older than was asked
};

// What an open settlement waits for, one line for each: a participant's signature, a ledger's vote
// or acknowledgement, the decision, cosignatures. Nothing for one that is complete.
std::vector<std::string> WaitsFor(const SettlementView& view);

// A batch of the decision log: core::DecodeDecisionBatch reads `bytes`.
struct DecisionBatchEvent {
  std::uint64_t number = 0;
  std::string bytes;
};

class BridgeClient {
 public:
  // Only checks the options; the first call shows whether the bridge is there.
  static absl::StatusOr<BridgeClient> Connect(const ConnectionOptions& options);
  ~BridgeClient();
  BridgeClient(BridgeClient&&) noexcept;
  BridgeClient& operator=(BridgeClient&&) noexcept;

  absl::Status WaitForConnection(std::chrono::milliseconds deadline) const;

  absl::StatusOr<BridgeInfo> GetBridge(CallOptions call = {}) const;
  absl::StatusOr<Quote> RequestQuote(const QuoteRequest& request, CallOptions call = {}) const;
  // Hands in terms. With `wait`, answers when the settlement is complete on every ledger.
  absl::StatusOr<SettlementView> SubmitSettlement(const core::Envelope& terms,
                                                  std::span<const std::string> legs, bool wait,
                                                  CallOptions call = {}) const;
  // Many in one call, each with a view (without a certificate) or a refusal of its own, in their
  // order.
  using SubmissionResult = absl::StatusOr<SettlementView>;
  absl::StatusOr<std::vector<SubmissionResult>> SubmitSettlements(
      std::span<const Submission> submissions, bool wait, CallOptions call = {}) const;
  // SubmitSettlement with wait, repeated with the same bytes until the settlement is complete, is
  // refused, awaits signatures of others, or the deadline of `retry` is past (DeadlineExceeded).
  absl::StatusOr<SettlementView> SettleUntilKnown(const core::Envelope& terms,
                                                  std::span<const std::string> legs,
                                                  const RetryOptions& retry = {}) const;
  // `terms` (may be empty) makes the authority judge the deadline of an undecided settlement.
  absl::StatusOr<SettlementView> GetDecision(const core::Hash256& settlement_id,
                                             std::string_view terms = {},
                                             CallOptions call = {}) const;
  // All that this participant may see, of those at least so old, from as many pages as there are;
  // `call` is for each page. What ends meanwhile may be missing, what begins may be there; `now` is
  // that of the last page. A bridge of before there were pages gives the oldest 10,000.
  absl::StatusOr<OpenSettlements> ListOpen(core::Duration age_min, CallOptions call = {}) const;
  // Asks for the abort of an undecided settlement; `order` is the receipt of an order-abort in a
  // ledger of its terms. The settlement as it is then: an earlier decision stands, and one that was
  // not handed in is kAbortOrdered, to be aborted when it is.
  absl::StatusOr<SettlementView> RequestAbort(const core::Hash256& settlement_id,
                                              const Receipt& order, CallOptions call = {}) const;
  // Signed note of the decision log.
  absl::StatusOr<std::string> GetCheckpoint(CallOptions call = {}) const;

  // Every change until the settlement is complete. The client must outlive the subscription.
  absl::StatusOr<std::unique_ptr<Subscription>> Watch(
      const core::Hash256& settlement_id, std::function<bool(SettlementView)> on_change) const;
  absl::StatusOr<std::unique_ptr<Subscription>> Subscribe(
      std::uint64_t from_index, std::function<bool(DecisionBatchEvent)> on_batch) const;

 private:
  struct Impl;
  explicit BridgeClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace causeway::client

#endif  // CAUSEWAY_SETTLEMENT_CLIENT_BRIDGE_CLIENT_H_
