#include "fx-bridge/runtime/bridge_access.h"

#include <fmt/format.h>

#include "settlement/rpc/peer.h"
#include "settlement/rpc/rejection_status.h"

namespace causeway::bridge {

std::variant<Caller, grpc::Status> IdentifyCaller(grpc::CallbackServerContext* context,
                                                  const BridgeAccess& access) {
  const absl::StatusOr<rpc::Peer> peer = rpc::PeerOf(*context);
  if (!peer.ok()) {
    const grpc::Status refused = rpc::Refuse(core::Outcome::kSenderNotEntitled,
                                             std::string(peer.status().message()), *context);
    return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, refused.error_message());
  }
  if (peer->IsLocalOperator()) return Caller{true, {}};
  const core::ParticipantId& id = *peer->participant;
  const bool observer = access.observers.contains(id);
  if (!observer && !access.participants.contains(id)) {
    return rpc::Refuse(core::Outcome::kSenderNotEntitled,
                       fmt::format("{} is not a participant of this bridge", id.text()), *context);
  }
  return Caller{observer, id};
}

}  // namespace causeway::bridge
