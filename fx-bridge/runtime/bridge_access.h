// Who calls a service of the bridge, and whether it may.
#ifndef CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_ACCESS_H_
#define CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_ACCESS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <set>
#include <variant>

#include "settlement/core/ids.h"

namespace causeway::bridge {

struct BridgeAccess {
  std::set<core::ParticipantId> participants;
  std::set<core::ParticipantId> observers;
};

struct Caller {
  bool sees_everything = false;  // an observer, or the operator on this machine
  core::ParticipantId id;        // empty for the operator
};

// The caller, or the status that refuses it.
std::variant<Caller, grpc::Status> IdentifyCaller(grpc::CallbackServerContext* context,
                                                  const BridgeAccess& access);

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_ACCESS_H_
