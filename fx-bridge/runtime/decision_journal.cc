#include "fx-bridge/runtime/decision_journal.h"

#include <utility>

#include "fx-bridge/engine/bridge_engine.h"
#include "settlement/core/hash.h"
#include "settlement/store/lmdb_journal.h"
#include "settlement/store/segment_journal.h"

namespace causeway::bridge {
namespace {

// Recent ids in memory: 2 tables of 16 bytes a key, which begin small.
constexpr std::size_t kIdTableKeysMax = 1 << 20;

}  // namespace

absl::StatusOr<std::unique_ptr<store::Journal>> OpenDecisionJournal(
    const std::string& path, const core::LedgerOrigin& decision_log) {
  const store::JournalIdentity identity = BridgeEngine::JournalIdentityOf(decision_log);
  absl::StatusOr<std::unique_ptr<store::SegmentJournal>> segments =
      store::SegmentJournal::Open(path, identity);
  if (segments.ok()) return std::unique_ptr<store::Journal>(*std::move(segments));
  if (!absl::IsFailedPrecondition(segments.status())) return segments.status();
  // Refused as foreign: perhaps of the other format. Whatever else it is, the first refusal says.
  absl::StatusOr<std::unique_ptr<store::Journal>> in_lmdb = store::OpenLmdbJournal(path, identity);
  if (in_lmdb.ok()) return in_lmdb;
  return segments.status();
}

absl::StatusOr<std::unique_ptr<store::KeyRuns>> OpenDecidedIds(
    const std::string& path, const core::LedgerOrigin& decision_log,
    const store::FingerprintKey& key, std::uint64_t records) {
  return store::KeyRuns::Open({.directory = path + "/ids",
                               .ledger = core::Sha256(decision_log.text()),
                               .fingerprint_key = key,
                               .table_keys_max = kIdTableKeysMax},
                              records);
}

}  // namespace causeway::bridge
