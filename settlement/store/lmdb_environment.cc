#include "settlement/store/lmdb_environment.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "fmt/format.h"

namespace causeway::store {
namespace {

constexpr unsigned kReadersMax = 512;
constexpr std::uint64_t kGrowthBytes = std::uint64_t{1} << 20;
// Only NOTLS, which lets a thread hold a read and a write transaction. Nothing that weakens a sync.
constexpr unsigned kEnvironmentFlags = MDB_NOTLS;

struct CloseCursor {
  void operator()(MDB_cursor* cursor) const { mdb_cursor_close(cursor); }
};

}  // namespace

absl::Status LmdbError(std::string_view what, int code) {
  return absl::InternalError(fmt::format("{}: {}", what, mdb_strerror(code)));
}

absl::Status At(const std::string& place, const absl::Status& status) {
  const std::string_view message(status.message().data(), status.message().size());
  return absl::Status(status.code(), fmt::format("{}: {}", place, message));
}

absl::StatusOr<Transaction> Transaction::Begin(MDB_env* env, unsigned flags) {
  MDB_txn* txn = nullptr;
  if (const int code = mdb_txn_begin(env, nullptr, flags, &txn); code != MDB_SUCCESS) {
    return LmdbError("cannot begin a transaction", code);
  }
  return Transaction(txn);
}

absl::StatusOr<Environment> OpenEnvironment(const std::string& path, std::uint64_t map_bytes_max) {
  MDB_env* raw = nullptr;
  if (const int code = mdb_env_create(&raw); code != MDB_SUCCESS) {
    return LmdbError("cannot create an LMDB environment", code);
  }
  Environment env(raw);
  int code = mdb_env_set_mapsize(raw, map_bytes_max);
  if (code == MDB_SUCCESS) code = mdb_env_set_maxdbs(raw, kDatabases.size());
  if (code == MDB_SUCCESS) code = mdb_env_set_maxreaders(raw, kReadersMax);
  if (code == MDB_SUCCESS) code = mdb_env_open(raw, path.c_str(), kEnvironmentFlags, 0600);
  if (code != MDB_SUCCESS) return LmdbError("cannot open the LMDB environment", code);
  // A process that was killed between writing a meta page and its sync left a transaction that
  // everybody sees and a power failure takes away. After a sync that failed there is none: LMDB
  // writes a meta page only when the data are durable, and puts the old one back when that fails.
  if (code = mdb_env_sync(raw, 1); code != MDB_SUCCESS) return LmdbError("cannot sync", code);
  return env;
}

absl::StatusOr<Databases> OpenDatabases(MDB_txn* txn, unsigned flags) {
  Databases databases;
  int code = mdb_dbi_open(txn, kBlocksName, flags | MDB_INTEGERKEY, &databases.blocks);
  if (code == MDB_SUCCESS) code = mdb_dbi_open(txn, kMetaName, flags, &databases.meta);
  if (code != MDB_SUCCESS) return LmdbError("cannot open the databases", code);
  return databases;
}

absl::Status GrowEnvironment(MDB_env* env, std::uint64_t items, std::uint64_t bytes) {
  MDB_envinfo info{};
  MDB_stat stat{};
  mdb_filehandle_t fd = -1;
  int code = mdb_env_info(env, &info);
  if (code == MDB_SUCCESS) code = mdb_env_stat(env, &stat);
  if (code == MDB_SUCCESS) code = mdb_env_get_fd(env, &fd);
  if (code != MDB_SUCCESS) return LmdbError("cannot read the state of the environment", code);
  // Each item may copy and split the pages on its way down, and begin pages of its own.
  const std::uint64_t pages = 64 + 16 * items;
  const std::uint64_t needed = (info.me_last_pgno + 1 + pages) * stat.ms_psize + bytes + bytes / 64;
  struct stat status {};
  if (fstat(fd, &status) != 0) return absl::InternalError(std::strerror(errno));
  if (static_cast<std::uint64_t>(status.st_size) >= needed) return absl::OkStatus();
  const std::uint64_t grown = (needed / kGrowthBytes + 1) * kGrowthBytes;
  if (ftruncate(fd, static_cast<off_t>(grown)) != 0) {
    const int error = errno;
    const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    return absl::Status(
        full ? absl::StatusCode::kResourceExhausted : absl::StatusCode::kInternal,
        fmt::format("cannot grow the file to {} bytes: {}", grown, std::strerror(error)));
  }
  return absl::OkStatus();
}

int WriteValue(MDB_txn* txn, MDB_dbi meta, std::string_view key,
               const std::optional<std::string>& value) {
  MDB_val lmdb_key = ToVal(key);
  if (!value.has_value()) {
    const int code = mdb_del(txn, meta, &lmdb_key, nullptr);
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
  }
  const std::string record = SealValue(key, *value);
  MDB_val lmdb_value = ToVal(record);
  return mdb_put(txn, meta, &lmdb_key, &lmdb_value, 0);
}

absl::StatusOr<std::optional<std::string_view>> ReadValue(MDB_txn* txn, MDB_dbi meta,
                                                          std::string_view key) {
  MDB_val lmdb_key = ToVal(key);
  MDB_val found{};
  const int code = mdb_get(txn, meta, &lmdb_key, &found);
  if (code == MDB_NOTFOUND) return std::nullopt;
  if (code != MDB_SUCCESS) return LmdbError("cannot read metadata", code);
  absl::StatusOr<std::string_view> value = OpenValue(key, FromVal(found));
  if (!value.ok()) return value.status();
  return *value;
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ListRecords(
    MDB_txn* txn, MDB_dbi meta, std::string_view prefix) {
  MDB_cursor* raw = nullptr;
  if (const int code = mdb_cursor_open(txn, meta, &raw); code != MDB_SUCCESS) {
    return LmdbError("cannot open a cursor", code);
  }
  const std::unique_ptr<MDB_cursor, CloseCursor> cursor(raw);
  std::vector<std::pair<std::string, std::string>> records;
  MDB_val key = ToVal(prefix);
  MDB_val found{};
  // LMDB has no empty keys to search for.
  int code = mdb_cursor_get(raw, &key, &found, prefix.empty() ? MDB_FIRST : MDB_SET_RANGE);
  for (; code == MDB_SUCCESS; code = mdb_cursor_get(raw, &key, &found, MDB_NEXT)) {
    const std::string_view stored_key = FromVal(key);
    if (!stored_key.starts_with(prefix)) return records;
    absl::StatusOr<std::string_view> value = OpenValue(stored_key, FromVal(found));
    if (!value.ok()) return value.status();
    records.emplace_back(stored_key, *value);
  }
  if (code != MDB_NOTFOUND) return LmdbError("cannot list metadata", code);
  return records;
}

absl::Status VerifyMetadata(MDB_txn* txn, const Databases& databases,
                            const JournalIdentity& identity, std::uint16_t format_version) {
  const absl::StatusOr<std::optional<std::string_view>> found =
      ReadValue(txn, databases.meta, kIdentityKey);
  if (!found.ok()) return found.status();
  if (!found->has_value()) return absl::DataLossError("the identity record is missing");
  if (absl::Status match = MatchIdentity(**found, identity, format_version); !match.ok()) {
    return match;
  }
  return ListRecords(txn, databases.meta, "").status();
}

}  // namespace causeway::store
