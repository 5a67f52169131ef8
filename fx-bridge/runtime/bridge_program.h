// The causeway-bridge program without its flags: a bridge served over gRPC until it is told to
// stop.
#ifndef CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_PROGRAM_H_
#define CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_PROGRAM_H_

#include <string>

#include "absl/status/status.h"
#include "settlement/rpc/server.h"

namespace causeway::bridge {

struct BridgeProgramOptions {
  std::string config_file;        // causeway.v1.BridgeConfig, protobuf text
  std::string data_directory;     // of the journal
  std::string key_file;           // the decision log's key, PEM
  bool accept_clock_gap = false;  // rpc::CheckClockAtStart
  // Its TLS files also authenticate the bridge to the ledgers.
  rpc::ServerOptions server;
};

// Opens or starts the decision log, resumes what is open, serves, and returns after SIGTERM or
// SIGINT. The caller has blocked these signals (rpc::BlockStopSignals). Errors are those of
// starting.
absl::Status RunBridge(const BridgeProgramOptions& options);

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_PROGRAM_H_
