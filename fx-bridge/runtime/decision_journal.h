// The journal of a decision log on disk, and beside it where its decided ids are found again.
#ifndef CAUSEWAY_FX_BRIDGE_RUNTIME_DECISION_JOURNAL_H_
#define CAUSEWAY_FX_BRIDGE_RUNTIME_DECISION_JOURNAL_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "settlement/core/ids.h"
#include "settlement/core/suite.h"
#include "settlement/store/fingerprint.h"
#include "settlement/store/journal.h"
#include "settlement/store/key_runs.h"
#include "settlement/store/snapshot.h"

namespace causeway::bridge {

// Opens the journal of that decision log in directory `path`, or creates it there in segments: a
// write is then one data sync. One that was created in LMDB (format 1) goes on in it. Errors as of
// store::SegmentJournal::Open, or for one in LMDB store::OpenLmdbJournal.
absl::StatusOr<std::unique_ptr<store::Journal>> OpenDecisionJournal(
    const std::string& path, const core::LedgerOrigin& decision_log);

// Of the log whose journal is in directory `path` and has `records`: in its folder "ids", which is
// created. Errors as of store::KeyRuns::Open.
absl::StatusOr<std::unique_ptr<store::KeyRuns>> OpenDecidedIds(
    const std::string& path, const core::LedgerOrigin& decision_log,
    const store::FingerprintKey& key, std::uint64_t records);

// What the ids of that log are fingerprinted with, and its snapshots authenticated, secret. Made of
// the log's signing key where that signs the same twice (Ed25519); else drawn when the journal has
// none, and kept in its metadata under "fingerprints": with another one at each start all that was
// derived would be made again.
absl::StatusOr<store::FingerprintKey> FingerprintKeyOfLog(const core::Signer& signer,
                                                          store::Journal& journal);

// Of the log whose journal is in directory `path`: in its folder "snapshots", which is created.
absl::StatusOr<std::shared_ptr<store::SnapshotStore>> OpenLogSnapshots(const std::string& path);

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_RUNTIME_DECISION_JOURNAL_H_
