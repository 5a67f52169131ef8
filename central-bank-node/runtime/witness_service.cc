#include "central-bank-node/runtime/witness_service.h"

#include <fmt/format.h>
#include <grpcpp/server_context.h>

#include <optional>
#include <utility>

#include "causeway/v1/witness_service.grpc.pb.h"
#include "central-bank-node/runtime/access.h"
#include "settlement/codec/codec.h"
#include "settlement/rpc/peer.h"
#include "settlement/rpc/rejection_status.h"

namespace causeway::node {
namespace {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

void ToProto(const witness::Answer& answer, causeway::v1::CosignResponse* out) {
  out->set_batches(answer.batches);
  out->set_size(answer.size);
  out->set_checkpoint(answer.checkpoint);
  for (const witness::Cosigned& cosigned : answer.cosigned) {
    causeway::v1::Cosignature* line = out->add_cosignatures();
    line->set_size(cosigned.size);
    line->set_line(core::FormatNoteSignature(cosigned.cosignature));
  }
  // The numbers are the same, by witness_messages.h.
  out->set_refusal(static_cast<causeway::v1::WitnessRefusal>(answer.refusal));
  out->set_message(answer.message);
}

void ToProto(const witness::Evidence& evidence, causeway::v1::WitnessEvidence* out) {
  // The numbers are the same, by evidence.h.
  out->set_kind(static_cast<causeway::v1::WitnessEvidence::Kind>(evidence.kind));
  out->set_epoch(evidence.epoch);
  out->set_message(evidence.message);
  out->set_ours(evidence.ours);
  out->set_theirs(evidence.theirs);
  out->set_batch(evidence.batch);
}

}  // namespace

class WitnessService::Impl final : public causeway::v1::Witness::CallbackService {
 public:
  Impl(WitnessRuntime* runtime, const core::ParticipantId& bridge)
      : runtime_(runtime), bridge_(bridge) {}

  ServerUnaryReactor* Cosign(CallbackServerContext* context,
                             const causeway::v1::CosignRequest* request,
                             causeway::v1::CosignResponse* response) override {
    ServerUnaryReactor* const reactor = context->DefaultReactor();
    const std::optional<rpc::Peer> peer = PeerOrRefuse(context, reactor);
    if (!peer.has_value()) return reactor;
    if (request->batches_size() > 0 && peer->participant != bridge_) {
      // The log signs its tree, not where its batches begin: who carries them decides that.
      reactor->Finish(rpc::Refuse(
          core::Outcome::kSenderNotEntitled,
          fmt::format("batches: are taken from the bridge {} only", bridge_.text()), *context));
      return reactor;
    }
    if (request->batches_size() > kWitnessCallBatchesMax) {
      reactor->Finish(rpc::Refuse(core::Outcome::kMalformed,
                                  fmt::format("batches: has {} elements; at most {}",
                                              request->batches_size(), kWitnessCallBatchesMax),
                                  *context));
      return reactor;
    }
    witness::Request taken{{request->batches().begin(), request->batches().end()},
                           request->known()};
    const bool posted =
        runtime_->Post(std::move(taken), [reactor, response](const witness::Answer& answer) {
          ToProto(answer, response);
          reactor->Finish(grpc::Status::OK);
        });
    if (!posted) {
      reactor->Finish(rpc::Refuse(core::Outcome::kOverloaded,
                                  "the witness has too much to do, or stops; send it again",
                                  *context));
    }
    return reactor;
  }

  ServerUnaryReactor* GetWitness(CallbackServerContext* context,
                                 const causeway::v1::GetWitnessRequest*,
                                 causeway::v1::WitnessState* response) override {
    ServerUnaryReactor* const reactor = context->DefaultReactor();
    if (!PeerOrRefuse(context, reactor).has_value()) return reactor;
    const WitnessRuntime::State state = runtime_->state();
    response->set_name(runtime_->name());
    codec::ToProto(runtime_->public_key(), response->mutable_key());
    response->set_decision_log(runtime_->decision_log().ToString());
    response->set_batches(state.batches);
    response->set_size(state.size);
    response->set_checkpoint(state.checkpoint);
    response->set_refusing(state.refusing);
    if (state.evidence.has_value()) ToProto(*state.evidence, response->mutable_evidence());
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  // Without a certificate that names somebody there is no answer.
  static std::optional<rpc::Peer> PeerOrRefuse(CallbackServerContext* context,
                                               ServerUnaryReactor* reactor) {
    const absl::StatusOr<rpc::Peer> peer = rpc::PeerOf(*context);
    if (peer.ok()) return *peer;
    reactor->Finish({grpc::StatusCode::UNAUTHENTICATED, std::string(peer.status().message())});
    return std::nullopt;
  }

  WitnessRuntime* const runtime_;
  const core::ParticipantId bridge_;
};

WitnessService::WitnessService(WitnessRuntime* runtime, const core::ParticipantId& bridge)
    : impl_(std::make_unique<Impl>(runtime, bridge)) {}
WitnessService::~WitnessService() = default;
grpc::Service* WitnessService::service() { return impl_.get(); }

}  // namespace causeway::node
