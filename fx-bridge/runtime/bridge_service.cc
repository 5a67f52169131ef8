#include "fx-bridge/runtime/bridge_service.h"

#include <fmt/format.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "causeway/v1/bridge_service.grpc.pb.h"
#include "fx-bridge/runtime/bridge_streams.h"
#include "fx-bridge/runtime/bridge_views.h"
#include "fx-bridge/runtime/watchers.h"
#include "settlement/codec/codec.h"
#include "settlement/core/settlement_list.h"
#include "settlement/rpc/peer.h"
#include "settlement/rpc/rejection_status.h"
#include "settlement/rpc/stream.h"

namespace causeway::bridge {
namespace {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;
using MaybeRejection = std::optional<core::Rejection>;

core::Rejection Refusal(core::Outcome outcome, std::string message) {
  core::Rejection rejection;
  rejection.outcome = outcome;
  rejection.message = std::move(message);
  return rejection;
}

struct Caller {
  bool sees_everything = false;  // an observer, or the operator on this machine
  core::ParticipantId id;        // empty for the operator
};

// A call that ends once, on whatever thread is first: the engine's, or gRPC's when the client is
// gone or its deadline has passed.
template <typename Response>
class PendingCall final : public ServerUnaryReactor {
 public:
  PendingCall(CallbackServerContext* context, Response* response)
      : context_(context), response_(response) {}

  // gRPC may call back until OnDone: the call keeps itself alive until then.
  void KeepUntilDone(std::shared_ptr<PendingCall> self) { self_ = std::move(self); }

  bool ended() const { return ended_.load(); }
  void Refuse(const core::Rejection& rejection) {
    if (!ended_.exchange(true)) Finish(rpc::Refuse(rejection, *context_));
  }
  void End(const grpc::Status& status) {
    if (!ended_.exchange(true)) Finish(status);
  }
  // `fill` writes the response; it is not called when the call has ended.
  template <typename Fill>
  void Succeed(const Fill& fill) {
    if (ended_.exchange(true)) return;
    fill(*response_);
    Finish(grpc::Status::OK);
  }

 private:
  void OnCancel() override { End(grpc::Status::CANCELLED); }
  void OnDone() override { const std::shared_ptr<PendingCall> last = std::move(self_); }

  CallbackServerContext* const context_;
  Response* const response_;
  std::atomic<bool> ended_ = false;
  std::shared_ptr<PendingCall> self_;
};

template <typename Response>
using CallPtr = std::shared_ptr<PendingCall<Response>>;

template <typename Response>
CallPtr<Response> NewCall(CallbackServerContext* context, Response* response) {
  auto call = std::make_shared<PendingCall<Response>>(context, response);
  call->KeepUntilDone(call);
  return call;
}

// A submission that is answered when its settlement is complete.
class CompletionWaiter final : public Watcher {
 public:
  explicit CompletionWaiter(CallPtr<v1::SettlementView> call) : call_(std::move(call)) {}
  bool Wants() const override { return !call_->ended(); }
  void OnView(const v1::SettlementView& view, bool final) override {
    if (final) call_->Succeed([&](v1::SettlementView& out) { out = view; });
  }
  void OnEnd() override {
    call_->Refuse(Refusal(core::Outcome::kUnavailable,
                          "the bridge is stopping; the submission is durable: ask GetDecision"));
  }

 private:
  const CallPtr<v1::SettlementView> call_;
};

// Submissions that come together: the call ends when each has its result.
class ManyCall {
 public:
  // `count` results, and one Done more of whoever makes them.
  ManyCall(CallPtr<v1::SubmitSettlementsResponse> call, int count)
      : call_(std::move(call)), left_(count + 1) {
    for (int i = 0; i < count; ++i) results_.add_results();
  }

  bool ended() const { return call_->ended(); }
  // Once for each position; of the engine thread, but for what is refused before it gets there.
  v1::SubmissionResult& result(int position) { return *results_.mutable_results(position); }
  void Refuse(int position, const core::Rejection& rejection) {
    codec::ToProto(rejection, result(position).mutable_rejection());
    Done();
  }
  void Done() {
    if (--left_ > 0) return;
    call_->Succeed([this](v1::SubmitSettlementsResponse& out) { out.Swap(&results_); });
  }
  void End(const core::Rejection& rejection) { call_->Refuse(rejection); }

 private:
  const CallPtr<v1::SubmitSettlementsResponse> call_;
  v1::SubmitSettlementsResponse results_;
  int left_;
};

// One of them, until its settlement is complete.
class ManyWaiter final : public Watcher {
 public:
  ManyWaiter(std::shared_ptr<ManyCall> call, int position)
      : call_(std::move(call)), position_(position) {}
  bool Wants() const override { return !done_ && !call_->ended(); }
  bool WantsCertificate() const override { return false; }
  void OnView(const v1::SettlementView& view, bool final) override {
    if (!final || done_) return;
    done_ = true;
    *call_->result(position_).mutable_view() = view;
    call_->Done();
  }
  void OnEnd() override {
    call_->End(Refusal(core::Outcome::kUnavailable,
                       "the bridge is stopping; the submissions are durable: ask GetDecision"));
  }

 private:
  const std::shared_ptr<ManyCall> call_;
  const int position_;
  bool done_ = false;
};

// One submission of many on its way to the engine.
struct Submission {
  int position = 0;
  core::Hash256 id;
  core::Envelope terms;
  std::vector<std::string> legs;
  MaybeRejection refused;
};

bool IsInLegs(const core::ParticipantId& caller, const std::vector<std::string>& legs);

// Whether the caller pays in, or approves, what is submitted.
bool IsPartyTo(const core::ParticipantId& caller, const core::Envelope& terms,
               const std::vector<std::string>& legs) {
  if (terms.payload_type != core::kSettlementListPayloadType) return IsInLegs(caller, legs);
  const absl::StatusOr<core::TermsHeader> list = core::DecodeSettlementList(terms.payload);
  // What does not decode is refused with its field named, by the engine.
  return !list.ok() ||
         std::any_of(list->parts.begin(), list->parts.end(),
                     [&](const core::ListPart& part) { return part.payer == caller; });
}

// Whether the caller pays in, or approves, one of these legs. That they are the legs of the terms
// is checked by the engine.
bool IsInLegs(const core::ParticipantId& caller, const std::vector<std::string>& legs) {
  return std::any_of(legs.begin(), legs.end(), [&](const std::string& bytes) {
    const absl::StatusOr<core::Leg> leg = codec::DecodeLeg(bytes);
    // What does not decode is refused with its field named, by the engine.
    if (!leg.ok() || leg->party == caller) return true;
    return std::find(leg->approvals.begin(), leg->approvals.end(), caller) != leg->approvals.end();
  });
}

}  // namespace

class BridgeService::Impl final : public v1::Bridge::CallbackService {
 public:
  Impl(BridgeRuntime* runtime, BridgeAccess access, RandomSource random)
      : runtime_(runtime),
        access_(std::move(access)),
        random_(std::move(random)),
        hub_(kStreamThreads) {}

  void OnChanged(const BridgeEngine& engine, const std::vector<core::Hash256>& changed) {
    const std::uint64_t batches = engine.batch_count();
    if (batches != batches_told_) hub_.Wake();
    batches_told_ = batches;
    for (const core::Hash256& id : changed) {
      if (!watchers_.Watches(id)) continue;
      const std::optional<SettlementView> view = engine.Find(id);
      if (!view.has_value()) continue;
      v1::SettlementView message;
      if (watchers_.WantCertificate(id)) {
        ToProto(*view, engine, &message);
      } else {
        ToProto(*view, &message);
      }
      watchers_.Tell(id, message, IsFinal(view->state));
    }
  }

  void EndStreams() {
    hub_.EndAll({grpc::StatusCode::UNAVAILABLE, "the bridge is stopping; connect again later"});
  }
  void EndCalls() { watchers_.EndAll(); }

  ServerUnaryReactor* GetBridge(CallbackServerContext* context, const v1::GetBridgeRequest*,
                                v1::BridgeInfo* response) override {
    return Query(context, response, [](const BridgeEngine& engine, const Caller&, auto& out) {
      ToProto(engine, &out);
      return MaybeRejection();
    });
  }

  ServerUnaryReactor* RequestQuote(CallbackServerContext* context, const v1::QuoteRequest* request,
                                   v1::Quote* response) override {
    auto call = NewCall(context, response);
    const std::optional<Caller> caller = Identify(context, *call);
    if (!caller.has_value()) return call.get();
    std::variant<QuoteRequest, core::Rejection> parsed = FromProto(*request);
    if (const auto* refused = std::get_if<core::Rejection>(&parsed)) {
      call->Refuse(*refused);
      return call.get();
    }
    const auto& wanted = std::get<QuoteRequest>(parsed);
    if (!caller->id.IsEmpty() && caller->id != wanted.taker) {
      call->Refuse(
          Refusal(core::Outcome::kSenderNotEntitled,
                  fmt::format("taker: is {}; you are {}", wanted.taker.text(), caller->id.text())));
      return call.get();
    }
    auto result = std::make_shared<std::variant<Quote, core::Rejection>>();
    Post(
        call,
        [this, wanted, result](BridgeEngine& engine, core::LedgerTime now) {
          *result = engine.RequestQuote(now, wanted, random_);
        },
        [call, result](const BridgeEngine&) {
          if (const auto* refused = std::get_if<core::Rejection>(result.get())) {
            call->Refuse(*refused);
          } else {
            call->Succeed([&](v1::Quote& out) { ToProto(std::get<Quote>(*result), &out); });
          }
        });
    return call.get();
  }

  ServerUnaryReactor* SubmitSettlement(CallbackServerContext* context,
                                       const v1::SubmitSettlementRequest* request,
                                       v1::SettlementView* response) override;
  ServerUnaryReactor* SubmitSettlements(CallbackServerContext* context,
                                        const v1::SubmitSettlementsRequest* request,
                                        v1::SubmitSettlementsResponse* response) override;
  ServerUnaryReactor* GetDecision(CallbackServerContext* context,
                                  const v1::GetDecisionRequest* request,
                                  v1::SettlementView* response) override;

  ServerUnaryReactor* RequestAbort(CallbackServerContext* context,
                                   const v1::RequestAbortRequest* request,
                                   v1::SettlementView* response) override;

  grpc::ServerWriteReactor<v1::SettlementView>* WatchSettlement(
      CallbackServerContext* context, const v1::WatchSettlementRequest* request) override;

  ServerUnaryReactor* ListOpen(CallbackServerContext* context, const v1::ListOpenRequest* request,
                               v1::ListOpenResponse* response) override {
    const core::Duration age_min = core::Duration::FromMicros(request->age_us_min());
    return Query(context, response,
                 [this, age_min](const BridgeEngine& engine, const Caller& caller, auto& out) {
                   const core::LedgerTime now = runtime_->Now();
                   out.set_now_us(now.micros());
                   for (const SettlementView& view : engine.ListOpen()) {
                     if (now - view.submitted < age_min) continue;
                     if (caller.sees_everything) {
                       ToOperatorView(view, out.add_settlements());
                     } else if (engine.IsParty(view.settlement_id, caller.id)) {
                       ToProto(view, out.add_settlements());
                     }
                     if (static_cast<std::size_t>(out.settlements_size()) == kListOpenMax) break;
                   }
                   return MaybeRejection();
                 });
  }

  grpc::ServerWriteReactor<v1::DecisionBatchMessage>* Subscribe(
      CallbackServerContext* context, const v1::SubscribeDecisionsRequest* request) override {
    std::variant<Caller, grpc::Status> caller = IdentifyOrStatus(context);
    if (const auto* refused = std::get_if<grpc::Status>(&caller)) {
      return hub_.Refuse<v1::DecisionBatchMessage>(*refused);
    }
    if (!std::get<Caller>(caller).sees_everything) {
      return hub_.Refuse<v1::DecisionBatchMessage>(
          rpc::Refuse(core::Outcome::kSenderNotEntitled,
                      "the decision log is shown to the observers of the configuration", *context));
    }
    return hub_.Open<v1::DecisionBatchMessage>(
        std::make_unique<DecisionSource>(runtime_, request->from_index()));
  }

  ServerUnaryReactor* GetDecisionCheckpoint(CallbackServerContext* context,
                                            const v1::GetDecisionCheckpointRequest*,
                                            v1::DecisionCheckpoint* response) override {
    auto call = NewCall(context, response);
    // Heads are for everybody with a certificate, for witnesses too: they must be seen to be one.
    if (const absl::StatusOr<rpc::Peer> peer = rpc::PeerOf(*context); !peer.ok()) {
      call->End({grpc::StatusCode::UNAUTHENTICATED, std::string(peer.status().message())});
      return call.get();
    }
    Post(call, nullptr, [call](const BridgeEngine& engine) {
      call->Succeed([&](v1::DecisionCheckpoint& out) {
        out.set_checkpoint(engine.checkpoint());
        out.set_certified(engine.certified_checkpoint());
        for (std::string& note : engine.CosignedCheckpoints()) out.add_cosigned(std::move(note));
      });
    });
    return call.get();
  }

 private:
  std::variant<Caller, grpc::Status> IdentifyOrStatus(CallbackServerContext* context) const {
    const absl::StatusOr<rpc::Peer> peer = rpc::PeerOf(*context);
    if (!peer.ok()) {
      const grpc::Status refused = rpc::Refuse(core::Outcome::kSenderNotEntitled,
                                               std::string(peer.status().message()), *context);
      return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, refused.error_message());
    }
    if (peer->IsLocalOperator()) return Caller{true, {}};
    const core::ParticipantId& id = *peer->participant;
    const bool observer = access_.observers.contains(id);
    if (!observer && !access_.participants.contains(id)) {
      return rpc::Refuse(core::Outcome::kSenderNotEntitled,
                         fmt::format("{} is not a participant of this bridge", id.text()),
                         *context);
    }
    return Caller{observer, id};
  }

  // Nothing when the call was refused.
  template <typename Response>
  std::optional<Caller> Identify(CallbackServerContext* context, PendingCall<Response>& call) {
    std::variant<Caller, grpc::Status> caller = IdentifyOrStatus(context);
    if (auto* known = std::get_if<Caller>(&caller)) return *known;
    call.End(std::get<grpc::Status>(caller));
    return std::nullopt;
  }

  // Hands the call to the engine thread; a call that ended meanwhile changes nothing.
  template <typename Response>
  void Post(const CallPtr<Response>& call, BridgeRuntime::Event event,
            BridgeRuntime::Answer answer) {
    BridgeRuntime::Event guarded;
    if (event) {
      guarded = [call, event = std::move(event)](BridgeEngine& engine, core::LedgerTime now) {
        if (!call->ended()) event(engine, now);
      };
    }
    const auto last = [call, answer = std::move(answer)](const BridgeEngine& engine) {
      if (!call->ended()) answer(engine);
    };
    if (const MaybeRejection refused = runtime_->Post(std::move(guarded), last)) {
      call->Refuse(*refused);
    }
  }

  // `fill(engine, caller, out)` fills the response or refuses.
  template <typename Response, typename Fill>
  ServerUnaryReactor* Query(CallbackServerContext* context, Response* response, Fill fill) {
    auto call = NewCall(context, response);
    const std::optional<Caller> caller = Identify(context, *call);
    if (!caller.has_value()) return call.get();
    Post(call, nullptr, [call, caller = *caller, fill](const BridgeEngine& engine) {
      Response out;
      if (const MaybeRejection refused = fill(engine, caller, out)) {
        call->Refuse(*refused);
      } else {
        call->Succeed([&](Response& message) { message = std::move(out); });
      }
    });
    return call.get();
  }

  // A settlement is shown to its parties and to observers; one that is complete to whoever knows
  // its id, which nobody can guess and which says nothing about parties or amounts.
  static MaybeRejection CheckMaySee(const BridgeEngine& engine, const Caller& caller,
                                    const SettlementView& view) {
    if (caller.sees_everything || IsFinal(view.state) ||
        engine.IsParty(view.settlement_id, caller.id)) {
      return std::nullopt;
    }
    return Refusal(core::Outcome::kSenderNotEntitled,
                   "settlement_id: you are not a party of that settlement; present its terms");
  }

  void AnswerWhenComplete(const BridgeEngine& engine, const SettlementView& view,
                          const CallPtr<v1::SettlementView>& call) {
    if (IsFinal(view.state)) {
      call->Succeed([&](v1::SettlementView& out) { ToProto(view, engine, &out); });
      return;
    }
    const bool added = watchers_.Add(view.settlement_id, std::make_shared<CompletionWaiter>(call),
                                     kWatchersPerSettlementMax);
    if (!added) {
      call->Refuse(Refusal(core::Outcome::kOverloaded,
                           "too many calls wait for this settlement; ask GetDecision"));
    }
  }

  void AnswerOne(const BridgeEngine& engine, const Submission& submission,
                 const std::shared_ptr<ManyCall>& many, bool wait);

  BridgeRuntime* const runtime_;
  const BridgeAccess access_;
  const RandomSource random_;
  rpc::StreamHub hub_;
  // Of the engine thread.
  Watchers watchers_;
  std::uint64_t batches_told_ = 0;
};

ServerUnaryReactor* BridgeService::Impl::SubmitSettlement(
    CallbackServerContext* context, const v1::SubmitSettlementRequest* request,
    v1::SettlementView* response) {
  auto call = NewCall(context, response);
  const std::optional<Caller> caller = Identify(context, *call);
  if (!caller.has_value()) return call.get();
  absl::StatusOr<core::Envelope> terms = codec::FromProto(request->terms());
  if (!terms.ok()) {
    call->Refuse(Refusal(core::Outcome::kMalformed,
                         fmt::format("terms: {}", std::string(terms.status().message()))));
    return call.get();
  }
  std::vector<std::string> legs(request->legs().begin(), request->legs().end());
  if (!caller->id.IsEmpty() && !IsPartyTo(caller->id, *terms, legs)) {
    call->Refuse(
        Refusal(core::Outcome::kSenderNotEntitled,
                fmt::format("legs: {} neither pays nor approves one of them", caller->id.text())));
    return call.get();
  }
  runtime_->VerifyAhead(*terms);
  const core::Hash256 id = core::SettlementIdOf(terms->payload);
  auto refused = std::make_shared<MaybeRejection>();
  Post(
      call,
      [refused, terms = *std::move(terms), legs = std::move(legs)](BridgeEngine& engine,
                                                                   core::LedgerTime now) {
        auto result = engine.Submit(now, terms, legs);
        if (auto* rejection = std::get_if<core::Rejection>(&result)) *refused = *rejection;
      },
      [this, call, refused, id, wait = request->wait()](const BridgeEngine& engine) {
        if (refused->has_value()) {
          call->Refuse(**refused);
          return;
        }
        const std::optional<SettlementView> view = engine.Find(id);
        if (!view.has_value()) {
          call->Refuse(Refusal(core::Outcome::kNotFound, "the settlement cannot be read"));
        } else if (wait) {
          AnswerWhenComplete(engine, *view, call);
        } else {
          call->Succeed([&](v1::SettlementView& out) { ToProto(*view, engine, &out); });
        }
      });
  return call.get();
}

ServerUnaryReactor* BridgeService::Impl::SubmitSettlements(
    CallbackServerContext* context, const v1::SubmitSettlementsRequest* request,
    v1::SubmitSettlementsResponse* response) {
  auto call = NewCall(context, response);
  const std::optional<Caller> caller = Identify(context, *call);
  if (!caller.has_value()) return call.get();
  const int count = request->submissions_size();
  if (count == 0 || static_cast<std::size_t>(count) > kSubmissionsPerCallMax) {
    call->Refuse(Refusal(
        core::Outcome::kBatchTooLarge,
        fmt::format("submissions: has {}; must have 1 to {}", count, kSubmissionsPerCallMax)));
    return call.get();
  }
  auto many = std::make_shared<ManyCall>(call, count);
  auto submissions = std::make_shared<std::vector<Submission>>();
  for (int i = 0; i < count; ++i) {
    const v1::SubmitSettlementRequest& one = request->submissions(i);
    absl::StatusOr<core::Envelope> terms = codec::FromProto(one.terms());
    if (!terms.ok()) {
      many->Refuse(i, Refusal(core::Outcome::kMalformed,
                              fmt::format("terms: {}", std::string(terms.status().message()))));
      continue;
    }
    std::vector<std::string> legs(one.legs().begin(), one.legs().end());
    if (!caller->id.IsEmpty() && !IsPartyTo(caller->id, *terms, legs)) {
      many->Refuse(i, Refusal(core::Outcome::kSenderNotEntitled,
                              fmt::format("legs: {} neither pays nor approves one of them",
                                          caller->id.text())));
      continue;
    }
    runtime_->VerifyAhead(*terms);
    const core::Hash256 id = core::SettlementIdOf(terms->payload);
    submissions->push_back({i, id, *std::move(terms), std::move(legs), {}});
  }
  Post(
      call,
      [submissions](BridgeEngine& engine, core::LedgerTime now) {
        for (Submission& each : *submissions) {
          auto result = engine.Submit(now, each.terms, std::move(each.legs));
          if (auto* refused = std::get_if<core::Rejection>(&result)) each.refused = *refused;
        }
      },
      [this, many, submissions, wait = request->wait()](const BridgeEngine& engine) {
        for (const Submission& each : *submissions) {
          AnswerOne(engine, each, many, wait);
        }
        many->Done();
      });
  return call.get();
}

void BridgeService::Impl::AnswerOne(const BridgeEngine& engine, const Submission& submission,
                                    const std::shared_ptr<ManyCall>& many, bool wait) {
  const int position = submission.position;
  if (submission.refused.has_value()) {
    many->Refuse(position, *submission.refused);
    return;
  }
  const std::optional<SettlementView> view = engine.Find(submission.id);
  if (!view.has_value()) {
    many->Refuse(position, Refusal(core::Outcome::kNotFound, "the settlement cannot be read"));
    return;
  }
  if (!wait || IsFinal(view->state)) {
    ToProto(*view, many->result(position).mutable_view());
    many->Done();
    return;
  }
  const bool added = watchers_.Add(submission.id, std::make_shared<ManyWaiter>(many, position),
                                   kWatchersPerSettlementMax);
  if (added) return;
  many->Refuse(position, Refusal(core::Outcome::kOverloaded,
                                 "too many calls wait for this settlement; ask GetDecision"));
}

ServerUnaryReactor* BridgeService::Impl::GetDecision(CallbackServerContext* context,
                                                     const v1::GetDecisionRequest* request,
                                                     v1::SettlementView* response) {
  auto call = NewCall(context, response);
  const std::optional<Caller> caller = Identify(context, *call);
  if (!caller.has_value()) return call.get();
  const absl::StatusOr<core::Hash256> id =
      codec::HashFrom(request->settlement_id(), "settlement_id");
  if (!id.ok()) {
    call->Refuse(Refusal(core::Outcome::kMalformed, std::string(id.status().message())));
    return call.get();
  }
  const std::string terms = request->terms();
  if (!terms.empty() && core::SettlementIdOf(terms) != *id) {
    call->Refuse(Refusal(core::Outcome::kMalformed, "terms: are not those of settlement_id"));
    return call.get();
  }
  auto refused = std::make_shared<MaybeRejection>();
  Post(
      call,
      [refused, id = *id, terms](BridgeEngine& engine, core::LedgerTime now) {
        auto result = engine.JudgeDeadline(now, id, terms);
        if (auto* rejection = std::get_if<core::Rejection>(&result)) *refused = *rejection;
      },
      [call, refused, id = *id, caller = *caller, terms](const BridgeEngine& engine) {
        if (refused->has_value()) {
          call->Refuse(**refused);
          return;
        }
        const std::optional<SettlementView> view = engine.Find(id);
        if (!view.has_value()) {
          call->Refuse(Refusal(core::Outcome::kNotFound, "the settlement cannot be read"));
          return;
        }
        if (terms.empty()) {
          if (const MaybeRejection hidden = CheckMaySee(engine, caller, *view)) {
            call->Refuse(*hidden);
            return;
          }
        }
        call->Succeed([&](v1::SettlementView& out) { ToProto(*view, engine, &out); });
      });
  return call.get();
}

// Whoever brings it: the receipt proves the order by itself.
ServerUnaryReactor* BridgeService::Impl::RequestAbort(CallbackServerContext* context,
                                                      const v1::RequestAbortRequest* request,
                                                      v1::SettlementView* response) {
  auto call = NewCall(context, response);
  if (!Identify(context, *call).has_value()) return call.get();
  const absl::StatusOr<core::Hash256> id =
      codec::HashFrom(request->settlement_id(), "settlement_id");
  if (!id.ok()) {
    call->Refuse(Refusal(core::Outcome::kMalformed, std::string(id.status().message())));
    return call.get();
  }
  std::variant<AbortOrder, core::Rejection> order = FromProto(request->order());
  if (const auto* malformed = std::get_if<core::Rejection>(&order)) {
    call->Refuse(*malformed);
    return call.get();
  }
  auto refused = std::make_shared<MaybeRejection>();
  Post(
      call,
      [refused, id = *id, order = std::get<AbortOrder>(std::move(order))](BridgeEngine& engine,
                                                                          core::LedgerTime now) {
        auto result = engine.OrderAbort(now, id, order);
        if (auto* rejection = std::get_if<core::Rejection>(&result)) *refused = *rejection;
      },
      [call, refused, id = *id](const BridgeEngine& engine) {
        const std::optional<SettlementView> view = engine.Find(id);
        if (refused->has_value()) {
          call->Refuse(**refused);
        } else if (!view.has_value()) {
          call->Refuse(Refusal(core::Outcome::kNotFound, "the settlement cannot be read"));
        } else {
          call->Succeed([&](v1::SettlementView& out) { ToProto(*view, engine, &out); });
        }
      });
  return call.get();
}

grpc::ServerWriteReactor<v1::SettlementView>* BridgeService::Impl::WatchSettlement(
    CallbackServerContext* context, const v1::WatchSettlementRequest* request) {
  std::variant<Caller, grpc::Status> identified = IdentifyOrStatus(context);
  if (const auto* refused = std::get_if<grpc::Status>(&identified)) {
    return hub_.Refuse<v1::SettlementView>(*refused);
  }
  const absl::StatusOr<core::Hash256> id =
      codec::HashFrom(request->settlement_id(), "settlement_id");
  if (!id.ok()) {
    return hub_.Refuse<v1::SettlementView>(
        rpc::Refuse(core::Outcome::kMalformed, std::string(id.status().message()), *context));
  }
  auto queue = std::make_shared<ViewQueue>(&hub_);
  const MaybeRejection full = runtime_->Post(
      nullptr,
      [this, queue, id = *id, caller = std::get<Caller>(identified)](const BridgeEngine& engine) {
        if (!queue->Wants()) return;
        const std::optional<SettlementView> view = engine.Find(id);
        if (!view.has_value()) {
          queue->Close({grpc::StatusCode::NOT_FOUND, "settlement_id: is not known here"});
          return;
        }
        if (const MaybeRejection hidden = CheckMaySee(engine, caller, *view)) {
          queue->Close({grpc::StatusCode::PERMISSION_DENIED, core::Describe(*hidden)});
          return;
        }
        v1::SettlementView message;
        ToProto(*view, engine, &message);
        queue->OnView(message, IsFinal(view->state));
        if (!IsFinal(view->state) && !watchers_.Add(id, queue, kWatchersPerSettlementMax)) {
          queue->Close({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many watch this settlement"});
        }
      });
  if (full.has_value()) {
    return hub_.Refuse<v1::SettlementView>(rpc::Refuse(*full, *context));
  }
  return hub_.Open<v1::SettlementView>(std::make_unique<ViewSource>(std::move(queue)));
}

BridgeService::BridgeService(BridgeRuntime* runtime, BridgeAccess access, RandomSource random)
    : impl_(std::make_unique<Impl>(runtime, std::move(access), std::move(random))) {}

BridgeService::~BridgeService() = default;

grpc::Service* BridgeService::service() { return impl_.get(); }

void BridgeService::OnChanged(const BridgeEngine& engine,
                              const std::vector<core::Hash256>& changed) {
  impl_->OnChanged(engine, changed);
}

void BridgeService::EndStreams() { impl_->EndStreams(); }

void BridgeService::EndCalls() { impl_->EndCalls(); }

}  // namespace causeway::bridge
