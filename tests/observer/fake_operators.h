// Operators and witnesses that say over gRPC what a test wants.
#ifndef CAUSEWAY_TESTS_OBSERVER_FAKE_OPERATORS_H_
#define CAUSEWAY_TESTS_OBSERVER_FAKE_OPERATORS_H_

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "causeway/v1/bridge_service.grpc.pb.h"
#include "causeway/v1/ledger_service.grpc.pb.h"
#include "causeway/v1/witness_service.grpc.pb.h"
#include "settlement/core/batch.h"
#include "settlement/core/decision_batch.h"
#include "settlement/core/merkle.h"
#include "settlement/rpc/rejection_status.h"

namespace causeway::observer {

namespace v1 = causeway::v1;

// What an operator shows: batches, and a tree to prove from. Thread-safe.
class Shown {
 public:
  void Show(std::vector<std::string> batches, core::MerkleTree tree, std::string checkpoint) {
    const std::lock_guard<std::mutex> lock(mutex_);
    batches_ = std::move(batches);
    tree_ = std::move(tree);
    checkpoint_ = std::move(checkpoint);
    changed_.notify_all();
  }
  // Streams from the batch that contains leaf `from` until the caller goes away or Close.
  template <typename Message>
  grpc::Status Stream(std::uint64_t from, grpc::ServerContext* context,
                      grpc::ServerWriter<Message>* writer,
                      const std::function<std::uint64_t(const std::string&)>& first_index) {
    std::unique_lock<std::mutex> lock(mutex_);
    std::size_t next = 0;
    while (next < batches_.size() && first_index(batches_[next]) < from) ++next;
    while (!context->IsCancelled() && !closed_) {
      if (next == batches_.size()) {
        changed_.wait_for(lock, std::chrono::milliseconds(10));
        continue;
      }
      Message message;
      message.set_number(next);
      message.set_batch(batches_[next++]);
      lock.unlock();
      writer->Write(message);
      lock.lock();
    }
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "stopping");
  }
  void Close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  std::string checkpoint() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return checkpoint_;
  }
  grpc::Status Prove(std::uint64_t old_size, std::uint64_t new_size, v1::ConsistencyProof* out) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto proof = tree_.ConsistencyProof(old_size, new_size);
    if (!proof.ok()) return rpc::ToGrpc(proof.status());
    for (const core::Hash256& hash : *proof) out->add_proof(std::string(hash.view()));
    return grpc::Status::OK;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> batches_;
  core::MerkleTree tree_;
  std::string checkpoint_;
  bool closed_ = false;
};

class FakeLedger final : public v1::Ledger::Service {
 public:
  Shown shown;

  grpc::Status GetCheckpoint(grpc::ServerContext*, const v1::GetCheckpointRequest*,
                             v1::CheckpointResponse* response) override {
    response->set_checkpoint(shown.checkpoint());
    return grpc::Status::OK;
  }
  grpc::Status GetConsistencyProof(grpc::ServerContext*,
                                   const v1::GetConsistencyProofRequest* request,
                                   v1::ConsistencyProof* response) override {
    return shown.Prove(request->old_size(), request->new_size(), response);
  }
  grpc::Status Subscribe(grpc::ServerContext* context, const v1::SubscribeRequest* request,
                         grpc::ServerWriter<v1::BatchMessage>* writer) override {
    return shown.Stream<v1::BatchMessage>(
        request->from_index(), context, writer,
        [](const std::string& batch) { return core::DecodeBatch(batch)->header.first_index; });
  }
};

class FakeBridge final : public v1::Bridge::Service {
 public:
  Shown shown;

  grpc::Status GetDecisionCheckpoint(grpc::ServerContext*, const v1::GetDecisionCheckpointRequest*,
                                     v1::DecisionCheckpoint* response) override {
    response->set_checkpoint(shown.checkpoint());
    if (response->checkpoint().empty()) return {grpc::StatusCode::NOT_FOUND, "nothing decided"};
    return grpc::Status::OK;
  }
  grpc::Status Subscribe(grpc::ServerContext* context, const v1::SubscribeDecisionsRequest* request,
                         grpc::ServerWriter<v1::DecisionBatchMessage>* writer) override {
    return shown.Stream<v1::DecisionBatchMessage>(
        request->from_index(), context, writer,
        [](const std::string& batch) { return core::DecodeDecisionBatch(batch)->first_index; });
  }
};

// Says what the test wants; remembers what it was shown.
class FakeWitness final : public v1::Witness::Service {
 public:
  void Say(const v1::CosignResponse& answer, const v1::WitnessState& state = {}) {
    const std::lock_guard<std::mutex> lock(mutex_);
    answer_ = answer;
    state_ = state;
  }
  std::string known() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return known_;
  }

  grpc::Status Cosign(grpc::ServerContext*, const v1::CosignRequest* request,
                      v1::CosignResponse* response) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (request->batches_size() > 0) return {grpc::StatusCode::PERMISSION_DENIED, "no bridge"};
    known_ = request->known();
    *response = answer_;
    return grpc::Status::OK;
  }
  grpc::Status GetWitness(grpc::ServerContext*, const v1::GetWitnessRequest*,
                          v1::WitnessState* response) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    *response = state_;
    return grpc::Status::OK;
  }

 private:
  std::mutex mutex_;
  v1::CosignResponse answer_;
  v1::WitnessState state_;
  std::string known_;
};

// A server on a port of its own; a later one may take the same port.
struct Host {
  int port = 0;
  std::unique_ptr<grpc::Server> server;

  void Start(grpc::Service& service) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(),
                             &port);
    builder.RegisterService(&service);
    server = builder.BuildAndStart();
    ASSERT_NE(server, nullptr);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port); }
};

}  // namespace causeway::observer

#endif  // CAUSEWAY_TESTS_OBSERVER_FAKE_OPERATORS_H_
