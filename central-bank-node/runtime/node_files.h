// The files that a node starts from: genesis, ledger key, salt key. Errors name the file and what
// is wrong with it; none of them shows a secret.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_NODE_FILES_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_NODE_FILES_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/command.h"
#include "settlement/core/suite.h"
#include "settlement/store/journal.h"
#include "settlement/store/key_runs.h"
#include "settlement/store/segment_journal.h"
#include "settlement/store/snapshot.h"

namespace causeway::node {

class LedgerEngine;

inline constexpr std::size_t kGenesisBytesMax = 1024 * 1024;
inline constexpr std::size_t kSaltKeyBytes = 32;

absl::StatusOr<core::Genesis> ReadGenesis(const std::string& path);

// A PEM private key. The passphrase is the first line of its file; an empty path means that the key
// is not encrypted.
absl::StatusOr<std::shared_ptr<const core::Signer>> ReadSigner(const std::string& key_path,
                                                               const std::string& passphrase_path);

// 64 hexadecimal digits and an optional newline: the 32 bytes.
absl::StatusOr<std::string> ReadSaltKey(const std::string& path);

// What the ledger of that genesis keeps its journal under.
store::JournalIdentity LedgerJournalIdentity(const core::Genesis& genesis);
// What a ledger keeps in directory `path`: the journal there, in segment files, and below it in
// "keys" the index of payments, which is made again from the journal when it is lost. Errors as of
// store::SegmentJournal::Open and store::KeyRuns::Open; FailedPrecondition when archived segments
// are not in the archive, because a ledger looks up its whole history.
struct LedgerStore {
  std::unique_ptr<store::Journal> journal;
  std::unique_ptr<store::KeyIndex> keys;
  store::SegmentJournal* segments = nullptr;  // `journal`
  store::KeyRuns* runs = nullptr;             // `keys`
  std::shared_ptr<store::SnapshotStore> snapshots;
};
absl::StatusOr<LedgerStore> OpenLedgerStore(const std::string& path, const core::Genesis& genesis,
                                            std::string_view salt_key,
                                            const store::SegmentOptions& options = {});

// Whether the log of `engine` contains the one whose signed head (a checkpoint of this ledger, from
// an observer, a backup or a peer) is in that file: what a journal cannot see by itself is that it
// was rolled back. FailedPrecondition when it is shorter, or the file is no head of this ledger;
// DataLoss when the log is another one; errors of reading.
absl::Status CheckContains(const LedgerEngine& engine, const std::string& checkpoint_path);

struct GenesisSpec {
  std::string spec_path;  // causeway.v1.Genesis as protobuf text
  // PEM public keys, put in place of what the spec says; empty: as the spec says.
  std::string ledger_key_path;
  std::vector<std::string> approver_key_paths;
};
// The genesis that the spec describes, checked by starting a ledger from it; `bytes` is what to
// write to the genesis file. InvalidArgument names line and column, or the field.
absl::StatusOr<core::Genesis> MakeGenesis(const GenesisSpec& spec);

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_NODE_FILES_H_
