// The directory of an LMDB journal: who holds it, how it comes into being, and what must lie in it.
#ifndef CAUSEWAY_SETTLEMENT_STORE_LMDB_DIRECTORY_H_
#define CAUSEWAY_SETTLEMENT_STORE_LMDB_DIRECTORY_H_

#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace causeway::store {

inline constexpr char kLockFileName[] = "journal.lock";
inline constexpr char kDataFileName[] = "data.mdb";
inline constexpr char kDamagedDataFileName[] = "data.mdb.damaged";
inline constexpr char kLmdbLockFileName[] = "lock.mdb";
inline constexpr char kCreationDirectoryName[] = "creating";
inline constexpr char kSegmentFilePrefix[] = "segment-";

// Creates `path` and what is missing above it, durably: each new one is synced into its parent.
absl::Status MakeDirectories(const std::string& path);

// A directory held by this process until destruction. Move-only.
class HeldDirectory {
 public:
  // Creates `path` when it does not exist, and takes its lock. FailedPrecondition when `path` is
  // not a directory, holds something that is no journal, or is held by another opener (of this or
  // another process); DataLoss when a journal was there and its data file is gone; Internal for an
  // error of the system.
  static absl::StatusOr<HeldDirectory> Acquire(const std::string& path);
  // Takes the lock of an existing directory, whatever it holds.
  static absl::StatusOr<HeldDirectory> AcquireForRepair(const std::string& path);

  ~HeldDirectory();
  HeldDirectory(HeldDirectory&& other) noexcept
      : path_(std::move(other.path_)), lock_fd_(std::exchange(other.lock_fd_, -1)) {}
  HeldDirectory& operator=(HeldDirectory&&) = delete;
  HeldDirectory(const HeldDirectory&) = delete;
  HeldDirectory& operator=(const HeldDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string data_path() const { return path_ + "/" + kDataFileName; }
  bool HasData() const;
  // Puts the data file, if there is one, aside under kDamagedDataFileName, durably.
  absl::Status SetDataAside() const;

  // Lets `create` make a complete, synced environment in a directory of its own, then moves its
  // data file into place in one step: a crash leaves either no journal or a whole one.
  absl::Status Create(absl::FunctionRef<absl::Status(const std::string&)> create) const;

 private:
  static absl::StatusOr<HeldDirectory> Lock(const std::string& path);
  HeldDirectory(std::string path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}

  std::string path_;
  int lock_fd_;
};

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_LMDB_DIRECTORY_H_
