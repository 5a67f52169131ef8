// The configuration of an observer, read and checked. See proto/causeway/v1/observer_config.proto.
#ifndef CAUSEWAY_OBSERVER_RUNTIME_CONFIG_H_
#define CAUSEWAY_OBSERVER_RUNTIME_CONFIG_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/bytes.h"
#include "settlement/core/ids.h"

namespace causeway::observer {

inline constexpr std::size_t kConfigBytesMax = 1024 * 1024;
inline constexpr std::size_t kLedgersFollowedMax = 64;

struct FollowedLedger {
  core::LedgerOrigin origin;
  core::Hash256 genesis_hash;
  std::string address;
};

struct WitnessAddress {
  std::string name;     // as in a policy
  std::string address;  // "host:port"
};

struct FollowedBridge {
  core::LedgerOrigin decision_log;
  std::vector<std::string> policies;  // exact bytes; they go together (core::PolicySet)
  std::string address;
  std::vector<WitnessAddress> witnesses = {};
};

struct ObserverConfig {
  std::vector<FollowedLedger> ledgers;  // 1..kLedgersFollowedMax
  std::optional<FollowedBridge> bridge;
  std::vector<core::ParticipantId> readers;
};

// `text` in protobuf text format; `folder` is where policy files are looked for. InvalidArgument
// names line and column, or the field; NotFound a policy file that cannot be read.
absl::StatusOr<ObserverConfig> ParseConfig(std::string_view text, const std::string& folder);
absl::StatusOr<ObserverConfig> LoadConfig(const std::string& path);

}  // namespace causeway::observer

#endif  // CAUSEWAY_OBSERVER_RUNTIME_CONFIG_H_
