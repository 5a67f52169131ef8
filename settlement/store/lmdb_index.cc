#include "settlement/store/lmdb_index.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>

#include "fmt/format.h"
#include "settlement/store/journal_format.h"
#include "settlement/store/lmdb_check.h"
#include "settlement/store/lmdb_environment.h"

namespace causeway::store {
namespace {

std::string StoredKey(IndexSpace space, std::string_view key) {
  return std::string(space == IndexSpace::kSystem ? kSystemPrefix : kUserPrefix).append(key);
}

std::uint64_t ValueBytes(std::span<const MetaWrite> writes) {
  std::uint64_t bytes = 0;
  for (const MetaWrite& write : writes) bytes += write.value.has_value() ? write.value->size() : 0;
  return bytes;
}

absl::Status CreateIndex(const std::string& path, const JournalIdentity& identity,
                         std::uint64_t map_bytes_max, std::span<const MetaWrite> initial,
                         std::span<const MetaWrite> user) {
  const absl::StatusOr<Environment> env = OpenEnvironment(path, map_bytes_max);
  if (!env.ok()) return env.status();
  absl::Status grown = GrowEnvironment(env->get(), initial.size() + user.size(),
                                       ValueBytes(initial) + ValueBytes(user));
  if (!grown.ok()) return grown;
  absl::StatusOr<Transaction> txn = Transaction::Begin(env->get(), 0);
  if (!txn.ok()) return txn.status();
  const absl::StatusOr<Databases> databases = OpenDatabases(txn->get(), MDB_CREATE);
  if (!databases.ok()) return databases.status();
  int code = WriteValue(txn->get(), databases->meta, kIdentityKey,
                        EncodeIdentity(identity, kSegmentFormatVersion));
  for (const auto& [space, writes] :
       {std::pair(IndexSpace::kSystem, initial), std::pair(IndexSpace::kUser, user)}) {
    for (const MetaWrite& write : writes) {
      if (code != MDB_SUCCESS) break;
      code = WriteValue(txn->get(), databases->meta, StoredKey(space, write.key), write.value);
    }
  }
  if (code == MDB_SUCCESS) code = txn->Commit();
  if (code != MDB_SUCCESS) return LmdbError("cannot write a new journal", code);
  return absl::OkStatus();
}

}  // namespace

struct LmdbIndex::State {
  HeldDirectory directory;  // released last
  Environment env;
  Databases databases;
  std::mutex commit_mutex;  // LMDB has one writer; growing the file must not race either
};

LmdbIndex::LmdbIndex(std::unique_ptr<State> state) : state_(std::move(state)) {}
LmdbIndex::~LmdbIndex() = default;

const std::string& LmdbIndex::path() const { return state_->directory.path(); }

absl::StatusOr<std::unique_ptr<LmdbIndex>> LmdbIndex::Open(HeldDirectory directory,
                                                           const JournalIdentity& identity,
                                                           std::uint64_t map_bytes_max,
                                                           std::span<const MetaWrite> initial,
                                                           std::span<const MetaWrite> user) {
  if (map_bytes_max < kMapBytesMin) {
    return absl::InvalidArgumentError(
        fmt::format("map_bytes_max is {}, the least is {}", map_bytes_max, kMapBytesMin));
  }
  if (!directory.HasData()) {
    absl::Status created = directory.Create([&](const std::string& staging) {
      return CreateIndex(staging, identity, map_bytes_max, initial, user);
    });
    if (!created.ok()) return created;
  }
  if (absl::Status file = CheckLmdbFile(directory.data_path(), kDatabases); !file.ok()) {
    return file;
  }
  absl::StatusOr<Environment> env = OpenEnvironment(directory.path(), map_bytes_max);
  if (!env.ok()) return env.status();
  // Databases opened in a transaction outlive it only when it is committed.
  absl::StatusOr<Transaction> txn = Transaction::Begin(env->get(), MDB_RDONLY);
  if (!txn.ok()) return txn.status();
  const absl::StatusOr<Databases> databases = OpenDatabases(txn->get(), 0);
  if (!databases.ok()) return databases.status();
  absl::Status verified = VerifyMetadata(txn->get(), *databases, identity, kSegmentFormatVersion);
  if (!verified.ok()) return verified;
  if (const int code = txn->Commit(); code != MDB_SUCCESS) {
    return LmdbError("cannot finish opening", code);
  }
  // `commit_mutex` is built in place: a State cannot be moved.
  std::unique_ptr<State> state(new State{std::move(directory), *std::move(env), *databases, {}});
  return std::unique_ptr<LmdbIndex>(new LmdbIndex(std::move(state)));
}

absl::Status LmdbIndex::Commit(std::span<const MetaWrite> system, std::span<const MetaWrite> user) {
  const std::lock_guard lock(state_->commit_mutex);
  absl::Status grown = GrowEnvironment(state_->env.get(), system.size() + user.size(),
                                       ValueBytes(system) + ValueBytes(user));
  if (!grown.ok()) return grown;
  absl::StatusOr<Transaction> txn = Transaction::Begin(state_->env.get(), 0);
  if (!txn.ok()) return txn.status();
  int code = MDB_SUCCESS;
  for (const auto& [space, writes] :
       {std::pair(IndexSpace::kSystem, system), std::pair(IndexSpace::kUser, user)}) {
    for (const MetaWrite& write : writes) {
      code =
          WriteValue(txn->get(), state_->databases.meta, StoredKey(space, write.key), write.value);
      if (code != MDB_SUCCESS) return LmdbError("cannot write metadata", code);
    }
  }
  if (code = txn->Commit(); code != MDB_SUCCESS) return LmdbError("cannot commit", code);
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> LmdbIndex::Get(IndexSpace space,
                                                          std::string_view key) const {
  if (key.size() > kMetaKeyBytesMax) return std::nullopt;
  const absl::StatusOr<Transaction> txn = Transaction::Begin(state_->env.get(), MDB_RDONLY);
  if (!txn.ok()) return txn.status();
  const absl::StatusOr<std::optional<std::string_view>> value =
      ReadValue(txn->get(), state_->databases.meta, StoredKey(space, key));
  if (!value.ok()) return value.status();
  if (!value->has_value()) return std::nullopt;
  return std::string(**value);
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> LmdbIndex::List(
    IndexSpace space, std::string_view prefix) const {
  if (prefix.size() > kMetaKeyBytesMax) return std::vector<std::pair<std::string, std::string>>();
  const absl::StatusOr<Transaction> txn = Transaction::Begin(state_->env.get(), MDB_RDONLY);
  if (!txn.ok()) return txn.status();
  auto records = ListRecords(txn->get(), state_->databases.meta, StoredKey(space, prefix));
  if (!records.ok()) return records.status();
  const std::size_t prefix_bytes = StoredKey(space, "").size();
  for (auto& record : *records) record.first.erase(0, prefix_bytes);
  return records;
}

absl::Status LmdbIndex::CopyTo(const std::string& path) const {
  const std::string file = path + "/" + kDataFileName;
  const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) {
    return absl::InternalError(fmt::format("cannot create {}: {}", file, std::strerror(errno)));
  }
  const int code = mdb_env_copyfd(state_->env.get(), fd);
  const bool synced = code == MDB_SUCCESS && fsync(fd) == 0;
  const int error = errno;
  close(fd);
  if (code != MDB_SUCCESS) return LmdbError(fmt::format("cannot copy the index to {}", file), code);
  if (!synced) {
    return absl::InternalError(fmt::format("cannot sync {}: {}", file, std::strerror(error)));
  }
  return absl::OkStatus();
}

}  // namespace causeway::store
