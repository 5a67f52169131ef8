#include "central-bank-node/runtime/ledger_service.h"

#include <fmt/format.h>
#include <grpcpp/server_context.h>

#include <functional>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "causeway/v1/ledger_service.grpc.pb.h"
#include "central-bank-node/runtime/access.h"
#include "central-bank-node/runtime/caller_accounts.h"
#include "central-bank-node/runtime/ledger_queries.h"
#include "central-bank-node/runtime/ledger_requests.h"
#include "central-bank-node/runtime/ledger_streams.h"
#include "central-bank-node/runtime/submit_stream.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/rpc/peer.h"
#include "settlement/rpc/rejection_status.h"
#include "settlement/rpc/stream.h"

namespace causeway::node {
namespace {

using Api = causeway::v1::Ledger;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

// The caller, or the status that refuses it.
struct Identified {
  rpc::Peer peer;
  grpc::Status status;
};

Identified Identify(CallbackServerContext* context) {
  absl::StatusOr<rpc::Peer> peer = rpc::PeerOf(*context);
  if (peer.ok()) return {*std::move(peer), grpc::Status::OK};
  const std::string message(peer.status().message());
  const grpc::Status refused = rpc::Refuse(core::Outcome::kSenderNotEntitled, message, *context);
  return {{}, {grpc::StatusCode::UNAUTHENTICATED, refused.error_message()}};
}

LedgerRuntime::Entitlement EntitlementOf(const rpc::Peer& peer) {
  return [peer](const core::Ledger& ledger, const core::AdmittedItem& item) {
    return CheckMaySend(CallerOf(ledger, peer), item);
  };
}

// A refusal when a call has more requests than `most`.
std::optional<core::Rejection> CheckCount(int requests, std::size_t most) {
  if (static_cast<std::size_t>(requests) <= most) return std::nullopt;
  return core::Rejection{
      .outcome = core::Outcome::kBatchTooLarge,
      .message = fmt::format("requests: has {}; must have at most {}", requests, most)};
}

// What a call with many requests asks for: those that can be taken.
struct ManyItems {
  std::vector<core::Item> items;
  std::vector<int> positions;  // of each item among the results
};

// Adds a result for each request; those of requests that cannot be taken are their refusals.
template <typename Requests, typename Response>
ManyItems ItemsOf(const Requests& requests, Response& response) {
  ManyItems many;
  for (int i = 0; i < requests.size(); ++i) {
    auto* const result = response.add_results();
    ItemOrRefusal item = ItemOf(requests[i]);
    if (const auto* refused = std::get_if<core::Rejection>(&item)) {
      codec::ToProto(*refused, result->mutable_rejection());
      continue;
    }
    many.items.push_back(std::get<core::Item>(std::move(item)));
    many.positions.push_back(i);
  }
  return many;
}

// Whose account and share of the runtime a call counts on.
std::string NameOf(const rpc::Peer& peer) {
  return peer.participant.has_value() ? std::string(peer.participant->text()) : "(operator)";
}

grpc::Status TooMuchOpen(std::string_view what, grpc::ServerContextBase& context) {
  return rpc::Refuse(core::Outcome::kOverloaded,
                     fmt::format("this caller has too many {} open, or takes too few replies; "
                                 "nothing was recorded, try again later",
                                 what),
                     context);
}

// A call with one response, which its caller's account holds until it is sent on.
class UnaryCall final : public ServerUnaryReactor {
 public:
  UnaryCall(std::shared_ptr<CallerAccount> account, CallerAccount::Opened opened,
            const google::protobuf::Message* response)
      : account_(std::move(account)), opened_(std::move(opened)), response_(response) {}

  // Nothing of the call may be used afterwards.
  void End(const grpc::Status& status) {
    if (status.ok()) {
      response_bytes_ = response_->ByteSizeLong();
      account_->Add(response_bytes_);
    }
    Finish(status);
  }

 private:
  void OnDone() override {
    account_->Release(response_bytes_);
    delete this;
  }

  const std::shared_ptr<CallerAccount> account_;
  const CallerAccount::Opened opened_;
  const google::protobuf::Message* const response_;
  std::size_t response_bytes_ = 0;
};

// A call that began, or the reactor that has refused it.
struct BegunCall {
  rpc::Peer peer;
  std::string name;
  UnaryCall* call = nullptr;
  ServerUnaryReactor* refused = nullptr;
};

// Messages of SubmitStream are taken and given as bytes, those of all other calls decoded.
template <typename Base>
using DecodedQueries = Api::WithCallbackMethod_GetLedger<
    Api::WithCallbackMethod_GetInstruction<Api::WithCallbackMethod_FindByUetr<
        Api::WithCallbackMethod_GetAccount<Api::WithCallbackMethod_ListAccounts<
            Api::WithCallbackMethod_GetStatement<Api::WithCallbackMethod_ResolveAccounts<
                Api::WithCallbackMethod_ListAwaiting<Api::WithCallbackMethod_ListEntries<
                    Api::WithCallbackMethod_GetReceipt<Api::WithCallbackMethod_GetCheckpoint<
                        Api::WithCallbackMethod_GetConsistencyProof<
                            Api::WithCallbackMethod_GetSettlement<
                                Api::WithCallbackMethod_ListPrepared<Base>>>>>>>>>>>>>>;
template <typename Base>
using DecodedCalls = Api::WithCallbackMethod_Submit<Api::WithCallbackMethod_SubmitMany<
    Api::WithCallbackMethod_Prepare<Api::WithCallbackMethod_Complete<
        Api::WithCallbackMethod_SettleMany<Api::WithCallbackMethod_Subscribe<
            Api::WithCallbackMethod_Watch<DecodedQueries<Base>>>>>>>>;
using ServiceBase = Api::WithRawCallbackMethod_SubmitStream<DecodedCalls<Api::Service>>;

}  // namespace

class LedgerService::Impl final : public ServiceBase {
 public:
  Impl(LedgerRuntime* runtime, CallerLimits limits)
      : runtime_(runtime), accounts_(limits), hub_(kStreamThreads), submissions_(runtime) {
    runtime_->SetListener([this] { hub_.Wake(); });
  }

  void EndStreams() {
    const grpc::Status stopping(grpc::StatusCode::UNAVAILABLE,
                                "the node is stopping; connect again later");
    hub_.EndAll(stopping);
    submissions_.EndAll(stopping);
  }

  // Calls that change the ledger.

  ServerUnaryReactor* Submit(CallbackServerContext* context,
                             const causeway::v1::SubmitRequest* request,
                             causeway::v1::SubmitResponse* response) override {
    return Sequence(context, response, ItemOf(*request),
                    [response](const ItemReply& reply) { ToResponse(reply, response); });
  }

  ServerUnaryReactor* SubmitMany(CallbackServerContext* context,
                                 const causeway::v1::SubmitManyRequest* request,
                                 causeway::v1::SubmitManyResponse* response) override;

  ServerUnaryReactor* Prepare(CallbackServerContext* context,
                              const causeway::v1::PrepareRequest* request,
                              causeway::v1::PrepareResponse* response) override {
    return Sequence(context, response, ItemOf(*request),
                    [response](const ItemReply& reply) { ToResponse(reply, response); });
  }

  ServerUnaryReactor* Complete(CallbackServerContext* context,
                               const causeway::v1::CompleteRequest* request,
                               causeway::v1::CompleteResponse* response) override {
    return Sequence(context, response, ItemOf(*request),
                    [response](const ItemReply& reply) { ToResponse(reply, response); });
  }

  ServerUnaryReactor* SettleMany(CallbackServerContext* context,
                                 const causeway::v1::SettleManyRequest* request,
                                 causeway::v1::SettleManyResponse* response) override;

  // Queries.

  ServerUnaryReactor* GetLedger(CallbackServerContext* context,
                                const causeway::v1::GetLedgerRequest*,
                                causeway::v1::LedgerInfo* response) override {
    return Query(context, response, [this, response](const LedgerEngine& engine, const Caller&) {
      return node::GetLedger(engine, runtime_->Now(), response);
    });
  }
  ServerUnaryReactor* GetInstruction(CallbackServerContext* context,
                                     const causeway::v1::GetInstructionRequest* request,
                                     causeway::v1::Instruction* response) override {
    return Query(context, response, [=](const LedgerEngine& engine, const Caller& caller) {
      return node::GetInstruction(engine, caller, *request, response);
    });
  }
  ServerUnaryReactor* FindByUetr(CallbackServerContext* context,
                                 const causeway::v1::FindByUetrRequest* request,
                                 causeway::v1::FindByUetrResponse* response) override {
    return Query(context, response, [=](const LedgerEngine& engine, const Caller& caller) {
      return node::FindByUetr(engine, caller, *request, response);
    });
  }
  ServerUnaryReactor* GetAccount(CallbackServerContext* context,
                                 const causeway::v1::GetAccountRequest* request,
                                 causeway::v1::Account* response) override {
    return Query(context, response, [=](const LedgerEngine& engine, const Caller& caller) {
      return node::GetAccount(engine, caller, *request, response);
    });
  }
  ServerUnaryReactor* ListAccounts(CallbackServerContext* context,
                                   const causeway::v1::ListAccountsRequest* request,
                                   causeway::v1::ListAccountsResponse* response) override {
    return HistoryQuery(context, response, [=, this](const Caller& caller) {
      return node::ListAccounts(*runtime_, caller, *request, response);
    });
  }
  ServerUnaryReactor* ResolveAccounts(CallbackServerContext* context,
                                      const causeway::v1::ResolveAccountsRequest* request,
                                      causeway::v1::ResolveAccountsResponse* response) override {
    return Query(context, response, [=](const LedgerEngine& engine, const Caller& caller) {
      return node::ResolveAccounts(engine, caller, *request, response);
    });
  }
  ServerUnaryReactor* ListAwaiting(CallbackServerContext* context,
                                   const causeway::v1::ListAwaitingRequest* request,
                                   causeway::v1::ListAwaitingResponse* response) override {
    return Query(context, response, [=](const LedgerEngine& engine, const Caller& caller) {
      return node::ListAwaiting(engine, caller, *request, response);
    });
  }
  ServerUnaryReactor* GetStatement(CallbackServerContext* context,
                                   const causeway::v1::GetStatementRequest* request,
                                   causeway::v1::Statement* response) override {
    return HistoryQuery(context, response, [=, this](const Caller& caller) {
      return node::GetStatement(*runtime_, caller, *request, response);
    });
  }
  ServerUnaryReactor* ListEntries(CallbackServerContext* context,
                                  const causeway::v1::ListEntriesRequest* request,
                                  causeway::v1::ListEntriesResponse* response) override {
    return HistoryQuery(context, response, [=, this](const Caller& caller) {
      return node::ListEntries(*runtime_, caller, *request, response);
    });
  }
  ServerUnaryReactor* GetReceipt(CallbackServerContext* context,
                                 const causeway::v1::GetReceiptRequest* request,
                                 causeway::v1::Receipt* response) override {
    return Query(context, response, [=](const LedgerEngine& engine, const Caller& caller) {
      return node::GetReceipt(engine, caller, *request, response);
    });
  }
  ServerUnaryReactor* GetCheckpoint(CallbackServerContext* context,
                                    const causeway::v1::GetCheckpointRequest*,
                                    causeway::v1::CheckpointResponse* response) override {
    return Query(context, response, [=](const LedgerEngine& engine, const Caller&) {
      return node::GetCheckpoint(engine, response);
    });
  }
  ServerUnaryReactor* GetConsistencyProof(CallbackServerContext* context,
                                          const causeway::v1::GetConsistencyProofRequest* request,
                                          causeway::v1::ConsistencyProof* response) override {
    return Query(context, response, [=](const LedgerEngine& engine, const Caller&) {
      return node::GetConsistencyProof(engine, *request, response);
    });
  }
  ServerUnaryReactor* GetSettlement(CallbackServerContext* context,
                                    const causeway::v1::GetLedgerSettlementRequest* request,
                                    causeway::v1::LedgerSettlement* response) override {
    return Query(context, response, [=](const LedgerEngine& engine, const Caller& caller) {
      return node::GetSettlement(engine, caller, *request, response);
    });
  }
  ServerUnaryReactor* ListPrepared(CallbackServerContext* context,
                                   const causeway::v1::ListPreparedRequest* request,
                                   causeway::v1::ListPreparedResponse* response) override {
    return Query(context, response, [=, this](const LedgerEngine& engine, const Caller& caller) {
      return node::ListPrepared(engine, caller, runtime_->Now(), *request, response);
    });
  }

  // Streams.

  SubmitStreams::Reactor* SubmitStream(CallbackServerContext* context) override {
    const Identified caller = Identify(context);
    if (!caller.status.ok()) return SubmitStreams::Refuse(caller.status);
    SubmitStreams::StreamCaller whose{.name = NameOf(caller.peer), .account = {}, .opened = {}};
    whose.account = accounts_.Of(whose.name);
    whose.opened = CallerAccount::Open(whose.account, CallerAccount::Kind::kSubmitStream);
    if (whose.opened == nullptr) {
      return SubmitStreams::Refuse(TooMuchOpen("streams to submit by", *context));
    }
    return submissions_.Open(EntitlementOf(caller.peer), std::move(whose));
  }

  grpc::ServerWriteReactor<causeway::v1::BatchMessage>* Subscribe(
      CallbackServerContext* context, const causeway::v1::SubscribeRequest* request) override {
    Identified caller = Identify(context);
    if (!caller.status.ok()) return hub_.Refuse<causeway::v1::BatchMessage>(caller.status);
    CallerAccount::Opened opened =
        CallerAccount::Open(accounts_.Of(NameOf(caller.peer)), CallerAccount::Kind::kSubscription);
    if (opened == nullptr) {
      return hub_.Refuse<causeway::v1::BatchMessage>(TooMuchOpen("subscriptions", *context));
    }
    return hub_.Open<causeway::v1::BatchMessage>(std::make_unique<BatchSource>(
        runtime_, std::move(caller.peer), request->from_index(), context, std::move(opened)));
  }
  grpc::ServerWriteReactor<causeway::v1::EntryView>* Watch(
      CallbackServerContext* context, const causeway::v1::WatchRequest* request) override {
    Identified caller = Identify(context);
    if (!caller.status.ok()) return hub_.Refuse<causeway::v1::EntryView>(caller.status);
    CallerAccount::Opened opened =
        CallerAccount::Open(accounts_.Of(NameOf(caller.peer)), CallerAccount::Kind::kSubscription);
    if (opened == nullptr) {
      return hub_.Refuse<causeway::v1::EntryView>(TooMuchOpen("subscriptions", *context));
    }
    return hub_.Open<causeway::v1::EntryView>(std::make_unique<EntrySource>(
        runtime_, std::move(caller.peer), *request, context, std::move(opened)));
  }

 private:
  // Sequences one item and finishes the call with what became of it. `answer` fills the response.
  ServerUnaryReactor* Sequence(CallbackServerContext* context,
                               const google::protobuf::Message* response, ItemOrRefusal item,
                               std::function<void(const ItemReply&)> answer);
  // Runs `query`, which fills `response`, beside others and finishes the call with its end. What it
  // needs of the log is read between its runs. One of a history looks at the ledger itself when it
  // has to.
  ServerUnaryReactor* Query(CallbackServerContext* context, google::protobuf::Message* response,
                            std::function<QueryEnd(const LedgerEngine&, const Caller&)> query);
  ServerUnaryReactor* HistoryQuery(CallbackServerContext* context,
                                   const google::protobuf::Message* response,
                                   std::function<QueryEnd(const Caller&)> query);
  ServerUnaryReactor* RunLater(CallbackServerContext* context,
                               const google::protobuf::Message* response,
                               std::function<QueryEnd(const rpc::Peer&)> query);
  BegunCall Begin(CallbackServerContext* context, const google::protobuf::Message* response);

  LedgerRuntime* const runtime_;
  CallerAccounts accounts_;
  rpc::StreamHub hub_;
  SubmitStreams submissions_;
};

BegunCall LedgerService::Impl::Begin(CallbackServerContext* context,
                                     const google::protobuf::Message* response) {
  BegunCall begun;
  Identified caller = Identify(context);
  grpc::Status status = caller.status;
  if (status.ok()) {
    begun.peer = std::move(caller.peer);
    begun.name = NameOf(begun.peer);
    std::shared_ptr<CallerAccount> account = accounts_.Of(begun.name);
    CallerAccount::Opened opened = CallerAccount::Open(account, CallerAccount::Kind::kCall);
    if (opened != nullptr) {
      begun.call = new UnaryCall(std::move(account), std::move(opened), response);
      return begun;
    }
    status = TooMuchOpen("calls", *context);
  }
  begun.refused = context->DefaultReactor();
  begun.refused->Finish(status);
  return begun;
}

ServerUnaryReactor* LedgerService::Impl::Sequence(CallbackServerContext* context,
                                                  const google::protobuf::Message* response,
                                                  ItemOrRefusal item,
                                                  std::function<void(const ItemReply&)> answer) {
  BegunCall caller = Begin(context, response);
  if (caller.refused != nullptr) return caller.refused;
  UnaryCall* const reactor = caller.call;
  if (const auto* refused = std::get_if<core::Rejection>(&item)) {
    reactor->End(rpc::Refuse(*refused, *context));
    return reactor;
  }
  std::vector<core::Item> items;
  items.push_back(std::get<core::Item>(std::move(item)));
  const std::function<void()> work = runtime_->SubmitOrWork(
      std::move(items), EntitlementOf(caller.peer), [context] { return context->IsCancelled(); },
      [context, reactor, answer = std::move(answer)](std::vector<ItemReply> replies) {
        const ItemReply& reply = replies.front();
        if (reply.result.refused) {
          reactor->End(rpc::Refuse(*reply.result.refused, *context));
          return;
        }
        answer(reply);
        reactor->End(grpc::Status::OK);
      },
      caller.name);
  if (work) work();
  return reactor;
}

ServerUnaryReactor* LedgerService::Impl::SubmitMany(CallbackServerContext* context,
                                                    const causeway::v1::SubmitManyRequest* request,
                                                    causeway::v1::SubmitManyResponse* response) {
  BegunCall caller = Begin(context, response);
  if (caller.refused != nullptr) return caller.refused;
  UnaryCall* const reactor = caller.call;
  if (const auto refused = CheckCount(request->requests_size(), kRequestsPerSubmitManyMax)) {
    reactor->End(rpc::Refuse(*refused, *context));
    return reactor;
  }
  ManyItems many = ItemsOf(request->requests(), *response);
  runtime_->Submit(
      std::move(many.items), EntitlementOf(caller.peer),
      [context] { return context->IsCancelled(); },
      [reactor, response, positions = std::move(many.positions)](std::vector<ItemReply> replies) {
        for (std::size_t i = 0; i < replies.size(); ++i) {
          causeway::v1::SubmitResult* const result = response->mutable_results(positions[i]);
          if (replies[i].result.refused) {
            codec::ToProto(*replies[i].result.refused, result->mutable_rejection());
          } else {
            ToResponse(replies[i], result->mutable_response());
          }
        }
        reactor->End(grpc::Status::OK);
      },
      caller.name);
  return reactor;
}

ServerUnaryReactor* LedgerService::Impl::SettleMany(CallbackServerContext* context,
                                                    const causeway::v1::SettleManyRequest* request,
                                                    causeway::v1::SettleManyResponse* response) {
  BegunCall caller = Begin(context, response);
  if (caller.refused != nullptr) return caller.refused;
  UnaryCall* const reactor = caller.call;
  if (const auto refused = CheckCount(request->requests_size(), kRequestsPerSettleManyMax)) {
    reactor->End(rpc::Refuse(*refused, *context));
    return reactor;
  }
  ManyItems many = ItemsOf(request->requests(), *response);
  const std::function<void()> work = runtime_->SubmitOrWork(
      std::move(many.items), EntitlementOf(caller.peer),
      [context] { return context->IsCancelled(); },
      [reactor, request, response,
       positions = std::move(many.positions)](std::vector<ItemReply> replies) {
        for (std::size_t i = 0; i < replies.size(); ++i) {
          ToResult(replies[i], request->requests(positions[i]),
                   response->mutable_results(positions[i]));
        }
        reactor->End(grpc::Status::OK);
      },
      caller.name);
  if (work) work();
  return reactor;
}

ServerUnaryReactor* LedgerService::Impl::Query(
    CallbackServerContext* context, google::protobuf::Message* response,
    std::function<QueryEnd(const LedgerEngine&, const Caller&)> query) {
  return RunLater(context, response,
                  [this, response, query = std::move(query)](const rpc::Peer& peer) {
                    return runtime_->ReadWithLog([&](const LedgerEngine& engine) {
                      response->Clear();
                      return query(engine, CallerOf(engine.ledger(), peer));
                    });
                  });
}

ServerUnaryReactor* LedgerService::Impl::HistoryQuery(
    CallbackServerContext* context, const google::protobuf::Message* response,
    std::function<QueryEnd(const Caller&)> query) {
  return RunLater(context, response, [this, query = std::move(query)](const rpc::Peer& peer) {
    return query(runtime_->Read(
        [&](const LedgerEngine& engine) { return CallerOf(engine.ledger(), peer); }));
  });
}

ServerUnaryReactor* LedgerService::Impl::RunLater(CallbackServerContext* context,
                                                  const google::protobuf::Message* response,
                                                  std::function<QueryEnd(const rpc::Peer&)> query) {
  BegunCall caller = Begin(context, response);
  if (caller.refused != nullptr) return caller.refused;
  UnaryCall* const reactor = caller.call;
  std::optional<core::Rejection> refused = runtime_->Post(
      [this, context, reactor, peer = std::move(caller.peer), query = std::move(query)] {
        if (context->IsCancelled()) {
          reactor->End({grpc::StatusCode::CANCELLED, "the caller went away"});
          return;
        }
        reactor->End(StatusOf(query(peer), *runtime_, *context));
      },
      caller.name);
  if (refused) reactor->End(rpc::Refuse(*refused, *context));
  return reactor;
}

LedgerService::LedgerService(LedgerRuntime* runtime, CallerLimits limits)
    : impl_(std::make_unique<Impl>(runtime, limits)) {}
LedgerService::~LedgerService() = default;
grpc::Service* LedgerService::service() { return impl_.get(); }
void LedgerService::EndStreams() { impl_->EndStreams(); }

}  // namespace causeway::node
