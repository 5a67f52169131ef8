#include "settlement/client/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "settlement/client/errors.h"
#include "settlement/rpc/peer.h"
#include "settlement/rpc/rejection_status.h"

namespace causeway::client {

Connection::Connection(ConnectionOptions options, std::shared_ptr<grpc::Channel> channel)
    : options_(std::move(options)), channel_(std::move(channel)) {}

absl::StatusOr<Connection> Connection::Open(const ConnectionOptions& options) {
  if (options.deadline.count() <= 0) {
    return absl::InvalidArgumentError(
        fmt::format("deadline: {} ms; must be above zero", options.deadline.count()));
  }
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel =
      rpc::OpenChannel(options.address, options.tls);
  if (!channel.ok()) return channel.status();
  return Connection(options, *std::move(channel));
}

absl::Status Connection::WaitForConnection(std::chrono::milliseconds deadline) const {
  if (channel_->WaitForConnected(std::chrono::system_clock::now() + deadline)) {
    return absl::OkStatus();
  }
  return absl::DeadlineExceededError(
      fmt::format("{}: no connection within {} ms", options_.address, deadline.count()));
}

void Connection::Begin(CallOptions call, grpc::ClientContext& context) const {
  const auto deadline = call.deadline.count() > 0 ? call.deadline : options_.deadline;
  context.set_deadline(std::chrono::system_clock::now() + deadline);
  NameSender(context);
}

void Connection::BeginStream(grpc::ClientContext& context) const {
  DriveReconnection({});
  NameSender(context);
}

void Connection::DriveReconnection(CallOptions call) const {
  if (channel_->GetState(/*try_to_connect=*/false) != GRPC_CHANNEL_TRANSIENT_FAILURE) return;
  const auto deadline = call.deadline.count() > 0 ? call.deadline : options_.deadline;
  channel_->WaitForConnected(std::chrono::system_clock::now() + std::min(deadline, kReconnectWait));
}

void Connection::NameSender(grpc::ClientContext& context) const {
  if (!options_.tls.has_value() && !options_.participant.IsEmpty()) {
    rpc::NameParticipant(options_.participant, context);
  }
}

absl::Status Connection::Error(const grpc::ClientContext& context,
                               const grpc::Status& status) const {
  const absl::Status plain = rpc::FromGrpc(status);
  const std::optional<core::Rejection> rejection = rpc::RejectionOf(context);
  if (rejection.has_value()) return WithRejection(plain, *rejection);
  return absl::Status(plain.code(),
                      fmt::format("{}: {}", options_.address, std::string(plain.message())));
}

}  // namespace causeway::client
