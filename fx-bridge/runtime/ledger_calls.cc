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
#include "settlement/core/text_rules.h"
#include "settlement/rpc/log.h"
#include "settlement/rpc/peer.h"

namespace causeway::bridge {
namespace {

// What a ledger may answer to one call: 16 KiB to each of its requests, and a vote has a fourth of
// that. More counts as no answer.
constexpr int kAnswerBytesMax = 16 * 1024 * 1024;
// Of what gRPC says about a call that failed, which may be the ledger's own words.
constexpr std::size_t kWhyBytesMax = 512;
// Of the messages around a request's bytes.
constexpr std::size_t kRequestOverheadBytes = 512;

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

// One call: everything that gRPC needs to stay alive until it is done, and what it asks for.
struct Call {
  grpc::ClientContext context;
  v1::SettleManyRequest request;
  v1::SettleManyResponse response;
  std::vector<std::pair<RequestKind, core::Hash256>> asked;
};

// What a ledger said to one request; nothing when it said nothing.
struct Answer {
  RequestKind kind = RequestKind::kPrepare;
  core::Hash256 id;
  std::optional<PrepareAnswer> prepare;
  std::optional<CompleteAnswer> complete;
};

Answer AnswerOf(RequestKind kind, const core::Hash256& id, const v1::SettleResult* result) {
  Answer answer{.kind = kind, .id = id};
  const bool prepare = kind == RequestKind::kPrepare;
  if (result == nullptr) return answer;
  if (result->has_rejection()) {
    const core::Rejection rejection = codec::FromProto(result->rejection());
    if (prepare) {
      answer.prepare = rejection;
    } else {
      answer.complete = rejection;
    }
  } else if (prepare && result->has_prepare()) {
    answer.prepare = AnswerOf(result->prepare());
  } else if (!prepare && result->has_complete()) {
    answer.complete = AnswerOf(result->complete());
  }
  return answer;
}

void Tell(BridgeEngine& engine, core::LedgerTime now, const core::LedgerOrigin& ledger,
          const Answer& answer, const std::string& why_none) {
  if (answer.prepare.has_value()) {
    engine.OnPrepareReply(now, answer.id, ledger, *answer.prepare);
  } else if (answer.complete.has_value()) {
    engine.OnCompleteReply(now, answer.id, ledger, *answer.complete);
  } else {
    engine.OnSendFailed(now, answer.kind, answer.id, ledger, why_none);
  }
}

std::size_t BytesOf(const LedgerRequest& request) {
  std::size_t bytes = request.terms.payload.size() + request.part.size() +
                      request.completion.size() + kRequestOverheadBytes;
  for (const core::ProvenLeg& leg : request.legs) {
    bytes += leg.bytes.size() + leg.proof.size() * sizeof(core::Hash256);
  }
  return bytes;
}

void ToProto(LedgerRequest request, v1::SettleRequest* out) {
  if (request.kind == RequestKind::kComplete) {
    out->mutable_complete()->set_completion(std::move(request.completion));
    return;
  }
  v1::PrepareRequest* const prepare = out->mutable_prepare();
  codec::ToProto(request.terms, prepare->mutable_terms());
  for (const core::ProvenLeg& leg : request.legs) codec::ToProto(leg, prepare->add_legs());
  prepare->set_part(std::move(request.part));
}

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
      auto call = std::make_shared<Call>();
      {
        const std::lock_guard lock(mutex_);
        if (stopping_ || queue_.empty() || calls_ >= options_.calls_max) return;
        ++calls_;
        // All that waits, within a call's limits: what comes while calls are under way goes
        // together.
        std::size_t bytes = 0;
        while (!queue_.empty() && call->asked.size() < options_.requests_per_call_max) {
          const std::size_t more = BytesOf(queue_.front());
          if (!call->asked.empty() && bytes + more > options_.call_bytes_max) break;
          bytes += more;
          LedgerRequest next = std::move(queue_.front());
          queue_.pop_front();
          call->asked.emplace_back(next.kind, next.settlement_id);
          ToProto(std::move(next), call->request.add_requests());
        }
      }
      Start(std::move(call));
    }
  }

  void Start(const std::shared_ptr<Call>& call) {
    Begin(call->context);
    stub_->async()->SettleMany(
        &call->context, &call->request, &call->response, [this, call](grpc::Status status) {
          // A call that was refused as a whole says nothing about what it asked for.
          const bool whole =
              status.ok() &&
              static_cast<std::size_t>(call->response.results_size()) == call->asked.size();
          std::vector<Answer> answers;
          answers.reserve(call->asked.size());
          for (std::size_t i = 0; i < call->asked.size(); ++i) {
            const auto& [kind, id] = call->asked[i];
            answers.push_back(
                AnswerOf(kind, id, whole ? &call->response.results(static_cast<int>(i)) : nullptr));
            VerifyVoteAhead(answers.back());
          }
          const std::string why =
              status.ok() ? "its answers are not those asked for"
                          : std::string(core::CutText(status.error_message(), kWhyBytesMax));
          End(status, *call,
              [this, answers = std::move(answers), why](BridgeEngine& engine,
                                                        core::LedgerTime now) {
                for (const Answer& answer : answers) Tell(engine, now, origin(), answer, why);
              });
        });
  }

  // Here rather than on the engine's thread, which has everything else to do.
  void VerifyVoteAhead(const Answer& answer) const {
    if (!answer.prepare.has_value()) return;
    if (const auto* vote = std::get_if<std::string>(&*answer.prepare)) {
      runtime_->VerifyVoteAhead(*vote);
    }
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
  void End(const grpc::Status& status, Call& call, BridgeRuntime::Event event) {
    {
      const std::lock_guard lock(mutex_);
      under_way_.erase(&call.context);
      for (const Key& asked : call.asked) known_.erase(asked);
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
    absl::StatusOr<std::shared_ptr<grpc::Channel>> channel =
        rpc::OpenChannel(ledger.address, tls, {.response_bytes_max = kAnswerBytesMax});
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
    engine.OnSendFailed(now, kind, id, ledger, "the configuration has no address for it");
  });
}

void LedgerCalls::Stop() {
  for (const std::unique_ptr<Peer>& peer : peers_) peer->Stop();
}

}  // namespace causeway::bridge
