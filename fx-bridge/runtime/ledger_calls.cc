#include "fx-bridge/runtime/ledger_calls.h"

#include <fmt/format.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <utility>

#include "causeway/v1/ledger_service.grpc.pb.h"
#include "settlement/codec/codec.h"
#include "settlement/rpc/log.h"
#include "settlement/rpc/peer.h"
#include "settlement/rpc/rejection_status.h"

namespace causeway::bridge {
namespace {

using PrepareAnswer = std::variant<std::string, core::Rejection>;
using CompleteAnswer = std::variant<core::InstructionStatus, core::Rejection>;

PrepareAnswer AnswerOf(const v1::PrepareResponse& response) {
  // A ledger that has settled already still shows its vote.
  if (!response.vote().empty()) return response.vote();
  if (response.status() == v1::INSTRUCTION_STATUS_REJECTED) {
    return codec::FromProto(response.rejection());
  }
  if (response.status() == v1::INSTRUCTION_STATUS_ABORTED) {
    core::Rejection rejection;
    rejection.outcome = core::Outcome::kSettlementAborted;
    return rejection;
  }
  return std::string();  // no answer to the question: does not verify as a vote
}

// The numbers are the same; what is none becomes kNone, which carries out no decision.
CompleteAnswer AnswerOf(const v1::CompleteResponse& response) {
  switch (response.status()) {
    case v1::INSTRUCTION_STATUS_SETTLED:
      return core::InstructionStatus::kSettled;
    case v1::INSTRUCTION_STATUS_ABORTED:
      return core::InstructionStatus::kAborted;
    case v1::INSTRUCTION_STATUS_REJECTED:
      return core::InstructionStatus::kRejected;
    default:
      return core::InstructionStatus::kNone;
  }
}

// One call: everything that gRPC needs to stay alive until it is done.
template <typename Request, typename Response>
struct Call {
  grpc::ClientContext context;
  Request request;
  Response response;
};

}  // namespace

class LedgerCalls::Peer {
 public:
  Peer(LedgerAddress address, const std::shared_ptr<grpc::Channel>& channel,
       const LedgerCallOptions& options, BridgeRuntime* runtime)
      : address_(std::move(address)),
        stub_(v1::Ledger::NewStub(channel)),
        options_(options),
        runtime_(runtime) {}

  const core::LedgerOrigin& origin() const { return address_.origin; }

  void Send(LedgerRequest request) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_ || !known_.insert({request.kind, request.settlement_id}).second) return;
      queue_.push_back(std::move(request));
    }
    StartWhatFits();
  }

  void Stop() {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    queue_.clear();
    for (grpc::ClientContext* context : under_way_) context->TryCancel();
    idle_.wait(lock, [this] { return calls_ + ending_ == 0; });
  }

 private:
  using Key = std::pair<RequestKind, core::Hash256>;

  void StartWhatFits() {
    for (;;) {
      LedgerRequest next;
      {
        const std::lock_guard lock(mutex_);
        if (stopping_ || queue_.empty() || calls_ >= options_.calls_max) return;
        ++calls_;
        next = std::move(queue_.front());
        queue_.pop_front();
      }
      if (next.kind == RequestKind::kPrepare) {
        Prepare(next);
      } else {
        Complete(next);
      }
    }
  }

  void Prepare(const LedgerRequest& request) {
    auto call = std::make_shared<Call<v1::PrepareRequest, v1::PrepareResponse>>();
    codec::ToProto(request.terms, call->request.mutable_terms());
    for (const core::ProvenLeg& leg : request.legs) codec::ToProto(leg, call->request.add_legs());
    const core::Hash256 id = request.settlement_id;
    Begin(call->context);
    stub_->async()->Prepare(&call->context, &call->request, &call->response,
                            [this, call, id](grpc::Status status) {
                              std::optional<PrepareAnswer> answer;
                              if (status.ok()) {
                                answer = AnswerOf(call->response);
                              } else if (auto rejection = rpc::RejectionOf(call->context)) {
                                answer = *std::move(rejection);
                              }
                              End(status, RequestKind::kPrepare, id, call->context,
                                  [this, id, answer](BridgeEngine& engine, core::LedgerTime now) {
                                    if (answer.has_value()) {
                                      engine.OnPrepareReply(now, id, origin(), *answer);
                                    } else {
                                      engine.OnSendFailed(now, RequestKind::kPrepare, id, origin());
                                    }
                                  });
                            });
  }

  void Complete(const LedgerRequest& request) {
    auto call = std::make_shared<Call<v1::CompleteRequest, v1::CompleteResponse>>();
    call->request.set_completion(request.completion);
    const core::Hash256 id = request.settlement_id;
    Begin(call->context);
    stub_->async()->Complete(
        &call->context, &call->request, &call->response, [this, call, id](grpc::Status status) {
          std::optional<CompleteAnswer> answer;
          if (status.ok()) {
            answer = AnswerOf(call->response);
          } else if (auto rejection = rpc::RejectionOf(call->context)) {
            answer = *std::move(rejection);
          }
          End(status, RequestKind::kComplete, id, call->context,
              [this, id, answer](BridgeEngine& engine, core::LedgerTime now) {
                if (answer.has_value()) {
                  engine.OnCompleteReply(now, id, origin(), *answer);
                } else {
                  engine.OnSendFailed(now, RequestKind::kComplete, id, origin());
                }
              });
        });
  }

  void Begin(grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::microseconds(options_.call_time_max.micros()));
    if (!options_.participant.IsEmpty()) rpc::NameParticipant(options_.participant, context);
    const std::lock_guard lock(mutex_);
    under_way_.insert(&context);
    if (stopping_) context.TryCancel();
  }

  // The last thing that a call does; after it this object may be gone.
  void End(const grpc::Status& status, RequestKind kind, const core::Hash256& id,
           grpc::ClientContext& context, BridgeRuntime::Event event) {
    {
      const std::lock_guard lock(mutex_);
      under_way_.erase(&context);
      known_.erase({kind, id});
      LogReach(status);
    }
    runtime_->PostReply(std::move(event));
    {
      // It makes room for the next, and is still waited for by Stop.
      const std::lock_guard lock(mutex_);
      --calls_;
      ++ending_;
    }
    StartWhatFits();
    const std::lock_guard lock(mutex_);
    --ending_;
    idle_.notify_all();
  }

  // One line when a ledger is lost and one when it is back.
  void LogReach(const grpc::Status& status) {
    const bool lost = status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                      status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
    if (lost == lost_ || stopping_) return;
    lost_ = lost;
    rpc::Log("causeway-bridge",
             lost ? fmt::format("ledger {} at {} does not answer: {}", origin().text(),
                                address_.address, status.error_message())
                  : fmt::format("ledger {} answers again", origin().text()));
  }

  const LedgerAddress address_;
  const std::unique_ptr<v1::Ledger::Stub> stub_;
  const LedgerCallOptions options_;
  BridgeRuntime* const runtime_;

  std::mutex mutex_;
  std::condition_variable idle_;
  std::deque<LedgerRequest> queue_;
  std::set<Key> known_;  // waiting or under way
  std::set<grpc::ClientContext*> under_way_;
  std::size_t calls_ = 0;
  std::size_t ending_ = 0;
  bool lost_ = false;
  bool stopping_ = false;
};

absl::StatusOr<std::unique_ptr<LedgerCalls>> LedgerCalls::Open(
    const std::vector<LedgerAddress>& ledgers, const std::optional<rpc::TlsFiles>& tls,
    const LedgerCallOptions& options, BridgeRuntime* runtime) {
  std::unique_ptr<LedgerCalls> calls(new LedgerCalls());
  calls->runtime_ = runtime;
  LedgerCallOptions named = options;
  // Under TLS the certificate names the bridge.
  if (tls.has_value()) named.participant = {};
  for (const LedgerAddress& ledger : ledgers) {
    absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = rpc::OpenChannel(ledger.address, tls);
    if (!channel.ok()) return channel.status();
    calls->peers_.push_back(std::make_unique<Peer>(ledger, *channel, named, runtime));
  }
  return calls;
}

LedgerCalls::~LedgerCalls() { Stop(); }

void LedgerCalls::Send(LedgerRequest request) {
  for (const std::unique_ptr<Peer>& peer : peers_) {
    if (peer->origin() != request.ledger) continue;
    peer->Send(std::move(request));
    return;
  }
  runtime_->PostReply([kind = request.kind, id = request.settlement_id, ledger = request.ledger](
                          BridgeEngine& engine, core::LedgerTime now) {
    engine.OnSendFailed(now, kind, id, ledger);
  });
}

void LedgerCalls::Stop() {
  for (const std::unique_ptr<Peer>& peer : peers_) peer->Stop();
}

}  // namespace causeway::bridge
