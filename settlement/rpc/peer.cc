#include "settlement/rpc/peer.h"

#include <fmt/format.h>
#include <grpc/grpc_security_constants.h>
#include <grpcpp/client_context.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/server_context.h>

#include <vector>

namespace causeway::rpc {
namespace {

std::vector<std::string> Property(const grpc::AuthContext& auth, const char* name) {
  std::vector<std::string> values;
  for (const grpc::string_ref& value : auth.FindPropertyValues(name)) {
    values.emplace_back(value.data(), value.size());
  }
  return values;
}

bool IsTls(const grpc::AuthContext& auth) {
  for (const std::string& type : Property(auth, GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME)) {
    if (type == GRPC_SSL_TRANSPORT_SECURITY_TYPE || type == GRPC_TLS_TRANSPORT_SECURITY_TYPE) {
      return true;
    }
  }
  return false;
}

absl::StatusOr<Peer> InsecurePeer(const grpc::ServerContextBase& context) {
  Peer peer;
  peer.insecure = true;
  const auto& metadata = context.client_metadata();
  const auto [begin, end] = metadata.equal_range(kParticipantMetadataKey);
  if (begin == end) return peer;
  if (std::next(begin) != end) {
    return absl::UnauthenticatedError(
        fmt::format("metadata {} was given more than once", kParticipantMetadataKey));
  }
  absl::StatusOr<core::ParticipantId> participant =
      core::ParticipantId::Parse({begin->second.data(), begin->second.size()});
  if (!participant.ok()) {
    return absl::UnauthenticatedError(fmt::format("metadata {}: {}", kParticipantMetadataKey,
                                                  std::string(participant.status().message())));
  }
  peer.participant = *participant;
  return peer;
}

}  // namespace

absl::StatusOr<core::ParticipantId> ParticipantOfUris(std::span<const std::string> uris) {
  std::optional<core::ParticipantId> found;
  for (const std::string& uri : uris) {
    if (!uri.starts_with(kParticipantUriPrefix)) continue;
    if (found.has_value()) {
      return absl::UnauthenticatedError(fmt::format(
          "the client certificate has more than one URI subject alternative name that begins "
          "with {}: it must name exactly one participant",
          kParticipantUriPrefix));
    }
    absl::StatusOr<core::ParticipantId> participant =
        core::ParticipantId::Parse(std::string_view(uri).substr(kParticipantUriPrefix.size()));
    if (!participant.ok()) {
      return absl::UnauthenticatedError(fmt::format("the client certificate's URI {}: {}", uri,
                                                    std::string(participant.status().message())));
    }
    found = *participant;
  }
  if (!found.has_value()) {
    return absl::UnauthenticatedError(
        fmt::format("the client certificate has no URI subject alternative name {}<participant id>",
                    kParticipantUriPrefix));
  }
  return *found;
}

absl::StatusOr<Peer> PeerOf(const grpc::ServerContextBase& context) {
  const std::shared_ptr<const grpc::AuthContext> auth = context.auth_context();
  // Servers without TLS listen on loopback only (MakeServerCredentials), and servers with it let no
  // plain connection in: what the transport says is what the server was started as.
  if (auth == nullptr || !IsTls(*auth)) return InsecurePeer(context);
  absl::StatusOr<core::ParticipantId> participant =
      ParticipantOfUris(Property(*auth, GRPC_PEER_URI_PROPERTY_NAME));
  if (!participant.ok()) return participant.status();
  return Peer{*participant, false};
}

void NameParticipant(const core::ParticipantId& participant, grpc::ClientContext& context) {
  context.AddMetadata(kParticipantMetadataKey, participant.ToString());
}

}  // namespace causeway::rpc
