// Who calls a service of the bridge, and whether it may.
#ifndef CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_ACCESS_H_
#define CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_ACCESS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <cstddef>
#include <set>
#include <variant>

#include "settlement/core/ids.h"

namespace causeway::bridge {

// Settlements in one answer of ListOpen: the oldest that the caller may see.
inline constexpr std::size_t kListOpenMax = 10'000;

struct BridgeAccess {
  std::set<core::ParticipantId> participants;
  std::set<core::ParticipantId> observers;
  std::size_t list_open_max = kListOpenMax;
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
