#include "fx-bridge/runtime/bridge_streams.h"

#include <fmt/format.h>

#include <utility>

#include "settlement/rpc/rejection_status.h"

namespace causeway::bridge {

bool ViewQueue::Wants() const {
  const std::lock_guard lock(mutex_);
  return !end_.has_value();
}

void ViewQueue::OnView(const v1::SettlementView& view, bool final) {
  {
    const std::lock_guard lock(mutex_);
    if (end_.has_value()) return;
    if (views_.size() >= kViewsWaitingMax) views_.pop_back();
    views_.push_back(view);
    if (final) end_ = grpc::Status::OK;
  }
  hub_->Wake();
}

void ViewQueue::Close(const grpc::Status& status) {
  {
    const std::lock_guard lock(mutex_);
    if (!end_.has_value()) end_ = status;
  }
  hub_->Wake();
}

void ViewQueue::Abandon() {
  const std::lock_guard lock(mutex_);
  views_.clear();
  end_ = grpc::Status::CANCELLED;
}

rpc::Pull ViewQueue::Next(v1::SettlementView* message, grpc::Status* status) {
  const std::lock_guard lock(mutex_);
  if (!views_.empty()) {
    *message = std::move(views_.front());
    views_.pop_front();
    return rpc::Pull::kMessage;
  }
  if (!end_.has_value()) return rpc::Pull::kNothing;
  *status = *end_;
  return rpc::Pull::kEnd;
}

rpc::Pull DecisionSource::Next(v1::DecisionBatchMessage* message, grpc::Status* status) {
  if (!number_.has_value()) {
    const std::uint64_t records = runtime_->record_count();
    if (from_index_ > records) {
      *status = {
          grpc::StatusCode::OUT_OF_RANGE,
          fmt::format("from_index: is {}; the decision log has {} records", from_index_, records)};
      return rpc::Pull::kEnd;
    }
    // At the end there is nothing to find yet: the next batch begins with that record.
    const absl::StatusOr<std::uint64_t> found = runtime_->FindBatch(from_index_);
    if (!found.ok()) return rpc::Pull::kNothing;
    number_ = *found;
  }
  if (*number_ >= runtime_->batch_count()) return rpc::Pull::kNothing;
  absl::StatusOr<std::string> batch = runtime_->ReadBatchBytes(*number_);
  if (!batch.ok()) {
    *status = rpc::ToGrpc(batch.status());
    return rpc::Pull::kEnd;
  }
  message->set_number(*number_);
  message->set_batch(*std::move(batch));
  ++*number_;
  return rpc::Pull::kMessage;
}

}  // namespace causeway::bridge
