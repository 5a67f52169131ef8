// Files as a scrub reads them: at its pace, from the disk, leaving nothing in the page cache.
#ifndef CAUSEWAY_SETTLEMENT_STORE_SEGMENT_SCRUB_H_
#define CAUSEWAY_SETTLEMENT_STORE_SEGMENT_SCRUB_H_

#include <memory>
#include <string>
#include <vector>

#include "settlement/store/scrub.h"
#include "settlement/store/segment_file.h"

namespace causeway::store {

// For reading: a read is Cancelled once the pace says so, and nothing can be changed
// (FailedPrecondition). Both must outlive it and the files that it opens.
std::unique_ptr<FileSystem> MakeScrubbedFiles(FileSystem& files, const ScrubContext& context);

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_SEGMENT_SCRUB_H_
