#include "settlement/rpc/tls.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <netinet/in.h>

#include <charconv>
#include <fstream>
#include <iterator>

namespace causeway::rpc {
namespace {

constexpr int kKeepaliveIntervalMs = 20'000;
constexpr int kKeepaliveTimeoutMs = 10'000;
constexpr int kReconnectBackoffMinMs = 100;
// What one attempt to connect gets at least. Not less: between the calls of a synchronous client
// nobody drives a handshake, so an attempt must outlast the pause until the next call.
constexpr int kConnectMs = 5'000;
constexpr int kReconnectBackoffMaxMs = 2'000;

struct PemFiles {
  std::string certificate;
  std::string private_key;
  std::string ca;
};

absl::StatusOr<std::string> ReadPem(const std::string& path, std::string_view what,
                                    std::string_view mark) {
  absl::StatusOr<std::string> content = ReadWholeFile(path, kPemFileBytesMax);
  if (!content.ok()) {
    return absl::Status(content.status().code(),
                        fmt::format("{}: {}", what, std::string(content.status().message())));
  }
  if (content->find(mark) == std::string::npos) {
    return absl::InvalidArgumentError(
        fmt::format("{}: {} is not PEM text with \"{}\"", what, path, mark));
  }
  return content;
}

absl::StatusOr<PemFiles> ReadPemFiles(const TlsFiles& files) {
  absl::StatusOr<std::string> certificate =
      ReadPem(files.certificate_file, "TLS certificate", "-----BEGIN CERTIFICATE-----");
  if (!certificate.ok()) return certificate.status();
  absl::StatusOr<std::string> key =
      ReadPem(files.private_key_file, "TLS private key", "PRIVATE KEY-----");
  if (!key.ok()) return key.status();
  if (key->find("ENCRYPTED") != std::string::npos) {
    return absl::InvalidArgumentError(
        fmt::format("TLS private key: {} is encrypted; it must be readable at start without a "
                    "passphrase, protected by the system's file permissions",
                    files.private_key_file));
  }
  absl::StatusOr<std::string> ca =
      ReadPem(files.ca_file, "TLS certification authority", "-----BEGIN CERTIFICATE-----");
  if (!ca.ok()) return ca.status();
  return PemFiles{*std::move(certificate), *std::move(key), *std::move(ca)};
}

absl::Status CheckInsecureAllowed(std::string_view address) {
  absl::StatusOr<HostPort> parsed = ParseHostPort(address);
  if (!parsed.ok()) return parsed.status();
  if (IsLoopback(parsed->host)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("{} is not a loopback address: without TLS only 127.0.0.0/8, [::1] and localhost "
                  "are allowed; give certificate, private key and certification authority",
                  address));
}

}  // namespace

absl::StatusOr<HostPort> ParseHostPort(std::string_view text) {
  const auto malformed = [&] {
    return absl::InvalidArgumentError(fmt::format(
        "address \"{}\": expected host:port with a port of 0 to 65535, such as 127.0.0.1:7001 or "
        "[::1]:7001",
        text));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed();
  std::string_view host = text.substr(0, colon);
  const std::string_view port_text = text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return malformed();
  }
  HostPort result;
  result.host = std::string(host);
  const auto [end, error] =
      std::from_chars(port_text.data(), port_text.data() + port_text.size(), result.port);
  if (host.empty() || port_text.empty() || error != std::errc() ||
      end != port_text.data() + port_text.size() || result.port < 0 || result.port > 65535) {
    return malformed();
  }
  return result;
}

std::string FormatHostPort(std::string_view host, int port) {
  return host.find(':') == std::string_view::npos ? fmt::format("{}:{}", host, port)
                                                  : fmt::format("[{}]:{}", host, port);
}

bool IsLoopback(std::string_view host) {
  if (host == "localhost") return true;
  const std::string text(host);
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const std::optional<TlsFiles>& tls, std::string_view listen) {
  if (!tls.has_value()) {
    if (absl::Status allowed = CheckInsecureAllowed(listen); !allowed.ok()) return allowed;
    return grpc::InsecureServerCredentials();
  }
  absl::StatusOr<PemFiles> pem = ReadPemFiles(*tls);
  if (!pem.ok()) return pem.status();
  grpc::SslServerCredentialsOptions options(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = pem->ca;
  options.pem_key_cert_pairs.push_back({pem->private_key, pem->certificate});
  return grpc::SslServerCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(
    const std::optional<TlsFiles>& tls, std::string_view target) {
  if (!tls.has_value()) {
    if (absl::Status allowed = CheckInsecureAllowed(target); !allowed.ok()) return allowed;
    return grpc::InsecureChannelCredentials();
  }
  absl::StatusOr<PemFiles> pem = ReadPemFiles(*tls);
  if (!pem.ok()) return pem.status();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = pem->ca;
  options.pem_private_key = pem->private_key;
  options.pem_cert_chain = pem->certificate;
  return grpc::SslCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const std::string& target,
                                                           const std::optional<TlsFiles>& tls,
                                                           const MessageLimits& limits) {
  absl::StatusOr<HostPort> parsed = ParseHostPort(target);
  if (!parsed.ok()) return parsed.status();
  absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> credentials =
      MakeChannelCredentials(tls, target);
  if (!credentials.ok()) return credentials.status();
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(limits.response_bytes_max);
  arguments.SetMaxSendMessageSize(limits.request_bytes_max);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveIntervalMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  // A restarted peer is found again quickly: the default grows to two minutes.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectBackoffMinMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectBackoffMaxMs);
  // A proxy of the environment cannot reach this machine's own loopback.
  if (IsLoopback(parsed->host)) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(target, *credentials, arguments);
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path, std::size_t bytes_max) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(fmt::format("cannot open {}", path));
  std::string content(bytes_max + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (file.bad()) return absl::InvalidArgumentError(fmt::format("cannot read {}", path));
  content.resize(static_cast<std::size_t>(file.gcount()));
  if (content.size() > bytes_max) {
    return absl::InvalidArgumentError(
        fmt::format("{} is larger than the {} bytes allowed", path, bytes_max));
  }
  return content;
}

}  // namespace causeway::rpc
