// The commands of `causeway-observer`, without their flags. Each returns the exit status.
#ifndef CAUSEWAY_OBSERVER_RUNTIME_PROGRAM_H_
#define CAUSEWAY_OBSERVER_RUNTIME_PROGRAM_H_

#include <optional>
#include <string>

#include "settlement/rpc/server.h"

namespace causeway::observer {

inline constexpr int kExitOk = 0;
inline constexpr int kExitAlerts = 2;  // there are alerts, of this run or an earlier one
inline constexpr int kExitUsage = 64;
inline constexpr int kExitData = 65;  // configuration or store that cannot be used
inline constexpr int kExitInternal = 70;

struct RunOptions {
  std::string config;  // path
  std::string data;    // path of the store
  rpc::ServerOptions server;
};
// Follows and serves until SIGTERM or SIGINT. Call in main's thread before any other is started.
int RunObserver(const RunOptions& options);

struct ReportOptions {
  std::string config;
  std::string data;
  bool json = false;
};
// Verifies the store again from its bytes and prints what it shows. No observer may be running on
// it.
int ReportObserver(const ReportOptions& options);

}  // namespace causeway::observer

#endif  // CAUSEWAY_OBSERVER_RUNTIME_PROGRAM_H_
