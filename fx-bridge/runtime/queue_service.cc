#include "fx-bridge/runtime/queue_service.h"

#include <fmt/format.h>
#include <grpcpp/server_context.h>

#include <utility>

#include "causeway/v1/queue_service.grpc.pb.h"
#include "fx-bridge/runtime/bridge_calls.h"
#include "settlement/codec/codec.h"

namespace causeway::bridge {
namespace {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

std::string RawHash(const core::Hash256& hash) { return std::string(hash.view()); }

void ToProto(const QueuedTradeView& view, v1::QueuedTradeView* out) {
  out->set_trade_id(RawHash(view.id));
  out->set_trade(view.payload);
  out->set_state(static_cast<v1::QueuedTradeState>(view.state));
  out->set_reason(static_cast<v1::QueueWaitReason>(view.reason));
  for (const core::ParticipantId& each : view.entered) out->add_entered(each.ToString());
  for (const core::ParticipantId& each : view.withdrawn) out->add_withdrawn(each.ToString());
  out->set_first_entered_us(view.first_entered.micros());
  out->set_waits_since_us(view.since.micros());
  out->set_ended_us(view.ended.micros());
  if (view.state == QueuedTradeState::kReturned) {
    codec::ToProto(view.outcome, out->mutable_rejection());
  }
  if (view.settlement_id) out->set_settlement_id(RawHash(*view.settlement_id));
  out->set_together(view.together);
}

void ToProto(const MemberRequests& requests, v1::MemberRequests* out) {
  for (const FundsRequest& each : requests.funds) {
    v1::FundsRequest* const funds = out->add_funds();
    funds->set_run(each.run);
    funds->set_ledger(each.ledger.ToString());
    funds->set_account(each.account.ToString());
  }
  for (const SignatureRequest& each : requests.signatures) {
    v1::SignatureRequest* const signature = out->add_signatures();
    signature->set_attempt(each.attempt);
    signature->set_terms(each.terms.terms);
    for (const std::string& leg : each.terms.legs) signature->add_legs(leg);
    for (const auto& [id, payload] : each.trades) signature->add_trades(payload);
    signature->set_until_us(each.until.micros());
  }
}

void ToProto(const QueueDesk& desk, const Caller& caller, v1::QueueInfo* out) {
  const QueueOptions& options = desk.options();
  out->set_queue(options.decision_log.ToString());
  out->set_interval_us(options.rules.every.micros());
  out->set_selection(std::string(fx_queue::SettlementSelectionName(options.rules.selection)));
  out->set_bypass(options.rules.bypass);
  out->set_answer_us_max(options.rules.answer_timeout.micros());
  for (const auto& [member, accounts] : options.members) {
    if (!caller.sees_everything && member != caller.id) continue;
    v1::QueueMember* const shown = out->add_members();
    shown->set_participant(member.ToString());
    for (const auto& [ledger, account] : accounts) {
      v1::QueueAccount* const each = shown->add_accounts();
      each->set_ledger(ledger.ToString());
      each->set_account(account.ToString());
    }
  }
  const QueueFigures figures = desk.Figures();
  out->set_entered(figures.entered);
  out->set_settled_alone(figures.settled_alone);
  out->set_settled_together(figures.settled_together);
  out->set_sets_settled(figures.sets_settled);
  out->set_attempts_refused(figures.attempts_refused);
  out->set_returned(figures.returned);
  out->set_runs(figures.runs);
  out->set_unmatched(figures.unmatched);
  out->set_waiting(figures.waiting);
}

bool MaySeeTrade(const QueueDesk& desk, const Caller& caller, const core::Hash256& id) {
  return caller.sees_everything || desk.IsParty(id, caller.id);
}

void ToProto(const QueueDesk& desk, const Caller& caller, const QueueRunView& run,
             v1::QueueRunView* out) {
  out->set_run(run.run);
  out->set_began_us(run.began.micros());
  out->set_waiting(run.waiting);
  out->set_accounts_asked(run.accounts_asked);
  out->set_accounts_told(run.accounts_told);
  for (const QueueAttemptView& set : run.sets) {
    v1::QueueSetView* const shown = out->add_sets();
    shown->set_attempt(set.attempt);
    shown->set_settlement_id(RawHash(set.settlement_id));
    shown->set_size(static_cast<std::uint32_t>(set.trades.size()));
    for (const core::Hash256& id : set.trades) {
      if (MaySeeTrade(desk, caller, id)) shown->add_trade_ids(RawHash(id));
    }
    if (set.outcome) codec::ToProto(*set.outcome, shown->mutable_outcome());
  }
  for (const core::Hash256& id : run.settled_without_payment) {
    if (MaySeeTrade(desk, caller, id)) out->add_settled_without_payment(RawHash(id));
  }
}

}  // namespace

class QueueService::Impl final : public v1::SettlementQueue::CallbackService {
 public:
  Impl(QueueRuntime* runtime, BridgeAccess access)
      : runtime_(runtime), access_(std::move(access)) {}

  ServerUnaryReactor* EnterTrade(CallbackServerContext* context,
                                 const v1::EnterTradeRequest* request,
                                 v1::QueuedTradeView* response) override {
    return SayOfTrade(
        context, request->has_trade() ? &request->trade() : nullptr, "trade", response,
        [](QueueDesk& desk, core::LedgerTime now, const Caller& caller,
           const core::Envelope& envelope) { return desk.Enter(now, caller.id, envelope); });
  }

  ServerUnaryReactor* WithdrawTrade(CallbackServerContext* context,
                                    const v1::WithdrawTradeRequest* request,
                                    v1::QueuedTradeView* response) override {
    return SayOfTrade(
        context, request->has_withdrawal() ? &request->withdrawal() : nullptr, "withdrawal",
        response,
        [](QueueDesk& desk, core::LedgerTime now, const Caller& caller,
           const core::Envelope& envelope) { return desk.Withdraw(now, caller.id, envelope); });
  }

  ServerUnaryReactor* GetTrade(CallbackServerContext* context, const v1::GetTradeRequest* request,
                               v1::QueuedTradeView* response) override {
    const absl::StatusOr<core::Hash256> id = codec::HashFrom(request->trade_id(), "trade_id");
    return Query(context, response, [id](const QueueDesk& desk, const Caller& caller, auto& out) {
      if (!id.ok()) {
        return MaybeRejection(
            Refusal(core::Outcome::kMalformed, std::string(id.status().message())));
      }
      if (!desk.IsKnown(*id)) {
        return MaybeRejection(Refusal(core::Outcome::kNotFound,
                                      fmt::format("trade_id: {} is not known here", id->ToHex())));
      }
      if (!caller.sees_everything && !desk.IsParty(*id, caller.id)) {
        return MaybeRejection(
            Refusal(core::Outcome::kSenderNotEntitled, "trade_id: you are no party of that trade"));
      }
      ToProto(*desk.Look(*id), &out);
      return MaybeRejection();
    });
  }

  ServerUnaryReactor* ListTrades(CallbackServerContext* context,
                                 const v1::ListTradesRequest* request,
                                 v1::ListTradesResponse* response) override {
    return Query(
        context, response,
        [this, ended = request->ended()](const QueueDesk& desk, const Caller& caller, auto& out) {
          out.set_now_us(runtime_->Now().micros());
          const core::ParticipantId party =
              caller.sees_everything ? core::ParticipantId() : caller.id;
          for (const QueuedTradeView& view : desk.List(party, ended, kListTradesMax)) {
            ToProto(view, out.add_trades());
          }
          return MaybeRejection();
        });
  }

  ServerUnaryReactor* GetRequests(CallbackServerContext* context, const v1::GetRequestsRequest*,
                                  v1::MemberRequests* response) override {
    return Query(context, response, [](const QueueDesk& desk, const Caller& caller, auto& out) {
      if (MaybeRejection refused = CheckMember(desk, caller)) return refused;
      ToProto(desk.RequestsFor(caller.id), &out);
      return MaybeRejection();
    });
  }

  ServerUnaryReactor* TellFunds(CallbackServerContext* context, const v1::TellFundsRequest* request,
                                v1::TellFundsResponse* response) override {
    const absl::StatusOr<core::LedgerOrigin> ledger = core::LedgerOrigin::Parse(request->ledger());
    if (!ledger.ok()) return Malformed(context, response, "ledger", ledger.status());
    return Answer(context, response,
                  [run = request->run(), ledger = *ledger,
                   funds = core::Amount::FromMinor(request->minor_units())](
                      QueueDesk& desk, core::LedgerTime now, const Caller& caller) {
                    return desk.TellFunds(now, caller.id, run, ledger, funds);
                  });
  }

  ServerUnaryReactor* SignAttempt(CallbackServerContext* context,
                                  const v1::SignAttemptRequest* request,
                                  v1::SignAttemptResponse* response) override {
    const absl::StatusOr<core::Envelope> terms = codec::FromProto(request->terms());
    if (!terms.ok()) return Malformed(context, response, "terms", terms.status());
    return Answer(context, response,
                  [attempt = request->attempt(), terms = *terms](
                      QueueDesk& desk, core::LedgerTime now, const Caller& caller) {
                    return desk.Sign(now, caller.id, attempt, terms);
                  });
  }

  ServerUnaryReactor* GetQueue(CallbackServerContext* context, const v1::GetQueueRequest*,
                               v1::QueueInfo* response) override {
    return Query(context, response, [](const QueueDesk& desk, const Caller& caller, auto& out) {
      ToProto(desk, caller, &out);
      return MaybeRejection();
    });
  }

  ServerUnaryReactor* ListRuns(CallbackServerContext* context, const v1::ListRunsRequest*,
                               v1::ListRunsResponse* response) override {
    return Query(context, response, [](const QueueDesk& desk, const Caller& caller, auto& out) {
      for (const QueueRunView& run : desk.Runs()) ToProto(desk, caller, run, out.add_runs());
      return MaybeRejection();
    });
  }

 private:
  static MaybeRejection CheckMember(const QueueDesk& desk, const Caller& caller) {
    if (desk.IsMember(caller.id)) return std::nullopt;
    return Refusal(core::Outcome::kSenderNotEntitled,
                   fmt::format("{} is no member of this queue",
                               caller.id.IsEmpty() ? "the operator" : caller.id.text()));
  }

  // Nothing when the call was refused.
  template <typename Response>
  std::optional<Caller> Identify(CallbackServerContext* context, PendingCall<Response>& call) {
    std::variant<Caller, grpc::Status> caller = IdentifyCaller(context, access_);
    if (auto* known = std::get_if<Caller>(&caller)) return *known;
    call.End(std::get<grpc::Status>(caller));
    return std::nullopt;
  }

  // Hands the call to the queue's thread; a call that ended meanwhile changes nothing.
  template <typename Response>
  void Post(const CallPtr<Response>& call, const Caller& caller, QueueRuntime::Event event,
            QueueRuntime::Answer answer) {
    QueueRuntime::Event guarded;
    if (event) {
      guarded = [call, event = std::move(event)](QueueDesk& desk, core::LedgerTime now) {
        if (!call->ended()) event(desk, now);
      };
    }
    const auto last = [call, answer = std::move(answer)](const QueueDesk& desk) {
      if (!call->ended()) answer(desk);
    };
    if (const MaybeRejection refused =
            runtime_->Post(std::move(guarded), last, caller.id.ToString())) {
      call->Refuse(*refused);
    }
  }

  template <typename Response>
  ServerUnaryReactor* Malformed(CallbackServerContext* context, Response* response,
                                std::string_view field, const absl::Status& status) {
    auto call = NewCall(context, response);
    if (!Identify(context, *call).has_value()) return call.get();
    call->Refuse(Refusal(core::Outcome::kMalformed,
                         fmt::format("{}: {}", field, std::string(status.message()))));
    return call.get();
  }

  // `fill(desk, caller, out)` fills the response or refuses.
  template <typename Response, typename Fill>
  ServerUnaryReactor* Query(CallbackServerContext* context, Response* response, Fill fill) {
    auto call = NewCall(context, response);
    const std::optional<Caller> caller = Identify(context, *call);
    if (!caller.has_value()) return call.get();
    Post(call, *caller, nullptr, [call, caller = *caller, fill](const QueueDesk& desk) {
      Response out;
      if (const MaybeRejection refused = fill(desk, caller, out)) {
        call->Refuse(*refused);
      } else {
        call->Succeed([&](Response& message) { message = std::move(out); });
      }
    });
    return call.get();
  }

  // A member's answer: `event(desk, now, caller)` takes or refuses it.
  template <typename Response, typename Take>
  ServerUnaryReactor* Answer(CallbackServerContext* context, Response* response, Take take) {
    auto call = NewCall(context, response);
    const std::optional<Caller> caller = Identify(context, *call);
    if (!caller.has_value()) return call.get();
    auto refused = std::make_shared<MaybeRejection>();
    Post(
        call, *caller,
        [refused, caller = *caller, take](QueueDesk& desk, core::LedgerTime now) {
          *refused = CheckMember(desk, caller);
          if (!refused->has_value()) *refused = take(desk, now, caller);
        },
        [call, refused](const QueueDesk&) {
          if (refused->has_value()) {
            call->Refuse(**refused);
          } else {
            call->Succeed([](Response&) {});
          }
        });
    return call.get();
  }

  // What a party says of a trade: `say(desk, now, caller, envelope)` gives its id or refuses.
  template <typename Say>
  ServerUnaryReactor* SayOfTrade(CallbackServerContext* context, const v1::Envelope* envelope,
                                 std::string_view field, v1::QueuedTradeView* response, Say say) {
    const absl::StatusOr<core::Envelope> read = envelope == nullptr
                                                    ? absl::InvalidArgumentError("must be set")
                                                    : codec::FromProto(*envelope);
    if (!read.ok()) return Malformed(context, response, field, read.status());
    auto call = NewCall(context, response);
    const std::optional<Caller> caller = Identify(context, *call);
    if (!caller.has_value()) return call.get();
    auto result = std::make_shared<std::variant<core::Hash256, core::Rejection>>();
    Post(
        call, *caller,
        [result, caller = *caller, envelope = *read, say](QueueDesk& desk, core::LedgerTime now) {
          *result = say(desk, now, caller, envelope);
        },
        [call, result](const QueueDesk& desk) {
          if (const auto* refused = std::get_if<core::Rejection>(result.get())) {
            call->Refuse(*refused);
            return;
          }
          const auto view = desk.Look(std::get<core::Hash256>(*result));
          call->Succeed([&](v1::QueuedTradeView& out) {
            if (view) ToProto(*view, &out);
          });
        });
    return call.get();
  }

  QueueRuntime* const runtime_;
  const BridgeAccess access_;
};

QueueService::QueueService(QueueRuntime* runtime, BridgeAccess access)
    : impl_(std::make_unique<Impl>(runtime, std::move(access))) {}

QueueService::~QueueService() = default;

grpc::Service* QueueService::service() { return impl_.get(); }

}  // namespace causeway::bridge
