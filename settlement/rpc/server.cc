#include "settlement/rpc/server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "settlement/core/check.h"
#include "settlement/rpc/log.h"

namespace causeway::rpc {
namespace {

// Clients send keepalives every 20 s (tls.cc); anything slower than this is no abuse.
constexpr int kKeepalivePingIntervalMsMin = 5'000;

constexpr std::uint64_t kTurnNs = 100'000;  // the shortest that the system grants

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

absl::Status FileError(std::string_view what, const std::string& path) {
  return absl::UnavailableError(fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)));
}

}  // namespace

struct Server::Impl {
  std::string address;
  int port = 0;
  std::string ready_file;
  std::unique_ptr<grpc::Server> server;
  bool stopped = false;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() { Shutdown(); }

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options,
                                                      const std::vector<grpc::Service*>& services) {
  absl::StatusOr<HostPort> listen = ParseHostPort(options.listen);
  if (!listen.ok()) return listen.status();
  absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> credentials =
      MakeServerCredentials(options.tls, options.listen);
  if (!credentials.ok()) return credentials.status();
  // A file left by a killed process must not announce this one before it answers.
  if (!options.ready_file.empty()) ::unlink(options.ready_file.c_str());

  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  auto impl = std::make_unique<Impl>();
  builder.AddListeningPort(options.listen, *credentials, &impl->port);
  builder.SetMaxReceiveMessageSize(options.request_bytes_max);
  builder.SetMaxSendMessageSize(kResponseBytesMax);
  // Two servers on one port would share its calls, each with half of them.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kConcurrentStreamsPerConnectionMax);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kKeepalivePingIntervalMsMin);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.SetResourceQuota(grpc::ResourceQuota("server").Resize(kServerBufferBytesMax));
  for (grpc::Service* service : services) builder.RegisterService(service);
  impl->server = builder.BuildAndStart();
  if (impl->server == nullptr || impl->port == 0) {
    return absl::UnavailableError(
        fmt::format("cannot listen on {}: the address is in use or not one of this machine, or the "
                    "TLS files do not fit together",
                    options.listen));
  }
  impl->address = FormatHostPort(listen->host, impl->port);
  auto server = std::unique_ptr<Server>(new Server(std::move(impl)));
  server->SetServing(true);
  if (!options.ready_file.empty()) {
    absl::Status written = WriteFileAtomically(options.ready_file, server->address() + "\n");
    if (!written.ok()) return written;
    server->impl_->ready_file = options.ready_file;
  }
  return server;
}

const std::string& Server::address() const { return impl_->address; }
int Server::port() const { return impl_->port; }

void Server::SetServing(bool serving) {
  impl_->server->GetHealthCheckService()->SetServingStatus(serving);
}

void Server::Shutdown(std::chrono::milliseconds grace) {
  if (std::exchange(impl_->stopped, true)) return;
  if (!impl_->ready_file.empty()) ::unlink(impl_->ready_file.c_str());
  impl_->server->Shutdown(std::chrono::system_clock::now() + grace);
  impl_->server->Wait();
}

void BlockStopSignals() {
  const sigset_t signals = StopSignals();
  CW_CHECK(pthread_sigmask(SIG_BLOCK, &signals, nullptr) == 0, "valid arguments");
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is an error of the write like any other
}

void PreferLatency() {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  // The system's struct sched_attr, version 0: no header of the C library has it here.
  struct Attributes {
    std::uint32_t size = sizeof(Attributes);
    std::uint32_t policy = 0;
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime_ns = 0;  // of a turn
    std::uint64_t deadline_ns = 0;
    std::uint64_t period_ns = 0;
  } attributes;
  static_assert(sizeof(Attributes) == 48, "as the system has it");
  if (::syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) != 0) return;
  if (attributes.policy != SCHED_OTHER) return;  // somebody chose otherwise
  attributes.runtime_ns = kTurnNs;
  ::syscall(SYS_sched_setattr, 0, &attributes, 0);
}

int WaitForStopSignal() {
  const sigset_t signals = StopSignals();
  int number = 0;
  while (sigwait(&signals, &number) != 0) {
  }
  return number;
}

void ServeUntilStopped(Server& server, const std::function<void()>& drain) {
  WaitForStopSignal();
  server.SetServing(false);
  drain();
  server.Shutdown();
}

absl::Status Serve(std::string_view program, const ServerOptions& options,
                   const std::vector<grpc::Service*>& services,
                   const std::function<void()>& drain) {
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options, services);
  if (!server.ok()) return server.status();
  Log(program, fmt::format("serving on {} with {}", (*server)->address(),
                           options.tls ? "mutual TLS" : "no TLS: INSECURE, this machine only"));
  ServeUntilStopped(**server, [&] {
    Log(program, "stopping: answering what is under way, refusing the rest");
    drain();
  });
  Log(program, "stopped");
  return absl::OkStatus();
}

int ExitStatusOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 0;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kDataLoss:
      return 65;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
      return 69;
    default:
      return 70;
  }
}

absl::Status WriteFileAtomically(const std::string& path, std::string_view content) {
  const std::string temporary = fmt::format("{}.{}.tmp", path, ::getpid());
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return FileError("create", temporary);
  std::string_view rest = content;
  while (!rest.empty()) {
    const ssize_t written = ::write(file, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      absl::Status error = FileError("write", temporary);
      ::close(file);
      ::unlink(temporary.c_str());
      return error;
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  ::close(file);
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    absl::Status error = FileError("rename to", path);
    ::unlink(temporary.c_str());
    return error;
  }
  return absl::OkStatus();
}

}  // namespace causeway::rpc
