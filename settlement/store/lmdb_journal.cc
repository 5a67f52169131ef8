#include "settlement/store/lmdb_journal.h"

#include <lmdb.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "settlement/store/journal_format.h"
#include "settlement/store/lmdb_check.h"
#include "settlement/store/lmdb_directory.h"
#include "settlement/store/lmdb_environment.h"

namespace causeway::store {
namespace {

// The record of block `number`, borrowed from the transaction. The block is known to exist.
absl::StatusOr<std::string_view> ReadRecord(MDB_txn* txn, MDB_dbi blocks, std::uint64_t number) {
  MDB_val key{.mv_size = sizeof(number), .mv_data = &number};
  MDB_val found{};
  const int code = mdb_get(txn, blocks, &key, &found);
  if (code == MDB_NOTFOUND) {
    return absl::DataLossError(fmt::format("block {} is missing", number));
  }
  if (code != MDB_SUCCESS) return LmdbError(fmt::format("cannot read block {}", number), code);
  return FromVal(found);
}

class LmdbJournal final : public Journal {
 public:
  LmdbJournal(HeldDirectory directory, Environment env, Databases databases, JournalHead head)
      : directory_(std::move(directory)),
        env_(std::move(env)),
        databases_(databases),
        head_(head) {}

  absl::Status Append(std::span<const Block> blocks, std::span<const MetaWrite> meta) override;
  absl::StatusOr<Block> Read(std::uint64_t number) const override;
  absl::StatusOr<std::uint64_t> FindBlock(std::uint64_t index) const override;
  std::uint64_t block_count() const override { return Head().block_count; }
  std::uint64_t record_count() const override { return Head().record_count; }
  core::Hash256 head() const override { return Head().chain; }
  absl::StatusOr<std::optional<std::string>> GetMeta(std::string_view key) const override;
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ListMeta(
      std::string_view prefix) const override;

 private:
  JournalHead Head() const {
    const std::lock_guard lock(mutex_);
    return head_;
  }
  absl::StatusOr<JournalHead> WriteAll(std::span<const Block> blocks,
                                       std::span<const MetaWrite> meta);

  HeldDirectory directory_;  // released last
  Environment env_;
  Databases databases_;
  bool failed_ = false;
  mutable std::mutex mutex_;
  JournalHead head_;  // of what is durable
};

absl::StatusOr<JournalHead> LmdbJournal::WriteAll(std::span<const Block> blocks,
                                                  std::span<const MetaWrite> meta) {
  std::uint64_t bytes = 0;
  for (const Block& block : blocks) bytes += BlockFrontBytes(block.body.size()) + block.body.size();
  for (const MetaWrite& write : meta) bytes += write.value.has_value() ? write.value->size() : 0;
  absl::Status grown = GrowEnvironment(env_.get(), blocks.size() + meta.size(), bytes);
  if (!grown.ok()) return grown;
  absl::StatusOr<Transaction> txn = Transaction::Begin(env_.get(), 0);
  if (!txn.ok()) return txn.status();
  JournalHead head = Head();
  for (const Block& block : blocks) {
    const std::string header = SealBlock(block, head);
    std::uint64_t number = block.number;
    MDB_val key{.mv_size = sizeof(number), .mv_data = &number};
    MDB_val value{.mv_size = header.size() + block.body.size(), .mv_data = nullptr};
    const int code = mdb_put(txn->get(), databases_.blocks, &key, &value, MDB_APPEND | MDB_RESERVE);
    if (code != MDB_SUCCESS) return LmdbError(fmt::format("cannot write block {}", number), code);
    char* const record = static_cast<char*>(value.mv_data);
    header.copy(record, header.size());
    block.body.copy(record + header.size(), block.body.size());
  }
  for (const MetaWrite& write : meta) {
    const std::string key = std::string(kUserPrefix) + write.key;
    const int code = WriteValue(txn->get(), databases_.meta, key, write.value);
    if (code != MDB_SUCCESS) return LmdbError("cannot write metadata", code);
  }
  int code = WriteValue(txn->get(), databases_.meta, kHeadKey, EncodeHead(head));
  if (code != MDB_SUCCESS) return LmdbError("cannot write the head", code);
  code = txn->Commit();
  if (code != MDB_SUCCESS) return LmdbError("cannot commit", code);
  return head;
}

absl::Status LmdbJournal::Append(std::span<const Block> blocks, std::span<const MetaWrite> meta) {
  CheckMetaWrites(meta);
  if (blocks.empty() && meta.empty()) return absl::OkStatus();
  if (failed_) {
    return absl::InternalError(
        fmt::format("{}: an earlier append failed, its outcome is unknown", directory_.path()));
  }
  const absl::StatusOr<JournalHead> written = WriteAll(blocks, meta);
  if (!written.ok()) {
    failed_ = true;
    const absl::Status placed = At(directory_.path(), written.status());
    return absl::InternalError(
        fmt::format("{}; the outcome of this append is unknown",
                    std::string_view(placed.message().data(), placed.message().size())));
  }
  const std::lock_guard lock(mutex_);
  head_ = *written;
  return absl::OkStatus();
}

absl::StatusOr<Block> LmdbJournal::Read(std::uint64_t number) const {
  if (const std::uint64_t blocks = block_count(); number >= blocks) {
    return absl::NotFoundError(
        fmt::format("block {} is past the end, there are {}", number, blocks));
  }
  const absl::StatusOr<Transaction> txn = Transaction::Begin(env_.get(), MDB_RDONLY);
  if (!txn.ok()) return At(directory_.path(), txn.status());
  const absl::StatusOr<std::string_view> record = ReadRecord(txn->get(), databases_.blocks, number);
  if (!record.ok()) return At(directory_.path(), record.status());
  const absl::StatusOr<BlockView> view = ParseBlock(*record, number);
  if (!view.ok()) return At(directory_.path(), view.status());
  return Block{.number = view->number,
               .first_index = view->first_index,
               .count = view->count,
               .body = std::string(view->body)};
}

absl::StatusOr<std::uint64_t> LmdbJournal::FindBlock(std::uint64_t index) const {
  const JournalHead head = Head();
  if (index >= head.record_count) {
    return absl::NotFoundError(
        fmt::format("record {} is past the end, there are {}", index, head.record_count));
  }
  const absl::StatusOr<Transaction> txn = Transaction::Begin(env_.get(), MDB_RDONLY);
  if (!txn.ok()) return At(directory_.path(), txn.status());
  // A search over the headers: the last block that begins at `index` or before.
  std::uint64_t low = 0;
  std::uint64_t high = head.block_count;
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    const absl::StatusOr<std::string_view> record =
        ReadRecord(txn->get(), databases_.blocks, middle);
    if (!record.ok()) return At(directory_.path(), record.status());
    const absl::StatusOr<BlockView> block = ParseBlockHeader(*record, middle);
    if (!block.ok()) return At(directory_.path(), block.status());
    (block->first_index <= index ? low : high) = middle;
  }
  return low;
}

absl::StatusOr<std::optional<std::string>> LmdbJournal::GetMeta(std::string_view key) const {
  if (key.size() > kMetaKeyBytesMax) return std::nullopt;
  const absl::StatusOr<Transaction> txn = Transaction::Begin(env_.get(), MDB_RDONLY);
  if (!txn.ok()) return At(directory_.path(), txn.status());
  const std::string stored_key = std::string(kUserPrefix) + std::string(key);
  const absl::StatusOr<std::optional<std::string_view>> value =
      ReadValue(txn->get(), databases_.meta, stored_key);
  if (!value.ok()) return At(directory_.path(), value.status());
  if (!value->has_value()) return std::nullopt;
  return std::string(**value);
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> LmdbJournal::ListMeta(
    std::string_view prefix) const {
  if (prefix.size() > kMetaKeyBytesMax) return std::vector<std::pair<std::string, std::string>>();
  const absl::StatusOr<Transaction> txn = Transaction::Begin(env_.get(), MDB_RDONLY);
  if (!txn.ok()) return At(directory_.path(), txn.status());
  const std::string stored_prefix = std::string(kUserPrefix) + std::string(prefix);
  auto records = ListRecords(txn->get(), databases_.meta, stored_prefix);
  if (!records.ok()) return At(directory_.path(), records.status());
  for (auto& record : *records) record.first.erase(0, kUserPrefix.size());
  return records;
}

// Makes the environment of a new journal, empty and with its identity, in directory `path`.
absl::Status CreateEnvironment(const std::string& path, const JournalIdentity& identity,
                               const LmdbOptions& options) {
  const absl::StatusOr<Environment> env = OpenEnvironment(path, options.map_bytes_max);
  if (!env.ok()) return env.status();
  absl::StatusOr<Transaction> txn = Transaction::Begin(env->get(), 0);
  if (!txn.ok()) return txn.status();
  const absl::StatusOr<Databases> databases = OpenDatabases(txn->get(), MDB_CREATE);
  if (!databases.ok()) return databases.status();
  int code = WriteValue(txn->get(), databases->meta, kIdentityKey, EncodeIdentity(identity));
  if (code == MDB_SUCCESS) {
    code = WriteValue(txn->get(), databases->meta, kHeadKey, EncodeHead(EmptyHead(identity)));
  }
  if (code == MDB_SUCCESS) code = txn->Commit();
  if (code != MDB_SUCCESS) return LmdbError("cannot write a new journal", code);
  return absl::OkStatus();
}

// Reads back everything that the journal's head claims: the metadata, and the last `tail` blocks
// or all when it is 0.
absl::StatusOr<JournalHead> VerifyContents(MDB_txn* txn, const Databases& databases,
                                           const JournalIdentity& identity, std::uint64_t tail) {
  absl::Status verified = VerifyMetadata(txn, databases, identity, kJournalFormatVersion);
  if (!verified.ok()) return verified;
  const absl::StatusOr<std::optional<std::string_view>> head_record =
      ReadValue(txn, databases.meta, kHeadKey);
  if (!head_record.ok()) return head_record.status();
  if (!head_record->has_value()) return absl::DataLossError("the head record is missing");
  absl::StatusOr<JournalHead> head = DecodeHead(**head_record);
  if (!head.ok()) return head.status();

  MDB_stat stat{};
  if (const int code = mdb_stat(txn, databases.blocks, &stat); code != MDB_SUCCESS) {
    return LmdbError("cannot count the blocks", code);
  }
  if (stat.ms_entries != head->block_count) {
    return absl::DataLossError(fmt::format("the head record names {} blocks, there are {}",
                                           head->block_count, stat.ms_entries));
  }
  JournalHead walked = EmptyHead(identity);
  const std::uint64_t first = tail == 0 || tail >= head->block_count ? 0 : head->block_count - tail;
  for (std::uint64_t number = first; number < head->block_count; ++number) {
    const absl::StatusOr<std::string_view> record = ReadRecord(txn, databases.blocks, number);
    if (!record.ok()) return record.status();
    const absl::StatusOr<BlockView> block = ParseBlock(*record, number);
    if (!block.ok()) return block.status();
    if (number == first && first != 0) {
      // What lies before the tail is taken at its word.
      walked = {
          .block_count = first, .record_count = block->first_index, .chain = block->previous_chain};
    }
    if (absl::Status follows = FollowChain(*block, walked); !follows.ok()) return follows;
  }
  if (walked != *head) {
    return absl::DataLossError(fmt::format(
        "the head record names {} records and chain {}, the blocks give {} and {}",
        head->record_count, head->chain.ToHex(), walked.record_count, walked.chain.ToHex()));
  }
  return head;
}

absl::StatusOr<std::unique_ptr<Journal>> OpenHeld(HeldDirectory directory,
                                                  const JournalIdentity& identity,
                                                  const LmdbOptions& options) {
  if (!directory.HasData()) {
    absl::Status created = directory.Create(
        [&](const std::string& staging) { return CreateEnvironment(staging, identity, options); });
    if (!created.ok()) return created;
  }
  if (absl::Status file = CheckLmdbFile(directory.data_path(), kDatabases); !file.ok()) {
    return file;
  }
  absl::StatusOr<Environment> env = OpenEnvironment(directory.path(), options.map_bytes_max);
  if (!env.ok()) return env.status();
  // Databases opened in a transaction outlive it only when it is committed.
  absl::StatusOr<Transaction> txn = Transaction::Begin(env->get(), MDB_RDONLY);
  if (!txn.ok()) return txn.status();
  const absl::StatusOr<Databases> databases = OpenDatabases(txn->get(), 0);
  if (!databases.ok()) return databases.status();
  const absl::StatusOr<JournalHead> head =
      VerifyContents(txn->get(), *databases, identity, options.verify_tail_blocks);
  if (!head.ok()) return head.status();
  if (const int code = txn->Commit(); code != MDB_SUCCESS) {
    return LmdbError("cannot finish opening", code);
  }
  return std::make_unique<LmdbJournal>(std::move(directory), *std::move(env), *databases, *head);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Journal>> OpenLmdbJournal(const std::string& path,
                                                         const JournalIdentity& identity,
                                                         const LmdbOptions& options) {
  if (options.map_bytes_max < kMapBytesMin) {
    return absl::InvalidArgumentError(
        fmt::format("map_bytes_max is {}, the least is {}", options.map_bytes_max, kMapBytesMin));
  }
  absl::StatusOr<HeldDirectory> directory = HeldDirectory::Acquire(path);
  if (!directory.ok()) return directory.status();
  absl::StatusOr<std::unique_ptr<Journal>> journal =
      OpenHeld(*std::move(directory), identity, options);
  if (!journal.ok()) return At(path, journal.status());
  return journal;
}

}  // namespace causeway::store
