#include "settlement/store/key_runs_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "settlement/core/check.h"
#include "settlement/store/fingerprint.h"

namespace causeway::store {
namespace {

constexpr std::size_t kWriteBufferPages = 64;
constexpr std::uint64_t kCursorBufferPages = 64;

int FaultOf(const IoFault& fault, std::string_view operation) {
  return fault ? fault(operation) : 0;
}

constexpr std::size_t kPartBytes = std::size_t{256} << 10;

std::uint64_t PaddedToPages(std::uint64_t bytes) {
  return (bytes + kRunPageBytes - 1) / kRunPageBytes * kRunPageBytes;
}

}  // namespace

absl::Status RunSystemError(std::string_view operation, const std::string& path, int error) {
  const std::string message =
      fmt::format("{} of {} failed: {}", operation, path, std::strerror(error));
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    return absl::ResourceExhaustedError(message);
  }
  return error == ENOENT ? absl::NotFoundError(message) : absl::InternalError(message);
}

absl::Status SyncRunDirectory(const std::string& path, const IoFault& fault) {
  if (const int error = FaultOf(fault, "sync"); error != 0) {
    return RunSystemError("sync", path, error);
  }
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return RunSystemError("open", path, errno);
  const int error = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  return error == 0 ? absl::OkStatus() : RunSystemError("sync", path, error);
}

RunWriter::RunWriter(std::string directory, RunHeader header, IoFault fault)
    : directory_(std::move(directory)),
      path_(directory_ + "/" + RunFileName(header.family, header.number)),
      header_(header),
      fault_(std::move(fault)),
      fences_checksum_(header.number) {
  header_.pages = (header_.keys + kRunPageKeys - 1) / kRunPageKeys;
  header_.filter_blocks = RunFilterBlocks(header_.family, header_.keys);
  fences_.at = header_.fences_offset();
  filter_.at = header_.filter_offset();
  buffer_.resize(std::min<std::size_t>(header_.pages, kWriteBufferPages) * kRunPageBytes);
}

absl::StatusOr<std::unique_ptr<RunWriter>> RunWriter::Create(const std::string& directory,
                                                             RunHeader header, IoFault fault) {
  std::unique_ptr<RunWriter> writer(new RunWriter(directory, header, std::move(fault)));
  if (const int error = FaultOf(writer->fault_, "open"); error != 0) {
    return RunSystemError("open", writer->path_, error);
  }
  writer->fd_ = open(writer->path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (writer->fd_ < 0) return RunSystemError("open", writer->path_, errno);
  return writer;
}

RunWriter::~RunWriter() {
  if (fd_ >= 0) close(fd_);
  if (!finished_) unlink(path_.c_str());
}

void RunWriter::NextPage() {
  char* page = buffer_.data() + buffer_used_;
  keys_written_ += page_keys_;
  std::memset(page + 8, 0, kRunPageHeaderBytes - 8);
  page[9] = static_cast<char>(page_keys_ & 0xFF);
  page[8] = static_cast<char>(page_keys_ >> 8);
  // Of a page that is not full, and behind the last key of one that is.
  char* fingerprints_end = page + kRunPageHeaderBytes + 8 * page_keys_;
  char* leaves = page + kRunPageHeaderBytes + 8 * kRunPageKeys;
  std::fill(fingerprints_end, leaves, '\0');
  std::fill(leaves + 5 * page_keys_, page + kRunPageBytes, '\0');
  StoreBig64(page, RunPageChecksum(page, header_.number, fence_count_ - 1));
  buffer_used_ += kRunPageBytes;
  page_keys_ = 0;
  if (buffer_used_ == buffer_.size()) FlushBuffer();
}

void RunWriter::AddFence(std::uint64_t fingerprint) {
  char bytes[8];
  StoreBig64(bytes, fingerprint);
  fences_.bytes.append(bytes, sizeof(bytes));
  ++fence_count_;
  if (fences_.bytes.size() < kPartBytes) return;
  fences_checksum_.Add(fences_.bytes);
  Flush(fences_);
}

void RunWriter::NextFilterBlock() {
  const std::size_t at = filter_.bytes.size();
  filter_.bytes.resize(at + kRunFilterBlockBytes);
  EncodeRunFilterBlock(filter_words_.data(), RunFilterBase(header_.number, filter_block_),
                       filter_.bytes.data() + at);
  filter_words_.fill(0);
  ++filter_block_;
  if (filter_.bytes.size() >= kPartBytes) Flush(filter_);
}

void RunWriter::FlushBuffer() {
  WriteAt({buffer_.data(), buffer_used_}, file_offset_);
  WriteBack(file_offset_, buffer_used_);
  file_offset_ += buffer_used_;
  buffer_used_ = 0;
}

void RunWriter::Flush(Part& part) {
  WriteAt(part.bytes, part.at);
  WriteBack(part.at, part.bytes.size());
  part.at += part.bytes.size();
  part.bytes.clear();
}

// Each piece is on its way to the disk and there before the next: a sync of the journal waits
// behind one of them at most, not behind megabytes.
void RunWriter::WriteBack(std::uint64_t offset, std::uint64_t bytes) {
  if (!status_.ok() || bytes == 0) return;
  constexpr unsigned kWriteAndWait =
      SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  int error = FaultOf(fault_, "write back");
  if (error == 0 && sync_file_range(fd_, static_cast<off_t>(offset), static_cast<off_t>(bytes),
                                    kWriteAndWait) != 0) {
    error = errno;
  }
  // The system tells a failed write once: the sync of Finish would not hear of it any more. A file
  // system without this call leaves everything to that sync.
  if (error == 0 || error == ENOSYS || error == EINVAL || error == ESPIPE) return;
  status_ = RunSystemError("write back", path_, error);
}

void RunWriter::WriteAt(std::string_view bytes, std::uint64_t offset) {
  while (status_.ok() && !bytes.empty()) {
    int error = FaultOf(fault_, "write");
    const ssize_t done =
        error != 0 ? -1 : pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (done < 0) {
      if (error == 0) error = errno;
      if (error == EINTR) continue;
      status_ = RunSystemError("write", path_, error);
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(done));
    offset += static_cast<std::uint64_t>(done);
  }
}

void RunWriter::Sync() {
  if (!status_.ok()) return;
  int error = FaultOf(fault_, "sync");
  if (error == 0 && fdatasync(fd_) != 0) error = errno;
  if (error != 0) status_ = RunSystemError("sync", path_, error);
}

absl::StatusOr<std::shared_ptr<const RunFile>> RunWriter::Finish() {
  if (page_keys_ != 0) NextPage();
  FlushBuffer();
  CW_CHECK(keys_written_ == header_.keys && fence_count_ == header_.pages,
           "as many keys were added as announced");
  fences_.bytes.resize(fences_.bytes.size() + PaddedToPages(8 * header_.pages) - 8 * header_.pages);
  fences_checksum_.Add(fences_.bytes);
  header_.fences_checksum = fences_checksum_.Value();
  Flush(fences_);
  while (filter_block_ < header_.filter_blocks) NextFilterBlock();
  const std::uint64_t filter_bytes = kRunFilterBlockBytes * header_.filter_blocks;
  filter_.bytes.resize(filter_.bytes.size() + PaddedToPages(filter_bytes) - filter_bytes);
  Flush(filter_);
  WriteAt(EncodeRunHeader(header_), 0);
  Sync();
  if (!status_.ok()) return status_;
  finished_ = true;
  std::shared_ptr<RunFile> run(new RunFile(path_, std::exchange(fd_, -1)));
  run->header_ = header_;
  if (absl::Status mapped = run->Map(); !mapped.ok()) return mapped;
  return run;
}

absl::StatusOr<std::shared_ptr<const RunFile>> RunFile::Open(const std::string& directory,
                                                             KeyFamily family, std::uint64_t number,
                                                             const IoFault& fault) {
  const std::string path = directory + "/" + RunFileName(family, number);
  if (const int error = FaultOf(fault, "open"); error != 0) {
    return RunSystemError("open", path, error);
  }
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return RunSystemError("open", path, errno);
  std::shared_ptr<RunFile> run(new RunFile(path, fd));
  if (absl::Status loaded = run->Load(); !loaded.ok()) return loaded;
  if (run->header_.family != family || run->header_.number != number) {
    return absl::DataLossError(fmt::format("{}: its header is of another run", path));
  }
  return run;
}

RunFile::~RunFile() {
  if (map_ != nullptr) munmap(const_cast<char*>(map_), map_bytes_);
  close(fd_);
}

absl::Status RunFile::Map() {
  map_bytes_ = RunFileBytes(header_);
  void* map = mmap(nullptr, map_bytes_, PROT_READ, MAP_SHARED, fd_, 0);
  if (map == MAP_FAILED) return RunSystemError("map", path_, errno);
  map_ = static_cast<const char*>(map);
  fences_ = map_ + header_.fences_offset();
  filter_ = map_ + header_.filter_offset();
  // Lookups hit one page each: reading ahead would only push others out. Of the filter all pages
  // will be asked for soon.
  (void)madvise(map, header_.fences_offset(), MADV_RANDOM);
  if (has_filter()) {
    (void)madvise(static_cast<char*>(map) + header_.filter_offset(),
                  map_bytes_ - header_.filter_offset(), MADV_WILLNEED);
  }
  return absl::OkStatus();
}

absl::Status RunFile::CheckFences() const {
  const std::uint64_t bytes = header_.filter_offset() - header_.fences_offset();
  if (Checksum64({fences_, bytes}, header_.number) == header_.fences_checksum) {
    return absl::OkStatus();
  }
  return FencesDamaged();
}

absl::Status RunFile::FencesDamaged() const {
  return absl::DataLossError(
      fmt::format("{}: the checksum of its fences (at byte {}) does not match", path_,
                  header_.fences_offset()));
}

absl::Status RunFile::Load() {
  const auto read = [this](char* to, std::size_t bytes, std::uint64_t offset) -> absl::Status {
    while (bytes != 0) {
      const ssize_t done = pread(fd_, to, bytes, static_cast<off_t>(offset));
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return RunSystemError("read", path_, errno);
      if (done == 0) return absl::DataLossError(fmt::format("{}: it is cut short", path_));
      to += done;
      bytes -= static_cast<std::size_t>(done);
      offset += static_cast<std::uint64_t>(done);
    }
    return absl::OkStatus();
  };
  std::string page(kRunPageBytes, '\0');
  if (absl::Status status = read(page.data(), page.size(), 0); !status.ok()) return status;
  absl::StatusOr<RunHeader> header = DecodeRunHeader(page);
  if (!header.ok()) {
    return absl::DataLossError(
        fmt::format("{}: {}", path_, std::string(header.status().message())));
  }
  header_ = *header;
  struct stat info {};
  if (fstat(fd_, &info) != 0) return RunSystemError("stat", path_, errno);
  if (static_cast<std::uint64_t>(info.st_size) != RunFileBytes(header_)) {
    return absl::DataLossError(
        fmt::format("{}: it has {} bytes, not {}", path_, info.st_size, RunFileBytes(header_)));
  }
  if (absl::Status mapped = Map(); !mapped.ok()) return mapped;
  return CheckFences();
}

// Calls check(bytes, offset) for all bytes of the file from `from` to `to`, some whole pages at a
// time.
absl::Status RunFile::VerifyPart(
    const ScrubContext& context, std::uint64_t from, std::uint64_t to,
    const std::function<absl::Status(std::string_view, std::uint64_t)>& check) const {
  std::string buffer;
  while (from < to) {
    const std::size_t size = std::min<std::uint64_t>(kPartBytes, to - from);
    if (context.pace(size)) return absl::CancelledError("the scrub was ended");
    buffer.resize(size);
    // From the disk and not from the page cache. Advice: a system may do otherwise.
    (void)posix_fadvise(fd_, static_cast<off_t>(from), static_cast<off_t>(size),
                        POSIX_FADV_DONTNEED);
    for (std::size_t have = 0; have < size;) {
      const ssize_t done =
          pread(fd_, buffer.data() + have, size - have, static_cast<off_t>(from + have));
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return RunSystemError("read", path_, errno);
      if (done == 0) return absl::DataLossError(fmt::format("{}: it is cut short", path_));
      have += static_cast<std::size_t>(done);
    }
    if (absl::Status status = check(buffer, from); !status.ok()) return status;
    from += size;
  }
  return absl::OkStatus();
}

absl::Status RunFile::CheckPages(std::string_view bytes, std::uint64_t offset) const {
  for (std::size_t at = 0; at < bytes.size(); at += kRunPageBytes) {
    const char* page = bytes.data() + at;
    const std::uint64_t index = (offset + at) / kRunPageBytes - 1;
    if (LoadBig64(page) != RunPageChecksum(page, header_.number, index)) return PageDamaged(index);
  }
  return absl::OkStatus();
}

absl::Status RunFile::Verify(const ScrubContext& context) const {
  absl::Status status = VerifyPart(context, 0, kRunPageBytes, [this](auto bytes, auto) {
    const absl::StatusOr<RunHeader> header = DecodeRunHeader(bytes);
    if (header.ok() && *header == header_) return absl::OkStatus();
    return absl::DataLossError(fmt::format("{}: its header is damaged", path_));
  });
  if (!status.ok()) return status;
  status = VerifyPart(context, kRunPageBytes, header_.fences_offset(),
                      [this](auto bytes, auto offset) { return CheckPages(bytes, offset); });
  if (!status.ok()) return status;
  StreamedChecksum64 fences(header_.number);
  status =
      VerifyPart(context, header_.fences_offset(), header_.filter_offset(), [&](auto bytes, auto) {
        fences.Add(bytes);
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  if (fences.Value() != header_.fences_checksum) return FencesDamaged();
  return VerifyPart(
      context, header_.filter_offset(), RunFileBytes(header_), [this](auto bytes, auto offset) {
        std::uint64_t block = (offset - header_.filter_offset()) / kRunFilterBlockBytes;
        for (std::size_t at = 0; at < bytes.size() && block < header_.filter_blocks;
             at += kRunFilterBlockBytes, ++block) {
          const std::uint64_t base = RunFilterBase(header_.number, block);
          if (TestRunFilterBlock(bytes.data() + at, base, 0) == RunFilterAnswer::kDamaged) {
            filter_damaged_.store(true, std::memory_order_relaxed);
          }
        }
        return absl::OkStatus();
      });
}

std::size_t RunFile::KeysIn(std::uint64_t page) const {
  return page + 1 < header_.pages ? kRunPageKeys : header_.keys - page * kRunPageKeys;
}

absl::Status RunFile::PageDamaged(std::uint64_t index) const {
  return absl::DataLossError(
      fmt::format("{}: page {} (at byte {}) is damaged: its checksum does not match", path_, index,
                  kRunPageBytes * (1 + index)));
}

absl::StatusOr<const char*> RunFile::Page(std::uint64_t index) const {
  const char* page = map_ + kRunPageBytes * (1 + index);
  if (LoadBig64(page) != RunPageChecksum(page, header_.number, index)) return PageDamaged(index);
  return page;
}

// Fingerprints are spread evenly, so their order tells nearly where they are: a few steps from
// there.
std::uint64_t RunFile::FirstPageFor(std::uint64_t fingerprint) const {
  const std::uint64_t guess = ScaleFingerprint(fingerprint, header_.pages);
  std::uint64_t low = 0;
  std::uint64_t high = header_.pages;  // the answer: the first fence not below lies in [low, high]
  std::uint64_t step = 8;
  if (Fence(guess) < fingerprint) {
    low = guess + 1;
    while (low + step < header_.pages && Fence(low + step) < fingerprint) {
      low += step + 1;
      step *= 2;
    }
    high = std::min(header_.pages, low + step);
  } else {
    high = guess;
    while (high >= step && !(Fence(high - step) < fingerprint)) {
      high -= step;
      step *= 2;
    }
    low = high >= step ? high - step : 0;
  }
  while (low < high) {
    const std::uint64_t middle = (low + high) / 2;
    if (Fence(middle) < fingerprint) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low == 0 ? 0 : low - 1;
}

template <typename Visit>
absl::Status RunFile::VisitPages(std::uint64_t fingerprint, Visit&& visit) const {
  // A run without keys, of leaves none of which had a UETR, has no fence either, and nothing may
  // lie in memory where it would be.
  if (header_.pages == 0) return absl::OkStatus();
  const std::uint64_t first = FirstPageFor(fingerprint);
  for (std::uint64_t index = first; index < header_.pages; ++index) {
    const absl::StatusOr<const char*> page = Page(index);
    if (!page.ok()) return page.status();
    const char* fingerprints = *page + kRunPageHeaderBytes;
    const std::uint64_t least = LoadBig64(fingerprints);
    if (index == first && index != 0 && least >= fingerprint) {
      return absl::DataLossError(
          fmt::format("{}: its fences (at byte {}) are damaged: they lead past page {}", path_,
                      header_.fences_offset(), index));
    }
    if (least > fingerprint) break;
    const std::size_t count = KeysIn(index);
    if (!visit(fingerprints, count)) break;
    if (LoadBig64(fingerprints + 8 * (count - 1)) > fingerprint) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::uint64_t> RunFile::FindNewest(std::uint64_t fingerprint) const {
  std::uint64_t newest = kNoLeaf;
  absl::Status visited = VisitPages(fingerprint, [&](const char* fingerprints, std::size_t count) {
    // How many are at most the fingerprint.
    std::size_t low = 0;
    for (std::size_t high = count; low < high;) {
      const std::size_t middle = (low + high) / 2;
      if (LoadBig64(fingerprints + 8 * middle) <= fingerprint) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low != 0 && LoadBig64(fingerprints + 8 * (low - 1)) == fingerprint) {
      newest = LoadBig40(fingerprints + 8 * kRunPageKeys + 5 * (low - 1));
    }
    return true;
  });
  if (!visited.ok()) return visited;
  return newest;
}

absl::Status RunFile::FindAll(std::uint64_t fingerprint, std::uint64_t from_leaf, std::size_t limit,
                              std::vector<std::uint64_t>& leaves) const {
  if (from_leaf >= header_.to_leaf) return absl::OkStatus();
  return VisitPages(fingerprint, [&](const char* fingerprints, std::size_t count) {
    std::size_t at = 0;
    for (std::size_t high = count; at < high;) {
      const std::size_t middle = (at + high) / 2;
      if (LoadBig64(fingerprints + 8 * middle) < fingerprint) {
        at = middle + 1;
      } else {
        high = middle;
      }
    }
    for (; at < count && LoadBig64(fingerprints + 8 * at) == fingerprint; ++at) {
      const std::uint64_t leaf = LoadBig40(fingerprints + 8 * kRunPageKeys + 5 * at);
      if (leaf < from_leaf) continue;
      if (leaves.size() >= limit) return false;
      leaves.push_back(leaf);
    }
    return true;
  });
}

RunCursor::RunCursor(std::shared_ptr<const RunFile> run) : run_(std::move(run)) {
  buffer_.resize(std::min(kCursorBufferPages, run_->header_.pages) * kRunPageBytes);
}

bool RunCursor::NextPage() {
  at_ = 0;
  page_keys_ = 0;
  if (!status_.ok() || next_page_ == run_->header_.pages) return false;
  if (next_page_ == buffer_first_page_ + buffer_pages_) {
    buffer_first_page_ = next_page_;
    buffer_pages_ = std::min(kCursorBufferPages, run_->header_.pages - next_page_);
    std::size_t have = 0;
    const std::size_t want = buffer_pages_ * kRunPageBytes;
    while (have < want) {
      const ssize_t done = pread(run_->fd_, buffer_.data() + have, want - have,
                                 static_cast<off_t>(kRunPageBytes * (1 + next_page_) + have));
      if (done < 0 && errno == EINTR) continue;
      if (done <= 0) {
        status_ = done < 0 ? RunSystemError("read", run_->path_, errno)
                           : absl::DataLossError(fmt::format("{}: it is cut short", run_->path_));
        return false;
      }
      have += static_cast<std::size_t>(done);
    }
  }
  page_ = buffer_.data() + (next_page_ - buffer_first_page_) * kRunPageBytes;
  if (LoadBig64(page_) != RunPageChecksum(page_, run_->header_.number, next_page_)) {
    status_ = run_->PageDamaged(next_page_);
    return false;
  }
  page_keys_ = run_->KeysIn(next_page_);
  ++next_page_;
  return true;
}

}  // namespace causeway::store
