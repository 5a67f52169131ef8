#include "fx-bridge/runtime/witness_calls.h"

#include <fmt/format.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <utility>

#include "causeway/v1/witness_service.grpc.pb.h"
#include "settlement/rpc/log.h"
#include "settlement/rpc/peer.h"

namespace causeway::bridge {
namespace {

// What is malformed counts as no answer.
std::optional<core::WitnessAnswer> WitnessAnswerOf(const v1::CosignResponse& response) {
  core::WitnessAnswer answer;
  answer.batches = response.batches();
  answer.size = response.size();
  answer.checkpoint = response.checkpoint();
  for (const v1::Cosignature& each : response.cosignatures()) {
    absl::StatusOr<core::NoteSignature> line = core::ParseNoteSignature(each.line());
    if (!line.ok()) return std::nullopt;
    answer.cosigned.push_back({each.size(), *std::move(line)});
  }
  if (!v1::WitnessRefusal_IsValid(response.refusal())) return std::nullopt;
  answer.refusal = static_cast<core::WitnessRefusal>(response.refusal());
  answer.message = response.message();
  return answer;
}

}  // namespace

class WitnessCalls::Peer {
 public:
  Peer(WitnessAddress address, const std::shared_ptr<grpc::Channel>& channel,
       const LedgerCallOptions& options, BridgeRuntime* runtime)
      : address_(std::move(address)),
        stub_(v1::Witness::NewStub(channel)),
        options_(options),
        runtime_(runtime) {}

  const std::string& name() const { return address_.name; }

  void Send(v1::CosignRequest request) {
    auto call = std::make_shared<Call>();
    call->request = std::move(request);
    call->context.set_deadline(std::chrono::system_clock::now() +
                               std::chrono::microseconds(options_.call_time_max.micros()));
    if (!options_.participant.IsEmpty()) {
      rpc::NameParticipant(options_.participant, call->context);
    }
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      under_way_.insert(&call->context);
    }
    stub_->async()->Cosign(&call->context, &call->request, &call->response,
                           [this, call](const grpc::Status& status) { End(*call, status); });
  }

  void Stop() {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    for (grpc::ClientContext* context : under_way_) context->TryCancel();
    idle_.wait(lock, [this] { return under_way_.empty(); });
  }

 private:
  struct Call {
    grpc::ClientContext context;
    v1::CosignRequest request;
    v1::CosignResponse response;
  };

  // The last thing that a call does; after it this object may be gone.
  void End(Call& call, const grpc::Status& status) {
    std::optional<core::WitnessAnswer> answer;
    if (status.ok()) answer = WitnessAnswerOf(call.response);
    runtime_->PostReply(
        [name = name(), answer = std::move(answer)](BridgeEngine& engine, core::LedgerTime now) {
          if (answer.has_value()) {
            engine.OnWitnessAnswer(now, name, *answer);
          } else {
            engine.OnWitnessFailed(now, name);
          }
        });
    const std::lock_guard lock(mutex_);
    LogReach(status, call.response);
    under_way_.erase(&call.context);
    idle_.notify_all();
  }

  // One line when a witness is lost or refuses, and one when it is back.
  void LogReach(const grpc::Status& status, const v1::CosignResponse& response) {
    if (stopping_) return;
    std::string trouble;
    if (!status.ok()) {
      trouble = "does not answer";
    } else if (response.refusal() != v1::WITNESS_REFUSAL_NONE &&
               response.refusal() != v1::WITNESS_REFUSAL_GAP) {
      trouble = fmt::format("refuses: {}", response.message());
    }
    if (trouble == trouble_) return;
    rpc::Log("causeway-bridge",
             trouble.empty()
                 ? fmt::format("witness {} answers again", name())
                 : fmt::format("witness {} at {} {}{}", name(), address_.address, trouble,
                               status.ok() ? "" : ": " + status.error_message()));
    trouble_ = std::move(trouble);
  }

  const WitnessAddress address_;
  const std::unique_ptr<v1::Witness::Stub> stub_;
  const LedgerCallOptions options_;
  BridgeRuntime* const runtime_;

  std::mutex mutex_;
  std::condition_variable idle_;
  std::set<grpc::ClientContext*> under_way_;
  std::string trouble_;  // as it was told last
  bool stopping_ = false;
};

absl::StatusOr<std::unique_ptr<WitnessCalls>> WitnessCalls::Open(
    const std::vector<WitnessAddress>& witnesses, const std::optional<rpc::TlsFiles>& tls,
    const LedgerCallOptions& options, BridgeRuntime* runtime) {
  std::unique_ptr<WitnessCalls> calls(new WitnessCalls());
  calls->runtime_ = runtime;
  LedgerCallOptions named = options;
  if (tls.has_value()) named.participant = {};  // the certificate names the bridge
  for (const WitnessAddress& witness : witnesses) {
    absl::StatusOr<std::shared_ptr<grpc::Channel>> channel =
        rpc::OpenChannel(witness.address, tls, {.request_bytes_max = rpc::kCosignRequestBytesMax});
    if (!channel.ok()) return channel.status();
    calls->peers_.push_back(std::make_unique<Peer>(witness, *channel, named, runtime));
  }
  return calls;
}

WitnessCalls::~WitnessCalls() { Stop(); }

void WitnessCalls::Send(const WitnessCall& call) {
  for (const std::unique_ptr<Peer>& peer : peers_) {
    if (peer->name() != call.witness) continue;
    v1::CosignRequest request;
    request.set_known(call.known);
    std::size_t bytes = 0;
    for (std::uint64_t i = 0; i < call.batch_count; ++i) {
      absl::StatusOr<std::string> batch = runtime_->ReadBatchBytes(call.first_batch + i);
      if (!batch.ok())
        break;  // the journal is damaged: what was read is sent, and it is told there
      if (bytes > 0 && bytes + batch->size() > kWitnessMessageBytesMax) {
        peer->Send(std::exchange(request, {}));
        bytes = 0;
      }
      bytes += batch->size();
      request.add_batches(*std::move(batch));
    }
    peer->Send(std::move(request));
    return;
  }
  runtime_->PostReply([name = call.witness](BridgeEngine& engine, core::LedgerTime now) {
    engine.OnWitnessFailed(now, name);
  });
}

void WitnessCalls::Stop() {
  for (const std::unique_ptr<Peer>& peer : peers_) peer->Stop();
}

}  // namespace causeway::bridge
