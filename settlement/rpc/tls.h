// Who may connect: mutual TLS, and the one exception for loopback.
//
// Every server asks for a client certificate and verifies it against one certification authority;
// every client verifies the server's certificate the same way and against the host name that it
// dialled. Without TlsFiles a connection is plain text: allowed on loopback addresses only, for
// tests and tutorials on one machine. Any thread.
#ifndef CAUSEWAY_SETTLEMENT_RPC_TLS_H_
#define CAUSEWAY_SETTLEMENT_RPC_TLS_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace grpc {
class Channel;
class ChannelCredentials;
class ServerCredentials;
}  // namespace grpc

namespace causeway::rpc {

inline constexpr std::size_t kPemFileBytesMax = 1024 * 1024;
// What a server takes in one request, and what a client takes in one response. The second has room
// for the largest batch that a ledger streams.
inline constexpr int kRequestBytesMax = 16 * 1024 * 1024;
inline constexpr int kResponseBytesMax = 128 * 1024 * 1024;
// What a witness takes in one request: any batch of a decision log, also those of bridges that
// ended them by their count alone (1,024 terms of 64 KiB).
inline constexpr int kCosignRequestBytesMax = 128 * 1024 * 1024;

// What one side sends in a request and takes in a response, where it is not as above.
struct MessageLimits {
  int request_bytes_max = kRequestBytesMax;
  int response_bytes_max = kResponseBytesMax;
};

// Paths of PEM files.
struct TlsFiles {
  std::string certificate_file;  // own certificate, then intermediate ones
  std::string private_key_file;  // of that certificate, unencrypted
  std::string ca_file;           // the authorities whose certificates the other side may show
};

// The host of "host:port" (IPv6 in brackets: "[::1]:7001"); InvalidArgument when it is not of that
// form or the port is not 0 to 65535.
struct HostPort {
  std::string host;  // without brackets
  int port = 0;
};
absl::StatusOr<HostPort> ParseHostPort(std::string_view text);
std::string FormatHostPort(std::string_view host, int port);
// 127.0.0.0/8, ::1 and "localhost", literally: no name is looked up.
bool IsLoopback(std::string_view host);

// Credentials for a server on `listen` or a client of `target` ("host:port" both); without `tls`
// plain text. FailedPrecondition when that is not loopback; InvalidArgument or NotFound name the
// file that cannot be used.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const std::optional<TlsFiles>& tls, std::string_view listen);
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(
    const std::optional<TlsFiles>& tls, std::string_view target);

// A channel to `target` with these credentials, message limits and keepalive. Connects in the
// background: that it cannot is seen on the first call. Users include <grpcpp/channel.h>.
absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const std::string& target,
                                                           const std::optional<TlsFiles>& tls,
                                                           const MessageLimits& limits = {});

// The whole file, at most `bytes_max`; NotFound or InvalidArgument with its name.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path, std::size_t bytes_max);

}  // namespace causeway::rpc

#endif  // CAUSEWAY_SETTLEMENT_RPC_TLS_H_
