#include "fx-bridge/runtime/decision_journal.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "fx-bridge/engine/bridge_engine.h"
#include "settlement/core/hash.h"
#include "settlement/store/lmdb_journal.h"
#include "settlement/store/segment_journal.h"
#include "settlement/store/snapshot_files.h"

namespace causeway::bridge {
namespace {

constexpr char kFingerprintPurpose[] = "causeway/bridge-fingerprints/v1\n";
constexpr char kFingerprintsMeta[] = "fingerprints";

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

absl::StatusOr<store::FingerprintKey> FingerprintKeyOfLog(const core::Signer& signer,
                                                          store::Journal& journal) {
  if (signer.public_key().suite == core::SuiteId::kEd25519Sha256) {
    return store::FingerprintKeyOf(signer, kFingerprintPurpose);
  }
  store::FingerprintKey key{};
  const absl::StatusOr<std::optional<std::string>> kept = journal.GetMeta(kFingerprintsMeta);
  if (!kept.ok()) return kept.status();
  if (kept->has_value()) {
    if ((*kept)->size() != key.size()) {
      return absl::DataLossError("decision log: \"fingerprints\" is not 16 bytes");
    }
    std::copy((*kept)->begin(), (*kept)->end(), key.begin());
    return key;
  }
  // Signatures that are never the same are random enough.
  absl::StatusOr<store::FingerprintKey> drawn =
      store::FingerprintKeyOf(signer, kFingerprintPurpose);
  if (!drawn.ok()) return drawn.status();
  const store::MetaWrite write{kFingerprintsMeta, std::string(drawn->begin(), drawn->end())};
  if (absl::Status status = journal.Append({}, {&write, 1}); !status.ok()) return status;
  return drawn;
}

absl::StatusOr<std::shared_ptr<store::SnapshotStore>> OpenLogSnapshots(const std::string& path) {
  const std::string directory = path + "/snapshots";
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return absl::InternalError(directory + ": " + error.message());
  return std::shared_ptr<store::SnapshotStore>(store::MakeSnapshotFiles(directory));
}

}  // namespace causeway::bridge
