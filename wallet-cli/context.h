// What every command works with: the streams, the global options, connections, keys, and how a
// failure is told. One command line, one context, one thread.
#ifndef CAUSEWAY_WALLET_CLI_CONTEXT_H_
#define CAUSEWAY_WALLET_CLI_CONTEXT_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/client/bridge_client.h"
#include "settlement/client/ledger_client.h"
#include "settlement/client/queue_client.h"
#include "settlement/client/witness_client.h"
#include "settlement/core/envelope.h"
#include "settlement/core/suite.h"
#include "wallet-cli/render.h"
#include "wallet-cli/wallet.h"

namespace causeway::wallet {

inline constexpr int kTimeoutSecondsDefault = 30;
inline constexpr int kTimeoutSecondsMax = 3600;
inline constexpr std::size_t kFileBytesMax = 32 * 1024 * 1024;

struct GlobalOptions {
  std::string ledger;  // "host:port"
  std::string bridge;
  std::string tls_cert;
  std::string tls_key;
  std::string tls_ca;
  bool insecure = false;
  std::string participant;
  std::string genesis_hash;  // pinned; empty: whatever the ledger says
  std::vector<std::string> keys;
  std::vector<std::string> passphrase_files;
  int timeout_seconds = kTimeoutSecondsDefault;
  bool json = false;
};

// A connected ledger whose identity has been asked for and, where pinned, compared.
struct Ledger {
  client::LedgerClient client;
  client::LedgerInfo info;
};

class Context {
 public:
  Context(std::istream& input, std::ostream& output, std::ostream& error);

  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  GlobalOptions options;
  // What the command line asked for: a result to show (null: nothing more to say) or why not.
  std::function<absl::StatusOr<Json>()> command;

  absl::StatusOr<Ledger> ConnectLedger() const;
  // Another ledger than that of --ledger; its genesis hash is not pinned. `flag` gave the address.
  absl::StatusOr<Ledger> ConnectLedgerAt(std::string_view flag, const std::string& address) const;
  absl::StatusOr<client::BridgeClient> ConnectBridge() const;
  // At the bridge.
  absl::StatusOr<client::QueueClient> ConnectQueue() const;
  absl::StatusOr<client::WitnessClient> ConnectWitness(const std::string& address) const;
  // --participant; it must be given.
  absl::StatusOr<core::ParticipantId> Participant() const;
  // --genesis-hash, if given.
  absl::StatusOr<std::optional<core::Hash256>> PinnedGenesis() const;
  std::chrono::milliseconds Timeout() const;

  // The private keys of --key (at least one), with their passphrases read or asked for.
  absl::StatusOr<std::vector<std::unique_ptr<core::SoftwareSigner>>> LoadSigners();
  // For a new key: from --passphrase-file, or asked for twice.
  absl::StatusOr<std::string> NewPassphrase();
  // True when the answer is y or yes.
  bool Confirm(std::string_view question);

  // By --json or as text, to `out`.
  void Show(const Json& value);
  // Tells `err` what failed and what would be right; what the program should end with.
  ExitCode Fail(const absl::Status& status);

 private:
  absl::StatusOr<client::ConnectionOptions> Connection(std::string_view flag,
                                                       const std::string& address) const;
  std::string AskSecret(std::string_view question);
  absl::StatusOr<std::string> ReadPassphrase(std::size_t key, const std::string& key_file);
};

// Pointers to them, for the signing functions.
std::vector<const core::Signer*> Borrow(
    const std::vector<std::unique_ptr<core::SoftwareSigner>>& signers);

// The status for something that was sent without an answer coming back: ends with
// kOutcomeUnknown. `advice` says how to find out.
absl::Status Unknown(const absl::Status& status, std::string_view advice);
// For a flag that is missing or contradicts another: ends with kUsage.
absl::Status Usage(std::string_view message);
// The status with facts for programs, shown with the error.
absl::Status WithDetails(absl::Status status, const Json& details);
// `status` with "<what>: " before its message; everything else is kept.
absl::Status Annotate(std::string_view what, const absl::Status& status);

// The whole file; NotFound, PermissionDenied or InvalidArgument name it.
absl::StatusOr<std::string> ReadFile(const std::string& path);
// Fails when there is a file already, unless `replace`, which puts all or nothing in its place.
// `secret` files are for the owner only.
absl::Status WriteFile(const std::string& path, std::string_view content, bool replace,
                       bool secret);

}  // namespace causeway::wallet

#endif  // CAUSEWAY_WALLET_CLI_CONTEXT_H_
