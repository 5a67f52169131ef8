// The frame of every Causeway server program: listening, health, reflection, limits, the ready
// file, and an orderly end on SIGTERM or SIGINT.
//
//   int main() {
//     rpc::BlockStopSignals();                       // before any thread is started
//     ... build runtime and service ...
//     absl::Status status = rpc::Serve("causeway-node", options, {&service},
//                                      [&] { service.EndStreams(); runtime.Stop(); });
//     return rpc::ExitStatusOf(status);
//   }
#ifndef CAUSEWAY_SETTLEMENT_RPC_SERVER_H_
#define CAUSEWAY_SETTLEMENT_RPC_SERVER_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/rpc/tls.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace causeway::rpc {

// How long calls under way may take to finish once the server stops.
inline constexpr std::chrono::milliseconds kShutdownGrace{5000};
// Calls that one connection may have under way at once.
inline constexpr int kConcurrentStreamsPerConnectionMax = 1024;
// What a server's connections may buffer in all, before gRPC takes in less and then nothing.
inline constexpr std::size_t kServerBufferBytesMax = std::size_t{512} << 20;

struct ServerOptions {
  std::string listen;           // "host:port"; port 0: the system chooses one
  std::optional<TlsFiles> tls;  // unset: insecure, on loopback only
  // Written, all or nothing, with "host:port" and a newline once the server answers calls; removed
  // before that, and again when the server stops. Empty: no file.
  std::string ready_file;
  int request_bytes_max = kRequestBytesMax;
};

class Server {
 public:
  // Listens and answers calls; health is SERVING. `services` must outlive the server.
  // InvalidArgument or FailedPrecondition for options that cannot work, Unavailable when the
  // address is taken or not this machine's.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                       const std::vector<grpc::Service*>& services);
  // As Shutdown.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // "host:port" with the port that is really bound.
  const std::string& address() const;
  int port() const;

  // What the health service says, for all services at once.
  void SetServing(bool serving);

  // Takes no new calls, waits up to `grace` for those under way, then cancels what is left; returns
  // when no handler runs any more. Repeats do nothing. Not from a handler.
  void Shutdown(std::chrono::milliseconds grace = kShutdownGrace);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Blocks SIGTERM and SIGINT in this thread and those that it starts, so that only WaitForStopSignal
// receives them. Call first in main. Also ignores SIGPIPE.
void BlockStopSignals();
// For programs whose threads work for microseconds between waits: call it first in main too. Asks
// the system for short turns on the processor for this thread and those that it starts, so that one
// of them is not kept for some milliseconds by another that goes on (Linux 6.12; before it nothing
// changes), and switches Abseil's search for deadlocks off, which some distributions leave on.
void PreferLatency();
// The number of the signal that came.
int WaitForStopSignal();

// Waits for a stop signal; then reports NOT_SERVING, calls `drain` (which must end every stream and
// answer or refuse everything that is under way), and shuts the server down.
void ServeUntilStopped(Server& server, const std::function<void()>& drain);

// All of a server program's life between opening and exit: starts the server, serves until a stop
// signal, drains; each told in the log under the program's name. Errors as of Server::Start;
// `drain` is not called then.
absl::Status Serve(std::string_view program, const ServerOptions& options,
                   const std::vector<grpc::Service*>& services, const std::function<void()>& drain);

// The exit status for the end of a command: 0, 65 for files and data that are wrong, 69 when a
// resource is not to be had, 70 for an internal error (sysexits.h).
int ExitStatusOf(const absl::Status& status);

// Writes `content` to a file beside `path` and renames it there: readers see all of it or nothing.
absl::Status WriteFileAtomically(const std::string& path, std::string_view content);

}  // namespace causeway::rpc

#endif  // CAUSEWAY_SETTLEMENT_RPC_SERVER_H_
