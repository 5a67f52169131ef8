// The causeway-node program without its flags: a ledger served over gRPC until it is told to stop.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_NODE_PROGRAM_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_NODE_PROGRAM_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "central-bank-node/runtime/witness_program.h"
#include "settlement/rpc/server.h"

namespace causeway::node {

struct NodeOptions {
  std::string genesis_file;
  std::string data_directory;
  std::string key_file;
  std::string passphrase_file;  // empty: the key is not encrypted
  std::string salt_key_file;
  // Where archived segments of the journal are read, and moved by Operations.Archive; empty:
  // nowhere.
  std::string archive_directory;
  std::string backup_root;          // backups are made below it; empty: none are made
  std::uint64_t segment_bytes = 0;  // of the journal; 0: the store's own default
  bool accept_clock_gap = false;    // rpc::CheckClockAtStart
  // Leaves between two snapshots: about as many are replayed at a start at most. 0: none is
  // written, and those that are there are not used.
  std::uint64_t snapshot_every_leaves = 4'000'000;
  // What a scrub reads of the journal, the index and the snapshots, in MiB a second; 0: there is
  // none (scrubber.h).
  std::uint64_t scrub_mib_per_s = 8;
  // Signed heads of this ledger's log that others hold: it is not served unless it contains them.
  std::vector<std::string> checkpoint_files;
  rpc::ServerOptions server;
  // A witness of a decision log next to the ledger; without a name there is none.
  WitnessOptions witness;
};

// Opens or starts the ledger, serves it, and returns after SIGTERM or SIGINT: by then everything
// that was acknowledged is durable, and everything else was refused. The caller has blocked these
// signals (rpc::BlockStopSignals). Errors are those of starting.
absl::Status RunNode(const NodeOptions& options);

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_NODE_PROGRAM_H_
