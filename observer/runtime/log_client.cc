#include "observer/runtime/log_client.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <mutex>
#include <utility>

#include "causeway/v1/bridge_service.grpc.pb.h"
#include "causeway/v1/ledger_service.grpc.pb.h"
#include "observer/runtime/runtime.h"
#include "settlement/codec/codec.h"
#include "settlement/rpc/rejection_status.h"

namespace causeway::observer {
namespace {

namespace v1 = causeway::v1;

// The contexts of calls, such that a call under way can be cancelled from another thread.
class Calls {
 public:
  // Runs `call` with a context that Cancel reaches.
  grpc::Status Run(const std::function<grpc::Status(grpc::ClientContext&)>& call) {
    grpc::ClientContext context;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (cancelled_) return grpc::Status(grpc::StatusCode::CANCELLED, "the observer stops");
      current_ = &context;
    }
    grpc::Status status = call(context);
    const std::lock_guard<std::mutex> lock(mutex_);
    current_ = nullptr;
    return status;
  }

  void Cancel() {
    const std::lock_guard<std::mutex> lock(mutex_);
    cancelled_ = true;
    if (current_ != nullptr) current_->TryCancel();
  }

 private:
  std::mutex mutex_;
  bool cancelled_ = false;
  grpc::ClientContext* current_ = nullptr;
};

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + kAnswerWaitMax);
}

// Reads a stream to its end. `Reader` reads `Message`s that have a field `batch`.
template <typename Message, typename Reader>
grpc::Status Drain(Reader& reader, grpc::ClientContext& context,
                   const std::function<bool(std::string)>& take) {
  Message message;
  while (reader->Read(&message)) {
    if (!take(std::move(*message.mutable_batch()))) {
      context.TryCancel();
      break;
    }
  }
  grpc::Status status = reader->Finish();
  if (!status.ok()) return status;
  return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the operator ended the subscription");
}

class LedgerClient final : public LogClient {
 public:
  explicit LedgerClient(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(v1::Ledger::NewStub(channel)) {}

  absl::StatusOr<std::string> GetCheckpoint() override {
    v1::CheckpointResponse response;
    const grpc::Status status = calls_.Run([&](grpc::ClientContext& context) {
      SetDeadline(context);
      return stub_->GetCheckpoint(&context, v1::GetCheckpointRequest(), &response);
    });
    if (!status.ok()) return rpc::FromGrpc(status);
    return response.checkpoint();
  }

  absl::StatusOr<GivenProof> GetConsistencyProof(std::uint64_t old_size,
                                                 std::uint64_t new_size) override {
    v1::GetConsistencyProofRequest request;
    request.set_old_size(old_size);
    request.set_new_size(new_size);
    v1::ConsistencyProof response;
    const grpc::Status status = calls_.Run([&](grpc::ClientContext& context) {
      SetDeadline(context);
      return stub_->GetConsistencyProof(&context, request, &response);
    });
    if (!status.ok()) return rpc::FromGrpc(status);
    std::vector<core::Hash256> proof;
    for (const std::string& raw : response.proof()) {
      const absl::StatusOr<core::Hash256> hash = codec::HashFrom(raw, "proof");
      if (!hash.ok()) return hash.status();
      proof.push_back(*hash);
    }
    return GivenProof(std::move(proof));
  }

  absl::Status Subscribe(std::uint64_t from_index, std::chrono::milliseconds longest,
                         const std::function<bool(std::string)>& take) override {
    v1::SubscribeRequest request;
    request.set_from_index(from_index);
    return rpc::FromGrpc(calls_.Run([&](grpc::ClientContext& context) {
      context.set_deadline(std::chrono::system_clock::now() + longest);
      auto reader = stub_->Subscribe(&context, request);
      return Drain<v1::BatchMessage>(reader, context, take);
    }));
  }

  void Cancel() override { calls_.Cancel(); }

 private:
  std::unique_ptr<v1::Ledger::Stub> stub_;
  Calls calls_;
};

class DecisionLogClient final : public LogClient {
 public:
  explicit DecisionLogClient(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(v1::Bridge::NewStub(channel)) {}

  absl::StatusOr<std::string> GetCheckpoint() override {
    v1::DecisionCheckpoint response;
    const grpc::Status status = calls_.Run([&](grpc::ClientContext& context) {
      SetDeadline(context);
      return stub_->GetDecisionCheckpoint(&context, v1::GetDecisionCheckpointRequest(), &response);
    });
    if (!status.ok()) return rpc::FromGrpc(status);
    return response.checkpoint();
  }

  // The checkpoint is compared once its leaves are there.
  absl::StatusOr<GivenProof> GetConsistencyProof(std::uint64_t /*old_size*/,
                                                 std::uint64_t /*new_size*/) override {
    return GivenProof();
  }

  absl::Status Subscribe(std::uint64_t from_index, std::chrono::milliseconds longest,
                         const std::function<bool(std::string)>& take) override {
    v1::SubscribeDecisionsRequest request;
    request.set_from_index(from_index);
    return rpc::FromGrpc(calls_.Run([&](grpc::ClientContext& context) {
      context.set_deadline(std::chrono::system_clock::now() + longest);
      auto reader = stub_->Subscribe(&context, request);
      return Drain<v1::DecisionBatchMessage>(reader, context, take);
    }));
  }

  void Cancel() override { calls_.Cancel(); }

 private:
  std::unique_ptr<v1::Bridge::Stub> stub_;
  Calls calls_;
};

}  // namespace

std::unique_ptr<LogClient> NewLedgerClient(std::shared_ptr<grpc::Channel> channel) {
  return std::make_unique<LedgerClient>(channel);
}

std::unique_ptr<LogClient> NewDecisionLogClient(std::shared_ptr<grpc::Channel> channel) {
  return std::make_unique<DecisionLogClient>(channel);
}

}  // namespace causeway::observer
