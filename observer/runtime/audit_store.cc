#include "observer/runtime/audit_store.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "fmt/format.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/store/lmdb_journal.h"

namespace causeway::observer {
namespace {

constexpr char kKind[] = "audit";
constexpr char kAlertsName[] = "_alerts";  // '_' is in no origin

std::filesystem::path FolderOf(const std::string& path, const store::JournalIdentity& identity) {
  if (identity.name == kAlertsName) return std::filesystem::path(path) / "alerts";
  std::string name = identity.name;
  std::replace(name.begin(), name.end(), '/', '_');
  return std::filesystem::path(path) / "logs" / name;
}

}  // namespace

absl::Status AuditStore::CheckExists(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(std::filesystem::path(path) / "alerts", error)) {
    return absl::OkStatus();
  }
  return absl::NotFoundError(fmt::format("'{}' holds no observer's store", path));
}

absl::StatusOr<std::unique_ptr<AuditStore>> AuditStore::OpenLmdb(const std::string& path,
                                                                 const ObserverConfig& config) {
  const auto open = [&path](const store::JournalIdentity& identity)
      -> absl::StatusOr<std::unique_ptr<store::Journal>> {
    const std::filesystem::path folder = FolderOf(path, identity);
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
      return absl::InternalError(
          fmt::format("cannot make folder '{}': {}", folder.string(), error.message()));
    }
    return store::OpenLmdbJournal(folder.string(), identity);
  };
  return Open(open, config);
}

absl::StatusOr<std::unique_ptr<AuditStore>> AuditStore::Open(const JournalOpener& open,
                                                             const ObserverConfig& config) {
  std::unique_ptr<AuditStore> store(new AuditStore);
  const auto add = [&](const std::string& origin, const core::Hash256& anchor) -> absl::Status {
    absl::StatusOr<std::unique_ptr<store::Journal>> journal = open({kKind, origin, anchor});
    if (!journal.ok()) return journal.status();
    store->logs_.emplace(origin, *std::move(journal));
    return absl::OkStatus();
  };
  for (const FollowedLedger& ledger : config.ledgers) {
    if (absl::Status added = add(ledger.origin.ToString(), ledger.genesis_hash); !added.ok()) {
      return added;
    }
  }
  if (config.bridge.has_value()) {
    const absl::StatusOr<core::PolicySet> policies = codec::DecodePolicies(config.bridge->policies);
    if (!policies.ok()) return policies.status();
    // The earliest epoch anchors the log: later ones come and the store stays.
    absl::Status added = add(config.bridge->decision_log.ToString(), policies->earliest().hash);
    if (!added.ok()) return added;
  }
  absl::StatusOr<std::unique_ptr<store::Journal>> alerts = open({kKind, kAlertsName, {}});
  if (!alerts.ok()) return alerts.status();
  store->alerts_ = *std::move(alerts);
  return store;
}

const store::Journal* AuditStore::log(std::string_view origin) const {
  const auto found = logs_.find(origin);
  return found == logs_.end() ? nullptr : found->second.get();
}

absl::Status AuditStore::AppendBatch(std::string_view origin, std::uint32_t leaf_count,
                                     std::string bytes) {
  const auto found = logs_.find(origin);
  CW_CHECK(found != logs_.end(), "the log is followed");
  store::Journal& journal = *found->second;
  const store::Block block{journal.block_count(), journal.record_count(), leaf_count,
                           std::move(bytes)};
  return journal.Append({&block, 1}, {});
}

absl::StatusOr<causeway::v1::Alert> AuditStore::ReadAlert(std::uint64_t number) const {
  CW_CHECK(number >= 1, "alerts are numbered from 1");
  const absl::StatusOr<store::Block> block = alerts_->Read(number - 1);
  if (!block.ok()) return block.status();
  causeway::v1::Alert alert;
  if (!alert.ParseFromString(block->body) || alert.number() != number) {
    return absl::DataLossError(fmt::format("stored alert {} cannot be read", number));
  }
  return alert;
}

absl::Status AuditStore::AppendAlert(const causeway::v1::Alert& alert) {
  CW_CHECK(alert.number() == alert_count() + 1, "alerts are numbered without gaps");
  const store::Block block{alerts_->block_count(), alerts_->record_count(), 1,
                           alert.SerializeAsString()};
  return alerts_->Append({&block, 1}, {});
}

}  // namespace causeway::observer
