// The files that a bridge starts from: its configuration, the policy, and keys. Errors name the
// file, with line and column where it is text, and the field; none of them shows a secret.
#ifndef CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_FILES_H_
#define CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_FILES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fx-bridge/engine/bridge_engine.h"
#include "fx-bridge/engine/key_directory.h"
#include "fx-bridge/engine/queue_desk.h"
#include "fx-bridge/runtime/ledger_calls.h"
#include "fx-bridge/runtime/witness_calls.h"
#include "fx-bridge/venues/board_venue.h"

namespace causeway::bridge {

inline constexpr std::size_t kConfigBytesMax = 16 * 1024 * 1024;
// Bounds of what a configuration may ask for.
inline constexpr std::uint32_t kLedgerCallsMax = 4096;
inline constexpr std::int64_t kLedgerCallMillisMax = 60'000;
inline constexpr std::int64_t kQueueIntervalSecondsMax = 86'400;
inline constexpr std::int64_t kQueueAnswerMillisMax = 600'000;
inline constexpr std::int64_t kQueueWindowSecondsMax = 3'600;
inline constexpr std::int64_t kQueueWaitSecondsMax = 7 * 86'400;
// Trades that the exact selection looks at.
inline constexpr std::uint32_t kQueueExactMax = 20;

// What causeway.v1.BridgeConfig says, checked and with its files read.
struct BridgeSetup {
  std::vector<std::string> policy_files;    // exact bytes
  std::optional<core::PolicySet> policies;  // what they say; always set
  std::vector<LedgerAddress> ledgers;
  std::vector<WitnessAddress> witnesses;
  std::shared_ptr<StaticKeyDirectory> keys;
  std::shared_ptr<BoardVenue> venue;  // null without providers
  std::set<core::ParticipantId> participants;
  std::set<core::ParticipantId> observers;
  pvp::CoordinatorOptions coordinator;
  LedgerCallOptions calls;
  // Without what the program adds: keys, verifier, random. None: no settlement queue is served.
  std::optional<QueueOptions> queue;
};

// Paths in the file are relative to its folder.
absl::StatusOr<BridgeSetup> ReadBridgeConfig(const std::string& path);

struct WitnessSpec {
  std::string name;      // as in cosignatures, such as "hkma.example/witness"
  std::string key_path;  // public key, Ed25519, PEM
};

// What a settlement policy is made of. Without witnesses the operator of the decision log is
// trusted not to show two logs.
struct PolicySpec {
  std::uint64_t epoch = 0;                 // above zero
  std::string decision_log;                // origin
  std::string decision_log_key_path;       // public key, PEM
  std::vector<std::string> genesis_paths;  // of each ledger: its origin, genesis hash and key
  std::vector<WitnessSpec> witnesses;
  std::uint32_t witnesses_needed = 0;
  std::uint32_t witnesses_faulty_max = 0;
};

// The exact bytes of the policy; codec::DecodePolicy takes them.
absl::StatusOr<std::string> MakePolicy(const PolicySpec& spec);

// An unencrypted private key, PEM.
absl::StatusOr<std::shared_ptr<const core::Signer>> ReadSigner(const std::string& path);

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_RUNTIME_BRIDGE_FILES_H_
