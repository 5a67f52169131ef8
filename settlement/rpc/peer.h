// Who is on the other end of a call: the technical sender, which is not always the party that
// instructs nor the owner of the account.
#ifndef CAUSEWAY_SETTLEMENT_RPC_PEER_H_
#define CAUSEWAY_SETTLEMENT_RPC_PEER_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "settlement/core/ids.h"

namespace grpc {
class ClientContext;
class ServerContextBase;
}  // namespace grpc

namespace causeway::rpc {

// A certificate names its participant by this and the participant id, as a URI subject alternative
// name: "causeway://participant/BANKA".
inline constexpr std::string_view kParticipantUriPrefix = "causeway://participant/";
// On an insecure (loopback) connection a caller may say whom it speaks for by this request
// metadata, so that a tutorial or a test meets the rules that the certificate would bring. Ignored
// under TLS.
inline constexpr char kParticipantMetadataKey[] = "causeway-participant";

struct Peer {
  // Always set under TLS. Unset: an insecure caller that named nobody, who is the operator on the
  // machine itself and may do what the central bank's certificate may.
  std::optional<core::ParticipantId> participant;
  bool insecure = false;

  bool IsLocalOperator() const { return insecure && !participant.has_value(); }
};

// The participant that a certificate with these URIs names: exactly one must have the prefix above
// and a well-formed id behind it; URIs of other schemes are skipped. Unauthenticated says why not.
absl::StatusOr<core::ParticipantId> ParticipantOfUris(std::span<const std::string> uris);

// The caller. Unauthenticated when the certificate (or the metadata) names no participant.
absl::StatusOr<Peer> PeerOf(const grpc::ServerContextBase& context);

// For clients on insecure connections: names the participant, as kParticipantMetadataKey says.
void NameParticipant(const core::ParticipantId& participant, grpc::ClientContext& context);

}  // namespace causeway::rpc

#endif  // CAUSEWAY_SETTLEMENT_RPC_PEER_H_
