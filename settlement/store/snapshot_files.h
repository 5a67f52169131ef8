// Snapshots as files of one directory.
#ifndef CAUSEWAY_SETTLEMENT_STORE_SNAPSHOT_FILES_H_
#define CAUSEWAY_SETTLEMENT_STORE_SNAPSHOT_FILES_H_

#include <memory>
#include <string>

#include "settlement/store/segment_file.h"
#include "settlement/store/snapshot.h"

namespace causeway::store {

// Of the directory `path`, which must be there and belong to one process.
std::unique_ptr<SnapshotStore> MakeSnapshotFiles(std::string path,
                                                 FileSystem& files = PosixFileSystem());

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_SNAPSHOT_FILES_H_
