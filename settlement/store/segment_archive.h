// Care of a journal of segments that no process has open: verification, and repair from copies.
// Archive, Restore and Backup of an open one are members of SegmentJournal.
#ifndef CAUSEWAY_SETTLEMENT_STORE_SEGMENT_ARCHIVE_H_
#define CAUSEWAY_SETTLEMENT_STORE_SEGMENT_ARCHIVE_H_

#include <string>

#include "absl/status/status.h"
#include "settlement/store/journal.h"
#include "settlement/store/segment_file.h"

namespace causeway::store {

// Whether both name one directory: through links and mounts when they exist, else by their names.
bool IsSameDirectory(const std::string& a, const std::string& b);

// Verifies every byte that the journal in directory `path` claims, and changes nothing. Archived
// segments are verified in the directory `archive`; when it is empty they are passed over. The
// status names the first damaged place, as SegmentJournal::Open does; NotFound when there is no
// journal, FailedPrecondition for an archived segment that is not there.
absl::Status VerifySegmentJournal(const std::string& path, const JournalIdentity& identity,
                                  const std::string& archive = "",
                                  FileSystem& files = PosixFileSystem());

// Puts right, from the segments in directory `source` (an archive, or a backup of this journal;
// empty: from none), every segment of the journal in `path` that is missing, damaged or archived.
// What a copy that ends earlier has replaces the beginning of a damaged segment. Nothing is
// replaced by anything that does not verify whole. DataLoss names the first segment that could not
// be put right; those before it have been.
//
// An index that is damaged or missing is made again first, from the frames of all segments; those
// that are archived are read in `archive` and stay there. The damaged one is kept under another
// name. DataLoss, and nothing is changed, when the segments do not follow one another.
absl::Status RepairSegmentJournal(const std::string& path, const JournalIdentity& identity,
                                  const std::string& source, const std::string& archive = "",
                                  FileSystem& files = PosixFileSystem());

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_SEGMENT_ARCHIVE_H_
