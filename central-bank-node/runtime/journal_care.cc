#include "central-bank-node/runtime/journal_care.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "central-bank-node/runtime/node_files.h"
#include "settlement/core/batch.h"
#include "settlement/store/segment_archive.h"
#include "settlement/store/segment_file.h"

namespace causeway::node {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNameLengthMax = 64;
constexpr char kUnfinishedSuffix[] = ".unfinished";

absl::Status CheckThere(const std::string& data) {
  // Opening creates what is not there.
  std::error_code error;
  if (fs::is_directory(data, error) && !fs::is_empty(data, error)) return absl::OkStatus();
  return absl::NotFoundError(fmt::format("there is no journal in {}", data));
}

absl::StatusOr<std::unique_ptr<store::SegmentJournal>> OpenStopped(const core::Genesis& genesis,
                                                                   const std::string& data) {
  if (absl::Status there = CheckThere(data); !there.ok()) return there;
  return store::SegmentJournal::Open(data, LedgerJournalIdentity(genesis));
}

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

absl::Status CheckName(std::string_view name) {
  const bool well_formed =
      !name.empty() && name.size() <= kNameLengthMax && IsLetterOrDigit(name.front()) &&
      std::all_of(name.begin(), name.end(),
                  [](char c) { return IsLetterOrDigit(c) || c == '.' || c == '_' || c == '-'; }) &&
      !name.ends_with(kUnfinishedSuffix);
  if (well_formed) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("name: must be 1 to {} of A-Z a-z 0-9 . _ -, beginning with a letter or a digit "
                  "and not ending in {}",
                  kNameLengthMax, kUnfinishedSuffix));
}

// The same status, or what became of an operation that was stopped.
absl::Status UnlessStopped(const absl::Status& status, const char* left) {
  if (!absl::IsCancelled(status)) return status;
  return absl::UnavailableError(fmt::format("the node is stopping; {}", left));
}

absl::Status Busy() {
  return absl::UnavailableError(
      "another backup or archiving is under way; try again when it is done");
}

// What a backup that nobody has open ends with.
absl::StatusOr<BackupReport> ReadEnd(const core::Genesis& genesis, const std::string& directory,
                                     const std::string& archive) {
  auto copy =
      store::SegmentJournal::Open(directory, LedgerJournalIdentity(genesis), {.archive = archive});
  if (!copy.ok()) return copy.status();
  BackupReport report;
  report.batches = (*copy)->block_count();
  absl::StatusOr<store::Block> last = (*copy)->Read(report.batches - 1);
  if (!last.ok()) return last.status();
  absl::StatusOr<core::Batch> batch = core::DecodeBatch(last->body);
  if (!batch.ok()) return batch.status();
  report.checkpoint = std::move(batch->checkpoint);
  return report;
}

}  // namespace

absl::Status CheckJournal(const core::Genesis& genesis, const std::string& data,
                          const std::string& archive) {
  return store::VerifySegmentJournal(data, LedgerJournalIdentity(genesis), archive);
}

absl::Status RepairJournal(const core::Genesis& genesis, const std::string& data,
                           const std::string& from, const std::string& archive) {
  return store::RepairSegmentJournal(data, LedgerJournalIdentity(genesis), from, archive);
}

absl::StatusOr<std::uint32_t> RestoreJournal(const core::Genesis& genesis, const std::string& data,
                                             const std::string& archive) {
  auto journal = OpenStopped(genesis, data);
  if (!journal.ok()) return journal.status();
  const std::size_t before = (*journal)->archived_count();
  if (absl::Status restored = (*journal)->Restore(archive); !restored.ok()) return restored;
  return static_cast<std::uint32_t>(before - (*journal)->archived_count());
}

JournalCare::JournalCare(store::SegmentJournal* journal, core::Genesis genesis,
                         Directories directories)
    : journal_(journal), genesis_(std::move(genesis)), directories_(std::move(directories)) {}

absl::StatusOr<BackupReport> JournalCare::Backup(std::string_view name) {
  if (directories_.backup_root.empty()) {
    return absl::FailedPreconditionError("this node was started without --backup-root");
  }
  if (absl::Status named = CheckName(name); !named.ok()) return named;
  const std::unique_lock lock(busy_, std::try_to_lock);
  if (!lock.owns_lock()) return Busy();
  const std::string directory = fmt::format("{}/{}", directories_.backup_root, name);
  const std::string unfinished = directory + kUnfinishedSuffix;
  std::error_code error;
  if (fs::exists(directory, error) || error) {
    return absl::FailedPreconditionError(fmt::format("{}: is there already", directory));
  }
  fs::remove_all(unfinished, error);  // of a process that ended in the middle of one
  absl::Status status =
      UnlessStopped(journal_->Backup(unfinished, [this] { return stopping_.load(); }),
                    "the backup was given up and nothing of it is left");
  absl::StatusOr<BackupReport> report =
      status.ok() ? ReadEnd(genesis_, unfinished, directories_.archive) : status;
  if (!report.ok()) {
    fs::remove_all(unfinished, error);
    return report.status();
  }
  store::FileSystem& files = store::PosixFileSystem();
  status = files.Rename(unfinished, directory);
  if (status.ok()) status = files.SyncDirectory(directories_.backup_root);
  if (!status.ok()) return status;
  report->directory = directory;
  return report;
}

absl::StatusOr<std::uint32_t> JournalCare::Archive(std::uint64_t before_batch) {
  if (directories_.archive.empty()) {
    return absl::FailedPreconditionError("this node was started without --archive");
  }
  const std::unique_lock lock(busy_, std::try_to_lock);
  if (!lock.owns_lock()) return Busy();
  const std::size_t before = journal_->archived_count();
  absl::Status moved = UnlessStopped(
      journal_->Archive(before_batch, directories_.archive, [this] { return stopping_.load(); }),
      "what was moved to the archive until now stays there");
  if (!moved.ok()) return moved;
  return static_cast<std::uint32_t>(journal_->archived_count() - before);
}

}  // namespace causeway::node
