// The journal of a decision log on disk, and beside it where its decided ids are found again.
#ifndef CAUSEWAY_FX_BRIDGE_RUNTIME_DECISION_JOURNAL_H_
#define CAUSEWAY_FX_BRIDGE_RUNTIME_DECISION_JOURNAL_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "settlement/core/ids.h"
#include "settlement/store/fingerprint.h"
#include "settlement/store/journal.h"
#include "settlement/store/key_runs.h"

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

}  // namespace causeway::bridge

#endif  // CAUSEWAY_FX_BRIDGE_RUNTIME_DECISION_JOURNAL_H_
