// A witness as causeway-node runs it: next to its ledger, or as a process of its own.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_WITNESS_PROGRAM_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_WITNESS_PROGRAM_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "central-bank-node/runtime/witness_runtime.h"
#include "settlement/rpc/server.h"

namespace causeway::node {

// How long a peer may take to say what it knows, when a witness starts.
inline constexpr std::chrono::seconds kWitnessPeerWaitMax{3};

struct WitnessOptions {
  std::string name;                       // as in the policies; empty: no witness
  std::string key_file;                   // Ed25519, PEM, unencrypted
  std::string data_directory;             // of its journal; created if new
  std::vector<std::string> policy_files;  // exact bytes of every policy of the decision log
  // The participant that the bridge's certificate names: batches of the log are taken from it
  // alone.
  std::string bridge;
  // Bridge and other witnesses ("host:port"), which are asked before it starts what they have seen
  // of the log: one that has this witness's cosignature on what it does not hold stops it.
  std::vector<std::string> peers;
};

// Opens the journal, asks the peers, and starts the thread. FailedPrecondition when a peer shows
// that this witness has lost its state, InvalidArgument and others as of WitnessEngine::Open. What
// a peer that does not answer might have said is not waited for: it is told in the log.
absl::StatusOr<std::unique_ptr<WitnessRuntime>> StartWitness(
    const WitnessOptions& options, const std::optional<rpc::TlsFiles>& tls);

// A process that is only a witness: as RunNode.
absl::Status RunWitness(const WitnessOptions& options, const rpc::ServerOptions& server);

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_WITNESS_PROGRAM_H_
