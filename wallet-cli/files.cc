#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "wallet-cli/context.h"

namespace causeway::wallet {
namespace {

absl::Status SystemError(std::string_view doing, const std::string& path, int error) {
  const std::string message = fmt::format("{} {}: {}", doing, path, std::strerror(error));
  switch (error) {
    case ENOENT:
      return absl::NotFoundError(message);
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(message);
    case EEXIST:
      return absl::AlreadyExistsError(
          fmt::format("{}; remove it first, or name another file", message));
    default:
      return absl::InvalidArgumentError(message);
  }
}

// Without it the name of a new file may be gone after a crash although its content is not.
int SyncFolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int file = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return errno == EACCES ? 0 : errno;  // a folder that may be written, not read
  const int error = fsync(file) == 0 || errno == EINVAL || errno == EROFS ? 0 : errno;
  close(file);
  return error;
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  struct stat properties {};
  if (stat(path.c_str(), &properties) != 0) return SystemError("reading", path, errno);
  if (S_ISDIR(properties.st_mode)) return SystemError("reading", path, EISDIR);
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return SystemError("reading", path, errno == 0 ? EIO : errno);
  std::string content;
  char buffer[64 * 1024];
  while (file.read(buffer, sizeof(buffer)) || file.gcount() > 0) {
    content.append(buffer, static_cast<std::size_t>(file.gcount()));
    if (content.size() > kFileBytesMax) {
      return absl::InvalidArgumentError(
          fmt::format("reading {}: has more than {} bytes", path, kFileBytesMax));
    }
  }
  return content;
}

absl::Status WriteFile(const std::string& path, std::string_view content, bool replace,
                       bool secret) {
  const std::string target = replace ? path + ".new" : path;
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (replace ? O_TRUNC : O_EXCL);
  const int file = open(target.c_str(), flags, secret ? 0600 : 0644);
  if (file < 0) return SystemError("writing", target, errno);
  int error = 0;
  while (!content.empty() && error == 0) {
    const ssize_t written = write(file, content.data(), content.size());
    if (written > 0) {
      content.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  // What is no regular file (a pipe, a terminal) cannot be synced, and need not be.
  if (error == 0 && fsync(file) != 0 && errno != EINVAL && errno != EROFS) error = errno;
  if (close(file) != 0 && error == 0) error = errno;
  if (error == 0 && replace && rename(target.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) error = SyncFolderOf(path);
  return error == 0 ? absl::OkStatus() : SystemError("writing", path, error);
}

}  // namespace causeway::wallet
