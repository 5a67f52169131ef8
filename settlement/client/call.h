// How the clients make calls. Internal to settlement/client: this header includes grpcpp.
#ifndef CAUSEWAY_SETTLEMENT_CLIENT_CALL_H_
#define CAUSEWAY_SETTLEMENT_CLIENT_CALL_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>
#include <grpcpp/support/sync_stream.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/client/connection.h"
#include "settlement/client/subscription.h"

namespace causeway::client {

// Longer than the pause between two attempts to connect (settlement/rpc/tls.cc).
inline constexpr std::chrono::milliseconds kReconnectWait{3'000};

class Connection {
 public:
  static absl::StatusOr<Connection> Open(const ConnectionOptions& options);

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  absl::Status WaitForConnection(std::chrono::milliseconds deadline) const;

  // Prepares `context` for a stream, which has no deadline.
  void BeginStream(grpc::ClientContext& context) const;
  // Code and message of the server, with the rejection if it sent one.
  absl::Status Error(const grpc::ClientContext& context, const grpc::Status& status) const;

  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request, CallOptions call) const {
    DriveReconnection(call);
    grpc::ClientContext context;
    Begin(call, context);
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (!status.ok()) return Error(context, status);
    return response;
  }

  // `open` starts the stream, `on_message` takes each message: OK and true to go on, OK and false
  // to end the stream, an error to break it.
  template <typename Message>
  std::unique_ptr<Subscription> Stream(
      std::function<std::unique_ptr<grpc::ClientReader<Message>>(grpc::ClientContext*)> open,
      std::function<absl::StatusOr<bool>(const Message&)> on_message) const {
    struct Shared {
      grpc::ClientContext context;
      std::atomic<bool> cancelled{false};
      void Cancel() {
        cancelled = true;
        context.TryCancel();
      }
    };
    auto shared = std::make_shared<Shared>();
    NameSender(shared->context);
    auto read = [shared, connection = *this, open = std::move(open),
                 on_message = std::move(on_message)]() -> absl::Status {
      connection.DriveReconnection({});
      const std::unique_ptr<grpc::ClientReader<Message>> reader = open(&shared->context);
      absl::Status broken;
      Message message;
      while (!shared->cancelled && reader->Read(&message)) {
        const absl::StatusOr<bool> more = on_message(message);
        if (more.ok() && *more) continue;
        broken = more.status();
        shared->Cancel();
      }
      const grpc::Status status = reader->Finish();
      if (!broken.ok()) return broken;
      if (shared->cancelled || status.ok()) return absl::OkStatus();
      return connection.Error(shared->context, status);
    };
    return Subscription::Start(std::move(read), [shared] { shared->Cancel(); });
  }

 private:
  Connection(ConnectionOptions options, std::shared_ptr<grpc::Channel> channel);

  void Begin(CallOptions call, grpc::ClientContext& context) const;
  // After a failure to connect, calls fail at once until there is a connection again, and only a
  // thread that waits in gRPC moves one forward: in a program that does nothing else, nobody does.
  // So the call that comes next waits for the connection, for kReconnectWait at most.
  void DriveReconnection(CallOptions call) const;
  void NameSender(grpc::ClientContext& context) const;

  ConnectionOptions options_;
  std::shared_ptr<grpc::Channel> channel_;
};

// What a client of one service holds, the base of its Impl. `ServiceOf` is the generated class.
template <typename ServiceOf>
struct ServiceConnection {
  using Service = ServiceOf;
  using Stub = typename Service::Stub;

  Connection connection;
  std::unique_ptr<Stub> stub;

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request, CallOptions call) const {
    return connection.Call(*stub, method, request, call);
  }
};

// An Impl that is a ServiceConnection and nothing more. Errors as of Connection::Open.
template <typename Impl>
absl::StatusOr<std::unique_ptr<Impl>> OpenService(const ConnectionOptions& options) {
  absl::StatusOr<Connection> connection = Connection::Open(options);
  if (!connection.ok()) return connection.status();
  std::unique_ptr<typename Impl::Stub> stub = Impl::Service::NewStub(connection->channel());
  return std::make_unique<Impl>(Impl{{*std::move(connection), std::move(stub)}});
}

}  // namespace causeway::client

#endif  // CAUSEWAY_SETTLEMENT_CLIENT_CALL_H_
