// What every user of an LMDB environment here shares: how one is opened, its two databases, its
// transactions, and metadata records with their checksums.
//
// Internal to settlement/store: includes LMDB's header, so include it in .cc files only.
#ifndef CAUSEWAY_SETTLEMENT_STORE_LMDB_ENVIRONMENT_H_
#define CAUSEWAY_SETTLEMENT_STORE_LMDB_ENVIRONMENT_H_

#include <lmdb.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/store/journal_format.h"
#include "settlement/store/lmdb_check.h"

namespace causeway::store {

inline constexpr char kBlocksName[] = "blocks";
inline constexpr char kMetaName[] = "meta";
inline constexpr std::array<LmdbDatabase, 2> kDatabases = {
    {{.name = kBlocksName, .integer_keys = true}, {.name = kMetaName, .integer_keys = false}}};
// The journal's own records and the users' share a database and are told apart by a prefix.
inline constexpr std::string_view kSystemPrefix = "s.";
inline constexpr std::string_view kUserPrefix = "u.";
inline constexpr std::string_view kIdentityKey = "s.identity";
inline constexpr std::string_view kHeadKey = "s.head";

inline constexpr std::uint64_t kMapBytesMin = std::uint64_t{1} << 20;

inline MDB_val ToVal(std::string_view bytes) {
  return {.mv_size = bytes.size(), .mv_data = const_cast<char*>(bytes.data())};
}
inline std::string_view FromVal(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

absl::Status LmdbError(std::string_view what, int code);
// The same status with `place` before its message.
absl::Status At(const std::string& place, const absl::Status& status);

struct CloseEnvironment {
  void operator()(MDB_env* env) const { mdb_env_close(env); }
};
using Environment = std::unique_ptr<MDB_env, CloseEnvironment>;

// A transaction that is given up unless it is committed. Move-only.
class Transaction {
 public:
  static absl::StatusOr<Transaction> Begin(MDB_env* env, unsigned flags);
  ~Transaction() {
    if (txn_ != nullptr) mdb_txn_abort(txn_);
  }
  Transaction(Transaction&& other) noexcept : txn_(std::exchange(other.txn_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  MDB_txn* get() const { return txn_; }
  int Commit() { return mdb_txn_commit(std::exchange(txn_, nullptr)); }

 private:
  explicit Transaction(MDB_txn* txn) : txn_(txn) {}
  MDB_txn* txn_;
};

// Opens the environment in directory `path`, without any flag that weakens a sync.
absl::StatusOr<Environment> OpenEnvironment(const std::string& path, std::uint64_t map_bytes_max);

struct Databases {
  MDB_dbi blocks = 0;
  MDB_dbi meta = 0;
};

absl::StatusOr<Databases> OpenDatabases(MDB_txn* txn, unsigned flags);

// Makes the file longer than a transaction of `items` records with `bytes` in all can need. LMDB
// may end a transaction with a free page at the file's end that it never wrote, so that a whole
// file could be shorter than its meta page says; grown ahead it never is, and a shorter file always
// means that it was truncated.
absl::Status GrowEnvironment(MDB_env* env, std::uint64_t items, std::uint64_t bytes);

// Puts, or deletes when there is no value. Returns LMDB's code.
int WriteValue(MDB_txn* txn, MDB_dbi meta, std::string_view key,
               const std::optional<std::string>& value);
// The value under `key`, verified; borrowed from the transaction.
absl::StatusOr<std::optional<std::string_view>> ReadValue(MDB_txn* txn, MDB_dbi meta,
                                                          std::string_view key);
// Every record whose stored key begins with `prefix`, verified, in the order of the keys.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ListRecords(
    MDB_txn* txn, MDB_dbi meta, std::string_view prefix);

// Verifies the identity record and every other metadata record.
absl::Status VerifyMetadata(MDB_txn* txn, const Databases& databases,
                            const JournalIdentity& identity, std::uint16_t format_version);

}  // namespace causeway::store

#endif  // CAUSEWAY_SETTLEMENT_STORE_LMDB_ENVIRONMENT_H_
