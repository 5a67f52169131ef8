// What Subscribe and Watch send, message by message, read from the journal as the client takes
// them. Includes grpcpp: for the service's .cc.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_LEDGER_STREAMS_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_LEDGER_STREAMS_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "causeway/v1/ledger_service.pb.h"
#include "central-bank-node/runtime/caller_accounts.h"
#include "central-bank-node/runtime/ledger_queries.h"
#include "central-bank-node/runtime/ledger_runtime.h"
#include "settlement/rpc/peer.h"
#include "settlement/rpc/stream.h"

namespace grpc {
class ServerContextBase;
class Status;
}  // namespace grpc

namespace causeway::node {

// How a call ends whose query ended so. An error of the journal is reported to the operator.
grpc::Status StatusOf(const QueryEnd& end, const LedgerRuntime& runtime,
                      grpc::ServerContextBase& context);

// Entries that a Watch reads from the journal at once.
inline constexpr std::size_t kWatchEntriesMax = 100;

// Whole batches, from the one that contains leaf `from_index` on. OUT_OF_RANGE when the log is
// shorter than that: whoever has seen more of it must not take that for silence.
class BatchSource final : public rpc::StreamSource<causeway::v1::BatchMessage> {
 public:
  BatchSource(const LedgerRuntime* runtime, rpc::Peer peer, std::uint64_t from_index,
              grpc::ServerContextBase* context, CallerAccount::Opened opened)
      : runtime_(runtime),
        peer_(std::move(peer)),
        from_index_(from_index),
        context_(context),
        opened_(std::move(opened)) {}

  rpc::Pull Next(causeway::v1::BatchMessage* message, grpc::Status* status) override;

 private:
  rpc::Pull Start(const LedgerEngine& engine, grpc::Status* status);

  const LedgerRuntime* const runtime_;
  const rpc::Peer peer_;
  const std::uint64_t from_index_;
  grpc::ServerContextBase* const context_;
  const CallerAccount::Opened opened_;
  std::optional<std::uint64_t> number_;  // of the next batch; none before the first call
};

// The caller's own entries.
class EntrySource final : public rpc::StreamSource<causeway::v1::EntryView> {
 public:
  EntrySource(const LedgerRuntime* runtime, rpc::Peer peer, causeway::v1::WatchRequest request,
              grpc::ServerContextBase* context, CallerAccount::Opened opened)
      : runtime_(runtime),
        peer_(std::move(peer)),
        request_(std::move(request)),
        context_(context),
        opened_(std::move(opened)) {}

  rpc::Pull Next(causeway::v1::EntryView* message, grpc::Status* status) override;

 private:
  rpc::Pull Start(const LedgerEngine& engine, grpc::Status* status);
  // Reads more, if there is more.
  rpc::Pull Fill(grpc::Status* status);

  const LedgerRuntime* const runtime_;
  const rpc::Peer peer_;
  const causeway::v1::WatchRequest request_;
  grpc::ServerContextBase* const context_;
  const CallerAccount::Opened opened_;
  std::optional<core::AccountAddress> address_;
  std::optional<std::uint64_t> next_index_;  // none before the first call
  std::deque<DatedEntry> entries_;           // read and not yet sent
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_LEDGER_STREAMS_H_
