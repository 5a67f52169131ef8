#include "fx-bridge/runtime/bridge_service.h"

#include <fmt/format.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "causeway/v1/bridge_service.grpc.pb.h"
#include "fx-bridge/runtime/bridge_calls.h"
#include "fx-bridge/runtime/bridge_streams.h"
#include "fx-bridge/runtime/bridge_views.h"
#include "fx-bridge/runtime/watchers.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/rpc/log.h"
#include "settlement/rpc/peer.h"
#include "settlement/rpc/rejection_status.h"
#include "settlement/rpc/stream.h"

namespace causeway::bridge {
namespace {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

// What ListOpen is asked for.
struct OpenPage {
  core::Duration age_min;
  std::size_t count_max = 0;
  std::optional<OpenPlace> after;
  bool follows = false;  // the caller knows of pages
};

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
        call, caller->id,
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
    OpenPage page;
    page.age_min = core::Duration::FromMicros(request->age_us_min());
    page.count_max = access_.list_open_max;
    page.follows = request->page_size() != 0 || !request->page_token().empty();
    if (request->page_size() != 0) {
      page.count_max = std::min<std::size_t>(page.count_max, request->page_size());
    }
    MaybeRejection wrong;
    if (!request->page_token().empty()) {
      page.after = DecodePageToken(request->page_token());
      if (!page.after) wrong = Refusal(core::Outcome::kMalformed, "page_token: was not given here");
    }
    return Query(context, response,
                 [this, page, wrong](const BridgeEngine& engine, const Caller& caller, auto& out) {
                   if (!wrong) FillOpen(engine, caller, page, out);
                   return wrong;
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
    const absl::StatusOr<rpc::Peer> peer = rpc::PeerOf(*context);
    if (!peer.ok()) {
      call->End({grpc::StatusCode::UNAUTHENTICATED, std::string(peer.status().message())});
      return call.get();
    }
    Post(call, peer->participant.value_or(core::ParticipantId()), nullptr,
         [call](const BridgeEngine& engine) {
           call->Succeed([&](v1::DecisionCheckpoint& out) {
             out.set_checkpoint(engine.checkpoint());
             out.set_certified(engine.certified_checkpoint());
             for (std::string& note : engine.CosignedCheckpoints())
               out.add_cosigned(std::move(note));
           });
         });
    return call.get();
  }

 private:
  std::variant<Caller, grpc::Status> IdentifyOrStatus(CallbackServerContext* context) const {
    return IdentifyCaller(context, access_);
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
  void Post(const CallPtr<Response>& call, const core::ParticipantId& caller,
            BridgeRuntime::Event event, BridgeRuntime::Answer answer) {
    BridgeRuntime::Event guarded;
    if (event) {
      guarded = [call, event = std::move(event)](BridgeEngine& engine, core::LedgerTime now) {
        if (!call->ended()) event(engine, now);
      };
    }
    const auto last = [call, answer = std::move(answer)](const BridgeEngine& engine) {
      if (!call->ended()) answer(engine);
    };
    if (const MaybeRejection refused =
            runtime_->Post(std::move(guarded), last, caller.ToString())) {
      call->Refuse(*refused);
    }
  }

  // On the engine thread.
  void FillOpen(const BridgeEngine& engine, const Caller& caller, const OpenPage& page,
                v1::ListOpenResponse& out) {
    const core::LedgerTime now = runtime_->Now();
    out.set_now_us(now.micros());
    OpenPlace last;
    for (const OpenPlace& place : engine.OpenPlaces(page.after)) {
      if (now - place.submitted < page.age_min) break;  // and all that follow
      if (!caller.sees_everything && !engine.IsParty(place.id, caller.id)) continue;
      if (static_cast<std::size_t>(out.settlements_size()) == page.count_max) {
        out.set_next_page_token(EncodePageToken(last));
        break;
      }
      const std::optional<SettlementView> view = engine.Find(place.id);
      CW_CHECK(view.has_value(), "what is open can be seen");
      if (caller.sees_everything) {
        ToOperatorView(*view, out.add_settlements());
      } else {
        ToProto(*view, out.add_settlements());
      }
      last = place;
    }
    if (!out.next_page_token().empty() && !page.follows) TellCut(caller, now);
  }

  // A caller that asks for no page may know of none.
  void TellCut(const Caller& caller, core::LedgerTime now) {
    if (list_cut_told_.has_value() && now - *list_cut_told_ < kListCutToldEvery) return;
    list_cut_told_ = now;
    rpc::Log(
        "causeway-bridge",
        fmt::format("ListOpen showed '{}' the oldest {} open settlements; there are more, on "
                    "the next page",
                    caller.id.IsEmpty() ? "operator" : caller.id.text(), access_.list_open_max));
  }

  // `fill(engine, caller, out)` fills the response or refuses.
  template <typename Response, typename Fill>
  ServerUnaryReactor* Query(CallbackServerContext* context, Response* response, Fill fill) {
    auto call = NewCall(context, response);
    const std::optional<Caller> caller = Identify(context, *call);
    if (!caller.has_value()) return call.get();
    Post(call, caller->id, nullptr, [call, caller = *caller, fill](const BridgeEngine& engine) {
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
  std::optional<core::LedgerTime> list_cut_told_;  // when last
};

ServerUnaryReactor* BridgeService::Impl::SubmitSettlement(
    CallbackServerContext* context, const v1::SubmitSettlementRequest* request,
    v1::SettlementView* response) {
  auto call = NewCall(context, response);
  const std::optional<Caller> caller = Identify(context, *call);
  if (!caller.has_value()) return call.get();
  core::Rejection unread;
  std::optional<Submission> read = ReadSubmission(0, caller->id, *request, unread);
  if (!read.has_value()) {
    call->Refuse(unread);
    return call.get();
  }
  runtime_->VerifyAhead(read->terms);
  auto submission = std::make_shared<Submission>(*std::move(read));
  Post(
      call, caller->id,
      [submission](BridgeEngine& engine, core::LedgerTime now) {
        auto result = engine.Submit(now, submission->terms, std::move(submission->legs));
        if (auto* refused = std::get_if<core::Rejection>(&result)) submission->refused = *refused;
      },
      [this, call, submission, wait = request->wait()](const BridgeEngine& engine) {
        AnswerWith(*call, submission->refused, engine, submission->id,
                   [&](const SettlementView& view) {
                     if (wait) {
                       AnswerWhenComplete(engine, view, call);
                     } else {
                       call->Succeed([&](v1::SettlementView& out) { ToProto(view, engine, &out); });
                     }
                   });
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
    core::Rejection refused;
    std::optional<Submission> read =
        ReadSubmission(i, caller->id, request->submissions(i), refused);
    if (!read.has_value()) {
      many->Refuse(i, refused);
      continue;
    }
    runtime_->VerifyAhead(read->terms);
    submissions->push_back(*std::move(read));
  }
  Post(
      call, caller->id,
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
  const std::variant<SettlementView, core::Rejection> looked = engine.Look(submission.id);
  if (const auto* unknown = std::get_if<core::Rejection>(&looked)) {
    many->Refuse(position, *unknown);
    return;
  }
  const auto& view = std::get<SettlementView>(looked);
  if (!wait || IsFinal(view.state)) {
    ToProto(view, many->result(position).mutable_view());
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
      call, caller->id,
      [refused, id = *id, terms, asker = caller->id](BridgeEngine& engine, core::LedgerTime now) {
        auto result = engine.JudgeDeadline(now, id, terms, asker);
        if (auto* rejection = std::get_if<core::Rejection>(&result)) *refused = *rejection;
      },
      [call, refused, id = *id, caller = *caller, terms](const BridgeEngine& engine) {
        AnswerWith(*call, *refused, engine, id, [&](const SettlementView& view) {
          if (const MaybeRejection hidden =
                  terms.empty() ? CheckMaySee(engine, caller, view) : std::nullopt) {
            call->Refuse(*hidden);
            return;
          }
          call->Succeed([&](v1::SettlementView& out) { ToProto(view, engine, &out); });
        });
      });
  return call.get();
}

// Whoever brings it: the receipt proves the order by itself.
ServerUnaryReactor* BridgeService::Impl::RequestAbort(CallbackServerContext* context,
                                                      const v1::RequestAbortRequest* request,
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
  std::variant<AbortOrder, core::Rejection> order = FromProto(request->order());
  if (const auto* malformed = std::get_if<core::Rejection>(&order)) {
    call->Refuse(*malformed);
    return call.get();
  }
  auto answer = std::make_shared<std::variant<SettlementView, core::Rejection>>();
  Post(
      call, caller->id,
      [answer, id = *id, order = std::get<AbortOrder>(std::move(order))](BridgeEngine& engine,
                                                                         core::LedgerTime now) {
        *answer = engine.OrderAbort(now, id, order);
      },
      [call, answer, id = *id](const BridgeEngine& engine) {
        const auto* kept = std::get_if<SettlementView>(answer.get());
        if (kept != nullptr && kept->state == SettlementState::kAbortOrdered &&
            !engine.Find(id).has_value()) {
          call->Succeed([&](v1::SettlementView& out) { ToProto(*kept, &out); });
          return;
        }
        const auto* rejection = std::get_if<core::Rejection>(answer.get());
        const MaybeRejection refused =
            rejection == nullptr ? std::nullopt : MaybeRejection(*rejection);
        AnswerWith(*call, refused, engine, id, [&](const SettlementView& view) {
          call->Succeed([&](v1::SettlementView& out) { ToProto(view, engine, &out); });
        });
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
        const std::variant<SettlementView, core::Rejection> looked = engine.Look(id);
        if (const auto* unknown = std::get_if<core::Rejection>(&looked)) {
          queue->Close({static_cast<grpc::StatusCode>(rpc::CodeOf(unknown->outcome)),
                        core::Describe(*unknown)});
          return;
        }
        const auto& view = std::get<SettlementView>(looked);
        if (const MaybeRejection hidden = CheckMaySee(engine, caller, view)) {
          queue->Close({grpc::StatusCode::PERMISSION_DENIED, core::Describe(*hidden)});
          return;
        }
        v1::SettlementView message;
        ToProto(view, engine, &message);
        queue->OnView(message, IsFinal(view.state));
        if (!IsFinal(view.state) && !watchers_.Add(id, queue, kWatchersPerSettlementMax)) {
          queue->Close({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many watch this settlement"});
        }
      },
      std::get<Caller>(identified).id.ToString());
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
