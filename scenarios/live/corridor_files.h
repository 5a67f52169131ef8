// The files of a corridor that runs on this machine: certificates, keys, genesis files and
// configurations, all below one folder. Private keys are readable to their owner only.
//
//   ca.pem                       the authority of every certificate
//   participants/<id>/           tls.pem tls-key.pem key.pem (central banks: approver-<n>.pem)
//                                wallet.toml (wallet_files.h)
//   ledgers/<origin, / as _>/    genesis.bin key.pem salt.key server.pem server-key.pem data/
//                                log.txt address.txt
//   bridge/                      bridge.txtpb decision-log-key.pem policy.bin server.pem ...
//   observer/                    observer.txtpb policy.bin server.pem ...
#ifndef CAUSEWAY_SCENARIOS_LIVE_CORRIDOR_FILES_H_
#define CAUSEWAY_SCENARIOS_LIVE_CORRIDOR_FILES_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scenarios/spec/plan.h"
#include "settlement/rpc/tls.h"

namespace causeway::sim {

// What each server program has. Paths.
struct ServerFiles {
  std::string folder;
  std::string data;        // its journal's folder; it makes it
  std::string log_file;    // its output
  std::string ready_file;  // it writes its address there
  rpc::TlsFiles tls;       // of the server, and of the connections that it makes
};

struct LedgerFiles {
  ServerFiles server;
  std::string genesis;
  std::string key;       // PEM
  std::string salt_key;  // 64 hexadecimal digits
};

// Of a witness of the decision log. The first, one for each ledger, run in the ledgers' programs.
struct WitnessFiles {
  ServerFiles server;  // of one with a program of its own; else only `data` is set
  std::string key;     // PEM
  std::string policy;
};

struct ParticipantFiles {
  rpc::TlsFiles tls;  // its certificate as a client
  std::string key;    // PEM of what it signs instructions with; empty for a central bank
};

struct CentralBankFiles {
  ParticipantFiles client;
  std::vector<std::string> approvers;  // PEM files
};

struct CorridorFiles {
  std::string work_dir;
  std::string ca;
  std::vector<LedgerFiles> ledgers;             // by LedgerIndex
  std::vector<CentralBankFiles> central_banks;  // by LedgerIndex
  std::vector<ParticipantFiles> participants;   // by ParticipantIndex

  ServerFiles bridge;  // unused without a bridge in the plan
  std::string bridge_config;
  std::string bridge_key;               // PEM of the decision log's key
  std::vector<WitnessFiles> witnesses;  // as in the plan

  ServerFiles observer;
  std::string observer_config;
};

// Makes everything but the two configurations. FailedPrecondition when `work_dir` has content,
// Internal with the system's reason when a file cannot be written.
absl::StatusOr<CorridorFiles> WriteCorridorFiles(const Plan& plan, const std::string& work_dir);

// Whether that participant is a member of the settlement queue that the bridge serves: of a plan
// with that mechanism all that have accounts on two ledgers or more, but for the bridge, the
// observer and the operator, whose part the bridge plays.
bool IsQueueMember(const Plan& plan, ParticipantIndex participant);

// The configurations name addresses, so they are written once the ledgers serve; `addresses` by
// LedgerIndex, `witnesses` as in the plan. InvalidArgument for a plan whose settlement queue has
// more members than a bridge can serve, or fewer than two.
absl::Status WriteBridgeConfig(const Plan& plan, const CorridorFiles& files,
                               const std::vector<std::string>& addresses,
                               const std::vector<std::string>& witnesses);
// `bridge_address` is empty without a bridge.
absl::Status WriteObserverConfig(const Plan& plan, const CorridorFiles& files,
                                 const std::vector<std::string>& addresses,
                                 const std::string& bridge_address,
                                 const std::vector<std::string>& witnesses);

// Writes a new file; `secret`: readable to its owner only.
absl::Status WriteNewFile(const std::string& path, std::string_view content, bool secret);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_LIVE_CORRIDOR_FILES_H_
