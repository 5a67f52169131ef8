#include "settlement/store/segment_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "fmt/format.h"
#include "settlement/core/check.h"

namespace causeway::store {
namespace {

constexpr std::size_t kPiecesMax = 256;  // in one call of the system; IOV_MAX is 1024
constexpr std::size_t kZeroBytes = 1 << 20;
// Appends of this many bytes or more go past the page cache: docs/adr/0006.
constexpr std::size_t kDirectBytesMin = 64 << 10;
constexpr std::size_t kStagedBytes = 1 << 20;  // of one direct write at most

constexpr std::uint64_t kNowhere = ~std::uint64_t{0};

constexpr std::uint64_t PageBegin(std::uint64_t offset) {
  return offset / kAppendPageBytes * kAppendPageBytes;
}
constexpr std::uint64_t PageEnd(std::uint64_t offset) {
  return PageBegin(offset + kAppendPageBytes - 1);
}

absl::Status FileError(std::string_view what, const std::string& path, int error) {
  return absl::InternalError(fmt::format("{}: cannot {}: {}", path, what, std::strerror(error)));
}

class PosixFile final : public SegmentFile {
 public:
  // `direct_fd` is the same file past the page cache, or -1.
  PosixFile(std::string path, int fd, int direct_fd)
      : path_(std::move(path)), fd_(fd), direct_fd_(direct_fd) {}
  ~PosixFile() override {
    close(fd_);
    if (direct_fd_ >= 0) close(direct_fd_);
  }

  absl::Status Write(std::uint64_t offset, std::span<const std::string_view> pieces) override {
    if (offset < last_page_end_) last_page_end_ = kNowhere;
    std::array<iovec, kPiecesMax> vectors{};
    std::size_t next = 0;
    std::size_t done = 0;  // bytes of pieces[next] that are written
    while (next < pieces.size()) {
      const std::size_t count = std::min(pieces.size() - next, kPiecesMax);
      for (std::size_t i = 0; i < count; ++i) {
        const std::string_view piece = pieces[next + i].substr(i == 0 ? done : 0);
        vectors[i] = {.iov_base = const_cast<char*>(piece.data()), .iov_len = piece.size()};
      }
      const ssize_t written =
          pwritev(fd_, vectors.data(), static_cast<int>(count), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return FileError("write", path_, errno);
      offset += static_cast<std::uint64_t>(written);
      done += static_cast<std::size_t>(written);
      while (next < pieces.size() && done >= pieces[next].size()) done -= pieces[next++].size();
    }
    return absl::OkStatus();
  }

  absl::Status Append(std::uint64_t offset, std::span<const std::string_view> pieces) override {
    std::size_t bytes = 0;
    for (const std::string_view piece : pieces) bytes += piece.size();
    if (direct_fd_ < 0 || bytes < kDirectBytesMin) return Write(offset, pieces);
    if (absl::Status begun = StageFirstPage(offset); !begun.ok()) return begun;
    for (std::string_view piece : pieces) {
      while (!piece.empty()) {
        const std::size_t count = std::min(piece.size(), kStagedBytes - staged_bytes_);
        std::memcpy(staged_.get() + staged_bytes_, piece.data(), count);
        piece.remove_prefix(count);
        staged_bytes_ += count;
        if (staged_bytes_ < kStagedBytes) continue;
        if (absl::Status written = WriteStaged(kStagedBytes); !written.ok()) return written;
        staged_offset_ += kStagedBytes;
        staged_bytes_ = 0;
      }
    }
    return WriteLastPages();
  }

  absl::Status Allocate(std::uint64_t size) override {
    absl::StatusOr<std::uint64_t> old = Size();
    if (!old.ok()) return old.status();
    if (*old >= size) return absl::OkStatus();
    // The size never says more than the space that is there: it changes in one step after that was
    // reserved, or grows with the zeros.
    int error = 0;
    do {
      error = fallocate(fd_, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(*old),
                        static_cast<off_t>(size - *old)) == 0
                  ? 0
                  : errno;
    } while (error == EINTR);
    if (error == EOPNOTSUPP) return FillWithZeros(*old, size);
    if (error != 0) return Full(size, error);
    if (ftruncate(fd_, static_cast<off_t>(size)) != 0) return Full(size, errno);
    return absl::OkStatus();
  }

  absl::Status Truncate(std::uint64_t size) override {
    last_page_end_ = kNowhere;
    if (ftruncate(fd_, static_cast<off_t>(size)) != 0) return FileError("truncate", path_, errno);
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    // Not repeated after EINTR: what it did then is as unknown as after any other error.
    if (fdatasync(fd_) != 0) return FileError("sync", path_, errno);
    return absl::OkStatus();
  }

  absl::StatusOr<std::size_t> Read(std::uint64_t offset, char* bytes,
                                   std::size_t size) const override {
    std::size_t done = 0;
    while (done < size) {
      const ssize_t got = pread(fd_, bytes + done, size - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return FileError(fmt::format("read at offset {}", offset), path_, errno);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  absl::StatusOr<std::uint64_t> Size() const override {
    struct stat status {};
    if (fstat(fd_, &status) != 0) return FileError("read the size", path_, errno);
    return static_cast<std::uint64_t>(status.st_size);
  }

 private:
  struct Free {
    void operator()(char* bytes) const { std::free(bytes); }
  };

  // The page that `offset` is in, up to `offset`: mostly what the append before left.
  absl::Status StageFirstPage(std::uint64_t offset) {
    const std::uint64_t begin = PageBegin(offset);
    const std::size_t bytes = offset - begin;
    if (staged_ == nullptr) {
      staged_.reset(static_cast<char*>(std::aligned_alloc(kAppendPageBytes, kStagedBytes)));
      CW_CHECK(staged_ != nullptr, "there is memory for what is written");
    }
    if (last_page_end_ == offset) {
      std::memcpy(staged_.get(), last_page_.data(), bytes);
    } else {
      const absl::StatusOr<std::size_t> got = Read(begin, staged_.get(), bytes);
      if (!got.ok()) return got.status();
      if (*got < bytes) return absl::InternalError(path_ + ": an append begins behind the end");
    }
    staged_offset_ = begin;
    staged_bytes_ = bytes;
    return absl::OkStatus();
  }

  // What is staged, filled up with zeros to a whole page if the file reaches so far.
  absl::Status WriteLastPages() {
    const std::uint64_t end = staged_offset_ + staged_bytes_;
    const std::size_t page = PageBegin(staged_bytes_);
    const std::size_t rest = staged_bytes_ - page;
    last_page_end_ = end;
    std::memcpy(last_page_.data(), staged_.get() + page, rest);
    absl::StatusOr<std::uint64_t> size = Size();
    if (!size.ok()) return size.status();
    if (PageEnd(end) <= *size) {
      std::memset(staged_.get() + staged_bytes_, 0, PageEnd(staged_bytes_) - staged_bytes_);
      return WriteStaged(PageEnd(staged_bytes_));
    }
    if (absl::Status written = WriteStaged(page); !written.ok()) return written;
    const std::string_view last(last_page_.data(), rest);
    return rest == 0 ? absl::OkStatus() : Write(PageBegin(end), {&last, 1});
  }

  // The first `bytes` of what is staged, whole pages.
  absl::Status WriteStaged(std::size_t bytes) {
    std::size_t done = 0;
    while (done < bytes && direct_fd_ >= 0) {
      const ssize_t written = pwrite(direct_fd_, staged_.get() + done, bytes - done,
                                     static_cast<off_t>(staged_offset_ + done));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0 && errno != EINVAL) return FileError("write", path_, errno);
      if (written < 0 || static_cast<std::uint64_t>(written) % kAppendPageBytes != 0) {
        // The file system does not take it so, or not all of it.
        close(std::exchange(direct_fd_, -1));
      } else {
        done += static_cast<std::size_t>(written);
      }
    }
    const std::string_view rest(staged_.get() + done, bytes - done);
    return rest.empty() ? absl::OkStatus() : Write(staged_offset_ + done, {&rest, 1});
  }

  // For a file system that cannot reserve: the zeros take the space. A crash leaves a size between
  // the old and the new, an error the old.
  absl::Status FillWithZeros(std::uint64_t from, std::uint64_t size) {
    const std::uint64_t old = from;
    const std::string zeros(kZeroBytes, '\0');
    while (from < size) {
      const std::size_t count = std::min<std::uint64_t>(zeros.size(), size - from);
      const ssize_t written = pwrite(fd_, zeros.data(), count, static_cast<off_t>(from));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        const int error = errno;
        if (absl::Status undone = Truncate(old); !undone.ok()) return undone;
        return Full(size, error);
      }
      from += static_cast<std::uint64_t>(written);
    }
    return absl::OkStatus();
  }

  absl::Status Full(std::uint64_t size, int error) const {
    if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
      return absl::ResourceExhaustedError(
          fmt::format("{}: no room to grow to {} bytes: {}", path_, size, std::strerror(error)));
    }
    return FileError("allocate", path_, error);
  }

  std::string path_;
  int fd_;
  int direct_fd_;
  std::unique_ptr<char[], Free> staged_;  // of an append: kStagedBytes, aligned
  std::uint64_t staged_offset_ = 0;       // where they belong
  std::size_t staged_bytes_ = 0;
  // The page that the last direct append ended in, up to where it ended.
  std::array<char, kAppendPageBytes> last_page_{};
  std::uint64_t last_page_end_ = kNowhere;
};

class Posix final : public FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<SegmentFile>> Open(const std::string& path, Mode mode) override {
    int flags = O_CLOEXEC | (mode == Mode::kRead ? O_RDONLY : O_RDWR);
    if (mode == Mode::kCreate) flags |= O_CREAT | O_TRUNC;
    const int fd = open(path.c_str(), flags, 0600);
    if (fd >= 0) {
      // Some file systems have no such way, and some say so only when it is used.
      const int direct_fd =
          mode == Mode::kRead ? -1 : open(path.c_str(), O_CLOEXEC | O_RDWR | O_DIRECT);
      return std::make_unique<PosixFile>(path, fd, direct_fd);
    }
    if (errno == ENOENT) return absl::NotFoundError(fmt::format("{}: there is no such file", path));
    if (errno == ENOSPC || errno == EDQUOT) {
      return absl::ResourceExhaustedError(fmt::format("{}: no room to create it", path));
    }
    return FileError("open", path, errno);
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    if (rename(from.c_str(), to.c_str()) != 0) return FileError("rename to " + to, from, errno);
    return absl::OkStatus();
  }

  absl::Status Remove(const std::string& path) override {
    if (unlink(path.c_str()) != 0) return FileError("remove", path, errno);
    return absl::OkStatus();
  }

  absl::Status SyncDirectory(const std::string& path) override {
    const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return FileError("open directory", path, errno);
    const int error = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    if (error != 0) return FileError("sync directory", path, error);
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> List(const std::string& path) override {
    namespace fs = std::filesystem;
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
      names.push_back(it->path().filename().string());
    }
    if (error) return FileError("list directory", path, error.value());
    std::sort(names.begin(), names.end());
    return names;
  }
};

}  // namespace

FileSystem& PosixFileSystem() {
  static Posix* const kPosix = new Posix;  // outlives static destruction
  return *kPosix;
}

}  // namespace causeway::store
