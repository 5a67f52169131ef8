// The index of a journal of segments, made again from the segments themselves.
//
// Internal to settlement/store.
#ifndef CAUSEWAY_SETTLEMENT_STORE_SEGMENT_REBUILD_H_
#define CAUSEWAY_SETTLEMENT_STORE_SEGMENT_REBUILD_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/store/journal.h"
#include "settlement/store/segment_file.h"
#include "settlement/store/segment_format.h"

namespace causeway::store {

// Where the files of one journal may lie; empty: nowhere.
struct SegmentPlaces {
  std::string journal;
  std::string archive;
  std::string copy;  // a backup, or another archive
};

// All that an index holds besides its identity.
struct RebuiltIndex {
  Instance instance{};
  std::vector<SealedSegment> sealed;
  KnownEnd known;
  std::map<std::string, std::string> meta;  // without that of the open segment
};

// Whether a file in directory `path` is named as a segment.
bool HasSegments(FileSystem& files, const std::string& path);

// Reads every frame of the journal from its beginning, each segment from the first place that has
// it whole. A sealed one is called archived when only the archive has it whole; one that only the
// copy has counts as missing in the journal. FailedPrecondition for segments of another journal;
// DataLoss names the first segment that no place has whole, and one that is missing behind the
// last. Changes nothing but to sync what may not have been.
absl::StatusOr<RebuiltIndex> RebuildIndex(FileSystem& files, const SegmentPlaces& places,
                                          const JournalIdentity& identity);

// The records of the index that says so.
std::vector<MetaWrite> SystemRecords(const RebuiltIndex& rebuilt);

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_SEGMENT_REBUILD_H_
