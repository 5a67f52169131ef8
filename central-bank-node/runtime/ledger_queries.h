// The queries of the ledger API, without gRPC: a request and a caller in, a response or a refusal
// out. Those of an engine run under LedgerRuntime::ReadWithLog: they see one durable state, change
// nothing, and may be run several times. Those of a runtime read histories, which may be long, and
// call Read themselves.
//
// Requests are checked strictly; a refusal names the field. What is not the caller's to see is
// refused with kSenderNotEntitled whether it exists or not, so that nobody learns by asking.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_LEDGER_QUERIES_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_LEDGER_QUERIES_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "causeway/v1/ledger_service.pb.h"
#include "central-bank-node/engine/ledger_engine.h"
#include "central-bank-node/runtime/access.h"
#include "central-bank-node/runtime/ledger_runtime.h"
#include "settlement/core/outcome.h"
#include "settlement/core/time.h"

namespace causeway::node {

// How a query ended: with its response filled, refused, or with an error of this node (its journal
// cannot be read), which the caller is told as UNAVAILABLE and the operator whole.
struct QueryEnd {
  QueryEnd() = default;
  QueryEnd(core::Rejection rejection) : refused(std::move(rejection)) {}  // NOLINT: converts
  QueryEnd(absl::Status status) : error(std::move(status)) {}             // NOLINT: converts

  bool ok() const { return !refused.has_value() && error.ok(); }

  std::optional<core::Rejection> refused;
  absl::Status error;
};

inline constexpr std::size_t kPageEntriesDefault = 100;
// Entries that one call looks at for those that the caller may see; then it answers with a shorter
// page and the place to go on from.
inline constexpr std::size_t kScanEntriesMax = 20'000;

// Accounts that ListAccounts looks at while no batch can be executed.
inline constexpr std::size_t kScanAccountsMax = 16'384;

// Instructions of a page of FindByUetr: each may lie in another batch, which is read as a whole.
inline constexpr std::size_t kUetrPageMax = 16;

// Addresses of one ResolveAccounts.
inline constexpr std::size_t kResolvedAccountsMax = 1024;

// Instructions of a page of ListAwaiting: each may lie in another batch, likewise.
inline constexpr std::size_t kAwaitingPageMax = 16;

// `now` is the wall clock: the answer's ledger time is that, but never before the last batch.
QueryEnd GetLedger(const LedgerEngine& engine, core::LedgerTime now, causeway::v1::LedgerInfo* out);
QueryEnd GetInstruction(const LedgerEngine& engine, const Caller& caller,
                        const causeway::v1::GetInstructionRequest& request,
                        causeway::v1::Instruction* out);
QueryEnd FindByUetr(const LedgerEngine& engine, const Caller& caller,
                    const causeway::v1::FindByUetrRequest& request,
                    causeway::v1::FindByUetrResponse* out);
QueryEnd GetAccount(const LedgerEngine& engine, const Caller& caller,
                    const causeway::v1::GetAccountRequest& request, causeway::v1::Account* out);
// Looks at so many accounts of millions at a time, and lets batches go on in between: accounts of
// one answer may be as of different moments.
QueryEnd ListAccounts(const LedgerRuntime& runtime, const Caller& caller,
                      const causeway::v1::ListAccountsRequest& request,
                      causeway::v1::ListAccountsResponse* out);
QueryEnd ResolveAccounts(const LedgerEngine& engine, const Caller& caller,
                         const causeway::v1::ResolveAccountsRequest& request,
                         causeway::v1::ResolveAccountsResponse* out);
QueryEnd ListAwaiting(const LedgerEngine& engine, const Caller& caller,
                      const causeway::v1::ListAwaitingRequest& request,
                      causeway::v1::ListAwaitingResponse* out);
QueryEnd GetStatement(const LedgerRuntime& runtime, const Caller& caller,
                      const causeway::v1::GetStatementRequest& request,
                      causeway::v1::Statement* out);
QueryEnd ListEntries(const LedgerRuntime& runtime, const Caller& caller,
                     const causeway::v1::ListEntriesRequest& request,
                     causeway::v1::ListEntriesResponse* out);
QueryEnd GetReceipt(const LedgerEngine& engine, const Caller& caller,
                    const causeway::v1::GetReceiptRequest& request, causeway::v1::Receipt* out);
QueryEnd GetCheckpoint(const LedgerEngine& engine, causeway::v1::CheckpointResponse* out);
QueryEnd GetConsistencyProof(const LedgerEngine& engine,
                             const causeway::v1::GetConsistencyProofRequest& request,
                             causeway::v1::ConsistencyProof* out);
QueryEnd GetSettlement(const LedgerEngine& engine, const Caller& caller,
                       const causeway::v1::GetLedgerSettlementRequest& request,
                       causeway::v1::LedgerSettlement* out);
QueryEnd ListPrepared(const LedgerEngine& engine, const Caller& caller, core::LedgerTime now,
                      const causeway::v1::ListPreparedRequest& request,
                      causeway::v1::ListPreparedResponse* out);

// The account of that address, for a caller who may see it.
QueryEnd FindOwnAccount(const LedgerEngine& engine, const Caller& caller, const std::string& text,
                        core::AccountAddress* out);

// Entries from `from` on that the caller may see, or those of an account that is the caller's to
// see: at most `count`, after looking at kScanEntriesMax at most.
absl::StatusOr<EntryPage> VisibleEntries(const LedgerRuntime& runtime, const Caller& caller,
                                         std::uint64_t from, std::size_t count,
                                         const std::optional<core::AccountAddress>& address);

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_LEDGER_QUERIES_H_
