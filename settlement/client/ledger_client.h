// A connection to one ledger. Any thread; calls block the caller until answer or deadline. A client
// connects in the background and again by itself when the connection broke.
//
//   absl::StatusOr<LedgerClient> ledger = LedgerClient::Connect({.address = "...", .tls = ...});
//   absl::StatusOr<LedgerInfo> info = ledger->GetInfo();
//   auto replies = ledger->SubmitUntilKnown(envelope);
//
// Errors are those of errors.h: InvalidArgument and others with a rejection when the ledger refused
// the request; DataLoss when an answer does not decode or contradicts itself.
#ifndef CAUSEWAY_SETTLEMENT_CLIENT_LEDGER_CLIENT_H_
#define CAUSEWAY_SETTLEMENT_CLIENT_LEDGER_CLIENT_H_

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
#include "settlement/client/submit_stream.h"
#include "settlement/client/subscription.h"
#include "settlement/client/views.h"
#include "settlement/core/batch.h"

namespace causeway::client {

// Holds that wait for their certificate.
struct PreparedSettlements {
  core::LedgerTime now;                           // the ledger's clock
  std::vector<LedgerSettlementView> settlements;  // oldest first; only those older than was asked
};

class LedgerClient {
 public:
  // Only checks the options; the first call shows whether the ledger is there.
  static absl::StatusOr<LedgerClient> Connect(const ConnectionOptions& options);
  ~LedgerClient();
  LedgerClient(LedgerClient&&) noexcept;
  LedgerClient& operator=(LedgerClient&&) noexcept;

  // Waits until there is a connection; DeadlineExceeded if not.
  absl::Status WaitForConnection(std::chrono::milliseconds deadline) const;

  absl::StatusOr<LedgerInfo> GetInfo(CallOptions call = {}) const;

  // One for each instruction in the envelope. An instruction that the ledger rejected is an OK
  // answer with status kRejected; an envelope that it refused before recording it is an error with
  // a rejection. On OutcomeUnknown send the same envelope again.
  absl::StatusOr<std::vector<InstructionView>> Submit(const core::Envelope& envelope,
                                                      std::span<const std::string> private_data,
                                                      CallOptions call = {}) const;
  absl::StatusOr<std::vector<InstructionView>> Submit(const core::Envelope& envelope,
                                                      CallOptions call = {}) const;
  // Many envelopes in one call, executed in their order; each succeeds or is refused on its own.
  using SubmitResult = absl::StatusOr<std::vector<InstructionView>>;
  absl::StatusOr<std::vector<SubmitResult>> SubmitMany(std::span<const core::Item> items,
                                                       CallOptions call = {}) const;
  // Repeat the same bytes until the outcome is known or the deadline of `retry` is past.
  absl::StatusOr<std::vector<InstructionView>> SubmitUntilKnown(
      const core::Envelope& envelope, std::span<const std::string> private_data = {},
      const RetryOptions& retry = {}) const;
  absl::StatusOr<std::vector<SubmitResult>> SubmitManyUntilKnown(
      std::span<const core::Item> items, const RetryOptions& retry = {}) const;

  // Envelopes of commands and bulks in volume. The client must outlive the stream.
  std::unique_ptr<SubmitStream> OpenSubmitStream(const SubmitStreamOptions& options,
                                                 SubmitStream::OnReply on_reply) const;

  absl::StatusOr<InstructionView> GetInstruction(const core::InstructionKey& key,
                                                 CallOptions call = {}) const;
  // Oldest first, from a leaf index on (0: from the beginning); a page may be short although more
  // follow.
  absl::StatusOr<InstructionsPage> FindByUetr(const core::Uetr& uetr, std::uint64_t from_index = 0,
                                              CallOptions call = {}) const;

  absl::StatusOr<AccountView> GetAccount(const core::AccountAddress& address,
                                         CallOptions call = {}) const;
  // Empty `owner`: the caller's own.
  absl::StatusOr<std::vector<AccountView>> ListAccounts(const core::ParticipantId& owner,
                                                        CallOptions call = {}) const;
  // What bulks name the accounts by, anybody's: one for each address (at most 1,024), in their
  // order.
  absl::StatusOr<std::vector<ResolvedAccount>> ResolveAccounts(
      std::span<const core::AccountAddress> addresses, CallOptions call = {}) const;
  // What awaits approval, by key, behind `after` (empty: from the first): all for the central bank
  // and observers, for others their own.
  absl::StatusOr<AwaitingPage> ListAwaiting(const core::InstructionKey& after = {},
                                            CallOptions call = {}) const;
  // Inclusive dates. Whole: pages of 10,000 lines are asked for and joined.
  absl::StatusOr<Statement> GetStatement(const core::AccountAddress& address,
                                         core::BusinessDate from, core::BusinessDate to,
                                         CallOptions call = {}) const;
  // One page of it, of about `lines` (1 to 10,000): the newest, or the one that `older_page` of
  // another asks for.
  absl::StatusOr<Statement> GetStatementPage(const core::AccountAddress& address,
                                             core::BusinessDate from, core::BusinessDate to,
                                             std::uint32_t lines, const std::string& older_page,
                                             CallOptions call = {}) const;
  // `page_size` 1 to 1,000; 0 means 100. Empty `address`: all that the caller may see.
  absl::StatusOr<EntriesPage> ListEntries(std::uint64_t from_index, std::uint32_t page_size,
                                          const core::AccountAddress& address,
                                          CallOptions call = {}) const;

  // The account's newest entries, newest first: what a page costs the ledger does not depend on how
  // long its log is. `before_index`: 0, or `older_index` of the page before. A page can be short.
  absl::StatusOr<NewestEntries> ListNewest(const core::AccountAddress& address,
                                           std::uint64_t before_index, std::uint32_t page_size,
                                           CallOptions call = {}) const;

  // Not verified yet: VerifyReceipt.
  absl::StatusOr<Receipt> GetReceipt(std::uint64_t entry_index, CallOptions call = {}) const;
  absl::StatusOr<Receipt> GetReceipt(const core::InstructionKey& key, CallOptions call = {}) const;
  // A signed note.
  absl::StatusOr<std::string> GetCheckpoint(CallOptions call = {}) const;
  // new_size 0: the latest checkpoint.
  absl::StatusOr<ConsistencyProof> GetConsistencyProof(std::uint64_t old_size,
                                                       std::uint64_t new_size,
                                                       CallOptions call = {}) const;

  absl::StatusOr<PrepareReply> Prepare(const core::Envelope& terms,
                                       std::span<const core::ProvenLeg> legs,
                                       CallOptions call = {}) const;
  // `completion` is the exact bytes of a Completion.
  absl::StatusOr<CompleteReply> Complete(std::string_view completion, CallOptions call = {}) const;
  absl::StatusOr<LedgerSettlementView> GetSettlement(const core::Hash256& settlement_id,
                                                     CallOptions call = {}) const;
  absl::StatusOr<PreparedSettlements> ListPrepared(core::Duration age_min,
                                                   CallOptions call = {}) const;

  // Durable batches, from the one that holds leaf `from_index`. subscription.h tells how callbacks
  // are called. The client must outlive the subscription.
  absl::StatusOr<std::unique_ptr<Subscription>> Subscribe(
      std::uint64_t from_index, std::function<bool(BatchEvent)> on_batch) const;
  // The caller's entries: only those of `address` if not empty; `from_index` 0: from now on.
  absl::StatusOr<std::unique_ptr<Subscription>> Watch(
      const core::AccountAddress& address, std::uint64_t from_index,
      std::function<bool(EntryView)> on_entry) const;

 private:
  struct Impl;
  explicit LedgerClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace causeway::client

#endif  // CAUSEWAY_SETTLEMENT_CLIENT_LEDGER_CLIENT_H_
