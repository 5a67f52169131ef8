// A run: one immutable file of the keys of a range of leaves, sorted by fingerprint and leaf, in
// checksummed pages, with the first fingerprint of each page behind them, which are kept in memory
// while it is open. Format: docs/formats/key-runs.md.
//
// Errors: DataLoss says that the file is damaged and where; anything else is the system's.
#ifndef CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_FILE_H_
#define CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_FILE_H_

#include <bit>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/store/key_index.h"
#include "settlement/store/key_runs_memory.h"

namespace causeway::store {

inline constexpr std::size_t kRunPageBytes = 4096;
inline constexpr std::size_t kRunPageHeaderBytes = 16;
inline constexpr std::size_t kRunPageKeys = 313;  // 13 bytes each
inline constexpr std::uint16_t kRunFormatVersion = 1;

// Asked before each write, sync, rename and open: an errno makes it fail. Empty: nothing fails. For
// tests.
using IoFault = std::function<int(std::string_view operation)>;

absl::Status RunSystemError(std::string_view operation, const std::string& path, int error);
// Makes the names in a directory durable.
absl::Status SyncRunDirectory(const std::string& path, const IoFault& fault);

// What the header of a run says.
struct RunHeader {
  KeyFamily family = KeyFamily::kInstruction;
  std::uint64_t scope = 0;      // whose keys, under which secret: runs of another scope do not fit
  std::uint64_t number = 0;     // of the run: no two of a directory are the same
  std::uint64_t from_leaf = 0;  // the leaves whose keys are here: [from_leaf, to_leaf)
  std::uint64_t to_leaf = 0;
  std::uint64_t keys = 0;
  std::uint64_t pages = 0;
  std::uint64_t fences_checksum = 0;

  friend bool operator==(const RunHeader&, const RunHeader&) = default;
};

// The header's page.
std::string EncodeRunHeader(const RunHeader& header);
absl::StatusOr<RunHeader> DecodeRunHeader(std::string_view page);
// Of the whole file.
std::uint64_t RunFileBytes(const RunHeader& header);
std::uint64_t RunPageChecksum(const char* page, std::uint64_t run_number, std::uint64_t page_index);
std::string RunFileName(KeyFamily family, std::uint64_t number);

inline std::uint64_t LoadBig64(const char* from) {
  std::uint64_t value;
  std::memcpy(&value, from, sizeof(value));
  return std::endian::native == std::endian::little ? __builtin_bswap64(value) : value;
}
inline void StoreBig64(char* to, std::uint64_t value) {
  if (std::endian::native == std::endian::little) value = __builtin_bswap64(value);
  std::memcpy(to, &value, sizeof(value));
}
inline std::uint64_t LoadBig40(const char* from) {
  std::uint64_t value = 0;
  std::memcpy(reinterpret_cast<char*>(&value) + 3, from, 5);
  if (std::endian::native == std::endian::little) return __builtin_bswap64(value);
  return value;
}
inline void StoreBig40(char* to, std::uint64_t value) {
  if (std::endian::native == std::endian::little) value = __builtin_bswap64(value);
  std::memcpy(to, reinterpret_cast<const char*>(&value) + 3, 5);
}

class RunFile;

// Writes one run. One thread.
class RunWriter {
 public:
  // `header` says everything but pages and checksum; exactly header.keys keys follow.
  static absl::StatusOr<std::unique_ptr<RunWriter>> Create(const std::string& directory,
                                                           RunHeader header, IoFault fault);
  // Deletes the file unless Finish succeeded.
  ~RunWriter();
  RunWriter(const RunWriter&) = delete;
  RunWriter& operator=(const RunWriter&) = delete;

  // In the order of (fingerprint, leaf). Errors are kept for Flushed and Finish.
  void Add(std::uint64_t fingerprint, std::uint64_t leaf) {
    if (page_keys_ == kRunPageKeys) NextPage();
    if (page_keys_ == 0) fences_.push_back(fingerprint);
    char* page = buffer_.data() + buffer_used_;
    StoreBig64(page + kRunPageHeaderBytes + 8 * page_keys_, fingerprint);
    StoreBig40(page + kRunPageHeaderBytes + 8 * kRunPageKeys + 5 * page_keys_, leaf);
    ++page_keys_;
  }
  const absl::Status& status() const { return status_; }
  // Writes the rest, syncs the file (not its directory) and opens it.
  absl::StatusOr<std::shared_ptr<const RunFile>> Finish();

 private:
  RunWriter(std::string directory, RunHeader header, IoFault fault);
  void NextPage();
  void FlushBuffer();
  void WriteBack();
  void WriteAt(std::string_view bytes, std::uint64_t offset);
  void Sync();

  std::string directory_;
  std::string path_;
  RunHeader header_;
  IoFault fault_;
  int fd_ = -1;
  bool finished_ = false;
  absl::Status status_;
  std::string buffer_;           // whole pages
  std::size_t buffer_used_ = 0;  // where the current page begins
  std::size_t page_keys_ = 0;    // in the current page
  std::uint64_t file_offset_ = kRunPageBytes;
  std::uint64_t keys_written_ = 0;
  std::vector<std::uint64_t> fences_;
};

// An open run. Immutable: any thread. The file may be unlinked meanwhile. Lookups read through a
// mapping: a disk that fails to read a page stops the process (SIGBUS), never answers wrongly.
class RunFile {
 public:
  // Verifies header and fences; pages are verified when they are read.
  static absl::StatusOr<std::shared_ptr<const RunFile>> Open(const std::string& directory,
                                                             KeyFamily family, std::uint64_t number,
                                                             const IoFault& fault);
  ~RunFile();
  RunFile(const RunFile&) = delete;
  RunFile& operator=(const RunFile&) = delete;

  const RunHeader& header() const { return header_; }
  const std::string& path() const { return path_; }
  std::size_t memory_bytes() const;

  // The highest leaf under `fingerprint`, or kNoLeaf.
  absl::StatusOr<std::uint64_t> FindNewest(std::uint64_t fingerprint) const;
  // Appends the leaves under `fingerprint` from `from_leaf` on, oldest first, until `leaves` holds
  // `limit`.
  absl::Status FindAll(std::uint64_t fingerprint, std::uint64_t from_leaf, std::size_t limit,
                       std::vector<std::uint64_t>& leaves) const;

 private:
  friend class RunWriter;
  friend class RunCursor;
  RunFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  absl::Status Map();
  absl::Status Load();
  // The page, verified.
  absl::StatusOr<const char*> Page(std::uint64_t index) const;
  absl::Status PageDamaged(std::uint64_t index) const;
  std::size_t KeysIn(std::uint64_t page) const;
  // The first page that may hold `fingerprint`.
  std::uint64_t FirstPageFor(std::uint64_t fingerprint) const;

  std::string path_;
  int fd_;
  RunHeader header_;
  const char* map_ = nullptr;
  std::size_t map_bytes_ = 0;
  std::vector<std::uint64_t> fences_;  // the first fingerprint of each page
};

// Reads a run from its beginning to its end, every page verified. One thread.
class RunCursor {
 public:
  explicit RunCursor(std::shared_ptr<const RunFile> run);
  // Reads the first key, or the next: false at the end, or on an error (see status).
  bool Next() {
    if (++at_ < page_keys_) return true;
    return NextPage();
  }
  std::uint64_t fingerprint() const { return LoadBig64(page_ + kRunPageHeaderBytes + 8 * at_); }
  std::uint64_t leaf() const {
    return LoadBig40(page_ + kRunPageHeaderBytes + 8 * kRunPageKeys + 5 * at_);
  }
  const absl::Status& status() const { return status_; }
  const RunFile& run() const { return *run_; }

 private:
  bool NextPage();

  std::shared_ptr<const RunFile> run_;
  std::string buffer_;
  const char* page_ = nullptr;
  std::size_t at_ = 0;
  std::size_t page_keys_ = 0;
  std::uint64_t next_page_ = 0;
  std::uint64_t buffer_first_page_ = 0;
  std::uint64_t buffer_pages_ = 0;
  absl::Status status_;
};

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_FILE_H_
