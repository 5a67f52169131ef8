#include "settlement/store/segment_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "fmt/format.h"

namespace causeway::store {
namespace {

constexpr std::size_t kPiecesMax = 256;  // in one call of the system; IOV_MAX is 1024
constexpr std::size_t kZeroBytes = 1 << 20;

absl::Status FileError(std::string_view what, const std::string& path, int error) {
  return absl::InternalError(fmt::format("{}: cannot {}: {}", path, what, std::strerror(error)));
}

class PosixFile final : public SegmentFile {
 public:
  PosixFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  ~PosixFile() override { close(fd_); }

  absl::Status Write(std::uint64_t offset, std::span<const std::string_view> pieces) override {
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

  absl::Status Allocate(std::uint64_t size) override {
    absl::StatusOr<std::uint64_t> old = Size();
    if (!old.ok()) return old.status();
    if (*old >= size) return absl::OkStatus();
    // The size changes in one step, after the space is there: a crash leaves the old or the new.
    int error = 0;
    do {
      error = fallocate(fd_, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(*old),
                        static_cast<off_t>(size - *old)) == 0
                  ? 0
                  : errno;
    } while (error == EINTR);
    if (error != 0 && error != EOPNOTSUPP) return Full(size, error);
    if (ftruncate(fd_, static_cast<off_t>(size)) != 0) return Full(size, errno);
    return error == 0 ? absl::OkStatus() : FillWithZeros(*old, size);
  }

  absl::Status Truncate(std::uint64_t size) override {
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
  // For a file system that cannot reserve: the zeros take the space.
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
};

class Posix final : public FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<SegmentFile>> Open(const std::string& path, Mode mode) override {
    int flags = O_CLOEXEC | (mode == Mode::kRead ? O_RDONLY : O_RDWR);
    if (mode == Mode::kCreate) flags |= O_CREAT | O_TRUNC;
    const int fd = open(path.c_str(), flags, 0600);
    if (fd >= 0) return std::make_unique<PosixFile>(path, fd);
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
