// Calls of the bridge's API that wait for the engine, or for the end of a settlement.
#ifndef CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_CALLS_H_
#define CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_CALLS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "causeway/v1/bridge_service.pb.h"
#include "fx-bridge/engine/bridge_engine.h"
#include "fx-bridge/runtime/watchers.h"
#include "fx-bridge/venues/venue.h"
#include "settlement/core/envelope.h"
#include "settlement/core/outcome.h"
#include "settlement/rpc/rejection_status.h"

namespace causeway::bridge {

using MaybeRejection = std::optional<core::Rejection>;

// A call that ends once, on whatever thread is first: the engine's, or gRPC's when the client is
// gone or its deadline has passed.
template <typename Response>
class PendingCall final : public grpc::ServerUnaryReactor {
 public:
  PendingCall(grpc::CallbackServerContext* context, Response* response)
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

  grpc::CallbackServerContext* const context_;
  Response* const response_;
  std::atomic<bool> ended_ = false;
  std::shared_ptr<PendingCall> self_;
};

template <typename Response>
using CallPtr = std::shared_ptr<PendingCall<Response>>;

template <typename Response>
CallPtr<Response> NewCall(grpc::CallbackServerContext* context, Response* response) {
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
  void OnEnd() override;

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
  void Refuse(int position, const core::Rejection& rejection);
  void Done() {
    if (--left_ > 0) return;
    call_->Succeed([this](v1::SubmitSettlementsResponse& out) { out.Swap(&results_); });
  }
  void End(const grpc::Status& status) { call_->End(status); }

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
  void OnEnd() override;

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

// What is submitted. Nothing, and `refused` says why, when it does not decode or is not the
// caller's to submit: it pays in, or approves, one of the legs. The operator (empty) may submit
// anything.
std::optional<Submission> ReadSubmission(int position, const core::ParticipantId& caller,
                                         const v1::SubmitSettlementRequest& request,
                                         core::Rejection& refused);

// `respond(view)` when there is one; else the call is refused.
template <typename Response, typename Respond>
void AnswerWith(PendingCall<Response>& call, const MaybeRejection& refused,
                const BridgeEngine& engine, const core::Hash256& id, const Respond& respond) {
  if (refused.has_value()) {
    call.Refuse(*refused);
    return;
  }
  const std::variant<SettlementView, core::Rejection> view = engine.Look(id);
  if (const auto* unknown = std::get_if<core::Rejection>(&view)) {
    call.Refuse(*unknown);
  } else {
    respond(std::get<SettlementView>(view));
  }
}

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_CALLS_H_
