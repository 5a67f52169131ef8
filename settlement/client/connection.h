// How a client reaches a server of the network. Shared by all clients of this library.
#ifndef CAUSEWAY_SETTLEMENT_CLIENT_CONNECTION_H_
#define CAUSEWAY_SETTLEMENT_CLIENT_CONNECTION_H_

#include <chrono>
#include <optional>
#include <string>

#include "settlement/core/ids.h"
#include "settlement/rpc/tls.h"

namespace causeway::client {

inline constexpr std::chrono::milliseconds kDeadlineDefault{10'000};

struct ConnectionOptions {
  std::string address;  // "host:port"
  // Mutual TLS: the certificate names the participant that sends. Unset: plain text, which is
  // allowed on loopback addresses only.
  std::optional<rpc::TlsFiles> tls;
  // On a plain-text connection: the participant that calls are made for. Empty: the operator on
  // the machine itself. Ignored under TLS, where the certificate says it.
  core::ParticipantId participant;
  // For calls that name no deadline of their own.
  std::chrono::milliseconds deadline = kDeadlineDefault;
};

// Per call.
struct CallOptions {
  // Zero: that of the connection. Streams have none.
  std::chrono::milliseconds deadline{0};
};

}  // namespace causeway::client

#endif  // CAUSEWAY_SETTLEMENT_CLIENT_CONNECTION_H_
