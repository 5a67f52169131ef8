// The files under a journal of segments, as an interface: tests put a file system beneath it that
// loses what was not synced, fills up, fails or flips bits.
//
// A file may be read by any number of threads beside one that writes it.
#ifndef CAUSEWAY_SETTLEMENT_STORE_SEGMENT_FILE_H_
#define CAUSEWAY_SETTLEMENT_STORE_SEGMENT_FILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace causeway::store {

inline constexpr std::uint64_t kAppendPageBytes = 4096;

// Errors name the file. Internal unless said otherwise.
class SegmentFile {
 public:
  virtual ~SegmentFile() = default;

  // Writes `pieces` one after the other from `offset`, all of them. Durable after the next Sync.
  virtual absl::Status Write(std::uint64_t offset, std::span<const std::string_view> pieces) = 0;
  // The same for the end of what a file holds: there is nothing, or zeros, from `offset` on. May go
  // past the page cache: then whole pages of kAppendPageBytes are written, the bytes before
  // `offset` again as they are, and zeros behind the last piece as far as the file reaches.
  virtual absl::Status Append(std::uint64_t offset, std::span<const std::string_view> pieces) = 0;
  // Makes the file `size` bytes long, not shorter than it is, with disk space reserved for all of
  // it; the new part reads as zeros. ResourceExhausted when the disk, a quota or a limit does not
  // allow it.
  virtual absl::Status Allocate(std::uint64_t size) = 0;
  virtual absl::Status Truncate(std::uint64_t size) = 0;
  // Everything written so far, and the size, is durable when this succeeds. After an error nothing
  // is known, and no later Sync can make it known.
  virtual absl::Status Sync() = 0;

  // Reads up to `size` bytes; fewer only at the end of the file.
  virtual absl::StatusOr<std::size_t> Read(std::uint64_t offset, char* bytes,
                                           std::size_t size) const = 0;
  virtual absl::StatusOr<std::uint64_t> Size() const = 0;
};

class FileSystem {
 public:
  enum class Mode {
    kRead,
    kWrite,   // an existing file
    kCreate,  // empty, in the place of a file that may be there
  };
  virtual ~FileSystem() = default;

  // NotFound when there is no such file and `mode` does not create it.
  virtual absl::StatusOr<std::unique_ptr<SegmentFile>> Open(const std::string& path, Mode mode) = 0;
  // Durable after SyncDirectory, as is every file created or removed.
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  virtual absl::Status Remove(const std::string& path) = 0;
  virtual absl::Status SyncDirectory(const std::string& path) = 0;
  // The names in a directory, sorted.
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& path) = 0;
};

// The system's own, one for the process.
FileSystem& PosixFileSystem();

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_SEGMENT_FILE_H_
