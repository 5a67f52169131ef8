// Care of a ledger's journal: checked, repaired, archived, restored and backed up. What an operator
// does with it: docs/how-to/run-a-ledger.md.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_JOURNAL_CARE_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_JOURNAL_CARE_H_

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/core/command.h"
#include "settlement/store/segment_journal.h"

namespace causeway::node {

// For a journal in an existing directory that no process has open. NotFound when there is none,
// FailedPrecondition when it is open or another ledger's.

// Every byte that the journal claims, without executing anything, and changes nothing; archived
// segments in `archive`, or not when it is empty. DataLoss names the first damaged place: file,
// offset and block; FailedPrecondition an archived segment that is not there.
absl::Status CheckJournal(const core::Genesis& genesis, const std::string& data,
                          const std::string& archive = "");
// Puts what is damaged, missing or archived right from `from`, an archive or a backup of it; empty:
// from nothing. A damaged or missing index is made again from the segments, archived ones read in
// `archive`. DataLoss names the first segment that could not be put right.
absl::Status RepairJournal(const core::Genesis& genesis, const std::string& data,
                           const std::string& from, const std::string& archive = "");
// Copies the archived segments that `archive` holds back. How many; NotFound for none.
absl::StatusOr<std::uint32_t> RestoreJournal(const core::Genesis& genesis, const std::string& data,
                                             const std::string& archive);

struct BackupReport {
  std::string directory;
  std::uint64_t batches = 0;
  std::string checkpoint;  // the signed head at its end
};

// The same beside a running ledger. Thread-safe; one operation at a time.
class JournalCare {
 public:
  struct Directories {
    std::string backup_root;  // backups are made below it; empty: none are made
    std::string archive;      // empty: nothing is archived
  };
  // `journal` must outlive it.
  JournalCare(store::SegmentJournal* journal, core::Genesis genesis, Directories directories);

  // A verified copy of all that is durable at some moment after the call, at `name` under the
  // backup root: there is nothing of that name until it is whole. InvalidArgument for a name that
  // is none, FailedPrecondition for one that is taken or without a backup root, Unavailable while
  // another operation runs or after Stop, and what reading and writing may give.
  absl::StatusOr<BackupReport> Backup(std::string_view name);
  // Moves sealed segments to the archive, where the ledger goes on reading them. How many.
  absl::StatusOr<std::uint32_t> Archive(std::uint64_t before_batch);
  // Has an operation that runs end soon: of a backup nothing is left, of an archiving what was
  // moved until then. Later ones are refused.
  void Stop() { stopping_ = true; }

 private:
  store::SegmentJournal* const journal_;
  const core::Genesis genesis_;
  const Directories directories_;
  std::mutex busy_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_RUNTIME_JOURNAL_CARE_H_
