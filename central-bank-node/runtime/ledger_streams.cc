#include "central-bank-node/runtime/ledger_streams.h"

#include <fmt/format.h>
#include <grpcpp/server_context.h>

#include "central-bank-node/runtime/access.h"
#include "settlement/rpc/rejection_status.h"
#include "settlement/rpc/views.h"

namespace causeway::node {

grpc::Status StatusOf(const QueryEnd& end, const LedgerRuntime& runtime,
                      grpc::ServerContextBase& context) {
  if (end.refused) return rpc::Refuse(*end.refused, context);
  if (end.error.ok()) return grpc::Status::OK;
  runtime.ReportUnreadable(end.error);
  return rpc::Refuse(Unreadable(), context);
}

rpc::Pull BatchSource::Start(const LedgerEngine& engine, grpc::Status* status) {
  if (!CallerOf(engine.ledger(), peer_).SeesSettlements()) {
    *status = rpc::Refuse(Refusal(core::Outcome::kSenderNotEntitled,
                                  "whole batches are for the central bank, the bridge and "
                                  "observers; Watch streams your own entries"),
                          *context_);
    return rpc::Pull::kEnd;
  }
  const LedgerEngine::Head head = engine.head();
  if (from_index_ > head.size) {
    *status = grpc::Status(
        grpc::StatusCode::OUT_OF_RANGE,
        fmt::format("from_index {} is past the end: this log has {} leaves; if you have verified "
                    "more, the log was rolled back",
                    from_index_, head.size));
    return rpc::Pull::kEnd;
  }
  if (from_index_ == head.size) {
    number_ = head.batches;
    return rpc::Pull::kMessage;
  }
  absl::StatusOr<std::uint64_t> number = engine.FindBatch(from_index_);
  if (!number.ok()) {
    *status = StatusOf(number.status(), *runtime_, *context_);
    return rpc::Pull::kEnd;
  }
  number_ = *number;
  return rpc::Pull::kMessage;
}

rpc::Pull BatchSource::Next(causeway::v1::BatchMessage* message, grpc::Status* status) {
  if (!number_.has_value() && runtime_->Read([&](const LedgerEngine& engine) {
        return Start(engine, status);
      }) == rpc::Pull::kEnd) {
    return rpc::Pull::kEnd;
  }
  return runtime_->ReadLog([&](const LedgerEngine& engine) {
    if (*number_ >= engine.batch_count()) return rpc::Pull::kNothing;
    absl::StatusOr<std::string> bytes = engine.ReadBatchBytes(*number_);
    if (!bytes.ok()) {
      *status = StatusOf(bytes.status(), *runtime_, *context_);
      return rpc::Pull::kEnd;
    }
    message->set_number(*number_);
    message->set_batch(*std::move(bytes));
    *number_ += 1;
    return rpc::Pull::kMessage;
  });
}

rpc::Pull EntrySource::Start(const LedgerEngine& engine, grpc::Status* status) {
  if (!request_.address().empty()) {
    core::AccountAddress address;
    QueryEnd end =
        FindOwnAccount(engine, CallerOf(engine.ledger(), peer_), request_.address(), &address);
    if (!end.ok()) {
      *status = StatusOf(end, *runtime_, *context_);
      return rpc::Pull::kEnd;
    }
    address_ = address;
  }
  next_index_ = request_.from_index() == 0 ? engine.size() : request_.from_index();
  return rpc::Pull::kMessage;
}

rpc::Pull EntrySource::Fill(grpc::Status* status) {
  if (!next_index_.has_value() && runtime_->Read([&](const LedgerEngine& engine) {
        return Start(engine, status);
      }) == rpc::Pull::kEnd) {
    return rpc::Pull::kEnd;
  }
  if (*next_index_ >= runtime_->DurableLeaves()) return rpc::Pull::kNothing;
  const Caller caller =
      runtime_->Read([&](const LedgerEngine& engine) { return CallerOf(engine.ledger(), peer_); });
  absl::StatusOr<EntryPage> page =
      VisibleEntries(*runtime_, caller, *next_index_, kWatchEntriesMax, address_);
  if (!page.ok()) {
    *status = StatusOf(page.status(), *runtime_, *context_);
    return rpc::Pull::kEnd;
  }
  next_index_ = page->next;
  for (DatedEntry& entry : page->entries) entries_.push_back(std::move(entry));
  return rpc::Pull::kMessage;
}

rpc::Pull EntrySource::Next(causeway::v1::EntryView* message, grpc::Status* status) {
  // A page may hold nothing for this caller while more are behind it.
  while (entries_.empty()) {
    const rpc::Pull filled = Fill(status);
    if (filled != rpc::Pull::kMessage) return filled;
  }
  const DatedEntry& entry = entries_.front();
  rpc::ToView(entry.entry, entry.time, entry.date, message);
  entries_.pop_front();
  return rpc::Pull::kMessage;
}

}  // namespace causeway::node
