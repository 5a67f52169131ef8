#include "settlement/store/lmdb_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include "fmt/format.h"

namespace causeway::store {
namespace {

namespace fs = std::filesystem;

absl::Status SystemError(const std::string& what, const std::string& path, int error) {
  return absl::InternalError(fmt::format("{} {}: {}", what, path, std::strerror(error)));
}

// A new or renamed file is durable only when the directory that names it is.
absl::Status SyncDirectory(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return SystemError("cannot open directory", path, errno);
  const int result = fsync(fd);
  const int error = errno;
  close(fd);
  if (result != 0) return SystemError("cannot sync directory", path, error);
  return absl::OkStatus();
}

// Refuses to take over a directory in which something other than a journal lives, and to start
// anew where a journal has been.
absl::Status CheckContents(const std::string& path) {
  std::error_code error;
  if (fs::exists(path + "/" + kDataFileName, error)) return absl::OkStatus();
  bool had_journal = false;
  std::string trace;
  std::string foreign;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name == kLmdbLockFileName || name.starts_with(kSegmentFilePrefix)) {
      had_journal = true;
      trace = name;
    } else if (name != kLockFileName && name != kCreationDirectoryName) {
      foreign = name;
    }
  }
  if (error) return SystemError("cannot list directory", path, error.value());
  if (had_journal) {
    return absl::DataLossError(fmt::format(
        "{}: {} is missing although a journal was open here ({} is present); restore it, or empty "
        "the directory to begin a new journal",
        path, kDataFileName, trace));
  }
  if (!foreign.empty()) {
    return absl::FailedPreconditionError(fmt::format(
        "{}: holds '{}' and no journal; a journal needs a directory of its own", path, foreign));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MakeDirectories(const std::string& path) {
  std::error_code error;
  fs::path absolute = fs::absolute(path, error).lexically_normal();
  if (error) return SystemError("cannot resolve directory", path, error.value());
  if (!absolute.has_filename()) absolute = absolute.parent_path();  // it ended in a slash
  std::vector<fs::path> missing;
  for (fs::path at = absolute; !fs::exists(at, error) && at.has_relative_path();
       at = at.parent_path()) {
    missing.push_back(at);
  }
  fs::create_directories(absolute, error);
  if (error) return SystemError("cannot create directory", path, error.value());
  for (const fs::path& made : missing) {
    if (absl::Status synced = SyncDirectory(made.parent_path().string()); !synced.ok()) {
      return synced;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<HeldDirectory> HeldDirectory::Acquire(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    if (absl::Status made = MakeDirectories(path); !made.ok()) return made;
  }
  if (!fs::is_directory(path, error)) {
    return absl::FailedPreconditionError(fmt::format("{}: is not a directory", path));
  }
  if (absl::Status contents = CheckContents(path); !contents.ok()) return contents;
  return Lock(path);
}

absl::StatusOr<HeldDirectory> HeldDirectory::AcquireForRepair(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return Lock(path);
  return absl::NotFoundError(fmt::format("{}: there is no such directory", path));
}

absl::StatusOr<HeldDirectory> HeldDirectory::Lock(const std::string& path) {
  const std::string lock_path = path + "/" + kLockFileName;
  const int fd = open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return SystemError("cannot open lock file", lock_path, errno);
  HeldDirectory held(path, fd);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return SystemError("cannot lock", lock_path, errno);
    return absl::FailedPreconditionError(
        fmt::format("{}: the journal is already open, in another process or in this one: ask "
                    "that one, stop it, or work on a copy of the folder",
                    path));
  }
  return held;
}

HeldDirectory::~HeldDirectory() {
  // Closing the descriptor releases the lock.
  if (lock_fd_ >= 0) close(lock_fd_);
}

bool HeldDirectory::HasData() const {
  std::error_code error;
  return fs::exists(data_path(), error);
}

absl::Status HeldDirectory::SetDataAside() const {
  std::error_code error;
  // The table of readers goes with the file that it is about; nobody else holds the directory.
  fs::remove(path_ + "/" + kLmdbLockFileName, error);
  if (!error && HasData()) {
    fs::rename(data_path(), path_ + "/" + kDamagedDataFileName, error);
  }
  if (error) return SystemError("cannot put aside", data_path(), error.value());
  return SyncDirectory(path_);
}

absl::Status HeldDirectory::Create(
    absl::FunctionRef<absl::Status(const std::string&)> create) const {
  const std::string staging = path_ + "/" + kCreationDirectoryName;
  std::error_code error;
  fs::remove_all(staging, error);  // what a crash in an earlier creation left
  if (!error) fs::create_directory(staging, error);
  if (error) return SystemError("cannot prepare directory", staging, error.value());
  if (absl::Status created = create(staging); !created.ok()) return created;
  fs::rename(staging + "/" + kDataFileName, data_path(), error);
  if (error) return SystemError("cannot move the new journal to", data_path(), error.value());
  if (absl::Status synced = SyncDirectory(path_); !synced.ok()) return synced;
  fs::remove_all(staging, error);
  if (error) return SystemError("cannot remove directory", staging, error.value());
  return absl::OkStatus();
}

}  // namespace causeway::store
