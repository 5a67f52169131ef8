// The calls that change a ledger, without gRPC: requests to items, and what became of an item to
// responses. Pure functions; any thread.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_LEDGER_REQUESTS_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_LEDGER_REQUESTS_H_

#include <cstddef>
#include <variant>

#include "causeway/v1/ledger_service.pb.h"
#include "central-bank-node/engine/ledger_engine.h"
#include "settlement/core/batch.h"
#include "settlement/core/outcome.h"

namespace causeway::node {

// Envelopes in one SubmitMany.
inline constexpr std::size_t kRequestsPerSubmitManyMax = 1024;
// Prepares and completions in one SettleMany.
inline constexpr std::size_t kRequestsPerSettleManyMax = 1024;

// The item, within the limits of envelopes and attachments, or why there is none. Its payload is
// still unread.
using ItemOrRefusal = std::variant<core::Item, core::Rejection>;
ItemOrRefusal ItemOf(const causeway::v1::SubmitRequest& request);
// As ItemOf, and takes bulks too. What it can, it moves out of the request.
ItemOrRefusal StreamItemOf(causeway::v1::SubmitRequest&& request);
ItemOrRefusal ItemOf(const causeway::v1::PrepareRequest& request);
ItemOrRefusal ItemOf(const causeway::v1::CompleteRequest& request);
ItemOrRefusal ItemOf(const causeway::v1::SettleRequest& request);

// Everything but the tag: response, bulk or rejection.
void ToReply(const ItemReply& reply, causeway::v1::StreamReply* out);
// For results that are not `refused`.
void ToResponse(const ItemReply& reply, causeway::v1::SubmitResponse* out);
void ToResults(const core::BulkExecution& bulk, bool repeated, causeway::v1::BulkResults* out);
void ToResponse(const ItemReply& reply, causeway::v1::PrepareResponse* out);
void ToResponse(const ItemReply& reply, causeway::v1::CompleteResponse* out);
// Refused ones too; `request` is what was asked.
void ToResult(const ItemReply& reply, const causeway::v1::SettleRequest& request,
              causeway::v1::SettleResult* out);

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_LEDGER_REQUESTS_H_
