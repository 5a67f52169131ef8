// The ledger engine: ledger, log and journal as one. It takes items and a time, executes them as
// one batch, makes the batch durable, and only then shows it: replies, queries, votes, receipts and
// streams come from here. It reads no clock and starts no thread; the live node (../runtime) and
// the simulator (../../scenarios) drive the same object.
//
// Not synchronised: Execute alone, the const members at once with each other.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_ENGINE_LEDGER_ENGINE_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_ENGINE_LEDGER_ENGINE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "settlement/core/batch.h"
#include "settlement/core/ledger.h"
#include "settlement/core/merkle.h"
#include "settlement/store/journal.h"

namespace causeway::node {

// Entries in one page, and payments that one Execute takes at most.
inline constexpr std::size_t kPageEntriesMax = 1000;

// Everything needed to verify one entry offline.
struct Receipt {
  std::string entry;  // leaf bytes
  std::uint64_t entry_index = 0;
  std::vector<core::Hash256> entry_proof;
  std::string batch_header;  // leaf bytes
  std::uint64_t batch_header_index = 0;
  std::vector<core::Hash256> batch_header_proof;
  std::string checkpoint;  // latest; both proofs lead to it
  core::Item item;         // what was signed
};

// An entry with the time and date of its batch.
struct DatedEntry {
  core::Entry entry;
  core::LedgerTime time;
  core::BusinessDate date;
};

struct StatementLine {
  core::Posting posting;
  DatedEntry entry;
};
// Balances are available plus held; opening + sum of the lines = closing.
struct Statement {
  core::Amount opening;
  core::Amount closing;
  std::vector<StatementLine> lines;
};

// What became of one item that was given to Execute.
struct ItemReply {
  core::ItemResult result;
  // For a prepare that stands (kPrepared or kSettled): the encoded vote.
  std::string vote;
};

class LedgerEngine {
 public:
  struct Options {
    // Signs checkpoints and votes; must be the ledger key of the genesis.
    std::shared_ptr<const core::Signer> signer;
    std::shared_ptr<const core::SignatureVerifier> verifier;
    // Secret of this ledger, 32 bytes: salts of entries are derived from it.
    std::string salt_key;
  };

  // Starts a new ledger on an empty journal, or replays the journal: every block is decoded and
  // executed again and must give the entries that it holds. DataLoss when it does not,
  // FailedPrecondition when genesis or keys are not those of the journal.
  static absl::StatusOr<std::unique_ptr<LedgerEngine>> Open(
      const core::Genesis& genesis, Options options, std::unique_ptr<store::Journal> journal);

  // Admission of one item: decodes, verifies. Changes nothing; may run at once with other const
  // members.
  std::variant<core::AdmittedItem, core::Rejection> Admit(const core::Item& item,
                                                          core::LedgerTime now) const;

  // Executes admitted items as one batch and makes it durable. items[i] is what admitted[i] was
  // made of. An error means that the outcome is unknown: the process must exit without answering.
  absl::StatusOr<std::vector<ItemReply>> Execute(core::LedgerTime now,
                                                 std::span<const core::Item> items,
                                                 std::span<const core::AdmittedItem> admitted);

  // Admit and Execute of items that come together: refusals stand in their places.
  absl::StatusOr<std::vector<ItemReply>> Submit(core::LedgerTime now,
                                                std::span<const core::Item> items);

  const core::Ledger& ledger() const { return *ledger_; }
  const std::string& checkpoint() const { return checkpoint_; }  // signed note, latest
  std::uint64_t size() const { return tree_.size(); }            // leaves
  core::Hash256 root() const { return tree_.Root(); }
  std::uint64_t batch_count() const { return journal_->block_count(); }

  // NotFound past the end.
  absl::StatusOr<core::Batch> ReadBatch(std::uint64_t number) const;
  // As encoded in the journal: what subscribers get.
  absl::StatusOr<std::string> ReadBatchBytes(std::uint64_t number) const;
  absl::StatusOr<std::uint64_t> FindBatch(std::uint64_t leaf_index) const;
  // NotFound when `leaf_index` is no entry (a batch header, the genesis, or past the end).
  absl::StatusOr<DatedEntry> ReadEntry(std::uint64_t leaf_index) const;
  // Entries from a leaf index on, at most `count`; only those that touch `address` if given.
  absl::StatusOr<std::vector<DatedEntry>> ListEntries(
      std::uint64_t from_index, std::size_t count,
      const std::optional<core::AccountAddress>& address) const;
  absl::StatusOr<Receipt> GetReceipt(std::uint64_t entry_index) const;
  // OutOfRange unless old_size <= new_size <= size().
  absl::StatusOr<std::vector<core::Hash256>> ConsistencyProof(std::uint64_t old_size,
                                                              std::uint64_t new_size) const;
  // NotFound for an unknown account. Dates are inclusive.
  absl::StatusOr<Statement> GetStatement(const core::AccountAddress& address,
                                         core::BusinessDate from, core::BusinessDate to) const;

 private:
  LedgerEngine() = default;
  absl::Status WriteGenesis();
  absl::Status Replay();
  absl::Status ReplayBlock(const store::Block& block);
  absl::StatusOr<std::string> SignHead(const core::MerkleTree& tree) const;
  void Salt(core::Entry& entry) const;
  void Index(const std::vector<core::Entry>& entries);
  absl::Status AttachVotes(std::span<const core::AdmittedItem> admitted,
                           std::span<ItemReply> replies) const;

  Options options_;
  std::unique_ptr<core::Ledger> ledger_;
  std::unique_ptr<store::Journal> journal_;
  core::MerkleTree tree_;
  std::string checkpoint_;
  // Leaf indices of the entries that touch an account, oldest first.
  absl::flat_hash_map<core::AccountAddress, std::vector<std::uint64_t>> entries_by_account_;
};

}  // namespace causeway::node

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_ENGINE_LEDGER_ENGINE_H_
