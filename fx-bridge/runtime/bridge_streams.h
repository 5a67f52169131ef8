// What WatchSettlement and Subscribe send, message by message, as the client takes them. Includes
// grpcpp: for the service's .cc.
#ifndef CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_STREAMS_H_
#define CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_STREAMS_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "causeway/v1/bridge_service.pb.h"
#include "fx-bridge/runtime/bridge_runtime.h"
#include "fx-bridge/runtime/watchers.h"
#include "settlement/rpc/stream.h"

namespace grpc {
class ServerContextBase;
}  // namespace grpc

namespace causeway::bridge {

// Views that wait for a slow client; beyond it the newest takes the place of the one before.
inline constexpr std::size_t kViewsWaitingMax = 64;

// Between the engine thread, which hands in views, and the stream's thread, which takes them.
class ViewQueue final : public Watcher {
 public:
  explicit ViewQueue(rpc::StreamHub* hub) : hub_(hub) {}

  // Watcher; on the engine thread.
  bool Wants() const override;
  void OnView(const v1::SettlementView& view, bool final) override;
  void OnEnd() override {}  // the hub ends streams

  // Ends the stream: after the views that wait, with this status.
  void Close(const grpc::Status& status);
  // The client is gone: nothing is wanted any more.
  void Abandon();
  rpc::Pull Next(v1::SettlementView* message, grpc::Status* status);

 private:
  rpc::StreamHub* const hub_;
  mutable std::mutex mutex_;
  std::deque<v1::SettlementView> views_;
  std::optional<grpc::Status> end_;
};

class ViewSource final : public rpc::StreamSource<v1::SettlementView> {
 public:
  explicit ViewSource(std::shared_ptr<ViewQueue> queue) : queue_(std::move(queue)) {}
  ~ViewSource() override { queue_->Abandon(); }
  rpc::Pull Next(v1::SettlementView* message, grpc::Status* status) override {
    return queue_->Next(message, status);
  }

 private:
  const std::shared_ptr<ViewQueue> queue_;
};

// Whole batches of the decision log, from the one that contains record `from_index` on.
// OUT_OF_RANGE when the log is shorter than that: whoever has seen more of it must not take that
// for silence.
class DecisionSource final : public rpc::StreamSource<v1::DecisionBatchMessage> {
 public:
  DecisionSource(const BridgeRuntime* runtime, std::uint64_t from_index)
      : runtime_(runtime), from_index_(from_index) {}
  rpc::Pull Next(v1::DecisionBatchMessage* message, grpc::Status* status) override;

 private:
  const BridgeRuntime* const runtime_;
  const std::uint64_t from_index_;
  std::optional<std::uint64_t> number_;  // of the next batch; none before the first call
};

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_STREAMS_H_
