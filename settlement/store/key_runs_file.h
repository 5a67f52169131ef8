// A run: one immutable file of the keys of a range of leaves, sorted by fingerprint and leaf, in
// checksummed pages, with the first fingerprint of each page behind them (fences) and, of
// instruction ids, a filter that tells by one cache line that a key is not there. All of it is
// mapped and nothing kept in memory. Format: docs/formats/key-runs.md.
//
// Errors: DataLoss says that the file is damaged and where; anything else is the system's.
#ifndef CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_FILE_H_
#define CAUSEWAY_SETTLEMENT_STORE_KEY_RUNS_FILE_H_

#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/store/fingerprint.h"
#include "settlement/store/key_index.h"
#include "settlement/store/key_runs_memory.h"
#include "settlement/store/key_runs_probe.h"
#include "settlement/store/key_runs_run_filter.h"
#include "settlement/store/scrub.h"

namespace causeway::store {

inline constexpr std::size_t kRunPageBytes = 4096;
inline constexpr std::size_t kRunPageHeaderBytes = 16;
inline constexpr std::size_t kRunPageKeys = 313;  // 13 bytes each
inline constexpr std::uint16_t kRunFormatVersion = 2;
inline constexpr std::uint16_t kRunFormatWithoutFilter = 1;  // read, no longer written

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
  std::uint64_t filter_blocks = 0;  // 0: the run has no filter
  std::uint16_t version = kRunFormatVersion;

  std::uint64_t fences_offset() const { return kRunPageBytes * (1 + pages); }
  std::uint64_t filter_offset() const;

  friend bool operator==(const RunHeader&, const RunHeader&) = default;
};

// The header's page.
std::string EncodeRunHeader(const RunHeader& header);
absl::StatusOr<RunHeader> DecodeRunHeader(std::string_view page);
// Of the whole file.
std::uint64_t RunFileBytes(const RunHeader& header);
// Of the filter of a run with so many keys; 0: such runs have none.
std::uint64_t RunFilterBlocks(KeyFamily family, std::uint64_t keys);
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
    if (page_keys_ == 0) AddFence(fingerprint);
    if (header_.filter_blocks != 0) AddToFilter(fingerprint);
    char* page = buffer_.data() + buffer_used_;
    StoreBig64(page + kRunPageHeaderBytes + 8 * page_keys_, fingerprint);
    StoreBig40(page + kRunPageHeaderBytes + 8 * kRunPageKeys + 5 * page_keys_, leaf);
    ++page_keys_;
  }
  const absl::Status& status() const { return status_; }
  // Writes the rest, syncs the file (not its directory) and opens it.
  absl::StatusOr<std::shared_ptr<const RunFile>> Finish();

 private:
  // Bytes of a part of the file that is written from its beginning to its end.
  struct Part {
    std::string bytes;     // not written yet
    std::uint64_t at = 0;  // where they belong
  };

  RunWriter(std::string directory, RunHeader header, IoFault fault);
  void AddToFilter(std::uint64_t fingerprint) {
    const std::uint64_t block = ScaleFingerprint(fingerprint, header_.filter_blocks);
    while (filter_block_ < block) NextFilterBlock();
    AddToRunFilterBlock(filter_words_.data(), fingerprint);
  }
  void AddFence(std::uint64_t fingerprint);
  void NextFilterBlock();
  void NextPage();
  void FlushBuffer();
  void Flush(Part& part);
  void FinishPart(Part& part);
  void WriteBack(std::uint64_t offset, std::uint64_t bytes);
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
  std::uint64_t fence_count_ = 0;
  Part fences_;
  StreamedChecksum64 fences_checksum_;
  Part filter_;
  std::uint64_t filter_block_ = 0;  // the one that is being filled
  std::array<std::uint64_t, kRunFilterBlockWords> filter_words_{};
};

// An open run. Immutable: any thread. The file may be unlinked meanwhile. Lookups read through a
// mapping: a disk that fails to read a page stops the process (SIGBUS), never answers wrongly.
class RunFile {
 public:
  // Verifies header and fences; pages and blocks of the filter are verified when they are read.
  static absl::StatusOr<std::shared_ptr<const RunFile>> Open(const std::string& directory,
                                                             KeyFamily family, std::uint64_t number,
                                                             const IoFault& fault);
  ~RunFile();
  RunFile(const RunFile&) = delete;
  RunFile& operator=(const RunFile&) = delete;

  const RunHeader& header() const { return header_; }
  const std::string& path() const { return path_; }

  // Whether to ask the filter pays.
  bool has_filter() const { return header_.filter_blocks != 0; }
  // Sets maybe[i] to 0 where the run surely has no key of fingerprints[i]; else to 1. At most
  // kProbeKeysMax; wants has_filter. A damaged block of the filter rules nothing out.
  std::size_t MayHold(std::span<const std::uint64_t> fingerprints, std::uint8_t* maybe) const {
    bool damaged = false;
    const std::size_t known =
        TestRunKeys({filter_, header_.filter_blocks, header_.number}, fingerprints, maybe, damaged);
    if (damaged) [[unlikely]] {
      filter_damaged_.store(true, std::memory_order_relaxed);
    }
    return known;
  }
  bool MayHold(std::uint64_t fingerprint) const {
    std::uint8_t maybe = 0;
    return MayHold(std::span(&fingerprint, 1), &maybe) != 0;
  }
  // Of instruction ids, and its filter is missing, or was found damaged since it was opened: it
  // should be written again.
  bool wants_filter() const {
    return header_.family == KeyFamily::kInstruction && header_.keys != 0 &&
           (!has_filter() || filter_damaged_.load(std::memory_order_relaxed));
  }
  // Reads all of it from the disk at the pace of a scrub. DataLoss names the first damaged place;
  // Cancelled when the pace says so. Of a damaged filter only wants_filter tells.
  absl::Status Verify(const ScrubContext& context) const;

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
  absl::Status CheckFences() const;
  absl::Status VerifyPart(
      const ScrubContext& context, std::uint64_t from, std::uint64_t to,
      const std::function<absl::Status(std::string_view, std::uint64_t)>& check) const;
  absl::Status FencesDamaged() const;
  absl::Status CheckPages(std::string_view bytes, std::uint64_t offset) const;
  std::uint64_t Fence(std::uint64_t page) const { return LoadBig64(fences_ + 8 * page); }
  // The page, verified.
  absl::StatusOr<const char*> Page(std::uint64_t index) const;
  absl::Status PageDamaged(std::uint64_t index) const;
  std::size_t KeysIn(std::uint64_t page) const;
  // The first page that may hold `fingerprint`, if the fences are whole.
  std::uint64_t FirstPageFor(std::uint64_t fingerprint) const;
  // Calls visit(fingerprints, count) for every page that may hold `fingerprint`, verified, until it
  // says false. Fences only tell where to begin: what a page says is taken from the page.
  template <typename Visit>
  absl::Status VisitPages(std::uint64_t fingerprint, Visit&& visit) const;

  std::string path_;
  int fd_;
  RunHeader header_;
  const char* map_ = nullptr;
  std::size_t map_bytes_ = 0;
  const char* fences_ = nullptr;
  const char* filter_ = nullptr;
  mutable std::atomic<bool> filter_damaged_ = false;
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
